"""The end of a batch: counters become pulses (docs/semantics.md, section 6).

Every function works on a range of rows, so that workers share an array without meeting.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.cells import MASTER_MAX, MASTER_SHIFT
from bsc.numerics.state import CODE_MAX
from bsc_runtime.kernels.jit import inner, merged, wide
from bsc_runtime.kernels.layout import Array, Int64, Memory, Network, Run, Step, Work
from bsc_runtime.kernels.philox import PURPOSE_PULSE, draw
from bsc_runtime.kernels.vectors import (
    at_least,
    at_most,
    lowest_bit,
    move_cells_16,
    move_cells_32,
)


@merged
def take_touched(memory: Memory, array: Int64, first_row: int, stop_row: int) -> Any:
    """Which of 64 rows were counted in since the last check, as a bit mask; forget it."""
    at = array[Array.TOUCHED] + first_row
    rows = at_least(memory.touched, at, 1)
    rows &= ~np.uint64(0) >> np.uint64(max(0, first_row + 64 - stop_row))
    if rows != 0:
        memory.touched[at : at + min(64, stop_row - first_row)] = 0
    return rows


@merged
def find(
    counters: npt.NDArray[Any],
    base: int,
    columns: int,
    threshold: int,
    found_columns: Int64,
    worker: int,
) -> tuple[int, int]:
    """List the columns of a row whose counters are >= T, and, in the second quarter, <= -T."""
    second = found_columns.shape[1] // 4
    found_plus = 0
    found_minus = 0
    for j in range(0, columns, 64):
        above = at_least(counters, base + j, threshold)
        below = at_most(counters, base + j, -threshold)
        if above | below == 0:  # mostly: a counter reaches T once in several batches
            continue
        inside = ~np.uint64(0) >> np.uint64(max(0, j + 64 - columns))
        above &= inside
        while above != 0:
            found_columns[worker, found_plus] = j + lowest_bit(above)
            found_plus += 1
            above &= above - np.uint64(1)
        below &= inside
        while below != 0:
            found_columns[worker, second + found_minus] = j + lowest_bit(below)
            found_minus += 1
            below &= below - np.uint64(1)
    return found_plus, found_minus


@merged
def find_moved(
    counters: npt.NDArray[Any], base: int, columns: int, found_columns: Int64, worker: int
) -> int:
    """List the columns of a row whose counters are not 0."""
    found = 0
    for j in range(0, columns, 64):
        mask = at_least(counters, base + j, 1) | at_most(counters, base + j, -1)
        mask &= ~np.uint64(0) >> np.uint64(max(0, j + 64 - columns))
        while mask != 0:
            found_columns[worker, found] = j + lowest_bit(mask)
            found += 1
            mask &= mask - np.uint64(1)
    return found


@inner
def fire(
    memory: Memory,
    work: Work,
    array: Int64,
    step: Int64,
    row: int,
    found: int,
    positive: bool,
    worker: int,
    check: int,
    numbers: Int64,
) -> int:
    """Pulses for the counters of one row that reached the threshold on one side.

    Their columns stand in the first quarter of work.blocks[worker], or in the second for counters
    below 0; the others are scratch. Returns how many pulses were given.
    """
    # Places in flat arrays, no views: making a view costs as much as a pulse.
    quarter = work.blocks.shape[1] // 4
    columns, blocks, given = (0 if positive else quarter), 2 * quarter, 3 * quarter
    scratch = work.blocks
    threshold, most = step[Step.NUMBER], step[Step.NUMBER_1]
    offset = row * array[Array.STRIDE]
    total = 0
    for i in range(found):
        at = array[Array.COUNTERS] + offset + scratch[worker, columns + i]
        value = wide(memory.counters[at])
        k = abs(value) // threshold
        memory.counters[at] = value - k * threshold if positive else value + k * threshold
        k = min(k, most)
        scratch[worker, given + i] = k
        total += k
        if array[Array.WEAR] >= 0:
            memory.wear[array[Array.WEAR] + offset + scratch[worker, columns + i]] += np.int32(k)

    # Which cell moves, and which way: k > 0 takes weight away, k < 0 adds it.
    pair = array[Array.MINUS] >= 0
    down = array[Array.PAIR_DOWN] != 0
    device = 1 if pair and positive != down else 0
    up = not down if pair else not positive
    plane = (array[Array.MINUS] if device else array[Array.PLUS]) + offset
    steps = step[Step.TABLE if up else Step.TABLE_1]
    noise = step[Step.TABLE_2 if up else Step.TABLE_3]
    forward = array[Array.FORWARD] + offset
    turned = array[Array.TRANSPOSED] + row
    turns = array[Array.TRANSPOSED] >= 0 and row < array[Array.INPUTS]
    ordinal = 0
    while found > 0:
        if noise >= 0:
            for i in range(found):
                column = scratch[worker, columns + i]
                scratch[worker, blocks + i] = array[Array.CELL] + row * array[Array.LINE] + column
            draw(
                work.words[worker],
                scratch[worker, blocks:given],
                found,
                PURPOSE_PULSE,
                array[Array.LAYER],
                check,
                device << 12 | ordinal,
                numbers[Run.KEY_0],
                numbers[Run.KEY_1],
            )
        left = 0
        for i in range(found):
            j = scratch[worker, columns + i]
            code = wide(memory.codes[plane + j])
            change = wide(memory.tables[steps + code])
            if noise >= 0:
                word = wide(work.words[worker, 4 * i])
                factor = wide(memory.tables[noise + ((word & 0xFFFF) >> 4)])
                change = (change * factor + (word >> 16)) >> 16
            else:
                change >>= 8
            moved = min(max(code + change, 0), CODE_MAX)
            memory.codes[plane + j] = moved
            weight = moved
            if pair:
                weight = wide(memory.codes[forward + j])
                weight += code - moved if device else moved - code
                memory.codes[forward + j] = weight
            if turns:
                memory.codes[turned + j * array[Array.TRANSPOSED_STRIDE]] = weight
            k = scratch[worker, given + i]
            scratch[worker, columns + left] = j
            scratch[worker, given + left] = k
            left += k > ordinal + 1
        ordinal += 1
        found = left
    return total


@merged
def fire_even(memory: Memory, work: Work, array: Int64, step: Int64, row: int, worker: int) -> int:
    """Pulses of a whole row at T = 1, one for each counter that is not 0.

    For reference cells whose steps have all the same whole codes: no table, no draw, so the row
    is a vector loop. `online` moves thousands of cells a sample this way.
    """
    stride = array[Array.STRIDE]
    counters = array[Array.COUNTERS] + row * stride
    cells = array[Array.PLUS] + row * stride
    up, down = step[Step.EVEN_UP], step[Step.EVEN_DOWN]
    turned = array[Array.TRANSPOSED] + row
    turns = array[Array.TRANSPOSED] >= 0 and row < array[Array.INPUTS]
    worn = array[Array.WEAR] + row * stride
    moved = 0
    if turns or array[Array.WEAR] >= 0:
        moved = find_moved(memory.counters, counters, array[Array.COLUMNS], work.blocks, worker)
    total = 0
    j = 0
    while j + 32 <= stride:
        total += move_cells_32(memory.codes, cells + j, memory.counters, counters + j, up, down)
        j += 32
    if j < stride:
        total += move_cells_16(memory.codes, cells + j, memory.counters, counters + j, up, down)
    for i in range(moved):
        j = work.blocks[worker, i]
        if turns:
            memory.codes[turned + j * array[Array.TRANSPOSED_STRIDE]] = memory.codes[cells + j]
        if array[Array.WEAR] >= 0:
            memory.wear[worn + j] += np.int32(1)
    return total


@inner
def carry(
    network: Network,
    memory: Memory,
    work: Work,
    step: Int64,
    first_row: int,
    stop_row: int,
    worker: int,
    check: int,
    numbers: Int64,
) -> int:
    """CARRY: look at the counters of rows that were counted in; returns pulses given."""
    array = network.arrays[step[Step.ARRAY]]
    threshold = step[Step.NUMBER]
    even = step[Step.EVEN_UP] >= 0 and threshold == 1 and step[Step.NUMBER_1] == 1
    total = 0
    for group in range(first_row, stop_row, 64):
        rows = take_touched(memory, array, group, stop_row)
        while rows != 0:
            row = group + lowest_bit(rows)
            rows &= rows - np.uint64(1)
            if even:
                total += fire_even(memory, work, array, step, row, worker)
                continue
            base = array[Array.COUNTERS] + row * array[Array.STRIDE]
            plus, minus = find(
                memory.counters, base, array[Array.COLUMNS], threshold, work.blocks, worker
            )
            for side in range(2):  # one call for both: each would be compiled for itself
                found = plus if side == 0 else minus
                if found > 0:
                    total += fire(
                        memory, work, array, step, row, found, side == 0, worker, check, numbers
                    )
    return total


@inner
def sgd_step(network: Network, memory: Memory, step: Int64, first_row: int, stop_row: int) -> None:
    """SGD_STEP: M -= K g in rows that were counted in, the weights follow, counts are cleared."""
    array = network.arrays[step[Step.ARRAY]]
    rate = step[Step.NUMBER]
    for group in range(first_row, stop_row, 64):
        rows = take_touched(memory, array, group, stop_row)
        while rows != 0:
            step_masters(memory, array, rate, group + lowest_bit(rows))
            rows &= rows - np.uint64(1)


@merged
def step_masters(memory: Memory, array: Int64, rate: int, row: int) -> None:
    """Master weights of one row move against their counts, the weights that reads see follow."""
    size = array[Array.COLUMNS]
    offset = row * array[Array.STRIDE]
    counts = memory.counters[array[Array.COUNTERS] + offset :][:size]
    masters = memory.masters[array[Array.MASTERS] + offset :][:size]
    weights = memory.codes[array[Array.FORWARD] + offset :][:size]
    for j in range(size):
        # In 64 bits: K may be as large as eta and 1/B let it be.
        moved = wide(masters[j]) - rate * wide(counts[j])
        moved = min(max(moved, -MASTER_MAX), MASTER_MAX)
        masters[j] = np.int32(moved)
        weight = (moved + (1 << (MASTER_SHIFT - 1))) >> MASTER_SHIFT
        weights[j] = np.int16(min(max(weight, -CODE_MAX), CODE_MAX))
    counts[:] = 0
    if array[Array.TRANSPOSED] >= 0 and row < array[Array.INPUTS]:
        turned = array[Array.TRANSPOSED] + row
        for j in range(size):
            memory.codes[turned + j * array[Array.TRANSPOSED_STRIDE]] = weights[j]


@inner
def refresh(network: Network, memory: Memory, step: Int64, first_row: int, stop_row: int) -> None:
    """REFRESH: both cells of a one-way pair move back by the same codes; the weight stays."""
    array = network.arrays[step[Step.ARRAY]]
    for row in range(first_row, stop_row):
        offset = row * array[Array.STRIDE]
        plus = memory.codes[array[Array.PLUS] + offset :][: array[Array.COLUMNS]]
        minus = memory.codes[array[Array.MINUS] + offset :][: array[Array.COLUMNS]]
        for j in range(plus.size):
            if array[Array.PAIR_DOWN] != 0:
                way = np.int16(CODE_MAX - max(plus[j], minus[j]))
            else:
                way = np.int16(-min(plus[j], minus[j]))
            plus[j] += way
            minus[j] += way

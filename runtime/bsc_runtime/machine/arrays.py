"""Instructions of the units ARRAY, COUNTER and PULSE: everything that touches tiles.

Each returns the cycles that its unit is busy.
"""

from __future__ import annotations

from bsc.isa.timing import T
from bsc_runtime.kernels import update
from bsc_runtime.kernels.backward import (
    SPARSE,
    count_line,
    first_at_least,
    list_signs,
    subtract_rows,
)
from bsc_runtime.kernels.forward import add_rows
from bsc_runtime.kernels.jit import inner, merged, wide
from bsc_runtime.kernels.layout import Array, Int64, Memory, Network, Step, Work
from bsc_runtime.machine.bits import list_bits
from bsc_runtime.machine.durations import pulses
from bsc_runtime.machine.layout import Event, Fabric, Place, Reg, State, Store, Vec, Word


@merged
def place_of(fabric: Fabric, vector: int, slot: int) -> int:
    """Where the slot of a vector begins in the memory of its kind."""
    held = (
        slot
        if slot < fabric.vectors[vector, Vec.SLOTS]
        else slot % fabric.vectors[vector, Vec.SLOTS]
    )
    return wide(fabric.vectors[vector, Vec.BASE] + held * fabric.vectors[vector, Vec.STRIDE])


@merged
def time_of(fabric: Fabric, vector: int, slot: int) -> int:
    """The row of a vector's slot in `State.times`."""
    held = (
        slot
        if slot < fabric.vectors[vector, Vec.SLOTS]
        else slot % fabric.vectors[vector, Vec.SLOTS]
    )
    return wide(fabric.vectors[vector, Vec.TIME] + held)


@merged
def _driven(
    fabric: Fabric, store: Store, work: Work, vector: int, slot: int, rectangle: int
) -> int:
    """List the word lines of an array that a bit vector and the always-on lines drive."""
    inputs = fabric.places[rectangle, Place.ARRAY_INPUTS]
    first = fabric.vectors[vector, Vec.FIRST]
    size = min(fabric.vectors[vector, Vec.LENGTH], inputs - first)
    count = list_bits(store.bits, place_of(fabric, vector, slot), size, work.lists, 0, first)
    for line in range(inputs, fabric.places[rectangle, Place.ARRAY_ROWS]):
        work.lists[count] = line
        count += 1
    return count


@merged
def read(
    fabric: Fabric,
    state: State,
    store: Store,
    network: Network,
    memory: Memory,
    work: Work,
    pc: int,
    core: int,
    slot: int,
    adds: bool,
) -> int:
    """`read`, `read.add`: sums of bit lines."""
    target = fabric.code[pc, Word.A]
    at = place_of(fabric, target, slot)
    if not adds:
        store.sums[at : at + fabric.vectors[target, Vec.LENGTH]] = 0
    state.flags[time_of(fabric, target, slot)] = 1
    first_of_all = fabric.lists[fabric.code[pc, Word.LIST]]
    total = _driven(fabric, store, work, fabric.code[pc, Word.B], slot, first_of_all)
    for i in range(fabric.code[pc, Word.RECTANGLES]):
        rectangle = fabric.lists[fabric.code[pc, Word.LIST] + i]
        row = fabric.places[rectangle, Place.ROW]
        start = first_at_least(work.lists, 0, total, row)
        stop = first_at_least(work.lists, start, total, row + fabric.places[rectangle, Place.ROWS])
        width = fabric.places[rectangle, Place.WIDTH]
        columns = fabric.places[rectangle, Place.COLUMNS]
        out = at + fabric.places[rectangle, Place.COLUMN] - fabric.vectors[target, Vec.FIRST]
        reference = network.arrays[rectangle, Array.ROW_REFERENCE]
        if reference >= 0:
            correction = wide(0)
            for k in range(start, stop):
                correction += memory.references[reference - row + work.lists[k]]
            corrected = store.sums[out : out + columns]
            for j in range(columns):
                corrected[j] -= correction
        stride = network.arrays[rectangle, Array.STRIDE]
        base = network.arrays[rectangle, Array.FORWARD] - row * stride
        add_rows(
            memory.codes, base, stride, width, work.lists, start, stop - start, store.sums, out
        )
        for j in range(width, columns):  # lines of a block that goes on behind the rectangle
            for k in range(start, stop):
                store.sums[out + j] += memory.codes[base + work.lists[k] * stride + j]
        state.events[core, Event.ACTIVE_LINES] += stop - start
    state.events[core, Event.READS] += fabric.code[pc, Word.TILES]
    return wide(fabric.timing[T.READ])


@merged
def _list_errors(
    fabric: Fabric, store: Store, work: Work, vector: int, slot: int, half: int
) -> tuple[int, int]:
    """List errors +1 from `half` on and errors -1 from 2 `half` on, counted from `first`."""
    size = fabric.vectors[vector, Vec.LENGTH]
    at = place_of(fabric, vector, slot)
    plus, minus = list_signs(store.signs, at, size, work.lists, half, half)
    return wide(plus), wide(minus)


@merged
def read_transposed(
    fabric: Fabric,
    state: State,
    store: Store,
    network: Network,
    memory: Memory,
    work: Work,
    pc: int,
    core: int,
    slot: int,
    adds: bool,
) -> int:
    """`readt`, `readt.add`: sums of word lines that carry inputs."""
    target, source = fabric.code[pc, Word.A], fabric.code[pc, Word.B]
    at = place_of(fabric, target, slot)
    own = time_of(fabric, target, slot)
    if not adds:
        store.sums[at : at + fabric.vectors[target, Vec.LENGTH]] = 0
        if fabric.vectors[target, Vec.WHOLE] != 0:
            state.flags[own] = 0
    if state.flags[time_of(fabric, source, slot)] == 0:
        return wide(1)
    half = work.lists.size // 3
    plus, minus = _list_errors(fabric, store, work, source, slot, half)
    if plus + minus == 0:
        return wide(1)
    state.flags[own] = 1
    for i in range(fabric.code[pc, Word.RECTANGLES]):
        rectangle = fabric.lists[fabric.code[pc, Word.LIST] + i]
        left = fabric.places[rectangle, Place.COLUMN] - fabric.vectors[source, Vec.FIRST]
        right = left + fabric.places[rectangle, Place.COLUMNS]
        first = first_at_least(work.lists, half, half + plus, left)
        stop = first_at_least(work.lists, first, half + plus, right)
        first_minus = first_at_least(work.lists, 2 * half, 2 * half + minus, left)
        stop_minus = first_at_least(work.lists, first_minus, 2 * half + minus, right)
        state.events[core, Event.ACTIVE_LINES] += stop - first + stop_minus - first_minus
        out = at + fabric.places[rectangle, Place.ROW] - fabric.vectors[target, Vec.FIRST]
        driven = fabric.places[rectangle, Place.DRIVEN]
        height = fabric.places[rectangle, Place.HEIGHT]
        reference = network.arrays[rectangle, Array.COLUMN_REFERENCE]
        if reference >= 0:
            correction = wide(0)
            for k in range(first, stop):
                correction -= memory.references[reference - left + work.lists[k]]
            for k in range(first_minus, stop_minus):
                correction += memory.references[reference - left + work.lists[k]]
            corrected = store.sums[out : out + driven]
            for j in range(driven):
                corrected[j] += correction
        stride = network.arrays[rectangle, Array.TRANSPOSED_STRIDE]
        base = network.arrays[rectangle, Array.TRANSPOSED] - left * stride
        add_rows(
            memory.codes, base, stride, height, work.lists, first, stop - first, store.sums, out
        )
        subtract_rows(
            memory.codes,
            base,
            stride,
            height,
            work.lists,
            first_minus,
            stop_minus - first_minus,
            store.sums,
            out,
        )
        for j in range(height, driven):  # lines of a block that goes on below the rectangle
            for k in range(first, stop):
                store.sums[out + j] += memory.codes[base + work.lists[k] * stride + j]
            for k in range(first_minus, stop_minus):
                store.sums[out + j] -= memory.codes[base + work.lists[k] * stride + j]
    state.events[core, Event.READS_TRANSPOSED] += fabric.code[pc, Word.TILES]
    return wide(fabric.timing[T.READ])


@merged
def count(
    fabric: Fabric,
    state: State,
    store: Store,
    network: Network,
    memory: Memory,
    work: Work,
    pc: int,
    core: int,
    slot: int,
) -> int:
    """`count`: outer product onto counters."""
    source = fabric.code[pc, Word.B]
    if state.flags[time_of(fabric, source, slot)] == 0:
        return wide(1)
    half = work.lists.size // 3
    plus, minus = _list_errors(fabric, store, work, source, slot, half)
    if plus + minus == 0:
        return wide(1)
    errors = place_of(fabric, source, slot)
    first_of_all = fabric.lists[fabric.code[pc, Word.LIST]]
    total = _driven(fabric, store, work, fabric.code[pc, Word.A], slot, first_of_all)
    cycles = wide(0)
    for i in range(fabric.code[pc, Word.RECTANGLES]):
        rectangle = fabric.lists[fabric.code[pc, Word.LIST] + i]
        left = fabric.places[rectangle, Place.COLUMN] - fabric.vectors[source, Vec.FIRST]
        columns = fabric.places[rectangle, Place.COLUMNS]
        first = first_at_least(work.lists, half, half + plus, left)
        stop = first_at_least(work.lists, first, half + plus, left + columns)
        first_minus = first_at_least(work.lists, 2 * half, 2 * half + minus, left)
        stop_minus = first_at_least(work.lists, first_minus, 2 * half + minus, left + columns)
        row = fabric.places[rectangle, Place.ROW]
        start = first_at_least(work.lists, 0, total, row)
        last = first_at_least(work.lists, start, total, row + fabric.places[rectangle, Place.ROWS])
        cycles += (last - start) * fabric.places[rectangle, Place.ACROSS]
        state.events[core, Event.COUNTS] += last - start
        width = (columns + 15) & -16
        few = (stop - first + stop_minus - first_minus) * SPARSE < width
        if not few:  # the rectangle's errors alone, zeros behind them: loops run over its end
            own = store.signs[errors + left : errors + left + columns]
            for j in range(columns):
                store.errors[j] = own[j]
            for j in range(columns, width):
                store.errors[j] = 0
        touched = network.arrays[rectangle, Array.TOUCHED] - row
        stride = network.arrays[rectangle, Array.STRIDE]
        counters = network.arrays[rectangle, Array.COUNTERS] - row * stride
        if few:  # listed columns count from the vector's first element
            counters -= left
        for k in range(start, last):
            line = wide(work.lists[k])
            memory.touched[touched + line] = 1
            count_line(
                memory,
                counters + line * stride,
                width,
                store.errors,
                0,
                few,
                work.lists,
                first,
                stop - first,
                first_minus,
                stop_minus - first_minus,
            )
    return wide(max(wide(1), cycles))


@inner
def end_batch(
    fabric: Fabric,
    state: State,
    network: Network,
    memory: Memory,
    work: Work,
    numbers: Int64,
    pc: int,
    core: int,
    kind: int,
) -> int:
    """`carry` (kind 0), `step` (1), `refresh` (2)."""
    check = state.registers[core, Reg.CHECK]
    number = fabric.code[pc, Word.NUMBER]
    if kind == 2 and (check + 1) % fabric.every[number] != 0:
        return wide(1)
    cycles, given = wide(0), wide(0)
    for i in range(fabric.code[pc, Word.RECTANGLES]):
        rectangle = fabric.lists[fabric.code[pc, Word.LIST] + i]
        rows = network.arrays[rectangle, Array.ROWS]
        step = network.update[number + _narrow(fabric, rectangle)]
        step[Step.ARRAY] = rectangle
        if kind == 2:
            update.refresh(network, memory, step, 0, rows)
            cycles += _tile_lines(fabric, rectangle) * fabric.timing[T.PULSE]
            continue
        touched = network.arrays[rectangle, Array.TOUCHED]
        lines = wide(0)
        if fabric.places[rectangle, Place.ALL_LINES] != 0:
            for line in range(rows):
                memory.touched[touched + line] = 1
        for line in range(rows):
            lines += memory.touched[touched + line]
        if lines == 0:
            continue
        state.events[core, Event.CHECKED] += lines
        cycles += lines * fabric.places[rectangle, Place.ACROSS]
        if kind == 0:
            given += update.carry(network, memory, work, step, 0, rows, 0, check, numbers)
        else:
            update.sgd_step(network, memory, step, 0, rows)
    state.events[core, Event.PULSES] += given
    cycles += pulses(fabric.timing, given)
    return wide(max(wide(1), cycles))


@merged
def _narrow(fabric: Fabric, rectangle: int) -> int:
    """Where the forms of updates are that do not loop over whole rows of a block."""
    return wide(fabric.every.size if fabric.places[rectangle, Place.PART] != 0 else 0)


@merged
def _tile_lines(fabric: Fabric, rectangle: int) -> int:
    """Word lines of all tiles of a rectangle."""
    return wide(fabric.places[rectangle, Place.ROWS] * fabric.places[rectangle, Place.SIDE])

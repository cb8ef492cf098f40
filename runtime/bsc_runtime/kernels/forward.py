"""From inputs to bits, sums and output errors (docs/semantics.md, sections 2 and 5).

A step works on all samples held in slots before the next step begins: an array's codes are then
used many times while they are in the cache, and no step costs Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bsc_runtime.kernels.encode import encode_one
from bsc_runtime.kernels.jit import inner, merged, wide
from bsc_runtime.kernels.layout import Array, Buffer, Int64, Memory, Network, Run, Step, Work
from bsc_runtime.kernels.philox import (
    ONE_READ,
    PURPOSE_ENCODE,
    PURPOSE_Z,
    TRAINING_PASS,
    draw,
)
from bsc_runtime.kernels.vectors import (
    PLACES,
    add_listed_16,
    add_listed_32,
    add_listed_128,
    prefetch_part,
    store_set,
)


@inner
def add_rows(
    codes: npt.NDArray[np.int16],
    base: int,
    stride: int,
    width: int,
    lists: npt.NDArray[np.int32],
    start: int,
    count: int,
    sums: npt.NDArray[Any],
    at: int,
) -> None:
    """sums[at : at + width] += the listed rows of a plane; the width is a multiple of 16."""
    j = 0
    while j + 128 <= width:
        add_listed_128(codes, base + j, stride, lists, start, count, sums, at + j)
        j += 128
    while j + 32 <= width:
        add_listed_32(codes, base + j, stride, lists, start, count, sums, at + j)
        j += 32
    while j < width:
        add_listed_16(codes, base + j, stride, lists, start, count, sums, at + j)
        j += 16


@inner
def sample_one(
    sums: npt.NDArray[Any],
    origin: int,
    size: int,
    thresholds: npt.NDArray[np.int32],
    reads: int,
    lists: npt.NDArray[np.int32],
    at: int,
    words: npt.NDArray[np.uint32],
    ascending: Int64,
    purpose: int,
    layer: int,
    index: int,
    pass_: int,
    numbers: Int64,
) -> int:
    """List the neurons that fire, z = (y > reads * T[u]); returns the length of the list."""
    blocks = (size + 7) >> 3
    key_0, key_1 = numbers[Run.KEY_0], numbers[Run.KEY_1]
    draw(words, ascending, blocks, purpose, layer, index, pass_, key_0, key_1)
    halves = words.view(np.uint16)[: 8 * blocks]
    y = sums[origin : origin + 8 * blocks]  # rows of sums are padded
    shift = np.uint64(numbers[Run.SHIFT])
    end = at
    for block in range(blocks):
        first = 8 * block
        mask = np.uint64(0)
        if reads == 1:
            for k in range(8):
                fires = y[first + k] > thresholds[halves[first + k] >> shift]
                mask |= np.uint64(fires) << np.uint64(k)
        else:
            for k in range(8):
                threshold = reads * wide(thresholds[halves[first + k] >> shift])
                mask |= np.uint64(y[first + k] > threshold) << np.uint64(k)
        if size - first < 8:
            mask &= (np.uint64(1) << np.uint64(size - first)) - np.uint64(1)
        end += store_set(lists, end, PLACES, mask, first)
    return end - at


@merged
def append_bias(lists: npt.NDArray[np.int32], at: int, length: int, size: int, lines: int) -> None:
    """Put the word lines that are always on behind the list."""
    for line in range(lines):
        lists[at + length + line] = size + line


@merged
def append_part(
    lists: npt.NDArray[np.int32], at: int, length: int, part: int, count: int, offset: int
) -> None:
    """Put a list of `count` entries from `part` on behind a list, as elements from `offset` on."""
    for i in range(count):
        lists[at + length + i] = lists[part + i] + offset


@merged
def first_word(step: Int64, levels: npt.NDArray[np.int32]) -> int:
    """Where an ENCODE's input begins in a row of data: 8 pixels are a word, or 2 thresholds."""
    first: int = step[Step.NUMBER]
    return first if levels.size > 0 else 4 * first


@merged
def begin_sums(
    memory: Memory,
    array: Int64,
    lists: npt.NDArray[np.int32],
    start: int,
    count: int,
    sums: npt.NDArray[Any],
    at: int,
) -> None:
    """Add what the reference cells of the listed rows take off every column: they are one term."""
    correction = wide(0)
    if array[Array.ROW_REFERENCE] >= 0:
        references = memory.references[array[Array.ROW_REFERENCE] :]
        for i in range(start, start + count):
            correction += references[lists[i]]
    if correction != 0:
        row = sums[at : at + array[Array.COLUMNS]]
        for j in range(row.size):
            row[j] -= correction


@inner
def encode(
    network: Network,
    work: Work,
    step: Int64,
    live: npt.NDArray[np.int32],
    worker: int,
    data: npt.NDArray[np.uint64],
    levels: npt.NDArray[np.int32],
    order: Int64,
    place: int,
    numbers: Int64,
) -> None:
    """ENCODE: bits of the inputs order[place], order[place + 1], ... into slots 0, 1, ..."""
    target = step[Step.TARGET]
    buffer = network.buffers[target]
    first = first_word(step, levels)
    words = ((buffer[Buffer.SIZE] + 7) >> 3) * (1 if levels.size > 0 else 4)
    for i in range(live[-1]):
        slot = live[i]
        # Samples come in random order: without this, the memory's latency was half of the time.
        prefetch_part(data, order[min(place + slot + 2, order.size - 1)], first, words)
        at = buffer[Buffer.LIST] + slot * buffer[Buffer.LIST_STRIDE]
        length = encode_one(
            data[order[place + slot], first:],
            levels,
            buffer[Buffer.SIZE],
            work.lists,
            at,
            work.words[worker],
            work.blocks[worker],
            work.packed[worker],
            PURPOSE_ENCODE,
            step[Step.LAYER],
            numbers[Run.FIRST] + place + slot,
            TRAINING_PASS,
            numbers,
        )
        append_bias(work.lists, at, length, buffer[Buffer.SIZE], buffer[Buffer.BIAS])
        work.lengths[target, slot, 0] = length


@inner
def concat(network: Network, work: Work, step: Int64, live: npt.NDArray[np.int32]) -> None:
    """CONCAT, one part: its list goes behind those of the parts before."""
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    for i in range(live[-1]):
        slot = live[i]
        at = target[Buffer.LIST] + slot * target[Buffer.LIST_STRIDE]
        part = source[Buffer.LIST] + slot * source[Buffer.LIST_STRIDE]
        count = wide(work.lengths[step[Step.SOURCE], slot, 0])
        length = wide(0) if step[Step.FIRST] else wide(work.lengths[step[Step.TARGET], slot, 0])
        append_part(work.lists, at, length, part, count, step[Step.NUMBER])
        length += count
        if step[Step.LAST]:
            append_bias(work.lists, at, length, target[Buffer.SIZE], target[Buffer.BIAS])
        work.lengths[step[Step.TARGET], slot, 0] = length


@inner
def read(
    network: Network, memory: Memory, work: Work, step: Int64, live: npt.NDArray[np.int32]
) -> None:
    """READ: sums of the rows whose bit is set."""
    array = network.arrays[step[Step.ARRAY]]
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    bias = array[Array.ROWS] - array[Array.INPUTS]
    for i in range(live[-1]):
        slot = live[i]
        start = source[Buffer.LIST] + slot * source[Buffer.LIST_STRIDE]
        count = wide(work.lengths[step[Step.SOURCE], slot, 0]) + bias
        at = target[Buffer.SUMS] + slot * target[Buffer.SUMS_STRIDE]
        work.sums[at : at + array[Array.STRIDE]] = 0
        begin_sums(memory, array, work.lists, start, count, work.sums, at)
        add_rows(
            memory.codes,
            array[Array.FORWARD],
            array[Array.STRIDE],
            array[Array.STRIDE],
            work.lists,
            start,
            count,
            work.sums,
            at,
        )


@inner
def sample(
    network: Network,
    memory: Memory,
    work: Work,
    step: Int64,
    live: npt.NDArray[np.int32],
    worker: int,
    place: int,
    numbers: Int64,
) -> None:
    """SAMPLE: bits of the neurons."""
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    for i in range(live[-1]):
        slot = live[i]
        at = target[Buffer.LIST] + slot * target[Buffer.LIST_STRIDE]
        length = sample_one(
            work.sums,
            source[Buffer.SUMS] + slot * source[Buffer.SUMS_STRIDE],
            target[Buffer.SIZE],
            memory.tables[step[Step.TABLE] :],
            ONE_READ,
            work.lists,
            at,
            work.words[worker],
            work.ascending,
            PURPOSE_Z,
            step[Step.LAYER],
            numbers[Run.FIRST] + place + slot,
            TRAINING_PASS,
            numbers,
        )
        append_bias(work.lists, at, length, target[Buffer.SIZE], target[Buffer.BIAS])
        work.lengths[step[Step.TARGET], slot, 0] = length

"""From output errors to counts (docs/semantics.md, section 1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bsc_runtime.kernels.forward import add_rows
from bsc_runtime.kernels.jit import inner, merged, wide
from bsc_runtime.kernels.layout import Array, Buffer, Int64, Memory, Network, Run, Step, Work
from bsc_runtime.kernels.philox import PURPOSE_D, TRAINING_PASS, draw
from bsc_runtime.kernels.vectors import (
    PLACES,
    accumulate_16,
    accumulate_64,
    at_least,
    at_most,
    store_set,
    subtract_listed_16,
    subtract_listed_32,
    subtract_listed_128,
)

SPARSE = 32
"""Adding a whole error row costs about as much as one count for each so many columns."""


@merged
def list_signs(
    dense: npt.NDArray[np.int8],
    origin: int,
    size: int,
    lists: npt.NDArray[np.int32],
    at: int,
    half: int,
) -> tuple[int, int]:
    """List elements +1 from `at` and elements -1 from `at + half`; returns how many of each."""
    plus = at
    minus = at + half
    for first in range(0, size, 64):
        inside = ~np.uint64(0) >> np.uint64(max(0, first + 64 - size))
        above = at_least(dense, origin + first, 1) & inside
        below = at_most(dense, origin + first, -1) & inside
        for k in range(first, min(first + 64, size), 8):
            plus += store_set(lists, plus, PLACES, above & np.uint64(255), k)
            minus += store_set(lists, minus, PLACES, below & np.uint64(255), k)
            above >>= np.uint64(8)
            below >>= np.uint64(8)
    return plus - at, minus - at - half


@inner
def derivative(
    network: Network,
    memory: Memory,
    work: Work,
    step: Int64,
    live: npt.NDArray[np.int32],
    worker: int,
    place: int,
    numbers: Int64,
) -> None:
    """DERIVATIVE: d = (lo[u] < y < hi[u]), dense."""
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    size = target[Buffer.SIZE]
    low = memory.tables[step[Step.TABLE] :]
    high = memory.tables[step[Step.TABLE_1] :]
    words = work.words[worker]
    halves = words.view(np.uint16)[:size]
    shift = np.uint64(numbers[Run.SHIFT])
    for i in range(live[-1]):
        slot = live[i]
        draw(
            words,
            work.ascending,
            (size + 7) >> 3,
            PURPOSE_D,
            step[Step.LAYER],
            numbers[Run.FIRST] + place + slot,
            TRAINING_PASS,
            numbers[Run.KEY_0],
            numbers[Run.KEY_1],
        )
        at = target[Buffer.DENSE] + slot * target[Buffer.DENSE_STRIDE]
        origin = source[Buffer.SUMS] + slot * source[Buffer.SUMS_STRIDE]
        bits = work.dense[at : at + size]
        y = work.sums[origin : origin + size]
        for j in range(size):
            u = halves[j] >> shift
            bits[j] = (low[u] < y[j]) & (y[j] < high[u])


@inner
def subtract_rows(
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
    """sums[at : at + width] -= the listed rows of a plane; the width is a multiple of 16."""
    j = 0
    while j + 128 <= width:
        subtract_listed_128(codes, base + j, stride, lists, start, count, sums, at + j)
        j += 128
    while j + 32 <= width:
        subtract_listed_32(codes, base + j, stride, lists, start, count, sums, at + j)
        j += 32
    while j < width:
        subtract_listed_16(codes, base + j, stride, lists, start, count, sums, at + j)
        j += 16


@inner
def read_transposed(
    network: Network, memory: Memory, work: Work, step: Int64, live: npt.NDArray[np.int32]
) -> None:
    """READ_TRANSPOSED: sums over the columns that have an error, bias lines left out.

    The transposed copy makes it a sum of contiguous rows too.
    """
    array = network.arrays[step[Step.ARRAY]]
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    base, stride = array[Array.TRANSPOSED], array[Array.TRANSPOSED_STRIDE]
    for i in range(live[-1]):
        slot = live[i]
        start = source[Buffer.LIST] + slot * source[Buffer.LIST_STRIDE]
        start_minus = start + (source[Buffer.LIST_STRIDE] >> 1)
        plus = wide(work.lengths[step[Step.SOURCE], slot, 0])
        minus = wide(work.lengths[step[Step.SOURCE], slot, 1])
        at = target[Buffer.SUMS] + slot * target[Buffer.SUMS_STRIDE]
        correction = wide(0)
        if array[Array.COLUMN_REFERENCE] >= 0:
            references = memory.references[array[Array.COLUMN_REFERENCE] :]
            for k in range(plus):
                correction -= references[work.lists[start + k]]
            for k in range(minus):
                correction += references[work.lists[start_minus + k]]
        work.sums[at : at + stride] = correction
        add_rows(memory.codes, base, stride, stride, work.lists, start, plus, work.sums, at)
        subtract_rows(
            memory.codes, base, stride, stride, work.lists, start_minus, minus, work.sums, at
        )


@inner
def add(network: Network, work: Work, step: Int64, live: npt.NDArray[np.int32]) -> None:
    """ADD, one part: elements NUMBER, NUMBER + 1, ... of a source onto those of the target."""
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    size = target[Buffer.SIZE]
    for i in range(live[-1]):
        slot = live[i]
        at = target[Buffer.SUMS] + slot * target[Buffer.SUMS_STRIDE]
        part = source[Buffer.SUMS] + slot * source[Buffer.SUMS_STRIDE] + step[Step.NUMBER]
        total = work.sums[at : at + size]
        y = work.sums[part : part + size]
        if step[Step.FIRST]:
            for j in range(size):
                total[j] = y[j]
        else:
            for j in range(size):
                total[j] += y[j]


@inner
def sign(network: Network, work: Work, step: Int64, live: npt.NDArray[np.int32]) -> None:
    """SIGN: errors are the signs of the sums where the gate bit is set, else 0."""
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    gate = network.buffers[step[Step.GATE]]
    size = target[Buffer.SIZE]
    for i in range(live[-1]):
        slot = live[i]
        at = target[Buffer.DENSE] + slot * target[Buffer.DENSE_STRIDE]
        origin = source[Buffer.SUMS] + slot * source[Buffer.SUMS_STRIDE]
        bits = gate[Buffer.DENSE] + slot * gate[Buffer.DENSE_STRIDE]
        dense = work.dense[at : at + size]
        y = work.sums[origin : origin + size]
        d = work.dense[bits : bits + size]
        nonzero = 0
        for j in range(size):
            e = (np.int8(y[j] > 0) - np.int8(y[j] < 0)) * d[j]
            dense[j] = e
            nonzero += e != 0
        plus, minus = nonzero, 0
        if target[Buffer.LISTED] != 0:
            listed = target[Buffer.LIST] + slot * target[Buffer.LIST_STRIDE]
            plus, minus = list_signs(
                work.dense, at, size, work.lists, listed, target[Buffer.LIST_STRIDE] >> 1
            )
        work.lengths[step[Step.TARGET], slot, 0] = plus
        work.lengths[step[Step.TARGET], slot, 1] = minus


@merged
def first_at_least(lists: npt.NDArray[np.int32], start: int, stop: int, value: int) -> int:
    """Place of the first entry of an ascending list that is not below a value."""
    while start < stop:
        middle = (start + stop) >> 1
        if lists[middle] < value:
            start = middle + 1
        else:
            stop = middle
    return start


@merged
def count_line(
    memory: Memory,
    at: int,
    width: int,
    dense_errors: npt.NDArray[np.int8],
    dense: int,
    few: bool,
    lists: npt.NDArray[np.int32],
    listed: int,
    plus: int,
    listed_minus: int,
    minus: int,
) -> None:
    """Add a sample's errors to the counters of one word line, which begin at `at`.

    Where they are few the lists of the columns with +1 and -1 are taken, else the dense errors of
    `width` columns, 64 counters at a time.
    """
    if few:
        for m in range(plus):
            memory.counters[at + lists[listed + m]] += 1
        for m in range(minus):
            memory.counters[at + lists[listed_minus + m]] -= 1
        return
    j = 0
    while j + 64 <= width:
        accumulate_64(memory.counters, at + j, dense_errors, dense + j)
        j += 64
    while j < width:
        accumulate_16(memory.counters, at + j, dense_errors, dense + j)
        j += 16


@inner
def count(
    network: Network,
    memory: Memory,
    work: Work,
    step: Int64,
    live: npt.NDArray[np.int32],
    first_row: int,
    stop_row: int,
) -> None:
    """COUNT: A += x^T e in rows first_row to stop_row - 1, for the samples in `live`.

    A row whose bit is set gets the sample's whole error row, 64 counters at a time.
    """
    array = network.arrays[step[Step.ARRAY]]
    bits = network.buffers[step[Step.SOURCE]]
    signs = network.buffers[step[Step.GATE]]
    stride = array[Array.STRIDE]
    bias = array[Array.ROWS] - array[Array.INPUTS]
    for i in range(live[-1]):
        slot = live[i]
        plus = work.lengths[step[Step.GATE], slot, 0]
        minus = work.lengths[step[Step.GATE], slot, 1]
        if plus + minus == 0:
            continue
        few = signs[Buffer.LISTED] != 0 and (plus + minus) * SPARSE < stride
        listed = signs[Buffer.LIST] + slot * signs[Buffer.LIST_STRIDE]
        listed_minus = listed + (signs[Buffer.LIST_STRIDE] >> 1)
        dense = signs[Buffer.DENSE] + slot * signs[Buffer.DENSE_STRIDE]
        start = bits[Buffer.LIST] + slot * bits[Buffer.LIST_STRIDE]
        stop = start + work.lengths[step[Step.SOURCE], slot, 0] + bias
        start = first_at_least(work.lists, start, stop, first_row)
        stop = first_at_least(work.lists, start, stop, stop_row)
        for k in range(start, stop):
            row = wide(work.lists[k])
            memory.touched[array[Array.TOUCHED] + row] = 1
            at = array[Array.COUNTERS] + row * stride
            count_line(
                memory,
                at,
                stride,
                work.dense,
                dense,
                few,
                work.lists,
                listed,
                plus,
                listed_minus,
                minus,
            )

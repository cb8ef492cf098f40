"""Bits of the heads from their sums (docs/semantics.md, section 5)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bsc_runtime.kernels.jit import inner, wide
from bsc_runtime.kernels.layout import Buffer, Int64, Memory, Network, Run, Step, Work
from bsc_runtime.kernels.philox import (
    ONE_READ,
    PURPOSE_READOUT,
    TRAINING_PASS,
    draw,
)

SOFTMAX_LAST = 4095


@inner
def readout_one(
    sums: npt.NDArray[Any],
    origin: int,
    exponentials: npt.NDArray[np.int32],
    reciprocal: int,
    reads: int,
    bits: npt.NDArray[np.int8],
    words: npt.NDArray[np.uint32],
    blocks: Int64,
    ascending: Int64,
    purpose: int,
    layer: int,
    index: int,
    pass_: int,
    numbers: Int64,
) -> None:
    """Bits o of the classes of one sample; `blocks` is scratch for a weight of each class."""
    classes = bits.size
    key_0, key_1 = numbers[Run.KEY_0], numbers[Run.KEY_1]
    draw(words, ascending, (classes + 7) >> 3, purpose, layer, index, pass_, key_0, key_1)
    halves = words.view(np.uint16)
    largest = wide(sums[origin])
    for j in range(1, classes):
        largest = max(largest, wide(sums[origin + j]))
    # From this distance on k is the last entry; stopping there keeps the product in 64 bits.
    farthest = (reads << 44) // reciprocal + 1
    total = 0
    for j in range(classes):
        behind = largest - wide(sums[origin + j])
        if behind > farthest or behind < 0:  # below 0 only where 64 bits are not enough
            behind = farthest
        k = (
            (behind * reciprocal + (reads << 31)) >> 32
            if reads == 1
            else (behind * reciprocal + (reads << 31)) // (reads << 32)
        )
        blocks[j] = exponentials[min(k, SOFTMAX_LAST)]
        total += blocks[j]
    for j in range(classes):
        bits[j] = wide(halves[j]) * total < 65536 * blocks[j]


@inner
def readout(
    network: Network,
    memory: Memory,
    work: Work,
    step: Int64,
    live: npt.NDArray[np.int32],
    worker: int,
    place: int,
    numbers: Int64,
) -> None:
    """READOUT: bits of the classes, dense."""
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    for i in range(live[-1]):
        slot = live[i]
        at = target[Buffer.DENSE] + slot * target[Buffer.DENSE_STRIDE]
        readout_one(
            work.sums,
            source[Buffer.SUMS] + slot * source[Buffer.SUMS_STRIDE],
            memory.tables[step[Step.TABLE] :],
            step[Step.NUMBER],
            ONE_READ,
            work.dense[at : at + target[Buffer.SIZE]],
            work.words[worker],
            work.blocks[worker],
            work.ascending,
            PURPOSE_READOUT,
            step[Step.LAYER],
            numbers[Run.FIRST] + place + slot,
            TRAINING_PASS,
            numbers,
        )


@inner
def logistic_one(
    sums: npt.NDArray[Any],
    origin: int,
    thresholds: npt.NDArray[np.int32],
    reads: int,
    bits: npt.NDArray[np.int8],
    words: npt.NDArray[np.uint32],
    ascending: Int64,
    purpose: int,
    layer: int,
    index: int,
    pass_: int,
    numbers: Int64,
) -> None:
    """Bits o = (y > reads * T[u]) of the columns of one sample."""
    size = bits.size
    key_0, key_1 = numbers[Run.KEY_0], numbers[Run.KEY_1]
    draw(words, ascending, (size + 7) >> 3, purpose, layer, index, pass_, key_0, key_1)
    halves = words.view(np.uint16)[:size]
    y = sums[origin : origin + size]
    shift = np.uint64(numbers[Run.SHIFT])
    if reads == 1:
        for j in range(size):
            bits[j] = y[j] > thresholds[halves[j] >> shift]
    else:
        for j in range(size):
            bits[j] = y[j] > reads * wide(thresholds[halves[j] >> shift])


@inner
def logistic(
    network: Network,
    memory: Memory,
    work: Work,
    step: Int64,
    live: npt.NDArray[np.int32],
    worker: int,
    place: int,
    numbers: Int64,
) -> None:
    """LOGISTIC: bits of the columns of a head, dense."""
    target = network.buffers[step[Step.TARGET]]
    source = network.buffers[step[Step.SOURCE]]
    for i in range(live[-1]):
        slot = live[i]
        at = target[Buffer.DENSE] + slot * target[Buffer.DENSE_STRIDE]
        logistic_one(
            work.sums,
            source[Buffer.SUMS] + slot * source[Buffer.SUMS_STRIDE],
            memory.tables[step[Step.TABLE] :],
            ONE_READ,
            work.dense[at : at + target[Buffer.SIZE]],
            work.words[worker],
            work.ascending,
            PURPOSE_READOUT,
            step[Step.LAYER],
            numbers[Run.FIRST] + place + slot,
            TRAINING_PASS,
            numbers,
        )

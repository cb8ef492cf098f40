"""The inference kernel: binary and stochastic passes over many samples in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc_runtime.kernels.encode import encode_one
from bsc_runtime.kernels.forward import (
    add_rows,
    append_bias,
    begin_sums,
    readout_one,
    sample_one,
)
from bsc_runtime.kernels.jit import entry, inner, sources_digest
from bsc_runtime.kernels.layout import (
    Array,
    Buffer,
    Int64,
    Memory,
    Mode,
    Network,
    Op,
    Run,
    Step,
    Work,
)
from bsc_runtime.kernels.philox import INFERENCE, PURPOSE_ENCODE, PURPOSE_READOUT, PURPOSE_Z

HALF = 32768


@inner
def _encode_binary(
    row: npt.NDArray[np.uint64],
    levels: npt.NDArray[np.int32],
    width: int,
    lists: npt.NDArray[np.int32],
    at: int,
) -> int:
    """List the elements with t > 1/2."""
    looked_up = levels.size > 0
    pixels, thresholds = row.view(np.uint8), row.view(np.int32)
    length = 0
    for j in range(width):
        lists[at + length] = j
        length += (levels[pixels[j]] if looked_up else thresholds[j]) > HALF
    return length


@inner
def _sample_binary(
    sums: npt.NDArray[Any],
    origin: int,
    size: int,
    threshold: int,
    lists: npt.NDArray[np.int32],
    at: int,
) -> int:
    """List the neurons with f(y/S) > 1/2."""
    length = 0
    for j in range(size):
        lists[at + length] = j
        length += sums[origin + j] > threshold
    return length


@inner
def _bits(
    network: Network,
    memory: Memory,
    work: Work,
    source: Int64,
    row: npt.NDArray[np.uint64],
    levels: npt.NDArray[np.int32],
    slot: int,
    worker: int,
    index: int,
    pass_: int,
    numbers: Int64,
) -> int:
    """Make the bit vector that a read takes; returns the length of its list.

    With several reads a bit vector lives for one read only, so it is made here, not kept.
    """
    target = network.buffers[source[Step.TARGET]]
    size = target[Buffer.SIZE]
    at = target[Buffer.LIST] + slot * target[Buffer.LIST_STRIDE]
    binary = numbers[Run.MODE] == Mode.BINARY
    if source[Step.OP] == Op.ENCODE:
        if binary:
            length = _encode_binary(row, levels, size, work.lists, at)
        else:
            length = encode_one(
                row,
                levels,
                size,
                work.lists,
                at,
                work.words[worker],
                work.blocks[worker],
                work.packed[worker],
                PURPOSE_ENCODE | INFERENCE,
                source[Step.LAYER],
                index,
                pass_,
                numbers,
            )
    else:
        sums = network.buffers[source[Step.SOURCE]]
        origin = sums[Buffer.SUMS] + slot * sums[Buffer.SUMS_STRIDE]
        if binary:
            threshold = source[Step.NUMBER]
            length = _sample_binary(work.sums, origin, size, threshold, work.lists, at)
        else:
            length = sample_one(
                work.sums,
                origin,
                size,
                memory.tables[source[Step.TABLE] :],
                numbers[Run.READS],
                work.lists,
                at,
                work.words[worker],
                work.ascending,
                PURPOSE_Z | INFERENCE,
                source[Step.LAYER],
                index,
                pass_,
                numbers,
            )
    append_bias(work.lists, at, length, size, target[Buffer.BIAS])
    return length


@inner
def _pass(
    network: Network,
    memory: Memory,
    work: Work,
    data: npt.NDArray[np.uint64],
    levels: npt.NDArray[np.int32],
    start: int,
    held: int,
    worker: int,
    repeat: int,
    numbers: Int64,
) -> None:
    """Sums of every layer for samples start to start + held - 1, which take slots 0, 1, ..."""
    reads = numbers[Run.READS]
    # A worker's slots lie apart from the other workers'.
    first_slot = worker * numbers[Run.SLOTS]
    for i in range(network.steps.shape[0]):
        step = network.steps[i]
        if step[Step.OP] != Op.READ:
            continue
        array = network.arrays[step[Step.ARRAY]]
        target = network.buffers[step[Step.TARGET]]
        source = network.buffers[step[Step.SOURCE]]
        producer = network.steps[step[Step.NUMBER]]
        bias = array[Array.ROWS] - array[Array.INPUTS]
        for k in range(held):
            slot = first_slot + k
            at = target[Buffer.SUMS] + slot * target[Buffer.SUMS_STRIDE]
            listed = source[Buffer.LIST] + slot * source[Buffer.LIST_STRIDE]
            work.sums[at : at + array[Array.STRIDE]] = 0
            for one in range(reads):
                count = bias + _bits(
                    network,
                    memory,
                    work,
                    producer,
                    data[start + k],
                    levels,
                    slot,
                    worker,
                    numbers[Run.FIRST] + start + k,
                    repeat * reads + one,
                    numbers,
                )
                begin_sums(memory, array, work.lists, listed, count, work.sums, at)
                add_rows(
                    memory.codes,
                    array[Array.FORWARD],
                    array[Array.STRIDE],
                    array[Array.STRIDE],
                    work.lists,
                    listed,
                    count,
                    work.sums,
                    at,
                )


@inner
def _collect(
    network: Network,
    memory: Memory,
    work: Work,
    out: Int64,
    start: int,
    held: int,
    worker: int,
    repeat: int,
    numbers: Int64,
) -> None:
    """Add the last sums, or the votes, of a pass to the result."""
    last = network.steps[network.steps.shape[0] - 1]
    source = network.buffers[last[Step.SOURCE]]
    reads = numbers[Run.READS]
    for k in range(held):
        slot = worker * numbers[Run.SLOTS] + k
        origin = source[Buffer.SUMS] + slot * source[Buffer.SUMS_STRIDE]
        if numbers[Run.MODE] != Mode.VOTE:
            for j in range(out.shape[1]):
                out[start + k, j] += work.sums[origin + j]
            continue
        bits = work.dense[slot * out.shape[1] : (slot + 1) * out.shape[1]]
        readout_one(
            work.sums,
            origin,
            memory.tables[last[Step.TABLE] :],
            last[Step.NUMBER],
            reads,
            bits,
            work.words[worker],
            work.blocks[worker],
            work.ascending,
            PURPOSE_READOUT | INFERENCE,
            last[Step.LAYER],
            numbers[Run.FIRST] + start + k,
            repeat * reads,
            numbers,
        )
        for j in range(out.shape[1]):
            out[start + k, j] += bits[j]


def _compile(sources: str) -> Callable[..., None]:
    @entry
    def infer(
        network: Network,
        memory: Memory,
        work: Work,
        data: npt.NDArray[np.uint64],
        levels: npt.NDArray[np.int32],
        out: Int64,
        numbers: Int64,
        worker: int,
    ) -> None:
        """Add the last sums (or votes) of data[0], data[1], ... to out, [N, classes].

        Each worker takes its share of the samples. `network.steps` ends with a READOUT, whose
        source says which sums are the last; its table is used for votes only. A READ's NUMBER is
        the step that makes its bits.
        """
        sources  # noqa: B018  part of the cache's key, see jit.sources_digest
        workers, slots = numbers[Run.WORKERS], numbers[Run.SLOTS]
        start = data.shape[0] * worker // workers
        stop = data.shape[0] * (worker + 1) // workers
        while start < stop:
            held = min(slots, stop - start)
            for repeat in range(numbers[Run.REPEATS]):
                _pass(network, memory, work, data, levels, start, held, worker, repeat, numbers)
                _collect(network, memory, work, out, start, held, worker, repeat, numbers)
            start += held

    return infer


infer = _compile(sources_digest())

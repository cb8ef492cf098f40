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
    append_part,
    begin_sums,
    first_word,
    sample_one,
)
from bsc_runtime.kernels.jit import entry, inner, sources_digest, wide
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
from bsc_runtime.kernels.readouts import logistic_one, readout_one

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
    maker: int,
    row: npt.NDArray[np.uint64],
    levels: npt.NDArray[np.int32],
    slot: int,
    worker: int,
    index: int,
    pass_: int,
    numbers: Int64,
) -> None:
    """Take step `maker` to a bit vector that a read takes; the length of its list is kept.

    With several reads a bit vector lives for one read only.
    """
    source = network.steps[maker]
    name = source[Step.TARGET]
    target = network.buffers[name]
    size = target[Buffer.SIZE]
    at = target[Buffer.LIST] + slot * target[Buffer.LIST_STRIDE]
    binary = numbers[Run.MODE] == Mode.BINARY
    if source[Step.OP] == Op.ENCODE:
        if binary:
            first = first_word(source, levels)
            length = _encode_binary(row[first:], levels, size, work.lists, at)
        else:
            length = encode_one(
                row[first_word(source, levels) :],
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
    elif source[Step.OP] == Op.CONCAT:
        given = network.buffers[source[Step.SOURCE]]
        part = given[Buffer.LIST] + slot * given[Buffer.LIST_STRIDE]
        more = wide(work.lengths[source[Step.SOURCE], slot, 0])
        length = wide(0) if source[Step.FIRST] else wide(work.lengths[name, slot, 0])
        append_part(work.lists, at, length, part, more, source[Step.NUMBER])
        length += more
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
    work.lengths[name, slot, 0] = length


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
        makers = i - step[Step.NUMBER]
        bias = array[Array.ROWS] - array[Array.INPUTS]
        for k in range(held):
            slot = first_slot + k
            at = target[Buffer.SUMS] + slot * target[Buffer.SUMS_STRIDE]
            listed = source[Buffer.LIST] + slot * source[Buffer.LIST_STRIDE]
            work.sums[at : at + array[Array.STRIDE]] = 0
            for one in range(reads):
                for j in range(makers, i):
                    if reads == 1 and network.steps[j, Step.AGAIN]:
                        continue
                    _bits(
                        network,
                        memory,
                        work,
                        j,
                        data[start + k],
                        levels,
                        slot,
                        worker,
                        numbers[Run.FIRST] + start + k,
                        repeat * reads + one,
                        numbers,
                    )
                count = bias + wide(work.lengths[step[Step.SOURCE], slot, 0])
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
def _answer(
    network: Network,
    memory: Memory,
    work: Work,
    step: Int64,
    out: Int64,
    first: int,
    start: int,
    held: int,
    worker: int,
    repeat: int,
    numbers: Int64,
) -> None:
    """Add the sums, or the votes, of one head to the columns of the result from `first` on."""
    source = network.buffers[step[Step.SOURCE]]
    columns = source[Buffer.SIZE]
    reads = numbers[Run.READS]
    for k in range(held):
        slot = worker * numbers[Run.SLOTS] + k
        origin = source[Buffer.SUMS] + slot * source[Buffer.SUMS_STRIDE]
        if numbers[Run.MODE] != Mode.VOTE:
            for j in range(columns):
                out[start + k, first + j] += work.sums[origin + j]
            continue
        at = slot * out.shape[1] + first
        bits = work.dense[at : at + columns]
        if step[Step.OP] == Op.READOUT:
            readout_one(
                work.sums,
                origin,
                memory.tables[step[Step.TABLE] :],
                step[Step.NUMBER],
                reads,
                bits,
                work.words[worker],
                work.blocks[worker],
                work.ascending,
                PURPOSE_READOUT | INFERENCE,
                step[Step.LAYER],
                numbers[Run.FIRST] + start + k,
                repeat * reads,
                numbers,
            )
        else:
            logistic_one(
                work.sums,
                origin,
                memory.tables[step[Step.TABLE] :],
                reads,
                bits,
                work.words[worker],
                work.ascending,
                PURPOSE_READOUT | INFERENCE,
                step[Step.LAYER],
                numbers[Run.FIRST] + start + k,
                repeat * reads,
                numbers,
            )
        for j in range(columns):
            out[start + k, first + j] += bits[j]


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
    """Add the sums, or the votes, of all heads in a pass to the result."""
    first = wide(0)
    for i in range(network.steps.shape[0]):
        step = network.steps[i]
        op = step[Step.OP]
        if op == Op.READOUT or op == Op.LOGISTIC or op == Op.ANSWER:
            _answer(network, memory, work, step, out, first, start, held, worker, repeat, numbers)
            first += network.buffers[step[Step.SOURCE], Buffer.SIZE]


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
        """Add the sums (or votes) of all heads for data[0], data[1], ... to out, [N, sums].

        Each worker takes its share of the samples. In `network.steps` a READ stands behind the
        NUMBER steps that make its bits, and a READOUT, LOGISTIC or ANSWER for each head at the
        end, whose source says which sums are the head's; their tables are used for votes only.
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

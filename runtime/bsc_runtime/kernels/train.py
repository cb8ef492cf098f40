"""The training kernel: many batches in one call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bsc_runtime.kernels import backward, errors, forward, readouts, update
from bsc_runtime.kernels.gate import meet
from bsc_runtime.kernels.jit import entry, inner, sources_digest, wide
from bsc_runtime.kernels.layout import Array, Int64, Memory, Network, Op, Run, Step, Work


@inner
def _propagate(
    network: Network,
    memory: Memory,
    work: Work,
    data: npt.NDArray[np.uint64],
    levels: npt.NDArray[np.int32],
    targets: npt.NDArray[np.int32],
    order: Int64,
    place: int,
    first_slot: int,
    stop_slot: int,
    worker: int,
    numbers: Int64,
) -> None:
    """All steps but the counts, for one worker's slots."""
    live = work.live[worker]
    live[-1] = stop_slot - first_slot
    for slot in range(first_slot, stop_slot):
        live[slot - first_slot] = slot
    for i in range(network.steps.shape[0]):
        step = network.steps[i]
        op = step[Step.OP]
        if op == Op.ENCODE:
            forward.encode(network, work, step, live, worker, data, levels, order, place, numbers)
        elif op == Op.READ:
            forward.read(network, memory, work, step, live)
        elif op == Op.SAMPLE:
            forward.sample(network, memory, work, step, live, worker, place, numbers)
        elif op == Op.READOUT:
            readouts.readout(network, memory, work, step, live, worker, place, numbers)
        elif op == Op.ERROR:
            errors.error(network, work, step, live, targets, order, place)
        elif op == Op.CONCAT:
            forward.concat(network, work, step, live)
        elif op == Op.LOGISTIC:
            readouts.logistic(network, memory, work, step, live, worker, place, numbers)
        elif op == Op.TARGET_ERROR:
            errors.target_error(network, work, step, live, worker, targets, order, place, numbers)
        elif op == Op.ADD:
            backward.add(network, work, step, live)
        elif op == Op.DERIVATIVE:
            backward.derivative(network, memory, work, step, live, worker, place, numbers)
        elif op == Op.READ_TRANSPOSED:
            backward.read_transposed(network, memory, work, step, live)
        elif op == Op.SIGN:
            backward.sign(network, work, step, live)


@inner
def _rows(rows: int, worker: int, workers: int) -> tuple[int, int]:
    """The rows of an array that are one worker's."""
    return rows * worker // workers, rows * (worker + 1) // workers


@inner
def _count(network: Network, memory: Memory, work: Work, worker: int, workers: int) -> None:
    """The counts of all workers' samples, in one worker's rows."""
    for i in range(network.steps.shape[0]):
        step = network.steps[i]
        if step[Step.OP] == Op.COUNT:
            rows = network.arrays[step[Step.ARRAY], Array.ROWS]
            first, stop = _rows(rows, worker, workers)
            for other in range(workers):
                if work.live[other, -1] > 0:
                    backward.count(network, memory, work, step, work.live[other], first, stop)
                    work.dirty[worker, step[Step.ARRAY]] = 1


@inner
def _update(
    network: Network, memory: Memory, work: Work, worker: int, check: int, numbers: Int64
) -> int:
    """The end of a batch, in one worker's rows; returns pulses given."""
    total = 0
    for i in range(network.update.shape[0]):
        step = network.update[i]
        rows = network.arrays[step[Step.ARRAY], Array.ROWS]
        first, stop = _rows(rows, worker, numbers[Run.WORKERS])
        op = step[Step.OP]
        if op != Op.REFRESH:  # which moves cells that got no pulse, too
            if work.dirty[worker, step[Step.ARRAY]] == 0:
                continue
            work.dirty[worker, step[Step.ARRAY]] = 0
        if op == Op.CARRY:
            total += update.carry(network, memory, work, step, first, stop, worker, check, numbers)
        elif op == Op.SGD_STEP:
            update.sgd_step(network, memory, step, first, stop)
        elif op == Op.REFRESH and (check + 1) % step[Step.NUMBER] == 0:
            update.refresh(network, memory, step, first, stop)
    return total


def _compile(sources: str) -> Callable[..., None]:
    @entry
    def train(
        network: Network,
        memory: Memory,
        work: Work,
        data: npt.NDArray[np.uint64],
        levels: npt.NDArray[np.int32],
        targets: npt.NDArray[np.int32],
        order: Int64,
        numbers: Int64,
        worker: int,
    ) -> None:
        """Train on data[order[0]], data[order[1]], ...; one call for each worker, side by side.

        Samples of a batch are spread over the workers up to their errors; then each worker counts
        and pulses in its own rows of each array. What a bit depends on is keyed, and counts are
        integers, so the number of workers changes nothing.
        """
        sources  # noqa: B018  part of the cache's key, see jit.sources_digest
        workers, batch, slots = numbers[Run.WORKERS], numbers[Run.BATCH], numbers[Run.SLOTS]
        check = numbers[Run.CHECK]
        # `wide`: see jit.
        pulses, meeting, done = wide(0), wide(0), wide(0)
        while done < order.size:
            stop = min(done + batch, order.size)
            while done < stop:
                held = min(slots, stop - done)
                first_slot = held * worker // workers
                stop_slot = held * (worker + 1) // workers
                _propagate(
                    network,
                    memory,
                    work,
                    data,
                    levels,
                    targets,
                    order,
                    done,
                    first_slot,
                    stop_slot,
                    worker,
                    numbers,
                )
                meeting += 1
                if not meet(work.gate, workers, meeting):  # all errors are known
                    return
                work.pulses[worker, 1] = 1
                _count(network, memory, work, worker, workers)
                done += held
                if done < stop:
                    meeting += 1
                    if not meet(work.gate, workers, meeting):  # slots may be written again
                        return
            pulses += _update(network, memory, work, worker, check, numbers)
            work.pulses[worker, 0] = pulses
            check += 1
            meeting += 1
            if not meet(work.gate, workers, meeting):  # codes have moved
                return

    return train


train = _compile(sources_digest())

"""Executes a Program's steps on compiled kernels."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.draws import PASSES_MAX
from bsc.numerics.state import CODE_MAX, ChipState
from bsc.program.counters import CounterBound, counter_bounds
from bsc.program.executor import EncodedData, TrainCounts
from bsc.program.model import Program
from bsc.tiling.plan import Step as ProgramStep
from bsc.tiling.plan import StepOp
from bsc_runtime.kernels.layout import SLACK, Mode, Network, Op, Run, Step, Work
from bsc_runtime.sim import checks
from bsc_runtime.sim.analog import AnalogReader
from bsc_runtime.sim.crew import BATCH_FOR_WORKERS, Crew, run_together, run_undisturbed
from bsc_runtime.sim.memory import (
    Place,
    aligned_zeros,
    counter_type,
    lay_out,
    load,
    unload,
    verify_memory,
)
from bsc_runtime.sim.rows import fixed, rows_of_words
from bsc_runtime.sim.tables import (
    TableStore,
    Vectors,
    array_table,
    inference_table,
    step_table,
    vectors,
)

SLOTS = 64
"""Samples that a worker carries through one step before the next step begins.

More would use an array's codes more often while they are in the cache, but the samples' own vectors
would then leave it; between 16 and 128 the speed hardly changes.
"""

_COUNTER_GUESS = (1 << 15) - 1
"""Largest counter that a chip is made for, before calls tell how many samples a batch has."""

_SUMS = 1 << 31  # beyond this, sums of 32 bits might overflow


class Simulator:
    """One chip in memory, running one program (docs/semantics.md); see `Executor`.

    Results do not depend on `threads`, on how a run is cut into calls, or on the machine. Calls
    from several Python threads wait for each other.

    Attributes:
        samples: n, samples presented for training so far.
        checks: g, checks done so far.
        pulses: pulses given since the initial state.
    """

    def __init__(self, program: Program, state: ChipState, *, threads: int = 1) -> None:
        """Load a chip.

        Args:
            program: what to run.
            state: cells, counters and clocks; copied, never changed.
            threads: how many cores a call may use.
        """
        if threads < 1:
            raise ValueError(f"{threads} threads")
        self._program = program
        self._threads = threads
        self._lock = threading.Lock()
        self._crew = Crew(threads)
        self._broken = False
        checks.verify_seed(state.seed)
        self._seed, self._epochs, self._place = state.seed, state.epochs, state.place
        self.samples, self.checks, self.pulses = state.samples, state.checks, state.pulses
        steps = program.training or program.inference
        backward = {s.array for s in steps if s.op is StepOp.READ_TRANSPOSED}
        self._layout = lay_out(program.arrays, state.arrays, backward)
        store = TableStore(program.tables)
        update = step_table(program, program.update, store)
        training = step_table(program, program.training, store)
        self._inference_table = inference_table(program, store)
        arrays = array_table(program.arrays, self._layout)
        self._train_vectors = vectors(program, program.training, SLOTS * threads, threads)
        self._infer_vectors = vectors(program, program.inference, SLOTS * threads, threads)
        self._train_network = Network(arrays, self._train_vectors.buffers, training, update)
        self._infer_network = Network(
            arrays, self._infer_vectors.buffers, self._inference_table, update[:0]
        )
        self._bounds = _counter_bounds(program, state)
        # Calls widen the counters where a huge batch really has so many samples.
        largest = self._largest_counter(max(1, program.plan.batch))
        largest = min(largest, max(_COUNTER_GUESS, self._largest_counter(0)))
        self._memory = load(self._layout, state.arrays, store.joined(), largest)
        self._mark_rows(state)
        self._works: dict[tuple[str, bool], Work] = {}

    def train(
        self,
        data: EncodedData,
        targets: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> TrainCounts:
        """Train on data[order[0]], data[order[1]], ...; see `Executor.train`."""
        if not self._program.training:
            raise ValueError(f"the program has no training steps: {self._program.untrainable}")
        order = np.ascontiguousarray(order, np.int64)
        targets = np.ascontiguousarray(targets, np.int32)
        checks.verify_lesson(self._program, data, targets, order, batch)

        def call() -> TrainCounts:
            with self._lock:
                checks.verify_clocks(self, order.size, batch)
                return self._train(data, targets, order, batch)

        # Cells and clocks must not part. A call for nobody only compiles, and may be stopped.
        return run_undisturbed(call) if order.size else call()

    def infer(
        self,
        data: EncodedData,
        mode: str,
        *,
        repeats: int = 1,
        reads: int = 1,
        seed: int = 0,
        first_index: int = 0,
    ) -> npt.NDArray[np.int64]:
        """Sums or votes of the heads, [N, program.sum_width]; see `Executor.infer`."""
        if repeats < 1 or reads < 1 or repeats * reads > PASSES_MAX:
            raise ValueError(f"{repeats} repeats of {reads} reads: 1 to {PASSES_MAX} in all")
        checks.verify_seed(seed)
        checks.verify_indices(first_index, len(data))
        checks.verify_data(data, self._program.input_size)

        def call() -> npt.NDArray[np.int64]:
            with self._lock:
                return self._infer_mode(data, mode, repeats, reads, seed, first_index)

        return call() if self._threads == 1 else run_undisturbed(call)

    def _infer_mode(
        self, data: EncodedData, mode: str, repeats: int, reads: int, seed: int, first_index: int
    ) -> npt.NDArray[np.int64]:
        self._verify_whole()
        if mode == "analog":
            noise_bits = self._program.target.periphery.noise_bits
            weights = [self._weights(place) for place in self._layout.places]
            return AnalogReader(self._program, weights, noise_bits).read(data)
        kind = Mode[mode.upper()]
        if kind is Mode.VOTE and (self._inference_table[:, Step.OP] == Op.ANSWER).any():
            raise ValueError("mode vote needs a program with a readout of every head")
        if kind is Mode.BINARY:
            repeats = reads = 1
        return self._infer(data, kind, repeats, reads, seed, first_index)

    def _weights(self, place: Place) -> npt.NDArray[np.int32]:
        """Forward weights of an array, in codes."""
        weights = place.plane(self._memory.codes, place.forward).astype(np.int32)
        if place.row_reference >= 0:
            start = place.row_reference
            weights -= self._memory.references[start : start + place.rows, None]
        return weights

    def state(self) -> ChipState:
        """A copy of the chip's state now."""
        with self._lock:
            self._verify_whole()
            arrays = [unload(self._memory, place) for place in self._layout.places]
            return ChipState(
                arrays,
                self._seed,
                self.samples,
                self.checks,
                self._epochs,
                self._place,
                self.pulses,
            )

    @property
    def state_bytes(self) -> int:
        """Bytes that the chip's state takes in memory."""
        return self._layout.bytes_needed(self._memory.counters.itemsize)

    def _largest_counter(self, batch: int) -> int:
        """Largest |A| that a batch of so many samples may lead to."""
        return max((bound.largest(batch) for bound in self._bounds), default=0)

    def _train(
        self,
        data: EncodedData,
        targets: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> TrainCounts:
        from bsc_runtime.kernels.gate import ABORTED
        from bsc_runtime.kernels.train import train

        self._verify_whole()
        # A sample counts once at each place that reads; for nobody, those that will come.
        kind = counter_type(self._largest_counter(min(batch, order.size or len(data))))
        if np.dtype(kind).itemsize > self._memory.counters.itemsize:
            verify_memory(self._layout.bytes_needed(np.dtype(kind).itemsize))
            wider = aligned_zeros(self._memory.counters.size, kind)
            wider[:] = self._memory.counters
            self._memory = self._memory._replace(counters=wider)
        sizes = [each.size for each in self._program.inputs]
        values, order, targets = rows_of_words(data.values, order, targets, sizes)
        levels = fixed(np.ascontiguousarray(data.levels, np.int32))
        workers = self._crew.size(min(batch, order.size))
        sums = _sum_type(self._program, self._program.training, 1)
        work = self._work(self._train_vectors, "train", sums)
        work = work._replace(gate=np.zeros_like(work.gate))
        work.pulses[...] = 0
        numbers = self._numbers(workers, self._seed, self.samples)
        numbers[Run.CHECK], numbers[Run.BATCH] = self.checks, batch
        numbers[Run.SLOTS] = min(self._train_vectors.slots, SLOTS * workers)

        def run(worker: int) -> None:
            train(
                self._train_network,
                self._memory,
                work,
                values,
                levels,
                targets,
                order,
                numbers,
                worker,
            )

        if workers > 1:  # compiles where nobody waits yet
            train(
                self._train_network,
                self._memory,
                work,
                values,
                levels,
                targets,
                order[:0],
                numbers,
                0,
            )

        def abort() -> None:
            work.gate[0] = ABORTED

        try:
            self._crew.run(run, workers, order.size, abort)
        except BaseException:
            self._broken = bool(work.pulses[:workers, 1].any())
            raise
        pulses = int(work.pulses[:workers, 0].sum())
        counts = TrainCounts(order.size, -(-order.size // batch), pulses)
        self.samples += counts.samples
        self.checks += counts.checks
        self.pulses += counts.pulses
        return counts

    def _infer(
        self, data: EncodedData, mode: Mode, repeats: int, reads: int, seed: int, first_index: int
    ) -> npt.NDArray[np.int64]:
        from bsc_runtime.kernels.infer import infer

        every = np.arange(len(data), dtype=np.int64)
        sizes = [each.size for each in self._program.inputs]
        values, _, _ = rows_of_words(data.values, every, np.zeros(len(data), np.int32), sizes)
        levels = fixed(np.ascontiguousarray(data.levels, np.int32))
        out = np.zeros((len(data), self._program.sum_width), np.int64)
        sums = _sum_type(self._program, self._program.inference, reads)
        work = self._work(self._infer_vectors, "infer", sums)
        workers = max(1, min(self._threads, len(data) // BATCH_FOR_WORKERS))
        numbers = self._numbers(workers, seed, first_index)
        numbers[Run.SLOTS] = self._infer_vectors.slots // self._threads
        numbers[Run.REPEATS], numbers[Run.READS], numbers[Run.MODE] = repeats, reads, mode

        def run(worker: int) -> None:
            infer(self._infer_network, self._memory, work, values, levels, out, numbers, worker)

        run_together(run, workers)  # they never wait for each other: more are never slower
        return out

    def _numbers(self, workers: int, seed: int, first: int) -> npt.NDArray[np.int64]:
        numbers = np.zeros(len(Run), np.int64)
        numbers[Run.KEY_0], numbers[Run.KEY_1] = seed & 0xFFFFFFFF, seed >> 32
        numbers[Run.FIRST], numbers[Run.WORKERS] = first, workers
        numbers[Run.SHIFT] = 16 - self._program.target.periphery.noise_bits
        return numbers

    def _work(self, held: Vectors, name: str, sums: type[np.signedinteger[Any]]) -> Work:
        key = (name, sums is np.int64)
        if key not in self._works:
            self._works[key] = _make_work(self._program, held, self._threads, sums)
        return self._works[key]

    def _verify_whole(self) -> None:
        if self._broken:
            raise RuntimeError("a call for training failed midway: cells and clocks do not agree")

    def _mark_rows(self, state: ChipState) -> None:
        """Rows whose counters reached T elsewhere (another plan's T, say) get their check."""
        thresholds = {
            s.array: s.number("threshold") for s in self._program.update if s.op is StepOp.CARRY
        }
        for index, (place, held) in enumerate(zip(self._layout.places, state.arrays, strict=True)):
            due = np.abs(held.counters).max(axis=1, initial=0) >= thresholds.get(index, 1)
            self._memory.touched[place.touched : place.touched + place.rows] = due


def _counter_bounds(program: Program, state: ChipState) -> list[CounterBound]:
    """The bounds of a program's counters that begin as a state has them."""
    bounds = counter_bounds(len(program.arrays), program.training, program.update)
    return [
        replace(bound, rest=max(bound.rest, int(np.abs(array.counters).max(initial=0))))
        for bound, array in zip(bounds, state.arrays, strict=True)
    ]


def _sum_type(
    program: Program, steps: Sequence[ProgramStep], reads: int
) -> type[np.signedinteger[Any]]:
    """Sums need 64 bits where lines that meet in one, all at the largest code, pass 32."""
    lines: dict[int, int] = {}  # by buffer
    for step in steps:
        match step.op:
            case StepOp.READ:
                lines[step.target] = program.arrays[step.array].rows * reads
            case StepOp.READ_TRANSPOSED:
                lines[step.target] = program.arrays[step.array].columns
            case StepOp.ADD:
                lines[step.target] = sum(lines[source] for source in step.sources)
            case _:
                pass
    # Twice: references are added apart from the codes they are taken off.
    return np.int32 if 2 * max(lines.values()) * CODE_MAX < _SUMS else np.int64


def _make_work(
    program: Program, held: Vectors, workers: int, sums: type[np.signedinteger[Any]]
) -> Work:
    columns = max(a.columns for a in program.arrays)
    blocks = (max(held.widest, columns) + 7) // 8 * 8 + 8
    votes = held.slots * program.sum_width
    return Work(
        sums=aligned_zeros(held.sums + SLACK, sums),
        lists=np.zeros(held.lists + SLACK, np.int32),
        lengths=np.zeros((len(program.buffers), held.slots, 2), np.int32),
        dense=aligned_zeros(max(held.dense, votes) + SLACK, np.int8),
        live=np.zeros((workers, held.slots + 1), np.int32),
        words=np.zeros((workers, 4 * blocks), np.uint32),
        blocks=np.zeros((workers, 4 * blocks), np.int64),
        packed=np.zeros((workers, 4 * blocks), np.uint64),
        ascending=np.arange(blocks, dtype=np.int64),
        gate=np.zeros(8, np.int64),
        pulses=np.zeros((workers, 8), np.int64),
        dirty=np.ones((workers, len(program.arrays)), np.uint8),
    )

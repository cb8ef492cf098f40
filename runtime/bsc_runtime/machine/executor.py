"""The machine as an executor: a session trains and asks it like any other."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bsc.backend.isa import emit_image
from bsc.diag import Span, fail
from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind
from bsc.numerics.cells import forward_weights
from bsc.numerics.state import ChipState
from bsc.program.executor import EncodedData, TrainCounts
from bsc.program.image import own_image
from bsc.program.model import Program
from bsc_runtime.machine.layout import Event
from bsc_runtime.machine.machine import Machine
from bsc_runtime.sim.analog import AnalogReader
from bsc_runtime.sim.checks import (
    verify_clocks,
    verify_data,
    verify_indices,
    verify_lesson,
    verify_seed,
)
from bsc_runtime.sim.crew import run_undisturbed

_MODES = {"stochastic": EntryKind.INFER, "vote": EntryKind.VOTE, "binary": EntryKind.BINARY}


def image_of(program: Program) -> Image:
    """The image inside a program, or the one that is made of its steps; machines verify it."""
    if program.image:
        return own_image(program, f"<image of {program.name}>")
    return emit_image(program).image


class MachineExecutor:
    """Runs a program's image; implements `bsc.program.executor.Executor`.

    Attributes:
        machine: the machine, to look into.
    """

    def __init__(self, program: Program, state: ChipState, *, threads: int = 1) -> None:
        """Load a chip.

        Args:
            program: what to run; its image is verified.
            state: cells, counters and clocks; copied.
            threads: taken for the protocol's sake: simulated cores take turns on one thread.
        """
        if threads < 1:
            raise ValueError(f"{threads} threads")
        verify_seed(state.seed)
        self._program = program
        self._lock = threading.Lock()
        self._broken = False
        self._clocks = replace(state, arrays=[])
        source = f"<image of {program.name}>"
        self.machine = Machine(image_of(program), state, source=source, deferred=True)

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
        verify_lesson(self._program, data, targets, order, batch)
        if not order.size:
            self._warm_up(data, targets, batch)
            return TrainCounts(0, 0, 0)

        def call() -> TrainCounts:
            with self._lock:
                return self._train(data, targets, order, batch)

        return run_undisturbed(call)  # cells and clocks must not part

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
        verify_seed(seed)
        verify_indices(first_index, len(data))
        verify_data(data, self._program.input_size)
        width = self._program.sum_width
        with self._lock:
            self._verify_whole()
            if mode == "analog":
                weights = [forward_weights(array) for array in self.machine.arrays()]
                noise_bits = self._program.target.periphery.noise_bits
                return AnalogReader(self._program, weights, noise_bits).read(data)
            kind = _MODES[mode]
            if kind is EntryKind.VOTE and kind not in self.machine.image.kinds():
                raise ValueError("mode vote needs a program with a readout")
            if kind is EntryKind.BINARY:
                repeats = reads = 1
            if len(data) == 0:
                return np.zeros((0, width), np.int64)
            self.machine.start(
                kind, data, repeats=repeats, reads=reads, seed=seed, first_index=first_index
            )
            self.machine.run()
            return self._results(len(data), width)

    def _results(self, samples: int, width: int) -> npt.NDArray[np.int64]:
        """What the one core with an output gave: a row for each sample."""
        cores = range(len(self.machine.image.cores))
        found = [out for out in map(self.machine.output, cores) if out.size]
        if len(found) != 1 or found[0].size != samples * width:
            given = sum(out.size for out in found)
            raise fail(
                "BSC5256",
                f"the words give {given} results, the program expects {samples} x {width}",
                at=Span(self.machine.source),
            )
        return found[0].reshape(samples, width)

    def state(self) -> ChipState:
        """A copy of the chip's state now."""
        with self._lock:
            self._verify_whole()
            return replace(self._clocks, arrays=self.machine.arrays())

    def _train(
        self,
        data: EncodedData,
        targets: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> TrainCounts:
        self._verify_whole()
        clocks = self._clocks
        verify_clocks(clocks, order.size, batch)
        self.machine.start(
            EntryKind.TRAIN,
            data,
            targets,
            order=order,
            batch=batch,
            seed=clocks.seed,
            first_index=clocks.samples,
            check=clocks.checks,
        )
        self._broken = True
        self.machine.run()
        self._broken = False
        pulses = sum(self.machine.events()[Event.PULSES.name.lower()])
        counts = TrainCounts(order.size, -(-order.size // batch), pulses)
        self._clocks = replace(
            clocks,
            samples=clocks.samples + counts.samples,
            checks=clocks.checks + counts.checks,
            pulses=clocks.pulses + counts.pulses,
        )
        return counts

    def _warm_up(self, data: EncodedData, targets: npt.NDArray[np.int32], batch: int) -> None:
        """Compile what training needs: a run that is started and not gone on with."""
        if not len(data):
            return
        most = min(batch, len(data))
        with self._lock:
            self._verify_whole()
            self.machine.start(
                EntryKind.TRAIN,
                data,
                targets,
                order=np.zeros(1, np.int64),
                batch=most,
                seed=0,
                first_index=0,
                check=0,
                longest=2 * most,  # no longer run needs wider counters
            )
            self.machine.run(0)

    def _verify_whole(self) -> None:
        if self._broken:
            raise RuntimeError("a call for training failed midway: cells and clocks do not agree")

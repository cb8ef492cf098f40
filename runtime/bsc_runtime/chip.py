"""A chip at work: an executor and the clocks of the epoch that it is in."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bsc.hw.device import initial_codes, reference_codes
from bsc.numerics.cells import initial_array, initial_direct
from bsc.numerics.state import ArrayState, CellStyle, ChipState
from bsc.program.executor import EncodedData, TrainCounts
from bsc.program.model import Program
from bsc_runtime.executors import ExecutorFactory, make_executor


def initial_state(program: Program, seed: int) -> ChipState:
    """A chip as it leaves the fab: cells drawn from the seed, counters and clocks at 0."""
    arrays = [_initial(number, program, seed) for number in range(len(program.arrays))]
    return ChipState(arrays=arrays, seed=seed)


def starting_state(program: Program, seed: int | None) -> ChipState:
    """The program's own state with the key of the seed, if one is given; else a new chip."""
    if program.state is None:
        return initial_state(program, 0 if seed is None else seed)
    state = copy.deepcopy(program.state)
    return state if seed is None else replace(state, seed=seed)


class Chip:
    """A program on an executor.

    Attributes:
        program: what runs.
        executor: who runs it; it owns cells, counters, samples and checks.
        epochs: ep, whole epochs done.
        place: samples of the running epoch already presented.
    """

    def __init__(
        self,
        program: Program,
        state: ChipState,
        executor: str | ExecutorFactory,
        threads: int,
    ) -> None:
        self.program = program
        self.executor = make_executor(executor, program, state, threads)
        self.seed = state.seed
        self.epochs = state.epochs
        self.place = state.place

    def state(self) -> ChipState:
        """A copy of everything that training changes."""
        return replace(self.executor.state(), epochs=self.epochs, place=self.place)

    def present(
        self,
        data: EncodedData,
        targets: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        stop: int,
    ) -> TrainCounts:
        """Train on the running epoch from its place up to `stop`, which ends a batch."""
        counts = self.executor.train(
            data, targets, order[self.place : stop], self.program.plan.batch
        )
        self.place = stop
        return counts

    def warm_up(self, data: EncodedData, targets: npt.NDArray[np.int32]) -> None:
        """Let the executor compile what training needs; nothing is presented."""
        nobody = np.empty(0, np.int64)
        self.executor.train(data, targets, nobody, self.program.plan.batch)

    def end_epoch(self) -> None:
        """Go on to the next epoch."""
        self.epochs += 1
        self.place = 0


def _initial(number: int, program: Program, seed: int) -> ArrayState:
    spec, style = program.arrays[number], program.style_of(number)
    if style is CellStyle.DIRECT:
        return initial_direct(spec.name, spec.rows, spec.columns, spec.inputs, spec.layer, seed)
    device = program.device_of(number)
    mean, sd = initial_codes(device)
    reference = reference_codes(device) or (None, None)
    return initial_array(
        spec.name,
        style,
        spec.rows,
        spec.columns,
        spec.layer,
        seed,
        mean,
        sd,
        *reference,
    )

"""The training loop: epochs cut into calls, watched, evaluated, kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.numerics.draws import INDEX_MAX, epoch_order
from bsc.numerics.state import ChipState
from bsc.program.executor import EncodedData
from bsc_runtime.chip import Chip
from bsc_runtime.metrics import Marks, pulses_per_weight, saturated
from bsc_runtime.notes import Notes
from bsc_runtime.train.callbacks import Callbacks, Progress
from bsc_runtime.train.history import EpochRecord, History
from bsc_runtime.train.interrupt import InterruptWatch
from bsc_runtime.train.pace import Pace

SATURATION_LIMIT = 0.10
"""Share of saturated cells from which a run is warned about."""


class Keeper(Protocol):
    """Keeps the state of a run safe."""

    def keep(self, state: ChipState, history: History) -> None:
        """Store a state and its history, wholly or not at all."""
        ...

    @property
    def overdue(self) -> bool:
        """Whether the last state kept is so old that the end of the epoch is too far."""
        ...


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learned, and how it is examined.

    Attributes:
        data: encoded training samples.
        targets: int32 [N, target_width], as the executor takes them.
        examine: how well the outputs answer in analog mode; None where there is nothing to measure
            on.
        examined_on: `test`, `validation` or `train`.
    """

    data: EncodedData
    targets: npt.NDArray[np.int32]
    examine: Callable[[], Marks] | None
    examined_on: str


def run_lesson(
    chip: Chip,
    lesson: Lesson,
    last_epoch: int,
    history: History,
    *,
    callbacks: Callbacks,
    notes: Notes,
    save: Callable[[], None],
    keeper: Keeper | None = None,
) -> bool:
    """Train until so many epochs are done; start anywhere, also inside an epoch.

    Args:
        chip: learns.
        lesson: what it learns.
        last_epoch: epochs done, since the initial state, when the run is over.
        history: gets a record an epoch.
        callbacks: watch.
        notes: hears of saturation.
        save: keeps what was learned when the run is over, and at Ctrl-C, which waits for it.
        keeper: gets the state once an epoch, when overdue, and at Ctrl-C.

    Returns:
        True when all epochs are done, False when Ctrl-C stopped the run at the end of a batch.

    Raises:
        DiagnosticError: BSC6031, the chip's clocks would run over.
    """
    _verify_clocks(chip, len(lesson.data), last_epoch)
    chip.warm_up(lesson.data, lesson.targets)
    loop = _Loop(chip, lesson, last_epoch, history, callbacks, notes, keeper)
    with InterruptWatch() as watch:
        done = loop.run(watch)
        save()
    return done


def _verify_clocks(chip: Chip, count: int, last_epoch: int) -> None:
    """No run begins that a clock would end: only a forged program is as old as that."""
    state, batch = chip.state(), chip.program.plan.batch
    epochs = last_epoch - chip.epochs
    samples = state.samples + epochs * count - chip.place
    checks = state.checks + epochs * -(-count // batch) - chip.place // batch
    if max(samples, checks, last_epoch) >= INDEX_MAX:
        raise fail(
            "BSC6031",
            f"the program cannot be trained: its chip has seen {state.samples:,} samples in "
            f"{state.epochs:,} epochs, and a clock of it ends at 2^48-1",
            help="begin with the model, or a program that is not so old",
        )


class _Loop:
    def __init__(
        self,
        chip: Chip,
        lesson: Lesson,
        last_epoch: int,
        history: History,
        callbacks: Callbacks,
        notes: Notes,
        keeper: Keeper | None,
    ) -> None:
        self.chip = chip
        self.lesson = lesson
        self.last_epoch = last_epoch
        self.history = history
        self.callbacks = callbacks
        self.notes = notes
        self.keeper = keeper
        self.count = len(lesson.data)
        self.pace = Pace(chip.program.plan.batch)
        self.warned = False

    def run(self, watch: InterruptWatch) -> bool:
        """All epochs that are left; False where Ctrl-C came first."""
        while self.chip.epochs < self.last_epoch:
            if not self.epoch(watch):
                self.keep()
                return False
        return True

    def epoch(self, watch: InterruptWatch) -> bool:
        """Finish the running epoch; False where Ctrl-C came first."""
        chip = self.chip
        order = epoch_order(chip.seed, chip.epochs, self.count)
        samples, seconds = self.history.samples, self.history.seconds
        while chip.place < self.count:
            if watch.asked:
                return False
            self._call(order)
            watch.guard(lambda: self.callbacks.on_progress(self._progress()))
            if self.keeper is not None and self.keeper.overdue:
                self.keep()
        chip.end_epoch()
        record = self._record(self.history.samples - samples, self.history.seconds - seconds)
        self.history.records.append(record)
        watch.guard(lambda: self.callbacks.on_epoch(record))
        self.keep()
        return not watch.asked or chip.epochs >= self.last_epoch

    def keep(self) -> None:
        if self.keeper is not None:
            self.keeper.keep(self.chip.state(), self.history)

    def _call(self, order: npt.NDArray[np.int64]) -> None:
        place = self.chip.place
        stop = min(self.count, place + self.pace.samples())
        start = time.perf_counter()
        self.chip.present(self.lesson.data, self.lesson.targets, order, stop)
        seconds = time.perf_counter() - start
        self.pace.took(stop - place, seconds)
        self.history.samples += stop - place
        self.history.seconds += seconds

    def _progress(self) -> Progress:
        speed = self.history.samples_per_second
        epochs_left = self.last_epoch - self.chip.epochs
        samples_left = epochs_left * self.count - self.chip.place
        return Progress(
            epoch=self.chip.epochs + 1,
            epochs=self.last_epoch,
            samples=self.chip.place,
            samples_in_epoch=self.count,
            samples_per_second=speed,
            accuracy=self.history.accuracy,
            seconds_left=samples_left / speed if speed > 0 else 0.0,
            marks=self.history.records[-1].marks if self.history.records else "",
        )

    def _record(self, samples: int, seconds: float) -> EpochRecord:
        state = self.chip.state()
        share = saturated(state)
        if share > SATURATION_LIMIT and not self.warned:
            self.warned = True
            self.notes.warn(
                "BSC6034",
                f"{share:.1%} of the cells are at a limit of their range after epoch "
                f"{self.chip.epochs}; pulses no longer move them",
                help="refresh one-way pairs with `refresh_every` in the plan, take a device of "
                "more steps, or raise the threshold",
            )
        examine = self.lesson.examine
        marks = examine() if examine is not None else Marks({})
        return EpochRecord(
            epoch=self.chip.epochs,
            accuracy=marks.accuracy,
            accuracy_on=self.lesson.examined_on if examine is not None else "",
            samples=samples,
            seconds=seconds,
            pulses_per_weight=pulses_per_weight(state),
            saturated=share,
            squared_error=marks.squared_error,
            outputs=dict(marks.outputs),
        )

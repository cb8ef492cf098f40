"""What a training run tells those who watch it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bsc.diag.arguments import misfit
from bsc_runtime.train.history import EpochRecord


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; sent a few times a second.

    Attributes:
        epoch: the running epoch, counted from 1 since the initial state.
        epochs: the epoch that this run will end with.
        samples: samples of the running epoch already presented.
        samples_in_epoch: samples of a whole epoch.
        samples_per_second: speed of this run so far, evaluation left out.
        accuracy: accuracy after the last whole epoch, 0 to 1; None before, and where there is none.
        seconds_left: estimated time to the end of the run, evaluation left out.
        marks: accuracy or squared error after the last whole epoch, of each output, for people.
    """

    epoch: int
    epochs: int
    samples: int
    samples_in_epoch: int
    samples_per_second: float
    accuracy: float | None
    seconds_left: float
    marks: str = ""


class TrainCallback(Protocol):
    """Watches a run. A KeyboardInterrupt raised here stops the run as Ctrl-C does."""

    def on_progress(self, progress: Progress) -> None:
        """Some batches are done."""
        ...

    def on_epoch(self, record: EpochRecord) -> None:
        """An epoch is done and evaluated."""
        ...


class Callback:
    """A TrainCallback that does nothing: derive from it and override what you need."""

    def on_progress(self, progress: Progress) -> None:
        """Some batches are done."""

    def on_epoch(self, record: EpochRecord) -> None:
        """An epoch is done and evaluated."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Several callbacks as one."""

    members: tuple[TrainCallback, ...]

    @staticmethod
    def of(members: Iterable[TrainCallback]) -> Callbacks:
        """Bundle callbacks.

        Raises:
            DiagnosticError: BSC6033, one of them is no callback.
        """
        help = "derive from bsc_runtime.Callback and give a list: callbacks=[MyCallback()]"
        if not isinstance(members, Iterable):
            raise misfit("BSC6033", "callbacks", members, "a list of callbacks", help=help)
        found = tuple(members)
        for member in found:
            methods = (getattr(member, name, None) for name in ("on_progress", "on_epoch"))
            if isinstance(member, type) or not all(map(callable, methods)):
                raise misfit(
                    "BSC6033",
                    "a callback",
                    member,
                    "an object with the methods on_progress and on_epoch",
                    help=help,
                )
        return Callbacks(found)

    def on_progress(self, progress: Progress) -> None:
        """Tell all."""
        for member in self.members:
            member.on_progress(progress)

    def on_epoch(self, record: EpochRecord) -> None:
        """Tell all."""
        for member in self.members:
            member.on_epoch(record)

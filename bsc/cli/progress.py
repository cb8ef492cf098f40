"""How far a training run is: a bar on a terminal, a line an epoch in a log."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from bsc_runtime.train.callbacks import Callback, Progress
from bsc_runtime.train.history import EpochRecord

if TYPE_CHECKING:
    from rich.progress import TaskID

    from bsc.cli.output import Output

_STEPS = 1000


class TrainProgress(Callback):
    """Shows a run while it is entered.

    Args:
        output: where to.
        what: name of the run, for runs one after the other.
    """

    def __init__(self, output: Output, what: str = "training") -> None:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        self._output = output
        self._what = what
        self._epochs = 0
        self._left = ""
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[facts]}"),
            console=output.err,
            transient=True,
            disable=not output.err.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> TrainProgress:
        self._bars.start()
        self._task = self._bars.add_task(
            self._what, total=_STEPS, facts="preparing kernels, once for this machine"
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def on_progress(self, progress: Progress) -> None:
        """Move the bar."""
        self._epochs = progress.epochs
        self._left = duration(progress.seconds_left)
        if self._task is None:
            return
        done = progress.samples / max(1, progress.samples_in_epoch)
        facts = [f"{progress.samples_per_second:,.0f} samples/s", f"{self._left} left"]
        if progress.marks:
            facts.insert(0, progress.marks)
        self._bars.update(
            self._task,
            description=f"{self._what} {progress.epoch}/{progress.epochs}",
            completed=round(_STEPS * done),
            facts=", ".join(facts),
        )

    def on_epoch(self, record: EpochRecord) -> None:
        """Say how the epoch went."""
        facts = [f"{self._what} {record.epoch}/{max(self._epochs, record.epoch)}"]
        if record.marks:
            facts.append(f"{record.marks} ({record.accuracy_on})")
        if record.loss is not None:
            facts.append(f"loss {record.loss:.4f}")
        else:
            facts.append(f"{record.pulses_per_weight:.2f} pulses/weight")
            facts.append(f"saturated {100 * record.saturated:.1f} %")
        facts.append(f"{record.samples_per_second:,.0f} samples/s")
        if self._left and not self._output.err.is_terminal:
            facts.append(f"{self._left} left")
        self._output.progress(", ".join(facts))


def duration(seconds: float) -> str:
    """Seconds as `m:ss` or `h:mm:ss`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours}:{minutes:02}:{whole % 60:02}"
    return f"{minutes}:{whole % 60:02}"

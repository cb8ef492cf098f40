"""What a run leaves behind: one record an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bsc_runtime.metrics import OutputScore, told


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch.

    Attributes:
        epoch: its number, from 1, counted since the initial state.
        accuracy: share of right answers in analog mode after it, 0 to 1; None where not measured,
            where the targets are no classes, and where several outputs were measured.
        accuracy_on: `test`, `validation` or `train`: what was measured on.
        samples: samples presented in this epoch by this process.
        seconds: time spent presenting them; compilation, loading and evaluation left out.
        pulses_per_weight: pulses given since the initial state, for each weight.
        saturated: share of cells at a limit that pulses push them to.
        loss: mean cross-entropy over the epoch; the float `hp` rule alone has one.
        squared_error: of a single output with a logistic readout, else None.
        outputs: how well each output answers, by its name.
    """

    epoch: int
    accuracy: float | None
    accuracy_on: str
    samples: int
    seconds: float
    pulses_per_weight: float = 0.0
    saturated: float = 0.0
    loss: float | None = None
    squared_error: float | None = None
    outputs: Mapping[str, OutputScore] = field(default_factory=dict)

    @property
    def samples_per_second(self) -> float:
        """Speed of the epoch."""
        return _speed(self.samples, self.seconds)

    @property
    def marks(self) -> str:
        """Accuracy or squared error for people, of each output; empty where not measured."""
        return told(self.accuracy, self.squared_error, self.outputs)


@dataclass(slots=True)
class History:
    """The epochs of a run, those before a resume included.

    Attributes:
        records: one an epoch.
        samples: samples presented by this process, unfinished epochs included.
        seconds: time spent presenting them.
    """

    records: list[EpochRecord] = field(default_factory=list)
    samples: int = 0
    seconds: float = 0.0

    @property
    def samples_per_second(self) -> float:
        """Speed of this process over the whole run."""
        return _speed(self.samples, self.seconds)

    @property
    def accuracy(self) -> float | None:
        """Accuracy after the last epoch; None where not measured."""
        return self.records[-1].accuracy if self.records else None

    @property
    def squared_error(self) -> float | None:
        """Squared error after the last epoch; None where not measured."""
        return self.records[-1].squared_error if self.records else None

    @property
    def outputs(self) -> Mapping[str, OutputScore]:
        """How well each output answered after the last epoch."""
        return self.records[-1].outputs if self.records else {}

    def to_json(self) -> list[dict[str, Any]]:
        """The records as plain data."""
        return [asdict(record) for record in self.records]


def _speed(samples: int, seconds: float) -> float:
    """Samples a second; 0 where no time was measured."""
    return samples / seconds if seconds > 0 else 0.0

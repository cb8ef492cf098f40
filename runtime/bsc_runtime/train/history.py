"""What a run leaves behind: one record an epoch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch.

    Attributes:
        epoch: its number, from 1, counted since the initial state.
        accuracy: share of right answers in analog mode after it, 0 to 1; None where not measured.
        accuracy_on: `test`, `validation` or `train`: what accuracy was measured on.
        samples: samples presented in this epoch by this process.
        seconds: time spent presenting them; compilation, loading and evaluation left out.
        pulses_per_weight: pulses given since the initial state, for each weight.
        saturated: share of cells at a limit that pulses push them to.
        loss: mean cross-entropy over the epoch; the float `hp` rule alone has one.
    """

    epoch: int
    accuracy: float | None
    accuracy_on: str
    samples: int
    seconds: float
    pulses_per_weight: float = 0.0
    saturated: float = 0.0
    loss: float | None = None

    @property
    def samples_per_second(self) -> float:
        """Speed of the epoch."""
        return self.samples / self.seconds if self.seconds > 0 else 0.0


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
        return self.samples / self.seconds if self.seconds > 0 else 0.0

    @property
    def accuracy(self) -> float | None:
        """Accuracy after the last epoch; None where not measured."""
        return self.records[-1].accuracy if self.records else None

    def to_json(self) -> list[dict[str, Any]]:
        """The records as plain data."""
        return [asdict(record) for record in self.records]

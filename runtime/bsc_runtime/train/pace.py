"""How many samples to hand to an executor at once: often enough to watch, seldom enough to cost."""

from __future__ import annotations

from dataclasses import dataclass, field

_SECONDS = 0.1
_FIRST_SAMPLES = 512.0
_GROWTH = 4.0


@dataclass(slots=True)
class Pace:
    """Adapts the length of calls, in whole batches, to about a tenth of a second.

    Where calls are cut changes no result.

    Attributes:
        batch: samples of a batch.
        wanted: samples of the next call, before rounding to batches.
    """

    batch: int
    wanted: float = field(default_factory=lambda: _FIRST_SAMPLES)

    def samples(self) -> int:
        """Samples of the next call: a multiple of the batch."""
        return max(1, round(self.wanted / self.batch)) * self.batch

    def took(self, samples: int, seconds: float) -> None:
        """Learn from a call."""
        fitting = samples * _SECONDS / max(seconds, 1e-9)
        self.wanted = min(fitting, self.wanted * _GROWTH)

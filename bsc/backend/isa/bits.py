"""Where the bits lie that drive a core's reads, while they are kept for later loops.

Reads that are driven by the same signals share a vector, and one that is driven by a stretch of
another's is driven by a view of it. So a signal stands in several places only where it meets
different neighbours; then it is copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bsc.backend.isa.network import ReadSteps
from bsc.program.wiring import Signal


@dataclass(frozen=True, slots=True)
class Stretch:
    """A vector of several signals, one behind the other.

    Attributes:
        signals: the signals.
        read: the first read that is driven by all of it.
    """

    signals: tuple[Signal, ...]
    read: ReadSteps

    @property
    def size(self) -> int:
        """Elements."""
        return sum(signal.size for signal in self.signals)

    def start(self, place: int) -> int:
        """First element of the signal at a place."""
        return sum(signal.size for signal in self.signals[:place])


@dataclass(frozen=True, slots=True)
class Home:
    """Where something lies: the vector, and its first element there."""

    stretch: Stretch
    start: int


class Layout:
    """The vectors of bits of a core.

    Args:
        reads: those of the core that are to be driven, in order.
    """

    def __init__(self, reads: Iterable[ReadSteps]) -> None:
        wanted: dict[tuple[Signal, ...], ReadSteps] = {}
        for read in reads:
            wanted.setdefault(_signals(read), read)
        self.stretches = tuple(
            Stretch(signals, read)
            for signals, read in wanted.items()
            if not any(len(o) > len(signals) and _place(signals, o) >= 0 for o in wanted)
        )

    def driving(self, read: ReadSteps) -> Home:
        """Where the bits lie that drive a read."""
        signals = _signals(read)
        for stretch in self.stretches:
            place = _place(signals, stretch.signals)
            if place >= 0:
                return Home(stretch, stretch.start(place))
        raise ValueError(f"nothing drives {read.name} here")

    def homes(self, signal: Signal) -> tuple[Home, ...]:
        """All places where a signal has to stand; none where nobody here is driven by it."""
        return tuple(
            Home(stretch, stretch.start(place))
            for stretch in self.stretches
            for place, other in enumerate(stretch.signals)
            if other == signal
        )

    def inputs(self) -> tuple[Signal, ...]:
        """The inputs that are needed, each once, in the model's order."""
        found = {s for stretch in self.stretches for s in stretch.signals if s.input >= 0}
        return tuple(sorted(found, key=lambda signal: signal.input))


def _signals(read: ReadSteps) -> tuple[Signal, ...]:
    return tuple(part.signal for part in read.parts)


def _place(inner: Sequence[Signal], outer: Sequence[Signal]) -> int:
    """Where some signals stand next to each other among others, -1 if they do not."""
    for place in range(len(outer) - len(inner) + 1):
        if tuple(outer[place : place + len(inner)]) == tuple(inner):
            return place
    return -1

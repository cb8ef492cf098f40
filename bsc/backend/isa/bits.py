"""Where the bits lie that drive a core's reads, while they are kept for later loops.

Reads that are driven by the same signals share a vector, and one that is driven by a stretch of
another's is driven by a view of it. So a signal stands in several places only where it meets
different neighbours; then it is copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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

    Everything is looked up by signals: a network may have thousands of reads.

    Args:
        reads: those of the core that are to be driven, in order.

    Attributes:
        stretches: the vectors.
    """

    def __init__(self, reads: Iterable[ReadSteps]) -> None:
        wanted: dict[tuple[Signal, ...], list[ReadSteps]] = {}
        for read in reads:
            wanted.setdefault(_signals(read), []).append(read)
        stands = _where(wanted)
        kept = {
            signals: Stretch(signals, readers[0])
            for signals, readers in wanted.items()
            if not any(len(o) > len(signals) for o, _ in _around(signals, stands))
        }
        self.stretches = tuple(kept.values())
        self._homes = {
            signal: tuple(Home(kept[o], kept[o].start(place)) for o, place in at if o in kept)
            for signal, at in stands.items()
        }
        self._driving: dict[tuple[Signal, ...], Home] = {}
        self._driven: dict[tuple[Signal, ...], list[ReadSteps]] = {}
        for signals, readers in wanted.items():
            around = ((o, place) for o, place in _around(signals, stands) if o in kept)
            outer, place = next(around)
            self._driving[signals] = Home(kept[outer], kept[outer].start(place))
            self._driven.setdefault(outer, []).extend(readers)

    def driving(self, read: ReadSteps) -> Home:
        """Where the bits lie that drive a read."""
        return self._driving[_signals(read)]

    def driven(self, stretch: Stretch) -> Sequence[ReadSteps]:
        """The reads that a vector, or a part of it, drives."""
        return self._driven[stretch.signals]

    def homes(self, signal: Signal) -> tuple[Home, ...]:
        """All places where a signal has to stand; none where nobody here is driven by it."""
        return self._homes.get(signal, ())

    def inputs(self) -> tuple[Signal, ...]:
        """The inputs that are needed, each once, in the model's order."""
        found = {s for stretch in self.stretches for s in stretch.signals if s.input >= 0}
        return tuple(sorted(found, key=lambda signal: signal.input))


def _signals(read: ReadSteps) -> tuple[Signal, ...]:
    return tuple(part.signal for part in read.parts)


_Place = tuple[tuple[Signal, ...], int]
"""Some signals, one behind the other, and a place among them."""


def _where(wanted: Iterable[tuple[Signal, ...]]) -> dict[Signal, list[_Place]]:
    """All places where each signal stands."""
    found: dict[Signal, list[_Place]] = {}
    for signals in wanted:
        for place, signal in enumerate(signals):
            found.setdefault(signal, []).append((signals, place))
    return found


def _around(
    inner: tuple[Signal, ...], stands: Mapping[Signal, Sequence[_Place]]
) -> Iterator[_Place]:
    """Where some signals stand next to each other, themselves included."""
    for outer, place in stands[inner[0]]:
        if outer[place : place + len(inner)] == inner:
            yield outer, place

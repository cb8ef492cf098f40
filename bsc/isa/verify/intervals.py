"""Sets of elements as intervals: few, sorted, apart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class Intervals:
    """A set of numbers as intervals [start, stop) that neither overlap nor touch."""

    __slots__ = ("starts", "stops")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.stops: list[int] = []

    def __bool__(self) -> bool:
        return bool(self.starts)

    def copy(self) -> Intervals:
        """Another set of the same numbers."""
        other = Intervals()
        other.starts, other.stops = self.starts.copy(), self.stops.copy()
        return other

    def add(self, start: int, stop: int) -> None:
        """Put [start, stop) in."""
        first = bisect_left(self.stops, start)
        last = bisect_right(self.starts, stop)
        if first < last:
            start = min(start, self.starts[first])
            stop = max(stop, self.stops[last - 1])
        self.starts[first:last] = [start]
        self.stops[first:last] = [stop]

    def join(self, other: Intervals) -> None:
        """Put all numbers of another set in."""
        for start, stop in zip(other.starts, other.stops, strict=True):
            self.add(start, stop)

    def common(self, other: Intervals) -> Intervals:
        """Numbers of both."""
        found = Intervals()
        i = j = 0
        while i < len(self.starts) and j < len(other.starts):
            start = max(self.starts[i], other.starts[j])
            stop = min(self.stops[i], other.stops[j])
            if start < stop:
                found.starts.append(start)
                found.stops.append(stop)
            if self.stops[i] < other.stops[j]:
                i += 1
            else:
                j += 1
        return found

    def missing(self, start: int, stop: int) -> int | None:
        """The first number of [start, stop) that is not in the set, None if all are."""
        place = bisect_right(self.starts, start) - 1
        if place >= 0 and self.stops[place] > start:
            return None if self.stops[place] >= stop else self.stops[place]
        return start

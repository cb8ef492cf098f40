"""Piecewise linear, non-decreasing functions in exact arithmetic.

Thresholds of such functions often fall on integers (a truncated ReLU's do), where a rounding error
would move an entry; so they are computed in fractions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from bsc.numerics.errors import NumericsError

Bound = Fraction | None
"""An end of an interval; None is open, at infinity."""


@dataclass(frozen=True, slots=True)
class Polyline:
    """Knots joined by straight lines, with a slope of its own at each side.

    Attributes:
        knots: points (x, value), at least one; x ascends, values do not descend.
        left: slope before the first knot, >= 0.
        right: slope behind the last knot, >= 0.
    """

    knots: tuple[tuple[Fraction, Fraction], ...]
    left: Fraction = Fraction(0)
    right: Fraction = Fraction(0)

    def segments(self) -> Iterator[tuple[Bound, Bound, Fraction]]:
        """Open intervals from left to right, each with its slope."""
        yield None, self.knots[0][0], self.left
        for (x0, v0), (x1, v1) in pairwise(self.knots):
            yield x0, x1, (v1 - v0) / (x1 - x0)
        yield self.knots[-1][0], None, self.right

    def last_at_most(self, value: Fraction) -> Fraction | float:
        """sup{x: f(x) <= value}; -inf where there is none, inf where all are."""
        first_x, first_value = self.knots[0]
        if value < first_value:
            return first_x + (value - first_value) / self.left if self.left else float("-inf")
        for (x0, v0), (x1, v1) in pairwise(self.knots):
            if v0 <= value < v1:
                return x0 + (value - v0) * (x1 - x0) / (v1 - v0)
        last_x, last_value = self.knots[-1]
        return last_x + (value - last_value) / self.right if self.right else float("inf")

    def first_at_least(self, value: Fraction) -> Fraction | float:
        """inf{x: f(x) >= value}; inf where there is none, -inf where all are."""
        mirrored = Polyline(tuple((-x, -v) for x, v in reversed(self.knots)), self.right, self.left)
        return -mirrored.last_at_most(-value)

    def mapped(self, stretch: Fraction, low: Fraction, high: Fraction) -> Polyline:
        """The function x -> clip((f(x / stretch) - low) / (high - low), 0, 1)."""
        span = high - low
        knots = tuple((x * stretch, (v - low) / span) for x, v in self.knots)
        scale = stretch * span
        free = Polyline(knots, self.left / scale, self.right / scale)
        start, stop = free.last_at_most(Fraction(0)), free.first_at_least(Fraction(1))
        if start == float("inf"):
            return Polyline(((Fraction(0), Fraction(0)),))
        if stop == float("-inf"):
            return Polyline(((Fraction(0), Fraction(1)),))
        kept = [(x, v) for x, v in knots if 0 < v < 1]
        if isinstance(start, Fraction):
            kept.insert(0, (start, Fraction(0)))
        if isinstance(stop, Fraction):
            kept.append((stop, Fraction(1)))
        return Polyline(tuple(kept))

    def steeper_than(self, slope: Fraction) -> tuple[Bound, Bound] | None:
        """The open interval where f' >= slope > 0; at a knot, f' is the smaller slope beside it.

        Returns:
            its ends, or None where f' is nowhere so large.

        Raises:
            NumericsError: the set is no interval.
        """
        parts = [(x0, x1) for x0, x1, s in self.segments() if s >= slope]
        if not parts:
            return None
        if any(a[1] != b[0] for a, b in pairwise(parts)):
            raise NumericsError("the derivative exceeds a threshold on several intervals")
        return parts[0][0], parts[-1][1]

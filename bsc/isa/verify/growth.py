"""How a number grows: it is added to, or set, again and again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Growth:
    """What instructions do to the bound v of a number's magnitude: max(v + grown, set_to).

    Attributes:
        grown: what is added to a number that is set nowhere, None if it surely is set.
        set_to: bound of a number that was set on the way, after all that was added behind.
        peak: what is added to v, at most, before it is set for the first time.
        peak_set: the largest bound on the way of a number that was set.
    """

    grown: int | None
    set_to: int
    peak: int
    peak_set: int

    @classmethod
    def adding(cls, amount: int) -> Growth:
        """Something is added."""
        return cls(amount, 0, amount, 0)

    @classmethod
    def setting(cls, amount: int, *, surely: bool) -> Growth:
        """The number is set, perhaps or surely."""
        return cls(None if surely else 0, amount, 0, amount)

    def then(self, after: Growth) -> Growth:
        """One behind the other."""
        if self.grown is None:
            grown, peak = None, self.peak
        else:
            grown = None if after.grown is None else self.grown + after.grown
            peak = max(self.peak, self.grown + after.peak)
        kept = after.set_to
        if after.grown is not None:
            kept = max(kept, self.set_to + after.grown)
        peak_set = max(self.peak_set, self.set_to + after.peak, after.peak_set)
        return Growth(grown, kept, peak, peak_set)

    def times(self, passes: int) -> Growth:
        """So many of them, one behind the other."""
        if passes == 1:
            return self
        if self.grown is None:
            return self.then(self)  # from the second on they are alike
        more = self.grown * (passes - 1)
        before_last = self.set_to + self.grown * (passes - 2)
        return Growth(
            self.grown * passes,
            self.set_to + more,
            self.peak + more,
            max(self.peak_set, before_last + self.peak),
        )


NOTHING = Growth(0, 0, 0, 0)
"""Nothing happens."""

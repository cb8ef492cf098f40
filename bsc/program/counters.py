"""How far the counters of each array may go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bsc.tiling.plan import Step, StepOp

COUNTER_MAX = 2**31 - 1
"""A counter has 32 bits in meaning."""


@dataclass(frozen=True, slots=True)
class CounterBound:
    """What bounds the counters of one array.

    Attributes:
        rest: the largest |A| that a check leaves: T - 1, 0 where nothing is kept.
        places: how many reads of the array count; a sample counts once at each.
    """

    rest: int
    places: int

    def largest(self, batch: int) -> int:
        """Largest |A| that a batch of so many samples may lead to."""
        return self.rest + batch * self.places


def counter_bounds(
    arrays: int, training: Iterable[Step], update: Iterable[Step]
) -> list[CounterBound]:
    """The bound of each of so many arrays, from the steps of a program."""
    rests = {s.array: s.number("threshold") - 1 for s in update if s.op is StepOp.CARRY}
    counted = [step.array for step in training if step.op is StepOp.COUNT]
    return [CounterBound(rests.get(i, 0), counted.count(i)) for i in range(arrays)]

"""Where vectors lie: each is a range of elements in a slot of a vector of its own memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bsc.isa.kinds import VectorKind
from bsc.isa.records import NO_PARENT, Vector


@dataclass(frozen=True, slots=True)
class Area:
    """Where a vector lies.

    Attributes:
        kind: which memory.
        root: number of the vector that it is a view of, its own where it is none.
        start, stop: elements [start, stop) of the root's slot.
        low, high: elements [low, high) of the memory that all slots of the root take.
        slots: slots of the root.
    """

    kind: VectorKind
    root: int
    start: int
    stop: int
    low: int
    high: int
    slots: int

    def meets(self, other: Area) -> bool:
        """Whether an instruction that has both as operands finds them in shared memory.

        Views of one vector are met in the same slot, so only their ranges count.
        """
        if self.kind is not other.kind:
            return False
        if self.root == other.root:
            return self.start < other.stop and other.start < self.stop
        return self.low < other.high and other.low < self.high


def areas(vectors: Sequence[Vector]) -> tuple[Area, ...]:
    """Areas of a core's vectors, which are known to be in order."""
    found: list[Area] = []
    for number, vector in enumerate(vectors):
        if vector.parent == NO_PARENT:
            start, root = 0, vector
        else:
            number, start, root = vector.parent, vector.base, vectors[vector.parent]
        high = root.base + root.slots * root.length
        found.append(
            Area(
                VectorKind(root.kind),
                number,
                start,
                start + vector.length,
                root.base,
                high,
                root.slots,
            )
        )
    return tuple(found)

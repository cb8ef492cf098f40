"""Vectors get places by liveness: two share memory where no pass of a loop has both alive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bsc.backend.isa.code import Area, Item
from bsc.isa.kinds import VectorKind

_ALIGNED = 64
"""Vectors begin at multiples of so many elements: whole words of the bit memory."""


@dataclass(frozen=True, slots=True)
class _Life:
    area: Area
    start: int
    stop: int

    @property
    def elements(self) -> int:
        return self.area.length * self.area.slots


def place_vectors(items: Sequence[Item]) -> tuple[dict[Area, int], dict[VectorKind, int]]:
    """First element of every vector that owns memory, and elements used of each memory.

    First fit by start of life; ties by size, the largest first.
    """
    lives = sorted(_lives(items), key=lambda life: (life.start, -life.elements))
    bases: dict[Area, int] = {}
    used: dict[VectorKind, int] = {}
    placed: list[_Life] = []
    for life in lives:
        taken = sorted(
            (bases[p.area], bases[p.area] + p.elements)
            for p in placed
            if p.area.kind is life.area.kind and p.start <= life.stop and life.start <= p.stop
        )
        at = 0
        for start, stop in taken:
            if at + life.elements <= start:
                break
            at = max(at, -(-stop // _ALIGNED) * _ALIGNED)
        bases[life.area] = at
        used[life.area.kind] = max(used.get(life.area.kind, 0), at + life.elements)
        placed.append(life)
    return bases, used


def _lives(items: Sequence[Item]) -> list[_Life]:
    """From first to last touch of each vector, stretched to the loops that it lives through."""
    stacks: list[tuple[int, ...]] = []  # the loops around each item, by the place of their opening
    ends: dict[int, int] = {}
    open_loops: list[int] = []
    slot_loops: set[int] = set()
    for place, item in enumerate(items):
        if item.name == "end":
            ends[open_loops[-1]] = place
            stacks.append(tuple(open_loops))
            open_loops.pop()
            continue
        if item.opens:
            open_loops.append(place)
            if item.over_slots:
                slot_loops.add(place)
        stacks.append(tuple(open_loops))
    touched: dict[Area, list[int]] = {}
    for place, item in enumerate(items):
        for operand in item.operands.values():
            if isinstance(operand, Area):
                touched.setdefault(operand.root, []).append(place)
    lives = []
    for area, places in touched.items():
        common = _common([stacks[p] for p in places])
        around = [loop for loop in common if loop in slot_loops]
        if around:  # all in one loop over slots: its passes overlap in time
            lives.append(_Life(area, around[0], ends[around[0]]))
            continue
        depth = len(common)
        spans = []
        for p in places:
            inner = stacks[p][depth : depth + 1]
            spans.append((inner[0], ends[inner[0]]) if inner else (p, p))
        lives.append(_Life(area, min(s for s, _ in spans), max(e for _, e in spans)))
    return lives


def _common(stacks: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Loops that are around all of the items."""
    depth = min(map(len, stacks))
    while len({stack[:depth] for stack in stacks}) > 1:
        depth -= 1
    return stacks[0][:depth]

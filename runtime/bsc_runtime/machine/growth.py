"""How far counters can grow between two checks, so that they need not be kept in 32 bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind, Register, tiles_of
from bsc.isa.verify import Proof
from bsc.isa.verify.trees import Instr, Loop, Node, host_registers

_MOST = (1 << 31) - 1

_LOOKED_AT = 1 << 22
"""Tiles times words of code of a core up to which counters are followed one by one."""


@dataclass(slots=True)
class _Counted:
    """What code does to the counters of each tile.

    Attributes:
        before: counts before the first check in it; all of them where there is none.
        peak: largest |A| after the first check.
        end: largest |A| at the end, where it was checked.
        checked: whether it was.
    """

    before: npt.NDArray[np.float64]
    peak: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    checked: npt.NDArray[np.bool_]

    @classmethod
    def none(cls, tiles: int) -> _Counted:
        zeros = np.zeros((3, tiles))
        return cls(zeros[0], zeros[1], zeros[2], np.zeros(tiles, bool))

    def follow(self, other: _Counted) -> None:
        """Append what comes next."""
        reached = np.where(self.checked, self.end + other.before, 0)
        self.peak = np.maximum(self.peak, np.maximum(reached, other.peak))
        self.before = np.where(self.checked, self.before, self.before + other.before)
        self.end = np.where(other.checked, other.end, reached)
        self.checked = self.checked | other.checked

    def repeated(self, passes: int) -> _Counted:
        """The same so many times."""
        twice = np.where(self.checked, np.maximum(self.peak, self.end + self.before), 0)
        return _Counted(
            np.where(self.checked, self.before, self.before * passes),
            twice if passes > 1 else self.peak,
            self.end,
            self.checked,
        )


def largest_counter(
    image: Image,
    proof: Proof,
    kind: EntryKind,
    rest: int,
    counts: Mapping[str, int],
) -> int:
    """Largest |A| that a run can lead to.

    Args:
        image: the image.
        proof: its loops.
        kind: the entry.
        rest: largest |A| at the start.
        counts: samples, batch, repeats and reads, as the host writes them.
    """
    most = float(rest)
    for core, trees in enumerate(proof.trees):
        if any(node.name == "place" for node in _flat(trees[kind])):
            return _MOST
        registers = host_registers(**counts)
        if len(image.cores[core].tiles) * len(image.cores[core].code) > _LOOKED_AT:
            # Too much to follow tile by tile: as if nothing was ever checked.
            most = max(most, rest + proof.executed(kind, core, "count", **counts))
            continue
        found = _walk(image, core, trees[kind], registers)
        reached = np.maximum(rest + found.before, found.peak)
        most = max(most, float(reached.max(initial=0)))
    return int(min(most, 2.0**62))


def _walk(
    image: Image, core: int, nodes: Sequence[Node], registers: dict[Register, int]
) -> _Counted:
    tiles = len(image.cores[core].tiles)
    total = _Counted.none(tiles)
    for node in nodes:
        if isinstance(node, Loop):
            if not any(n.name in ("count", "carry", "step") for n in _flat(node.body)):
                continue
            for passes in node.passes(registers):
                total.follow(_walk(image, core, node.body, registers).repeated(passes))
        elif node.name in ("count", "carry", "step"):
            total.follow(_one(image, node, tiles))
    return total


def _one(image: Image, node: Instr, tiles: int) -> _Counted:
    found = _Counted.none(tiles)
    named = list(tiles_of(node.decoded.operands["tiles"]))
    if node.name == "count":
        found.before[named] = 1
        return found
    left = 0
    if node.name == "carry":
        left = image.updates[node.decoded.operands["update"]].threshold - 1
    found.checked[named] = True
    found.end[named] = found.peak[named] = left
    return found


def _flat(nodes: Sequence[Node]) -> list[Instr]:
    found: list[Instr] = []
    for node in nodes:
        if isinstance(node, Loop):
            found += _flat(node.body)
        else:
            found.append(node)
    return found

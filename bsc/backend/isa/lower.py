"""Names, numbers of vectors, and words: the last steps from items to an image."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

from bsc.backend.isa.allocate import place_vectors
from bsc.backend.isa.code import Area, Code, Item, Tiles
from bsc.isa.kinds import TILES_IN_MASK, VectorKind, tiles_field
from bsc.isa.records import NO_PARENT, Vector
from bsc.isa.words import encode_word

_NAME = re.compile(r"[^A-Za-z0-9_.]+")
_LONGEST_NAME = 64


class Names:
    """Legal names of assembly, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, text: str) -> str:
        """A name like the text."""
        stem = _NAME.sub("_", text).strip("_.")[: _LONGEST_NAME - 8] or "v"
        if not (stem[0].isalpha() or stem[0] == "_"):
            stem = f"v_{stem}"
        name = stem
        for number in itertools.count(2):
            if name not in self._taken:
                break
            name = f"{stem}.{number}"
        self._taken.add(name)
        return name


class CoreVectors:
    """The vectors of a core; entries share those that lie alike."""

    def __init__(self) -> None:
        self.records: list[Vector] = []
        self._known: dict[tuple[object, ...], int] = {}
        self._names = Names()

    def add(self, code: Code) -> tuple[dict[Area, int], dict[VectorKind, int]]:
        """Numbers of an entry's vectors, and elements used of each memory."""
        bases, used = place_vectors(code.items)
        numbers: dict[Area, int] = {}
        for item in code.items:
            for area in item.operands.values():
                if isinstance(area, Area) and area not in numbers:
                    if area.parent is not None and area.parent not in numbers:
                        numbers[area.parent] = self._number(area.parent, bases[area.parent])
                    parent = NO_PARENT if area.parent is None else numbers[area.parent]
                    base = bases[area] if area.parent is None else area.offset
                    numbers[area] = self._number(area, base, parent)
        return numbers, used

    def _number(self, area: Area, base: int, parent: int = NO_PARENT) -> int:
        key = (area.name, area.kind, area.length, base, area.slots, area.first, parent)
        if key not in self._known:
            self._known[key] = len(self.records)
            self.records.append(
                Vector(
                    self._names.of(area.name),
                    area.kind,
                    area.length,
                    base,
                    area.slots,
                    area.first,
                    parent,
                )
            )
        return self._known[key]


def words_of(item: Item, numbers: Mapping[Area, int]) -> list[int]:
    """The words of an item: one, or one for each mask of tiles."""
    plain = {
        name: numbers[value] if isinstance(value, Area) else value
        for name, value in item.operands.items()
        if not isinstance(value, Tiles)
    }
    masks = [v for v in item.operands.values() if isinstance(v, Tiles)]
    if not masks:
        return [encode_word(item.name, **plain)]
    words = []
    name = item.name
    for field in _fields(masks[0].numbers):
        words.append(encode_word(name, tiles=field, **plain))
        if name in ("read", "readt"):
            name += ".add"
    return words


def _fields(tiles: Sequence[int]) -> Iterable[int]:
    at = 0
    while at < len(tiles):
        stop = at
        while stop < len(tiles) and tiles[stop] < tiles[at] + TILES_IN_MASK:
            stop += 1
        yield tiles_field(tuple(tiles[at:stop]))
        at = stop

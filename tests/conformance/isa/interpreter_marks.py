"""Marked word lines in plain Python: which counters a check looks at (docs/isa.md, section 3).

They change no result, only cycles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from interpreter_file import Image, Record, tiles_of
from interpreter_tiles import Array


def _rows(tile: Record) -> range:
    return range(tile["row_start"], tile["row_stop"])


def _width(tiles: Sequence[Record]) -> int:
    """Bit lines from the first to the last one."""
    start = min(tile["column_start"] for tile in tiles)
    return max(tile["column_stop"] for tile in tiles) - start


class Marks:
    """The marks of one core: a share's number and a word line each."""

    def __init__(self, image: Image, core: int, arrays: list[Array]) -> None:
        self.tiles = image.cores[core].tiles
        self.share: list[int] = self._shares()
        self.always: set[int] = set()
        least: dict[int, set[int]] = {}
        for instruction in image.cores[core].code:
            if instruction.name not in ("carry", "step"):
                continue
            threshold = image.updates[instruction.operands["update"]]["threshold"]
            named = tiles_of(instruction.operands["tiles"])
            for number in named:
                share = self.share[number]
                least.setdefault(share, set()).add(threshold)
                if not self._complete(number, named):
                    self.always.add(share)
        self.always |= {share for share, found in least.items() if len(found) > 1}
        self.marked = {
            (self.share[number], row)
            for number, tile in enumerate(self.tiles)
            for row in _rows(tile)
            for count in arrays[tile["array"]].counters[row][
                tile["column_start"] : tile["column_stop"]
            ]
            if abs(count) >= max(1, min(least.get(self.share[number], {1})))
        }

    def _shares(self) -> list[int]:
        """A core's tiles of an array where they fill a rectangle, else each of them for itself."""
        found = list(range(len(self.tiles)))
        for array in {tile["array"] for tile in self.tiles}:
            numbers = [n for n, tile in enumerate(self.tiles) if tile["array"] == array]
            tiles = [self.tiles[n] for n in numbers]
            lines = [row for tile in tiles for row in _rows(tile)]
            height = max(lines) + 1 - min(lines)
            cells = sum(len(_rows(t)) * (t["column_stop"] - t["column_start"]) for t in tiles)
            if cells == height * _width(tiles):
                for number in numbers:
                    found[number] = numbers[0]
        return found

    def _complete(self, number: int, named: list[int]) -> bool:
        """Whether tiles of the same word lines, side by side, have all bit lines of the share."""
        own, share = self.tiles[number], self.share[number]
        beside = [
            self.tiles[n]
            for n in named
            if self.share[n] == share and _rows(self.tiles[n]) == _rows(own)
        ]
        columns = sum(tile["column_stop"] - tile["column_start"] for tile in beside)
        return columns == _width([t for n, t in enumerate(self.tiles) if self.share[n] == share])

    def mark(self, tile: int, rows: Sequence[int]) -> None:
        """Word lines that `count` drives or `place` writes."""
        self.marked.update((self.share[tile], row) for row in rows)

    def take(self, named: list[int]) -> dict[int, int]:
        """How many word lines of each tile a check looks at; their marks are cleared."""
        looked, seen = {}, set()
        for number in named:
            lines = set(self._lines(number))
            always = self.share[number] in self.always
            looked[number] = len(lines if always else lines & self.marked)
            seen |= lines
        self.marked -= seen
        return looked

    def _lines(self, number: int) -> Iterator[tuple[int, int]]:
        for row in _rows(self.tiles[number]):
            yield self.share[number], row

"""Tiles that lie beside each other are kept and worked on together: blocks and rectangles.

A core's tiles of one array are a block where they fill a rectangle; otherwise each tile is a block.
What the tiles of an instruction's mask fill in a block is cut into as few rectangles as their rows
and columns allow: one, in generated code. A sum over rows then goes through all tiles that stand
above each other at once. No result and no cycle depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bsc.isa.image import Image
from bsc.isa.records import TilePlace
from bsc.isa.timing import over


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Cells of an array: word lines [row_start, row_stop), bit lines [column_start, column_stop).

    Attributes:
        block: number of the block that it lies in; for a block its own.
        array: number of the array.
        across: cycles of the counter unit for one of its word lines.
        side: tiles side by side.
    """

    block: int
    array: int
    row_start: int
    row_stop: int
    column_start: int
    column_stop: int
    across: int
    side: int

    @property
    def rows(self) -> int:
        """Word lines."""
        return self.row_stop - self.row_start

    @property
    def columns(self) -> int:
        """Bit lines."""
        return self.column_stop - self.column_start


class Blocks:
    """Blocks of an image, and the rectangles that its instructions name.

    Attributes:
        blocks: all blocks.
        rectangles: those asked for so far.
    """

    def __init__(self, image: Image) -> None:
        self._lanes = image.timing.counter_lanes
        self._tiles = [core.tiles for core in image.cores]
        self._block_of: dict[tuple[int, int], int] = {}
        self.blocks: list[Rectangle] = []
        self.rectangles: list[Rectangle] = []
        self._known: dict[Rectangle, int] = {}
        for core, tiles in enumerate(self._tiles):
            for array in sorted({tile.array for tile in tiles}):
                numbers = [n for n, tile in enumerate(tiles) if tile.array == array]
                whole = self._fill(core, numbers)
                for group in [numbers] if whole else [[n] for n in numbers]:
                    self._add(core, group)

    def named(self, core: int, tiles: Sequence[int]) -> list[int]:
        """Numbers of the rectangles that tiles of a core fill."""
        found: list[int] = []
        by_block: dict[int, list[int]] = {}
        for tile in tiles:
            by_block.setdefault(self._block_of[core, tile], []).append(tile)
        for block, members in by_block.items():
            found += [
                self._number(r) for r in self._cut(block, [self._tiles[core][m] for m in members])
            ]
        return found

    def whole(self, rectangle: Rectangle) -> bool:
        """Whether a rectangle is as wide as its block."""
        block = self.blocks[rectangle.block]
        return block.columns == rectangle.columns

    def _fill(self, core: int, numbers: Sequence[int]) -> bool:
        """Whether tiles, which do not overlap, fill the rectangle around them."""
        tiles = [self._tiles[core][n] for n in numbers]
        height = max(t.row_stop for t in tiles) - min(t.row_start for t in tiles)
        width = max(t.column_stop for t in tiles) - min(t.column_start for t in tiles)
        cells = sum((t.row_stop - t.row_start) * (t.column_stop - t.column_start) for t in tiles)
        return cells == height * width

    def _add(self, core: int, numbers: Sequence[int]) -> None:
        block = len(self.blocks)
        tiles = [self._tiles[core][n] for n in numbers]
        self.blocks.append(self._around(block, tiles))
        self._block_of |= {(core, n): block for n in numbers}

    def _around(self, block: int, tiles: Sequence[TilePlace]) -> Rectangle:
        top = min(t.row_start for t in tiles)
        widths = [t.column_stop - t.column_start for t in tiles if t.row_start == top]
        return Rectangle(
            block,
            tiles[0].array,
            top,
            max(t.row_stop for t in tiles),
            min(t.column_start for t in tiles),
            max(t.column_stop for t in tiles),
            sum(over(width, self._lanes) for width in widths),
            len(widths),
        )

    def _cut(self, block: int, tiles: Sequence[TilePlace]) -> list[Rectangle]:
        """Runs of tiles side by side, then runs that stand above each other and are cut alike."""
        runs: list[list[TilePlace]] = []
        for tile in sorted(tiles, key=lambda t: (t.row_start, t.row_stop, t.column_start)):
            last = runs[-1][-1] if runs else None
            if (
                last is not None
                and (last.row_start, last.row_stop) == (tile.row_start, tile.row_stop)
                and last.column_stop == tile.column_start
            ):
                runs[-1].append(tile)
            else:
                runs.append([tile])
        stacks: list[list[TilePlace]] = []
        open_stacks: dict[tuple[tuple[int, int], ...], list[TilePlace]] = {}
        for run in runs:
            cut = tuple((t.column_start, t.column_stop) for t in run)
            stack = open_stacks.get(cut)
            if stack is not None and stack[-1].row_stop == run[0].row_start:
                stack += run
            else:
                open_stacks[cut] = list(run)
                stacks.append(open_stacks[cut])
        return [self._around(block, stack) for stack in stacks]

    def _number(self, rectangle: Rectangle) -> int:
        if rectangle not in self._known:
            self._known[rectangle] = len(self.rectangles)
            self.rectangles.append(rectangle)
        return self._known[rectangle]

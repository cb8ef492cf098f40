"""Cuts arrays into tiles of at most rows x columns and numbers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bsc.tiling.plan import Tile


def cuts(extent: int, most: int) -> Iterator[tuple[int, int]]:
    """Ranges that cover [0, extent): whole tiles first, the rest in the last one."""
    for start in range(0, extent, most):
        yield start, min(start + most, extent)


def partition(
    arrays: Iterable[tuple[int, int]], rows: int, columns: int
) -> tuple[tuple[Tile, ...], ...]:
    """Tiles of each array.

    Tiles are numbered array by array, top to bottom, left to right within a row of tiles, so tiles
    whose sums meet on the same bit lines stand `column tiles` apart.

    Args:
        arrays: (word lines, bit lines) of each logical array.
        rows: word lines of a tile.
        columns: bit lines of a tile.
    """
    placed: list[tuple[Tile, ...]] = []
    number = 0
    for index, (word_lines, bit_lines) in enumerate(arrays):
        tiles: list[Tile] = []
        for row, (row_start, row_stop) in enumerate(cuts(word_lines, rows)):
            for column, (column_start, column_stop) in enumerate(cuts(bit_lines, columns)):
                tiles.append(
                    Tile(number, index, row, column, row_start, row_stop, column_start, column_stop)
                )
                number += 1
        placed.append(tuple(tiles))
    return tuple(placed)

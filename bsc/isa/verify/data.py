"""Data that code names by number: chip, vectors, arrays and their tiles."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from bsc.isa.image import Core, Image
from bsc.isa.kinds import VectorKind
from bsc.isa.records import (
    LAYOUTS,
    NO_PARENT,
    ChipLimits,
    LogicalArray,
    TilePlace,
    Timing,
    Vector,
)
from bsc.isa.verify.report import DATA, Report
from bsc.numerics.state import CellStyle
from bsc.numerics.table_rules import NOISE_BITS, SUM_LINES

TILE_LINES = 1024
"""Most word lines and most bit lines of a tile: sums of a read are exact in single precision."""

ELEMENTS = 1 << 31
"""Elements of a layer are numbered below it, as classes are."""

_ARRAYS = 1 << 16
_TILES = 1 << 16
_CELLS = 1 << 32
_SCALE = 1 << 24

_QUEUE_MOST = 64
"""Instructions that a unit may hold: a chip has room for so many."""


def check_data(image: Image, report: Report) -> None:
    """Report what is wrong with chip, timing, arrays, vectors and tiles."""
    if len(image.target) != 32:
        report.wrong(DATA, "target", f"{len(image.target)} bytes, expected 32")
    _chip(image.chip, report)
    if fits(image.timing, "timing", DATA, report):
        for field in fields(Timing):
            if getattr(image.timing, field.name) < 1:
                report.wrong(DATA, "timing", f"{field.name} is 0, expected 1 or more")
        if image.timing.queue > _QUEUE_MOST:
            found = image.timing.queue
            report.wrong(DATA, "timing", f"queue is {found}, expected 1 to {_QUEUE_MOST}")
    arrays = [_array(number, array, report) for number, array in enumerate(image.arrays)]
    if len(image.arrays) > _ARRAYS:
        report.wrong(DATA, "arrays", f"{len(image.arrays)} arrays, expected at most {_ARRAYS}")
    placed: list[list[TilePlace]] = [[] for _ in image.arrays]
    chip_numbers: set[int] = set()
    for number, core in enumerate(image.cores):
        _vectors(number, core, image.chip, report)
        _tiles(number, core, image, placed, chip_numbers, report)
    for number, (array, good) in enumerate(zip(image.arrays, arrays, strict=True)):
        problem = cover_problem(array, placed[number]) if good else ""
        if problem:
            report.wrong(DATA, f"array {array.name}", problem)


def fits(record: Any, path: str, code: str, report: Report) -> bool:
    """Whether the numbers of a record fit their fields: an image need not come from a file."""
    good = True
    for field in LAYOUTS[type(record)].fields:
        number = getattr(record, field.name)
        if isinstance(number, str):
            continue
        if not (isinstance(number, int) and field.least <= number <= field.most):
            expected = f"{field.least} to {field.most}"
            report.wrong(code, path, f"{field.name} is {number}, expected {expected}")
            good = False
    return good


def _chip(chip: ChipLimits, report: Report) -> None:
    if not fits(chip, "chip", DATA, report):
        return
    least, most = NOISE_BITS
    if not least <= chip.noise_bits <= most:
        message = f"noise_bits is {chip.noise_bits}, expected {least} to {most}"
        report.wrong(DATA, "chip", message)
    for name in ("channel_depth", "batch"):
        if getattr(chip, name) < 1:
            report.wrong(DATA, "chip", f"{name} is 0, expected 1 or more")


def _array(number: int, array: LogicalArray, report: Report) -> bool:
    path = f"array {array.name or number}"
    if not isinstance(array.style, CellStyle):
        report.wrong(DATA, path, f"there is no style {array.style}")
        return False
    found: list[str] = []
    if not fits(array, path, DATA, report):
        return False
    if not 1 <= array.inputs <= array.rows or array.columns < 1:
        sizes = f"{array.rows} rows, {array.inputs} inputs, {array.columns} columns"
        found.append(f"{sizes}: expected rows >= inputs >= 1 and columns >= 1")
    lines = max(array.rows, array.columns)
    if lines > SUM_LINES:
        found.append(f"sums over {lines} lines may exceed 32 bits (at most {SUM_LINES} lines)")
    if array.rows * array.columns > _CELLS:
        found.append(f"{array.rows} x {array.columns} cells, draws tell 2**32 apart")
    if not 1 <= array.scale <= _SCALE:
        found.append(f"scale is {array.scale}, expected 1 to 2**24")
    if array.wear not in (0, 1):
        found.append(f"wear is {array.wear}, expected 0 or 1")
    for message in found:
        report.wrong(DATA, path, message)
    return not found


def _vectors(number: int, core: Core, chip: ChipLimits, report: Report) -> None:
    if len(core.vectors) > NO_PARENT:
        message = f"{len(core.vectors)} vectors, expected at most {NO_PARENT}"
        report.wrong(DATA, f"core {number}", message)
    for place, vector in enumerate(core.vectors):
        path = f"core {number}, vector {vector.name or place}"
        if not isinstance(vector.kind, VectorKind):
            report.wrong(DATA, path, f"there is no kind {vector.kind} of vectors")
        elif fits(vector, path, DATA, report):
            for message in _vector(place, vector, core.vectors, chip):
                report.wrong(DATA, path, message)


def _vector(place: int, vector: Vector, vectors: Sequence[Vector], chip: ChipLimits) -> list[str]:
    found: list[str] = []
    if vector.length < 1 or vector.slots < 1:
        found.append(f"length {vector.length}, {vector.slots} slots: expected 1 or more of each")
    if vector.first + vector.length > ELEMENTS:
        found.append(f"elements {vector.first} + {vector.length} exceed 2**31")
    if vector.parent == NO_PARENT:
        end, most = vector.base + vector.slots * vector.length, chip.memory(vector.kind)
        if end > most:
            kind = VectorKind(vector.kind).name.lower()
            found.append(f"takes {kind} memory up to {end}, the chip has {most} elements")
        return found
    if vector.parent >= place:
        found.append(f"is a view of vector {vector.parent}, which does not come before it")
        return found
    parent = vectors[vector.parent]
    if parent.parent != NO_PARENT:
        found.append(f"is a view of {parent.name}, which is a view itself")
    if parent.kind != vector.kind or parent.slots != vector.slots:
        found.append(f"has not the kind and the slots of {parent.name}, which it is a view of")
    if vector.base + vector.length > parent.length:
        end = vector.base + vector.length
        found.append(f"takes elements up to {end} of {parent.name}, which has {parent.length}")
    return found


def _tiles(
    number: int,
    core: Core,
    image: Image,
    placed: list[list[TilePlace]],
    chip_numbers: set[int],
    report: Report,
) -> None:
    if len(core.tiles) > _TILES:
        report.wrong(DATA, f"core {number}", f"{len(core.tiles)} tiles, expected at most {_TILES}")
    for place, tile in enumerate(core.tiles):
        path = f"core {number}, tile {place}"
        if not fits(tile, path, DATA, report):
            continue
        if tile.number in chip_numbers:
            report.wrong(DATA, path, f"another tile has the number {tile.number} on the chip too")
        chip_numbers.add(tile.number)
        if tile.array >= len(image.arrays):
            report.wrong(DATA, path, f"there is no array {tile.array}")
            continue
        height, width = tile.row_stop - tile.row_start, tile.column_stop - tile.column_start
        if not (1 <= height <= TILE_LINES and 1 <= width <= TILE_LINES):
            message = f"{height} x {width} cells, expected 1 to {TILE_LINES} either way"
            report.wrong(DATA, path, message)
            continue
        placed[tile.array].append(tile)


def cover_problem(array: LogicalArray, tiles: Sequence[TilePlace]) -> str:
    """Whether tiles hold each cell of an array exactly once: what is wrong, empty if they do.

    Word lines are gone through in order; the tiles that hold one are kept sorted by bit line, so
    a tile that begins is compared with its two neighbours only.
    """
    cells = 0
    active: list[tuple[int, int]] = []  # bit lines [start, stop) of tiles that hold this word line
    ends = sorted(tiles, key=lambda t: t.row_stop)
    ended = 0
    for tile in sorted(tiles, key=lambda t: t.row_start):
        while ends[ended].row_stop <= tile.row_start:
            over = ends[ended]
            active.pop(bisect_left(active, (over.column_start, over.column_stop)))
            ended += 1
        if tile.row_stop > array.rows or tile.column_stop > array.columns:
            size = f"{array.rows} x {array.columns}"
            return f"the tile {_where(tile)} lies outside of {size}"
        place = bisect_left(active, (tile.column_start, 0))
        before, behind = active[place - 1 : place], active[place : place + 1]
        if (before and before[0][1] > tile.column_start) or (
            behind and behind[0][0] < tile.column_stop
        ):
            return f"the tile {_where(tile)} holds cells that another tile holds too"
        insort(active, (tile.column_start, tile.column_stop))
        cells += (tile.row_stop - tile.row_start) * (tile.column_stop - tile.column_start)
    missing = array.rows * array.columns - cells
    return f"no tile holds {missing} of its cells" if missing else ""


def _where(tile: TilePlace) -> str:
    rows = f"{tile.row_start}-{tile.row_stop - 1}"
    return f"of rows {rows}, columns {tile.column_start}-{tile.column_stop - 1}"

"""Cells of the logical arrays in plain Python: reads, counters, pulses, and the state's bytes.

A tile is a window onto its array: as tiles cover each cell once, it does not matter which is kept.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field

import interpreter_draws as draws
from interpreter_file import NONE_16, STYLES, Image, Record

Plane = list[list[int]]

CODE_MAX, MASTER_MAX = 16383, 16383 << 12
CLOCKS = ("samples", "checks", "epochs", "seed")


def clip(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def signed32(value: int) -> int:
    """Counters are 32-bit two's complement."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def trunc(value: int, divisor: int) -> int:
    """Quotient rounded towards zero."""
    return abs(value) // divisor * (1 if value >= 0 else -1)


@dataclass
class Array:
    """One layer's cells; `cells` are c, or c+ and c-, or M, each [row][column]."""

    record: Record
    style: str
    cells: list[Plane]
    row_reference: list[int] = field(default_factory=list)
    column_reference: list[int] = field(default_factory=list)
    counters: Plane = field(default_factory=list)
    wear: Plane = field(default_factory=list)

    def forward(self, row: int, column: int) -> int:
        """The weight that bit lines see."""
        return self._weight(row, column, self.row_reference[row] if self.row_reference else 0)

    def backward(self, row: int, column: int) -> int:
        """The weight that word lines see."""
        reference = self.column_reference[column] if self.column_reference else 0
        return self._weight(row, column, reference)

    def _weight(self, row: int, column: int, reference: int) -> int:
        first = self.cells[0][row][column]
        if self.style == "reference":
            return first - reference
        if self.style == "direct":
            return clip((first + 2048) >> 12, -CODE_MAX, CODE_MAX)
        return first - self.cells[1][row][column]


class State:
    """All arrays and clocks: section STATE."""

    def __init__(self, image: Image) -> None:
        self.arrays: list[Array] = []
        self._stream, self._at = image.state or b"", 0
        self.blank = image.state is None
        for record in image.arrays:
            self.arrays.append(self._array(record))
        clocks = (0, 0, 0, 0) if self.blank else struct.unpack_from("<4Q", self._stream, self._at)
        self.clocks = dict(zip(CLOCKS, clocks, strict=True))

    def _plane(self, kind: str, rows: int, columns: int) -> Plane:
        if self.blank:
            return [[0] * columns for _ in range(rows)]
        plane = []
        for _ in range(rows):
            plane.append(list(struct.unpack_from(f"<{columns}{kind}", self._stream, self._at)))
            self._at += columns * struct.calcsize(kind)
        return plane

    def _array(self, record: Record) -> Array:
        rows, columns, style = record["rows"], record["columns"], STYLES[record["style"]]
        kind = "i" if style == "direct" else "h"
        planes = 2 if style.startswith("pair") else 1
        array = Array(record, style, [self._plane(kind, rows, columns) for _ in range(planes)])
        if style == "reference":
            (array.row_reference,) = self._plane("h", 1, rows)
            (array.column_reference,) = self._plane("h", 1, columns)
        array.counters = self._plane("i", rows, columns)
        if record["wear"]:
            array.wear = self._plane("i", rows, columns)
        return array

    def stream(self) -> bytes:
        """The bytes of docs/semantics.md, section 4."""
        parts = []
        for array in self.arrays:
            kind = "i" if array.style == "direct" else "h"
            parts += [(kind, row) for plane in array.cells for row in plane]
            parts += [("h", array.row_reference), ("h", array.column_reference)]
            parts += [("i", row) for plane in (array.counters, array.wear) for row in plane]
        clocks = struct.pack("<4Q", *(self.clocks[name] for name in CLOCKS))
        return b"".join(struct.pack(f"<{len(n)}{kind}", *n) for kind, n in parts) + clocks

    def digest(self) -> str:
        return hashlib.sha256(self.stream()).hexdigest()


def _pulse(code: int, step: tuple[int, ...], noise: tuple[int, ...], lanes: tuple[int, int]) -> int:
    if not noise:
        return clip(code + step[code] // 256, 0, CODE_MAX)
    return clip(code + (step[code] * noise[lanes[0]] + lanes[1]) // 65536, 0, CODE_MAX)


def carry(
    array: Array, update: Record, tables: list[tuple[int, ...]], seed: int, check: int,
    row: int, column: int,
) -> int:  # fmt: skip
    """The end of a batch for one cell; returns pulses given."""
    threshold = update["threshold"]
    k = trunc(array.counters[row][column], threshold)
    array.counters[row][column] -= k * threshold
    given = min(abs(k), update["pulses"])
    # which cell moves, and which way
    device, up = {
        "reference": (0, k < 0),
        "pair-down": (int(k < 0), False),
        "pair-up": (int(k > 0), True),
    }[array.style]
    way = "up" if up else "down"
    noise = update[f"noise_{way}"]
    plane = array.cells[device]
    for ordinal in range(given):
        lanes = (0, 0)
        if noise != NONE_16:
            block = row * array.record["columns"] + column
            lanes = draws.lanes(
                seed, draws.PULSE, update["layer"], block, check, device << 12 | ordinal
            )
        plane[row][column] = _pulse(
            plane[row][column],
            tables[update[f"step_{way}"]],
            () if noise == NONE_16 else tables[noise],
            lanes,
        )
    if array.wear:
        array.wear[row][column] += given
    return given


def step(array: Array, update: Record, row: int, column: int) -> None:
    """The rule `sgd` for one master weight."""
    moved = array.cells[0][row][column] - update["rate"] * array.counters[row][column]
    array.cells[0][row][column] = clip(moved, -MASTER_MAX, MASTER_MAX)
    array.counters[row][column] = 0


def refresh(array: Array, row: int, column: int) -> None:
    """Both cells of a pair move by the same codes, to where their pulses start."""
    plus, minus = array.cells[0][row][column], array.cells[1][row][column]
    moved = CODE_MAX - max(plus, minus) if array.style == "pair-down" else -min(plus, minus)
    array.cells[0][row][column] += moved
    array.cells[1][row][column] += moved

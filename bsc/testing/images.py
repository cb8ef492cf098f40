"""Random small images and words: everything that a file can say, whether it makes sense or not."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from bsc.isa.fields import FieldError
from bsc.isa.image import Core, Image, Table
from bsc.isa.instruction import Instruction
from bsc.isa.instructions import TABLE
from bsc.isa.kinds import (
    CHUNK_REGISTERS,
    COUNT_IMMEDIATE,
    OPERAND_BITS,
    Counter,
    EntryKind,
    OperandKind,
    Register,
    VectorKind,
)
from bsc.isa.records import (
    LAYOUTS,
    NONE_16,
    STYLES,
    ChipLimits,
    Entry,
    LogicalArray,
    Neuron,
    Origin,
    Readout,
    TilePlace,
    Timing,
    Update,
    Vector,
)
from bsc.isa.state_bytes import from_bytes, length
from bsc.isa.words import encode_word

NAME_LETTERS = "abcXYZ_019."
ORIGIN_LETTERS = "/layer1.Gemm \"\\;'[],:=#\u00e9\u4e2d\U0001f600"


def random_word(draw: Random, instruction: Instruction | None = None) -> int:
    """A word that is an instruction, of any operands that words can have."""
    while True:
        row = instruction or draw.choice(TABLE)
        numbers = {operand.name: _operand(draw, operand.kind) for operand in row.operands}
        try:
            return encode_word(row.name, **numbers)
        except FieldError:
            continue  # a mask beyond the last tile


def random_image(draw: Random) -> Image:
    """An image of few records and words; its code means nothing, its numbers are in range."""
    tables = tuple(
        Table(name, _integers(draw, draw.choice((0, 1, 2, 9, 17)))) for name in _names(draw, 3)
    )
    arrays = tuple(_array(draw, name) for name in _names(draw, 3))
    cores = tuple(_core(draw, len(arrays)) for _ in range(draw.randint(1, 3)))
    image = Image(
        target=draw.randbytes(32),
        chip=ChipLimits(**_numbers(draw, ChipLimits)),
        timing=Timing(**_numbers(draw, Timing)),
        arrays=arrays,
        neurons=tuple(_record(draw, Neuron, name, tables) for name in _names(draw, 2)),
        readouts=tuple(_record(draw, Readout, name, tables) for name in _names(draw, 2)),
        updates=tuple(_record(draw, Update, name, tables) for name in _names(draw, 2)),
        tables=tables,
        cores=cores,
        entries=tuple(
            Entry(kind, number, draw.randrange(len(core.code)))
            for kind in EntryKind
            for number, core in enumerate(cores)
            if draw.random() < 0.5
        ),
    )
    if draw.random() < 0.5:
        return image
    stream = draw.randbytes(length(arrays))
    return Image(**{field: getattr(image, field) for field in image.__slots__[:-1]},
                 state=from_bytes(arrays, stream))  # fmt: skip


def _operand(draw: Random, kind: OperandKind) -> int:
    match kind:
        case OperandKind.COUNT:
            number = draw.getrandbits(draw.randint(1, 32)) or 1
            return draw.choice((int(draw.choice(list(Register))), number | COUNT_IMMEDIATE))
        case OperandKind.REGISTER:
            return int(draw.choice(list(Register)))
        case OperandKind.CHUNK:
            return int(draw.choice(CHUNK_REGISTERS))
        case OperandKind.COUNTER:
            return int(draw.choice(list(Counter)))
        case OperandKind.TILES:
            return draw.getrandbits(draw.choice((3, 16))) | (draw.getrandbits(16) | 1) << 16
        case OperandKind.UNITS:
            return draw.randint(1, 255)
        case _:
            return draw.getrandbits(draw.randint(1, OPERAND_BITS[kind]))


def _names(draw: Random, most: int) -> list[str]:
    found: dict[str, None] = {}
    for _ in range(draw.randint(0, most)):
        size = draw.choice((0, 1, 5, 63))
        found["".join([draw.choice("nW_"), *(draw.choice(NAME_LETTERS) for _ in range(size))])] = (
            None
        )
    return list(found)


def _integers(draw: Random, count: int) -> Any:
    few = [draw.randint(-(1 << 31), (1 << 31) - 1), -1, 0, 5]
    runs = [draw.choice(few) for _ in range(count)]
    return np.array([*runs, *[runs[-1]] * draw.randint(0, 9)] if runs else [], dtype=np.int32)


def _numbers(draw: Random, record: type[Any]) -> dict[str, Any]:
    """Any numbers that fit the fields of a record."""
    return {
        field.name: max(field.least, draw.getrandbits(draw.randint(1, field.bits - field.signed)))
        for field in LAYOUTS[record].fields
    }


def _record(draw: Random, record: type[Any], name: str, tables: tuple[Table, ...]) -> Any:
    numbers = _numbers(draw, record) | {"name": name}
    for field in ("threshold", "low", "high", "softmax", "step_up", "step_down", "noise_up",
                  "noise_down"):  # fmt: skip
        if field in numbers and (record, field) != (Update, "threshold"):
            numbers[field] = draw.choice([NONE_16, *range(len(tables))])
    if "half" in numbers:
        numbers["half"] *= draw.choice((-1, 1))
    return record(**numbers)


def _array(draw: Random, name: str) -> LogicalArray:
    rows, columns = draw.randint(0, 5), draw.randint(0, 5)
    numbers = _numbers(draw, LogicalArray) | {
        "name": name,
        "style": draw.choice(STYLES),
        "rows": rows,
        "columns": columns,
        "wear": draw.randint(0, 1),
    }
    return LogicalArray(**numbers)


def _core(draw: Random, arrays: int) -> Core:
    vectors: list[Vector] = []
    for name in _names(draw, 4):
        numbers = _numbers(draw, Vector) | {"name": name, "kind": draw.choice(list(VectorKind))}
        if not vectors or draw.random() < 0.5:
            del numbers["parent"]
        else:
            parent = draw.randrange(len(vectors))
            of = vectors[parent]
            numbers |= {"parent": parent, "kind": of.kind, "slots": of.slots}
        vectors.append(Vector(**numbers))
    tiles: list[TilePlace] = []
    for _ in range(draw.randint(0, 2) if arrays else 0):
        row, column = draw.getrandbits(draw.choice((1, 10, 31))), draw.getrandbits(3)
        stops = row + draw.randint(1, 9), column + draw.randint(1, 9)
        array, number = draw.randrange(arrays), draw.getrandbits(32)
        tiles.append(TilePlace(array, number, row, stops[0], column, stops[1]))
    code = tuple(random_word(draw) for _ in range(draw.randint(1, 12)))
    texts = ["".join(draw.choices(ORIGIN_LETTERS, k=draw.choice((0, 1, 9)))) for _ in range(2)]
    places = sorted(draw.sample(range(len(code)), draw.randint(0, min(3, len(code)))))
    origins = tuple(Origin(place, draw.choice(texts)) for place in places)
    return Core(code, tuple(vectors), tuple(tiles), origins)

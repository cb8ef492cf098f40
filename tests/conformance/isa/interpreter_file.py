"""Sections 4 and 6 of docs/isa.md in plain Python: words of a file to records and instructions."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]

NONE_16, NO_PARENT, COUNT_IS_NUMBER = 0xFFFF, 0xFFF, 1 << 32
BIT, SIGN, SUM, LEVEL, LABEL, COUNT = range(6)
STYLES = ("reference", "pair-down", "pair-up", "direct")
ENTRIES = ("train", "infer", "vote", "binary")
UNITS = ("control", "host", "encoder", "array", "neuron", "counter", "pulse", "link")

# Fields from bit 0 on, a tuple for each word. `signed` marks the only number with a sign.
SECTIONS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: (
        "chip",
        (
            "noise_bits 8, channel_depth 8, batch 32",
            "bits 32, signs 32",
            "sums 32, levels 32",
            "labels 32, counts 32",
            "backing 32",
        ),
    ),
    2: (
        "timing",
        (
            "issue 16, host_bits 16, encode_lanes 16, read 16",
            "neuron_lanes 16, readout 16, counter_lanes 16, pulse 16",
            "pulse_lanes 16, link_bits 16, link_latency 16, queue 16",
        ),
    ),
    3: (
        "arrays",
        (
            "name 16, layer 24, style 8, wear 8",
            "rows 32, inputs 32",
            "columns 32, scale 32",
        ),
    ),
    4: ("neurons", ("name 16, layer 24", "threshold 16, low 16, high 16", "half 32 signed")),
    5: ("readouts", ("name 16, layer 24, softmax 16", "reciprocal 64")),
    6: (
        "updates",
        (
            "name 16, layer 24",
            "threshold 32, pulses 32",
            "step_up 16, step_down 16, noise_up 16, noise_down 16",
            "rate 32, every 32",
        ),
    ),
    7: ("tables", ("name 16, entries 32", "offset 64")),
    8: ("entries", ("kind 8, core 8, address 32",)),
    9: (
        "vectors",
        (
            "name 16, kind 4, parent 12, slots 16",
            "base 32, length 32",
            "first 32",
        ),
    ),
    10: (
        "tiles",
        (
            "array 16, number 32",
            "row_start 32, row_stop 32",
            "column_start 32, column_stop 32",
        ),
    ),
    12: ("origins", ("address 32, text 16",)),
}
CODE, STRINGS, TABLE_DATA, STATE = 11, 13, 14, 15
OF_A_CORE = (9, 10, CODE, 12)

OPERAND_BITS = {
    "tiles": 32,
    "neuron": 12,
    "readout": 12,
    "update": 12,
    "layer": 24,
    "core": 8,
    "tile": 16,
    "row": 16,
    "address": 32,
    "counter": 3,
    "register": 6,
    "piece": 6,
    "total": 6,
    "count": 33,
    "units": 8,
    "number": 32,
}
MINOR = 1
"""The latest version that is read; section 11."""

VECTOR_BITS = 12
"""Operands of other names are vectors; a `>` before one says written, `+` read and written."""

INSTRUCTIONS = """
00 trap control number
01 halt control
02 loop control counter count
03 chunks control piece total count
04 end control
05 advance control register
06 tick control
07 wait control units
08 barrier control
09 trace control number
10 in host >level
11 label host >label
12 out host sum
14 load host >vector address
15 store host vector address
16 fetch counter >counts tile row
17 place counter counts tile row
18 send link vector core
19 receive link >vector core
1a receive.add link +sum core
1b clear neuron >sum
1c add neuron +sum term
1d copy neuron >vector source
20 encode encoder >bits level layer
21 encode.half encoder >bits level
24 read array >sum bits tiles
25 read.add array +sum bits tiles
26 readt array >sum signs tiles
27 readt.add array +sum signs tiles
28 sample neuron >bits sum neuron
29 sample.gate neuron >bits >gate sum neuron
2a sample.half neuron >bits sum neuron
2b readout.logistic neuron >bits sum neuron
2c readout neuron >bits sum readout
2d error neuron >signs bits label
2e sign neuron >signs sum gate
2f error.target neuron >signs bits label neuron
30 count counter bits signs tiles
31 carry pulse update tiles
32 step pulse update tiles
33 refresh pulse update tiles
"""


@dataclass(frozen=True)
class Instruction:
    """A decoded word; `vectors` are (operand, whether it is written)."""

    name: str
    unit: int
    operands: dict[str, int]
    vectors: tuple[tuple[int, bool], ...]


@dataclass
class Core:
    """What the file has of a core."""

    vectors: list[Record] = field(default_factory=list)
    tiles: list[Record] = field(default_factory=list)
    code: list[Instruction] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)


@dataclass
class Image:
    """A whole file."""

    chip: Record
    timing: Record
    arrays: list[Record]
    neurons: list[Record]
    readouts: list[Record]
    updates: list[Record]
    tables: list[tuple[int, ...]]
    cores: list[Core]
    state: bytes | None


def _by_opcode() -> dict[int, tuple[str, int, tuple[str, ...]]]:
    rows = [line.split() for line in INSTRUCTIONS.split("\n") if line]
    return {int(r[0], 16): (r[1], UNITS.index(r[2]), tuple(r[3:])) for r in rows}


BY_OPCODE = _by_opcode()


def decode_word(word: int) -> Instruction:
    """Section 4: the opcode in bits 0 to 7, then the operands; bits that no field has are 0."""
    name, unit, operands = BY_OPCODE[word & 0xFF]
    rest, found, vectors = word >> 8, {}, []
    for operand in operands:
        plain = operand.lstrip(">+")
        bits = VECTOR_BITS if plain not in OPERAND_BITS else OPERAND_BITS[plain]
        found[plain] = rest & (1 << bits) - 1
        rest >>= bits
        if plain not in OPERAND_BITS:
            vectors.append((found[plain], operand != plain))
    if rest:
        raise ValueError(f"{name}: bits behind the last operand")
    return Instruction(name, unit, found, tuple(vectors))


def tiles_of(mask: int) -> list[int]:
    """Tiles of an operand: the first one's number, then a mask of 16 bits."""
    return [(mask & 0xFFFF) + k for k in range(16) if mask >> (16 + k) & 1]


def _record(layout: tuple[str, ...], words: tuple[int, ...]) -> Record:
    found: Record = {}
    for text, word in zip(layout, words, strict=True):
        for part in text.split(", "):
            name, bits, *signed = part.split()
            number = word & (1 << int(bits)) - 1
            word >>= int(bits)
            found[name] = number - (number >> 31 << 32) if signed else number
        if word:
            raise ValueError(f"a bit that no field has: {text}")
    return found


def read_image(data: bytes) -> Image:
    """Section 6: header, directory, sections."""
    words = struct.unpack(f"<{len(data) // 8}Q", data)
    if data[:8] != b"BSCISA\r\n" or words[1] & 0xFFFF != 1 or words[1] >> 16 & 0xFFFF > MINOR:
        raise ValueError(f"no image of version 1.0 to 1.{MINOR}")
    if words[2] != len(words) or words[3] != zlib.crc32(data[:24] + data[32:96]):
        raise ValueError("a header that is not in order")
    if data[64:96] != hashlib.sha256(data[96:]).digest():
        raise ValueError("a wrong hash")
    cores = [Core() for _ in range(words[1] >> 32 & 0xFFFF)]
    records: dict[str, list[Record]] = {}
    table_data, state = b"", None
    for k in range(words[1] >> 48):
        first, second = words[12 + 2 * k : 14 + 2 * k]
        kind, core, items = first & 0xFF, first >> 8 & 0xFF, first >> 16
        start, length = second & 0xFFFFFFFF, second >> 32
        content = words[start : start + length]
        if kind == CODE:
            cores[core].code = [decode_word(word) for word in content]
        elif kind == TABLE_DATA:
            table_data = data[8 * start : 8 * (start + length)]
        elif kind == STATE:
            state = data[8 * start : 8 * start + items]
        elif kind in SECTIONS:
            name, layout = SECTIONS[kind]
            size = len(layout)
            rows = [_record(layout, content[size * i : size * (i + 1)]) for i in range(items)]
            if kind in OF_A_CORE:
                setattr(cores[core], name, rows)
            else:
                records[name] = rows
    for entry in records["entries"]:
        cores[entry["core"]].entries[ENTRIES[entry["kind"]]] = entry["address"]
    return Image(
        records["chip"][0],
        records["timing"][0],
        records["arrays"],
        records["neurons"],
        records["readouts"],
        records["updates"],
        [struct.unpack_from(f"<{t['entries']}i", table_data, 8 * t["offset"])
         for t in records["tables"]],
        cores,
        state,
    )  # fmt: skip

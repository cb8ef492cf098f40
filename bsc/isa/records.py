"""Records of an image's data sections: what instructions name by number. One layout each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from bsc.isa.fields import Field, Layout
from bsc.isa.kinds import EntryKind, VectorKind
from bsc.numerics.state import CellStyle

NONE_16 = 0xFFFF
"""A 16-bit number of a table or string that is not there."""

NO_PARENT = 0xFFF
"""Parent of a vector that is no view."""

STYLES: tuple[CellStyle, ...] = (
    CellStyle.REFERENCE,
    CellStyle.PAIR_DOWN,
    CellStyle.PAIR_UP,
    CellStyle.DIRECT,
)
"""Numbers of the styles of cells."""


class SectionKind(IntEnum):
    """Parts of an image."""

    CHIP = 1
    TIMING = 2
    ARRAYS = 3
    NEURONS = 4
    READOUTS = 5
    UPDATES = 6
    TABLES = 7
    ENTRIES = 8
    VECTORS = 9  # of one core
    TILES = 10  # of one core
    CODE = 11  # of one core
    ORIGINS = 12  # of one core
    STRINGS = 13
    TABLE_DATA = 14
    STATE = 15


OF_A_CORE = (SectionKind.VECTORS, SectionKind.TILES, SectionKind.CODE, SectionKind.ORIGINS)


@dataclass(frozen=True, slots=True)
class ChipLimits:
    """What the image asks of a chip.

    Attributes:
        noise_bits: b, resolution of the comparators, 4 to 12.
        channel_depth: messages that a channel holds.
        batch: B that the register BATCH holds unless the host writes another.
        bits, signs, sums, levels, labels, counts: elements of each vector memory of a core.
        backing: 32-bit words of a core's backing memory.
    """

    noise_bits: int
    channel_depth: int
    batch: int
    bits: int
    signs: int
    sums: int
    levels: int
    labels: int
    counts: int
    backing: int

    def memory(self, kind: VectorKind) -> int:
        """Elements of the vector memory of a kind."""
        return (self.bits, self.signs, self.sums, self.levels, self.labels, self.counts)[kind]


@dataclass(frozen=True, slots=True)
class Timing:
    """Cycles, lanes and widths of a core's units; docs/isa.md has the formulas.

    Attributes:
        issue: cycles from one instruction to the next of the same core.
        host_bits: width of the host port.
        encode_lanes: inputs compared in a cycle.
        read: cycles of a read of tiles.
        neuron_lanes: comparators and element-wise adders.
        readout: cycles before the first class of a readout.
        counter_lanes: counters added to or compared in a cycle.
        pulse: cycles of a pulse.
        pulse_lanes: cells of a core that get their pulses side by side.
        link_bits: width of a link between cores.
        link_latency: cycles from the end of sending to arrival.
        queue: instructions that a unit holds which have not started.
    """

    issue: int
    host_bits: int
    encode_lanes: int
    read: int
    neuron_lanes: int
    readout: int
    counter_lanes: int
    pulse: int
    pulse_lanes: int
    link_bits: int
    link_latency: int
    queue: int


@dataclass(frozen=True, slots=True)
class LogicalArray:
    """One layer's weights: word lines x bit lines, cut into tiles.

    Attributes:
        name: of the layer.
        layer: ordinal of keyed draws.
        style: how a weight is made of cells.
        rows: word lines in all.
        inputs: word lines that carry inputs, the first ones; the others are always on.
        columns: bit lines.
        scale: S, codes in one unit of y; for people, nothing is computed with it.
        wear: 1 where pulses are counted for each weight.
    """

    name: str
    layer: int
    style: CellStyle
    rows: int
    inputs: int
    columns: int
    scale: int
    wear: int = 0


@dataclass(frozen=True, slots=True)
class Neuron:
    """What `sample` and its kin take: numbers of tables, NONE_16 for those that are not there."""

    name: str
    layer: int
    threshold: int
    low: int
    high: int
    half: int


@dataclass(frozen=True, slots=True)
class Readout:
    """What `readout` takes."""

    name: str
    layer: int
    softmax: int
    reciprocal: int


@dataclass(frozen=True, slots=True)
class Update:
    """What `carry`, `step` and `refresh` take; 0 or NONE_16 for what is not used."""

    name: str
    layer: int
    threshold: int = 0
    pulses: int = 0
    step_up: int = NONE_16
    step_down: int = NONE_16
    noise_up: int = NONE_16
    noise_down: int = NONE_16
    rate: int = 0
    every: int = 0


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table of 32-bit integers in the section TABLE_DATA, two entries a word.

    Attributes:
        name: for people.
        entries: how many.
        offset: its first word in the section.
    """

    name: str
    entries: int
    offset: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a core starts a kind of run: number of a word of its code."""

    kind: EntryKind
    core: int
    address: int


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector of a core: a number of slots, each `length` elements, behind each other.

    An instruction works on slot SLOT mod `slots`, at element `base` + slot x `length`.

    Attributes:
        name: for people.
        kind: which memory it lies in.
        length: elements of a slot.
        base: first element in that memory; for a view, first element in its parent's slot.
        slots: how many; for a view its parent's.
        first: number of the first element in the layer: keys draws, names word and bit lines.
        parent: number of the vector that a view is a part of, NO_PARENT for vectors of their own.
    """

    name: str
    kind: VectorKind
    length: int
    base: int
    slots: int = 1
    first: int = 0
    parent: int = NO_PARENT


@dataclass(frozen=True, slots=True)
class TilePlace:
    """A tile of a core: which cells of which array it holds.

    Attributes:
        array: number of the array.
        number: of the tile on the chip.
        row_start, row_stop: word lines [start, stop) of the array.
        column_start, column_stop: bit lines [start, stop).
    """

    array: int
    number: int
    row_start: int
    row_stop: int
    column_start: int
    column_stop: int


@dataclass(frozen=True, slots=True)
class Origin:
    """From this word on, code comes from that layer of the model."""

    address: int
    text: str


def _layout(*words: tuple[tuple[str, int], ...]) -> Layout:
    return Layout.of(*([Field(name, bits) for name, bits in word] for word in words))


LAYOUTS: Mapping[type[Any], Layout] = MappingProxyType(
    {
        ChipLimits: _layout(
            (("noise_bits", 8), ("channel_depth", 8), ("batch", 32)),
            (("bits", 32), ("signs", 32)),
            (("sums", 32), ("levels", 32)),
            (("labels", 32), ("counts", 32)),
            (("backing", 32),),
        ),
        Timing: _layout(
            (("issue", 16), ("host_bits", 16), ("encode_lanes", 16), ("read", 16)),
            (("neuron_lanes", 16), ("readout", 16), ("counter_lanes", 16), ("pulse", 16)),
            (("pulse_lanes", 16), ("link_bits", 16), ("link_latency", 16), ("queue", 16)),
        ),
        LogicalArray: _layout(
            (("name", 16), ("layer", 24), ("style", 8), ("wear", 8)),
            (("rows", 32), ("inputs", 32)),
            (("columns", 32), ("scale", 32)),
        ),
        Neuron: Layout.of(
            (Field("name", 16), Field("layer", 24)),
            (Field("threshold", 16), Field("low", 16), Field("high", 16)),
            (Field("half", 32, signed=True),),
        ),
        Readout: _layout((("name", 16), ("layer", 24), ("softmax", 16)), (("reciprocal", 64),)),
        Update: _layout(
            (("name", 16), ("layer", 24)),
            (("threshold", 32), ("pulses", 32)),
            (("step_up", 16), ("step_down", 16), ("noise_up", 16), ("noise_down", 16)),
            (("rate", 32), ("every", 32)),
        ),
        TableEntry: _layout((("name", 16), ("entries", 32)), (("offset", 64),)),
        Entry: _layout(
            (("kind", 8), ("core", 8), ("address", 32)),
        ),
        Vector: _layout(
            (("name", 16), ("kind", 4), ("parent", 12), ("slots", 16)),
            (("base", 32), ("length", 32)),
            (("first", 32),),
        ),
        TilePlace: _layout(
            (("array", 16), ("number", 32)),
            (("row_start", 32), ("row_stop", 32)),
            (("column_start", 32), ("column_stop", 32)),
        ),
        Origin: _layout(
            (("address", 32), ("text", 16)),
        ),
    }
)
"""How a record of each type lies in words; `name` and `text` are numbers of strings."""

TEXTS = ("name", "text")
"""Fields that hold a number of a string in the file, the string itself in memory."""

SECTIONS: Mapping[SectionKind, type[Any]] = MappingProxyType(
    {
        SectionKind.CHIP: ChipLimits,
        SectionKind.TIMING: Timing,
        SectionKind.ARRAYS: LogicalArray,
        SectionKind.NEURONS: Neuron,
        SectionKind.READOUTS: Readout,
        SectionKind.UPDATES: Update,
        SectionKind.TABLES: TableEntry,
        SectionKind.ENTRIES: Entry,
        SectionKind.VECTORS: Vector,
        SectionKind.TILES: TilePlace,
        SectionKind.ORIGINS: Origin,
    }
)
"""Sections that are rows of records."""

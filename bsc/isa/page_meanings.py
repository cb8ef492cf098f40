"""What the reference page says about numbers: one line for each member of the enumerations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bsc.isa.kinds import Counter, EntryKind, OperandKind, Register, Unit, VectorKind
from bsc.isa.records import (
    Entry,
    LogicalArray,
    Neuron,
    Origin,
    Readout,
    SectionKind,
    Update,
    Vector,
)

VECTORS: Mapping[VectorKind, str] = MappingProxyType(
    {
        VectorKind.BIT: "0 or 1",
        VectorKind.SIGN: "-1, 0 or +1",
        VectorKind.SUM: "64-bit two's complement",
        VectorKind.LEVEL: "0 to 65536: 65536 times the probability of an input",
        VectorKind.LABEL: "0 to 2^31-1: class number, or 65536 times a target's probability",
        VectorKind.COUNT: "32-bit two's complement: counters of a word line of a tile",
    }
)

UNITS: Mapping[Unit, str] = MappingProxyType(
    {
        Unit.CONTROL: "loops, clocks, waiting",
        Unit.HOST: "samples in, results out, backing memory",
        Unit.ENCODER: "levels to bits",
        Unit.ARRAY: "reads of tiles, forward and transposed",
        Unit.NEURON: "comparators, gates, readout, element-wise work",
        Unit.COUNTER: "outer products onto counters, counters moved",
        Unit.PULSE: "counters to pulses",
        Unit.LINK: "messages between cores",
    }
)

COUNTERS: Mapping[Counter, str] = MappingProxyType(
    {
        Counter.NONE: "the loop counts nowhere",
        Counter.SLOT: "which sample of those in flight; chooses the slot of every vector",
        Counter.REPEAT: "which pass with new draws",
        Counter.READ: "which bit vector of a pass",
        Counter.POSITION: "which place of a convolution; nothing reads it yet",
    }
)

REGISTERS: Mapping[Register, str] = MappingProxyType(
    {
        Register.SAMPLES: "samples of this run; written by the host",
        Register.BATCH: "samples of a batch; written by the host, from the record CHIP unless it "
        "says otherwise",
        Register.REPEATS: "passes with new draws; written by the host, 1 for TRAIN and BINARY",
        Register.READS: "bit vectors of a pass; written by the host, 1 for TRAIN and BINARY",
        Register.B0: "a piece, written by `chunks`",
        Register.B1: "a piece, written by `chunks`",
        Register.B2: "a piece, written by `chunks`",
        Register.B3: "a piece, written by `chunks`",
    }
)

ENTRIES: Mapping[EntryKind, tuple[str, str, str]] = MappingProxyType(
    {
        EntryKind.TRAIN: ("training", "0", "nothing, unless a program wants to"),
        EntryKind.INFER: (
            "`stochastic`",
            "1",
            "for each sample, the sums of the outputs, added over all repeats and reads",
        ),
        EntryKind.VOTE: (
            "`vote`",
            "1",
            "for each sample, how often each class, or output, was drawn",
        ),
        EntryKind.BINARY: ("`binary`", "1", "for each sample, the sums of the outputs"),
    }
)
"""Inference mode served, MODE, what the output streams hold; docs/semantics.md, section 7."""

OPERANDS: Mapping[OperandKind, tuple[str, str]] = MappingProxyType(
    {
        OperandKind.VECTOR: ("`x`", "number of a vector of this core"),
        OperandKind.TILES: (
            "`[0-3 5]`",
            "tiles of this core: bits 0 to 15 the first one's number, then a mask of 16 bits: bit "
            "k names tile first + k. Bit 0 of the mask is set",
        ),
        OperandKind.NEURON: ("`dense1`", "number of a record of section NEURONS"),
        OperandKind.READOUT: ("`dense3`", "number of a record of section READOUTS"),
        OperandKind.UPDATE: ("`dense1`", "number of a record of section UPDATES"),
        OperandKind.LAYER: ("`layer 3`", "ordinal that keys draws"),
        OperandKind.CORE: ("`core 1`", "another core of the image"),
        OperandKind.TILE: ("`tile 0`", "one tile of this core"),
        OperandKind.ROW: ("`row 2`", "word line of the tile, from 0 at its top"),
        OperandKind.ADDRESS: ("`0x10`", "32-bit word of this core's backing memory"),
        OperandKind.COUNTER: ("`slot`", "counter register, or `none`"),
        OperandKind.REGISTER: ("`samples`", "number of a register"),
        OperandKind.CHUNK: ("`b0`", "number of a register that `chunks` may write"),
        OperandKind.COUNT: (
            "`b0` or `16`",
            "bit 32 set: the number in bits 0 to 31, not 0. Clear: number of a register",
        ),
        OperandKind.UNITS: ("`[array neuron]`", "bit k names unit k; at least one"),
        OperandKind.NUMBER: ("`42`", "any 32-bit number"),
    }
)
"""How operands are written, and what their fields hold."""

SECTIONS: Mapping[SectionKind, str] = MappingProxyType(
    {
        SectionKind.CHIP: "one record: what the image asks of a chip",
        SectionKind.TIMING: "one record: cycles, lanes and widths",
        SectionKind.ARRAYS: "records: logical arrays, in layer order",
        SectionKind.NEURONS: "records",
        SectionKind.READOUTS: "records",
        SectionKind.UPDATES: "records",
        SectionKind.TABLES: "records: tables, in the order of their data",
        SectionKind.ENTRIES: "records: where runs start",
        SectionKind.VECTORS: "records: vectors of this core",
        SectionKind.TILES: "records: tiles of this core",
        SectionKind.CODE: "instructions of this core, a word each, at least one",
        SectionKind.ORIGINS: "records: where code came from, ascending addresses",
        SectionKind.STRINGS: "UTF-8 strings, each ended by a zero byte; zeros to the next word; "
        "`items` is how many",
        SectionKind.TABLE_DATA: "int32 entries of all tables, two a word, low half first; each "
        "table begins a word; `items` is how many tables",
        SectionKind.STATE: "what the digest hashes, byte for byte; zeros to the next word; "
        "`items` is its bytes. May be missing",
    }
)

FIELDS: Mapping[type[Any], Mapping[str, str]] = MappingProxyType(
    {
        LogicalArray: {
            "style": "how a weight is made of cells, by number",
        },
        Neuron: {
            "layer": "ordinal of keyed draws",
            "threshold": "table T, 65535 for none",
            "low": "table lo, 65535 for none",
            "high": "table hi, 65535 for none",
            "half": "largest sum that is no bit in mode binary",
        },
        Readout: {
            "layer": "ordinal of keyed draws",
            "softmax": "table E",
            "reciprocal": "R",
        },
        Update: {
            "layer": "ordinal of keyed draws, that of the array",
            "threshold": "T, for `carry`; 0 where not used",
            "pulses": "P, for `carry`; 0 where not used",
            "step_up": "table of steps of pulses that raise, 65535 for none",
            "step_down": "table of steps of pulses that lower, 65535 for none",
            "noise_up": "table N of pulses that raise, 65535 for none",
            "noise_down": "table N of pulses that lower, 65535 for none",
            "rate": "K, for `step`; 0 where not used",
            "every": "E, for `refresh`; 0 where not used",
        },
        Entry: {
            "kind": "kind of run",
            "core": "which core",
            "address": "word of that core's code",
        },
        Vector: {
            "parent": "number of the vector that a view is a part of, 4095 where it is none",
            "kind": "which memory it lies in: number of a kind of vector",
        },
        Origin: {
            "address": "first word that comes from there",
            "text": "the layer of the model; any text",
        },
    }
)
"""Fields of which the docstrings of records say nothing, or not enough for a file."""

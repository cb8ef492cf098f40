"""What numbers of the instruction set mean: kinds of vectors and operands, registers, units."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class VectorKind(IntEnum):
    """What a vector's elements are; each kind has a memory of its own in every core."""

    BIT = 0  # 0 or 1
    SIGN = 1  # -1, 0 or +1
    SUM = 2  # 64-bit two's complement
    LEVEL = 3  # 0..65536: 65536 times the probability of an input
    LABEL = 4  # class number, or 65536 times a probability, 0..2**31-1
    COUNT = 5  # 32-bit two's complement: counters of a row of a tile


ELEMENT_BITS = {
    VectorKind.BIT: 1,
    VectorKind.SIGN: 2,
    VectorKind.SUM: 64,
    VectorKind.LEVEL: 17,
    VectorKind.LABEL: 31,
    VectorKind.COUNT: 32,
}
"""Bits of an element in memory."""


class Unit(IntEnum):
    """Parts of a core that work side by side; each does one instruction at a time."""

    CONTROL = 0  # loops, clocks, waiting
    HOST = 1  # samples in, results out, backing memory
    ENCODER = 2  # levels to bits
    ARRAY = 3  # reads of tiles, forward and transposed
    NEURON = 4  # comparators, gates, readout, element-wise work
    COUNTER = 5  # outer products onto counters
    PULSE = 6  # counters to pulses
    LINK = 7  # messages between cores


class Counter(IntEnum):
    """State registers that count the passes of a loop, from 0; 0 outside of it."""

    NONE = 0
    SLOT = 1  # which sample of those in flight
    REPEAT = 2  # which pass with new draws
    READ = 3  # which bit vector of a pass
    POSITION = 4  # which place of a convolution; nothing reads it yet


class Register(IntEnum):
    """Registers that a loop may take its count from.

    The first four are written by the host before a start, `chunks` writes the others.
    """

    SAMPLES = 0
    BATCH = 1
    REPEATS = 2
    READS = 3
    B0 = 8
    B1 = 9
    B2 = 10
    B3 = 11


CHUNK_REGISTERS = (Register.B0, Register.B1, Register.B2, Register.B3)


class EntryKind(IntEnum):
    """Where a run may start. Draws of all but TRAIN are those of inference."""

    TRAIN = 0
    INFER = 1  # mode stochastic
    VOTE = 2
    BINARY = 3


class OperandKind(StrEnum):
    """What an operand names."""

    VECTOR = "vector"
    TILES = "tiles"
    NEURON = "neuron"
    READOUT = "readout"
    UPDATE = "update"
    LAYER = "layer"
    CORE = "core"
    TILE = "tile"
    ROW = "row"
    ADDRESS = "address"
    COUNTER = "counter"
    REGISTER = "register"
    CHUNK = "chunk"
    COUNT = "count"
    UNITS = "units"
    NUMBER = "number"


OPERAND_BITS = {
    OperandKind.VECTOR: 12,
    OperandKind.TILES: 32,
    OperandKind.NEURON: 12,
    OperandKind.READOUT: 12,
    OperandKind.UPDATE: 12,
    OperandKind.LAYER: 24,
    OperandKind.CORE: 8,
    OperandKind.TILE: 16,
    OperandKind.ROW: 16,
    OperandKind.ADDRESS: 32,
    OperandKind.COUNTER: 3,
    OperandKind.REGISTER: 6,
    OperandKind.CHUNK: 6,
    OperandKind.COUNT: 33,
    OperandKind.UNITS: 8,
    OperandKind.NUMBER: 32,
}
"""Width of an operand's field."""

COUNT_IMMEDIATE = 1 << 32
"""Set in a COUNT field that holds a number; clear where it holds a register."""

TILES_IN_MASK = 16
"""A TILES field: the first tile in bits 0 to 15, a mask of it and its 15 successors above."""

LOOPS_DEEP = 8
"""Loops inside each other."""


def tiles_of(field: int) -> tuple[int, ...]:
    """Numbers of the tiles that a TILES field names."""
    first, mask = field & 0xFFFF, field >> 16
    return tuple(first + k for k in range(TILES_IN_MASK) if mask >> k & 1)


def tiles_field(tiles: tuple[int, ...]) -> int:
    """A TILES field of ascending tile numbers, the last at most 15 above the first.

    Raises:
        ValueError: they do not fit one field.
    """
    if not tiles or list(tiles) != sorted(set(tiles)):
        raise ValueError("tiles must be named once each, ascending, at least one")
    if tiles[-1] - tiles[0] >= TILES_IN_MASK or tiles[-1] >= 1 << 16:
        raise ValueError(f"one instruction names tiles within {TILES_IN_MASK} of the first")
    return tiles[0] | sum(1 << (t - tiles[0]) for t in tiles) << 16

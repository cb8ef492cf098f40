"""What a row of the instruction table is made of."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bsc.isa.fields import Field, Layout
from bsc.isa.kinds import OPERAND_BITS, OperandKind, Unit, VectorKind

OPCODE_BITS = 8

BIT, SIGN, SUM = (VectorKind.BIT,), (VectorKind.SIGN,), (VectorKind.SUM,)
LEVEL, LABEL, COUNT = (VectorKind.LEVEL,), (VectorKind.LABEL,), (VectorKind.COUNT,)
MOVED = (VectorKind.BIT, VectorKind.SIGN, VectorKind.SUM)
KEPT = (*MOVED, VectorKind.COUNT)


@dataclass(frozen=True, slots=True)
class Operand:
    """One operand of an instruction.

    Attributes:
        name: of its field.
        kind: what it names.
        writes: whether a vector is written.
        reads: whether a vector is read.
        vectors: kinds of vectors that may stand here.
    """

    name: str
    kind: OperandKind
    writes: bool = False
    reads: bool = False
    vectors: tuple[VectorKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """What an instruction does on the machine of the reference page, checked by a test.

    Attributes:
        code: lines of assembly for core 0.
        given: elements of vectors before, by name; `1.x` is the vector x of core 1.
        found: elements of vectors after.
        other: lines for core 1.
    """

    code: str
    given: Mapping[str, tuple[int, ...]]
    found: Mapping[str, tuple[int, ...]]
    other: str = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A row of the table.

    Attributes:
        name: mnemonic.
        opcode: bits 0 to 7 of the word.
        operands: in the order of text and of fields, from bit 8.
        unit: who executes it.
        summary: one line.
        meaning: the whole effect.
        cycles: how long the unit is busy, in words; `bsc.isa.timing` has the formula.
        example: how it is used.
        since: the minor version that it came with.
    """

    name: str
    opcode: int
    operands: tuple[Operand, ...]
    unit: Unit
    summary: str
    meaning: str
    cycles: str
    example: Example
    since: int = 0

    @property
    def layout(self) -> Layout:
        """Where opcode and operands lie in the word."""
        return _layout(self.opcode, self.operands)


@functools.cache
def _layout(opcode: int, operands: tuple[Operand, ...]) -> Layout:
    fields = [Field("opcode", OPCODE_BITS, f"{opcode:#04x}")]
    fields += [Field(o.name, OPERAND_BITS[o.kind], o.kind.value) for o in operands]
    return Layout.of(fields)


def output(name: str, kinds: tuple[VectorKind, ...]) -> Operand:
    """A vector that is written."""
    return Operand(name, OperandKind.VECTOR, writes=True, vectors=kinds)


def source(name: str, kinds: tuple[VectorKind, ...]) -> Operand:
    """A vector that is read."""
    return Operand(name, OperandKind.VECTOR, reads=True, vectors=kinds)


def both(name: str, kinds: tuple[VectorKind, ...]) -> Operand:
    """A vector that is read and written."""
    return Operand(name, OperandKind.VECTOR, writes=True, reads=True, vectors=kinds)


def plain(kind: OperandKind) -> Operand:
    """Any other operand, called as its kind."""
    return Operand(kind.value, kind)


TILES = plain(OperandKind.TILES)


def example(
    code: str,
    given: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
    found: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
    *,
    other: str = "",
) -> Example:
    """An example; see `Example`."""
    return Example(code, MappingProxyType(dict(given)), MappingProxyType(dict(found)), other)

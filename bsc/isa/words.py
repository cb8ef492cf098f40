"""One instruction to one word and back; what is no instruction is told from what is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bsc.isa.fields import FieldError
from bsc.isa.instruction import OPCODE_BITS, Instruction, Operand
from bsc.isa.instructions import BY_NAME, BY_OPCODE
from bsc.isa.kinds import (
    CHUNK_REGISTERS,
    COUNT_IMMEDIATE,
    TILES_IN_MASK,
    Counter,
    OperandKind,
    Register,
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """An instruction and its operands' fields."""

    instruction: Instruction
    operands: Mapping[str, int]

    @property
    def name(self) -> str:
        """The mnemonic."""
        return self.instruction.name

    def vectors(self, *, written: bool) -> tuple[int, ...]:
        """Numbers of the vectors that it writes, or of those that it reads."""
        return tuple(
            self.operands[o.name]
            for o in self.instruction.operands
            if o.kind is OperandKind.VECTOR and (o.writes if written else o.reads)
        )


def encode_word(name: str, **operands: int) -> int:
    """The word of an instruction.

    Raises:
        FieldError: an operand does not fit, or means nothing.
        KeyError: there is no such instruction, or an operand is missing.
    """
    instruction = BY_NAME[name]
    (word,) = instruction.layout.pack({"opcode": instruction.opcode, **operands})
    decode_word(word)
    return word


def decode_word(word: int) -> Decoded:
    """The instruction of a word.

    Raises:
        FieldError: the word is no instruction: each word has one meaning or none.
    """
    opcode = word & ((1 << OPCODE_BITS) - 1)
    instruction = BY_OPCODE.get(opcode)
    if instruction is None:
        raise FieldError(f"opcode {opcode:#04x} is undefined")
    numbers = instruction.layout.unpack((word,))
    del numbers["opcode"]
    for operand in instruction.operands:
        problem = _meaningless(operand, numbers[operand.name])
        if problem:
            raise FieldError(f"{instruction.name}: {problem}")
    return Decoded(instruction, numbers)


def _meaningless(operand: Operand, number: int) -> str:
    """What is wrong with a number that fits its field; empty where nothing is."""
    match operand.kind:
        case OperandKind.TILES:
            first, mask = number & 0xFFFF, number >> 16
            if not mask & 1:
                return "a mask of tiles begins with the first tile that it names"
            if first + mask.bit_length() > 1 << TILES_IN_MASK:
                return "the mask names tiles beyond 65535"
        case OperandKind.COUNT:
            if number & COUNT_IMMEDIATE:
                if number == COUNT_IMMEDIATE:
                    return "a count of 0"
            elif not _is_register(number):
                return f"there is no register {number}"
        case OperandKind.REGISTER:
            if not _is_register(number):
                return f"there is no register {number}"
        case OperandKind.CHUNK:
            if number not in CHUNK_REGISTERS:
                return f"register {number} cannot be written"
        case OperandKind.COUNTER:
            if number > max(Counter):
                return f"there is no counter {number}"
        case OperandKind.UNITS:
            if number == 0:
                return "no unit is named"
        case _:
            pass
    return ""


def _is_register(number: int) -> bool:
    return number in Register._value2member_map_

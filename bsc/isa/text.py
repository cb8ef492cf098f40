"""One instruction as text: for listings, and for whoever has to name one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bsc.isa.image import Core, Image
from bsc.isa.instruction import Operand
from bsc.isa.kinds import COUNT_IMMEDIATE, Counter, OperandKind, Register, Unit, tiles_of
from bsc.isa.words import Decoded

_NO_CORE = Core()


def line_of(decoded: Decoded, image: Image, core: int) -> str:
    """An instruction as a line of assembly, without indentation.

    A number that names nothing, in this image or at all, is written `#NUMBER`; nothing fails.
    """
    return f"{decoded.name} {operands_of(decoded, image, core)}".rstrip()


def operands_of(decoded: Decoded, image: Image, core: int) -> str:
    """The operands of an instruction, with commas."""
    own = image.cores[core] if 0 <= core < len(image.cores) else _NO_CORE
    return ", ".join(
        _operand(operand, decoded.operands[operand.name], image, own)
        for operand in decoded.instruction.operands
    )


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers, neighbours as a range: `0-3 5 7`."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _operand(operand: Operand, number: int, image: Image, core: Core) -> str:
    match operand.kind:
        case OperandKind.VECTOR:
            return _named(core.vectors, number)
        case OperandKind.NEURON:
            return _named(image.neurons, number)
        case OperandKind.READOUT:
            return _named(image.readouts, number)
        case OperandKind.UPDATE:
            return _named(image.updates, number)
        case OperandKind.TILES:
            return f"[{ranges(tiles_of(number))}]"
        case OperandKind.UNITS:
            return f"[{' '.join(unit.name.lower() for unit in Unit if number >> unit & 1)}]"
        case OperandKind.COUNTER:
            return _member(Counter, number)
        case OperandKind.REGISTER | OperandKind.CHUNK:
            return _member(Register, number)
        case OperandKind.COUNT:
            if number & COUNT_IMMEDIATE:
                return str(number ^ COUNT_IMMEDIATE)
            return _member(Register, number)
        case OperandKind.LAYER | OperandKind.CORE | OperandKind.TILE | OperandKind.ROW:
            return f"{operand.kind.value} {number}"
        case OperandKind.ADDRESS:
            return f"{number:#x}"
        case OperandKind.NUMBER:
            return str(number)


def _named(records: Sequence[Any], number: int) -> str:
    return str(records[number].name) if 0 <= number < len(records) else f"#{number}"


def _member(members: Any, number: int) -> str:
    try:
        return str(members(number).name.lower())
    except ValueError:
        return f"#{number}"

"""A line of code to its word: operands are read by their kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bsc.isa.assembly_names import Names, hint
from bsc.isa.assembly_records import read_lines
from bsc.isa.assembly_tokens import Problems, Token
from bsc.isa.fields import FieldError
from bsc.isa.instruction import Instruction, Operand
from bsc.isa.instructions import BY_NAME
from bsc.isa.kinds import (
    CHUNK_REGISTERS,
    COUNT_IMMEDIATE,
    OPERAND_BITS,
    Counter,
    OperandKind,
    Register,
    Unit,
    tiles_field,
)
from bsc.isa.words import encode_word

_COUNTERS = {counter.name.lower(): int(counter) for counter in Counter}
_REGISTERS = {register.name.lower(): int(register) for register in Register}
_CHUNKS = {register.name.lower(): int(register) for register in CHUNK_REGISTERS}
_UNITS = {unit.name.lower(): int(unit) for unit in Unit}
_MNEMONICS = list(BY_NAME)

_LOOKS: Mapping[OperandKind, str] = {
    OperandKind.TILES: "tiles such as [0-3 5]",
    OperandKind.UNITS: "units such as [array neuron]",
    OperandKind.LAYER: "`layer` and a number",
    OperandKind.CORE: "`core` and a number",
    OperandKind.TILE: "`tile` and a number",
    OperandKind.ROW: "`row` and a number",
    OperandKind.ADDRESS: "an address",
    OperandKind.NUMBER: "a number",
    OperandKind.COUNT: "a register or a number",
}


@dataclass(frozen=True, slots=True)
class Operands:
    """What operands may name in a core.

    Attributes:
        named: namespaces by kind of operand.
        problems: where they go.
    """

    named: Mapping[OperandKind, Names]
    problems: Problems

    def word(self, tokens: Sequence[Token]) -> int | None:
        """The word of an instruction's tokens, or None and problems."""
        name = tokens[0]
        instruction = BY_NAME.get(name.text) if name.is_word else None
        if instruction is None:
            help = hint(name, _MNEMONICS, "instructions")
            self.problems.add("BSC5222", f"there is no instruction {name.shown}", name, help)
            return None
        groups = self._groups(tokens)
        if groups is None:
            return None
        if len(groups) != len(instruction.operands):
            found, wanted = len(groups), len(instruction.operands)
            message = f"operands of {instruction.name}: {found}, expected {wanted}"
            self.problems.add("BSC5227", message, name, f"it is written {_form(instruction)}")
            return None
        numbers: dict[str, int] = {}
        for operand, group in zip(instruction.operands, groups, strict=True):
            number = self._operand(operand, group)
            if number is not None:
                numbers[operand.name] = number
        if len(numbers) != len(groups):
            return None
        try:
            return encode_word(instruction.name, **numbers)
        except FieldError as error:
            self.problems.add("BSC5225", str(error), name)
            return None

    def _groups(self, tokens: Sequence[Token]) -> list[list[Token]] | None:
        """Tokens between commas; none of the groups is empty."""
        if len(tokens) == 1:
            return []
        groups: list[list[Token]] = [[]]
        for token in tokens[1:]:
            if token.is_mark(","):
                if not groups[-1]:
                    break
                groups.append([])
            else:
                groups[-1].append(token)
        if not groups[-1]:
            self.problems.add("BSC5221", "an operand is missing beside a comma", tokens[0])
            return None
        return groups

    def _operand(self, operand: Operand, group: list[Token]) -> int | None:
        kind, first = operand.kind, group[0]
        match kind:
            case OperandKind.TILES | OperandKind.UNITS:
                closed = len(group) > 2 and first.is_mark("[") and group[-1].is_mark("]")
                if not closed or not all(token.is_word for token in group[1:-1]):
                    self._unlike(operand, first)
                    return None
                if kind is OperandKind.TILES:
                    return self._tiles(first, group[1:-1])
                return self._units(group[1:-1])
            case OperandKind.LAYER | OperandKind.CORE | OperandKind.TILE | OperandKind.ROW:
                if first.text != kind.value or len(group) != 2:
                    odd = first.text == kind.value and len(group) > 2
                    self._unlike(operand, group[2] if odd else first)
                    return None
                return self._number(kind, group[1])
            case _:
                if len(group) != 1 or not first.is_word:
                    self._unlike(operand, first if len(group) == 1 else group[1])
                    return None
                return self._single(operand, first)

    def _single(self, operand: Operand, token: Token) -> int | None:
        match operand.kind:
            case OperandKind.COUNTER:
                return self._choice(token, "counter", _COUNTERS)
            case OperandKind.REGISTER:
                return self._choice(token, "register", _REGISTERS)
            case OperandKind.CHUNK:
                return self._choice(token, "register that `chunks` writes", _CHUNKS)
            case OperandKind.COUNT:
                if token.text[0] not in "+-0123456789":
                    return self._choice(token, "register", _REGISTERS)
                count = self.problems.number(token, 1, COUNT_IMMEDIATE - 1, "the count")
                return None if count is None else count | COUNT_IMMEDIATE
            case OperandKind.ADDRESS | OperandKind.NUMBER:
                return self._number(operand.kind, token)
            case _:
                if (
                    token.text[0] == "#" != token.text
                ):  # as listings write a number that names nothing
                    part = Token(token.sort, token.text[1:], token.line, token.column + 1)
                    return self._number(operand.kind, part)
                return self.named[operand.kind].find(token, self.problems)

    def _number(self, kind: OperandKind, token: Token) -> int | None:
        most = (1 << OPERAND_BITS[kind]) - 1
        return self.problems.number(token, 0, most, f"the {kind.value}")

    def _tiles(self, bracket: Token, words: list[Token]) -> int | None:
        tiles: list[int] = []
        for token in words:
            lines = read_lines(token, (1 << 16) - 1, "tile", self.problems)
            if lines is None:
                return None
            # Of a range that is too long, as much as shows that it is.
            tiles += range(lines[0], min(lines[1], lines[0] + 16) + 1)
            if len(tiles) > 32:
                break
        try:
            return tiles_field(tuple(tiles))
        except ValueError as error:
            self.problems.add("BSC5225", str(error), bracket)
            return None

    def _units(self, words: list[Token]) -> int | None:
        mask = 0
        for token in words:
            unit = self._choice(token, "unit", _UNITS)
            if unit is None:
                return None
            if mask >> unit & 1:
                self.problems.add("BSC5224", f"unit {token.shown} is there twice", token)
                return None
            mask |= 1 << unit
        return mask

    def _choice(self, token: Token, what: str, known: dict[str, int]) -> int | None:
        found = known.get(token.text)
        if found is None:
            help = hint(token, known, "there are")
            self.problems.add("BSC5223", f"{token.shown} is no {what}", token, help)
        return found

    def _unlike(self, operand: Operand, token: Token) -> None:
        looks = _LOOKS.get(operand.kind, f"one {operand.kind.value}")
        message = f"found `{token.shown}`, expected {looks}"
        self.problems.add("BSC5227", message, token)


def _form(instruction: Instruction) -> str:
    """How an instruction is written, with its operands' names."""
    return f"{instruction.name} {', '.join(o.name for o in instruction.operands)}".rstrip()

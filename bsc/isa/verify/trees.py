"""Code as trees of loops: once it is known to nest, all that follows is a walk of a tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bsc.isa.kinds import COUNT_IMMEDIATE, Counter, EntryKind, Register
from bsc.isa.words import Decoded


@dataclass(frozen=True, slots=True)
class Count:
    """How often a loop's body is executed, or how large a piece is.

    Attributes:
        number: the number, 0 where a register says it.
        register: the register, None where a number stands.
    """

    number: int
    register: Register | None = None

    @classmethod
    def of(cls, field: int) -> Count:
        """From the field of a word."""
        if field & COUNT_IMMEDIATE:
            return cls(field & (COUNT_IMMEDIATE - 1))
        return cls(0, Register(field))

    def __str__(self) -> str:
        return str(self.number) if self.register is None else self.register.name.lower()

    def value(self, registers: Mapping[Register, int]) -> int:
        """The number, given what registers hold."""
        return self.number if self.register is None else registers[self.register]


@dataclass(frozen=True, slots=True)
class Instr:
    """An instruction that is neither `loop`, `chunks` nor `end`."""

    address: int
    decoded: Decoded

    @property
    def name(self) -> str:
        """The mnemonic."""
        return self.decoded.instruction.name


@dataclass(frozen=True, slots=True)
class Loop:
    """A `loop` or `chunks` with its body; the body is executed at least once.

    Attributes:
        address: of the word that opens it.
        end: address of its `end`.
        counter: what counts its passes, NONE for `chunks`.
        piece: register that `chunks` writes, None for `loop`.
        total: register that `chunks` cuts, None for `loop`.
        count: passes of a `loop`, largest piece of `chunks`.
        body: what is repeated.
    """

    address: int
    end: int
    counter: Counter
    piece: Register | None
    total: Register | None
    count: Count
    body: tuple[Instr | Loop, ...]

    def passes(self, registers: dict[Register, int]) -> Iterator[int]:
        """Passes by groups that go alike: sets the piece and yields how many passes have it.

        A `loop` is one group; `chunks` are the full pieces and then the rest, where there is one.
        """
        count = self.count.value(registers)
        if self.piece is None or self.total is None:
            yield count
            return
        full, rest = divmod(registers[self.total], count)
        for passes, size in ((full, count), (1, rest)):
            if passes and size:
                registers[self.piece] = size
                yield passes


Node: TypeAlias = Instr | Loop
"""What code is made of."""

Trees: TypeAlias = Mapping[EntryKind, tuple[Node, ...]]
"""The code of a core, by entry."""


def instructions(nodes: tuple[Node, ...]) -> Iterator[Instr]:
    """All instructions of a tree in the order of their addresses."""
    for node in nodes:
        if isinstance(node, Loop):
            yield from instructions(node.body)
        else:
            yield node


def host_registers(samples: int, batch: int, repeats: int, reads: int) -> dict[Register, int]:
    """Registers as the host writes them.

    Raises:
        ValueError: one of them is below 1: every body is executed at least once.
    """
    values = {
        Register.SAMPLES: samples,
        Register.BATCH: batch,
        Register.REPEATS: repeats,
        Register.READS: reads,
    }
    for register, value in values.items():
        if value < 1:
            raise ValueError(f"register {register.name.lower()} is {value}, expected 1 or more")
    return values

"""Code of one entry of one core while it is being generated: vectors have names, not places yet."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bsc.isa.kinds import COUNT_IMMEDIATE, Counter, Register, VectorKind


@dataclass(eq=False, slots=True)
class Area:
    """A vector that wants a place in memory.

    Attributes:
        name: for people.
        kind: which memory.
        length: elements of a slot.
        first: number of the first element in the layer.
        slots: how many samples it is held for.
        parent: the vector that it is a part of.
        offset: its first element there.
    """

    name: str
    kind: VectorKind
    length: int
    first: int = 0
    slots: int = 1
    parent: Area | None = None
    offset: int = 0

    @property
    def root(self) -> Area:
        """The vector that owns the memory."""
        return self if self.parent is None else self.parent


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles of the core, by number; split over several words where one cannot name them."""

    numbers: tuple[int, ...]


OperandValue: TypeAlias = Area | Tiles | int


@dataclass(frozen=True, slots=True)
class Item:
    """An instruction before it is a word.

    Attributes:
        name: mnemonic.
        operands: by the names of the table.
        origin: the model's layer.
    """

    name: str
    operands: dict[str, OperandValue]
    origin: str = ""

    @property
    def opens(self) -> bool:
        """Whether it begins a loop."""
        return self.name in ("loop", "chunks")

    @property
    def over_slots(self) -> bool:
        """Whether it begins a loop over samples in flight."""
        return self.name == "loop" and self.operands["counter"] == Counter.SLOT


def immediate(number: int) -> int:
    """A COUNT field that holds a number."""
    return COUNT_IMMEDIATE | number


@dataclass(slots=True)
class Code:
    """Items of one entry, in order."""

    items: list[Item] = field(default_factory=list)
    origin: str = ""

    def op(self, name: str, **operands: OperandValue) -> None:
        """Append an instruction."""
        self.items.append(Item(name, operands, self.origin))

    @contextlib.contextmanager
    def loop(self, counter: Counter, count: int) -> Iterator[None]:
        """A loop around what is appended meanwhile."""
        self.op("loop", counter=counter, count=count)
        yield
        self.op("end")

    @contextlib.contextmanager
    def chunks(self, piece: Register, total: Register, count: int) -> Iterator[None]:
        """A loop over pieces."""
        self.op("chunks", piece=piece, total=total, count=count)
        yield
        self.op("end")

    @contextlib.contextmanager
    def from_layer(self, origin: str) -> Iterator[None]:
        """What is appended meanwhile comes from that layer."""
        before, self.origin = self.origin, origin
        yield
        self.origin = before

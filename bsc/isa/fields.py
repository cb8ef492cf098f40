"""Bit fields: how instructions and records lie in 64-bit words, packed and unpacked by one piece.

A layout is data. The encoder, the decoder and the tables of docs/isa.md all read it, so none can
say something else than the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

WORD = 64


class FieldError(ValueError):
    """A number does not fit its field, or a bit that must be zero is not."""


@dataclass(frozen=True, slots=True)
class Field:
    """Some bits of one word.

    Attributes:
        name: of the number in it.
        bits: how many; 1 to 64.
        meaning: what it says, for the reference page.
        signed: whether it is two's complement.
        word: which word, from 0.
        low: its lowest bit.
    """

    name: str
    bits: int
    meaning: str = ""
    signed: bool = False
    word: int = 0
    low: int = 0

    @property
    def least(self) -> int:
        """Smallest number that fits."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def most(self) -> int:
        """Largest number that fits."""
        return (1 << (self.bits - self.signed)) - 1


@dataclass(frozen=True)
class Layout:
    """Fields in words; bits that no field has are zero.

    Attributes:
        fields: in order of their places.
        words: words in all.
    """

    fields: tuple[Field, ...]
    words: int

    @classmethod
    def of(cls, *words: Sequence[Field]) -> Layout:
        """Place fields one after the other from bit 0 of their word."""
        placed: list[Field] = []
        for number, given in enumerate(words):
            low = 0
            for field in given:
                if low + field.bits > WORD:
                    raise ValueError(f"field {field.name} does not fit word {number}")
                placed.append(
                    Field(field.name, field.bits, field.meaning, field.signed, number, low)
                )
                low += field.bits
        return cls(tuple(placed), len(words))

    @cached_property
    def _used(self) -> tuple[int, ...]:
        used = [0] * self.words
        for field in self.fields:
            used[field.word] |= ((1 << field.bits) - 1) << field.low
        return tuple(used)

    def pack(self, numbers: Mapping[str, int]) -> tuple[int, ...]:
        """Numbers by field name to words.

        Raises:
            FieldError: a number does not fit.
        """
        words = [0] * self.words
        for field in self.fields:
            number = numbers[field.name]
            if not field.least <= number <= field.most:
                raise FieldError(
                    f"{field.name} is {number}, expected {field.least} to {field.most}"
                )
            words[field.word] |= (number & ((1 << field.bits) - 1)) << field.low
        return tuple(words)

    def unpack(self, words: Sequence[int]) -> dict[str, int]:
        """Words to numbers by field name.

        Raises:
            FieldError: a bit that no field has is set.
        """
        numbers: dict[str, int] = {}
        for word, used in zip(words, self._used, strict=True):
            if word & ~used:
                bit = (word & ~used).bit_length() - 1
                raise FieldError(f"bit {bit} must be 0")
        for field in self.fields:
            number = (words[field.word] >> field.low) & ((1 << field.bits) - 1)
            if field.signed and number > field.most:
                number -= 1 << field.bits
            numbers[field.name] = number
        return numbers

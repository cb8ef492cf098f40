"""Entries of tables and bytes of the state: much text, read line by line without tokens."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bsc.isa.assembly_tokens import Problems, Token, tokens_of
from bsc.isa.image import Table
from bsc.isa.records import LogicalArray
from bsc.isa.state_bytes import CLOCK_BYTES, CLOCKS, from_bytes, length
from bsc.numerics.state import ChipState

ENTRIES_MAX = 1 << 24
"""Entries of all tables of a text: a run of equal ones is short to write."""

_PLAIN = re.compile(r"[-+0-9x \t]*")
_LEAST, _MOST = -(1 << 31), (1 << 31) - 1


@dataclass(slots=True)
class TableText:
    """A table whose entries may still come.

    Attributes:
        name: its token.
        entries: how many there must be.
        values: those that were read.
        data: the directive that they follow.
        full: whether more than there must be were seen.
    """

    name: Token
    entries: int
    values: array[int] = field(default_factory=lambda: array("i"))
    data: Token | None = None
    full: bool = False

    def read(self, text: str, line: int, problems: Problems) -> None:
        """A line of entries: numbers, and `value x count` for equal ones."""
        if _PLAIN.fullmatch(text) and self._plain(text):
            return
        self._tokens(tokens_of(text, line), problems)

    def _plain(self, text: str) -> bool:
        """Take a line without hexadecimal numbers; where it is wrong, nothing of it."""
        words, before = text.split(), len(self.values)
        try:
            if "x" not in text:
                if before + len(words) <= self.entries:
                    self.values.extend(map(int, words))
                    return True
            elif self._runs(words):
                return True
        except (ValueError, OverflowError):
            pass
        del self.values[before:]  # the way through tokens says what is wrong, and where
        return False

    def _runs(self, words: Sequence[str]) -> bool:
        values, at = self.values, 0
        while at < len(words):
            run = words[at + 1 : at + 2] == ["x"]
            count = int(words[at + 2]) if run and at + 2 < len(words) else 1 - run
            if count < 1 or len(values) + count > self.entries:
                return False
            values.extend(array("i", (int(words[at]),)) * count)
            at += 3 if run else 1
        return True

    def table(self, problems: Problems) -> Table | None:
        """The table, or None and a problem where entries are missing."""
        if self.full:
            return None
        if len(self.values) != self.entries:
            found, name = len(self.values), self.name.text
            message = f"entries of table {name}: {found}, expected {self.entries}"
            problems.add("BSC5228", message, self.data or self.name)
            return None
        return Table(self.name.text, np.array(self.values, dtype=np.int32))

    def _tokens(self, tokens: Sequence[Token], problems: Problems) -> None:
        at = 0
        while at < len(tokens) and not self.full:
            value = problems.number(tokens[at], _LEAST, _MOST, "an entry")
            if value is None:
                return
            count = 1
            run = at + 1 < len(tokens) and tokens[at + 1].text == "x"
            if run:
                if at + 2 >= len(tokens):
                    problems.add("BSC5221", "a run is written value x count", tokens[at + 1])
                    return
                found = problems.number(tokens[at + 2], 1, ENTRIES_MAX, "the count of a run")
                if found is None:
                    return
                count = found
            if len(self.values) + count > self.entries:
                message = f"entries of table {self.name.text}: more than {self.entries}"
                problems.add("BSC5228", message, tokens[at])
                self.full = True
                return
            self.values.extend(array("i", (value,)) * count)
            at += 3 if run else 1


@dataclass(slots=True)
class StateText:
    """The state: clocks of the directive, bytes of the lines that follow.

    Attributes:
        directive: its token.
        clocks: values by name.
        stream: bytes so far.
    """

    directive: Token
    clocks: dict[str, int]
    stream: bytearray = field(default_factory=bytearray)

    def read(self, text: str, line: int, problems: Problems) -> None:
        """A line of bytes in hexadecimal."""
        try:
            self.stream += bytes.fromhex(text)
        except ValueError:
            self._tokens(tokens_of(text, line), problems)

    def state(self, arrays: Sequence[LogicalArray], problems: Problems) -> ChipState | None:
        """The state, or None and a problem where it is not of the arrays."""
        needed = length(arrays) - CLOCK_BYTES
        if len(self.stream) != needed:
            message = f"the state has {len(self.stream)} bytes, the arrays {needed}"
            problems.add("BSC5228", message, self.directive)
            return None
        clocks = (self.clocks.get(clock, 0).to_bytes(8, "little") for clock in CLOCKS)
        return from_bytes(arrays, bytes(self.stream) + b"".join(clocks))

    def _tokens(self, tokens: Sequence[Token], problems: Problems) -> None:
        for token in tokens:
            try:
                self.stream += bytes.fromhex(token.text)
            except ValueError:
                message = f"`{token.shown}` is no row of bytes, two hexadecimal digits each"
                problems.add("BSC5225", message, token)
                return

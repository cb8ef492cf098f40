"""Lines of assembly cut into tokens with their places, numbers read, problems collected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from bsc.diag import Sink, Span

MOST_PROBLEMS = 20
"""Problems of one text that are told at once."""

LONGEST_LINE = 1 << 20
"""Characters of a line: each may become a token of some 100 bytes."""

LONGEST_NUMBER = 40
"""Characters of a number."""

_TOKEN = re.compile(
    r"""\s* (?: ;.*
        | (?P<STRING> "(?:[^"\\]|\\.)*" )
        | (?P<MARK> [\[\],:=] )
        | (?P<WORD> [^\s\[\],:=;"]+ )
        | (?P<STRAY> ".* )
        )""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
_SHOWN = 40


class Sort(Enum):
    """What a token is; words are told apart by where they stand."""

    STRING = auto()
    MARK = auto()
    WORD = auto()
    STRAY = auto()  # quotes that do not end


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it stands: line and column from 1."""

    sort: Sort
    text: str
    line: int
    column: int

    @property
    def shown(self) -> str:
        """The text, cut where it is long."""
        return self.text if len(self.text) <= _SHOWN else f"{self.text[: _SHOWN - 3]}..."

    def is_mark(self, text: str) -> bool:
        """Whether it is this mark."""
        return self.sort is Sort.MARK and self.text == text

    @property
    def is_word(self) -> bool:
        """Whether it is a word: a name, a number, a mnemonic."""
        return self.sort is Sort.WORD


def tokens_of(text: str, line: int) -> list[Token]:
    """The tokens of a line, comments left out.

    What is between quotes that do not end is one token. Time is linear in the length of the line:
    spaces are always followed by a token, as those at its end are cut off first.
    """
    found: list[Token] = []
    for match in _TOKEN.finditer(text.rstrip()):
        if match.lastgroup is not None:
            sort, column = Sort[match.lastgroup], match.start(match.lastgroup) + 1
            found.append(Token(sort, match[match.lastgroup], line, column))
    return found


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, one after the other: a list of them could be larger than the text.

    Args:
        text: in which lines end with a line feed.
    """
    start, number = 0, 1
    while start < len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        yield number, text[start:stop]
        start, number = stop + 1, number + 1


@dataclass(slots=True)
class Problems:
    """Collects what is wrong with one text, and ends when that is enough.

    Attributes:
        source: what diagnostics call the text.
        sink: what was found.
    """

    source: str
    sink: Sink = field(default_factory=Sink)

    def add(self, code: str, message: str, at: Token, help: str | None = None) -> None:
        """Record a problem; the twentieth ends the reading.

        Raises:
            DiagnosticError: with all of them.
        """
        span = Span(self.source, at.line, at.column, len(at.text))
        self.sink.add(code, message, at=span, help=help)
        if len(self.sink.diagnostics) >= MOST_PROBLEMS:
            self.sink.raise_if_errors()

    def number(self, token: Token, least: int, most: int, what: str) -> int | None:
        """A whole number within bounds, or None and a problem."""
        if not token.is_word or _NUMBER.fullmatch(token.text) is None:
            self.add("BSC5225", f"{what} is `{token.shown}`, expected a whole number", token)
            return None
        value = (
            int(token.text, 0 if "x" in token.text.lower() else 10) if short(token) else most + 1
        )
        if not least <= value <= most:
            bounds = f"{least} to {most}" if least < most else str(least)
            message = f"{what} is {token.shown}, expected {bounds}"
            self.add("BSC5225", message, token)
            return None
        return value

    def single(
        self, tokens: list[Token], wanted: Callable[[Token], bool], what: str
    ) -> Token | None:
        """The one token behind a directive, or None and a problem."""
        if len(tokens) == 1:
            self.add("BSC5221", f"{what} is missing", tokens[0])
            return None
        found = tokens[1] if not wanted(tokens[1]) else tokens[-1]
        if len(tokens) > 2 or not wanted(found):
            self.add("BSC5221", f"found `{found.shown}`, expected {what}", found)
            return None
        return found


def short(token: Token) -> bool:
    """Whether a number is not absurdly long: reading one takes time by the square of its length."""
    return len(token.text) <= LONGEST_NUMBER

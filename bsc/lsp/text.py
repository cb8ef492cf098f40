r"""Places in a text: lines and columns of the language to those of an editor, and back.

Both end lines at `\n`, `\r\n` and `\r`. The language counts lines and columns from 1, columns in
characters. An editor counts from 0, and columns in the units that were agreed on: halves of UTF-16,
unless it asked for others.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from bsc.diag.lines import LINE_END
from bsc.frontend.dsl.ast import Place

_MARK = "\ufeff"


class Units(StrEnum):
    """What columns of an editor count; the values are the protocol's."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"

    def of(self, text: str) -> int:
        """How many units a text has."""
        match self:
            case Units.UTF8:
                return len(text.encode("utf-8", "surrogatepass"))
            case Units.UTF16:
                return len(text) + sum(character > "\uffff" for character in text)
            case Units.UTF32:
                return len(text)


_WIDE = {
    Units.UTF8: re.compile("[^\x00-\x7f]"),
    Units.UTF16: re.compile("[^\x00-\uffff]"),
    Units.UTF32: re.compile("(?!)"),
}
"""Characters that have more than one unit."""


class Position(NamedTuple):
    """A place as an editor has it: line and column from 0."""

    line: int
    character: int


class Range(NamedTuple):
    """A stretch of text; the end is one past it."""

    start: Position
    end: Position


@dataclass(slots=True)
class Text:
    """A text and its line ends.

    Attributes:
        text: as the editor sent it.
        units: what its columns count.
    """

    text: str
    units: Units = Units.UTF16
    _lines: list[int] = field(init=False, repr=False)
    _rows: list[int] = field(init=False, repr=False)
    _wide: list[int] = field(init=False, repr=False)
    _more: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Where characters of several units stand, and how many more than one they have up to there.
        wide = [] if self.text.isascii() else list(_WIDE[self.units].finditer(self.text))
        self._wide = [match.start() for match in wide]
        more = (self.units.of(match[0]) - 1 for match in wide)
        self._more = list(accumulate(more, initial=0))
        self._lines = [0, *(match.end() for match in LINE_END.finditer(self.text))]
        self._rows = self._lines.copy()
        if self.text.startswith(_MARK):  # the language drops a byte order mark
            self._rows[0] = 1

    # the language's places

    def offset(self, line: int, column: int) -> int:
        """Index of a line and column of the language; what is outside of the text is its end."""
        if line > len(self._rows):
            return len(self.text)
        return min(self._rows[max(line, 1) - 1] + max(column, 1) - 1, len(self.text))

    def place(self, position: Position) -> tuple[int, int]:
        """Line and column of the language for a position of the editor."""
        offset = self._offset_of(position)
        row = max(bisect_right(self._rows, offset) - 1, 0)
        return row + 1, max(offset - self._rows[row], 0) + 1

    # the editor's places

    def position(self, line: int, column: int) -> Position:
        """Position for a line and column of the language."""
        return self._position_at(self.offset(line, column))

    def range(self, at: Place) -> Range:
        """Stretch for a place of the language."""
        start = self.offset(at.line, at.column)
        end = max(self.offset(at.end_line, at.end_column), start)
        return Range(self._position_at(start), self._position_at(end))

    def underlined(self, line: int, column: int, length: int) -> Range:
        """Stretch of so many characters of one line, at least one where there is one."""
        start = self.offset(line, column)
        stop = self._stop(bisect_right(self._lines, start) - 1)
        end = max(start, min(start + max(length, 1), stop))
        return Range(self._position_at(start), self._position_at(end))

    def whole(self) -> Range:
        """All of the text."""
        return Range(Position(0, 0), self._position_at(len(self.text)))

    def before(self, position: Position) -> str:
        """The editor's line up to a position."""
        offset = self._offset_of(position)
        return self.text[self._lines[bisect_right(self._lines, offset) - 1] : offset]

    def _position_at(self, offset: int) -> Position:
        line = bisect_right(self._lines, offset) - 1
        return Position(line, self._units(self._lines[line], offset))

    def _offset_of(self, position: Position) -> int:
        line, character = position
        if line >= len(self._lines):
            return len(self.text)
        start, stop = self._lines[max(line, 0)], self._stop(max(line, 0))
        return start + bisect_left(
            range(stop - start), character, key=lambda index: self._units(start, start + index)
        )

    def _units(self, start: int, stop: int) -> int:
        """Units of the characters between two indices."""
        first, last = bisect_left(self._wide, start), bisect_left(self._wide, stop)
        return stop - start + self._more[last] - self._more[first]

    def _stop(self, line: int) -> int:
        """Index of the end of an editor's line, in front of what breaks it."""
        if line + 1 == len(self._lines):
            return len(self.text)
        end = self._lines[line + 1]
        return end - 2 if self.text.endswith("\r\n", 0, end) else end - 1

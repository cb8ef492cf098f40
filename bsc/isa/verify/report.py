"""Where the verifier's findings gather, each with the word that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn

from bsc.diag import DiagnosticError, Sink, Span
from bsc.isa.fields import FieldError
from bsc.isa.image import Image
from bsc.isa.text import line_of
from bsc.isa.words import decode_word

STRUCTURE = "BSC5230"
DATA = "BSC5231"
TABLES = "BSC5232"
STATE = "BSC5233"
OPERANDS = "BSC5234"
DEFINED = "BSC5235"
MESSAGES = "BSC5236"

PROBLEMS = 20
"""So many are collected before the verifier gives up."""


class Report:
    """Collects problems of one image."""

    def __init__(
        self,
        image: Image,
        source: str,
        lines: Mapping[tuple[int, int], Span] = MappingProxyType({}),
    ) -> None:
        self.image = image
        self.source = source
        self.lines = lines
        self.sink = Sink()

    def wrong(self, code: str, path: str, message: str) -> None:
        """A problem of something that is no word of code.

        Raises:
            DiagnosticError: it is the last that is collected.
        """
        self._add(code, Span(self.source, path=path), message)

    def _add(self, code: str, at: Span, message: str) -> None:
        self.sink.add(code, message, at=at)
        if len(self.sink.diagnostics) >= PROBLEMS:
            self.give_up()

    def word(self, code: str, core: int, address: int, message: str) -> None:
        """A problem of a word of a core's code.

        Raises:
            DiagnosticError: it is the last that is collected.
        """
        at = self.lines.get((core, address))
        if at is None:
            path = f"core {core} at {address}: {line(self.image, core, address)}"
            at = Span(self.source, path=path)
        self._add(code, at, message)

    def give_up(self) -> NoReturn:
        """Raise what was found."""
        raise DiagnosticError(self.sink.diagnostics)

    def check(self) -> None:
        """Raise what was found, if anything."""
        if self.sink.diagnostics:
            self.give_up()


def line(image: Image, core: int, address: int) -> str:
    """A word as text, for messages; never fails, whatever is wrong with the image."""
    code = image.cores[core].code
    if not 0 <= address < len(code):
        return "behind the last word"
    try:
        decoded = decode_word(code[address])
    except FieldError:
        return f"{code[address]:#018x}"
    return line_of(decoded, image, core)

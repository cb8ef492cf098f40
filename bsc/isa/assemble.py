"""Assembly to an image: one pass over the lines, all problems told together."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from bsc.diag import Span, fail
from bsc.diag.lines import with_plain_line_ends
from bsc.isa.assembly_reader import Reader
from bsc.isa.assembly_tokens import MOST_PROBLEMS, numbered_lines
from bsc.isa.binary import read_bytes
from bsc.isa.header import MAGIC
from bsc.isa.image import Image
from bsc.isa.wellformed import flaws

TEXT_BYTES_MAX = 64 << 20
"""A text of assembly; state is most of it, two characters a byte."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What ends a line for a terminal or an editor, or is no character."""


def read_assembly(path: Path) -> str:
    """The text of a file of assembly.

    Raises:
        DiagnosticError: BSC5220, it cannot be read or is no text.
    """
    data = read_bytes(path, TEXT_BYTES_MAX, "BSC5220", pipe=True)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        help = None
        if data.startswith(MAGIC):
            help = "this is an image: `bsc dis` writes it as assembly"
        message = f"no UTF-8 at byte {error.start}"
        raise fail("BSC5220", message, at=Span(str(path)), help=help) from None


def assemble(text: str, source: str) -> Image:
    """The image of a text; see `assemble_with_lines`."""
    return assemble_with_lines(text, source)[0]


def assemble_with_lines(text: str, source: str) -> tuple[Image, dict[tuple[int, int], Span]]:
    """The image of a text, and where each word of it stands, by core and address.

    Args:
        text: what `disassemble` wrote, or a person.
        source: what diagnostics call it.

    Raises:
        DiagnosticError: BSC5202 and BSC5220 to BSC5229, every problem up to 20, with its place.
    """
    if len(text) > TEXT_BYTES_MAX:
        most = TEXT_BYTES_MAX >> 20
        raise fail("BSC5220", f"the text is larger than {most} MiB", at=Span(source))
    text = with_plain_line_ends(text)
    control = _CONTROL.search(text)
    if control is not None:
        start = control.start()
        line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
        message = f"the character {control[0]!r} cannot stand in a text of assembly"
        raise fail("BSC5220", message, at=Span(source, line, column))
    reader = Reader(source)
    for number, row in numbered_lines(text):
        reader.line(number, row)
    image = reader.image()
    for flaw in itertools.islice(flaws(image), MOST_PROBLEMS):
        reader.flawed(flaw.code, f"{flaw.place}: {flaw.message}")
    reader.problems.sink.raise_if_errors()
    return image, reader.lines()

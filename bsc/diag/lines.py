r"""Where the lines of a text end, for all who say or show where something is in one.

`\n`, `\r\n` and `\r` end a line, as in every editor; a form feed, U+2028 and the other characters
that `str.splitlines` takes for line ends do not.
"""

from __future__ import annotations

import re

LINE_END = re.compile(r"\r\n?|\n")


def with_plain_line_ends(text: str) -> str:
    r"""A text in which only `\n` ends a line."""
    return LINE_END.sub("\n", text) if "\r" in text else text


def rows_of(text: str) -> list[str]:
    """The lines of a text without their ends, at least one."""
    return with_plain_line_ends(text).split("\n")

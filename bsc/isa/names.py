"""Names and texts of an image: what may stand in a file and can be written in assembly."""

from __future__ import annotations

import re
import unicodedata

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
LONGEST_NAME = 64
LONGEST_TEXT = 4096

_NOT_IN_A_LINE = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories of what ends a line, steers a terminal or is no character."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def is_name(text: str) -> bool:
    """Whether records can be called so: letters, digits, `_` and `.`, no digit or dot first."""
    return len(text) <= LONGEST_NAME and NAME.fullmatch(text) is not None


def is_text(text: str) -> bool:
    """Whether an origin can say so: any characters of one line, not too many."""
    return len(text) <= LONGEST_TEXT and all(
        unicodedata.category(c) not in _NOT_IN_A_LINE for c in text
    )


def quote(text: str) -> str:
    r"""A text in quotes; quotes and backslashes in it as `\"` and `\\`."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquote(text: str) -> str:
    """The text that `quote` wrote.

    Raises:
        ValueError: an unknown escape.
    """
    return _ESCAPE.sub(_unescape, text[1:-1])


def _unescape(match: re.Match[str]) -> str:
    if match[1] not in '"\\':
        raise ValueError(f'unknown escape {match[0]}, expected \\" or \\\\')
    return match[1]

"""Characters that no text of the language may hold, and how a text gets rid of them."""

from __future__ import annotations

import re
import unicodedata

from bsc.frontend.dsl.syntax.slips import MOST_TOLD, Slips

_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def is_allowed(character: str) -> bool:
    """Whether a character may stand in comments, strings and names in backticks."""
    return _CONTROL.match(character) is None


def without_controls(text: str, slips: Slips) -> str:
    r"""A text of the same length in which blanks stand for what may not be in it.

    Control characters are refused everywhere, in comments and strings too: a NUL cuts the text for
    other tools, and marks that turn the direction of writing make a text look like another one.

    Args:
        text: in which only `\n` ends a line.
        slips: take what is found.
    """
    found = _CONTROL.search(text)
    if found is None:
        return text
    line, counted = 1, 0
    for match in _CONTROL.finditer(text):
        if slips.count < MOST_TOLD:
            start = match.start()
            line += text.count("\n", counted, start)
            counted = start
            _tell(match[0], (line, start - text.rfind("\n", 0, start), 1), slips)
        else:
            slips.count += 1
    return _CONTROL.sub(" ", text)


def _tell(character: str, at: tuple[int, int, int], slips: Slips) -> None:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "a control character").lower()
    if character == "\x00":
        name = "NUL"
    help = f"remove it; in a string it is written \\u{{{ord(character):x}}}"
    if "\ud800" <= character <= "\udfff":
        name, help = "half of a surrogate pair", "remove it"
    elif _TURNING.match(character):
        name += ", which makes the text look like another one"
    slips.add("BSC2104", f"found {code} ({name})", at, help=help)

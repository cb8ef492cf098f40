"""Strings, names and docstrings between text and value, both ways."""

from __future__ import annotations

import inspect
import re

from bsc.frontend.dsl.syntax.characters import is_allowed
from bsc.frontend.dsl.syntax.slips import Slips, Where

MAX_CHARACTERS = 1 << 16
"""Characters of a string as it is written: names of files, tensors and targets are shorter."""

_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|([^\n]))|\t")
_SHORT = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_LONG = {character: f"\\{letter}" for letter, character in _SHORT.items()}


def read_string(text: str, at: Where, slips: Slips) -> str:
    """The value of a string as it stands in the text, with its quotes."""
    inner = text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]
    if len(inner) > MAX_CHARACTERS:
        message = f"a string of {len(inner)} characters, at most {MAX_CHARACTERS}"
        slips.add("BSC2107", message, at)
        return ""
    if "\\" not in inner and "\t" not in inner:
        return inner

    parts: list[str] = []
    done = 0
    for match in _ESCAPE.finditer(inner):
        if slips.full:
            break
        parts += (inner[done : match.start()], _unescaped(match, at, slips))
        done = match.end()
    return "".join((*parts, inner[done:]))


def _unescaped(match: re.Match[str], at: Where, slips: Slips) -> str:
    here = at[0], at[1] + 1 + match.start(), len(match[0])
    if match[0] == "\t":
        slips.add("BSC2107", "found a tab in a string", here, help="it is written `\\t`")
        return "\t"
    if match[1] is not None:
        number = int(match[1], 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            message = f"`{match[0]}` is no character of Unicode"
            slips.add("BSC2107", message, here, help="the last one is `\\u{10ffff}`")
            return ""
        return chr(number)
    if match[2] not in _SHORT:
        help = 'a string knows \\" \\\\ \\n \\t and \\u{hex}; a backslash is written `\\\\`'
        slips.add("BSC2107", f"`{match[0]}` is no escape", here, help=help)
        return match[2]
    return _SHORT[match[2]]


def string_text(value: str) -> str:
    """A string as it is written."""
    if value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    written = [_LONG.get(c) or (c if _prints(c) else f"\\u{{{ord(c):x}}}") for c in value]
    return f'"{"".join(written)}"'


def _prints(character: str) -> bool:
    return character.isprintable() and is_allowed(character)


def read_doc(text: str) -> str:
    """The value of a docstring as it stands in the text: no common indentation, nothing behind."""
    inner = text[3:-3] if len(text) >= 6 and text.endswith('"""') else text[3:]
    return inspect.cleandoc("\n".join(line.rstrip() for line in inner.split("\n")))


def doc_text(doc: str, indent: str) -> str:
    """A docstring as it is written, its lines behind the first one indented."""
    first, *others = doc.split("\n")
    if not others and not doc.endswith('"'):
        return f'"""{doc}"""'
    # Reading takes off what all lines behind the first have in common: where the first one is
    # part of an indentation, it goes to a line of its own.
    common = min((len(line) - len(line.lstrip()) for line in others if line), default=0)
    begun = [f'"""{first}', *others]
    lines = ['"""', first, *others] if common or first[:1].isspace() else begun
    return "\n".join(
        [lines[0], *(f"{indent}{line}".rstrip() for line in lines[1:]), f'{indent}"""']
    )

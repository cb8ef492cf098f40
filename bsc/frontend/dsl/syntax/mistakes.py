"""What is told about a place where a text does not go on as it should, and how to go on.

The rules are asked in order; the first that knows the place answers. Each looks at the state of the
parser and a few tokens alone, so that a mistake costs the same wherever it is. What none of them
knows is told as found and expected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bsc.frontend.dsl.syntax.scene import BEGINNINGS, Scene
from bsc.frontend.dsl.syntax.slips import Where


@dataclass(frozen=True, slots=True)
class Insert:
    """Go on as if these terminals stood before the token found."""

    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replace:
    """Go on as if a token were another one; an earlier one begins its statement anew."""

    token: int
    kind: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Go on as if the token found were not there."""


@dataclass(frozen=True, slots=True)
class Close:
    """Go on as if all bodies ended before the statement found."""


Repair: TypeAlias = Insert | Replace | Delete | Close


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is told, and what was meant where that is plain.

    Attributes:
        code: of the diagnostic.
        message: what was found and expected.
        help: a way out.
        where: the place; None for that of the token found.
        note: a few words behind the caret.
        second: another place and what it is.
        repair: how to go on; None to leave the statement out.
        silent: it goes with another mistake that is told already.
    """

    code: str
    message: str
    help: str | None = None
    where: Where | None = None
    note: str = ""
    second: tuple[Where, str] | None = None
    repair: Repair | None = None
    silent: bool = False


Rule: TypeAlias = Callable[[Scene], Mistake | None]

_VALUES = frozenset(("NUMBER", "STRING", "NAME", "LPAR", "LSQB", "MINUS", "TRUE", "FALSE"))
OPERATORS = frozenset(("PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "PERCENT", "POWER"))
_NAMES = {"NAME": "a name", "STRING": "a string", "NUMBER": "a number", "DOC": "a docstring"}


def unexpected(scene: Scene) -> Mistake:
    """What is told where no rule knows better."""
    return Mistake("BSC2109", f"{scene.shown}, expected {expected_words(scene)}")


def expected_words(scene: Scene) -> str:
    """What may stand at a place, in words."""
    left = set(scene.expected)
    words: list[str] = []
    if scene.at_beginning:
        known = ", ".join(f"`{word}`" for word in BEGINNINGS[scene.body])
        words.append(f"{scene.body}{f' ({known})' if known else ''}")
        left &= {"RBRACE", "$END"}
    if {"LET", "TARGET", "REPEAT", "AS"} <= left:  # where any word may be a key or an argument
        left -= {name for name in left if name.lower() in scene.grammar.words} - {"TRUE", "FALSE"}
        left.add("NAME")
    if "NUMBER" in left:
        words.append("a value")
        left -= _VALUES
    elif "REPEAT" in left:
        words.append("a stage")
        left -= {"NAME", "REPEAT"}
    if OPERATORS <= left:
        words.append("an operator")
        left -= OPERATORS
    ends = left & {"NEWLINE", "$END"}
    left -= ends
    written = {number: word for word, number in scene.grammar.words.items()}
    for name in sorted(left, key=lambda name: (name not in _NAMES, name)):
        number = scene.grammar.numbers[name]
        words.append(_NAMES.get(name) or f"`{written[number]}`")
    if ends:
        words.append("the end of the line" if "NEWLINE" in ends else "the end")
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"

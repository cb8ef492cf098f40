"""Directives with keys: `layer=0 style=pair-down` to the fields of a record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bsc.isa.assembly_names import Names, hint
from bsc.isa.assembly_tokens import Problems, Token
from bsc.isa.directives import FROM_PARENT, KEYS, Form, Key
from bsc.isa.kinds import VectorKind
from bsc.isa.records import NONE_16, Vector
from bsc.numerics.state import CellStyle

_LINES = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)-(0[xX][0-9a-fA-F]+|[0-9]+)")
_KINDS = [kind.name.lower() for kind in VectorKind]
_STYLES = [style.value for style in CellStyle]

Pairs = dict[str, tuple[Token, Token]]
"""Key and value by the name of the key."""


def split_keys(
    tokens: Sequence[Token], positions: int, problems: Problems
) -> tuple[list[Token], Pairs] | None:
    """What stands behind a directive: so many words or strings, then keys with values.

    Args:
        tokens: the directive and what follows it.
        positions: how many words or strings without a key there must be.
        problems: where they go.
    """
    given: list[Token] = []
    pairs: Pairs = {}
    at, ok = 1, True
    while at < len(tokens):
        token = tokens[at]
        if at + 1 < len(tokens) and tokens[at + 1].is_mark("=") and token.is_word:
            if at + 2 >= len(tokens) or not tokens[at + 2].is_word:
                problems.add("BSC5221", f"{token.shown} has no value", token)
                return None
            if token.text in pairs:
                problems.add("BSC5224", f"{token.shown} is given twice", token)
                ok = False
            pairs.setdefault(token.text, (token, tokens[at + 2]))
            at += 3
            continue
        if pairs or len(given) == positions or not (token.is_word or token.text[0] == '"'):
            expected = "key=value" if pairs or positions == len(given) else "a word"
            problems.add("BSC5221", f"found `{token.shown}`, expected {expected}", token)
            return None
        given.append(token)
        at += 1
    if len(given) < positions:
        problems.add("BSC5221", f"a name or number is missing behind {tokens[0].text}", tokens[0])
        return None
    return (given, pairs) if ok else None


def read_keys(
    record: type[Any],
    directive: Token,
    pairs: Pairs,
    names: Mapping[Form, Names],
    problems: Problems,
) -> dict[str, Any] | None:
    """Values of a record's fields by name, or None and problems.

    Args:
        record: its type.
        directive: where a missing key is missed.
        pairs: what was given.
        names: namespaces by the form of a value.
        problems: where they go.
    """
    keys = KEYS[record]
    unknown = [key for key in pairs if all(key != known.name for known in keys)]
    for name in unknown:
        token = pairs[name][0]
        help = hint(token, [key.name for key in keys], "keys")
        problems.add("BSC5222", f"{directive.text} has no key {token.shown}", token, help)
    values: dict[str, Any] = {}
    ok = not unknown
    view = record is Vector and "of" in pairs
    for key in keys:
        if view and key.name in FROM_PARENT:
            if key.name in pairs:
                message = f"a view has its parent's {key.name}"
                problems.add("BSC5224", message, pairs[key.name][0])
                ok = False
            continue
        if key.name in pairs:
            found = _value(key, pairs[key.name][1], names, problems)
            ok = ok and found is not None
            values |= dict(zip(key.fields, found or (), strict=False))
        elif key.default is None:
            problems.add("BSC5224", f"{directive.text} needs {key.name}", directive)
            ok = False
        else:
            values[key.fields[0]] = key.default
    return values if ok else None


def read_lines(token: Token, most: int, what: str, problems: Problems) -> tuple[int, int] | None:
    """A range `first-last` or one number: first and last; None and a problem."""
    match = _LINES.fullmatch(token.text)
    if match is None:
        one = problems.number(token, 0, most, what)
        return None if one is None else (one, one)
    ends: list[int] = []
    for k in (1, 2):
        column = token.column + match.start(k)
        part = Token(token.sort, match[k], token.line, column)
        end = problems.number(part, 0, most, what)
        if end is None:
            return None
        ends.append(end)
    if ends[0] > ends[1]:
        problems.add("BSC5225", f"{what} {token.shown} runs backwards", token)
        return None
    return ends[0], ends[1]


def _value(
    key: Key, token: Token, names: Mapping[Form, Names], problems: Problems
) -> tuple[Any, ...] | None:
    found: Any = None
    match key.form:
        case Form.NUMBER:
            found = problems.number(token, key.least, key.most, key.name)
        case Form.TABLE:
            found = NONE_16 if token.text == "-" else names[key.form].find(token, problems)
        case Form.ARRAY | Form.VECTOR:
            found = names[key.form].find(token, problems)
        case Form.STYLE:
            found = _choice(token, "style", _STYLES, problems)
            found = None if found is None else CellStyle(found)
        case Form.KIND:
            found = _choice(token, "kind of vector", _KINDS, problems)
            found = None if found is None else VectorKind(_KINDS.index(found))
        case Form.LINES:
            lines = read_lines(token, key.most - 1, key.name, problems)
            return None if lines is None else (lines[0], lines[1] + 1)
    return None if found is None else (found,)


def _choice(token: Token, what: str, known: list[str], problems: Problems) -> str | None:
    if token.text in known:
        return token.text
    help = hint(token, known, f"{what}s")
    problems.add("BSC5222", f"there is no {what} {token.shown}", token, help)
    return None

"""Pipelines as text, `pass,pass{option=value, option=value}`, written and read."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from bsc.diag import DiagnosticError, Span, fail
from bsc.ir.atoms import float_text, quote, read_float, unquote
from bsc.ir.pass_manager import Pass

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_TOKEN = re.compile(r'\s*([,{}=\[\]]|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|[^\s,{}=\[\]"]+)')
_SOURCE = "<pipeline>"


def print_pipeline(passes: Iterable[Pass]) -> str:
    """The passes with the options that differ from their defaults.

    Options that are no number, word, or list of them (ranges, a target) do not appear.
    """
    return ",".join(_pass_text(each) for each in passes)


def parse_pipeline(text: str, known: Mapping[str, type[Any]]) -> tuple[Pass, ...]:
    """Read a pipeline.

    Args:
        text: what `print_pipeline` wrote, or a person.
        known: the pass classes by name.

    Raises:
        DiagnosticError: no such pass or option, a value of the wrong kind, or broken syntax.
    """
    reader = _Reader(text)
    passes: list[Pass] = []
    while not reader.done() or passes:
        passes.append(_read_pass(reader, known))
        if reader.done():
            break
        reader.take(",")
    return tuple(passes)


def _pass_text(each: Any) -> str:
    options = []
    for field in dataclasses.fields(each):
        value = getattr(each, field.name)
        text = _value_text(value)
        if text is not None and value != field.default:
            options.append(f"{field.name}={text}")
    return f"{each.name}{{{', '.join(options)}}}" if options else str(each.name)


def _value_text(value: object) -> str | None:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case int():
            return str(value)
        case float():
            return float_text(value)
        case str():
            bare = _WORD.fullmatch(value) and value not in ("true", "false", "none", "inf", "nan")
            return str(value) if bare else quote(value)
        case tuple():
            parts = [_value_text(element) for element in value]
            return None if None in parts else f"[{', '.join(map(str, parts))}]"
        case _:
            return None


class _Reader:
    """Tokens with their places."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, int]] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise fail(
                    "BSC2011", "a string has no end", at=Span(_SOURCE, 1, place + 1)
                ) from None
            self._tokens.append((match[1], match.start(1) + 1))
            place = match.end()
        self._end = len(text) + 1
        self._next = 0

    def done(self) -> bool:
        return self._next == len(self._tokens)

    def peek(self) -> str:
        return "" if self.done() else self._tokens[self._next][0]

    def word(self, what: str) -> str:
        token = self.peek()
        if token in ("", ",", "{", "}", "=", "[", "]"):
            raise self.wrong(f"found {f'`{token}`' if token else 'the end'}, expected {what}")
        self._next += 1
        return token

    def take(self, wanted: str) -> None:
        token = self.peek()
        if token != wanted:
            raise self.wrong(f"found {f'`{token}`' if token else 'the end'}, expected `{wanted}`")
        self._next += 1

    def back(self) -> None:
        self._next -= 1

    def wrong(self, message: str, help: str | None = None) -> DiagnosticError:
        token, column = ("", self._end) if self.done() else self._tokens[self._next]
        at = Span(_SOURCE, 1, column, max(1, len(token)))
        return fail("BSC2011", message, at=at, help=help)


def _read_pass(reader: _Reader, known: Mapping[str, type[Any]]) -> Pass:
    name = reader.word("a pass")
    if name not in known:
        reader.back()
        raise reader.wrong(f"there is no pass `{name}`", _nearest(name, known))
    kinds = typing.get_type_hints(known[name])
    fields = {f.name: kinds[f.name] for f in dataclasses.fields(known[name]) if f.init}
    options: dict[str, Any] = {}
    if reader.peek() == "{":
        reader.take("{")
        while reader.peek() != "}":
            option = reader.word("an option")
            if option not in fields:
                reader.back()
                raise reader.wrong(f"{name} has no option `{option}`", _nearest(option, fields))
            reader.take("=")
            options[option] = _read_value(reader, fields[option])
            if reader.peek() != "}":
                reader.take(",")
        reader.take("}")
    try:
        made: Pass = known[name](**options)
    except (TypeError, ValueError) as error:
        reader.back()
        raise reader.wrong(f"{name}: {error}") from None
    return made


def _read_value(reader: _Reader, kind: Any) -> Any:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        choices = [choice for choice in typing.get_args(kind) if choice is not type(None)]
        if reader.peek() == "none" and len(choices) < len(typing.get_args(kind)):
            reader.take("none")
            return None
        kind = choices[0]
    if typing.get_origin(kind) is tuple:
        return _read_tuple(reader, typing.get_args(kind))
    token = reader.word("a value")
    try:
        return _convert(token, kind)
    except ValueError:
        reader.back()
        wanted = " | ".join(kind) if _is_enum(kind) else getattr(kind, "__name__", str(kind))
        raise reader.wrong(f"found `{token}`, expected {wanted}") from None


def _read_tuple(reader: _Reader, kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    """A list in brackets: any number of one kind, or one value for each kind."""
    values: list[Any] = []
    reader.take("[")
    while reader.peek() != "]":
        fixed = len(values) if kinds[-1:] != (...,) else 0
        if fixed >= len(kinds):
            raise reader.wrong(f"found a value, expected `]` after {len(kinds)} values")
        values.append(_read_value(reader, kinds[fixed]))
        if reader.peek() != "]":
            reader.take(",")
    if kinds[-1:] != (...,) and len(values) != len(kinds):
        raise reader.wrong(f"found `]` after {len(values)} values, expected {len(kinds)}")
    reader.take("]")
    return tuple(values)


def _convert(token: str, kind: Any) -> Any:
    if kind is bool and token in ("true", "false"):
        return token == "true"
    if kind is int and len(token) <= 40:
        return int(token)
    if kind is float:
        return read_float(token)
    if kind is str or _is_enum(kind):
        return kind(unquote(token) if token.startswith('"') else token)
    raise ValueError(token)


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean `{close[0]}`?" if close else f"there are: {', '.join(names) or 'none'}"

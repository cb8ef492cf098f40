"""Pipelines as text, `pass,pass{option=value, option=value}`, written and read.

A value is a word, a number, a string in quotes, a list in brackets, or for an option of a kind of
its own (a device) a record, `{name=value, name=value}`, or a name that stands for one.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

from bsc.diag import DiagnosticError, Span, fail
from bsc.ir.atoms import float_text, quote, read_float, unquote
from bsc.ir.pass_manager import Pass

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_TOKEN = re.compile(r'\s*([,{}=\[\]]|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|[^\s,{}=\[\]"]+)')
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_SOURCE = "<pipeline>"
_SIGNS = ("", ",", "{", "}", "=", "[", "]")
_DEEPEST = 16
"""Records and lists within each other."""


@dataclass(frozen=True, slots=True)
class OptionKind:
    """How options of a kind of its own are written and read.

    Attributes:
        record: the value as numbers, strings, lists and records of them.
        read: the value of a record, or of a name; raises ValueError for what is none.
    """

    record: Callable[[Any], Mapping[str, Any]]
    read: Callable[[Mapping[str, Any] | str], Any]


Kinds: TypeAlias = Mapping[type[Any], OptionKind]
Defaults: TypeAlias = Mapping[str, Mapping[str, Any]]

_NO_KINDS: Kinds = MappingProxyType({})
_NO_DEFAULTS: Defaults = MappingProxyType({})


def print_pipeline(passes: Iterable[Pass], kinds: Kinds = _NO_KINDS) -> str:
    """The passes with the options that differ from their defaults.

    Options of a kind that is neither in `kinds` nor a number, word, or list of them do not appear;
    `unwritten` names them.
    """
    return ",".join(_pass_text(each, kinds) for each in passes)


def unwritten(each: Any, kinds: Kinds = _NO_KINDS) -> tuple[str, ...]:
    """Options of a pass that differ from their defaults and cannot be written as text."""
    return tuple(name for name, value in _changed(each) if value_text(value, kinds) is None)


def parse_pipeline(
    text: str,
    known: Mapping[str, type[Any]],
    kinds: Kinds = _NO_KINDS,
    defaults: Defaults = _NO_DEFAULTS,
) -> tuple[Pass, ...]:
    """Read a pipeline.

    Args:
        text: what `print_pipeline` wrote, or a person.
        known: the pass classes by name.
        kinds: option kinds of their own, by type.
        defaults: by pass, what options are that the text does not give, instead of the pass's own
            default.

    Raises:
        DiagnosticError: no such pass or option, a value of the wrong kind, or broken syntax.
    """
    reader = _Reader(text, kinds)
    passes: list[Pass] = []
    while not reader.done() or passes:
        passes.append(_read_pass(reader, known, defaults))
        if reader.done():
            break
        reader.take(",")
    return tuple(passes)


def _changed(each: Any) -> list[tuple[str, Any]]:
    """Options that differ from their defaults."""
    found = []
    for field in dataclasses.fields(each):
        value, default = getattr(each, field.name), field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        # repr, so that -0.0 is written although it equals 0.0, and NaN where it is the default not
        if field.init and (value != default or repr(value) != repr(default)):
            found.append((field.name, value))
    return found


def _pass_text(each: Any, kinds: Kinds) -> str:
    written = {name: value_text(value, kinds) for name, value in _changed(each)}
    options = [f"{name}={text}" for name, text in written.items() if text is not None]
    return f"{each.name}{{{', '.join(options)}}}" if options else str(each.name)


def value_text(value: object, kinds: Kinds = _NO_KINDS) -> str | None:
    """An option's value as it is written, None where it is of a kind that is not known."""
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
        case tuple() | list():
            parts = [value_text(element, kinds) for element in value]
            return None if None in parts else f"[{', '.join(map(str, parts))}]"
    if type(value) not in kinds:
        return None
    return _record_text(kinds[type(value)].record(value))


def _record_text(record: Mapping[str, Any]) -> str:
    fields = []
    for name, value in record.items():
        text = _record_text(value) if isinstance(value, Mapping) else value_text(value)
        if text is None:
            raise TypeError(f"a record holds {type(value).__name__} {name}")
        fields.append(f"{name}={text}")
    return f"{{{', '.join(fields)}}}"


class _Reader:
    """Tokens with their places."""

    def __init__(self, text: str, kinds: Kinds) -> None:
        self.kinds = kinds
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
        if token in _SIGNS:
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

    def place(self) -> int:
        return self._next

    def back_to(self, place: int) -> None:
        self._next = place

    def wrong(self, message: str, help: str | None = None) -> DiagnosticError:
        token, column = ("", self._end) if self.done() else self._tokens[self._next]
        at = Span(_SOURCE, 1, column, max(1, len(token)))
        return fail("BSC2011", message, at=at, help=help)


def _read_pass(reader: _Reader, known: Mapping[str, type[Any]], defaults: Defaults) -> Pass:
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
            if option not in fields or option in options:
                reader.back()
                if option in options:
                    raise reader.wrong(f"option `{option}` is given twice")
                raise reader.wrong(f"{name} has no option `{option}`", _nearest(option, fields))
            reader.take("=")
            options[option] = _read_value(reader, fields[option])
            if reader.peek() != "}":
                reader.take(",")
        reader.take("}")
    try:
        made: Pass = known[name](**{**defaults.get(name, {}), **options})
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
    if kind in reader.kinds:
        return _read_own(reader, kind)
    if typing.get_origin(kind) is tuple:
        return _read_tuple(reader, typing.get_args(kind))
    token = reader.word("a value")
    try:
        return _convert(token, kind)
    except ValueError:
        reader.back()
        wanted = " | ".join(kind) if _is_enum(kind) else getattr(kind, "__name__", str(kind))
        raise reader.wrong(f"found `{token}`, expected {wanted}") from None


def _read_own(reader: _Reader, kind: type[Any]) -> Any:
    """A value of a kind of its own, as a record or by its name."""
    # A wrong record is shown where it begins, a wrong name where it stands.
    start = reader.place()
    found = _read_any(reader) if reader.peek() == "{" else reader.word("a name or `{`")
    try:
        if isinstance(found, str) and found.startswith('"'):
            found = unquote(found)
        return reader.kinds[kind].read(found)
    except ValueError as error:
        reader.back_to(start)
        raise reader.wrong(str(error)) from None


def _read_any(reader: _Reader, depth: int = 0) -> Any:
    """A value that says itself what it is."""
    opening = reader.peek()
    if opening not in ("{", "["):
        return _untyped(reader)
    if depth == _DEEPEST:
        raise reader.wrong(f"more than {_DEEPEST} brackets within each other")
    reader.take(opening)
    closing = "}" if opening == "{" else "]"
    record: dict[str, Any] = {}
    values: list[Any] = []
    while reader.peek() != closing:
        if opening == "{":
            name = reader.word("a name")
            if name in record:
                reader.back()
                raise reader.wrong(f"`{name}` is given twice")
            reader.take("=")
            record[name] = _read_any(reader, depth + 1)
        else:
            values.append(_read_any(reader, depth + 1))
        if reader.peek() != closing:
            reader.take(",")
    reader.take(closing)
    return record if opening == "{" else values


def _untyped(reader: _Reader) -> Any:
    token = reader.word("a value")
    words = {"true": True, "false": False, "none": None, "inf": math.inf, "nan": math.nan}
    try:
        if token in words:
            return words[token]
        if token.startswith('"'):
            return unquote(token)
        if _INTEGER.fullmatch(token):
            return int(token)
        return token if _WORD.fullmatch(token) else read_float(token)
    except ValueError:
        reader.back()
        raise reader.wrong(f"found `{token}`, expected a number or a word") from None


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

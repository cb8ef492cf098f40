"""What passes and operators there are, from the objects themselves: for lists and for machines."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bsc.ir.opdef import OpDef
from bsc.ir.pipeline_text import value_text


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """An option of a pass, or an attribute of an operator.

    Attributes:
        name: how it is written.
        kind: what its values are.
        default: the default as it is written; None where there is none.
        doc: what it says.
    """

    name: str
    kind: str
    default: str | None
    doc: str


@dataclass(frozen=True, slots=True)
class PassInfo:
    """A pass: its name, the first line of its docstring, its options in order."""

    name: str
    doc: str
    options: tuple[OptionInfo, ...]


@dataclass(frozen=True, slots=True)
class OperatorInfo:
    """An operator: its name, what it computes, where it may stand, what goes in and out."""

    name: str
    doc: str
    stages: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: tuple[OptionInfo, ...]


def describe_pass(kind: type[Any]) -> PassInfo:
    """What a pass class says of itself: docstring, and the fields of its dataclass."""
    doc = inspect.getdoc(kind) or ""
    types_of = typing.get_type_hints(kind)
    docs = _attribute_docs(doc)
    options = tuple(
        OptionInfo(
            field.name,
            _kind_text(types_of[field.name]),
            None if field.default is dataclasses.MISSING else value_text(field.default),
            docs.get(field.name, ""),
        )
        for field in dataclasses.fields(kind)
        if field.init
    )
    return PassInfo(kind.name, doc.partition("\n")[0], options)


def describe_operator(definition: OpDef) -> OperatorInfo:
    """What an operator says of itself."""
    return OperatorInfo(
        definition.name,
        definition.doc,
        tuple(sorted(definition.stages)),
        definition.inputs,
        definition.outputs,
        tuple(
            OptionInfo(
                attr.name,
                str(attr.kind),
                None if attr.default is None else value_text(attr.default),
                attr.doc,
            )
            for attr in definition.attrs
        ),
    )


def as_lines(passes: Iterable[PassInfo]) -> list[str]:
    """The passes for people: a line for each, and one for each option."""
    lines: list[str] = []
    for each in passes:
        lines.append(f"{each.name}: {each.doc}")
        lines += map(_option_line, each.options)
    return lines


def operator_lines(operators: Iterable[OperatorInfo]) -> list[str]:
    """The operators for people."""
    lines: list[str] = []
    for each in operators:
        head = f"{', '.join(each.outputs)} = {each.name}({', '.join(each.inputs)})"
        lines.append(f"{head}  [{', '.join(each.stages)}]  {each.doc}")
        lines += map(_option_line, each.attributes)
    return lines


def _option_line(option: OptionInfo) -> str:
    default = "" if option.default is None else f" = {option.default}"
    doc = f"  {option.doc}" if option.doc else ""
    return f"    {option.name}: {option.kind}{default}{doc}"


def _kind_text(kind: Any) -> str:
    """A type as people write it."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return " | ".join(_kind_text(choice) for choice in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        parts = [_kind_text(part) for part in typing.get_args(kind) if part is not ...]
        return f"[{', '.join(parts)}{', ...' if typing.get_args(kind)[-1] is ... else ''}]"
    if kind is type(None):
        return "none"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return " | ".join(kind)
    return getattr(kind, "__name__", str(kind))


def _attribute_docs(doc: str) -> dict[str, str]:
    """The docs under `Attributes:` of a docstring, each on one line."""
    _, _, section = doc.partition("Attributes:\n")
    docs: dict[str, str] = {}
    name = ""
    for line in section.split("\n"):
        entry = re.fullmatch(r"    (\w+): (.*)", line)
        if entry:
            name = entry[1]
            docs[name] = entry[2]
        elif line.startswith("        ") and name:
            docs[name] += f" {line.strip()}"
        elif line.strip():
            break
    return docs

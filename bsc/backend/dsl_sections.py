"""Sections of a program as text: the other way of `bsc.frontend.dsl.meaning.section_checks`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from bsc.frontend.dsl.meaning.sections import TargetSection, TrainSection
from bsc.ir.atoms import quote

_SETTINGS = tuple(
    f.name for f in fields(TrainSection) if f.name not in ("readouts", "layers", "places")
)


def train_lines(section: TrainSection, quoted: Callable[[str], str]) -> list[str]:
    """A train section; `quoted` writes names."""
    lines = ["train {"]
    for name in _SETTINGS:
        value = getattr(section, name)
        if value is not None:
            lines.append(f"  {name} = {value if isinstance(value, str) else _data(value)}")
    lines += [f"  readout {quoted(name)} = {kind}" for name, kind in section.readouts.items()]
    for path, override in section.layers.items():
        given = {f.name: getattr(override, f.name) for f in fields(override)}
        texts = [f"{name} = {_data(value)}" for name, value in given.items() if value is not None]
        dotted = ".".join(quoted(part) for part in path.split("."))
        lines.append(f"  layer {dotted} {{ {'; '.join(texts)} }}" if texts else
                     f"  layer {dotted} {{ }}")  # fmt: skip
    return [*lines, "}"]


def target_lines(section: TargetSection, quoted: Callable[[str], str]) -> list[str]:
    """A target section; `quoted` writes names."""
    settings = list(_dotted(section.settings, "", quoted))
    head = f"target {quote(section.name)}"
    if not settings:
        return [head]
    return [f"{head} {{", *(f"  {key} = {_data(value)}" for key, value in settings), "}"]


def _dotted(
    table: Mapping[str, Any], above: str, quoted: Callable[[str], str]
) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in table.items():
        path = f"{above}{quoted(key)}"
        if isinstance(value, Mapping):
            found += _dotted(value, f"{path}.", quoted)
        else:
            found.append((path, value))
    return found


def _data(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_data, value))}]"
    return quote(value) if isinstance(value, str) else repr(value)

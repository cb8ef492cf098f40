"""Diagnostics as text for a terminal: plain, deterministic, testable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bsc.diag.diagnostic import Diagnostic, Label

_LONGEST = 1 << 24
"""Characters of a file read to draw carets."""


def render(diagnostic: Diagnostic, sources: Mapping[str, str] | None = None) -> str:
    """Render one diagnostic; `sources` maps a file name to its text so that carets can be drawn."""
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    for label in diagnostic.labels:
        lines.extend(_render_label(label, sources or {}))
    if diagnostic.help:
        lines.append(f"  help: {diagnostic.help}")
    return "\n".join(lines)


def render_all(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None) -> str:
    """Render diagnostics one below the other."""
    return "\n".join(render(d, sources) for d in diagnostics)


def read_sources(diagnostics: Iterable[Diagnostic]) -> dict[str, str]:
    """Text of the files that diagnostics point into by line, for their carets."""
    sources: dict[str, str] = {}
    for diagnostic in diagnostics:
        for label in diagnostic.labels:
            name = label.span.source
            if label.span.line is None or name in sources:
                continue
            try:
                with Path(name).open(encoding="utf-8", newline="") as stream:
                    sources[name] = stream.read(_LONGEST)
            except (OSError, ValueError):
                continue  # without the text there is no caret, and the place is still named
    return sources


def _render_label(label: Label, sources: Mapping[str, str]) -> list[str]:
    span = label.span
    lines = [f"  --> {span}" + (f": {label.text}" if label.text and span.line is None else "")]
    text = sources.get(span.source)
    if text is None or span.line is None:
        return lines
    rows = text.splitlines()
    if not 1 <= span.line <= len(rows):
        return lines
    number = str(span.line)
    row = rows[span.line - 1].expandtabs(1)
    lines.append(f"  {number} | {row}")
    if span.column is not None:
        caret = "^" * max(1, min(span.length, len(row) - span.column + 2))
        pad = " " * (len(number) + 3 + span.column - 1)
        lines.append(f"  {pad}{caret}" + (f" {label.text}" if label.text else ""))
    return lines

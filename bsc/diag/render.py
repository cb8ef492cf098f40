"""Diagnostics as text for a terminal: plain, deterministic, testable."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path

from bsc.diag.diagnostic import Diagnostic, Label
from bsc.diag.lines import rows_of
from bsc.diag.regular import check_regular

_LONGEST = 1 << 24
"""Characters of a file read to draw carets."""

_MOST_SHOWN = 100
"""Diagnostics that are shown: nobody reads more, and a broken file can bring a hundred thousand."""

_MESSAGE = 2000
_ROW = 200
"""Characters shown of a message, and of a line with a caret under it."""


def escaped(text: str) -> str:
    """Text that UTF-8 can hold: escapes stand for bytes of a file's name that are none."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def render(diagnostic: Diagnostic, sources: Mapping[str, str] | None = None) -> str:
    """Render one diagnostic; `sources` maps a file name to its text so that carets can be drawn."""
    message = diagnostic.message
    if len(message) > _MESSAGE:
        message = f"{message[:_MESSAGE]}... ({len(message):,} characters)"
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {message}"]
    for label in diagnostic.labels:
        lines.extend(_render_label(label, sources or {}))
    lines.extend(f"  note: {note}" for note in diagnostic.notes)
    if diagnostic.help:
        lines.append(f"  help: {diagnostic.help}")
    return escaped("\n".join(lines))


def render_all(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None) -> str:
    """Render diagnostics one below the other, the first hundred; the others are counted."""
    found = list(diagnostics)
    shown = [render(d, sources) for d in found[:_MOST_SHOWN]]
    if len(found) > _MOST_SHOWN:
        shown.append(f"and {len(found) - _MOST_SHOWN:,} more")
    return "\n".join(shown)


def read_sources(diagnostics: Iterable[Diagnostic]) -> dict[str, str]:
    """Text of the files that diagnostics point into by line, for their carets."""
    sources: dict[str, str] = {}
    for diagnostic in diagnostics:
        for label in diagnostic.labels:
            name = label.span.source
            if label.span.line is None or name in sources:
                continue
            try:
                check_regular(Path(name))  # a pipe was read to its end already
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
    rows = _rows(text)
    if not 1 <= span.line <= len(rows) or (span.column or 1) > len(rows[span.line - 1]) + 1:
        return lines  # the file goes on behind what was read of it
    number = str(span.line)
    row, skipped = _window(rows[span.line - 1], span.column or 1)
    lines.append(f"  {number} | {row}")
    if span.column is not None:
        column = span.column - skipped
        caret = "^" * max(1, min(span.length, len(row) - column + 2))
        pad = " " * (len(number) + 3 + column - 1)
        lines.append(f"  {pad}{caret}" + (f" {label.text}" if label.text else ""))
    return lines


@functools.lru_cache(maxsize=1)
def _rows(text: str) -> list[str]:
    """Lines, kept for the next diagnostic of the same text."""
    return rows_of(text)


def _window(row: str, column: int) -> tuple[str, int]:
    """What is shown of a line, and how many columns the caret moves to the left."""
    if len(row) <= _ROW:
        return _shown(row), 0
    start = max(0, min(column - 1, len(row)) - _ROW // 2)
    before, after = "..." if start else "", "..." if start + _ROW < len(row) else ""
    part = _shown(row[start : start + _ROW])
    return f"{before}{part}{after}", start - len(before)


def _shown(row: str) -> str:
    """A row for a terminal: one column a character, and none that would move what stands there."""
    plain = row.expandtabs(1)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in plain)

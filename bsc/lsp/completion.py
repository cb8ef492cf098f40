"""What may be written at a place: operators behind `->`, settings in sections, names elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bsc.frontend.dsl.ast import LayerPlan, Place, TargetSection, Train
from bsc.frontend.dsl.meaning.operators import CONSTANTS, FUNCTIONS, OPERATORS
from bsc.frontend.dsl.meaning.section_checks import LAYER_SETTINGS, READOUTS, TRAIN_SETTINGS, WORDS
from bsc.frontend.dsl.syntax.expression_layout import name_text
from bsc.frontend.dsl.syntax.scene import ITEMS, STATEMENTS
from bsc.hw.registry import names as target_names
from bsc.hw.spec import TargetSpec
from bsc.lsp.analysis import Analysis
from bsc.lsp.text import Position

_STAGE = re.compile(r"->[ \t]*\w*\Z")
_TARGET = re.compile(r"\btarget[ \t]+\Z")
_KEY = re.compile(r"[ \t]*((?:\w+\.)*)\w*\Z")
_READOUT = re.compile(r"\breadout\b")
_LAST_NAME = re.compile(r"\b([A-Za-z_]\w*)[ \t]*\Z")
_VALUE = re.compile(r"[ \t]*\w*")
_CLOSED = re.compile(r"""(?:[^"#`]|"(?:[^"\\]|\\.)*+"|`[^`]*+`)*+""")
"""A line up to the string, the name or the comment that is open at its end."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may be written.

    Attributes:
        text: what is written.
        kind: `operator`, `function`, `block`, `layer`, `value`, `constant`, `setting`, `word`,
            `keyword` or `target`.
        detail: its type or signature.
        doc: a sentence.
    """

    text: str
    kind: str
    detail: str = ""
    doc: str = ""


def offers(analysis: Analysis, position: Position) -> list[Offer]:
    """What may be written at a position, the likeliest first."""
    before = analysis.text.before(position)
    closed = _CLOSED.match(before)
    end = closed.end() if closed is not None else 0
    if before.startswith('"', end) and _TARGET.search(before[:end]):
        return [Offer(name, "target") for name in target_names()]
    if before.startswith(('"', "#"), end):
        return []
    line, column = analysis.text.place(position)
    section = _section(analysis, line, column)
    if section is not None:
        return list(_in_section(section, before))
    if _STAGE.search(before):
        return [*_named(analysis, line, ("block", "layer")), *_operators()]
    if _KEY.match(before):
        inside = _in_body(analysis, line, column)
        return [Offer(word, "keyword") for word in (STATEMENTS if inside else ITEMS)]
    return [*_named(analysis, line, _VALUES), *_functions()]


_VALUES = ("value", "input", "constant", "parameter", "weights")


def _operators() -> Iterator[Offer]:
    for row in OPERATORS.values():
        yield Offer(row.name, "operator", row.signature, row.doc)


def _functions() -> Iterator[Offer]:
    for row in FUNCTIONS.values():
        yield Offer(row.name, "function", row.signature, row.doc)
    for name, doc in CONSTANTS.items():
        yield Offer(name, "constant", "", doc)


def _named(analysis: Analysis, line: int, kinds: tuple[str, ...]) -> list[Offer]:
    """Names that the text gives, those given last above the line first; each once."""
    found = {
        f.name: Offer(name_text(f.name), f.kind, f.text, f.doc or "")
        for f in sorted(analysis.facts, key=lambda f: f.at.line > line)[::-1]
        if f.kind in kinds and f.defined == f.at and not _is_label(f.kind, f.text)
    }
    return list(found.values())


def _is_label(kind: str, text: str) -> bool:
    """Whether a name is only what `as` calls a stage: it cannot be used as a layer."""
    return kind == "layer" and "[" in text


def _in_section(section: Train | TargetSection | LayerPlan, before: str) -> Iterator[Offer]:
    left, equals, value = before.rpartition("=")
    if equals and _VALUE.fullmatch(value):
        name = _LAST_NAME.search(left)
        if _READOUT.search(left.rpartition("=")[2]):
            yield from (Offer(word, "word") for word in READOUTS)
        elif name is not None:
            yield from (Offer(word, "word") for word in WORDS.get(name[1], ()))
        return
    key = _KEY.match(before) or _KEY.match(before.rpartition("{")[2])
    if key is None:
        return
    match section:
        case Train():
            yield from (Offer(k, "setting", what) for k, what in TRAIN_SETTINGS.items())
            yield from (Offer(word, "keyword") for word in ("layer", "readout"))
        case LayerPlan():
            yield from (Offer(k, "setting", what) for k, what in LAYER_SETTINGS.items())
        case TargetSection():
            yield from (Offer(name, "setting") for name in _target_keys(key[1].split(".")[:-1]))


def _target_keys(above: list[str]) -> list[str]:
    model: type | None = TargetSpec
    for part in above:
        fields = getattr(model, "model_fields", {})
        model = fields[part].annotation if part in fields else None
    return [name for name in getattr(model, "model_fields", {}) if above or name != "name"]


def _section(
    analysis: Analysis, line: int, column: int
) -> Train | TargetSection | LayerPlan | None:
    for item in analysis.file.items if analysis.file is not None else ():
        if isinstance(item, Train | TargetSection) and _inside(item.at, line, column):
            plans = item.body if isinstance(item, Train) else ()
            for plan in plans:
                if isinstance(plan, LayerPlan) and _inside(plan.at, line, column):
                    return plan
            return item
    return None


def _in_body(analysis: Analysis, line: int, column: int) -> bool:
    items = analysis.file.items if analysis.file is not None else ()
    return any(hasattr(item, "body") and _inside(item.at, line, column) for item in items)


def _inside(at: Place, line: int, column: int) -> bool:
    return (at.line, at.column) < (line, column) < (at.end_line, at.end_column)

"""The names that a text gives, as a tree: what editors show as its outline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bsc.frontend.dsl import ast
from bsc.frontend.dsl.ast import Name, Place, Repeat, Stage
from bsc.frontend.dsl.meaning.walk import (
    expressions,
    place_of,
    stages,
    statement_expressions,
)
from bsc.lsp.analysis import Analysis


@dataclass(frozen=True, slots=True)
class Symbol:
    """One name.

    Attributes:
        name: the name.
        kind: `model`, `block`, `train`, `target`, `constant`, `weights`, `input`, `value`,
            `output`, `layer` or `setting`.
        at: all that belongs to it.
        named_at: the name itself, within it.
        detail: its type or value, empty where it is not known.
        inner: names within it.
    """

    name: str
    kind: str
    at: Place
    named_at: Place
    detail: str = ""
    inner: tuple[Symbol, ...] = ()


def outline(analysis: Analysis) -> tuple[Symbol, ...]:
    """The names of a text, in its order; of one with mistakes those that can be read."""
    if analysis.file is None:
        return ()
    details = {(f.at.line, f.at.column): f.text for f in analysis.facts}
    return tuple(s for item in analysis.file.items for s in _item(item, details))


_Details = dict[tuple[int, int], str]


def _item(item: ast.Item, details: _Details) -> Iterator[Symbol]:
    match item:
        case ast.Model() | ast.Block():
            inner = tuple(s for statement in item.body for s in _statement(statement, details))
            kind = "model" if isinstance(item, ast.Model) else "block"
            yield Symbol(item.name.name, kind, item.at, item.name.at, inner=inner)
        case ast.Train():
            first = Place(item.at.line, item.at.column, item.at.line, item.at.column + 5)
            plans = tuple(
                Symbol(".".join(p.name for p in plan.path), "layer", plan.at, place_of(plan.path))
                for plan in item.body
                if isinstance(plan, ast.LayerPlan)
            )
            yield Symbol("train", "train", item.at, first, inner=plans)
        case ast.TargetSection():
            yield Symbol(item.name.value or "target", "target", item.at, item.name.at)
        case ast.Let() | ast.Weights():
            yield from _statement(item, details)


def _statement(statement: ast.Statement, details: _Details) -> Iterator[Symbol]:
    names: tuple[Name, ...]
    match statement:
        case ast.Let():
            names, kind = (statement.name,), "constant"
        case ast.Weights():
            names, kind = (statement.name,), "weights"
        case ast.Input():
            names, kind = (statement.name,), "input"
        case ast.LayerDef():
            names, kind = (statement.name,), "layer"
        case ast.Output():
            names, kind = (statement.name,), "output"
        case ast.Assign():
            names, kind = statement.names, "value"
    labels = tuple(_labels(statement, details))
    for number, name in enumerate(names):
        detail = details.get((name.at.line, name.at.column), "")
        inner = labels if number == 0 else ()
        around = statement.at if number == 0 else name.at
        yield Symbol(name.name, kind, around, name.at, _short(kind, detail), inner)


def _labels(statement: ast.Statement, details: _Details) -> Iterator[Symbol]:
    """Layers that a statement names with `as`."""
    found: list[tuple[Stage, Name]] = []
    for expr in expressions(*statement_expressions(statement)):
        if isinstance(expr, ast.Flow):
            for stage, _ in stages(expr.stages):
                if not isinstance(stage, Repeat) and stage.label is not None:
                    found.append((stage, stage.label))
    for stage, label in sorted(found, key=lambda pair: (pair[1].at.line, pair[1].at.column)):
        detail = details.get((label.at.line, label.at.column), "")
        yield Symbol(label.name, "layer", stage.at, label.at, _short("layer", detail))


def _short(kind: str, detail: str) -> str:
    """What an outline shows of a fact: types and numbers, no sentences."""
    return "" if detail.startswith(("the ", "a ")) or kind == "weights" else detail

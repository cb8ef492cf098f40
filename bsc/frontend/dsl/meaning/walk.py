"""Walks over a tree, without recursion: however deep a text nests, they need no stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bsc.frontend.dsl.ast import (
    Array,
    Assign,
    Binary,
    Call,
    Expr,
    Flow,
    Group,
    Index,
    LayerDef,
    Let,
    Name,
    Output,
    Paren,
    Place,
    Repeat,
    Stage,
    Statement,
    Unary,
)


def expressions(*roots: Expr) -> Iterator[Expr]:
    """Every expression within some, themselves included; stages' arguments too."""
    waiting: list[Expr] = list(roots)
    while waiting:
        expr = waiting.pop()
        yield expr
        match expr:
            case Group() | Array():
                waiting.extend(expr.items)
            case Paren():
                waiting.append(expr.inner)
            case Unary():
                waiting.append(expr.operand)
            case Binary():
                waiting.extend((expr.left, expr.right))
            case Index():
                waiting.extend((expr.base, expr.index))
            case Call():
                waiting.extend(a.value for a in expr.arguments)
            case Flow():
                waiting.append(expr.start)
                for stage, _ in stages(expr.stages):
                    if isinstance(stage, Repeat):
                        waiting.append(stage.count)
                    elif isinstance(stage.what, Call):
                        waiting.extend(a.value for a in stage.what.arguments)
            case _:
                pass


def stages(
    given: tuple[Stage | Repeat, ...], times: int = 1
) -> Iterator[tuple[Stage | Repeat, int]]:
    """Every stage, those in repeats too, and how often it stands at least.

    A count that is no number in the text counts as one.
    """
    waiting = [(stage, times) for stage in given]
    while waiting:
        stage, count = waiting.pop()
        yield stage, count
        if isinstance(stage, Repeat):
            value = getattr(stage.count, "value", 1)
            known = value if isinstance(value, int) and 0 <= value < 1 << 20 else 1
            waiting.extend((inner, min(count * known, 1 << 20)) for inner in stage.stages)


def statement_expressions(statement: Statement) -> tuple[Expr, ...]:
    """The expressions of a statement."""
    match statement:
        case Let() | Assign():
            return (statement.value,)
        case Output():
            return (statement.value,) if statement.value is not None else ()
        case LayerDef():
            return (statement.what,)
        case _:
            return ()


def layer_names(body: Iterable[Statement]) -> frozenset[str]:
    """Names that a body gives to stages with `as`, and to layers."""
    found: set[str] = set()
    for statement in body:
        if isinstance(statement, LayerDef):
            found.add(statement.name.name)
        for expr in expressions(*statement_expressions(statement)):
            for stage, _ in stages(expr.stages) if isinstance(expr, Flow) else ():
                if isinstance(stage, Stage) and stage.label is not None:
                    found.add(stage.label.name)
    return frozenset(found)


def callee(what: Name | Call) -> Name:
    """The name of what a stage calls."""
    return what.callee if isinstance(what, Call) else what


def place_of(names: Sequence[Name]) -> Place:
    """Where a dotted name stands, from its first part to its last."""
    first, last = names[0].at, names[-1].at
    return Place(first.line, first.column, last.end_line, last.end_column)


def given_names(statement: Statement) -> tuple[Name, ...]:
    """The names that a statement gives."""
    match statement:
        case Assign():
            return statement.names
        case Output():
            return (statement.name,) if statement.value is not None else ()
        case _:
            return (statement.name,)

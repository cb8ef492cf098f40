"""The chain of layers that led to a value, and calls as short text, for messages about shapes."""

from __future__ import annotations

from bsc.frontend.dsl.ast import (
    Array,
    Binary,
    Call,
    Expr,
    Flow,
    Group,
    Index,
    Name,
    Number,
    Paren,
    String,
    Truth,
    Unary,
)
from bsc.frontend.dsl.meaning.values import Live, shape_text

_STEPS = 6
"""Steps of a chain that are shown, the last ones."""

_DEPTH = 3
_ITEMS = 4


def chain(value: Live) -> str:
    """How a value came about: `x f32[N, 784] -> dense(500) [N, 500] -> relu [N, 500]`."""
    steps: list[str] = []
    at: Live | None = value
    while at is not None and len(steps) < _STEPS:
        made = at.made_by if isinstance(at.made_by, str) else brief(at.made_by)
        steps.append(f"{made} {at.type if at.before is None else shape_text(at.type.shape)}")
        at = at.before
    if at is not None:
        steps.append("..")
    return " -> ".join(reversed(steps))


def brief(expr: Expr, depth: int = 0) -> str:
    """An expression on one short line; what is deep inside becomes dots."""
    if depth > _DEPTH:
        return ".."
    inner = depth + 1
    match expr:
        case Number():
            return expr.text if len(expr.text) <= 24 else f"{expr.text[:21]}..."
        case String():
            return f'"{expr.value}"' if len(expr.value) <= 24 else f'"{expr.value[:21]}..."'
        case Truth():
            return "true" if expr.value else "false"
        case Name():
            return expr.name if len(expr.name) <= 40 else f"{expr.name[:37]}..."
        case Group() | Array():
            texts = [brief(item, inner) for item in expr.items[:_ITEMS]]
            texts += [".."] * (len(expr.items) > _ITEMS)
            inside = ", ".join(texts)
            return f"({inside})" if isinstance(expr, Group) else f"[{inside}]"
        case Paren():
            return f"({brief(expr.inner, inner)})"
        case Unary():
            return f"{expr.operator}{brief(expr.operand, inner)}"
        case Binary():
            return f"{brief(expr.left, inner)} {expr.operator} {brief(expr.right, inner)}"
        case Index():
            return f"{brief(expr.base, inner)}[{brief(expr.index, inner)}]"
        case Call():
            given = [
                f"{a.name} = {brief(a.value, inner)}" if a.name else brief(a.value, inner)
                for a in expr.arguments[:_ITEMS]
            ]
            given += [".."] * (len(expr.arguments) > _ITEMS)
            return f"{brief(expr.callee)}({', '.join(given)})"
        case Flow():
            return f"{brief(expr.start, inner)} -> .."

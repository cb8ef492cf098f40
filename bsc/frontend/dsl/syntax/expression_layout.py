"""Expressions as text: on one line where they fit, else broken in the one way there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never

from bsc.frontend.dsl import ast
from bsc.frontend.dsl.syntax.strings import string_text
from bsc.frontend.dsl.syntax.tables import tables

MOST_COLUMNS = 100
"""Columns of a line, as long as something in it can be broken."""

STEP = 2
"""Blanks that a body stands further in; the stages of a broken flow stand in twice as far."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBERS = frozenset(("inf", "nan"))
_NO_KEYS = frozenset(("true", "false", *_NUMBERS))
_LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "**": 3}


def name_text(name: str) -> str:
    """A name, in backticks where it needs them."""
    plain = _PLAIN.fullmatch(name) and name not in tables().words and name not in _NUMBERS
    return name if plain else f"`{name}`"


def word_text(name: str) -> str:
    """A name where words of the language are names too: arguments and keys."""
    return name if _PLAIN.fullmatch(name) and name not in _NO_KEYS else f"`{name}`"


def key_text(key: Sequence[ast.Name]) -> str:
    """The key of a setting, which does not begin as other lines of a section do."""
    first, *others = (name.name for name in key)
    start = name_text(first) if first in ("layer", "readout") else word_text(first)
    return ".".join((start, *map(word_text, others)))


def oneline(node: ast.Expr) -> str | None:
    """An expression on one line; None where comments stand in it."""
    match node:
        case ast.Number():
            return node.text
        case ast.String():
            return string_text(node.value)
        case ast.Truth():
            return "true" if node.value else "false"
        case ast.Name():
            return name_text(node.name)
        case ast.Group():
            return _joined("(", node.items, ")")
        case ast.Paren():
            return _joined("(", (node.inner,), ")")
        case ast.Array():
            return _joined("[", node.items, "]")
        case ast.Unary():
            operand = oneline(node.operand)
            return None if operand is None else f"{node.operator}{operand}"
        case ast.Binary():
            left, right = oneline(node.left), oneline(node.right)
            whole = left is not None and right is not None
            return f"{left} {node.operator} {right}" if whole else None
        case ast.Index():
            base, index = oneline(node.base), oneline(node.index)
            return f"{base}[{index}]" if base is not None and index is not None else None
        case ast.Call():
            return _call(node)
        case ast.Flow():
            start, stages = oneline(node.start), _stages(node.stages)
            return f"{start} -> {stages}" if start is not None and stages is not None else None
        case _:
            assert_never(node)


def _joined(opening: str, items: Sequence[ast.Expr], closing: str) -> str | None:
    texts = [oneline(item) for item in items]
    inner = [text for text in texts if text is not None]
    return f"{opening}{', '.join(inner)}{closing}" if len(inner) == len(texts) else None


def _call(node: ast.Call) -> str | None:
    texts = []
    for argument in node.arguments:
        text = oneline(argument.value)
        if text is None or argument.comments != ast.NO_COMMENTS:
            return None
        texts.append(_named(argument) + text)
    return f"{name_text(node.callee.name)}({', '.join(texts)})"


def _named(argument: ast.Argument) -> str:
    return "" if argument.name is None else f"{word_text(argument.name)} = "


def _stages(stages: Sequence[ast.Stage | ast.Repeat]) -> str | None:
    texts = [None if s.comments != ast.NO_COMMENTS else _stage(s) for s in stages]
    inner = [text for text in texts if text is not None]
    return " -> ".join(inner) if len(inner) == len(texts) else None


def _stage(stage: ast.Stage | ast.Repeat) -> str | None:
    if isinstance(stage, ast.Stage):
        what = oneline(stage.what)
        return None if what is None else what + _label(stage.label)
    count, inner = oneline(stage.count), _stages(stage.stages)
    if count is None or inner is None or stage.end_comments:
        return None
    return f"repeat {count}{_label(stage.index)} {{ {inner} }}"


def _label(name: ast.Name | None) -> str:
    return "" if name is None else f" as {name_text(name.name)}"


def layout(node: ast.Expr, indent: int, used: int, beyond: int = 0) -> str:
    """An expression, on several lines where it does not fit on one.

    Args:
        node: the expression.
        indent: blanks before the line that it begins on.
        used: columns of that line before it.
        beyond: columns behind its end.
    """
    text = oneline(node)
    if text is not None and used + len(text) + beyond <= MOST_COLUMNS:
        return text
    match node:
        case ast.Flow():
            start = layout(node.start, indent, used)
            return start + _broken_stages(node.stages, indent + 2 * STEP, "-> ", beyond)
        case ast.Call():
            return _broken_call(node, indent)
        case ast.Group() | ast.Array():
            opening, closing = "()" if isinstance(node, ast.Group) else "[]"
            return _broken(opening, node.items, closing, indent)
        case ast.Paren():
            return _broken("(", (node.inner,), ")", indent)
        case ast.Unary():
            return node.operator + layout(node.operand, indent, used + 1, beyond)
        case ast.Index():
            index = oneline(node.index)
            if index is None:
                return layout(node.base, indent, used, 1) + _broken("[", (node.index,), "]", indent)
            return f"{layout(node.base, indent, used, len(index) + 2 + beyond)}[{index}]"
        case ast.Binary():
            return _broken_binary(node, indent, used, beyond)
        case _:
            return text or ""  # a word longer than a line


def _broken(opening: str, items: Sequence[ast.Expr], closing: str, indent: int) -> str:
    if not items:
        return opening + closing
    inside = indent + STEP
    margin = "\n" + " " * inside
    texts = [layout(item, inside, inside, 1) for item in items]
    return f"{opening}{margin}{f',{margin}'.join(texts)}\n{' ' * indent}{closing}"


def _broken_call(node: ast.Call, indent: int) -> str:
    inside = indent + STEP
    margin = " " * inside
    lines = []
    last = len(node.arguments) - 1
    for number, argument in enumerate(node.arguments):
        lines += [
            margin + comment_text(comment)
            for comment in argument.comments.lead
            if comment is not None
        ]
        name = _named(argument)
        value = layout(argument.value, inside, inside + len(name), 1)
        comma = "," if number < last else ""
        lines.append(f"{margin}{name}{value}{comma}{trail_text(argument.comments)}")
    callee = name_text(node.callee.name)
    return "\n".join([f"{callee}(", *lines, " " * indent + ")"]) if lines else f"{callee}()"


def _broken_stages(
    stages: Sequence[ast.Stage | ast.Repeat], indent: int, arrow: str, beyond: int
) -> str:
    """Stages on lines of their own; all but the first behind an arrow, which it may have too."""
    margin = "\n" + " " * indent
    text = ""
    last = len(stages) - 1
    for number, stage in enumerate(stages):
        text += "".join(
            margin + comment_text(comment) for comment in stage.comments.lead if comment is not None
        )
        sign = arrow if number == 0 else "-> "
        text += margin + sign
        text += _broken_stage(stage, indent, indent + len(sign), beyond if number == last else 0)
        text += trail_text(stage.comments)
    return text


def _broken_stage(stage: ast.Stage | ast.Repeat, indent: int, used: int, beyond: int) -> str:
    if isinstance(stage, ast.Stage):
        label = _label(stage.label)
        return layout(stage.what, indent, used, len(label) + beyond) + label
    text = _stage(stage)
    if text is not None and used + len(text) + beyond <= MOST_COLUMNS:
        return text
    label = _label(stage.index)
    count = layout(stage.count, indent, used + len("repeat "), len(label) + 2)
    inner = _broken_stages(stage.stages, indent + STEP, "", 0)
    margin = "\n" + " " * (indent + STEP)
    ends = "".join(margin + comment_text(comment) for comment in stage.end_comments)
    return f"repeat {count}{label} {{{inner}{ends}\n{' ' * indent}}}"


def _broken_binary(node: ast.Binary, indent: int, used: int, beyond: int) -> str:
    """Operands of one level on lines of their own, each behind a line that ends in an operator."""
    level = _LEVEL[node.operator]
    operands: list[tuple[str, ast.Expr]] = []
    left: ast.Expr = node
    while isinstance(left, ast.Binary) and _LEVEL[left.operator] == level and level < 3:
        operands.append((left.operator, left.right))
        left = left.left
    if not operands:  # a power
        operands.append((node.operator, node.right))
        left = node.left
    text = layout(left, indent, used, 2 + len(operands[-1][0]))
    inside = indent + 2 * STEP
    for number, (operator, right) in enumerate(reversed(operands)):
        after = beyond if number == len(operands) - 1 else 3
        text += f" {operator}\n{' ' * inside}{layout(right, inside, inside, after)}"
    return text


def comment_text(text: str) -> str:
    """A comment with its sign; `#!` and `##` stay as they are."""
    return f"#{text}" if not text or text[0] in "#!" else f"# {text}"


def trail_text(comments: ast.Comments) -> str:
    """The comment behind a line, with two blanks before it."""
    return "" if comments.trail is None else f"  {comment_text(comments.trail)}"

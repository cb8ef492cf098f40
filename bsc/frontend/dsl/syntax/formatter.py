"""A tree as text: the one way to write what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, assert_never

from bsc.frontend.dsl import ast
from bsc.frontend.dsl.syntax.expression_layout import (
    MOST_COLUMNS,
    STEP,
    comment_text,
    key_text,
    layout,
    name_text,
    oneline,
    trail_text,
    word_text,
)
from bsc.frontend.dsl.syntax.strings import doc_text, string_text

_Line: TypeAlias = ast.Item | ast.Statement | ast.Setting | ast.Readout | ast.LayerPlan


def format_file(file: ast.File) -> str:
    """The text of a file, with its comments, docstrings and empty lines.

    Parsing the text gives an equal tree, so formatting it again changes nothing. Each statement
    stands on lines of its own; what has more than `MOST_COLUMNS` is broken: flows before each `->`,
    calls and arrays into one line for each element.

    Args:
        file: as the parser makes them; of other trees, an operand that needs parentheses has them
            as a node of its own.
    """
    lines: list[str] = []
    if file.doc is not None:
        lines += [*_beside(file.comments, 0, first=True), doc_text(file.doc, ""), ""]
    lines += _body(file.items, file.end_comments, 0)
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{line}\n" for line in lines)


def _body(lines: Sequence[_Line], ends: ast.Comments, indent: int) -> Iterator[str]:
    margin = " " * indent
    for number, node in enumerate(lines):
        yield from _beside(node.comments, indent, first=number == 0)
        if node.doc is not None:
            yield margin + doc_text(node.doc, margin)
        yield margin + _line(node, indent) + trail_text(node.comments)
    yield from _beside(ends, indent, first=not lines)


def _beside(comments: ast.Comments, indent: int, *, first: bool) -> Iterator[str]:
    if comments.blank_before and not first:
        yield ""
    for comment in comments.lead:
        yield "" if comment is None else " " * indent + comment_text(comment)


def _line(node: _Line, indent: int) -> str:
    match node:
        case ast.Let():
            return _given(f"let {name_text(node.name.name)}", node.value, indent)
        case ast.Weights():
            return f"weights {name_text(node.name.name)} = {string_text(node.file.value)}"
        case ast.LayerDef():
            return _given(f"layer {name_text(node.name.name)}", node.what, indent)
        case ast.Assign():
            return _given(", ".join(name_text(n.name) for n in node.names), node.value, indent)
        case ast.Input():
            return _input(node, indent)
        case ast.Output():
            start = f"output {name_text(node.name.name)}"
            return start if node.value is None else _given(start, node.value, indent)
        case ast.Setting():
            return _given(key_text(node.key), node.value, indent)
        case ast.Readout():
            return f"readout {name_text(node.output.name)} = {name_text(node.kind.name)}"
        case ast.LayerPlan():
            path = ".".join(word_text(part.name) for part in node.path)
            return _settings(f"layer {path}", node.settings, node.end_comments, indent)
        case ast.TargetSection():
            start = f"target {string_text(node.name.value)}"
            if not node.settings and node.end_comments == ast.NO_COMMENTS:
                return start
            return _settings(start, node.settings, node.end_comments, indent)
        case ast.Train():
            return _braces("train", node.body, node.end_comments, indent)
        case ast.Model():
            start = f"model {name_text(node.name.name)}"
            return _braces(start, node.body, node.end_comments, indent)
        case ast.Block():
            start = f"block {name_text(node.name.name)}"
            start += _parameters(node.parameters, indent, len(start))
            return _braces(start, node.body, node.end_comments, indent)
        case _:
            assert_never(node)


def _given(start: str, value: ast.Expr, indent: int) -> str:
    return f"{start} = {layout(value, indent, indent + len(start) + 3)}"


def _input(node: ast.Input, indent: int) -> str:
    text = f"input {name_text(node.name.name)}"
    if node.encoding is None:
        return text
    text += f": {name_text(node.encoding.name)}"
    text += layout(ast.Array(node.shape), indent, indent + len(text))
    if node.low is None or node.high is None:
        return text
    used = indent + len(text) - text.rfind("\n") - 1
    low = layout(node.low, indent, used + 4, 2)
    return f"{text} in {low}..{layout(node.high, indent, used + 6 + len(low))}"


def _parameters(parameters: Sequence[ast.Parameter], indent: int, used: int) -> str:
    if not parameters:
        return ""
    texts = []
    for parameter in parameters:
        name = name_text(parameter.name.name)
        value = parameter.default
        texts.append(name if value is None else _given(name, value, indent + STEP))
    line = f"({', '.join(texts)})"
    if "\n" not in line and indent + used + len(line) + 2 <= MOST_COLUMNS:
        return line
    margin = "\n" + " " * (indent + STEP)
    return f"({margin}{f',{margin}'.join(texts)}\n{' ' * indent})"


def _braces(start: str, lines: Sequence[_Line], ends: ast.Comments, indent: int) -> str:
    inside = list(_body(lines, ends, indent + STEP))
    return "\n".join([f"{start} {{", *inside, " " * indent + "}"]) if inside else f"{start} {{}}"


def _settings(start: str, settings: Sequence[ast.Setting], ends: ast.Comments, indent: int) -> str:
    """Settings in braces: a single one on the line itself, as long as there is room."""
    if len(settings) == 1 and ends == ast.NO_COMMENTS:
        (one,) = settings
        value = oneline(one.value)
        if value is not None and one.doc is None and one.comments == ast.NO_COMMENTS:
            line = f"{start} {{ {key_text(one.key)} = {value} }}"
            if indent + len(line) <= MOST_COLUMNS:
                return line
    return _braces(start, settings, ends, indent)

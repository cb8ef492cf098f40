"""Random trees of the language, each such as the parser makes it of some text.

Names, strings, comments and docstrings are arbitrary where the language lets them; comments stand
wherever a tree can carry them.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bsc.frontend.dsl import ast
from bsc.frontend.dsl.syntax.characters import is_allowed
from bsc.frontend.dsl.syntax.strings import read_doc

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    Some = SearchStrategy[Any]


def files() -> SearchStrategy[ast.File]:
    """A hypothesis strategy of whole files (hypothesis must be installed)."""
    from hypothesis import strategies as st

    def made(items: list[Any], doc: str | None, above: Any, ends: Any) -> ast.File:
        above = replace(above, trail=None, blank_before=False)
        ends = replace(ends, blank_before=ends.blank_before and bool(items))
        begun = _begun(tuple(items))
        return ast.File(begun, "<random>", doc, ast.NO_COMMENTS if doc is None else above, ends)

    return st.builds(made, st.lists(_items(), max_size=5), _docs(), _comments(), _ends())


def _begun(lines: tuple[Any, ...]) -> tuple[Any, ...]:
    """Lines of a body, the first without the empty line that cannot be told from none."""
    if not lines:
        return lines
    first = lines[0]
    return (replace(first, comments=replace(first.comments, blank_before=False)), *lines[1:])


def _texts(*, without: str = "", least: int = 0) -> Some:
    from hypothesis import strategies as st

    usual = st.sampled_from("abc dense/1#\"\\'\t!é→")
    characters = usual | st.characters(exclude_categories=["Cs"])
    wanted = characters.filter(lambda c: is_allowed(c) and c not in without + "\n\r")
    return st.text(wanted, min_size=least, max_size=8)


@functools.cache
def _docs() -> Some:
    """Docstrings as they are read: without common indentation."""
    from hypothesis import strategies as st

    lines = st.lists(_texts(), min_size=1, max_size=3).map("\n".join)
    whole = lines.filter(lambda text: '"""' not in text and not text.endswith('"'))
    return st.none() | whole.map(lambda text: read_doc(f'"""{text}"""'))


@functools.cache
def _remarks() -> Some:
    return _texts().map(str.rstrip)


@functools.cache
def _comments() -> Some:
    from hypothesis import strategies as st

    def made(lead: list[str | None], trail: str | None, blank: bool) -> ast.Comments:
        kept: list[str | None] = []
        for line in lead:
            if line is not None or (kept and kept[-1] is not None):
                kept.append(line)
        return ast.Comments(tuple(kept), trail, blank)

    lead = st.lists(st.none() | _remarks(), max_size=3)
    some = st.builds(made, lead, st.none() | _remarks(), st.booleans())
    return st.just(ast.NO_COMMENTS) | some


@functools.cache
def _inner() -> Some:
    """Comments of stages and arguments: no empty lines."""
    from hypothesis import strategies as st

    lead = st.lists(_remarks(), max_size=2).map(tuple)
    some = st.builds(ast.Comments, lead, st.none() | _remarks())
    return st.just(ast.NO_COMMENTS) | st.just(ast.NO_COMMENTS) | some


@functools.cache
def _ends() -> Some:
    def made(comments: ast.Comments) -> ast.Comments:
        lead = comments.lead
        while lead and lead[-1] is None:
            lead = lead[:-1]
        return ast.Comments(lead, None, comments.blank_before and bool(lead))

    return _comments().map(made)


@functools.cache
def _names() -> Some:
    from hypothesis import strategies as st

    usual = st.sampled_from(["x", "dense", "h_2", "inf", "true", "layer", "weights", "dense/1"])
    return st.builds(ast.Name, usual | _texts(without="`", least=1))


@functools.cache
def _strings() -> Some:
    from hypothesis import strategies as st

    any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    return st.builds(ast.String, any_text)


@functools.cache
def _numbers() -> Some:
    from hypothesis import strategies as st

    def made(text: str) -> ast.Number:
        if text in ("inf", "nan"):
            return ast.Number(getattr(math, text), text)
        value = int(text) if text.replace("_", "").isdigit() else float(text)
        return ast.Number(value, text)

    whole = st.integers(0, 10**40 - 1).map(str)
    real = st.floats(0, allow_nan=False, allow_infinity=False).map(repr)
    usual = st.sampled_from(["0", "1_000", "0.5", "1e-3", "2E+4", "1_0.2_5", "inf", "nan"])
    return (usual | whole | real).map(made)


@functools.cache
def _exprs() -> Some:
    from hypothesis import strategies as st

    leaves = _numbers() | _strings() | _names() | st.builds(ast.Truth, st.booleans())
    return st.recursive(leaves, _larger, max_leaves=8)


def _larger(inner: Some) -> Some:
    from hypothesis import strategies as st

    items = st.lists(inner, max_size=3).map(tuple)
    group = st.lists(inner, min_size=2, max_size=3).map(tuple)
    binary = st.builds(
        _binary, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), inner, inner
    )
    return st.one_of(
        st.builds(ast.Group, group),
        st.builds(ast.Paren, inner),
        st.builds(ast.Array, items),
        st.builds(lambda operand: ast.Unary("-", _at_least(operand, 3)), inner),
        binary,
        st.builds(lambda base, index: ast.Index(_at_least(base, 5), index), inner, inner),
        _calls(inner),
        st.builds(_flow, inner, st.lists(_stages(inner), min_size=1, max_size=3)),
    )


def _level(node: Any) -> int:
    """How tightly a node holds together: 0 a flow, 1 a sum, ... 5 what is in brackets or a word."""
    match node:
        case ast.Flow():
            return 0
        case ast.Binary():
            return {"+": 1, "-": 1, "**": 4}.get(node.operator, 2)
        case ast.Unary():
            return 3
        case _:
            return 5


def _at_least(node: Any, level: int) -> Any:
    return node if _level(node) >= level else ast.Paren(node)


def _binary(operator: str, left: Any, right: Any) -> ast.Binary:
    if operator == "**":
        return ast.Binary(operator, _at_least(left, 5), _at_least(right, 3))
    level = 1 if operator in "+-" else 2
    return ast.Binary(operator, _at_least(left, level), _at_least(right, level + 1))


def _flow(start: Any, stages: list[Any]) -> ast.Flow:
    last = stages[-1]
    stages[-1] = replace(last, comments=replace(last.comments, trail=None))
    return ast.Flow(_at_least(start, 1), tuple(stages))


def _calls(inner: Some) -> Some:
    from hypothesis import strategies as st

    name = st.none() | _names().map(lambda name: name.name)
    argument = st.builds(ast.Argument, name, inner, _inner())
    return st.builds(ast.Call, _names(), st.lists(argument, max_size=3).map(tuple))


def _stages(inner: Some) -> Some:
    from hypothesis import strategies as st

    label = st.none() | _names()
    stage = st.builds(ast.Stage, _names() | _calls(inner), label, _inner())
    several = st.lists(stage, min_size=1, max_size=2).map(tuple)
    count = inner.map(lambda node: _at_least(node, 1))
    ends = st.lists(_remarks(), max_size=2).map(tuple)
    return stage | st.builds(ast.Repeat, count, label, several, _inner(), st.just(()) | ends)


def _said(strategy: Some) -> Some:
    """Statements with comments and docstrings."""
    from hypothesis import strategies as st

    def made(node: Any, comments: ast.Comments, doc: str | None) -> Any:
        return replace(node, comments=comments, doc=doc)

    return st.builds(made, strategy, _comments(), _docs())


@functools.cache
def _lets() -> Some:
    from hypothesis import strategies as st

    return st.builds(ast.Let, _names(), _exprs()) | st.builds(ast.Weights, _names(), _strings())


@functools.cache
def _statements() -> Some:
    from hypothesis import strategies as st

    bound = _exprs().map(lambda node: _at_least(node, 1))
    shape = st.lists(_exprs(), max_size=2).map(tuple)
    return _said(
        st.one_of(
            _lets(),
            st.builds(ast.Input, _names()),
            st.builds(ast.Input, _names(), _names(), shape),
            st.builds(ast.Input, _names(), _names(), shape, bound, bound),
            st.builds(ast.LayerDef, _names(), _names() | _calls(_exprs())),
            st.builds(ast.Assign, st.lists(_names(), min_size=1, max_size=2).map(tuple), _exprs()),
            st.builds(ast.Output, _names(), st.none() | _exprs()),
        )
    )


@functools.cache
def _settings() -> Some:
    from hypothesis import strategies as st

    key = st.lists(_names(), min_size=1, max_size=3).map(tuple)
    return _said(st.builds(ast.Setting, key, _exprs()))


def _bodies(lines: Some) -> Some:
    from hypothesis import strategies as st

    return st.lists(lines, max_size=3).map(lambda some: _begun(tuple(some)))


@functools.cache
def _plan_lines() -> Some:
    from hypothesis import strategies as st

    path = st.lists(_names(), min_size=1, max_size=2).map(tuple)
    plans = st.builds(ast.LayerPlan, path, _bodies(_settings())).flatmap(_ended)
    return _settings() | _said(st.builds(ast.Readout, _names(), _names()) | plans)


def _ended(node: Any) -> Some:
    from hypothesis import strategies as st

    def made(ends: ast.Comments) -> Any:
        lines = getattr(node, "settings", None) or getattr(node, "body", ())
        blank = ends.blank_before and bool(lines)
        return replace(node, end_comments=replace(ends, blank_before=blank))

    return st.builds(made, _ends())


@functools.cache
def _items() -> Some:
    from hypothesis import strategies as st

    parameter = st.builds(ast.Parameter, _names(), st.none() | _exprs())
    parameters = st.lists(parameter, max_size=3).map(tuple)
    bodies = _bodies(_statements())
    with_bodies = st.one_of(
        st.builds(ast.Block, _names(), parameters, bodies),
        st.builds(ast.Model, _names(), bodies),
        st.builds(ast.Train, _bodies(_plan_lines())),
        st.builds(ast.TargetSection, _strings(), _bodies(_settings())),
    )
    return _said(_lets() | with_bodies.flatmap(_ended))

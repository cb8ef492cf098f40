"""Any text makes a tree or a report: as deep and as long as may be, of any tokens, mutated."""

from __future__ import annotations

import math
import sys
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsc.diag import render_all
from bsc.frontend.dsl import ast
from bsc.frontend.dsl.syntax.formatter import format_file
from bsc.frontend.dsl.syntax.machine import MAX_BRACKETS, MAX_DEPTH
from bsc.frontend.dsl.syntax.parser import parse
from bsc.frontend.dsl.syntax.tables import tables
from bsc.testing.dsl_asts import files


def value(text: str) -> ast.Expr:
    parsed = parse(f"let a = {text}\n")
    assert parsed.diagnostics == ()
    assert parsed.file is not None
    (item,) = parsed.file.items
    assert isinstance(item, ast.Let)
    return item.value


def test_as_deep_as_may_be() -> None:
    """And no walk over the tree runs out of stack."""
    brackets = MAX_BRACKETS
    for text in (
        "(" * brackets + "1" + ")" * brackets,
        "f(x -> g([" * (brackets // 3) + "1" + "]))" * (brackets // 3),
        "-" * MAX_DEPTH + "1",
        "1" + "**1" * MAX_DEPTH,
        "1" + "+1" * MAX_DEPTH,
        "a" + "[0]" * MAX_DEPTH,
        "x" + " -> repeat 2 { f" * brackets + "}" * brackets,
    ):
        tree = value(text)
        assert tree == value(text)
        assert hash(tree) == hash(value(text))
        assert repr(tree)
        text = format_file(ast.File((ast.Let(ast.Name("a"), tree),)))
        assert value(text.removeprefix("let a = ")) == tree


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "3",
                ",",
                "(",
                ")",
                "[",
                "]",
                "->",
                "+",
                "=",
                "\n",
                "let",
                "model",
                "{",
                "}",
                '"s"',
                "# c\n",
                '"""d"""',
                " ",
                ":",
                "..",
            ]
        )
    )
)
@settings(max_examples=300, deadline=None)
def test_any_tokens_make_a_tree_or_a_report(words: list[str]) -> None:
    parsed = parse(" ".join(words))
    assert (parsed.file is None) == bool(parsed.diagnostics)


def program(items: int) -> str:
    one = (
        "block b{0}(n, k = 2) {{\n  input v  # of b\n  output h = v -> dense(n * 2, bias = false)"
        ' as d -> relu\n}}\n"""A constant."""\nlet c{0} = [1, 2.5, -3] + {0} ** 2\n\n'
    )
    return "".join(one.format(number) for number in range(items))


def test_time_is_linear_in_the_length_of_a_right_text() -> None:
    tables()
    seconds = []
    for items in (500, 4000):  # some 25 and 200 thousand tokens
        text = program(items)
        best = math.inf
        for _ in range(3):
            began = time.process_time()
            assert parse(text).file is not None
            best = min(best, time.process_time() - began)
        seconds.append(best)
    assert seconds[1] < 16 * seconds[0]  # 8 times, and as much again for a busy computer


def test_quotes_without_end_take_no_time_by_the_square_of_their_length() -> None:
    tables()
    for text in ("'\\" * 1_000_000, "'a" * 1_000_000, "'" + "\\a" * 1_000_000):
        began = time.process_time()
        assert parse(text).file is None
        assert time.process_time() - began < 4  # below one second on a quiet computer


def test_no_text_needs_a_deep_stack() -> None:
    before = sys.getrecursionlimit()
    depth = 0
    frame = sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(depth + 60)
    try:
        parsed = parse("let a = " + "(" * 64 + "-" * 60 + "1" + ")" * 64 + "\n" + program(20))
    finally:
        sys.setrecursionlimit(before)
    assert parsed.diagnostics == ()


MADE = files().map(format_file)
PIECES = st.sampled_from(
    [*"(){}[]=->,.:;\n\"`#'\\", " ", "model m {", "let ", '"""', "\x00", "é", "=>"]
)


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_changed_text_makes_a_tree_or_a_report(data: st.DataObject) -> None:
    text = data.draw(MADE)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        stop = min(len(text), start + data.draw(st.integers(0, 20)))
        kind = data.draw(st.sampled_from(["insert", "delete", "double", "swap", "splice"]))
        cut = text[start:stop]
        match kind:
            case "insert":
                cut = data.draw(PIECES) + cut
            case "delete":
                cut = ""
            case "double":
                cut += cut
            case "swap":
                cut = cut[::-1]
            case _:
                cut = data.draw(MADE)[: data.draw(st.integers(0, 60))]
        text = text[:start] + cut + text[stop:]
    began = time.process_time()
    parsed = parse(text)
    assert time.process_time() - began < 1 + len(text) / 10_000
    assert (parsed.file is None) == bool(parsed.diagnostics)
    assert len(parsed.diagnostics) <= 21
    render_all(parsed.diagnostics, {"<text>": text})
    if parsed.file is not None:
        again = format_file(parsed.file)
        assert format_file(parse(again).file or ast.File(())) == again

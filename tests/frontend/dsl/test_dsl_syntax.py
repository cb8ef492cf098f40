"""Right texts: the tree that each form makes, its places, line ends, comments and docstrings."""

from __future__ import annotations

import math
from importlib import resources

import pytest
from lark import Lark

from bsc.frontend.dsl import ast
from bsc.frontend.dsl.syntax.parser import parse
from bsc.frontend.dsl.syntax.tables import _NoLexer

XOR = '''"""Two bits in, one bit out: the smallest network that needs a hidden layer."""

let hidden = 8

model xor {
  input x: f32[2] in 0..1
  h = x -> dense(hidden) as first -> logistic
  output y = h -> dense(1) as second -> sigmoid
}

train {
  rule = carry
  batch = 4
  readout y = logistic
  layer first { threshold = 8 }
}

target "ideal-fine" { array.rows = 32 }
'''


def read(text: str) -> ast.File:
    parsed = parse(text)
    assert parsed.diagnostics == ()
    assert parsed.file is not None
    return parsed.file


def value(text: str) -> ast.Expr:
    (item,) = read(f"let a = {text}\n").items
    assert isinstance(item, ast.Let)
    return item.value


def line(text: str) -> ast.Statement:
    (model,) = read(f"model m {{\n{text}\n}}\n").items
    assert isinstance(model, ast.Model)
    (statement,) = model.body
    return statement


def name(text: str) -> ast.Name:
    return ast.Name(text)


def number(text: str) -> ast.Number:
    return ast.Number(int(text), text)


def call(callee: str, *arguments: ast.Argument | ast.Expr) -> ast.Call:
    given = (a if isinstance(a, ast.Argument) else ast.Argument(None, a) for a in arguments)
    return ast.Call(name(callee), tuple(given))


def test_a_whole_file() -> None:
    first = ast.Stage(call("dense", name("hidden")), name("first"))
    second = ast.Stage(call("dense", number("1")), name("second"))
    x = ast.Input(name("x"), name("f32"), (number("2"),), number("0"), number("1"))
    h = ast.Assign((name("h"),), ast.Flow(name("x"), (first, ast.Stage(name("logistic")))))
    y = ast.Output(name("y"), ast.Flow(name("h"), (second, ast.Stage(name("sigmoid")))))
    plan = (
        ast.Setting((name("rule"),), name("carry")),
        ast.Setting((name("batch"),), number("4")),
        ast.Readout(name("y"), name("logistic")),
        ast.LayerPlan((name("first"),), (ast.Setting((name("threshold"),), number("8")),)),
    )
    rows = ast.Setting((name("array"), name("rows")), number("32"))
    apart = ast.Comments(blank_before=True)
    assert read(XOR) == ast.File(
        (
            ast.Let(name("hidden"), number("8")),
            ast.Model(name("xor"), (x, h, y), comments=apart),
            ast.Train(plan, comments=apart),
            ast.TargetSection(ast.String("ideal-fine"), (rows,), comments=apart),
        ),
        doc="Two bits in, one bit out: the smallest network that needs a hidden layer.",
    )


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a / b // c % d", "((a / b) // c) % d"),
        ("-a ** b", "-(a ** b)"),
        ("a ** -b ** c", "a ** (-(b ** c))"),
        ("-a * b", "(-a) * b"),
        ("a ** b[0]", "a ** (b[0])"),
        ("a + b -> f", "(a + b) -> f"),
    ],
)
def test_what_binds_tighter(text: str, grouped: str) -> None:
    assert value(text) == without_parens(value(grouped))


def without_parens(node: ast.Expr) -> ast.Expr:
    match node:
        case ast.Paren():
            return without_parens(node.inner)
        case ast.Binary():
            left, right = without_parens(node.left), without_parens(node.right)
            return ast.Binary(node.operator, left, right)
        case ast.Unary():
            return ast.Unary(node.operator, without_parens(node.operand))
        case ast.Flow():
            return ast.Flow(without_parens(node.start), node.stages)
        case _:
            return node


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("784", 784), ("1_000", 1000), ("0.5", 0.5), ("1e-3", 0.001), ("1_0.2_5E+1", 102.5),
        ("inf", math.inf), ("0" * 39 + "1", 1), ("9007199254740993", 9007199254740993),
    ],
)  # fmt: skip
def test_numbers(text: str, expected: float) -> None:
    found = value(text)
    assert isinstance(found, ast.Number)
    assert (found.value, type(found.value), found.text) == (expected, type(expected), text)


def test_nan_is_like_itself() -> None:
    assert value("nan") == value("nan")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a b"', ast.String("a b")),
        (r'"\"\\\n\t\u{1F600}\u{0}"', ast.String('"\\\n\t\U0001f600\0')),
        ('""', ast.String("")),
        ("`dense/1`", name("dense/1")),
        ("`input`", name("input")),
        ("true", ast.Truth(True)),
        ("(a)", ast.Paren(name("a"))),
        ("(a, b,)", ast.Group((name("a"), name("b")))),
        ("(a, b, c)", ast.Group((name("a"), name("b"), name("c")))),
        ("[]", ast.Array(())),
        ("[a, [b,],]", ast.Array((name("a"), ast.Array((name("b"),))))),
        ('w["a"]', ast.Index(name("w"), ast.String("a"))),
        ("shape(x)[0]", ast.Index(call("shape", name("x")), ast.Number(0, "0"))),
        ("f()", call("f")),
        ("f(a, weights = b,)", call("f", name("a"), ast.Argument("weights", name("b")))),
        ("f(`in` = a)", call("f", ast.Argument("in", name("a")))),
    ],
)
def test_values(text: str, expected: ast.Expr) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input v", ast.Input(name("v"))),
        ("input x: f32[]", ast.Input(name("x"), name("f32"))),
        (
            "input x: u8[n, 28] in -1..2 * k",
            ast.Input(
                name("x"), name("u8"), (name("n"), number("28")), ast.Unary("-", number("1")),
                ast.Binary("*", number("2"), name("k")),
            ),
        ),
        ("weights w = \"a.npz\"", ast.Weights(name("w"), ast.String("a.npz"))),
        ("layer a = dense", ast.LayerDef(name("a"), name("dense"))),
        ("layer a = dense(3)", ast.LayerDef(name("a"), call("dense", number("3")))),
        ("a, b = x", ast.Assign((name("a"), name("b")), name("x"))),
        ("output y", ast.Output(name("y"))),
        (
            "h = x -> repeat n + 1 as i { f -> repeat 2 { g } as_ }".replace(" as_", ""),
            ast.Assign(
                (name("h"),),
                ast.Flow(
                    name("x"),
                    (
                        ast.Repeat(
                            ast.Binary("+", name("n"), number("1")),
                            name("i"),
                            (
                                ast.Stage(name("f")),
                                ast.Repeat(number("2"), None, (ast.Stage(name("g")),)),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ],
)  # fmt: skip
def test_statements(text: str, expected: ast.Statement) -> None:
    assert line(text) == expected


def test_words_of_the_language_are_keys_of_settings() -> None:
    (train,) = read("train { weights = random; a.layer.in = 3; layer layer.in { let = 4 } }").items
    assert isinstance(train, ast.Train)
    assert train.body == (
        ast.Setting((name("weights"),), name("random")),
        ast.Setting((name("a"), name("layer"), name("in")), number("3")),
        ast.LayerPlan(
            (name("layer"), name("in")), (ast.Setting((name("let"),), number("4")),)
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "block b(n, k = 2) {\n\n  input v\n\n\n  output h = v -> f(n, k)\n}\n",
        "block b(n, k = 2,) { input v; output h = v -> f(n, k) }",
        "\nblock b(\n  n\n  , k =\n 2\n) {;; input v;\n;output h = v\n\n  -> f(n,\nk);\n}\n;",
        "block b(n, k = 2) {\r\n  input v\r\n  output h = v ->\r\n  f(n, k)\r\n}\r\n",
        "block b(n, k = 2) {\r  input v\r  output h =\rv -> f(n, k)\r}",
        "\ufeffblock b(n, k = 2)\t{ input v; output\th = v -> f(n, k) }",
    ],
)
def test_line_ends(text: str) -> None:
    (found,) = read(text).items
    (plain,) = read("block b(n, k = 2) {\n  input v\n  output h = v -> f(n, k)\n}\n").items
    assert isinstance(found, ast.Block)
    assert isinstance(plain, ast.Block)
    assert [s.value for s in found.body if isinstance(s, ast.Output)] == [
        s.value for s in plain.body if isinstance(s, ast.Output)
    ]
    assert (found.parameters, len(found.body)) == (plain.parameters, 2)


def test_places() -> None:
    text = "model m {\n  h = (x + 1, y) -> dense(3, bias = `a b`)\n      -> relu as r\n}\n"
    (model,) = read(text).items
    assert isinstance(model, ast.Model)
    assert (model.at, model.name.at) == (ast.Place(1, 1, 4, 2), ast.Place(1, 7, 1, 8))
    (statement,) = model.body
    assert statement.at == ast.Place(2, 3, 3, 19)
    assert isinstance(statement, ast.Assign)
    flow = statement.value
    assert isinstance(flow, ast.Flow)
    assert flow.at == ast.Place(2, 7, 3, 19)
    group = flow.start
    assert isinstance(group, ast.Group)
    total = group.items[0]
    assert isinstance(total, ast.Binary)
    assert (total.at, total.operator_at) == (ast.Place(2, 8, 2, 13), ast.Place(2, 10, 2, 11))
    dense, relu = flow.stages
    assert isinstance(dense, ast.Stage)
    assert isinstance(dense.what, ast.Call)
    bias = dense.what.arguments[1]
    assert (bias.at, bias.name_at) == (ast.Place(2, 30, 2, 42), ast.Place(2, 30, 2, 34))
    assert relu.at == ast.Place(3, 10, 3, 19)


def test_comments_hang_on_what_they_stand_beside() -> None:
    text = """# of the file

\"\"\"Doc.\"\"\"

# of a
#of a too

let a = 3  # behind a

model m {  # of x
  input x: f32[2]

  # of h
  h = x  # of f
      -> f(  # of 1
        1,  # behind 1
        # of 2
        2  # behind 2
      )  # behind f
      # of g
      -> g  # behind h
  b = [1,  # within
    2]
  # at the end of m
}  # behind m

# at the end
"""
    file = read(text)
    assert (file.doc, file.comments.lead) == ("Doc.", ("of the file", None))
    let, model = file.items
    assert let.comments == ast.Comments(("of a", "of a too", None), "behind a")
    assert isinstance(model, ast.Model)
    assert model.comments == ast.Comments((), "behind m", True)
    assert model.end_comments == ast.Comments(("at the end of m",))
    x, h, b = model.body
    assert x.comments == ast.Comments(("of x",))
    assert h.comments == ast.Comments(("of h",), "behind h", True)
    assert isinstance(h, ast.Assign)
    assert isinstance(h.value, ast.Flow)
    f, g = h.value.stages
    assert f.comments == ast.Comments(("of f",), "behind f")
    assert g.comments == ast.Comments(("of g",))
    assert isinstance(f, ast.Stage)
    assert isinstance(f.what, ast.Call)
    one, two = f.what.arguments
    assert one.comments == ast.Comments(("of 1",), "behind 1")
    assert two.comments == ast.Comments(("of 2",), "behind 2")
    assert b.comments == ast.Comments(("within",))
    assert file.end_comments == ast.Comments(("at the end",), None, True)


@pytest.mark.parametrize(
    ("text", "of_file", "of_item"),
    [
        ('"""A."""\nlet a = 3\n', None, "A."),
        ('"""A."""\n\nlet a = 3\n', "A.", None),
        ('# c\n"""A."""\n\n"""B."""\nlet a = 3\n', "A.", "B."),
        ('"""A."""\n"""B."""\nlet a = 3\n', "A.", "B."),
        ('"""  A\n\n    b\n      c\n  """ let a = 3\n', None, "A\n\nb\n  c"),
        ('""""""\n\n""""a" """\nlet a = 3\n', "", '"a"'),
        ('"""\\n\u00e9"""\nlet a = 3\n', None, "\\n\u00e9"),
    ],
)
def test_docstrings(text: str, of_file: str | None, of_item: str | None) -> None:
    file = read(text)
    assert (file.doc, file.items[0].doc) == (of_file, of_item)


def test_a_file_of_nothing() -> None:
    assert read("") == ast.File(())
    assert read("\n \t\n") == ast.File(())
    assert read('"""Alone."""') == ast.File((), doc="Alone.")
    assert read("# alone") == ast.File((), end_comments=ast.Comments(("alone",)))


def test_the_grammar_has_no_conflicts() -> None:
    """lark would settle them in silence, for the longer of two readings."""
    text = resources.files("bsc.frontend.dsl.syntax").joinpath("grammar.lark").read_text("utf-8")
    Lark(text, parser="lalr", lexer=_NoLexer, maybe_placeholders=False, strict=True)

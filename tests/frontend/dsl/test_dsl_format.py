"""The formatter: its text says what the tree says, and is its own form."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsc.diag import render_all
from bsc.frontend.dsl import ast
from bsc.frontend.dsl.syntax.formatter import format_file
from bsc.frontend.dsl.syntax.parser import parse
from bsc.testing.dsl_asts import files

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def formatted(text: str) -> str:
    parsed = parse(text)
    assert parsed.file is not None, render_all(parsed.diagnostics, {"<text>": text})
    return format_file(parsed.file)


@given(files())
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
def test_the_text_of_a_tree_is_read_as_the_same_tree(file: ast.File) -> None:
    text = format_file(file)
    read = parse(text)
    assert read.file == file, render_all(read.diagnostics, {"<text>": text})
    assert format_file(read.file) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let  a=3;let b = - 4\n", "let a = 3\nlet b = -4\n"),
        ("let a = 3\n\n\n\nlet b = (4)\n\n", "let a = 3\n\nlet b = (4)\n"),
        ("let a=f( x,y = [1,2,],)[ 0 ]", "let a = f(x, y = [1, 2])[0]\n"),
        ("let `a`=`input`+`b c`*`inf`", "let a = `input` + `b c` * `inf`\n"),
        ('let a = "\\u{41}\\u{7}\\t\\u{2028}"', 'let a = "A\\u{7}\\t\\u{2028}"\n'),
        ("block b(){input v}", "block b {\n  input v\n}\n"),
        ("block b { }\nmodel m {}\ntrain {\n}", "block b {}\nmodel m {}\ntrain {}\n"),
        (
            'target "t" {}\ntarget "t" {a.b=3}\ntarget "t" {a=3;b=4}',
            'target "t"\ntarget "t" { a.b = 3 }\ntarget "t" {\n  a = 3\n  b = 4\n}\n',
        ),
        (
            "train {layer a.b{frozen=true}\nlayer c { frozen = true # c\n}\nreadout y=softmax}",
            "train {\n  layer a.b { frozen = true }\n  layer c {\n    frozen = true  # c\n  }\n"
            "  readout y = softmax\n}\n",
        ),
        (
            "model m{input x:u8[3 , 4]in 0 .. 255;h,g=x->f as a->repeat 3 as i{g->h}}",
            "model m {\n  input x: u8[3, 4] in 0..255\n"
            "  h, g = x -> f as a -> repeat 3 as i { g -> h }\n}\n",
        ),
        ("#a\n#  b\n##c\n#!d\n#\nlet a=3#e", "# a\n#  b\n##c\n#!d\n#\nlet a = 3  # e\n"),
        ("let a = 1 # a\n;let b = 2", "let a = 1  # a\nlet b = 2\n"),
        ("# top\n;let a = 1", "# top\nlet a = 1\n"),
        ("let a = 1; # c1\n # c2\n ; # c3\n", "let a = 1  # c1\n# c2\n# c3\n"),
        ('"""A"""\n\n;let a = 3', '"""A"""\n\nlet a = 3\n'),
        ('"""A\n   b\n     c   \n"""\nlet a = 3', '"""A\nb\n  c\n"""\nlet a = 3\n'),
        ('"""\n A\n   b"""\nlet a = 3', '"""\nA\n  b\n"""\nlet a = 3\n'),
        (
            'model m {\n"""A\n  b"""\n\ninput x }',
            'model m {\n  """A\n  b\n  """\n  input x\n}\n',
        ),
        ("let a = 3\r\n\r\n\r\nlet b = 4", "let a = 3\n\nlet b = 4\n"),
        ("", ""),
    ],
)
def test_one_way_to_write_it(text: str, expected: str) -> None:
    assert formatted(text) == expected
    assert formatted(expected) == expected


def test_what_does_not_fit_on_a_line_is_broken() -> None:
    long = "a_name_of_thirty_characters___"
    text = f"""
model m {{
  h = x -> f({long}) -> g({long}, {long}) as g_ -> repeat 3 {{ f -> g }}
  i = x -> f({long}, {long}, {long}, third = {long}) -> g
  j = [{long}, {long}, [{long}, {long}, {long}, {long}], {long}]
  k = {long} + {long} * {long} - {long} ** {long} + 1
  l = x -> repeat 3 {{ f({long}) -> g({long})
    -> repeat 2 {{ f({long}) -> g({long}) -> h as last }} }}
  m = ({long}, {long}, {long}, x -> f -> g)
  n = ({long} + {long} + {long} + {long})
}}
block b(first = {long}, second = {long}, third = {long}) {{ input v }}
"""
    expected = f"""model m {{
  h = x
      -> f({long})
      -> g({long}, {long}) as g_
      -> repeat 3 {{ f -> g }}
  i = x
      -> f(
        {long},
        {long},
        {long},
        third = {long}
      )
      -> g
  j = [
    {long},
    {long},
    [
      {long},
      {long},
      {long},
      {long}
    ],
    {long}
  ]
  k = {long} +
      {long} * {long} -
      {long} ** {long} +
      1
  l = x
      -> repeat 3 {{
        f({long})
        -> g({long})
        -> repeat 2 {{
          f({long})
          -> g({long})
          -> h as last
        }}
      }}
  m = (
    {long},
    {long},
    {long},
    x -> f -> g
  )
  n = (
    {long} +
        {long} +
        {long} +
        {long}
  )
}}
block b(
  first = {long},
  second = {long},
  third = {long}
) {{
  input v
}}
"""
    assert formatted(text) == expected
    assert formatted(expected) == expected


def test_comments_within_a_statement_stay() -> None:
    text = """
model m {  # opens
  h = x  # start
    -> f(1,  # one
         # two
         2) # behind f
    # above g
    -> g -> repeat 2 { # in
      f  # f
      # g
      -> g  # last
      # beyond
    }  # behind
  a = [1,  # array
       2]
  # end
}
"""
    expected = """model m {
  # opens
  h = x
      # start
      -> f(
        1,  # one
        # two
        2
      )  # behind f
      # above g
      -> g
      -> repeat 2 {
        # in
        f  # f
        # g
        -> g  # last
        # beyond
      }  # behind
  # array
  a = [1, 2]
  # end
}
"""
    assert formatted(text) == expected
    assert formatted(expected) == expected


ENDS = st.lists(st.sampled_from(["\n", ";", "# @\n", "\n\n"]), min_size=1, max_size=6).map("".join)


@given(st.lists(ENDS, max_size=4), st.sampled_from(["", ";", "# @\n", "# @\n;", "\n;# @\n"]))
@settings(max_examples=200, deadline=None)
def test_no_comment_is_lost_between_statements(ends: list[str], start: str) -> None:
    text = start + "".join(f"let a{i} = {i}{end}" for i, end in enumerate(ends))
    parts = text.split("@")
    text = "".join(f"{part}c{i}." for i, part in enumerate(parts[:-1])) + parts[-1]
    written = formatted(text)
    assert re.findall(r"c\d+\.", written) == re.findall(r"c\d+\.", text)
    assert formatted(written) == written


def test_the_longest_of_texts_is_formatted_in_its_time() -> None:
    text = f"let a = [{', '.join(map(str, range(50_000)))}]\n"
    assert formatted(text).count("\n") == 50_002

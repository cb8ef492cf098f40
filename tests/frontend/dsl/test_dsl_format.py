"""The formatter: its text says what the tree says, and is its own form."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from bsc.diag import render_all
from bsc.frontend.dsl import ast
from bsc.frontend.dsl.formatter import format_file
from bsc.frontend.dsl.parser import parse
from bsc.testing.dsl_asts import files


@given(files())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_text_of_a_tree_is_read_as_the_same_tree(file: ast.File) -> None:
    text = format_file(file)
    read = parse(text)
    assert read.file == file, render_all(read.diagnostics, {"<text>": text})
    assert format_file(read.file) == text

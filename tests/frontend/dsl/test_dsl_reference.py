"""docs/language.md: its tables are the language's own, and each example on it is a program."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bsc.diag import render_all
from bsc.driver import compile_model
from bsc.frontend.dsl.meaning.model import check
from bsc.frontend.dsl.meaning.operators import OPERATORS
from bsc.frontend.dsl.meaning.page import PARTS, refresh
from bsc.frontend.dsl.syntax.formatter import format_file
from bsc.frontend.dsl.syntax.parser import parse
from bsc.ir.interpreter import run
from bsc.ir.pass_manager import run_passes
from bsc.ops import OPS
from bsc.ops.source import SOURCE_OPS
from bsc.passes.network import find_network
from bsc.pipelines import source_passes

PAGE = Path(__file__).resolve().parents[3] / "docs" / "language.md"
EXAMPLES = re.findall(r"```bsc\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    """Where the examples find their weights."""
    random = np.random.default_rng(1)
    weights = {
        "fc1.weight": random.normal(size=(30, 20)).astype(np.float32),
        "fc1.bias": np.zeros(30, np.float32),
    }
    np.savez(tmp_path / "mlp.npz", **weights)
    return tmp_path


def test_the_page_is_up_to_date(update_golden):
    if update_golden:
        PAGE.write_text(refresh(page()), encoding="utf-8")
    assert page() == refresh(page())
    assert sorted(re.findall(r"<!-- generated: (\S+) -->", page())) == sorted(PARTS)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_each_example_runs(number, folder):
    """Read without a word, the same once formatted, run in floating point, compiled."""
    text = EXAMPLES[number]
    path = folder / "example.bsc"
    path.write_text(text, encoding="utf-8")
    parsed = parse(text, str(path))
    assert parsed.file is not None, render_all(parsed.diagnostics, {str(path): text})
    found = check(parsed.file, folder)
    assert not found.diagnostics, render_all(found.diagnostics, {str(path): text})
    again = parse(format_file(parsed.file), str(path))
    assert again.file == parsed.file
    graph = found.model.graph
    random = np.random.default_rng(2)
    feed = {}
    for name in graph.inputs:
        kind = graph.types[name]
        sample = random.random((2, *kind.shape[1:]), np.float32)
        feed[name] = sample if kind.encoding == "f32" else (9 * sample).astype(np.int32)
    assert len(run(graph, feed, OPS)) == len(graph.outputs)
    if not any(node.op == "conv2d" for node in graph.nodes):  # the page says that these do not
        program = compile_model(path)
        layers = find_network(run_passes(graph, source_passes(), OPS).graph).layers
        assert len(program.reads) == len(layers)


def test_every_operator_of_source_is_reached(folder):
    made = set()
    for text in EXAMPLES:
        made |= {node.op for node in check(parse(text).file, folder).model.graph.nodes}
    assert made == set(SOURCE_OPS)


def test_every_operator_and_statement_has_an_example():
    joined = "\n".join(EXAMPLES)
    words = {"let", "weights", "block", "model", "train", "target", "input", "output", "layer"}
    words |= {"readout", "repeat", "as", "in", "true", "false"}
    shown = {name for name in OPERATORS if re.search(rf"\b{name}\b", joined)}
    assert {word for word in words if not re.search(rf"\b{word}\b", joined)} == set()
    assert set(OPERATORS) - shown == set()

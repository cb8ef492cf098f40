"""Graphs with convolutions: what passes leave of them, and that no array takes them yet."""

from __future__ import annotations

import time

import numpy as np
import pytest

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.ir.graph import Graph
from bsc.ir.interpreter import run
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import PassResult, run_passes
from bsc.ir.pipeline_text import parse_pipeline
from bsc.ir.printer import print_graph
from bsc.ops import OPS
from bsc.passes.clean_up import CleanUp
from bsc.pipelines import PASSES
from bsc.testing.random_graphs import Filter, convolutional, feeds_for

NETWORK = """
  input %x : f32[N, 1, 4, 4]
  constant %k : f32[1, 1, 2, 2] = [1.0, 0.0, 0.0, -1.0]
  constant %ones : f32[1] = [1.0]
  constant %halves : f32[1] = [0.5]
  constant %w : f32[4, 2] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
  %same = identity(%x) : f32[N, 1, 4, 4]
  %c = conv2d(%same, %k) {strides = [2, 2]} : f32[N, 1, 2, 2]
  %n = batch_norm(%c, %ones, %halves, %halves, %ones) : f32[N, 1, 2, 2]
  %f = reshape(%n) {shape = [-1, 4]} : f32[N, 4]
  %r = relu(%f) : f32[N, 4]
  %y = matmul(%r, %w) : f32[N, 2]
  output %y
"""
AFTER = """
  input %x : f32[N, 1, 4, 4]
  constant %k : f32[1, 1, 2, 2] = [1.0, 0.0, 0.0, -1.0]
  constant %ones : f32[1] = [1.0]
  constant %halves : f32[1] = [0.5]
  constant %w : f32[4, 2] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
  %c = conv2d(%x, %k) {strides = [2, 2]} : f32[N, 1, 2, 2]
  %n = batch_norm(%c, %ones, %halves, %halves, %ones) : f32[N, 1, 2, 2]
  %relu = relu(%n) : f32[N, 1, 2, 2]
  %reshape = reshape(%relu) {shape = [-1, 4]} : f32[N, 4]
  %y = dense(%reshape, %w) : f32[N, 2]
  output %y
"""


def graph_of(body: str) -> Graph:
    return parse_graph(f'bsir 1\ngraph "g" at source {{{body}}}\n', OPS)


def passed(graph: Graph, pipeline: str) -> PassResult:
    return run_passes(graph, parse_pipeline(pipeline, PASSES), OPS, check_changed=True)


def test_convolutions_stand_while_what_is_around_them_is_rewritten() -> None:
    graph = graph_of(NETWORK)
    made = passed(graph, "clean-up,fold-affine,sink-shapes,clean-up").graph
    assert print_graph(made) == print_graph(graph_of(AFTER))
    feeds = feeds_for(graph, 3)
    np.testing.assert_array_equal(run(made, feeds, OPS)["y"], run(graph, feeds, OPS)["y"])


def test_batch_norm_between_a_convolution_and_a_layer_folds_into_the_layer() -> None:
    graph = graph_of(NETWORK.replace("  %r = relu(%f) : f32[N, 4]\n", "").replace("%r,", "%f,"))
    made = passed(graph, "fold-affine").graph
    assert [node.op for node in made.nodes] == ["identity", "conv2d", "reshape", "dense"]
    feeds = feeds_for(graph, 3)
    np.testing.assert_allclose(
        run(made, feeds, OPS)["y"], run(graph, feeds, OPS)["y"], rtol=1e-5, atol=1e-5
    )


def test_small_convolutions_of_constants_fold() -> None:
    graph = graph_of("""
  input %x : f32[N, 1]
  constant %image : f32[1, 1, 2, 2] = [1.0, 2.0, 3.0, 4.0]
  constant %k : f32[1, 1, 1, 1] = [2.0]
  %c = conv2d(%image, %k) : f32[1, 1, 2, 2]
  %m = max_pool(%c) {kernel = [2, 2]} : f32[1, 1, 1, 1]
  %f = reshape(%m) {shape = [1, 1]} : f32[1, 1]
  %y = add(%x, %f) : f32[N, 1]
  output %y
""")
    made = passed(graph, "clean-up").graph
    assert [node.op for node in made.nodes] == ["add"]
    (constant,) = made.constants.values()
    assert constant.tolist() == [[8.0]]


COSTLY = {
    "many products": (
        "f32[8, 1, 1024, 1024]",
        "conv2d(%big, %k) {pads = [15, 15, 16, 16]} : f32[8, 1, 1024, 1024]",
        "looking at 8,598,",
    ),
    "padding that no memory holds": (
        "f32[1, 1, 1, 1]",
        "conv2d(%big, %k) {pads = [999999999, 0, 999999999, 31], strides = [999999999, 1]} "
        ": f32[1, 1, 2, 1]",
        "looking at 64,000,",
    ),
    "a window of everything": (
        "f32[1, 1, 32768, 32768]",
        "max_pool(%big) {kernel = [32768, 32768]} : f32[1, 1, 1, 1]",
        "looking at 2,147,483,648 elements",
    ),
    "broadcasting beyond memory": (
        "f32[1, 1, 100000, 1]",
        "add(%big, %row) : f32[1, 1, 100000, 100000]",
        "its 10,000,000,000 elements are more than it is made from",
    ),
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_much_is_left_for_later_and_said(name: str) -> None:
    type_, node, reason = COSTLY[name]
    text = f"""bsir 1
graph "g" at source {{
  constant %big : {type_} = external
  constant %k : f32[1, 1, 32, 32] = external
  constant %row : f32[1, 1, 1, 100000] = external
  %c = {node}
  %y = relu(%c) : {node.rpartition(" : ")[2]}
  output %y
}}
"""
    shape = [int(d) for d in type_[4:-1].split(",")]
    data = {
        "big": np.broadcast_to(np.float32(1), shape),
        "k": np.ones((1, 1, 32, 32), np.float32),
        "row": np.ones((1, 1, 1, 100000), np.float32),
    }
    graph = parse_graph(text, OPS, external=data)
    start = time.process_time()
    result = CleanUp().run(graph)
    assert time.process_time() - start < 1
    assert len(result.graph.nodes) == 2
    assert result.remarks[0].startswith("c: constant, but ")
    assert reason in result.remarks[0]


def test_compiling_says_that_convolutions_are_not_mapped() -> None:
    graph = convolutional((Filter(pooling="max_pool"), Filter(kernels=3)))
    with pytest.raises(DiagnosticError) as caught:
        compile_model(graph)
    said = [(d.code, d.message) for d in caught.value.diagnostics]
    assert said == [
        ("BSC3004", "conv2d `Conv filter0` is a convolution, which no array can take"),
        ("BSC3004", "max_pool `filter0.pool` is a pooling, which no array can take"),
        ("BSC3004", "conv2d `Conv filter1` is a convolution, which no array can take"),
    ]
    assert all("not mapped to arrays yet" in str(d.help) for d in caught.value.diagnostics)


def test_convolutions_behind_the_last_layer_are_refused_too() -> None:
    graph = graph_of("""
  input %x : f32[N, 2]
  constant %w : f32[2, 4] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
  %h = dense(%x, %w) : f32[N, 4]
  %i = reshape(%h) {shape = [-1, 1, 2, 2]} : f32[N, 1, 2, 2]
  %y = average_pool(%i) {kernel = [2, 2]} : f32[N, 1, 1, 1]
  output %y
""")
    with pytest.raises(DiagnosticError) as caught:
        compile_model(graph)
    assert [d.code for d in caught.value.diagnostics] == ["BSC3004"]

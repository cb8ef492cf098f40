"""clean-up drops what computes nothing, keeps what the reference computes, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings

from bsc.ir.interpreter import run
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import run_passes
from bsc.ir.printer import print_graph
from bsc.ops import OPS
from bsc.passes.clean_up import CleanUp
from bsc.testing.random_graphs import feeds_for, perceptrons

GOLDENS = {
    "identities and dropout go, outputs keep their names": (
        """
  input %x : f32[N, 4]
  %a = identity(%x) : f32[N, 4]
  %b = relu(%a) : f32[N, 4]
  %c = dropout(%b) : f32[N, 4]
  %y = identity(%c) : f32[N, 4]
  output %y
""",
        """
  input %x : f32[N, 4]
  %y = relu(%x) : f32[N, 4]
  output %y
""",
    ),
    "an identity stays where an output would lose its name": (
        """
  input %x : f32[N, 4]
  %y = relu(%x) : f32[N, 4]
  %z = identity(%y) : f32[N, 4]
  %w = identity(%x) : f32[N, 4]
  output %y, %z, %w
""",
        """
  input %x : f32[N, 4]
  %y = relu(%x) : f32[N, 4]
  %z = identity(%y) : f32[N, 4]
  %w = identity(%x) : f32[N, 4]
  output %y, %z, %w
""",
    ),
    "constants fold, nodes that nobody reads go": (
        """
  input %x : f32[N, 2]
  constant %a : f32[2] = [1.0, 2.0]
  constant %b : f32[2] = [3.0, 4.0]
  %c = add(%a, %b) : f32[2]
  %d = mul(%c, %b) : f32[2]
  %unread = sigmoid(%x) : f32[N, 2]
  %y = add(%x, %d) : f32[N, 2]
  output %y
""",
        """
  input %x : f32[N, 2]
  constant %d_1 : f32[2] = [12.0, 24.0]
  %y = add(%x, %d_1) : f32[N, 2]
  output %y
""",
    ),
    "rearrangements in a row become one or none": (
        """
  input %x : f32[N, 2, 3]
  %a = reshape(%x) {shape = [-1, 6]} : f32[N, 6]
  %b = reshape(%a) {shape = [-1, 3, 2]} : f32[N, 3, 2]
  %c = transpose(%b) {perm = [0, 2, 1]} : f32[N, 2, 3]
  %d = transpose(%c) {perm = [0, 2, 1]} : f32[N, 3, 2]
  %e = relu(%d) : f32[N, 3, 2]
  %f = reshape(%e) {shape = [-1, 6]} : f32[N, 6]
  %y = reshape(%f) {shape = [-1, 3, 2]} : f32[N, 3, 2]
  output %y
""",
        """
  input %x : f32[N, 2, 3]
  %reshape = reshape(%x) {shape = [-1, 3, 2]} : f32[N, 3, 2]
  %y = relu(%reshape) : f32[N, 3, 2]
  output %y
""",
    ),
    "a transpose that only moves extents of 1 is a reshape": (
        """
  input %x : f32[N, 4, 5, 1]
  %a = transpose(%x) {perm = [0, 3, 1, 2]} : f32[N, 1, 4, 5]
  %y = reshape(%a) {shape = [-1, 20]} : f32[N, 20]
  output %y
""",
        """
  input %x : f32[N, 4, 5, 1]
  %y = reshape(%x) {shape = [-1, 20]} : f32[N, 20]
  output %y
""",
    ),
    "casts without effect go, casts that round stay": (
        """
  input %x : f32[N, 4]
  %a = cast(%x) {to = "f32"} : f32[N, 4]
  %b = cast(%a) {to = "f64"} : f64[N, 4]
  %c = cast(%b) {to = "f32"} : f32[N, 4]
  %d = cast(%c) {to = "i32"} : i32[N, 4]
  %y = cast(%d) {to = "f32"} : f32[N, 4]
  output %y
""",
        """
  input %x : f32[N, 4]
  %d = cast(%x) {to = "i32"} : i32[N, 4]
  %y = cast(%d) {to = "f32"} : f32[N, 4]
  output %y
""",
    ),
    "clips and relus in a row become one": (
        """
  input %x : f32[N, 4]
  %a = relu(%x) : f32[N, 4]
  %b = clip(%a) {low = -1.0, high = 6.0} : f32[N, 4]
  %y = clip(%b) {low = 0.5, high = 8.0} : f32[N, 4]
  %z = clip(%x) {low = 0.0, high = 3.4028234663852886e+38} : f32[N, 4]
  output %y, %z
""",
        """
  input %x : f32[N, 4]
  %y = clip(%x) {low = 0.5, high = 6.0} : f32[N, 4]
  %z = relu(%x) : f32[N, 4]
  output %y, %z
""",
    ),
}


def graph_of(body: str):
    return parse_graph(f'bsir 1\ngraph "g" at source {{{body}}}\n', OPS)


@pytest.mark.parametrize("name", GOLDENS)
def test_whole_graphs(name):
    before, after = GOLDENS[name]
    graph = graph_of(before)
    result = run_passes(graph, [CleanUp()], OPS, check_changed=True)
    assert print_graph(result.graph) == print_graph(graph_of(after))
    feeds = {"x": np.random.default_rng(0).normal(size=_shape(graph)).astype(np.float32) * 5}
    for value, wanted in zip(
        run(result.graph, feeds, OPS).values(), run(graph, feeds, OPS).values(), strict=True
    ):
        np.testing.assert_array_equal(value, wanted)


def _shape(graph):
    return [7 if isinstance(d, str) else d for d in graph.types["x"].shape]


@pytest.mark.parametrize("name", GOLDENS)
def test_a_clean_graph_stays_the_same_object(name):
    clean = run_passes(graph_of(GOLDENS[name][0]), [CleanUp()], OPS).graph
    again = CleanUp().run(clean)
    assert again.graph is clean
    assert not again.changed


@settings(max_examples=60, deadline=None)
@given(perceptrons())
def test_random_graphs_compute_the_same_to_the_bit(graph):
    result = run_passes(graph, [CleanUp()], OPS, check_changed=True)
    assert not {"identity", "dropout"}.intersection(n.op for n in result.graph.nodes)
    feeds = feeds_for(graph, 5)
    for value, wanted in zip(
        run(result.graph, feeds, OPS).values(), run(graph, feeds, OPS).values(), strict=True
    ):
        np.testing.assert_array_equal(value, wanted)

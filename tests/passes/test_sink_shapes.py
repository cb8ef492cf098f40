"""sink-shapes moves rearrangements behind activations, to the bit."""

import numpy as np
import pytest

from bsc.ir.interpreter import run
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import run_passes
from bsc.ir.printer import print_graph
from bsc.ops import OPS
from bsc.passes.between import ACTIVATIONS
from bsc.passes.sink_shapes import SinkShapes
from bsc.pipelines import source_passes

BEFORE = """bsir 1
graph "g" at source {
  input %x : f32[N, 2]
  constant %w : f32[2, 4] = [1.0, 2.0, 3.0, -4.0, 5.0, -6.0, 7.0, 8.0]
  constant %v : f32[4, 1] = [1.0, 2.0, 4.0, 8.0]
  %h = dense(%x, %w) : f32[N, 4]
  %r = reshape(%h) {shape = [-1, 2, 2]} : f32[N, 2, 2]
  %t = transpose(%r) {perm = [0, 2, 1]} : f32[N, 2, 2]
  %a = relu(%t) : f32[N, 2, 2]
  %f = reshape(%a) {shape = [-1, 4]} : f32[N, 4]
  %y = dense(%f, %v) : f32[N, 1]
  output %y
}
"""

AFTER = """bsir 1
graph "g" at source {
  input %x : f32[N, 2]
  constant %w : f32[2, 4] = [1.0, 2.0, 3.0, -4.0, 5.0, -6.0, 7.0, 8.0]
  constant %v_1 : f32[4, 1] = [1.0, 4.0, 2.0, 8.0]
  %h = dense(%x, %w) : f32[N, 4]
  %relu = relu(%h) : f32[N, 4]
  %y = dense(%relu, %v_1) : f32[N, 1]
  output %y
}
"""


def test_the_next_layer_takes_the_rearrangement():
    graph = parse_graph(BEFORE, OPS)
    result = run_passes(graph, source_passes(), OPS, check_changed=True)
    assert print_graph(result.graph) == AFTER
    x = np.array([[1, 2], [-3, 4]], np.float32)
    np.testing.assert_array_equal(
        run(result.graph, {"x": x}, OPS)["y"], run(graph, {"x": x}, OPS)["y"]
    )


@pytest.mark.parametrize("op", sorted(ACTIVATIONS))
def test_each_function_commutes_with_rearranging(op):
    graph = parse_graph(BEFORE, OPS)
    text = print_graph(graph).replace("= relu(", f"= {op}(")
    values = {
        "clip": "low = -1.0, high = 1.0",
        "leaky_relu": "alpha = 0.5",
        "hard_sigmoid": "alpha = 0.2, beta = 0.5",
        "neuron": 'function = "tanh", parameters = [1.0]',
    }
    if op in values:
        text = text.replace("(%t) :", f"(%t) {{{values[op]}}} :")
    graph = parse_graph(text, OPS)
    result = run_passes(graph, [SinkShapes()], OPS, check_changed=True)
    assert result.changed
    x = np.array([[1, 2], [-3, 4]], np.float32)
    np.testing.assert_array_equal(
        run(result.graph, {"x": x}, OPS)["y"], run(graph, {"x": x}, OPS)["y"]
    )


@pytest.mark.parametrize("outputs", ["%y, %r", "%y, %t"])
def test_values_that_others_read_stay_where_they_are(outputs):
    graph = parse_graph(BEFORE.replace("output %y", f"output {outputs}"), OPS)
    result = run_passes(graph, [SinkShapes()], OPS, check_changed=True)
    x = np.array([[1, 2], [-3, 4]], np.float32)
    for name, value in run(graph, {"x": x}, OPS).items():
        np.testing.assert_array_equal(run(result.graph, {"x": x}, OPS)[name], value)


def test_a_rearranged_input_stays_in_front():
    graph = parse_graph(
        """bsir 1
graph "g" at source {
  input %x : f32[N, 2, 2]
  %r = reshape(%x) {shape = [-1, 4]} : f32[N, 4]
  %y = relu(%r) : f32[N, 4]
  output %y
}
""",
        OPS,
    )
    assert not SinkShapes().run(graph).changed

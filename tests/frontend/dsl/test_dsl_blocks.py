"""Blocks, repeats, and layers whose weights are shared."""

from __future__ import annotations

import numpy as np

from bsc.ir.graph import Graph
from bsc.ir.interpreter import run
from bsc.ops import OPS
from bsc.testing.dsl_programs import body_of, model_of
from bsc.testing.same_up_to_names import same_up_to_names

ENCODER = """
block encoder(width, depth = 2, start = he(seed = 7)) {
  input v
  output h = v -> repeat depth as i { dense(width // (i + 1), weights = start) as inner -> relu }
}
"""


def weights(graph: Graph) -> list[str]:
    """The weights that dense nodes read, in order."""
    return [node.inputs[1] for node in graph.nodes if node.op == "dense"]


def test_a_block_is_what_stands_in_it() -> None:
    model = model_of(
        ENCODER + "model m {\n  input x: f32[4]\n  output y = x -> encoder(6) as enc\n}\n"
    )
    plain = body_of(
        "output y = x -> dense(6, weights = he(seed = 7)) -> relu"
        " -> dense(3, weights = he(seed = 7)) -> relu"
    )
    assert same_up_to_names(model.graph, plain.graph) is None
    assert list(model.layers) == ["enc.inner", "enc.inner_2"]
    assert [node.origin for node in model.graph.nodes][2] == "test.bsc:4/enc.inner_2"


def test_each_call_of_a_block_has_weights_of_its_own() -> None:
    graph = model_of(
        ENCODER
        + "model m {\n  input x: f32[4]\n  output y = x -> encoder(4) -> encoder(4, depth = 1)\n}\n"
    ).graph
    assert len(set(weights(graph))) == 3


def test_a_layer_shares_its_weights_also_those_of_blocks_within_blocks() -> None:
    text = """
block pair(n) { input v; output w = v -> dense(n) -> sigmoid -> dense(4) as out }
block twin(n) {
  input v
  layer both = dense(4)
  output w = v -> pair(n) as a -> both -> both
}
model m {
  input x: f32[4]
  input z: f32[4]
  layer t = twin(5)
  a = x -> t
  b = z -> t
  output y = a + b
}
"""
    model = model_of(text)
    used = weights(model.graph)
    assert len(used) == 8
    assert used[:4] == used[4:]
    assert used[2] == used[3]
    assert list(model.layers) == ["t.a.dense1", "t.a.out", "t.both"]


def test_a_layer_in_a_repeat_ties_its_weights() -> None:
    graph = body_of("layer d = dense(4)", "output y = x -> repeat 3 { d -> relu }").graph
    assert len(set(weights(graph))) == 1


def test_a_layer_without_weights_is_an_activation() -> None:
    graph = body_of("layer act = leaky_relu(0.2)", "output y = x -> act -> dense(4) -> act").graph
    assert [node.op for node in graph.nodes] == ["leaky_relu", "dense", "leaky_relu"]


def test_repeat_none_is_the_value_itself() -> None:
    graph = body_of("output y = x -> repeat 0 { dense(3) } -> relu").graph
    assert [node.op for node in graph.nodes] == ["relu"]


def test_groups_flow_through_blocks_of_several_inputs_and_outputs() -> None:
    text = """
block heads(n) { input v
  output a = v -> dense(n) as left
  output b = v -> dense(n) as right }
block merge { input p; input q; output r = (p, q) -> concat }
model m {
  input x: f32[4]
  g = x -> heads(3)
  l, r = x -> heads(2) as other
  output y = g -> merge
  output z = (g, l, r) -> concat
  output w = g[1] - g[0]
}
"""
    model = model_of(text)
    assert model.graph.types["y"].shape == ("N", 6)
    assert model.graph.types["z"].shape == ("N", 10)
    assert list(model.layers) == ["heads.left", "heads.right", "other.left", "other.right"]


def test_parameters_may_be_tensors_and_initialisers() -> None:
    text = """
block scaled(factor, w = device) { input v; output r = v * factor -> dense(2, weights = w) }
model m {
  input x: f32[2]
  a = x -> scaled(3, w = [[1, 2], [3, 4]])
  output y = a -> scaled(f32([1, 2]), w = constant(0.5))
}
"""
    graph = model_of(text).graph
    (y,) = run(graph, {"x": np.array([[1, 1]], np.float32)}, OPS).values()
    a = np.array([[1, 1]]) * 3 @ np.array([[1, 2], [3, 4]])
    np.testing.assert_allclose(y, a * [1, 2] @ np.full((2, 2), 0.5), rtol=1e-6)


def test_a_block_declares_the_type_of_its_input() -> None:
    text = """
block head { input v: f32[4]; output w = v -> dense(2) }
model m { input x: f32[4]; output y = x -> head }
"""
    assert model_of(text).graph.types["y"].shape == ("N", 2)


def test_thirty_two_blocks_deep_is_allowed() -> None:
    blocks = "".join(f"block b{i} {{ input v; output w = v -> b{i + 1} }}\n" for i in range(31))
    text = blocks + "block b31 { input v; output w = v -> relu }\n"
    model = model_of(text + "model m { input x: f32[4]; output y = x -> b0 }\n")
    assert [node.op for node in model.graph.nodes] == ["relu"]

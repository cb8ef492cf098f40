"""Programs become the graphs that they say: operators, arithmetic, names, notes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from bsc.frontend.dsl.meaning.operators import FUNCTIONS, OPERATORS
from bsc.frontend.dsl.meaning.plain import LOWER
from bsc.ir.interpreter import run
from bsc.ir.types import Encoding, TensorType
from bsc.ops import OPS
from bsc.testing.dsl_programs import body_of, checked, model_of

IMAGE = "x: f32[3, 8, 10]"


def ops(lines: Sequence[str], inputs: str = "x: f32[4]") -> list[tuple[str, dict[str, object]]]:
    """Operators with their attributes."""
    return [(node.op, dict(node.attrs)) for node in body_of(*lines, inputs=inputs).graph.nodes]


def constant(text: str) -> object:
    """What an expression of numbers is worth."""
    graph = body_of("output x", f"output y = f64([{text}])", inputs="x: f64[1]").graph
    return graph.constants["y"].tolist()[0]


def test_the_example_of_the_language() -> None:
    model = model_of(
        '''"""Two bits in, one bit out."""

let hidden = 8

model xor {
  input x: f32[2] in 0..1
  h = x -> dense(hidden) as first -> logistic
  output y = h -> dense(1) as second -> sigmoid
}

train { rule = carry; batch = 4; readout y = logistic; layer first { threshold = 8 } }
target "ideal-fine" { array.rows = 32 }
'''
    )
    graph = model.graph
    assert [node.op for node in graph.nodes] == ["dense", "mul", "sigmoid", "dense", "sigmoid"]
    assert [node.outputs[0] for node in graph.nodes][2] == "h"
    assert graph.nodes[0].origin == "test.bsc:7/first"
    assert (graph.name, graph.inputs, graph.outputs) == ("xor", ("x",), ("y",))
    assert graph.types["x"] == TensorType(Encoding.F32, ("N", 2))
    assert graph.types["y"] == TensorType(Encoding.F32, ("N", 1))
    assert dict(model.ranges) == {"x": (0.0, 1.0)}
    assert model.weights == "random"
    assert list(model.layers) == ["first", "second"]
    assert model.notes == ()


def test_every_operator_of_the_table_is_made() -> None:
    assert set(LOWER) == set(OPERATORS)


def test_every_row_speaks_to_people() -> None:
    for row in (*OPERATORS.values(), *FUNCTIONS.values()):
        assert row.doc.endswith(".")
        assert row.signature.startswith(row.name)
    for row in OPERATORS.values():
        assert all(p.doc for p in row.parameters)


@pytest.mark.parametrize(
    ("stage", "op", "attrs"),
    [
        ("relu", "relu", {}),
        ("leaky_relu", "leaky_relu", {"alpha": 0.01}),
        ("leaky_relu(0.5)", "leaky_relu", {"alpha": 0.5}),
        ("hard_sigmoid(beta = 1)", "hard_sigmoid", {"alpha": 0.2, "beta": 1.0}),
        ("clip(-1, inf)", "clip", {"low": -1.0, "high": 3.4028234663852886e38}),
        ("sign", "sign", {}),
        ("softmax", "softmax", {"axis": -1}),
        ("log_softmax(axis = 0)", "log_softmax", {"axis": 1}),
        ("argmax(-1, false)", "argmax", {"axis": -1, "keepdims": False, "select_last": False}),
        ("dropout(0.3)", "dropout", {}),
        ("identity", "identity", {}),
        ("cast(f64)", "cast", {"to": "f64"}),
        ("reshape([2, -1])", "reshape", {"shape": (-1, 2, 2)}),
        ("reshape([-1, 2], whole = true)", "reshape", {"shape": (-1, 2)}),
        ("flatten", "reshape", {"shape": (-1, 4)}),
        ("transpose([0])", "transpose", {"perm": (0, 1)}),
        ("normalise(-1, [1, 1, 1, 2])", "normalise", {"low": (-1.0,), "high": (1.0, 1, 1, 2)}),
        ("gather([0, 2])", "gather_features", {}),
        ("batch_norm(epsilon = 0.5)", "batch_norm", {"epsilon": 0.5}),
        (
            "neuron(tanh, [2], low = -1)",
            "neuron",
            {"function": "tanh", "parameters": (2.0,), "gain": 1.0, "low": -1.0, "high": 1.0}
            | {"readout": "", "slope": 1.0, "outputs": ()},
        ),
    ],
)
def test_operators_with_their_arguments(stage: str, op: str, attrs: dict[str, object]) -> None:
    inputs = "x: f32[4]" if "whole" not in stage else "x: f32[2]"
    assert ops([f"output y = x -> {stage}"], inputs) == [(op, attrs)]


@pytest.mark.parametrize(
    ("stage", "attrs", "shape"),
    [
        ("conv(4, 3)", {}, (4, 6, 8)),
        ("conv(4, [1, 3], stride = 2)", {"strides": (2, 2)}, (4, 4, 4)),
        ("conv(4, 3, padding = same)", {"pads": (1, 1, 1, 1)}, (4, 8, 10)),
        ("conv(4, 4, padding = same)", {"pads": (1, 1, 2, 2)}, (4, 8, 10)),
        ("conv(4, 3, padding = same, stride = 3)", {"pads": (0, 1, 1, 1)}, (4, 3, 4)),
        ("conv(3, 3, groups = 3, dilation = 2)", {"groups": 3, "dilations": (2, 2)}, (3, 4, 6)),
        ("conv(2, 3, padding = [1, 2])", {"pads": (1, 2, 1, 2)}, (2, 8, 12)),
        ("max_pool(2)", {"kernel": (2, 2), "strides": (2, 2)}, (3, 4, 5)),
        ("max_pool(3, stride = 1, padding = same)", {"pads": (1, 1, 1, 1)}, (3, 8, 10)),
        ("average_pool([2, 5], count_padding = true)", {"count_padding": True}, (3, 4, 2)),
        ("global_average_pool", {"kernel": (8, 10)}, (3, 1, 1)),
    ],
)
def test_images(stage: str, attrs: dict[str, object], shape: tuple[int, ...]) -> None:
    graph = body_of(f"output y = x -> {stage}", inputs=IMAGE).graph
    (node,) = graph.nodes
    assert {name: node.attrs[name] for name in attrs} == attrs
    assert graph.types["y"].shape == ("N", *shape)


def test_axes_are_those_of_a_sample() -> None:
    graph = body_of(
        "a = x -> transpose([2, 0, 1])",
        "b = x -> softmax(axis = 0)",
        "output y = (b, b) -> concat(axis = 0)",
        "output z = a",
        inputs=IMAGE,
    ).graph
    attrs = [dict(node.attrs) for node in graph.nodes]
    assert attrs == [{"perm": (0, 3, 1, 2)}, {"axis": 1}, {"axis": 1}]
    assert graph.types["z"].shape == ("N", 10, 3, 8)
    assert graph.types["y"].shape == ("N", 6, 8, 10)


def test_arithmetic_on_values_is_what_numpy_computes() -> None:
    graph = body_of(
        "a = 2 * x - 1",
        "b = (a + [[1.0, 2.0, 3.0, 4.0]][0][1]) / -x",
        "c = 1 - ((b, [1.0, 2.0, 4.0, 8.0]) -> mul)",
        "output y = -c -> sub(0.5) -> div(f32([2]))",
    ).graph
    x = np.array([[1, 2, -3, 0.5]], np.float32)
    (y,) = run(graph, {"x": x}, OPS).values()
    a = 2 * x - 1
    b = (a + np.float32(2)) / -x
    c = 1 - b * np.array([1, 2, 4, 8], np.float32)
    np.testing.assert_array_equal(y, (-c - np.float32(0.5)) / np.float32(2))


def test_numbers_beside_integers_are_integers() -> None:
    graph = body_of("output y = x * 3", inputs="x: i64[4]").graph
    (three,) = graph.constants.values()
    assert three.dtype == np.int64
    assert graph.types["y"].encoding is Encoding.I64


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("7 / 2", 3.5),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("2 ** -1", 0.5),
        ("1_000 // 3 % 10", 3),
        ("min(3, 2, 4) + max([1, 5])", 7),
        ("floor(2.7) + ceil(2.1) + round(2.5) + abs(-1)", 8),
        ("sqrt(16) + exp(0) + log2(8) + log(1)", 8.0),
        ("pi", math.pi),
        ("shape(x)[0] + size(x) + rank(x)", 3),
        ("size([1, 2, 3]) + shape([[1, 2, 3]])[-1]", 6),
        ("size([[1, 2], [3, 4], [5, 6]]) + 10 * size(f32([[1, 2], [3, 4]]))", 46),
        ("size([zeros, ones]) + 10 * rank([[zeros], [ones]])", 22),
        ("size([]) + size([[], []])", 0),
        ("9007199254740992 - 1", 9007199254740991),
        ("1 ** 9007199254740992 + (-1) ** 3 + 0 ** 0", 1),
    ],
)
def test_arithmetic_of_numbers(text: str, value: float) -> None:
    assert constant(text) == value


def test_names_of_values_and_layers() -> None:
    model = body_of(
        "h = x -> dense(3) -> relu -> dense(3) as named -> relu",
        "g = h -> dense(3) as named -> repeat 2 { dense(3) as named -> tanh }",
        "output `y/1` = g -> dense(3)",
        "output y = h",
        "output again = h",
        "output x",
    )
    assert list(model.layers) == ["dense1", "named", "named_2", "named_3", "named_4", "dense2"]
    assert [node.origin.rpartition("/")[2] for node in model.graph.nodes if node.op == "dense"] == [
        *model.layers
    ]
    assert model.graph.outputs == ("y/1", "y", "again", "x")
    assert [node.op for node in model.graph.nodes][-1] == "identity"  # y and again are one value


@pytest.mark.parametrize(
    ("flow", "layers"),
    [
        ("dense(3) -> relu -> dense(4) as dense1", ["dense2", "dense1"]),
        ("repeat 2 { dense(3) } -> dense(3) as dense2", ["dense1", "dense3", "dense2"]),
        ("repeat 2 { dense(3) as h } -> dense(3) as h_2", ["h", "h_3", "h_2"]),
    ],
)
def test_names_that_the_text_gives_are_left_to_what_has_them(flow: str, layers: list[str]) -> None:
    assert list(body_of(f"output y = x -> {flow}").layers) == layers


def test_two_layers_of_one_path_are_refused() -> None:
    blocks = "block b { input v; output w = v -> dense(4) as b }\n"
    for body in (
        "output y = x -> b as a -> dense(4) as `a.b`",
        "layer a = b\n  layer `a.b` = dense(4)\n  output y = x -> a -> a -> `a.b` -> `a.b`",
    ):
        found = checked(f"{blocks}model m {{\n  input x: f32[4]\n  {body}\n}}\n")
        assert [d.code for d in found.diagnostics] == ["BSC2202"]
        assert "two layers are called a.b" in found.diagnostics[0].message


def test_the_value_of_an_expression_around_a_block_has_its_name() -> None:
    graph = model_of(
        "block b { input v; output w = (v -> relu) + 1 }\n"
        "model m {\n  input x: f32[4]\n  h = (x -> b) * 2\n  output y = (h -> b) + h\n}\n"
    ).graph
    made = [node.outputs[0] for node in graph.nodes]
    assert made == ["b.relu1", "b.w", "h", "b_2.relu1", "b_2.w", "y"]


def test_values_that_are_called_like_what_the_compiler_makes_keep_their_names() -> None:
    graph = body_of(
        "first = x -> dense(3) -> relu", "relu1 = first -> tanh", "output dense1 = relu1 -> relu"
    ).graph
    assert [node.outputs[0] for node in graph.nodes][1:] == ["first", "relu1", "dense1"]


@pytest.mark.parametrize(
    "body",
    [
        "h = v -> dense(3) as h -> relu; output o = h -> tanh",
        "h = v -> dense(3) -> relu; output dense1 = h -> tanh",
        "output dense1 = v -> dense(3) -> relu",
        "output add1 = (v + 1) -> dense(3) as o -> relu",
        "o = v -> dense(3) as o -> dense(3) as o_2; output w = o",
    ],
)
def test_values_of_a_block_may_be_called_like_its_layers(body: str) -> None:
    graph = model_of(
        f"block b {{ input v; {body} }}\n"
        "model m {\n  input x: f32[4]\n  output y = x -> b -> b -> relu\n}\n"
    ).graph
    made = [node.outputs[0] for node in graph.nodes]
    assert len(set(made)) == len(made)
    assert made[-1] == "y"


def test_labels_of_classes() -> None:
    graph = body_of(
        'output label = x -> softmax -> argmax -> gather(of = ["a", "b", "c", "d"])'
    ).graph
    x = np.array([[0, 9, 1, 2], [0, 1, 2, 9]], np.float32)
    (label,) = run(graph, {"x": x}, OPS).values()
    assert label.tolist() == [["b", "d"]]


def test_file_constants_stand_in_any_order_and_blocks_see_them() -> None:
    model = model_of(
        "let a = b * 2\n"
        "block head { input v; output w = v -> dense(a) }\n"
        "model m { input x: f32[b]; output y = x -> head }\n"
        "let b = 3\n"
    )
    assert model.graph.types["y"].shape == ("N", 6)


def test_a_long_chain_of_constants_and_terms_is_no_recursion() -> None:
    lets = "".join(f"let a{i} = a{i + 1} + 1\n" for i in range(3000))
    total = " + ".join(["1"] * 100)
    model = model_of(
        f"{lets}let a3000 = {total}\nmodel m {{ input x: f32[4]; output y = x -> dense(a0) }}\n"
    )
    assert model.graph.types["y"].shape == ("N", 3100)


def test_notes_say_what_is_legal_but_surely_wrong() -> None:
    model = body_of("let n = 3", "h = x -> relu", "output y = x -> tanh")
    assert [note.code for note in model.notes] == ["BSC2215", "BSC2215"]
    assert "the constant n is not used" in model.notes[0].message


def test_ranges_and_encodings_of_inputs() -> None:
    model = model_of(
        "model m {\n  input a: u8[2, 3] in 0..255\n  input b: f64[4] in -1..1\n"
        "  output y = a -> cast(f32)\n  output z = b -> cast(f32)\n}\n"
    )
    assert dict(model.ranges) == {"a": (0.0, 255.0), "b": (-1.0, 1.0)}
    assert model.graph.types["a"] == TensorType(Encoding.U8, ("N", 2, 3))


def test_facts_know_each_name() -> None:
    text = (
        "let width = 8\nmodel m {\n  input x: f32[4]\n"
        "  h = x -> dense(width) as first -> relu\n  output y = h -> nothing\n}\n"
    )
    found = checked(text)
    assert found.model is None
    facts = {(fact.at.line, fact.at.column): fact for fact in found.facts}
    width = facts[4, 18]
    assert (width.name, width.kind, width.text) == ("width", "constant", "8")
    assert width.defined is not None
    assert (width.defined.line, width.defined.column) == (1, 5)
    assert facts[4, 12].doc == OPERATORS["dense"].doc
    assert (facts[4, 12].kind, facts[4, 12].text) == ("operator", "f32[N, 8]")
    assert (facts[5, 14].kind, facts[5, 14].text) == ("value", "f32[N, 8]")
    assert facts[4, 28].kind == "layer"

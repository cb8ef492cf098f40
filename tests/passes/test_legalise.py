"""legalise-activations keeps what the network computes, and makes every signal a probability."""

import numpy as np
import pytest

from bsc.driver import compile_model
from bsc.ir.builder import GraphBuilder
from bsc.ir.interpreter import run
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import run_passes
from bsc.ir.printer import print_graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.passes.legalise import LegaliseActivations
from bsc.passes.network import find_network
from bsc.passes.ranges import measure
from bsc.pipelines import source_passes
from bsc.testing.net import Net
from bsc.testing.networks import dense_network

ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky_relu", "hard_sigmoid", "sign"]


def _close(a, b):
    # Folding reassociates float32 sums of at most 20 terms; 1e-5 is a hundred roundings.
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bias", [True, False])
def test_keeps_the_function(activation, bias):
    graph = dense_network((20, 13, 7, 4), activation, bias=bias, seed=3)
    x = np.random.default_rng(1).random((50, 20), np.float32)
    made = run_passes(graph, [LegaliseActivations()], OPS, check_changed=True)
    _close(run(made.graph, {"x": x}, OPS)["y"], run(graph, {"x": x}, OPS)["y"])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nearly_all_probabilities_lie_in_the_unit_interval_on_calibration_data(activation):
    graph = dense_network((20, 13, 7, 4), activation, seed=4)
    x = np.random.default_rng(2).random((200, 20), np.float32)
    ranges = measure(graph, find_network(graph), {"x": x}, OPS)
    options = LegaliseActivations(ranges=tuple((n, lo, hi) for n, (lo, hi) in ranges.items()))
    made = run_passes(graph, [options], OPS)
    assert not made.remarks
    neurons = [n.outputs[0] for n in made.graph.nodes if n.op == "neuron"][:-1]
    values = run(made.graph, {"x": x}, OPS, outputs=neurons)
    for value in values.values():
        # 2 % of the values may lie beyond each end of a calibrated range; one more is rounding.
        allowed = 0.02 * value.size + 1
        assert np.count_nonzero(value < -1e-6) <= allowed
        assert np.count_nonzero(value > 1 + 1e-6) <= allowed


def test_signed_and_scaled_inputs_are_absorbed_feature_by_feature():
    graph = dense_network((6, 5, 3), "tanh", seed=5)
    low = (-2.0, 0.0, 10.0, -1.0, 0.0, 0.0)
    high = (2.0, 255.0, 20.0, 1.0, 1.0, 16.0)
    span = np.array(high) - np.array(low)
    x = (np.random.default_rng(3).random((40, 6)) * span + low).astype(np.float32)
    made = run_passes(graph, [LegaliseActivations("keep", (("x", low, high),))], OPS)
    p = run(made.graph, {"x": x}, OPS, outputs=("x.p",))["x.p"]
    assert p.min() >= 0
    assert p.max() <= 1
    np.testing.assert_allclose(
        run(made.graph, {"x": x}, OPS)["y"], run(graph, {"x": x}, OPS)["y"], rtol=2e-3, atol=1e-4
    )


def test_without_calibration_an_unbounded_activation_is_bounded_and_said():
    made = run_passes(dense_network((20, 13, 4), "relu"), [LegaliseActivations()], OPS)
    assert len(made.remarks) == 1
    assert made.remarks[0].startswith("warning: layer0: without calibration data relu")


def test_random_weights_take_the_neuron_of_the_rule():
    made = run_passes(dense_network((20, 13, 4), "relu"), [LegaliseActivations("random")], OPS)
    neuron = next(n for n in made.graph.nodes if n.op == "neuron")
    assert neuron.attrs["function"] == "logistic"
    assert neuron.attrs["parameters"] == (4.0,)
    assert [remark[:12] for remark in made.remarks] == ["note: layer0"]  # shown by default
    assert "relu is trained as the rule's logistic neuron" in made.remarks[0]


def test_a_sigmoid_of_another_slope_is_said_to_be_trained_as_the_rules():
    """The slope is that of the model as it is written: folding moves it into the weights."""
    net = Net(x=(6,))
    value = "x"
    factors = {"one": 1, "down": -4, "rule": 4, "each": [1, 2, 3, -4], "folded": 2}
    for name, factor in factors.items():
        scaled = net.builder.constant(None, np.float32(factor))
        sums = net.op("reshape", net.dense(value, 4, name), shape=(-1, 1, 4))
        if name == "folded":
            sums = net.op("add", net.op("mul", sums, scaled), scaled)
        sums = net.op("mul", sums, scaled)
        hidden = net.builder.add("sigmoid", [sums], origin=f"{name}.sigmoid")
        value = net.op("reshape", hidden, shape=(-1, 4))
    graph = net.graph(net.dense(value, 3, "answer"))

    def said(weights):
        remarks = compile_model(graph, weights=weights).remarks
        return [remark for remark in remarks if "is trained as the rule's" in remark]

    assert [remark.split(" is trained")[0] for remark in said("random")] == [
        "note: one: logistic (a = 1)",
        "note: down: logistic (a = -4)",
        "note: each: logistic (a = -4 to 3)",
    ]
    assert said("keep") == []


@pytest.mark.parametrize("outer", ["code", "raw"])
def test_a_hidden_sigmoid_that_is_handed_out_is_what_the_next_layer_reads(outer):
    """Learned anew both have the rule's slope, the output and the neuron."""
    net = Net(x=(6,))
    sums = net.builder.add("dense", ["x", *net.weights(6, 4, "h")], origin="h", name="raw")
    hidden = net.op("sigmoid", sums, name="code")
    net.op("sigmoid", net.dense(hidden, 6, "d"), name="again")
    graph = net.graph(outer, "again")
    made = run_passes(graph, [LegaliseActivations("random")], OPS).graph
    x = np.random.default_rng(1).random((20, 6), np.float32)
    found = run(made, {"x": x}, OPS, outputs=(outer, "h.p"))
    shown = found[outer] if outer == "code" else 1 / (1 + np.exp(-found[outer]))
    np.testing.assert_allclose(shown, found["h.p"], rtol=1e-6)
    # The chip itself has the neuron of the rule.
    model = run(graph, {"x": x}, OPS, outputs=("raw",))["raw"]
    np.testing.assert_allclose(found["h.p"], 1 / (1 + np.exp(-4 * model)), rtol=1e-5)


def test_a_rewritten_graph_is_read_out_as_is_asked_now():
    net = Net(x=(6,))
    net.op("sigmoid", net.dense("x", 4, "a"), name="p")
    net.op("softmax", net.dense("x", 4, "b"), name="q")
    first = LegaliseActivations("random", readouts=(("q", "none"),))
    graph = run_passes(net.graph("p", "q"), [first], OPS).graph

    def readouts(*asked):
        made = run_passes(graph, [LegaliseActivations(readouts=asked)], OPS, check_changed=True)
        return [n.attrs["readout"] for n in made.graph.nodes if n.op == "neuron"]

    assert readouts(("q", "none")) == ["logistic", "none"]
    assert readouts() == ["logistic", "softmax"]
    assert readouts(("p", "softmax"), ("*", "logistic")) == ["softmax", "logistic"]


def _with_neurons():
    """A neuron of the model between a normalised input, an activation, and one in the tail."""
    net = Net(x=(6,))
    scaled = net.op("normalise", "x", low=(-1.0,), high=(3.0,))
    said = {"function": "tanh", "parameters": (0.5,), "gain": 2.0, "low": -1.0, "high": 1.0}
    first = net.op("neuron", net.dense(scaled, 5, "a"), **said)
    second = net.op("relu", net.dense(first, 4, "b"))
    joined = net.op("concat", first, second, axis=1)
    square = net.op("reshape", net.dense(joined, 4, "c"), shape=(-1, 2, 2))
    moved = net.op("reshape", net.op("neuron", square, function="linear", gain=3.0), shape=(-1, 4))
    head = net.op("softmax", net.dense(moved, 3, "d"))
    net.op("neuron", net.op("normalise", head, low=(0.0,), high=(2.0,)), name="p", **said)
    return run_passes(net.graph("p", first), source_passes(), OPS).graph


@pytest.mark.parametrize("weights", ["keep", "random"])
def test_neurons_of_the_model_stay(weights):
    graph = _with_neurons()
    assert [n.op for n in graph.nodes].count("normalise") == 1  # that of the tail
    bounds = (("x", (-1.0,), (3.0,)),)
    made = run_passes(graph, [LegaliseActivations(weights, bounds)], OPS, check_changed=True)
    shapes = [
        (n.attrs["function"], n.attrs["parameters"], n.attrs["gain"], n.attrs["low"])
        for n in made.graph.nodes
        if n.op == "neuron" and n.outputs[0].endswith(".p")
    ]
    assert shapes[0] == ("tanh", (0.5,), 2.0, -1.0)
    assert shapes[1][0] == ("relu" if weights == "keep" else "logistic")
    assert shapes[2] == ("linear", (), 3.0, 0.0)
    x = (np.random.default_rng(1).random((50, 6), np.float32) * 4 - 1).astype(np.float32)
    if weights == "keep":
        found, expected = run(made.graph, {"x": x}, OPS), run(graph, {"x": x}, OPS)
        for name, value in expected.items():
            _close(found[name], value)
    # What was made is left alone, as it is and read anew from its text.
    again = parse_graph(print_graph(made.graph), OPS)
    for each in (made.graph, again):
        passes = [*source_passes(), LegaliseActivations(weights, bounds)]
        assert print_graph(run_passes(each, passes, OPS).graph) == print_graph(made.graph)


def test_a_neuron_of_the_model_keeps_its_gain_over_weights_that_were_scaled():
    net = Net(x=(6,))
    w, b = net.weights(6, 4, "a")
    large = net.builder.constant("large", net.builder.constants[w] * np.float32(1e4))
    sums = net.builder.add("dense", ["x", large, b], origin="a")
    hidden = net.op("neuron", sums, function="tanh", parameters=(1.0,), gain=1e-4, low=-1.0)
    graph = net.graph(net.dense(hidden, 3, "b"))
    made = run_passes(graph, [LegaliseActivations()], OPS).graph
    assert next(n.attrs["gain"] for n in made.nodes if n.op == "neuron") > 1e-4
    x = np.random.default_rng(1).random((20, 6), np.float32)
    (found,), (expected,) = (run(g, {"x": x}, OPS).values() for g in (made, graph))
    _close(found, expected)


def test_binary_weights_are_recovered_behind_folded_batch_norm():
    # Sign does not see a column's scale: +-s becomes +-1 exactly.
    random = np.random.default_rng(0)
    signs = random.choice([-1.0, 1.0], (16, 8))
    scales = random.uniform(1e-3, 3, 8)
    builder = GraphBuilder("bnn", Stage.SOURCE, OPS)
    x = builder.input("x", TensorType(Encoding.F32, ("N", 16)))
    w = builder.constant("w", (signs * scales).astype(np.float32))
    h = builder.add("sign", [builder.add("dense", [x, w])])
    v = builder.constant("v", random.normal(size=(8, 3)).astype(np.float32))
    builder.output(builder.add("dense", [h, v], name="y"))
    graph = builder.build()
    made = run_passes(graph, [LegaliseActivations()], OPS).graph
    first = next(n for n in made.nodes if n.op == "dense")
    assert np.array_equal(made.constants[first.inputs[1]], signs)


@pytest.mark.parametrize("factor", [1e5, 1e-5])
def test_weights_far_from_one_get_a_gain(factor):
    graph = dense_network((20, 13, 4), "sigmoid", spread=factor, seed=7)
    x = np.random.default_rng(1).random((50, 20), np.float32)
    made = run_passes(graph, [LegaliseActivations()], OPS).graph
    gains = [n.attrs["gain"] for n in made.nodes if n.op == "neuron"]
    assert all(np.log2(g) == round(np.log2(g)) for g in gains)
    assert any(g != 1 for g in gains)
    # Logits of 1e5 leave float32 no digits for their differences: compare what decides.
    expected = run(graph, {"x": x}, OPS)["y"]
    found = run(made, {"x": x}, OPS)["y"]
    assert np.array_equal(found.argmax(1), expected.argmax(1))


def test_inner_values_that_the_model_hands_out_stay_the_models_own():
    builder = GraphBuilder("inner", Stage.SOURCE, OPS)
    random = np.random.default_rng(0)
    x = builder.input("x", TensorType(Encoding.F32, ("N", 6)))
    w = builder.constant("w", random.normal(size=(6, 5)).astype(np.float32))
    y0 = builder.add("dense", [x, w], name="inner")
    h = builder.add("tanh", [y0], name="hidden")
    v = builder.constant("v", random.normal(size=(5, 3)).astype(np.float32))
    builder.add("dense", [h, v], name="out")
    for name in ("out", "hidden", "inner"):
        builder.output(name)
    graph = builder.build()
    made = run_passes(graph, [LegaliseActivations()], OPS).graph
    feed = {"x": random.random((30, 6), np.float32)}
    expected, found = run(graph, feed, OPS), run(made, feed, OPS)
    assert list(found) == ["out", "hidden", "inner"]
    for name, value in expected.items():
        _close(found[name], value)

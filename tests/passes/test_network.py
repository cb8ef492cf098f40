"""Networks of layers: who reads what, who shares weights, which outputs are whose."""

import numpy as np
import pytest

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.ir.interpreter import run
from bsc.ir.pass_manager import run_passes
from bsc.ops import OPS
from bsc.passes.legalise import LegaliseActivations
from bsc.passes.network import find_network
from bsc.pipelines import source_passes
from bsc.plans import plan_for
from bsc.testing.net import Net
from bsc_runtime import Session


def _twins(encoder="sigmoid", behind=lambda net, value: value):
    """Two inputs through one encoder, joined, and a skip of the first one."""
    net = Net(left=(2, 3), right=(2, 3))
    shared = net.weights(6, 5, "enc")
    halves = []
    for name in ("left", "right"):
        flat = net.op("reshape", name, shape=(-1, 6))
        sums = behind(net, net.dense(flat, 5, "enc", shared))
        halves.append(net.op(encoder, sums))
    joined = net.op("concat", *halves, net.op("reshape", "left", shape=(-1, 6)), axis=1)
    hidden = net.op("sigmoid", net.dense(joined, 7, "mix"))
    net.op("softmax", net.dense(hidden, 3, "answer"), name="p")
    net.op("sigmoid", net.dense(hidden, 2, "other"), name="q")
    return net.graph("p", "q")


def test_layers_parts_heads_and_outputs():
    network = find_network(_twins())
    assert [layer.name for layer in network.layers] == ["enc", "enc_2", "mix", "answer", "other"]
    first, second, mix, answer, other = network.layers
    assert first.sharing == second.sharing
    assert mix.parts == (first.signal, second.signal, "left")
    assert not mix.head
    assert [layer.name for layer in network.heads] == ["answer", "other"]
    assert network.outputs == {answer.sums: ("p",), other.sums: ("q",)}


def test_an_output_of_two_heads_belongs_to_none():
    net = Net(x=(4,))
    a, b = net.dense("x", 3, "a"), net.dense("x", 3, "b")
    net.op("add", a, b, name="both")
    network = find_network(net.graph("both"))
    assert network.outputs == {a: ("a",), b: ("b",)}


def _summed(*, hidden=False):
    net = Net(x=(4,))
    u, v = net.dense("x", 3, "u"), net.dense("x", 3, "v")
    if hidden:
        net.op("softmax", net.dense(net.op("sigmoid", v), 2, "w"), name="t")
    net.op("softmax", net.op("add", u, v), name="s")
    return net.graph("s", *["t"] * hidden)


def test_an_output_that_several_layers_compute_is_said_to_have_no_targets():
    def said(graph, **readouts):
        remarks = compile_model(graph, weights="random", plan=plan_for(readouts=readouts)).remarks
        return [remark for remark in remarks if "computed from several layers" in remark]

    (remark,) = said(_summed())
    assert remark.startswith("warning: output s is computed from several layers (u, v)")
    assert remark.endswith("the chip learns u, v instead, with targets of their own")
    (remark,) = said(_summed(), u="none")
    assert remark.endswith("the chip learns v instead, with targets of their own")
    assert said(_summed(), u="none", v="none") == []
    (remark,) = said(_summed(hidden=True))
    assert remark.endswith("the chip learns u instead, with targets of their own")
    assert said(_twins()) == []


def test_a_head_without_an_output_of_its_own_takes_a_name_that_no_output_has():
    net = Net(x=(4,))
    a, b, c = (net.dense("x", 3, name) for name in ("p", "r", "x"))
    net.op("softmax", b, name="p")
    net.op("softmax", net.op("add", net.op("add", a, b), c), name="s")
    graph = net.graph("p", "s")
    assert find_network(graph).outputs == {a: ("p_2",), b: ("p",), c: ("x_2",)}
    assert [head.name for head in compile_model(graph).heads] == ["p_2", "p", "x_2"]


def test_the_model_may_call_any_value_as_bsc_calls_the_sums_of_a_layer():
    """The tail begins with `h.y`: an output, a value and a constant of the model have that name."""
    feed = {"x": np.random.default_rng(2).random((5, 4), np.float32)}

    def agrees(net, *outputs):
        graph = net.graph(*outputs)
        found = Session(compile_model(graph, target="ideal-fine-128")).infer(feed["x"])
        for name, value in run(graph, feed, OPS).items():
            # Codes of 1 in 16383; an input of 4 elements, no neuron between.
            np.testing.assert_allclose(found[name], value, atol=1e-3)

    net = Net(x=(4,))
    net.op("softmax", net.dense("x", 3, "h"), name="h.y")
    agrees(net, "h.y")
    net = Net(x=(4,))
    net.op("softmax", net.dense("x", 3, "h"), name="p")
    net.op("softmax", net.dense("x", 3, "k"), name="h.y")
    agrees(net, "p", "h.y")
    net = Net(x=(4,))
    net.op("softmax", net.op("tanh", net.dense("x", 3, "h"), name="h.y"), name="p")
    agrees(net, "p")
    net = Net(x=(4,))
    shift = net.builder.constant("h.y", np.float32([[1, -2], [0, 3]]))
    square = net.op("reshape", net.dense("x", 4, "h"), shape=(-1, 2, 2))
    net.op("add", net.op("tanh", square, name="h.y_1"), shift, name="p")
    agrees(net, "p")


def test_rows_are_sorted_into_the_lines_of_the_signals():
    """Joined channel by channel, the parts' elements lie between each other."""
    net = Net(x=(3, 2), y=(3, 2))
    joined = net.op("concat", "x", "y", axis=2)
    flat = net.op("reshape", joined, shape=(-1, 12))
    net.op("softmax", net.dense(flat, 4, "d"), name="p")
    graph = net.graph("p")
    (layer,) = find_network(graph).layers
    assert layer.parts == ("x", "y")
    assert layer.place.tolist() == [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]
    legal = run_passes(graph, [LegaliseActivations()], OPS).graph
    feed = {n: np.random.default_rng(2).random((5, 3, 2), np.float32) for n in ("x", "y")}
    np.testing.assert_allclose(run(legal, feed, OPS)["p"], run(graph, feed, OPS)["p"], atol=1e-6)


@pytest.mark.parametrize("encoder", ["sigmoid", "tanh", "relu", "sign"])
def test_legalising_keeps_what_a_network_computes(encoder):
    graph = run_passes(_twins(encoder), source_passes(), OPS).graph
    legal = run_passes(graph, [LegaliseActivations()], OPS)
    random = np.random.default_rng(3)
    feed = {name: random.random((20, 2, 3), np.float32) for name in ("left", "right")}
    expected, found = run(graph, feed, OPS), run(legal.graph, feed, OPS)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-5)
    dense = [n for n in legal.graph.nodes if n.op == "dense"]
    assert dense[0].inputs[1:] == dense[1].inputs[1:]
    assert not [remark for remark in legal.remarks if "shares" in remark]


def _scaled(net, value):
    factor = net.builder.constant(None, np.float32([4, 3, 2, 1, 0.5]))
    return net.op("mul", value, factor)


def test_folding_beside_shared_weights_keeps_them_shared():
    graph = run_passes(_twins(behind=_scaled), source_passes(), OPS).graph
    dense = [n for n in graph.nodes if n.op == "dense"]
    assert not any(n.op == "mul" for n in graph.nodes)
    assert dense[0].inputs[1:] == dense[1].inputs[1:]
    assert len(graph.constants) == 2 * 4


def test_weights_that_cannot_stay_shared_are_parted_and_said():
    """The same weights read an input of [0, 1] and one of [0, 255]: two arrays on the chip."""
    bounds = (("right", (0.0,), (255.0,)),)
    legal = run_passes(_twins(), [*source_passes(), LegaliseActivations("keep", bounds)], OPS)
    (remark,) = [remark for remark in legal.remarks if "shares" in remark]
    assert remark.startswith("warning: enc_2 shares its weights with enc")
    dense = [n for n in legal.graph.nodes if n.op == "dense"]
    assert dense[0].inputs[1] != dense[1].inputs[1]


def test_an_activation_that_is_written_twice_is_one_signal():
    """Exporters write a call anew for each reader; one of them is an output too."""
    net = Net(x=(4,))
    sums = net.dense("x", 5, "a")
    first, second = net.op("leaky_relu", sums), net.op("leaky_relu", sums, name="code")
    other = net.op("concat", second, "x", axis=1)
    net.op("softmax", net.dense(first, 3, "b"), name="p")
    net.op("softmax", net.dense(other, 3, "c"), name="q")
    graph = net.graph("p", "q", "code")
    network = find_network(graph)
    assert [layer.parts for layer in network.layers] == [("x",), (first,), (first, "x")]
    legal = run_passes(graph, [LegaliseActivations()], OPS).graph
    feed = {"x": np.random.default_rng(2).random((5, 4), np.float32)}
    expected, found = run(graph, feed, OPS), run(legal, feed, OPS)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-5)
    assert compile_model(graph, weights="random").training


def _two_neurons(net):
    sums = net.dense("x", 3, "a")
    joined = net.op("concat", net.op("sigmoid", sums), net.op("tanh", sums), axis=1)
    return net.dense(joined, 2, "b")


def _two_slopes(net):
    sums = net.dense("x", 3, "a")
    halves = [net.op("leaky_relu", sums, alpha=alpha) for alpha in (0.1, 0.2)]
    return net.dense(net.op("concat", *halves, axis=1), 2, "b")


def _twice(net):
    hidden = net.op("sigmoid", net.dense("x", 3, "a"))
    return net.dense(net.op("concat", hidden, hidden, axis=1), 2, "b")


def _beside(net):
    return net.op("add", net.dense("x", 4, "a"), "x")


def _behind_softmax(net):
    return net.dense(net.op("softmax", net.dense("x", 3, "a")), 2, "b")


def _residual(net):
    hidden = net.op("relu", net.dense("x", 4, "a"))
    other = net.op("add", hidden, net.op("relu", net.dense(hidden, 4, "b")))
    more = net.op("relu", net.dense(other, 3, "c"))
    return net.dense(net.op("softmax", more), 2, "d")


def _twice_active(net):
    hidden = net.op("tanh", net.op("relu", net.dense("x", 3, "a")))
    return net.dense(hidden, 2, "b")


def _by_zero(net):
    divided = net.op("div", "x", net.builder.constant(None, np.float32(0)))
    return net.dense(divided, 2, "a")


def _computed(net):
    return net.op("matmul", "x", net.op("transpose", "x", perm=(1, 0)))


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (_two_neurons, "BSC3002", "both made of the sums of `a`"),
        (_two_slopes, "BSC3002", "both made of the sums of `a`"),
        (_twice, "BSC3004", "reads 6 elements of"),
        (_beside, "BSC3004", "reads the model's input beside the layers"),
        (_behind_softmax, "BSC3004", "softmax `softmax` cannot stand between layers"),
        (_residual, "BSC3004", "is a sum of two signals, which cannot stand between layers yet"),
        (_twice_active, "BSC3004", "is an activation that does not stand right behind a layer"),
        (_by_zero, "BSC3004", "divides by zero"),
        (_computed, "BSC3004", "has weights that are computed"),
        (lambda net: net.op("relu", "x"), "BSC3003", "no dense layer"),
    ],
)
def test_what_no_array_can_take_is_refused(make, code, said):
    net = Net(x=(4,))
    with pytest.raises(DiagnosticError) as caught:
        find_network(net.graph(make(net)))
    (first, *_) = [d for d in caught.value.diagnostics if d.code == code]
    assert said in first.message


@pytest.mark.parametrize("make", [_residual, _behind_softmax, _by_zero, _computed])
def test_what_follows_from_a_node_in_the_way_is_not_told(make):
    net = Net(x=(4,))
    with pytest.raises(DiagnosticError) as caught:
        find_network(net.graph(make(net)))
    assert len(caught.value.diagnostics) == 1


def test_an_input_that_no_layer_reads_is_refused():
    net = Net(x=(4,), idle=(2,))
    with pytest.raises(DiagnosticError) as caught:
        find_network(net.graph(net.dense("x", 3, "a")))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSC3001"
    assert "idle" in diagnostic.message

"""The driver: what it makes of unusual but right models, and what recompiling keeps."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import bsc
from bsc.checking import BESIDE, SUPPORTED, check
from bsc.diag import DiagnosticError
from bsc.driver import compile_model, recompile, with_weights
from bsc.ir.interpreter import run
from bsc.models import read_source
from bsc.ops import OPS
from bsc.plans import plan_for
from bsc.testing.networks import dense_network
from bsc.testing.twins import sigmoid_network, twin_network
from bsc_runtime import Session


def _model(nodes, inputs, outputs, weights, *, opset=17):
    graph = helper.make_graph(
        [helper.make_node(op, ins, outs, name=f"{op}_{i}") for i, (op, ins, outs) in
         enumerate(nodes)],
        "m",
        [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
        [helper.make_tensor_value_info(n, t, s) for n, t, s in outputs],
        [numpy_helper.from_array(np.asarray(w, np.float32), n) for n, w in weights.items()],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    return made


def _regressor():
    random = np.random.default_rng(0)
    weights = {"w": random.normal(size=(5, 4)), "v": random.normal(size=(4, 1))}
    nodes = [("MatMul", ["x", "w"], ["a"]), ("Tanh", ["a"], ["b"]), ("MatMul", ["b", "v"], ["y"])]
    f = TensorProto.FLOAT
    return _model(nodes, [("x", f, ["N", 5])], [("y", f, ["N", 1])], weights), weights


def test_a_regressor_infers_and_says_why_it_does_not_train():
    model, weights = _regressor()
    program = bsc.compile(model, "ideal-128")
    assert program.training == ()
    assert "at least two classes" in program.untrainable
    x = np.random.default_rng(1).random((20, 5)).astype(np.float32)
    expected = np.tanh(x @ weights["w"]) @ weights["v"]
    found = Session(program).infer(x)["y"]
    # 8191 codes for the largest weight, 4096 levels for a neuron: an error of a thousandth.
    assert np.abs(found - expected).max() < 2e-3 * np.ptp(expected)
    with pytest.raises(DiagnosticError) as caught:
        Session(program).train(x, np.zeros(20, int))
    assert "at least two classes" in caught.value.diagnostics[0].message


def test_bytes_as_the_models_input_span_0_to_255():
    random = np.random.default_rng(0)
    weights = {"w": random.normal(size=(6, 3)), "scale": 255.0}
    nodes = [
        ("Cast", ["x"], ["f"]), ("Div", ["f", "scale"], ["p"]), ("MatMul", ["p", "w"], ["y"]),
    ]  # fmt: skip
    f, u = TensorProto.FLOAT, TensorProto.UINT8
    model = _model(nodes, [("x", u, ["N", 6])], [("y", f, ["N", 3])], weights)
    model.graph.node[0].attribute.append(helper.make_attribute("to", TensorProto.FLOAT))
    program = bsc.compile(model, "ideal-128")
    assert (program.inputs[0].low, program.inputs[0].high) == ((0.0,), (255.0,))
    x = random.integers(0, 256, (20, 6), dtype=np.uint8)
    expected = (x / 255) @ weights["w"]
    found = Session(program).infer(x)["y"]
    assert np.abs(found - expected).max() < 1e-3 * np.ptp(expected)


def test_float_weights_move_onto_the_chip():
    program = bsc.compile(dense_network((20, 13, 4)), "ideal-128", weights="random", rule="hp")
    random = np.random.default_rng(0)
    layers = [
        (random.normal(0, 0.2, (a.inputs, a.columns)).astype(np.float32),
         random.normal(0, 0.1, a.columns).astype(np.float32))
        for a in program.arrays
    ]  # fmt: skip
    chip = Session(with_weights(program, layers))
    x = random.random((50, 20)).astype(np.float32)
    hidden = 1 / (1 + np.exp(-4 * (x @ layers[0][0] + layers[0][1])))
    logits = hidden @ layers[1][0] + layers[1][1]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(chip.infer(x)["y"] - expected).max() < 1e-3


def test_a_bias_that_has_no_lines_is_refused():
    program = bsc.compile(dense_network((6, 3), bias=False), "ideal-128", weights="random")
    weights = np.ones((6, 3), np.float32)
    none, zeros = (with_weights(program, [(weights, b)]) for b in (None, np.zeros(3)))
    assert Session(none).digest() == Session(zeros).digest()
    with pytest.raises(ValueError, match="array layer0 has no lines for a bias"):
        with_weights(program, [(weights, np.ones(3))])


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"target": "oxram-64"}, True),
        ({"plan": plan_for("carry", batch=32, threshold=8)}, True),
        ({"target": "pcmo-128"}, False),
        ({"plan": plan_for("sgd")}, False),
    ],
)
def test_recompiling_keeps_trained_cells_where_they_mean_the_same(change, kept):
    x = np.random.default_rng(0).random((64, 20)).astype(np.float32)
    network = dense_network((20, 13, 4))
    chip = Session(bsc.compile(network, "oxram-128", weights="random", threshold=2))
    chip.train(x, np.arange(64) % 4)
    moved = recompile(chip.program, **change)
    assert (moved.state is not None) == kept
    said = [remark for remark in moved.remarks if "starts anew" in remark]
    assert bool(said) != kept
    if kept:
        assert Session(moved).digest() == chip.digest()


@pytest.mark.parametrize("readout", ["none", "softmax"])
def test_another_readout_does_not_change_what_trained_cells_say(readout):
    random = np.random.default_rng(0)
    x = random.random((64, 6)).astype(np.float32)
    plan = plan_for(batch=8, threshold=4)
    chip = Session(compile_model(sigmoid_network((6, 8, 4)), weights="random", plan=plan))
    chip.train(x, random.random((64, 4)), epochs=2)
    moved = recompile(chip.program, plan=plan_for(batch=8, threshold=4, readouts={"y": readout}))
    assert moved.heads[0].readout == readout
    assert moved.state is not None
    assert np.array_equal(Session(moved).infer(x)["y"], chip.infer(x)["y"])


def test_cells_whose_sums_mean_another_y_are_not_kept():
    """A program of an earlier compiler, that had another gain for the same weights."""
    x = np.random.default_rng(0).random((64, 6)).astype(np.float32)
    chip = Session(compile_model(dense_network((6, 8, 4)), weights="random"))
    chip.train(x, np.arange(64) % 4)
    reads = chip.program.reads
    other = replace(chip.program, reads=(*reads[:-1], replace(reads[-1], gain=2.0)))
    moved = recompile(other)
    assert moved.state is None
    assert any("starts anew" in remark for remark in moved.remarks)


def test_a_trained_baseline_is_read_out_as_the_next_plan_asks():
    random = np.random.default_rng(0)
    x = random.random((20, 6)).astype(np.float32)
    network = sigmoid_network((6, 8, 4))
    chip = Session(compile_model(network, weights="random", plan=plan_for("hp", batch=10)))
    chip.train(x, random.random((20, 4)), epochs=1)
    moved = recompile(chip.program, plan=plan_for(readouts={"y": "softmax"}))
    assert moved.heads[0].readout == "softmax"
    assert np.array_equal(Session(moved).infer(x)["y"], chip.infer(x)["y"])
    assert recompile(moved, plan=plan_for()).heads[0].readout == "logistic"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"weights": "keeep"}, "BSC3010"),
        ({"input_range": (1.0, 1.0)}, "BSC3010"),
        ({"input_range": (0.0, float("nan"))}, "BSC3010"),
        ({"input_range": (-1e308, 1e308)}, "BSC3010"),
        ({"calibrate": np.zeros((10, 3))}, "BSC3011"),
        ({"calibrate": np.full((10, 20), np.nan)}, "BSC3011"),
        ({"calibrate": np.zeros((0, 20))}, "BSC3011"),
        ({"rule": "cary"}, "BSC3020"),
        ({"rule": "online", "batch": 2}, "BSC3021"),
        ({"eta": 0.1}, "BSC3021"),
        ({"batch": 0}, "BSC3021"),
        ({"pulses": 5000}, "BSC3021"),
        ({"batch": 2**31 - 1}, "BSC3021"),
        ({"rule": "sgd", "eta": 200.0, "batch": 1}, "BSC3021"),
        ({"target": "ideal-128", "refresh_every": 5}, "BSC3021"),
        ({"target": "oxram-129"}, "BSC4007"),
    ],
)
def test_wrong_options_are_one_diagnostic(options, code):
    with pytest.raises(DiagnosticError) as caught:
        bsc.compile(dense_network((20, 13, 4)), **options)
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_counters_of_a_layer_that_is_read_twice_fit_32_bits():
    largest = 2**31 - 2 * 10
    options = {"weights": "random", "batch": 10}
    bsc.compile(twin_network(), threshold=largest, **options)
    with pytest.raises(DiagnosticError, match="read in 2 places, may pass 32 bits") as caught:
        bsc.compile(twin_network(), threshold=largest + 1, **options)
    assert [d.code for d in caught.value.diagnostics] == ["BSC3021"]


def test_check_says_what_each_operator_becomes():
    model, _ = _regressor()
    model.graph.node.append(helper.make_node("Sigmoid", ["y"], ["z"], name="last"))
    model.graph.output[0].name = "z"
    report = check(model)
    assert report.compiles
    assert [(row.node, row.status) for row in report.rows] == [
        ("MatMul_0", SUPPORTED),
        ("Tanh_1", SUPPORTED),
        ("MatMul_2", SUPPORTED),
        ("last", BESIDE),
    ]
    assert "neurons" in report.rows[1].note


def test_check_reports_what_stops_a_model_of_known_operators():
    f = TensorProto.FLOAT
    weights = {"w": np.ones((4, 4))}
    nodes = [
        ("MatMul", ["x", "w"], ["a"]),
        ("Mul", ["a", "a"], ["b"]),
        ("MatMul", ["b", "w"], ["y"]),
    ]
    report = check(_model(nodes, [("x", f, ["N", 4])], [("y", f, ["N", 4])], weights))
    assert not report.compiles
    assert [d.code for d in report.diagnostics] == ["BSC3004"]


def test_an_onnx_file_and_its_proto_give_the_same_program(tmp_path):
    model, _ = _regressor()
    onnx.save(model, tmp_path / "m.onnx")
    a = bsc.compile(tmp_path / "m.onnx")
    b = bsc.compile(model)
    assert Session(a).digest() == Session(b).digest()


def test_a_range_learned_from_data_stays_declared_when_recompiled():
    x = np.random.default_rng(0).random((64, 20)).astype(np.float32)
    program = bsc.compile(dense_network((20, 13, 4)), calibrate=x)
    assert program.inputs[0].declared
    moved = recompile(program, target="pcmo-128")
    assert moved.inputs == program.inputs
    with pytest.raises(DiagnosticError):
        Session(moved).infer(x + 1)


@pytest.mark.parametrize("rule", ["carry", "sgd"])
@pytest.mark.parametrize("weight", [1e-30, 1e-12, 1.0, 1e12, 1e30])
@pytest.mark.parametrize("bias", [0.0, 1e-20, 1.0, 1e20])
def test_weights_and_biases_of_any_size_fit_their_lines(rule, weight, bias):
    graph = dense_network((20, 13, 4), bias=True, seed=1)
    constants = {
        name: (data * np.float32(weight if name[0] == "w" else bias)).astype(np.float32)
        for name, data in graph.constants.items()
    }
    program = bsc.compile(replace(graph, constants=constants), "oxram-128", rule=rule)
    assert all(array.bias_lines <= 64 for array in program.arrays)
    assert all(array.scale >= 128 for array in program.arrays)
    assert np.isfinite(Session(program).infer(np.ones((2, 20), np.float32))["y"]).all()


def test_a_layer_whose_sums_might_pass_32_bits_is_refused_before_it_is_mapped():
    with pytest.raises(DiagnosticError) as caught:
        bsc.compile(dense_network((131_017, 2)), "oxram-128")
    assert [d.code for d in caught.value.diagnostics] == ["BSC3005"]


def test_the_baseline_of_no_epochs_or_one_output():
    x = np.random.default_rng(0).random((10, 20)).astype(np.float32)
    chip = Session(bsc.compile(dense_network((20, 13, 4)), weights="random", rule="hp"))
    assert chip.train(x, np.zeros(10, int), epochs=0).records == []
    model, _ = _regressor()
    with pytest.raises(DiagnosticError) as caught:
        Session(bsc.compile(model, weights="random", rule="hp")).train(x[:, :5], np.zeros(10, int))
    assert [d.code for d in caught.value.diagnostics] == ["BSC6031"]


_NEURONS = """model m {
  input x: u8[4]
  h = x -> normalise(0, 255) -> dense(8WEIGHTS) -> neuron(tanh, [1], gain = 2, low = -1, high = 1)
  output y = h -> dense(3WEIGHTS) -> softmax
}
train { rule = RULE }
"""


@pytest.mark.parametrize("backend", ["python", "isa"])
def test_a_normalised_input_and_a_neuron_of_the_text_are_mapped(tmp_path, backend):
    path = tmp_path / "m.bsc"
    path.write_text(_NEURONS.replace("WEIGHTS", ", he").replace("RULE", "carry"))
    program = bsc.compile(path, "ideal-fine-128", backend=backend)
    assert program.reads[0].function == "tanh"
    x = np.random.default_rng(0).integers(0, 256, (30, 4), dtype=np.uint8)
    source = read_source(path).graph
    expected = run(source, {"x": x}, OPS)["y"]
    # Codes of 1 in 16383, and an input that is a whole number of 1/255.
    np.testing.assert_allclose(Session(program).infer(x)["y"], expected, atol=2e-3)


@pytest.mark.parametrize("rule", ["carry", "hp"])
def test_a_neuron_of_the_text_is_what_the_chip_learns_with(tmp_path, rule):
    path = tmp_path / "m.bsc"
    path.write_text(_NEURONS.replace("WEIGHTS", "").replace("RULE", rule))
    program = bsc.compile(path)
    assert not any("is trained as" in remark for remark in program.remarks)
    assert program.reads[0].function == "tanh"
    x = np.random.default_rng(0).integers(0, 256, (90, 4), dtype=np.uint8)
    chip = Session(program)
    chip.train(x, x[:, :3].argmax(1), epochs=2)
    trained = chip.program
    assert trained.reads[0].function == "tanh"
    moved = recompile(trained, target="oxram-64")
    assert moved.reads[0].function == "tanh"

"""The samples of the language: read, formatted, run in floating point; four of them learn.

Training is keyed, so that no bound below can flicker; each stands well below what is measured.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import bsc
from bsc.cli.guard import run as bsc_command
from bsc.diag import DiagnosticError
from bsc.frontend.onnx import import_model
from bsc.ir.interpreter import run
from bsc.models import read_source
from bsc.ops import OPS
from bsc.testing.same_up_to_names import same_up_to_names
from bsc_runtime import Session, load_data

FOLDER = Path(__file__).resolve().parents[2] / "samples" / "language"
SAMPLES = sorted(path.stem for path in FOLDER.glob("*.bsc"))
OF_IMAGES = ["cifar10_cnn", "mnist_cnn"]


def test_the_samples_are_these():
    trained = ["autoencoder", "mnist_mlp", "two_views", "xor"]
    assert sorted([*OF_IMAGES, *trained]) == SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_formatted_and_runs_in_floating_point(name):
    path = FOLDER / f"{name}.bsc"
    assert bsc_command(["fmt", "--check", str(path)]) == 0
    assert path.read_text(encoding="utf-8").startswith('"""')
    source = read_source(path)
    assert not source.notes
    random = np.random.default_rng(1)
    feed = {
        value: random.random((3, *source.graph.types[value].shape[1:]), np.float32)
        for value in source.graph.inputs
    }
    for value in run(source.graph, feed, OPS).values():
        assert np.isfinite(value).all()


@pytest.mark.parametrize("name", OF_IMAGES)
def test_convolutions_are_refused_at_their_lines(name):
    path = FOLDER / f"{name}.bsc"
    with pytest.raises(DiagnosticError) as caught:
        bsc.compile(path)
    for diagnostic in caught.value.diagnostics:
        assert diagnostic.code == "BSC3004"
        assert diagnostic.labels[0].span.source == str(path)
        assert diagnostic.labels[0].span.line is not None


def test_exclusive_or_is_learned():
    data = load_data(str(FOLDER / "xor.npz"))
    program = bsc.compile(FOLDER / "xor.bsc")
    epochs = read_source(FOLDER / "xor.bsc").epochs
    for seed in range(5):
        chip = Session(program, seed=seed)
        chip.train(data.arrays["x"], data.arrays["y"], epochs=epochs)
        found = chip.evaluate(data.arrays_test["x"], data.arrays_test["y"])
        assert found.accuracy == 1.0
        assert found.squared_error < 0.02


def test_the_paper_s_perceptron_learns_digits():
    data = load_data("mnist")
    chip = Session(bsc.compile(FOLDER / "mnist_mlp.bsc"), seed=0)
    chip.train(data.x, data.y, epochs=1)
    assert chip.evaluate(data.x_test, data.y_test).accuracy > 0.91


def test_an_autoencoder_draws_digits_again():
    data = load_data("mnist")
    chip = Session(bsc.compile(FOLDER / "autoencoder.bsc"), seed=0)
    chip.train(data.x[:20_000], data.x[:20_000], epochs=2)
    # Drawing the mean image again and again errs by 0.067.
    found = chip.evaluate(data.x_test, data.x_test)
    assert found.squared_error < 0.05
    assert found.accuracy is None
    drawn = chip.infer(data.x_test[:5])["drawn"]
    assert drawn.shape == (5, 784)


def test_two_views_share_what_they_learn():
    data = load_data(str(FOLDER / "two_views.npz"))
    program = bsc.compile(FOLDER / "two_views.bsc")
    assert [read.array for read in program.reads] == [0, 0, 1, 2]
    chip = Session(program, seed=0)
    x = {name: data.arrays[name] for name in ("left", "right")}
    x_test = {name: data.arrays_test[name] for name in ("left", "right")}
    chip.train(x, {"digit": data.arrays["digit"]}, epochs=20)
    assert chip.evaluate(x_test, {"digit": data.arrays_test["digit"]}).accuracy > 0.85


def _as_onnx(shared: bool) -> tuple[bytes, dict[str, np.ndarray]]:
    """Two inputs, each through a layer (the same one if shared), joined, classified."""
    random = np.random.default_rng(3)
    weights = {
        "left.w": random.normal(0, 0.4, (12, 9)),
        "left.b": random.normal(0, 0.1, 9),
        "right.w": random.normal(0, 0.4, (12, 9)),
        "right.b": random.normal(0, 0.1, 9),
        "answer.w": random.normal(0, 0.4, (18, 4)),
        "answer.b": random.normal(0, 0.1, 4),
    }
    arrays = {name: array.astype(np.float32) for name, array in weights.items()}
    second = "left" if shared else "right"
    nodes = [
        helper.make_node("Gemm", ["left", "left.w", "left.b"], ["l"], name="half"),
        helper.make_node("Sigmoid", ["l"], ["lp"]),
        helper.make_node("Gemm", ["right", f"{second}.w", f"{second}.b"], ["r"], name="other"),
        helper.make_node("Sigmoid", ["r"], ["rp"]),
        helper.make_node("Concat", ["lp", "rp"], ["h"], axis=1),
        helper.make_node("Gemm", ["h", "answer.w", "answer.b"], ["y"], name="answer"),
        helper.make_node("Softmax", ["y"], ["p"], axis=1),
    ]
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "twins",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 12]) for n in ("left", "right")],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["N", 4])],
        [numpy_helper.from_array(a, name) for name, a in arrays.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString(), arrays


_SHARED = """
weights w = "twins.onnx"
model twins {
  input left: f32[12]
  input right: f32[12]
  layer half = dense(9, w["left.w"], bias = w["left.b"])
  l = left -> half -> sigmoid
  r = right -> half -> sigmoid
  h = (l, r) -> concat(axis = 0)
  output p = h -> dense(4, w["answer.w"], bias = w["answer.b"]) as answer -> softmax(axis = 0)
}
"""
_APART = """
weights w = "twins.onnx"
model twins {
  input left: f32[12]
  input right: f32[12]
  l = left -> dense(9, w["left.w"], bias = w["left.b"]) as half -> sigmoid
  r = right -> dense(9, w["right.w"], bias = w["right.b"]) as other -> sigmoid
  h = (l, r) -> concat(axis = 0)
  output p = h -> dense(4, w["answer.w"], bias = w["answer.b"]) as answer -> softmax(axis = 0)
}
"""


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("weights", ["keep", "random"])
@pytest.mark.parametrize("backend", ["python", "isa"])
def test_the_language_and_onnx_mean_the_same(tmp_path, shared, weights, backend):
    data, _ = _as_onnx(shared)
    (tmp_path / "twins.onnx").write_bytes(data)
    (tmp_path / "twins.bsc").write_text(_SHARED if shared else _APART, encoding="utf-8")
    imported = import_model(tmp_path / "twins.onnx")
    assert same_up_to_names(read_source(tmp_path / "twins.bsc").graph, imported) is None
    random = np.random.default_rng(5)
    x = {name: random.random((90, 12), np.float32) for name in ("left", "right")}
    y = random.integers(0, 4, 90)
    digests = set()
    for suffix in ("onnx", "bsc"):
        program = bsc.compile(
            tmp_path / f"twins.{suffix}",
            "pcmo-64",
            weights=weights,
            batch=8,
            threshold=3,
            backend=backend,
        )
        assert len(program.arrays) == (2 if shared else 3)
        chip = Session(program, seed=4)
        chip.train(x, y, epochs=2)
        digests.add(chip.digest())
    assert len(digests) == 1

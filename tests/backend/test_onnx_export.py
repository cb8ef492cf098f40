"""An exported model, run by onnxruntime, gives what the chip gives in the mean."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

import bsc
from bsc.backend.onnx import to_onnx
from bsc.testing.networks import dense_network
from bsc_runtime import Session
from bsc_runtime.samples import samples_folder

MODELS = sorted((samples_folder() / "models").glob("*.onnx"))


def _run(model, x):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: x}), strict=True))


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu", "hard_sigmoid"])
@pytest.mark.parametrize("weights", ["keep", "random"])
def test_small_networks(activation, weights):
    program = bsc.compile(
        dense_network((20, 13, 7, 4), activation, seed=2),
        "pcmo-128",
        weights=weights,
        input_range=(-1.0, 3.0),
    )
    chip = Session(program, seed=3)
    x = np.random.default_rng(0).uniform(-1, 3, (40, 20)).astype(np.float32)
    found = _run(to_onnx(program, chip.state), x)
    expected = chip.infer(x)
    # A neuron's 4096 levels round p by at most 1/8192 each, amplified by weights of about 1.
    np.testing.assert_allclose(found["y"], expected["y"], atol=2e-3)


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_sample_models(path):
    program = bsc.compile(path, "ideal-128")
    chip = Session(program)
    shape = program.inputs[0].shape
    x = np.random.default_rng(0).random((50, *shape)).astype(np.float32)
    found, expected = _run(to_onnx(program, chip.state), x), chip.infer(x)
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].shape == value.shape
        assert found[name].dtype == value.dtype
        if value.dtype.kind == "f" and "bnn" not in path.stem:  # Sign jumps where sums touch zero
            np.testing.assert_allclose(found[name], value, atol=1e-3 * np.ptp(value))


def test_a_trained_chip_goes_round_through_onnx():
    random = np.random.default_rng(0)
    x, y = random.random((200, 20)).astype(np.float32), random.integers(0, 4, 200)
    chip = Session(bsc.compile(dense_network((20, 13, 4)), "oxram-128", weights="random"), seed=1)
    chip.train(x, y, epochs=3)
    again = Session(bsc.compile(to_onnx(chip.program, chip.state), "oxram-128"))
    # Codes of a pair span 32767 numbers at its own scale: rounding once more is a ten-thousandth.
    np.testing.assert_allclose(again.infer(x)["y"], chip.infer(x)["y"], atol=1e-3)


def test_a_program_without_a_name_becomes_a_model():
    program = replace(bsc.compile(dense_network((5, 4, 3))), name="")
    assert to_onnx(program, Session(program).state).graph.name == "program"

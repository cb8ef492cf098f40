"""A small network and small data, trained in a second; and the command line inside this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bsc.cli.guard import run

INPUTS, HIDDEN, CLASSES = 16, 12, 3


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The object on the last line of stdout."""
        found = json.loads(self.out.splitlines()[-1])
        assert isinstance(found, dict)
        return found


@pytest.fixture
def bsc(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Run a command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


def make_net(path: Path, activation: str = "Sigmoid") -> Path:
    """An ONNX perceptron 16-12-3 with weights from a fixed seed."""
    rng = np.random.default_rng(1)
    w1 = rng.normal(0, 0.5, (INPUTS, HIDDEN)).astype(np.float32)
    w2 = rng.normal(0, 0.5, (HIDDEN, CLASSES)).astype(np.float32)
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["y1"], name="first"),
        helper.make_node(activation, ["y1"], ["z1"], name="act"),
        helper.make_node("Gemm", ["z1", "w2", "b2"], ["y2"], name="second"),
        helper.make_node("Softmax", ["y2"], ["p"], name="softmax"),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", INPUTS])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["N", CLASSES])],
        [
            numpy_helper.from_array(w1, "w1"),
            numpy_helper.from_array(np.zeros(HIDDEN, np.float32), "b1"),
            numpy_helper.from_array(w2, "w2"),
            numpy_helper.from_array(np.zeros(CLASSES, np.float32), "b2"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """The file of a tiny perceptron."""
    return make_net(tmp_path / "tiny.onnx")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three classes, each with a third of the pixels bright; easy to learn."""
    rng = np.random.default_rng(2)
    arrays = {}
    for suffix, count in (("", 512), ("_test", 128)):
        y = rng.integers(0, CLASSES, count)
        bright = (np.arange(INPUTS) % CLASSES)[None, :] == y[:, None]
        x = np.where(bright, 220, 20) + rng.integers(0, 30, (count, INPUTS))
        arrays[f"x{suffix}"] = x.astype(np.uint8)
        arrays[f"y{suffix}"] = y
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture
def make_model() -> Callable[[Path, str], Path]:
    """Writes the perceptron with another activation."""
    return make_net

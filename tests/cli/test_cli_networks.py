"""The command line on networks of several inputs and outputs, and on an autoencoder."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from bsc.backend.onnx import to_onnx
from bsc.driver import compile_model
from bsc.ir.graph import Graph
from bsc.testing.twins import sigmoid_network, twin_network

Arrays = dict[str, npt.NDArray[Any]]


def write_model(path: Path, graph: Graph) -> Path:
    program = compile_model(graph, target="ideal-64")
    assert program.state is not None
    onnx.save(to_onnx(program, program.state), path)
    return path


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    return write_model(tmp_path / "twins.onnx", twin_network())


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return write_model(tmp_path / "mirror.onnx", sigmoid_network((12, 8, 12)))


def arrays(samples: int = 90, low: float = 0.0, high: float = 1.0) -> Arrays:
    random = np.random.default_rng(0)
    x = random.random((samples, 12), np.float32)
    return {
        "left": low + (high - low) * x[:, :6],
        "right": x[:, 6:].reshape(samples, 2, 3),
        "kind": (x[:, 0] > x[:, 6]).astype(np.int64),
        "shade": x[:, :4].reshape(samples, 2, 2),
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    whole = arrays()
    np.savez(tmp_path / "data.npz", **{k: v[:60] for k, v in whole.items()},
             **{f"{k}_test": v[60:] for k, v in whole.items()})  # fmt: skip
    return tmp_path / "data.npz"


TRAIN = ("--target", "oxram-64", "--batch", 8, "--threshold", 6)


def test_train_evaluate_run(bsc: Callable, twins: Path, data: Path) -> None:
    ran = bsc("train", twins, "--data", data, *TRAIN, "--epochs", 2, "-o", "t.bsp", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["accuracy"], ran.json["squared_error"]) == (None, None)
    assert set(ran.json["outputs"]) == {"kind", "shade"}
    shade = ran.json["outputs"]["shade"]
    assert (shade["readout"], shade["accuracy"]) == ("logistic", None)
    assert "kind: accuracy" in ran.err
    assert "shade: squared error" in ran.err
    trained = ran.json["outputs"]

    ran = bsc("eval", "t.bsp", "--data", data, "--json")
    assert ran.json["outputs"] == trained
    assert ran.json["samples"] == 30
    assert "test samples" in bsc("eval", "t.bsp", "--data", data, "--mode", "vote").out

    given = arrays()
    np.save("left.npy", given["left"])
    np.save("right.npy", given["right"])
    named = ("--input", "right=right.npy", "--input", "left=left.npy")
    ran = bsc("run", "t.bsp", *named, "-o", "y.npz", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["shapes"] == {"kind": [90, 3], "shade": [90, 2, 2]}
    found = np.load("y.npz")["shade"][60:].astype(np.float64)
    error = ((found - given["shade"][60:]) ** 2).mean()
    assert shade["squared_error"] == pytest.approx(error, rel=1e-5)

    np.savez("both.npz", **given)
    ran = bsc("run", "t.bsp", "--input", "both.npz", "-o", "again.npz")
    assert ran.code == 0, ran.err
    np.testing.assert_array_equal(np.load("again.npz")["shade"][60:], found)


def test_export_inspect(bsc: Callable, twins: Path, data: Path) -> None:
    assert bsc("train", twins, "--data", data, *TRAIN, "--epochs", 1, "-o", "t.bsp").code == 0
    ran = bsc("export", "t.bsp", "--conductances", "g.npz", "--onnx", "o.onnx", "--json")
    assert ran.code == 0, ran.err
    assert {name.split("/")[0] for name in np.load("g.npz").files} == {
        "eye_left", "kind", "shade",
    }  # fmt: skip
    given = arrays()
    session = onnxruntime.InferenceSession("o.onnx", providers=["CPUExecutionProvider"])
    kind, shade = session.run(None, {n: given[n] for n in ("left", "right")})
    for name in ("left", "right"):
        np.save(f"{name}.npy", given[name])
    inputs = ("--input", "left=left.npy", "--input", "right=right.npy")
    assert bsc("run", "t.bsp", *inputs, "-o", "y.npz").code == 0
    np.testing.assert_allclose(kind, np.load("y.npz")["kind"], atol=2e-3)
    np.testing.assert_allclose(shade, np.load("y.npz")["shade"], atol=2e-3)

    ran = bsc("inspect", "t.bsp", "--json")
    assert ran.json["inputs"] == [
        {"name": "left", "shape": [6]}, {"name": "right", "shape": [2, 3]},
    ]  # fmt: skip
    assert [(o["name"], o["readout"]) for o in ran.json["outputs"]] == [
        ("kind", "softmax"), ("shade", "logistic"),
    ]  # fmt: skip
    assert (ran.json["arrays"], ran.json["reads"]) == (3, 4)
    told = bsc("inspect", "t.bsp").out
    assert "eye_left + eye_right" in told
    assert "logistic" in told
    assert "draws of input 1" in bsc("inspect", "t.bsp", "--steps").out


def test_the_printed_program_runs_by_itself(
    bsc: Callable,
    twins: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bsc("compile", twins, *TRAIN, "-o", "t.bsp", "--weights", "random").code == 0
    assert bsc("export", "t.bsp", "--python", "t.py").code == 0
    script = str(tmp_path / "t.py")
    monkeypatch.setattr(sys, "argv", [script, "--data", str(data), "--epochs", "1"])
    runpy.run_path(script, run_name="__main__")
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    ran = bsc("train", "t.bsp", "--data", data, "--epochs", 1, "--seed", 0, "--json")
    assert ran.json["digest"] == printed["digest"]
    assert ran.json["outputs"] == printed["outputs"]


def test_an_autoencoder(bsc: Callable, mirror: Path) -> None:
    x = np.random.default_rng(0).random((200, 3), np.float32)[:, np.arange(12) % 3]
    np.savez("x.npz", x=x, x_test=x[:50])
    ran = bsc("train", mirror, "--data", "x.npz", *TRAIN)
    assert ran.code == 1
    assert "BSC6006" in ran.err
    assert "--answer y=x" in ran.err
    train = ("train", mirror, "--data", "x.npz", "--answer", "y=x", *TRAIN, "-o", "t.bsp")
    ran = bsc(*train, "--epochs", 3, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["accuracy"] is None
    ran_again = bsc("eval", "t.bsp", "--data", "x.npz", "--answer", "y=x", "--json")
    assert ran_again.json["squared_error"] == ran.json["squared_error"]
    assert (ran_again.json["accuracy"], ran_again.json["samples"]) == (None, 50)
    assert "squared error" in bsc("eval", "t.bsp", "--data", "x.npz", "--answer", "y=x").out
    np.save("x.npy", x)
    assert bsc("run", "t.bsp", "--input", "x.npy", "-o", "y.npy").code == 0
    assert np.load("y.npy").shape == (200, 12)


def test_readouts_and_frozen_layers(bsc: Callable, twins: Path, data: Path) -> None:
    ran = bsc("compile", twins, "--readout", "shade=none", "--freeze", "eye_left", "-o", "t.bsp")
    assert ran.code == 0, ran.err
    told = bsc("inspect", "t.bsp")
    assert "frozen" in told.out
    outputs = bsc("inspect", "t.bsp", "--json").json["outputs"]
    assert [o["readout"] for o in outputs] == ["softmax", "none"]
    ran = bsc("train", "t.bsp", "--data", data, "--epochs", 1, "--json")
    assert ran.code == 0, ran.err
    assert set(ran.json["outputs"]) == {"kind"}
    assert "BSC6025" not in ran.err
    ran = bsc("train", "t.bsp", "--data", data, "--epochs", 1, "--freeze", "none", "--readout",
              "logistic", "--readout", "shade=logistic", "-o", "u.bsp", "--json")  # fmt: skip
    assert ran.code == 0, ran.err
    assert "compiling twins again for another plan" in ran.err
    assert [o["readout"] for o in ran.json["outputs"].values()] == ["logistic", "logistic"]
    assert "frozen" not in bsc("inspect", "u.bsp").out


def test_freeze_adds_to_what_is_frozen(bsc: Callable, twins: Path, data: Path) -> None:
    def frozen(program: str) -> list[str]:
        lines = bsc("inspect", program).out.splitlines()
        return [line.split()[0] for line in lines if " frozen " in line]

    ran = bsc("compile", twins, "--weights", "random", "--freeze", "eye_left", "-o", "t.bsp")
    assert ran.code == 0, ran.err
    train = ("train", "t.bsp", "--data", data, "--epochs", 1, "-o", "u.bsp", "--freeze")
    ran = bsc(*train, "kind")
    assert ran.code == 0, ran.err
    assert frozen("u.bsp") == ["eye_left", "kind"]
    ran = bsc(*train, "kind", "--freeze", "none")
    assert ran.code == 0, ran.err
    assert frozen("u.bsp") == ["kind"]


def test_ranges_and_calibration_of_several_inputs(bsc: Callable, twins: Path) -> None:
    np.savez("wide.npz", **arrays(low=-3, high=5))
    train = ("train", twins, "--data", "wide.npz", *TRAIN, "--epochs", 1, "-o", "t.bsp")
    ran = bsc(*train)
    assert ran.code == 1
    assert "BSC6012" in ran.err
    assert "wide.npz [left]" in ran.err
    assert "--input-range=left=" in ran.err
    assert bsc(*train, "--input-range", "left=-3:5").code == 0
    assert bsc(*train, "--input-range", "left=-3:5", "--input-range", "right=0:1").code == 0
    assert "range -3 to 5" in bsc("inspect", "t.bsp").out
    ran = bsc(*train, "--calibrate", "wide.npz")
    assert ran.code == 0, ran.err
    ran = bsc("compile", twins, "--calibrate", "wide.npz", "-o", "k.bsp")
    assert ran.code == 0, ran.err
    np.savez("half.npz", left=arrays()["left"], y=np.zeros(90))
    ran = bsc("compile", twins, "--calibrate", "half.npz")
    assert ran.code == 1
    assert "lacks an array for the model's input `right`" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["run", "--input", "left.npy", "-o", "y.npz"], 1, "does not say which it is"),
        (["run", "--input", "left=left.npy", "-o", "y.npz"], 1, "input right is missing"),
        (["run", "--input", "left=left.npy", "--input", "left=left.npy", "-o", "y.npz"], 1,
         "given twice"),
        (["run", "--input", "left=left.npy", "--input", "half.npz", "-o", "y.npz"], 1,
         "given twice"),
        (["run", "--input", "half.npz", "-o", "y.npz"], 1, "input right is missing"),
        (["run", "--input", "half.npz", "-o", "half.npz"], 1, "BSC7010"),
        (["run", "--input", "other.npz", "-o", "y.npz"], 1, "inputs: left, right"),
        (["run", "--input", "text.npz", "-o", "y.npz"], 1, "BSC6003"),
        (["run", "--input", "none.npz", "-o", "y.npz"], 1, "BSC6001"),
        (["run", "--input", "lft=left.npy", "-o", "y.npz"], 1, "did you mean left?"),
        (["run", "--input", "left=left.npy", "-o", "y.npy"], 1, "BSC7011"),
        (["run", "--input", "left=left.npy", "-o", "left.npy"], 1, "BSC7010"),
        (["eval", "--data", "data.npz", "--answer", "shade"], 2, "OUTPUT=ARRAY"),
        (["eval", "--data", "data.npz", "--answer", "shde=left"], 1, "did you mean shade?"),
        (["eval", "--data", "data.npz", "--answer", "shade=left"], 1, "BSC6015"),
        (["train", "--data", "data.npz", "--readout", "kind=sofmax"], 2, "softmax"),
        (["train", "--data", "data.npz", "--readout", "kin=none"], 1, "did you mean kind"),
        (["train", "--data", "data.npz", "--freeze", "eye"], 1, "eye_left"),
    ],
)  # fmt: skip
def test_mistakes(
    bsc: Callable, twins: Path, data: Path, arguments: list[str], code: int, text: str
) -> None:
    np.save("left.npy", arrays()["left"])
    np.savez("half.npz", left=arrays()["left"], lft=np.zeros(3))
    np.savez("other.npz", lft=arrays()["left"])
    Path("text.npz").write_text("left\n")
    assert bsc("compile", twins, "-o", "t.bsp", "--weights", "random").code == 0
    ran = bsc(arguments[0], "t.bsp", *arguments[1:])
    assert ran.code == code
    assert text in ran.err


def test_data_errors_name_file_and_array(bsc: Callable, twins: Path) -> None:
    assert bsc("compile", twins, "-o", "t.bsp", "--weights", "random").code == 0
    for name, value, place in (
        ("right", np.nan, "bad.npz [right]"),
        ("shade", 2.0, "bad.npz [shade]"),
        ("kind", 3, "bad.npz [kind]"),
    ):
        given = arrays()
        given[name][(4,) * given[name].ndim if given[name].ndim == 1 else (4, 1, 1)] = value
        np.savez("bad.npz", **given)
        for command in ("train", "eval"):
            ran = bsc(command, "t.bsp", "--data", "bad.npz")
            assert ran.code == 1
            assert place in ran.err
    given = arrays()
    np.save("left.npy", given["left"])
    np.save("right.npy", given["right"][:, :, :2])
    inputs = ("--input", "left=left.npy", "--input", "right=right.npy")
    assert "--> right.npy" in bsc("run", "t.bsp", *inputs, "-o", "y.npz").err
    np.savez("bad.npz", left=given["left"], right=given["right"][:, :, :2])
    assert "bad.npz [right]" in bsc("run", "t.bsp", "--input", "bad.npz", "-o", "y.npz").err
    tests = {f"{name}_test": array for name, array in arrays().items()}
    tests["left_test"][1, 1] = np.inf
    np.savez("bad.npz", **arrays(), **tests)
    assert "bad.npz [left_test]" in bsc("train", "t.bsp", "--data", "bad.npz").err
    assert "bad.npz [left_test]" in bsc("eval", "t.bsp", "--data", "bad.npz").err

"""Every command does what docs/interface.md says, with exactly its JSON keys and exit codes."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bsc.diag import CODES

TRAIN_KEYS = {
    "program",
    "target",
    "rule",
    "epochs",
    "seed",
    "accuracy",
    "squared_error",
    "outputs",
    "samples_per_second",
    "pulses_per_weight",
    "saturated",
    "digest",
}
EVAL_KEYS = {
    "accuracy",
    "squared_error",
    "outputs",
    "mode",
    "repeats",
    "reads",
    "samples",
    "seconds",
    "seed",
}
COMPILE_KEYS = {"program", "target", "backend", "tiles", "weights", "steps", "digest"}


def test_compile_keeps_weights_and_says_what_it_made(bsc: Callable, net: Path) -> None:
    ran = bsc("compile", net, "-o", "tiny.bsp", "--json")
    assert ran.code == 0
    assert set(ran.json) == COMPILE_KEYS
    assert ran.json["target"] == "oxram-128"
    assert ran.json["tiles"] == 2
    assert ran.json["weights"] == 17 * 12 + 13 * 3
    assert len(ran.json["digest"]) == 64
    assert len(ran.out.splitlines()) == 1
    assert Path("tiny.bsp").is_file()


def test_the_default_name_of_a_program_is_the_models(bsc: Callable, net: Path) -> None:
    ran = bsc("compile", net, "--weights", "random")
    assert ran.code == 0
    assert Path("tiny.bsp").is_file()
    assert "wrote tiny.bsp" in ran.out


def test_train_evaluate_run_export(bsc: Callable, net: Path, data: Path) -> None:
    ran = bsc("train", net, "--data", data, "--target", "ideal-64", "--epochs", 30, "--batch", 16,
              "--threshold", 16, "--seed", 5, "-o", "t.bsp", "--json")  # fmt: skip
    assert ran.code == 0, ran.err
    assert set(ran.json) == TRAIN_KEYS
    assert (ran.json["target"], ran.json["rule"]) == ("ideal-64", "carry")
    assert (ran.json["epochs"], ran.json["seed"]) == (30, 5)
    assert ran.json["accuracy"] > 0.9
    digest = ran.json["digest"]

    ran = bsc("eval", "t.bsp", "--data", data, "--mode", "stochastic", "--repeats", 9, "--json")
    assert ran.code == 0, ran.err
    assert set(ran.json) == EVAL_KEYS
    assert (ran.json["mode"], ran.json["repeats"], ran.json["reads"]) == ("stochastic", 9, 1)
    assert ran.json["samples"] == 128
    assert ran.json["accuracy"] > 0.9

    np.save("x.npy", np.linspace(0, 1, 2 * 16, dtype=np.float32).reshape(2, 16))
    ran = bsc("run", "t.bsp", "--input", "x=x.npy", "-o", "y.npz", "--json")
    assert ran.code == 0, ran.err
    assert set(ran.json) == {"outputs", "shapes", "seconds"}
    assert ran.json["shapes"] == {"p": [2, 3]}
    np.testing.assert_allclose(np.load("y.npz")["p"].sum(axis=1), 1, rtol=1e-5)
    assert bsc("run", "t.bsp", "--input", "x.npy", "-o", "y.npy").code == 0
    np.testing.assert_array_equal(np.load("y.npy"), np.load("y.npz")["p"])

    ran = bsc("export", "t.bsp", "--python", "t.py", "--conductances", "g.npz", "--json")
    assert ran.code == 0, ran.err
    assert ran.json == {"python": "t.py", "conductances": "g.npz"}
    compile(Path("t.py").read_text(encoding="utf-8"), "t.py", "exec")
    cells = np.load("g.npz")
    assert all(cells[name].min() >= 1e-6 * (1 - 1e-12) for name in cells.files)

    ran = bsc("inspect", "t.bsp", "--json")
    assert ran.json["digest"] == digest
    assert ran.json["epochs"] == 30


def test_the_printed_program_runs_by_itself(
    bsc: Callable,
    net: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bsc("compile", net, "-o", "t.bsp", "--weights", "random").code == 0
    Path("elsewhere").mkdir()
    assert bsc("export", "t.bsp", "--python", "elsewhere/t.py").code == 0
    script = str(tmp_path / "elsewhere" / "t.py")
    monkeypatch.setattr(sys, "argv", [script, "--data", str(data), "--epochs", "1"])
    runpy.run_path(script, run_name="__main__")
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    ran = bsc("train", "t.bsp", "--data", data, "--epochs", 1, "--seed", 0, "--json")
    assert ran.json["digest"] == printed["digest"]


def test_inspect_shows_graph_tiles_and_steps(bsc: Callable, net: Path) -> None:
    assert bsc("compile", net, "-o", "t.bsp", "--weights", "random").code == 0
    assert "dense" in bsc("inspect", "t.bsp", "--ir").out
    assert "2 tiles of 128 x 128" in bsc("inspect", "t.bsp", "--tiles").out
    steps = bsc("inspect", "t.bsp", "--steps").out
    assert "each batch of 64:" in steps
    assert "read" in steps
    assert "second" in bsc("inspect", "t.bsp").out


def test_a_trained_program_trains_on_and_another_plan_compiles_it_again(
    bsc: Callable, net: Path, data: Path
) -> None:
    first = ("train", net, "--data", data, "--target", "ideal-64", "-o", "a.bsp", "--json")
    assert bsc(*first, "--epochs", 1).json["digest"] != bsc(*first, "--epochs", 2).json["digest"]
    whole = bsc(*first, "--epochs", 2).json["digest"]
    assert bsc(*first, "--epochs", 1).code == 0
    ran = bsc("train", "a.bsp", "--data", data, "--epochs", 1, "-o", "b.bsp", "--json")
    assert ran.json["digest"] == whole
    ran = bsc("train", "a.bsp", "--data", data, "--epochs", 1, "-o", "b.bsp", "--batch", 32)
    assert ran.code == 0
    assert "compiling tiny again for another plan\n" in ran.err
    anew = ("train", "a.bsp", "--data", data, "--epochs", 1, "-o", "b.bsp", "--weights", "random")
    ran = bsc(*anew, "--batch", 32)
    said = "compiling tiny again for another plan and another start of its weights\n"
    assert said in ran.err


def test_a_run_resumes_to_the_same_digest(bsc: Callable, net: Path, data: Path) -> None:
    common = ("train", net, "--data", data, "--target", "ideal-64", "-o", "a.bsp", "--json")
    whole = bsc(*common, "--epochs", 3).json["digest"]
    assert bsc(*common, "--epochs", 2, "--checkpoint", "c").code == 0
    ran = bsc(*common, "--epochs", 3, "--checkpoint", "c", "--resume")
    assert ran.json["digest"] == whole
    assert ran.json["epochs"] == 3
    assert bsc(*common, "--epochs", 3, "--resume").code == 2


@pytest.mark.parametrize("rule", ["online", "sgd", "hp"])
def test_every_rule_trains(bsc: Callable, net: Path, data: Path, rule: str) -> None:
    ran = bsc("train", net, "--data", data, "--target", "ideal-fine-64", "--rule", rule,
              "--epochs", 3, "-o", "a.bsp", "--json")  # fmt: skip
    assert ran.code == 0, ran.err
    assert set(ran.json) == TRAIN_KEYS
    assert ran.json["rule"] == rule


def test_threads_and_tiles_do_not_change_a_bit(bsc: Callable, net: Path, data: Path) -> None:
    digests = {
        bsc("train", net, "--data", data, "--target", f"oxram-{size}", "--epochs", 1,
            "--threads", threads, "-o", "a.bsp", "--json").json["digest"]
        for size, threads in ((64, 1), (64, 2), (128, 1), (512, 1))
    }  # fmt: skip
    assert len(digests) == 1


def test_validation_images_are_measured_on(bsc: Callable, net: Path, data: Path) -> None:
    ran = bsc("train", net, "--data", data, "--epochs", 1, "--validation", 64, "-o", "a.bsp")
    assert ran.code == 0
    assert "(validation)" in ran.err


def test_an_unfit_rule_is_warned_about_with_the_reason(
    bsc: Callable, net: Path, data: Path
) -> None:
    ran = bsc("train", net, "--data", data, "--rule", "online", "--epochs", 0, "-o", "a.bsp")
    assert ran.code == 0
    assert "BSC4010" in ran.err
    assert "13 %" in ran.err
    assert "BSC4010" not in bsc("compile", net, "-o", "a.bsp").err


def test_check_lists_operators_and_fails_where_one_is_missing(
    bsc: Callable, net: Path, tmp_path: Path, make_model: Callable[[Path, str], Path]
) -> None:
    ran = bsc("check", net, "--json")
    assert ran.code == 0
    assert ran.json["supported"] is True
    assert [o["operator"] for o in ran.json["operators"]] == ["Gemm", "Sigmoid", "Gemm", "Softmax"]
    ran = bsc("check", make_model(tmp_path / "elu.onnx", "Elu"), "--json")
    assert ran.code == 1
    assert ran.json["supported"] is False
    (elu,) = [o for o in ran.json["operators"] if o["status"] == "unsupported"]
    assert (elu["operator"], elu["node"]) == ("Elu", "act")


def test_one_can_see_inside_the_compiler(bsc: Callable, net: Path) -> None:
    ran = bsc("compile", net, "-o", "a.bsp", "--print-ir-after", "binarise", "--time-passes",
              "--dump-dir", "dumps", "--remarks")  # fmt: skip
    assert ran.code == 0
    assert "binarise\n" in ran.err
    assert "at binary" in ran.err
    assert " ms" in ran.err
    dumped = sorted(path.name for path in Path("dumps").iterdir())
    assert dumped[0].startswith("01-")
    assert all(name.endswith(".bsir") for name in dumped)
    ran = bsc("compile", net, "--stop-after", "binarise", "-o", "stopped.bsir")
    assert ran.code == 0
    assert "at binary" in Path("stopped.bsir").read_text(encoding="utf-8")
    ran = bsc("compile", net, "-o", "a.bsp", "--stop-after", "binarize")
    assert ran.code == 1
    assert "did you mean binarise?" in ran.err


def test_opt_runs_passes_on_text(bsc: Callable, net: Path) -> None:
    assert bsc("compile", net, "-o", "a.bsp", "--dump-dir", "dumps").code == 0
    first = min(Path("dumps").iterdir())
    ran = bsc("opt", first)
    assert ran.code == 0
    assert ran.out == first.read_text(encoding="utf-8")
    ran = bsc("opt", first, "--pipeline", "clean-up,fold-affine", "-o", "o.bsir", "--json")
    assert ran.code == 0
    assert ran.json["passes"] == ["clean-up", "fold-affine"]
    ran = bsc("opt", first, "--pipeline", "clean-upp")
    assert ran.code == 1
    assert "clean-up" in ran.err


def test_targets_list_show_new_check(bsc: Callable) -> None:
    ran = bsc("targets", "list", "--json")
    assert "oxram-128" in ran.json["targets"]
    assert "237.5 uS" in bsc("targets", "show", "oxram-128").out
    assert bsc("targets", "new", "my-chip").code == 0
    ran = bsc("targets", "check", "my-chip.toml", "--json")
    assert ran.code == 0
    assert (ran.json["target"], ran.json["warnings"]) == ("my-chip", 0)
    again = bsc("targets", "new", "my-chip")
    assert again.code == 1
    assert "BSC7004" in again.err


def test_explain_prints_every_page(bsc: Callable) -> None:
    for code in CODES:
        ran = bsc("explain", code)
        assert ran.code == 0
        assert ran.out.startswith(code)
    assert bsc("explain", "4003").out == bsc("explain", "BSC4003").out
    assert json.loads(bsc("explain", "--json").out)["codes"] == sorted(CODES)
    assert bsc("explain", "BSC0000").code == 1


def test_doctor_trains_on_every_executor_and_compares(bsc: Callable) -> None:
    ran = bsc("doctor", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["self_test"]["passed"] is True
    assert ran.json["targets"] == {"bsc-toolchain": 26}

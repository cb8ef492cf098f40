"""The printed program records the very steps it came from, runs by itself, and reads well."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import bsc
from bsc.backend.python import emit
from bsc.diag import DiagnosticError
from bsc.program.file import save
from bsc.testing.networks import dense_network
from bsc_runtime import Session
from bsc_runtime.sim.script import record
from bsc_runtime.train.callbacks import Callbacks

GOLDENS = Path(__file__).parent / "goldens"

PLANS = [
    ("oxram-128", {"rule": "carry", "refresh_every": 7}),
    ("pcmo-64", {"rule": "online"}),
    ("ecram-256", {"rule": "sgd", "eta": 0.2}),
    ("ideal-64", {"rule": "hp"}),
    ("pcm-128", {"rule": "carry", "batch": 10, "threshold": 3, "pulses": 2}),
]


def functions(text):
    """The functions of a printed program, which a test may execute: it was printed here."""
    space = {"__name__": "printed"}
    exec(compile(text, "printed.py", "exec"), space)
    return [space.get(name) for name in ("inference", "training", "update")]


@pytest.mark.parametrize(("target", "plan"), PLANS)
@pytest.mark.parametrize("weights", ["keep", "random"])
def test_recording_gives_the_steps_back(target, plan, weights):
    graph = dense_network((70, 130, 3), "tanh", name='odd "name"\n\\')
    program = bsc.compile(graph, target, weights=weights, **plan)
    recorded = record(program, *functions(emit(program)))
    assert recorded.inference == program.inference
    assert recorded.training == program.training
    assert recorded.update == program.update


def test_text_of_a_small_network(update_golden):
    graph = dense_network((6, 5, 3), "sigmoid", name="tiny")
    text = emit(bsc.compile(graph, "oxram-64", weights="random"), "tiny.bsp")
    path = GOLDENS / "tiny.py.txt"
    if update_golden:
        path.write_text(text)
    assert text == path.read_text()


def test_an_edited_program_does_as_it_says():
    program = bsc.compile(dense_network((6, 5, 3)), "oxram-64", weights="random")
    inference, training, update = functions(emit(program).replace("threshold=64", "threshold=2"))
    edited = record(program, inference, training, update)
    assert {step.number("threshold") for step in edited.update} == {2}
    x = np.random.default_rng(0).random((64, 6), np.float32)
    y = np.arange(64) % 3
    chips = [Session(p, seed=0) for p in (program, edited)]
    for chip in chips:
        chip.train(x, y)
    assert chips[0].digest() != chips[1].digest()


def test_a_name_that_the_program_file_lacks_is_one_diagnostic():
    program = bsc.compile(dense_network((6, 5, 3)), "oxram-64", weights="random")
    text = emit(program).replace('"layer0.sums", "layer0"', '"layer0.sums", "layer9"')
    with pytest.raises(DiagnosticError) as caught:
        record(program, *functions(text))
    assert [d.code for d in caught.value.diagnostics] == ["BSC6201"]


def test_the_file_runs_by_itself_and_agrees_with_a_session(tmp_path):
    program = bsc.compile(dense_network((6, 5, 3)), "oxram-64", weights="random")
    save(program, tmp_path / "tiny.bsp")
    (tmp_path / "tiny.py").write_text(emit(program, "tiny.bsp"))
    x = np.random.default_rng(0).random((200, 6)).astype(np.float32)
    y = np.arange(200) % 3
    np.savez(tmp_path / "data.npz", x=x, y=y)
    chip = Session(program, seed=5)
    chip.train(x, y, epochs=2)
    command = [sys.executable, "tiny.py", "--data", "data.npz", "--epochs", "2", "--seed", "5"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=dict(os.environ), check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["digest"] == chip.digest()


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Runs a printed program inside this process; what it leaves with."""
    program = bsc.compile(dense_network((6, 5, 3)), "oxram-64", weights="random")
    save(program, tmp_path / "tiny.bsp")
    (tmp_path / "tiny.py").write_text(emit(program, "tiny.bsp"), encoding="utf-8")
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.random((90, 6), np.float32), y=np.arange(90) % 3)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> object:
        monkeypatch.setattr(sys, "argv", ["tiny.py", "--data", "data.npz", *words])
        with pytest.raises(SystemExit) as left:
            runpy.run_path("tiny.py", run_name="__main__")
        return left.value.code

    return run


def test_ctrl_c_on_a_script_saves_and_says_where(
    script: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Callbacks, "on_epoch", pressed)
    assert script("--epochs", "9", "-o", "t.bsp") == 130
    assert capsys.readouterr().err.endswith("stopped by the user; saved to t.bsp\n")
    stopped = bsc.load("t.bsp").state
    assert stopped is not None
    assert stopped.epochs == 1


def test_what_the_system_refuses_a_script_is_one_line(
    script: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Session, "_records", refused)  # what trains begins with it
    assert script("-o", "nowhere/t.bsp") == 1
    assert capsys.readouterr().err.startswith("error[BSC5011]: there is no folder")
    assert script("-o", "t.bsp") == 1
    assert capsys.readouterr().err == "error[BSC7002]: there is not enough memory\n"

"""Ctrl-C and kill -9 on the real command: what is left resumes to the digest of a whole run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bsc_runtime import load_data
from bsc_runtime.samples import samples_folder

EPOCHS = 12
SAMPLES = 4000
PATIENCE_SECONDS = 300  # a cold start compiles the kernels


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    mnist = load_data("mnist")
    path = tmp_path_factory.mktemp("data") / "some.npz"
    np.savez(path, x=mnist.x[:SAMPLES], y=mnist.labels()[:SAMPLES])
    return path


def command(data: Path, folder: Path, *more: str) -> list[str]:
    model = samples_folder() / "mnist_mlp.onnx"
    options = ["--data", str(data), "--epochs", str(EPOCHS), "--validation", "500", "--json"]
    out = ["-o", str(folder / "out.bsp"), "--checkpoint", str(folder / "kept")]
    return [sys.executable, "-m", "bsc", "train", str(model), *options, *out, *more]


def finish(arguments: list[str]) -> dict[str, Any]:
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return finish(command(data, tmp_path_factory.mktemp("whole"), "--seed", "4"))


def stop_after_an_epoch(arguments: list[str], kept: Path, number: int) -> tuple[int, str]:
    """Send a signal once an epoch is kept; the exit code and what was said on stderr."""
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not list(kept.glob("epoch-0000[1-9]-*")) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, said


def test_ctrl_c_saves_and_resumes(data: Path, whole: dict[str, Any], tmp_path: Path) -> None:
    arguments = command(data, tmp_path, "--seed", "4")
    code, said = stop_after_an_epoch(arguments, tmp_path / "kept", signal.SIGINT)
    assert code == 130, said
    assert str(tmp_path) in said
    assert (tmp_path / "out.bsp").exists()
    assert "Traceback" not in said
    resumed = finish(command(data, tmp_path, "--resume"))
    assert resumed["digest"] == whole["digest"]
    assert resumed["accuracy"] == whole["accuracy"]
    assert resumed["epochs"] == EPOCHS


def test_kill_9_loses_at_most_the_running_interval(
    data: Path, whole: dict[str, Any], tmp_path: Path
) -> None:
    arguments = command(data, tmp_path, "--seed", "4")
    code, _ = stop_after_an_epoch(arguments, tmp_path / "kept", signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert not (tmp_path / "out.bsp").exists()
    resumed = finish(command(data, tmp_path, "--resume"))
    assert resumed["digest"] == whole["digest"]

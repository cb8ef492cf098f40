"""A new user with the README alone: every block of the tour runs as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bsc.cli.guard import run
from bsc.numerics.digest import digest
from bsc.program.file import load

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    found = re.search(rf"<!-- tour: {re.escape(mark)} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found is not None, mark
    return found[1]


def commands(mark: str) -> list[list[str]]:
    """The lines of a block, training for one epoch in place of five: what is tested is the way."""
    lines = block(mark).replace("--epochs 5", "--epochs 1").splitlines()
    return [shlex.split(line) for line in lines if line]


def test_the_tour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "make_net.py").write_text(block("make_net.py"), encoding="utf-8")
    subprocess.run([sys.executable, "make_net.py"], cwd=tmp_path, check=True)
    for line in [*commands("commands"), *commands("own device"), *commands("words")]:
        assert line[0] == "bsc"
        if line[1] == "eval":
            line.append("--json")
        capsys.readouterr()
        assert run(line[1:]) == 0, line
        if line[1] == "eval":
            # after one epoch on PCMO; chance is 0.1, and training is keyed, so this cannot flicker
            assert json.loads(capsys.readouterr().out.splitlines()[-1])["accuracy"] > 0.8
    assert (tmp_path / "mine.bsp").is_file()
    assert (tmp_path / "again.bin").read_bytes() == (tmp_path / "words.bin").read_bytes()
    learned, words = (load(tmp_path / name).state for name in ("my_net.bsp", "words.bsp"))
    assert learned is not None
    assert words is not None
    assert digest(words) == digest(learned)
    compile((tmp_path / "my_net.py").read_text(encoding="utf-8"), "my_net.py", "exec")
    cells = np.load(tmp_path / "my_net.npz")
    device = {"low": 35e-9, "high": 160e-9}
    assert all(cells[n].min() >= device["low"] * (1 - 1e-9) for n in cells.files)
    assert all(cells[n].max() <= device["high"] * (1 + 1e-9) for n in cells.files)
    ran = subprocess.run(
        [sys.executable, "-c", block("python")],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert float(ran.stdout) > 0.8
    assert (tmp_path / "trained.bsp").is_file()


def test_the_tour_of_the_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.bsc").write_text(block("digits.bsc"), encoding="utf-8")
    assert run(["fmt", "--check", "digits.bsc"]) == 0
    for line in commands("language"):
        assert line[0] == "bsc"
        if line[1] == "eval":
            line.append("--json")
        capsys.readouterr()
        assert run(line[1:]) == 0, line
        if line[1] == "eval":
            found = json.loads(capsys.readouterr().out.splitlines()[-1])["outputs"]
            # after two epochs; pixels of MNIST have a variance of 0.095 around their mean
            assert found["digit"]["accuracy"] > 0.85
            assert found["again"]["squared_error"] < 0.05
    assert run(["fmt", "--check", "copy.bsc"]) == 0

"""`bsc demo`: a table, pictures, a program and its source, from any folder."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bsc.cli.guard import run

FILES = [
    "program.bsp",
    "program.py",
    "learning_curve.png",
    "weights.png",
    "program.bin",
    "program.s",
    "report.json",
]


def demonstrate(
    folder: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> dict[str, object]:
    assert run(["demo", "-o", str(folder), "--json", *options]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert isinstance(report, dict)
    return report


def test_a_short_demonstration_leaves_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "made" / "here"
    report = demonstrate(folder, capsys, "--epochs", "1")
    assert sorted(p.name for p in folder.iterdir()) == sorted(FILES)
    assert report["files"] == FILES
    for name in FILES[2:4]:
        assert (folder / name).read_bytes().startswith(b"\x89PNG\r\n")
    rows = report["rows"]
    assert isinstance(rows, list)
    asked = [(r["rule"], r["eta"], r["mode"], r["repeats"]) for r in rows]
    assert asked == [
        ("carry", None, "analog", None),
        ("carry", None, "binary", None),
        ("carry", None, "stochastic", 1),
        ("carry", None, "stochastic", 5),
        ("carry", None, "stochastic", 25),
        ("hp", 0.1, "float", None),
        ("hp", 0.5, "float", None),
    ]
    assert all(r["seed"] == 0 and r["epochs"] == 1 for r in rows)
    assert min(r["accuracy"] for r in rows) > 0.5
    assert report["machine_digest"] == report["digest"]
    assert run(["asm", str(folder / "program.s"), "-o", str(tmp_path / "again.bin")]) == 0
    assert (tmp_path / "again.bin").read_bytes() == (folder / "program.bin").read_bytes()
    saved = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert saved == {k: v for k, v in report.items() if k != "folder"}


@pytest.mark.slow
def test_the_whole_demonstration_fits_in_three_minutes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = time.perf_counter()
    report = demonstrate(tmp_path, capsys)
    assert time.perf_counter() - start < 180
    rows = report["rows"]
    assert isinstance(rows, list)
    accuracy = {(r["mode"], r["repeats"]): r["accuracy"] for r in rows if r["rule"] == "carry"}
    assert accuracy["analog", None] >= 0.965
    assert abs(accuracy["stochastic", 25] - accuracy["analog", None]) <= 0.005

"""The files of tests/known_answers are what bsc.numerics answers, and what plain Python answers.

Two implementations that share no code, one vectorised and one a number at a time, agree in every
case of every rule; and the rules cannot change without a change of the files.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

FILES = Path(__file__).parents[1] / "known_answers"
NAMES = sorted(path.stem for path in FILES.glob("*.json"))


@pytest.fixture(scope="module")
def tools():
    """The writer and the checker, which are scripts in the folder of the files."""
    sys.path.insert(0, str(FILES))
    try:
        yield importlib.import_module("make"), importlib.import_module("check")
    finally:
        sys.path.remove(str(FILES))


def test_every_rule_has_a_file_and_a_check(tools) -> None:
    make, check = tools
    assert sorted(make.RULES) == sorted(check.CHECKS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_numerics_answers_as_the_file_says(tools, name: str) -> None:
    make, _ = tools
    text = (FILES / f"{name}.json").read_text(encoding="utf-8")
    assert json.loads(make.render(name)) == json.loads(text)


@pytest.mark.parametrize("name", NAMES)
def test_plain_python_answers_as_the_file_says(tools, name: str) -> None:
    _, check = tools
    assert check.wrong_cases(name) == []


def test_plain_python_shares_no_code_with_the_package() -> None:
    for path in [FILES / "check.py", *FILES.glob("scalar_*.py")]:
        text = path.read_text(encoding="utf-8")
        assert "import bsc" not in text
        assert "from bsc" not in text
        assert "numpy" not in text


def test_a_noise_below_zero_is_among_the_pulses(tools) -> None:
    """The case that a careless shift gets wrong: a pulse that goes the other way."""
    cases = json.loads((FILES / "pulses.json").read_text(encoding="utf-8"))["cases"]
    reversed_pulses = 0
    for case in cases:
        if case["device"] != "pcmo" or case["pulses"] != 1:
            continue
        for i, row in enumerate(case["counters"]):
            for j, count in enumerate(row):
                moved = case["cells_after"][i][j] - case["cells"][i][j]
                reversed_pulses += moved * count > 0 and abs(count) >= case["threshold"]
    assert reversed_pulses > 0

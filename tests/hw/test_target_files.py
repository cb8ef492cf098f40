"""Targets from TOML: all problems at once, at their keys; extends; names from entry points."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bsc.diag import DiagnosticError
from bsc.hw.digest import target_digest
from bsc.hw.registry import names, resolve
from bsc.hw.spec import TargetSpec
from bsc.hw.toml import MAX_BYTES, load_target

GOOD = """
name = "mine"
[array]
rows = 32
columns = 48
[device]
name = "d"
style = "reference"
g_min_siemens = 1e-6
g_max_siemens = 3e-6
[device.initial]
mean_siemens = 2e-6
sd_siemens = 0.1e-6
[device.reference]
mean_codes = 8191.5
sd_codes = 0
[device.potentiation]
model = "linear"
step_codes = 100
[device.depression]
model = "linear"
step_codes = 100
"""


def written(folder: Path, text: str, name: str = "t.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def found(path: Path | str) -> list[tuple[str, str | None]]:
    with pytest.raises(DiagnosticError) as caught:
        resolve(path)
    return [(d.code, d.labels[0].span.path if d.labels else None) for d in caught.value.diagnostics]


def test_every_problem_of_a_file_is_reported_at_its_key(tmp_path: Path) -> None:
    text = (
        GOOD.replace("rows = 32", "rows = 2000")
        .replace("columns = 48", "colums = 48")
        .replace('model = "linear"\nstep_codes = 100\n[', 'model = "lineer"\n[')
        .replace("sd_siemens = 0.1e-6", "sd_siemens = -1.0")
        .replace("g_max_siemens = 3e-6", 'g_max_siemens = "3 uS"')
    )
    assert sorted(found(written(tmp_path, text))) == [
        ("BSC4003", "array.colums"),
        ("BSC4004", "array.columns"),
        ("BSC4005", "array.rows"),
        ("BSC4005", "device.g_max_siemens"),
        ("BSC4005", "device.initial.sd_siemens"),
        ("BSC4005", "device.potentiation.model"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("g_max_siemens = 3e-6", "g_max_siemens = 0.5e-6", "BSC4006", "device"),
        ('style = "reference"', 'style = "pair-up"', "BSC4006", "device"),
        ('style = "reference"', 'style = "direct"', "BSC4005", "device.style"),
        ("mean_codes = 8191.5\n", "", "BSC4006", "device.reference"),
        ('[device.potentiation]\nmodel = "linear"\nstep_codes = 100\n', "", "BSC4006", "device"),
        ('model = "linear"\nstep_codes = 100\n[device.dep', "[device.dep", "BSC4004", None),
        ("mean_siemens = 2e-6", "mean_siemens = 1e9", "BSC4006", "device"),
        ("step_codes = 100", "step_codes = 1.5", "BSC4005", "device.potentiation.step_codes"),
        ("rows = 32", "rows = true", "BSC4005", "array.rows"),
        ("g_min_siemens = 1e-6", 'g_min_siemens = "1e-6"', "BSC4005", "device.g_min_siemens"),
        ("g_min_siemens = 1e-6", "g_min_siemens = false", "BSC4005", "device.g_min_siemens"),
        ('name = "mine"', 'name = "../mine"', "BSC4005", "name"),
        ("[array]", "extends = 5\n[array]", "BSC4005", "extends"),
        ("[array]", "[array", "BSC4002", None),
    ],
)
def test_a_wrong_value_has_its_code_and_place(
    tmp_path: Path, old: str, new: str, code: str, path: str | None
) -> None:
    assert old in GOOD
    problems = found(written(tmp_path, GOOD.replace(old, new, 1)))
    assert code in [c for c, _ in problems]
    if path is not None:
        assert (code, path) in problems


def test_a_misspelt_key_and_a_misspelt_model_get_the_nearest_name(tmp_path: Path) -> None:
    text = GOOD.replace("rows = 32", "rows = 32\nrow = 1").replace('"linear"', '"liner"', 1)
    with pytest.raises(DiagnosticError) as caught:
        load_target(written(tmp_path, text))
    assert [d.help for d in caught.value.diagnostics] == [
        "did you mean rows?",
        "did you mean linear?",
    ]


def test_a_file_that_cannot_be_read_is_one_diagnostic(tmp_path: Path) -> None:
    assert found(tmp_path / "none.toml") == [("BSC4001", None)]
    assert found(tmp_path) == [("BSC4001", None)]
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * (MAX_BYTES + 1))
    assert found(big) == [("BSC4001", None)]
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "\xe9"')
    assert found(latin) == [("BSC4001", None)]
    deep = written(tmp_path, "a=" + "[" * 100_000, "deep.toml")
    assert found(deep) == [("BSC4002", None)]
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)  # nobody writes to it: reading would wait for ever
    assert found(pipe) == [("BSC4001", None)]
    extending = written(tmp_path, 'extends = "pipe.toml"\n', "extending.toml")
    assert found(extending) == [("BSC4009", "extends")]


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("rows = 32", "rows = " + "9" * 5000, "BSC4002", None),
        ("rows = 32", "rows = 0x" + "f" * 6000, "BSC4005", "array.rows"),
        ("rows = 32", "rows = [0x" + "f" * 6000 + "]", "BSC4005", "array.rows"),
        ("rows = 32", "rows" + ".a" * 3000 + " = 1", "BSC4005", "array.rows"),
        ('style = "reference"', "style = 0x" + "f" * 6000, "BSC4005", "device.style"),
        ('name = "mine"', 'name = "mine"\nextends = "a\\u0000.toml"', "BSC4009", "extends"),
        ('name = "mine"', f'name = "mine"\nextends = "{"a" * 5000}.toml"', "BSC4009", "extends"),
        ('name = "mine"', 'name = "mine"\nextends = 0x' + "f" * 6000, "BSC4005", "extends"),
    ],
)
def test_what_python_cannot_write_out_or_open_is_a_diagnostic(
    tmp_path: Path, old: str, new: str, code: str, path: str | None
) -> None:
    """Numbers of thousands of digits, tables nested thousands deep, names no file can have."""
    assert old in GOOD
    assert found(written(tmp_path, GOOD.replace(old, new))) == [(code, path)]


def test_a_range_too_small_for_codes_is_refused(tmp_path: Path) -> None:
    """1e-320 siemens is a number, 16383 codes in it are none: they would be infinite."""
    text = (
        GOOD.replace("g_min_siemens = 1e-6", "g_min_siemens = 0.0")
        .replace("g_max_siemens = 3e-6", "g_max_siemens = 1e-320")
        .replace("mean_siemens = 2e-6", "mean_siemens = 1e-321")
        .replace("sd_siemens = 0.1e-6", "sd_siemens = 0.0")
    )
    assert found(written(tmp_path, text)) == [("BSC4006", "device")]


def test_a_syntax_error_has_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError) as caught:
        load_target(written(tmp_path, 'name = "x"\n[array\n'))
    (problem,) = caught.value.diagnostics
    assert (problem.labels[0].span.line, problem.labels[0].span.column) == (2, 7)


def test_extends_merges_tables_but_replaces_pulses_and_starts_whole(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "base.toml")
    own = """
extends = "base.toml"
name = "own"
[array]
rows = 16
[device.initial]
mean_codes = 8000
sd_codes = 5
[device.potentiation]
model = "exponential"
pulses = 50
curvature = 2
"""
    spec = load_target(written(tmp_path, own))
    assert (spec.name, spec.array.rows, spec.array.columns) == ("own", 16, 48)
    assert spec.device.initial.model_dump(exclude_none=True) == {
        "mean_codes": 8000.0,
        "sd_codes": 5.0,
    }
    assert spec.device.potentiation is not None
    assert spec.device.potentiation.model == "exponential"
    assert spec.device.depression == load_target(tmp_path / "base.toml").device.depression


def test_a_style_of_its_own_takes_nothing_of_the_device_extended(tmp_path: Path) -> None:
    own = 'extends = "oxram-128"\nname = "own"\n' + GOOD[GOOD.index("[device]") :]
    spec = load_target(written(tmp_path, own))
    assert spec.array == resolve("oxram-128").array
    assert spec.device == load_target(written(tmp_path, GOOD, "good.toml")).device
    assert spec.training.unfit == {}


def test_who_gives_a_style_hears_which_there_are_and_what_it_asks_for(tmp_path: Path) -> None:
    text = 'extends = "oxram-128"\nname = "own"\n[device]\nstyle = "pair-upp"\n'
    with pytest.raises(DiagnosticError) as caught:
        load_target(written(tmp_path, text))
    told = {d.labels[0].span.path: d for d in caught.value.diagnostics}
    wrong = 'device.style is "pair-upp", expected one of: reference, pair-down, pair-up'
    assert told["device.style"].message == wrong
    assert told["device.style"].help == "did you mean pair-up?"
    assert "device of its own" in (told["device.name"].help or "")


def test_a_circle_a_missing_file_and_a_long_chain_are_refused(tmp_path: Path) -> None:
    written(tmp_path, 'extends = "b.toml"\nname = "a"', "a.toml")
    written(tmp_path, 'extends = "a.toml"\nname = "b"', "b.toml")
    assert found(tmp_path / "a.toml") == [("BSC4009", "extends")]
    assert found(written(tmp_path, 'extends = "c.toml"')) == [("BSC4009", "extends")]
    for k in range(9):
        written(tmp_path, f'extends = "chain{k + 1}.toml"', f"chain{k}.toml")
    written(tmp_path, GOOD, "chain9.toml")
    assert found(tmp_path / "chain0.toml") == [("BSC4009", "extends")]
    assert resolve(tmp_path / "chain9.toml").name == "mine"


def test_an_unknown_name_gets_the_nearest_ones() -> None:
    with pytest.raises(DiagnosticError) as caught:
        resolve("oxram128")
    (problem,) = caught.value.diagnostics
    assert problem.code == "BSC4007"
    assert problem.help is not None
    assert problem.help.startswith("did you mean oxram-128")


def test_every_built_in_target_loads_under_its_own_name_with_its_own_digest() -> None:
    specs = {name: resolve(name) for name in names()}
    wanted = {f"{d}-{s}" for d in ("ideal", "ideal-fine", "oxram") for s in (64, 128, 256, 512)}
    wanted |= {f"{d}-{s}" for d in ("pcmo", "ecram", "pcm") for s in (64, 128, 256, 512)}
    wanted |= {"ecram-paper", "pcmo-paper"}
    assert set(specs) == wanted
    assert all(spec.name == name for name, spec in specs.items())
    assert all(spec.device.source for spec in specs.values())
    assert len({target_digest(spec) for spec in specs.values()}) == len(specs)


def test_the_digest_is_of_the_chip_and_not_of_words_about_it(tmp_path: Path) -> None:
    spec = load_target(written(tmp_path, GOOD))
    told = spec.model_copy(update={"description": "other words"})
    finer = spec.model_copy(
        update={"periphery": spec.periphery.model_copy(update={"noise_bits": 8})}
    )
    assert target_digest(told) == target_digest(spec)
    assert target_digest(finer) != target_digest(spec)
    assert target_digest(TargetSpec.model_validate(spec.model_dump())) == target_digest(spec)

"""Every wrong program gives one report, with carets, of all that is wrong with its meaning.

A case is a file of `tests/errors/dsl_meaning`: the program, `----`, the report; `--update-golden`
writes the reports anew. The files of weights that cases name are made by `weights_folder`.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from bsc.diag import CODES, DiagnosticError, Severity, render_all
from bsc.frontend.dsl.meaning.model import check, load_model
from bsc.frontend.dsl.meaning.problems import MOST_PROBLEMS
from bsc.frontend.dsl.syntax.parser import parse
from bsc.testing.dsl_programs import checked

CASES = Path(__file__).parents[2] / "errors" / "dsl_meaning"
BETWEEN = "----\n"
NAMES = sorted(path.stem for path in CASES.glob("*.txt"))


@pytest.fixture(scope="module")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of weights, right and wrong."""
    folder = tmp_path_factory.mktemp("weights")
    tensors = {
        "fc1.weight": np.zeros((5, 784), np.float32),
        "fc1.bias": np.zeros(5, np.float32),
        "fc2.weight": np.zeros((2, 5), np.float32),
        "flat": np.zeros(3 * 784, np.float32),
        "classes": np.zeros((784, 2), np.int32),
        "half_words": np.zeros((4, 3), np.int16),
        "nan": np.array([[np.nan, np.inf, 0]] * 4, np.float32),
    }
    save_file(tensors, folder / "net.safetensors")
    (folder / "net.pt").write_bytes(b"\x80\x02}")
    (folder / "folder.npz").mkdir()
    whole = (folder / "net.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    (folder / "text.safetensors").write_text("weights")
    np.savez(folder / "whole.npz", w=np.zeros(4, np.float32))
    (folder / "cut.npz").write_bytes((folder / "whole.npz").read_bytes()[:40])
    (folder / "cut.onnx").write_bytes(b"\x08\x08\x12")
    np.savez(folder / "pickled.npz", w=np.array([{}], object))
    header = io.BytesIO()
    claimed = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)}
    np.lib.format.write_array_header_1_0(header, claimed)
    with zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", header.getvalue() + bytes(1000))
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_report(name: str, weights_folder: Path, update_golden: bool) -> None:
    path = CASES / f"{name}.txt"
    text, _, expected = path.read_text(encoding="utf-8").partition(BETWEEN)
    parsed = parse(text, "wrong.bsc")
    assert parsed.file is not None, render_all(parsed.diagnostics, {"wrong.bsc": text})
    result = check(parsed.file, weights_folder)
    assert result.model is None
    errors = [d for d in result.diagnostics if d.severity is Severity.ERROR]
    assert 0 < len(errors) <= MOST_PROBLEMS
    for diagnostic in errors:
        assert diagnostic.labels[0].span.line is not None
    found = render_all(result.diagnostics, {"wrong.bsc": text}) + "\n"
    assert str(weights_folder) not in found
    if update_golden:
        path.write_text(text + BETWEEN + found, encoding="utf-8")
    else:
        assert found == expected


def test_there_are_many_cases_and_each_code_has_one() -> None:
    assert len(NAMES) >= 40
    reports = "".join((CASES / f"{name}.txt").read_text(encoding="utf-8") for name in NAMES)
    codes = {code for code in CODES if "BSC2200" <= code < "BSC2600"}
    elsewhere = {"BSC2215", "BSC2409", "BSC2410", "BSC2507"}  # notes, and the export
    assert sorted(code for code in codes - elsewhere if code not in reports) == []


@pytest.mark.parametrize(
    ("encoding", "body", "codes"),
    [
        ("i32", "output y = x + inf", ["BSC2302"]),
        ("u8", "output y = x - inf", ["BSC2302"]),
        ("i64", "output y = x -> add(inf)", ["BSC2302"]),
        ("i32", "output y = (x, nan) -> mul", ["BSC2302"]),
        ("f32", "output y = x + inf", ["BSC2405"]),
        ("f32", "output y = f32(nan); output z = f32([1, 2]) / 0", ["BSC2405", "BSC2405"]),
    ],
)
def test_numbers_that_are_not_finite(encoding: str, body: str, codes: list[str]) -> None:
    text = f"model m {{ input x: {encoding}[4]; {body} }}\n"
    assert [d.code for d in checked(text).diagnostics] == codes


@pytest.mark.parametrize(
    ("arguments", "at"),
    [
        ("epsilon = -1", "-1"),
        ("variance = zeros, epsilon = 0", "zeros"),
        ("variance = zeros, epsilon = 1e-50", "zeros"),
        ("variance = constant(-1)", "constant(-1)"),
        ("variance = uniform(-1, 1)", "uniform(-1, 1)"),
        ("variance = normal(1)", "normal(1)"),
        ("variance = [1, 1, -1, 1]", "[1, 1, -1, 1]"),
        ("variance = zeros", None),
        ("epsilon = -0.5", None),
        ("variance = uniform(0, 1)", None),
        ("variance = ones, epsilon = 0", None),
    ],
)
def test_a_variance_and_its_epsilon_are_above_zero(arguments: str, at: str | None) -> None:
    line = f"output y = x -> batch_norm({arguments})"
    diagnostics = checked(f"model m {{ input x: f32[4]\n{line}\n}}\n").diagnostics
    places = [line[d.labels[0].span.column - 1 :][: d.labels[0].span.length] for d in diagnostics]
    assert places == ([] if at is None else [at])
    assert all(d.code == "BSC2307" for d in diagnostics)


def test_all_errors_of_a_file_are_raised_together(tmp_path: Path) -> None:
    path = tmp_path / "wrong.bsc"
    path.write_text("model m {\n  input x: f32[4]\n  a = b\n  c = d\n  output y = x\n}\n")
    with pytest.raises(DiagnosticError) as error:
        load_model(path)
    assert [d.code for d in error.value.diagnostics] == ["BSC2201", "BSC2201"]
    assert error.value.diagnostics[0].labels[0].span.source == str(path)


def test_a_mistake_of_syntax_is_raised_alone(tmp_path: Path) -> None:
    path = tmp_path / "wrong.bsc"
    path.write_text("model m {\n  input x: f32[4]\n  a = = b\n}\n")
    with pytest.raises(DiagnosticError, match="BSC21"):
        load_model(path)

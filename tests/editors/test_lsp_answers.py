"""What is told about names, layers, mistakes and places to write, without an editor."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bsc.checking import check
from bsc.diag import CODES, Diagnostic, DiagnosticError
from bsc.frontend.dsl.meaning import weights as weights_module
from bsc.frontend.dsl.meaning.kept_files import KeptFiles
from bsc.lsp.analysis import Analysis, analyse
from bsc.lsp.completion import Offer, offers
from bsc.lsp.hover import hover_text, page_text, target_text
from bsc.lsp.layouts import Layouts, lay_out
from bsc.lsp.outline import Symbol, outline
from bsc.lsp.text import Position, Text

PROGRAM = '''\
"""How many."""
let width = 2 ** 3

"""Two layers, one behind the other."""
block pair(units, last = 4) {
  input v
  output h = v -> dense(units) as first -> relu -> dense(last) as second -> relu
}

model m {
  input x: f32[200] in 0..1
  layer shared = dense(width)
  a = x -> shared -> logistic
  b = x -> shared -> logistic
  c = (a, b) -> concat -> repeat 2 { dense(width) as more -> logistic }
  output y = c -> pair(150) as two -> dense(3, weights = he(seed = 1)) as `to 3` -> softmax
}

train {
  rule = carry
  layer two.second { threshold = 8 }
}

target "oxram-64" { array.rows = 32 }
'''


def analysed(text: str, folder: Path | None = None) -> Analysis:
    path = None if folder is None else folder / "m.bsc"
    return analyse(Text(text), path, "m.bsc", KeptFiles())


@pytest.fixture(scope="module")
def program() -> Analysis:
    found = analysed(PROGRAM)
    assert [d for d in found.diagnostics if d.severity == "error"] == []
    return found


@pytest.fixture(scope="module")
def layouts(program: Analysis) -> Layouts:
    return lay_out(program, KeptFiles())


def at(text: str, word: str, which: int = 0) -> tuple[int, int]:
    """Line and column of the second character of a word, where it stands for the n-th time."""
    offset = -1
    for _ in range(which + 1):
        offset = text.index(word, offset + 1)
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n") + 1


@pytest.mark.parametrize(
    ("word", "which", "told"),
    [
        ("width", 0, ["let width = 8", "How many."]),
        ("width", 1, ["let width = 8"]),
        ("a = x", 0, []),
        ("shared", 0, ["layer shared", "shared: 201 x 8 cells, 7 tiles of 32 x 64 on oxram-64"]),
        ("shared", 1, ["shared: 201 x 8 cells"]),
        ("concat", 0, ["concat(axis = -1)", "f32[N, 16]"]),
        ("more", 0, ["more: 17 x 8 cells, 1 tile of", "more_2: 9 x 8 cells"]),
        ("pair", 1, ["block pair(units, last = ..)", "two.first: 9 x 150 cells, 3 tiles",
                     "two.second: 151 x 4 cells, 5 tiles", "Two layers"]),
        ("units", 1, ["units = 150"]),
        ("dense", 4, ["dense(units, weights = device, bias = true)", "to 3: 5 x 3 cells"]),
        ("he(", 0, ["he(seed = 0)", "bell curve"]),
        ("rule", 0, ["carry, online, sgd, hp"]),
        ("two.second", 0, ["two.second: 151 x 4 cells, 5 tiles of 32 x 64 on oxram-64"]),
    ],
)  # fmt: skip
def test_hover(program: Analysis, layouts: Layouts, word: str, which: int, told: list[str]) -> None:
    line, column = at(PROGRAM, word, which)
    # Paths of train are one fact, which begins with their last part.
    fact = program.fact_at(line, column if "." not in word else column + len(word) - 2)
    assert fact is not None
    text = hover_text(program, fact, layouts)
    for each in told:
        assert each in text, text


def test_hover_over_a_target(program: Analysis) -> None:
    named = target_text(program, *at(PROGRAM, "oxram-64"))
    assert named is not None
    assert "tiles of 64 x 64" in named[0]
    key = target_text(program, *at(PROGRAM, "rows"))
    assert key is not None
    assert key[0] == "`array.rows` of oxram-64 is 64"
    assert target_text(analysed('target "none"'), 1, 10) == ("", named[1].__class__(1, 8, 1, 14))
    assert target_text(program, 1, 1) is None


def test_a_pipe_as_a_target_is_a_mistake_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    model = PROGRAM[: PROGRAM.index("target")]
    found = analysed(f'{model}target "pipe.toml"\n', tmp_path)
    (mistake,) = [d for d in found.diagnostics if d.severity == "error"]
    assert (mistake.code, "it is no regular file" in mistake.message) == ("BSC4001", True)
    assert mistake.labels[0].span.line == model.count("\n") + 1


def test_every_page_can_be_shown() -> None:
    for code in CODES:
        text = page_text(Diagnostic(code, "something"))
        assert text.startswith(f"**{code}: ")
        assert text.count("```") % 2 == 0
    page = page_text(Diagnostic("BSC2105", "something"))
    assert "wrong:\n```bsc\nlet width = 2 ^ 6\n```" in page
    assert "right:\n```bsc\nlet width = 2 ** 6\n```" in page


@pytest.mark.parametrize(
    ("word", "which", "leads_to"),
    [
        ("width", 1, ("width", 0)),
        ("shared", 2, ("shared", 0)),
        ("units", 1, ("units", 0)),
        ("pair", 1, ("pair", 0)),
        ("two.second", 0, ("dense(last)", 0)),
        ("softmax", 0, None),
    ],
)
def test_definition(
    program: Analysis, word: str, which: int, leads_to: tuple[str, int] | None
) -> None:
    line, column = at(PROGRAM, word, which)
    fact = program.fact_at(line, column if "." not in word else column + len(word) - 2)
    assert fact is not None
    found = program.definition(fact)
    if leads_to is None:
        assert found is None
    else:
        assert found is not None
        assert (found.line, found.column + 1) == at(PROGRAM, *leads_to)


def test_outline(program: Analysis) -> None:
    def names(symbols: tuple[Symbol, ...]) -> list[object]:
        return [(s.name, s.kind, names(s.inner)) if s.inner else (s.name, s.kind) for s in symbols]

    assert names(outline(program)) == [
        ("width", "constant"),
        ("pair", "block", [
            ("v", "input"), ("h", "output", [("first", "layer"), ("second", "layer")])]),
        ("m", "model", [
            ("x", "input"), ("shared", "layer"), ("a", "value"), ("b", "value"),
            ("c", "value", [("more", "layer")]),
            ("y", "output", [("two", "layer"), ("to 3", "layer")])]),
        ("train", "train", [("two.second", "layer")]),
        ("oxram-64", "target"),
    ]  # fmt: skip
    # With a line that cannot be read, all others stay.
    broken = PROGRAM.replace("a = x -> shared -> logistic", "a = x -> -> ->")
    assert [s.name for s in outline(analysed(broken))] == [s.name for s in outline(program)]


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("model m {\n  input x: f32[2]\n  y = x -> de|\n}", ["dense", "conv"], ["x", "let"]),
        ("model m {\n  input x: f32[2]\n  y = |\n}", ["x", "sqrt", "pi"], ["dense"]),
        ("model m {\n  inp|\n}", ["input", "output"], ["train"]),
        ("mo|", ["model", "train"], ["input"]),
        ("train {\n  ba|\n}", ["batch", "layer"], ["frozen"]),
        ("train {\n  rule = |\n}", ["carry", "online"], ["batch"]),
        ("train {\n  readout y = |\n}", ["softmax", "logistic"], ["batch"]),
        ("train {\n  layer a { fro|\n  }\n}", ["frozen"], ["batch"]),
        ('target "|', ["oxram-128"], ["model"]),
        ('target "oxram-128" {\n  array.|\n}', ["rows", "columns"], ["device"]),
        ('target "oxram-128" {\n  |\n}', ["array", "device"], ["rows", "name"]),
        ("# mo|", [], ["model"]),
        ('target "oxram-128" { array.|\n}', ["rows", "columns"], ["device"]),
        ('# target "|', [], ["oxram-128"]),
        ('weights w = "|', [], ["oxram-128", "model"]),
        ('model m {\n  input x: f32[2]\n  y = x -> dense(2, w["#a"]) -> |\n}', ["dense"], ["x"]),
        (
            'model m {\n  input x: f32[2]\n  y = x -> dense(w["\\"a"], |\n}',
            ["x", "sqrt"],
            ["dense"],
        ),
        ('model m {\n  input x: f32[2]\n  y = `a"b#` -> |\n}', ["dense"], ["x"]),
        ('model m {\n  input x: f32[2]\n  y = x -> dense(w["a|\n}', [], ["x", "dense"]),
        ('model m {\n  input x: f32[2]\n  y = "a"  # x -> |\n}', [], ["x", "dense"]),
        ("model m {\n  input `a b`: f32[2]\n  y = |\n}", ["`a b`"], []),
    ],
)
def test_completion(typed: str, offered: list[str], not_offered: list[str]) -> None:
    before, _, after = typed.partition("|")
    analysis = analysed(before + after)
    lines = before.split("\n")
    found: list[Offer] = offers(analysis, Position(len(lines) - 1, len(lines[-1])))
    texts = [offer.text for offer in found]
    assert set(offered) <= set(texts)
    assert not set(not_offered) & set(texts)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("sign", ["a", "😀"])
def test_one_long_line_is_no_harder_than_many(sign: str) -> None:
    lets = "; ".join(f"let a{number} = 0" for number in range(5000))
    analysis = analysed(f'let s = "{sign}"; {lets}')
    symbols = outline(analysis)
    began = time.process_time()
    places = [analysis.text.range(symbol.named_at) for symbol in symbols]
    assert analysis.text.place(places[-1].start) == (1, symbols[-1].named_at.column)
    assert time.process_time() - began < 1  # a hundredth of a second


@pytest.mark.parametrize("line", ["a" * 100_000, "readout " * 20_000, '"' * 99_999, "= " * 50_000])
def test_offers_on_a_long_line_take_no_time(line: str) -> None:
    section = analysed("train {\n  batch = 1\n}")
    analysis = replace(section, text=Text(f"train {{\n{line}\n}}"))
    began = time.process_time()
    offers(analysis, Position(1, len(line)))
    assert time.process_time() - began < 2  # a hundredth of a second


def test_weights_are_read_once_while_their_file_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "w.npz"
    text = (
        'weights w = "w.npz"\nmodel m {\n  input x: f32[2]\n'
        '  output y = x -> dense(weights = w["a"], bias = false)\n}\n'
    )
    opened: list[Path] = []
    opener = weights_module._OPENERS[".npz"]

    def counted(path: Path) -> object:
        opened.append(path)
        return opener(path)

    monkeypatch.setattr(weights_module, "_OPENERS", {".npz": counted})
    kept = KeptFiles()

    def checked(change: str = "") -> Analysis:
        return analyse(Text(text + change), tmp_path / "m.bsc", "", kept)

    np.savez(file, a=np.ones((2, 3), np.float32))
    assert checked().whole
    assert checked("# more").whole
    assert len(opened) == 1
    np.savez(file, a=np.ones((5, 3), np.float32))
    os.utime(file, ns=(1, 1))
    assert [d.code for d in checked().diagnostics if d.severity == "error"] == ["BSC2404"]
    assert len(opened) == 2
    file.unlink()
    assert [d.code for d in checked().diagnostics] == ["BSC2401"]


MIXED = """model m {{
  input x: f32[1, 8, 8]
  left = x
  h = x -> {stage} flatten -> dense(4, he) -> logistic
  output y = h -> dense(3) -> softmax
}}
train {{ {plan} }}
"""


@pytest.mark.parametrize(
    ("stage", "plan", "codes"),
    [
        ("", "", ["BSC2215", "BSC2409"]),
        ("", "weights = random", ["BSC2215"]),
        ("", "batch = -1", ["BSC2215", "BSC2409", "BSC3021"]),
        ("conv(2, kernel = 3) ->", "", ["BSC2215", "BSC2409", "BSC3004"]),
        ("conv(2, kernel = 9) ->", "", ["BSC2301"]),
    ],
)
def test_all_is_told_that_the_command_says(
    tmp_path: Path, stage: str, plan: str, codes: list[str]
) -> None:
    text = MIXED.format(stage=stage, plan=plan)
    (tmp_path / "m.bsc").write_text(text, encoding="utf-8")
    analysis = analysed(text, tmp_path)
    told = {*analysis.diagnostics, *lay_out(analysis, KeptFiles()).diagnostics}
    assert sorted(d.code for d in told) == codes
    try:
        report = check(tmp_path / "m.bsc")
    except DiagnosticError as error:
        said = {*error.diagnostics}
    else:
        said = {*report.diagnostics, *report.notes}
    assert {(d.code, d.message) for d in said} <= {(d.code, d.message) for d in told}


def test_a_text_that_is_too_large_has_one_diagnostic_and_no_more() -> None:
    found = analysed("# " + "a" * (16 << 20))
    assert [d.code for d in found.diagnostics] == ["BSC2102"]
    assert (found.facts, outline(found), list(found.links())) == ((), (), [])
    assert found.formatted() is None

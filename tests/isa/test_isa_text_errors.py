"""Every wrong text of assembly gives one report, with carets, of all that is wrong.

A case is a file of `tests/errors/isa_assembly`: the text, `----`, the report; `--update-golden`
writes the reports anew. What every text must have is added below those that do not begin with
`whole_`, so that a case shows what it is about.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bsc.diag import CODES, DiagnosticError, render_all
from bsc.isa.assemble import TEXT_BYTES_MAX, assemble, read_assembly

CASES = Path(__file__).parents[1] / "errors" / "isa_assembly"
BETWEEN = "----\n"
ADDED = {
    ".target": f"{'0' * 64}",
    ".chip": "noise_bits=4 channel_depth=1 batch=1 bits=9 signs=0 sums=0 levels=0 labels=0 "
    "counts=0 backing=0",
    ".timing": "issue=1 host_bits=1 encode_lanes=1 read=1 neuron_lanes=1 readout=1 "
    "counter_lanes=1 pulse=1 pulse_lanes=1 link_bits=1 link_latency=1 queue=8",
    ".core": "0\n        halt",
}
NAMES = sorted(path.stem for path in CASES.glob("*.txt"))


def completed(name: str, text: str) -> str:
    if name.startswith("whole_"):
        return text
    missing = (key for key in ADDED if f"\n{key}" not in text)
    return text + "".join(f"{key} {ADDED[key]}\n" for key in missing)


@pytest.mark.parametrize("name", NAMES)
def test_report(name: str, update_golden: bool) -> None:
    path = CASES / f"{name}.txt"
    given, _, expected = path.read_text(encoding="utf-8").partition(BETWEEN)
    text = completed(name, given)
    with pytest.raises(DiagnosticError) as error:
        assemble(text, "wrong.s")
    assert len(error.value.diagnostics) <= 20
    found = render_all(error.value.diagnostics, {"wrong.s": text}) + "\n"
    if update_golden:
        path.write_text(given + BETWEEN + found, encoding="utf-8")
    else:
        assert found == expected


def test_a_text_that_is_only_completed_is_right() -> None:
    assert assemble(completed("", ".isa 1.0\n"), "right.s").cores[0].code


def test_there_are_many_cases_and_each_code_has_one() -> None:
    assert len(NAMES) >= 25
    reports = "".join((CASES / f"{name}.txt").read_text(encoding="utf-8") for name in NAMES)
    of_texts = {f"BSC52{number}" for number in range(20, 30)} & set(CODES)
    assert sorted(code for code in of_texts if code not in reports) == []


def test_a_text_of_100_megabytes_is_refused_at_once() -> None:
    text = ".isa 1.0\n" + "; a line\n" * (100 << 17)
    began = time.process_time()
    with pytest.raises(DiagnosticError, match=r"BSC5220.* 64 MiB"):
        assemble(text, "large.s")
    assert time.process_time() - began < 0.5


def test_a_file_of_too_many_bytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.s"
    with path.open("wb") as stream:
        stream.truncate(TEXT_BYTES_MAX + 1)
    with pytest.raises(DiagnosticError, match=r"BSC5220.* larger than 64 MiB"):
        read_assembly(path)


@pytest.mark.parametrize(
    ("data", "said"), [(b".isa \xff", "no UTF-8 at byte 5"), (None, "no such file")]
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, data: bytes | None, said: str) -> None:
    path = tmp_path / "odd.s"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DiagnosticError, match=rf"BSC5220: {said}"):
        read_assembly(path)
    with pytest.raises(DiagnosticError, match="BSC5220: is a directory"):
        read_assembly(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "a," * (1 << 18),
        '"' + "\\a" * (1 << 18),
        '"\\' * (1 << 18),
        "z" * (1 << 19),
        "9" * (1 << 19),
        " " * (1 << 19) + "halt" + " " * (1 << 19) + "x",
        "x " * (1 << 20),
    ],
    ids=["commas", "open quote", "quotes", "name", "number", "spaces", "too long"],
)
def test_time_is_linear_in_the_length_of_a_line(line: str) -> None:
    text = f".isa 1.0\n.table t entries=9\n.data t\n{line}\n.core 0\n{line}\n.array {line}\n"
    began = time.process_time()
    with pytest.raises(DiagnosticError):
        assemble(text, "long.s")
    assert time.process_time() - began < 20  # about 3 seconds; hours by the square of the length


def test_a_run_takes_no_more_memory_than_its_table_may_have() -> None:
    text = ".isa 1.0\n.table t entries=4294967295\n.data t\n 0 x 4294967295\n"
    with pytest.raises(DiagnosticError, match=r"BSC5228.*more than 16777216 entries"):
        assemble(text, "run.s")

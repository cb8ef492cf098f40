"""Every text with mistakes of syntax gives one report, with carets, of all that is wrong.

A case is a file of `tests/errors/dsl_syntax`: the text, `----`, the report; `--update-golden`
writes the reports anew.
"""

from __future__ import annotations

import re
import time
import tracemalloc
from pathlib import Path

import pytest

from bsc.diag import CODES, DiagnosticError, render_all
from bsc.frontend.dsl.syntax.parser import parse, parse_file
from bsc.frontend.dsl.syntax.reading import MAX_BYTES, decode
from bsc.frontend.dsl.syntax.tables import tables

CASES = Path(__file__).parents[2] / "errors" / "dsl_syntax"
BETWEEN = "\n----\n"
NAMES = sorted(path.stem for path in CASES.glob("*.txt"))
SYNTAX = sorted(code for code in CODES if code.startswith("BSC21"))
OF_FILES = {"BSC2101"}
MANY = 100_000


def parts(name: str) -> tuple[str, str]:
    with (CASES / f"{name}.txt").open(encoding="utf-8", newline="") as stream:
        given, _, report = stream.read().partition(BETWEEN)
    return f"{given}\n", report


@pytest.mark.parametrize("name", NAMES)
def test_report(name: str, update_golden: bool) -> None:
    text, expected = parts(name)
    read = parse(text, "wrong.bsc")
    assert read.file is None
    assert len(read.diagnostics) <= 21
    found = render_all(read.diagnostics, {"wrong.bsc": text}) + "\n"
    if update_golden:
        with (CASES / f"{name}.txt").open("w", encoding="utf-8", newline="") as stream:
            stream.write(text[:-1] + BETWEEN + found)
    else:
        assert found == expected


def test_there_are_many_cases_and_each_code_has_one() -> None:
    assert len(NAMES) >= 35
    reports = "".join(parts(name)[1] for name in NAMES)
    assert [code for code in SYNTAX if code not in reports and code not in OF_FILES] == []


@pytest.mark.parametrize("code", SYNTAX)
def test_the_example_of_a_page_is_told_so_and_mended_is_right(code: str) -> None:
    page = CODES[code]
    if page.example is None:
        assert code in {"BSC2101", "BSC2102", "BSC2103"}  # files, and texts too long for a page
        assert page.mended is None
        return
    assert [d.code for d in parse(page.example).diagnostics] == [code]
    assert page.mended is not None
    assert parse(page.mended).diagnostics == ()


def test_a_mistake_hides_none_on_another_line() -> None:
    """Each wrong line between right ones is told once, and no right one is."""
    wrong = ["a = 3 3", "b = f(1 2)", "c = (1, 2]", "d = x ->", "e =", "def f(x):", "g = x => y",
             "inptu z: f32[2]", "h = f(1,", 'i = "abc', "let", "j = x -> 3", "k = 1.2.3", "l : 3",
             "m = )", "n = x -> f + 3", "layer = 3"]  # fmt: skip
    lines = ["model m {"]
    for number, line in enumerate(wrong):
        lines += [f"  {line}", f"  let right{number} = x -> dense(3)"]
    text = "\n".join([*lines, "  output y = x", "}", ""])
    told = [d.labels[0].span.line for d in parse(text).diagnostics]
    assert told == [2 + 2 * number for number in range(len(wrong))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"let a = {'(' * MANY}", "64 brackets"),
        (f"let a = {'[(f(' * MANY}", "64 brackets"),
        ("model m { a = x -> " + "repeat 2 { " * MANY, "64 brackets"),
        (f"let a = {'-' * MANY}1", "128 operators"),
        (f"let a = {'2**' * MANY}1", "128 operators"),
        (f"let a = {'1+' * MANY}1", "128 operators"),
        (f"let a = a{'[0]' * MANY}", "128 operators"),
        ("a," * (1 << 21), "1048576 words"),
        ("let a = 3\n" * (1 << 18), "1048576 words"),
        ("# a\n" * (1 << 20), "1048576 words"),
        ("\n" * MAX_BYTES, "1048576 words"),
        (f"let a = {'9' * (1 << 20)}", "whole number of 1048576 digits"),
        (f'let a = "{"x" * (1 << 20)}"', "string of 1048576 characters"),
        (" " * (MAX_BYTES + 1), "16 MiB"),
    ],
    ids=lambda value: value if len(value) < 50 else value[:12],
)
def test_limits_are_told_at_once(text: str, said: str) -> None:
    tables()
    began = time.process_time()
    diagnostics = parse(text).diagnostics
    seconds = time.process_time() - began
    assert said in diagnostics[0].message
    assert len(diagnostics) == 1
    assert seconds < 5  # mostly below one; hours by the square of the length


@pytest.mark.parametrize(
    "text",
    [
        "let a = 3 3\n" * MANY, "model m {\n" + "a = (1 +\n" * MANY, "}\n" * MANY, ")" * MANY,
        "model m {\n" + "a = (1 2 3,\n" * MANY, "let a = [" + "1 " * MANY, '"\n' * MANY,
        "`\n" * MANY, "€" * MANY, "\x00" * MANY, "\u2028" * MANY, '"""a"""\n' * MANY, ";" * MANY,
        '"""' + 'a"' * MANY, "let a = (1" + ";" * MANY, "model a {\n" * MANY, "=" * MANY,
        "let a = x " + "-> " * MANY, "let " + "a, " * MANY, "." * MANY, "-" * MANY, "\\" * MANY,
        'let a = "' + "\\q" * 30000 + '"', "model m {\n" + "a, " * MANY, "{" * MANY, "'" * MANY,
    ],
    ids=lambda text: repr(text[:24]),
)  # fmt: skip
def test_time_is_linear_in_the_length_of_a_wrong_text(text: str) -> None:
    tables()
    began = time.process_time()
    parse(text)
    assert time.process_time() - began < 20  # about one second; minutes by the square


def test_refusing_a_text_takes_little_memory() -> None:
    text = "(" * (1 << 17)
    tracemalloc.start()
    assert parse(text).file is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (None, "BSC2101", "there is no such file"),
        (b"let a = 3\nlet b = \xff", "BSC2101", r"byte 18 \(0xff\) is no UTF-8"),
        (b"\xef\xbb\xbflet \xc3", "BSC2101", r"byte 7 \(0xc3\) is no UTF-8"),
        (b" " * (MAX_BYTES + 1), "BSC2102", "16 MiB"),
    ],
)
def test_a_file_that_is_no_text(tmp_path: Path, data: bytes | None, code: str, said: str) -> None:
    path = tmp_path / "odd.bsc"
    if data is not None:
        path.write_bytes(data)
    (diagnostic,) = parse_file(path).diagnostics
    assert diagnostic.code == code
    assert re.search(said, diagnostic.message)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"# \x0c \xe2\x80\xa8 \xff", (1, 7)),
        (b"\xef\xbb\xbf\r\rlet\r\n \xff", (4, 2)),
        (b"let a = 3\n\xff", (2, 1)),
    ],
)
def test_lines_are_counted_before_a_byte_that_is_no_text(data: bytes, place: object) -> None:
    with pytest.raises(DiagnosticError) as caught:
        decode(data, "odd.bsc")
    span = caught.value.diagnostics[0].labels[0].span
    assert (span.line, span.column) == place


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_kind_of_line_end_has_its_carets(end: str) -> None:
    text = end.join(["# one \x0c", "let a == 1", "let b = 3 3", ""])
    shown = render_all(parse(text, "a").diagnostics, {"a": text})
    assert re.findall(r"--> (\S+)\n.*\| (.*)\n( *\^+)", shown) == [
        ("a:1:7", "# one \N{REPLACEMENT CHARACTER}", " " * 12 + "^"),
        ("a:2:7", "let a == 1", " " * 12 + "^^"),
        ("a:3:11", "let b = 3 3", " " * 16 + "^"),
    ]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (diagnostic,) = parse_file(tmp_path).diagnostics
    assert (diagnostic.code, diagnostic.message) == ("BSC2101", "this is a folder, expected a file")
    (diagnostic,) = parse_file(Path("a\0b")).diagnostics
    assert diagnostic.code == "BSC2101"

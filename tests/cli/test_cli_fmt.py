"""`bsc fmt`, and the examples of `bsc explain`."""

from __future__ import annotations

import io
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsc.cli.difference import difference

KEYS = {"changed", "unchanged", "failed", "check"}
UGLY = "let  a=3 # three\nlet b=`x y`"
NICE = "let a = 3  # three\nlet b = `x y`\n"


def test_files_are_written_anew_where_they_are_not_so_already(bsc: Callable) -> None:
    Path("ugly.bsc").write_text(UGLY)
    Path("nice.bsc").write_text(NICE)
    before = Path("nice.bsc").stat().st_mtime_ns
    ran = bsc("fmt", "ugly.bsc", "nice.bsc", "ugly.bsc", "--json")
    assert ran.code == 0
    assert set(ran.json) == KEYS
    assert ran.json["changed"] == ["ugly.bsc"]
    assert ran.json["unchanged"] == ["nice.bsc"]
    assert Path("ugly.bsc").read_text() == NICE
    assert Path("nice.bsc").stat().st_mtime_ns == before
    assert bsc("fmt", "ugly.bsc").out == "1 unchanged\n"


def test_check_changes_nothing_and_shows_what_would_be(bsc: Callable) -> None:
    Path("ugly.bsc").write_text(UGLY)
    Path("nice.bsc").write_text(NICE)
    ran = bsc("fmt", "--check", "nice.bsc", "ugly.bsc")
    assert ran.code == 1
    assert ran.out == (
        "ugly.bsc would be changed\n--- ugly.bsc\n+++ ugly.bsc (formatted)\n@@ -1,2 +1,2 @@\n"
        "-let  a=3 # three\n-let b=`x y`\n\\ no line end at the end of the file\n"
        "+let a = 3  # three\n+let b = `x y`\n1 changed, 1 unchanged\n"
    )
    assert Path("ugly.bsc").read_text() == UGLY
    ran = bsc("fmt", "--check", "ugly.bsc", "--json")
    assert (ran.code, ran.json["changed"], len(ran.out.splitlines())) == (1, ["ugly.bsc"], 1)
    assert bsc("fmt", "--check", "nice.bsc").code == 0


def patched(text: str, shown: str) -> str:
    """What a unified difference makes of a text."""
    old, made, at = text.splitlines(keepends=True), list[str](), 0
    for line in shown.splitlines(keepends=True)[2:]:
        heading = re.match(r"@@ -(\d+)(,0)?", line)
        if heading is not None:
            start = int(heading[1]) - (heading[2] is None)
            made, at = made + old[at:start], start
        elif line[0] == "+":
            made.append(line[1:])
        else:
            assert old[at] == line[1:]
            made, at = made + [line[1:]] * (line[0] == " "), at + 1
    return "".join(made + old[at:])


LINES = st.lists(st.sampled_from(["\n", "a\n", "}\n", *(f"{n}\n" for n in range(9))]), max_size=30)


@given(LINES, LINES, st.integers(1, 9))
def test_a_difference_in_windows_is_one_of_the_whole(
    old: list[str], new: list[str], window: int
) -> None:
    before, after = "".join(old), "".join(new)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bsc.cli.difference._WINDOW", window)
        assert patched(before, "".join(difference(before, after, "a", "b"))) == after


def test_a_difference_of_a_long_text_takes_no_time() -> None:
    text = "".join(f"let a{number} = {number}\n\n\n" for number in range(40_000))
    began = time.process_time()
    shown = "".join(difference(text, text.replace("\n\n\n", "\n\n"), "a", "b"))
    assert time.process_time() - began < 15  # about a second; minutes by the square of the length
    assert shown.count("\n-\n") == 40_000


def test_a_file_that_cannot_be_written_does_not_end_the_others(
    bsc: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.bsc", "b.bsc"):
        Path(name).write_text(UGLY)
    replace = os.replace

    def full(source: object, target: str | os.PathLike[str]) -> None:
        if Path(target).name == "a.bsc":
            raise OSError(28, "No space left on device")
        replace(str(source), target)

    monkeypatch.setattr(os, "replace", full)
    ran = bsc("fmt", "a.bsc", "b.bsc", "--json")
    assert ran.code == 1
    assert "no space left on device" in ran.err
    assert (ran.json["changed"], ran.json["failed"]) == (["b.bsc"], ["a.bsc"])
    assert Path("a.bsc").read_text() == UGLY
    assert Path("b.bsc").read_text() == NICE


def test_a_text_with_mistakes_is_told_and_left(bsc: Callable) -> None:
    Path("wrong.bsc").write_text("let  a = = 3\n")
    Path("ugly.bsc").write_text(UGLY)
    ran = bsc("fmt", "wrong.bsc", "none.bsc", ".", "ugly.bsc", "--json")
    assert ran.code == 1
    assert ran.json["failed"] == ["wrong.bsc", "none.bsc", "."]
    assert ran.json["changed"] == ["ugly.bsc"]
    assert "wrong.bsc:1:10" in ran.err
    assert "  1 | let  a = = 3\n               ^" in ran.err
    assert "there is no such file" in ran.err
    assert Path("wrong.bsc").read_text() == "let  a = = 3\n"


def test_a_file_keeps_its_mode_and_a_link_its_target(bsc: Callable) -> None:
    Path("real.bsc").write_text(UGLY)
    Path("real.bsc").chmod(0o640)
    Path("link.bsc").symlink_to("real.bsc")
    assert bsc("fmt", "link.bsc").code == 0
    assert Path("link.bsc").is_symlink()
    assert Path("real.bsc").read_text() == NICE
    assert Path("real.bsc").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("given", "options", "code", "out", "err"),
    [
        (UGLY.encode(), (), 0, NICE, ""),
        (UGLY.replace("\n", "\r\n").encode("utf-8-sig"), (), 0, NICE, ""),
        (UGLY.encode(), ("--check",), 1, "<stdin> would be changed", ""),
        (b"let a = = 3", (), 1, "", "  1 | let a = = 3\n"),
        (b"let a = \xff", (), 1, "", "byte 8 (0xff) is no UTF-8"),
        (UGLY.encode(), ("--json",), 0, '{"changed": ["<stdin>"]', NICE),
    ],
)
def test_stdin(
    bsc: Callable, monkeypatch: pytest.MonkeyPatch,
    given: bytes, options: tuple[str, ...], code: int, out: str, err: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    ran = bsc("fmt", "-", *options)
    assert ran.code == code
    assert out in ran.out
    assert err in ran.err
    if not options and not code:
        assert ran.out == NICE


def test_explain_shows_a_wrong_text_and_what_it_should_be(bsc: Callable) -> None:
    ran = bsc("explain", "BSC2108")
    assert ran.out.endswith("\nwrong:\n    let width = 0x40\n\nright:\n    let width = 64\n")
    found = bsc("explain", "BSC2104", "--json").json
    assert set(found) == {"code", "title", "text", "example", "mended"}
    assert "\\x07" in bsc("explain", "BSC2104").out
    assert bsc("explain", "BSC4003", "--json").json["example"] is None

"""Diagnostics on a terminal: a page at most, whatever the file that they point into."""

from __future__ import annotations

from bsc.diag import Diagnostic, render, render_all
from bsc.diag.diagnostic import Label, Span


def at(line: int, column: int, length: int = 1, message: str = "wrong") -> Diagnostic:
    return Diagnostic("BSC2001", message, labels=(Label(Span("a", line, column, length)),))


def test_a_caret_stands_under_what_is_wrong() -> None:
    shown = render(at(2, 5, 3), {"a": "one\n\tab cde f\r\n"}).splitlines()
    assert shown[1:] == ["  --> a:2:5", "  2 |  ab cde f", "          ^^^"]


def test_lines_are_counted_as_parsers_count_them() -> None:
    """As editors do: a form feed or a line separator in a comment does not end a line."""
    for end in ("\n", "\r\n", "\r"):
        text = f"# one\x0c two\u2028 three\x85{end}for{end}"
        shown = render(at(2, 1, 3), {"a": text}).splitlines()
        assert shown[2:] == ["  2 | for", "      ^^^"]


def test_of_a_long_line_the_part_around_the_caret_is_shown() -> None:
    text = "".join(f"{number:06}" for number in range(100_000))
    for column in (1, 50, 300_001, len(text), len(text) + 1):
        row, caret = render(at(1, column), {"a": text}).splitlines()[2:]
        assert len(row) < 220
        under = row[len(caret) - 1 : len(caret)]
        assert under == text[column - 1 : column]


def test_a_place_behind_what_was_read_is_named_without_a_caret() -> None:
    assert render(at(1, 1_000_000), {"a": "short"}).splitlines()[1:] == ["  --> a:1:1000000"]
    assert len(render(at(2, 1), {"a": "short"}).splitlines()) == 2


def test_long_messages_and_many_of_them_are_cut() -> None:
    assert len(render(at(1, 1, message="x" * 100_000))) < 2100
    shown = render_all([at(1, 1)] * 50_000, {"a": "x\n" * 50_000}).splitlines()
    assert shown[-1] == "and 49,900 more"
    assert len(shown) == 401

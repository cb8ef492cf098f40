"""Places of the language and of editors are the same character, whatever stands before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsc.frontend.dsl.ast import Place
from bsc.lsp.text import Position, Text, Units


@pytest.mark.parametrize(
    ("units", "character"), [(Units.UTF8, 12), (Units.UTF16, 9), (Units.UTF32, 8)]
)
def test_columns_count_what_was_agreed_on(units: Units, character: int) -> None:
    text = Text("a\n`ü 😀` -> b", units)
    # The column of `>` in characters, from 1: ` ü blank face ` blank - >
    assert text.position(2, 9)[0] == 1
    assert text.position(2, 9).character == character
    assert text.place(Position(1, character)) == (2, 9)


def test_all_line_ends_of_editors_are_known_and_no_others() -> None:
    text = Text("a\r\nb\rc\nd\u2028e")
    assert [text.position(line, 1) for line in (1, 2, 3, 4)] == [(0, 0), (1, 0), (2, 0), (3, 0)]
    assert text.position(4, 3) == (3, 2)
    assert text.place(Position(3, 2)) == (4, 3)


def test_a_byte_order_mark_is_a_character_of_the_editor_alone() -> None:
    text = Text("\ufefflet a = 1\nlet b = 2")
    assert text.position(1, 5) == (0, 5)
    assert text.place(Position(0, 5)) == (1, 5)
    assert text.place(Position(0, 0)) == (1, 1)
    assert text.position(2, 5) == (1, 4)


def test_what_is_outside_is_the_nearest_that_is_inside() -> None:
    text = Text("ab\n😀")
    assert text.position(9, 9) == (1, 2)
    assert text.place(Position(9, 9)) == (2, 2)
    assert text.place(Position(0, 99)) == (1, 3)
    assert text.whole() == ((0, 0), (1, 2))
    assert Text("").whole() == ((0, 0), (0, 0))
    assert Text("").place(Position(0, 0)) == (1, 1)


def test_what_is_underlined_ends_with_its_line() -> None:
    text = Text("model 😀\nx")
    assert text.underlined(1, 7, 50) == ((0, 6), (0, 8))
    assert text.underlined(2, 2, 1) == ((1, 1), (1, 1))
    assert text.range(Place(1, 1, 2, 2)) == ((0, 0), (1, 1))
    assert text.before(Position(0, 8)) == "model 😀"


@given(st.text(alphabet=st.sampled_from("ab `\t😀é\n\r\u2028\ud83d\ufeff")), st.sampled_from(Units))
def test_there_and_back_is_the_same_place(text: str, units: Units) -> None:
    made = Text(text, units)
    rows = 1 + max(made.place(made.whole().end)[0] - 1, 0)
    for line in range(1, rows + 1):
        for column in range(1, len(text) + 2):
            offset = made.offset(line, column)
            if offset and text[offset - 1 : offset + 1] == "\r\n":
                continue  # between the two halves of one line end
            back = made.place(made.position(line, column))
            assert made.offset(*back) == offset

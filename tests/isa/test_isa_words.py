"""Words: each has one meaning or none, and its text says it."""

from __future__ import annotations

import random

import pytest

from bsc.isa.assemble import assemble
from bsc.isa.fields import FieldError
from bsc.isa.image import Core, Image
from bsc.isa.instructions import BY_NAME, BY_OPCODE, RESERVED, TABLE
from bsc.isa.kinds import OPERAND_BITS, OperandKind
from bsc.isa.records import ChipLimits, Timing
from bsc.isa.text import line_of, ranges
from bsc.isa.words import Decoded, decode_word, encode_word
from bsc.testing.images import random_word

EMPTY = Image(
    bytes(32), ChipLimits(*[0] * 10), Timing(*[0] * 12), (), (), (), (), (), (Core(),), ()
)
HEAD = (
    f".isa 1.1\n.target {'0' * 64}\n"
    ".chip noise_bits=0 channel_depth=0 batch=0 bits=0 signs=0 sums=0 levels=0 labels=0 counts=0 "
    "backing=0\n"
    ".timing issue=0 host_bits=0 encode_lanes=0 read=0 neuron_lanes=0 readout=0 counter_lanes=0 "
    "pulse=0 pulse_lanes=0 link_bits=0 link_latency=0 queue=0\n.core 0\n"
)


def again(word: int) -> int:
    decoded = decode_word(word)
    return encode_word(decoded.name, **decoded.operands)


def test_ten_thousand_words_of_the_table_come_back_as_words_and_as_text() -> None:
    draw = random.Random(20)
    words = [random_word(draw, row) for row in TABLE for _ in range(10_000 // len(TABLE) + 1)]
    assert len(words) >= 10_000
    assert [again(word) for word in words] == words
    lines = [line_of(decode_word(word), EMPTY, 0) for word in words]
    assert list(assemble(HEAD + "\n".join(lines), "words.s").cores[0].code) == words


def test_any_64_bits_are_one_instruction_or_none() -> None:
    draw = random.Random(21)
    decoded = 0
    for _ in range(20_000):
        word = draw.getrandbits(64)
        if draw.random() < 0.8:  # else hardly one in a thousand would be an instruction
            row = draw.choice(TABLE)
            used = sum(OPERAND_BITS[operand.kind] for operand in row.operands)
            word = (word & ((1 << used) - 1)) << 8 | row.opcode
        try:
            found = again(word)
        except FieldError:
            continue
        assert found == word
        decoded += 1
    assert decoded > 5_000


def test_opcodes_without_a_row_are_refused() -> None:
    for opcode in range(256):
        if opcode not in BY_OPCODE:
            with pytest.raises(FieldError, match="undefined"):
                decode_word(opcode)
    for first, last, _ in RESERVED:
        assert not set(range(first, last + 1)) & set(BY_OPCODE)


def test_a_word_of_zeros_stops() -> None:
    assert line_of(decode_word(0), EMPTY, 0) == "trap 0"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_text_never_fails_whatever_the_operands_say(row) -> None:
    for number in (0, 1, 5, 12, 63, 0xFFF, 0xFFFF, 1 << 16, (1 << 32) - 1, 1 << 32, 1 << 40):
        for core in (0, 1, 255):
            operands = {operand.name: number for operand in row.operands}
            assert line_of(Decoded(row, operands), EMPTY, core).startswith(row.name)


def test_numbers_that_name_nothing_are_shown() -> None:
    for kind in (OperandKind.VECTOR, OperandKind.NEURON, OperandKind.READOUT, OperandKind.UPDATE):
        row = next(row for row in TABLE if any(o.kind is kind for o in row.operands))
        decoded = Decoded(row, {o.name: 7 for o in row.operands})
        assert "#7" in line_of(decoded, EMPTY, 0)
    loop = Decoded(BY_NAME["loop"], {"counter": 7, "count": 63})
    assert line_of(loop, EMPTY, 0) == "loop #7, #63"


def test_neighbours_are_written_as_ranges() -> None:
    assert ranges([0, 1, 2, 3, 5, 7]) == "0-3 5 7"
    assert ranges([4, 5]) == "4-5"
    assert ranges([]) == ""

"""Philox4x32-10 is the generator of its authors, at any shape of its arguments."""

from __future__ import annotations

import numpy as np
import pytest

from bsc.numerics.philox import philox4x32

# Random123, tests/kat_vectors, the three lines "philox4x32 10": counter, key, answer.
PUBLISHED = [
    (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def _words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), PUBLISHED)
def test_published_known_answers(counter: str, key: str, answer: str) -> None:
    words = philox4x32(*_words(key), *_words(counter))
    assert words.dtype == np.uint32
    assert words.tolist() == _words(answer)


def test_broadcasting_gives_the_words_of_single_calls() -> None:
    k0 = np.array([[1], [2]])
    c2 = np.array([0, 5, 0xFFFFFFFF])
    words = philox4x32(k0, 9, 3, 4, c2, 6)
    assert words.shape == (2, 3, 4)
    for i in range(2):
        for j in range(3):
            single = philox4x32(int(k0[i, 0]), 9, 3, 4, int(c2[j]), 6)
            assert words[i, j].tolist() == single.tolist()


def test_no_blocks_give_no_words() -> None:
    assert philox4x32(0, 0, np.arange(0), 0, 0, 0).shape == (0, 4)

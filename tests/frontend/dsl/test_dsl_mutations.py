"""Programs with words exchanged: whatever they say, they are checked without an exception."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from bsc.diag import render_all
from bsc.frontend.dsl.meaning.model import check
from bsc.frontend.dsl.syntax.parser import parse

CASES = Path(__file__).parents[2] / "errors" / "dsl_meaning"
PROGRAMS = [
    path.read_text(encoding="utf-8").partition("----\n")[0] for path in sorted(CASES.glob("*.txt"))
]
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|\d[\d_.e]*|->|\.\.|//|\*\*|\s+|.', re.DOTALL)


def kind(word: str) -> str:
    """Words of one kind are exchanged for each other, so that most programs can be parsed."""
    first = word[0]
    return "0" if first.isdigit() else "a" if first.isalpha() or first == "_" else first


WORDS: dict[str, list[str]] = {}
for program in PROGRAMS:
    for found in WORD.findall(program):
        WORDS.setdefault(kind(found), []).append(found)


@pytest.mark.parametrize("seed", range(4))
def test_exchanged_words(seed: int, tmp_path: Path) -> None:
    generator = random.Random(seed)
    read = 0
    for _ in range(250):
        words = WORD.findall(generator.choice(PROGRAMS))
        for _ in range(generator.randint(1, 3)):
            place = generator.randrange(len(words))
            words[place] = generator.choice(WORDS[kind(words[place])])
        text = "".join(words)
        parsed = parse(text, "mutated.bsc")
        if parsed.file is None:
            continue
        read += 1
        found = check(parsed.file, tmp_path)
        assert (found.model is None) == any(d.severity == "error" for d in found.diagnostics)
        assert render_all(found.diagnostics, {"mutated.bsc": text}) or not found.diagnostics
        assert all(fact.name for fact in found.facts)
    assert read > 50

"""Writes the TextMate grammar from the language's own tables: `python editors/textmate/make.py`.

The grammar stands in two places, because an extension of VS Code is a folder of its own. Regular
expressions keep to what Oniguruma and Python's `re` both read: the tests run them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bsc.frontend.dsl.meaning.functions import BARE_INITIALISERS
from bsc.frontend.dsl.meaning.operators import CONSTANTS, FUNCTIONS, OPERATORS
from bsc.frontend.dsl.meaning.section_checks import LAYER_SETTINGS, READOUTS, TRAIN_SETTINGS, WORDS
from bsc.frontend.dsl.syntax.tables import tables

TOP = Path(__file__).resolve().parents[1]
FILES = (
    TOP / "textmate" / "bsc.tmLanguage.json",
    TOP / "vscode" / "syntaxes" / "bsc.tmLanguage.json",
)

ENCODINGS = ("f32", "f64", "i32", "i64", "u8", "bool")
TRUTHS = ("true", "false")
DECLARING = ("let", "weights", "block", "model", "input", "output", "layer", "readout")

NAME = r"(?:[A-Za-z_][A-Za-z0-9_]*|`[^`\n]+`)"
PATH = rf"{NAME}(?:\s*\.\s*{NAME})*"

Rule = dict[str, Any]


def keywords() -> tuple[str, ...]:
    """The words of the language."""
    words = [w for w in tables().words if re.fullmatch("[a-z]+", w)]
    return tuple(sorted(w for w in words if w not in ("inf", "nan")))


def any_of(words: Iterable[str]) -> str:
    """A whole word of some."""
    return rf"\b(?:{'|'.join(sorted(words, key=lambda w: (-len(w), w)))})\b"


def match(name: str, pattern: str) -> Rule:
    """A rule for what one scope names."""
    return {"name": f"{name}.bsc", "match": pattern}


def parts(pattern: str, *names: str) -> Rule:
    """A rule whose groups have scopes of their own, or rules of their own with a `#`."""
    return {"match": pattern, "captures": _captures(names)}


def _captures(names: Iterable[str]) -> Rule:
    return {
        str(number): {"patterns": [{"include": name}]}
        if name.startswith("#")
        else {"name": f"{name}.bsc"}
        for number, name in enumerate(names, start=1)
        if name
    }


def includes(*names: str) -> list[Rule]:
    """Rules of the repository."""
    return [{"include": f"#{name}"} for name in names]


def grammar() -> Rule:
    """The grammar."""
    settings = {*TRAIN_SETTINGS, *LAYER_SETTINGS}
    words = {*READOUTS, *(word for given in WORDS.values() for word in given)}
    declaring = "|".join(DECLARING)
    expression = ("docstring", "string", "number", "flow", "bracket", "call", "word", "name",
                  "symbol")  # fmt: skip
    repository: dict[str, Rule] = {
        "comment": match("comment.line.number-sign", "#.*$"),
        "docstring": {
            "name": "string.quoted.docstring.bsc",
            "begin": '"""',
            "end": '"""',
        },
        "string": {
            "name": "string.quoted.double.bsc",
            "begin": '"',
            "end": '"|$',
            "patterns": [
                match("constant.character.escape", r"\\(?:[\"\\nt]|u\{[0-9A-Fa-f]{1,6}\})"),
                match("invalid.illegal.escape", r"\\."),
            ],
        },
        "number": {
            "patterns": [
                match(
                    "constant.numeric",
                    r"\b[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_])",
                ),
                match("constant.numeric", rf"{any_of(('inf', 'nan'))}(?!\s*=)"),
            ]
        },
        "name": {
            "patterns": [
                match("variable.other.quoted", r"`[^`\n]+`"),
                match("variable.other", r"\b[A-Za-z_][A-Za-z0-9_]*\b"),
            ]
        },
        "path": {"patterns": [match("entity.name", NAME), match("punctuation.accessor", r"\.")]},
        "declaration": {
            "patterns": [
                parts(rf"\b(model|block)\s+({NAME})", "keyword.declaration",
                      "entity.name.function"),
                parts(rf"\b({declaring})\s+({PATH})(?=\s*(?:[=:,;{{}}]|#|$))",
                      "keyword.declaration", "#path"),
            ]
        },
        "input-type": parts(rf"(:)\s*({any_of(ENCODINGS)})", "punctuation.separator.type",
                            "storage.type"),
        "train": {
            "name": "meta.train.bsc",
            "begin": r"\b(train)\s*(\{)",
            "beginCaptures": _captures(("keyword.declaration", "punctuation.section.braces")),
            "end": r"\}",
            "endCaptures": {"0": {"name": "punctuation.section.braces.bsc"}},
            "patterns": includes("plan-layer", "plan"),
        },
        "plan-layer": {
            "begin": rf"\b(layer)\s+({PATH})\s*(\{{)",
            "beginCaptures": _captures(
                ("keyword.declaration", "#path", "punctuation.section.braces")
            ),
            "end": r"\}",
            "endCaptures": {"0": {"name": "punctuation.section.braces.bsc"}},
            "patterns": includes("plan"),
        },
        "plan": {
            "patterns": [
                *includes("comment", "docstring"),
                match("support.type.property-name", rf"{any_of(settings)}(?=\s*=)"),
                *includes("declaration"),
                match("support.constant", any_of(words)),
                *includes(*expression),
            ]
        },
        "setting": parts(rf"\b([A-Za-z_]\w*(?:\.{NAME})+)(?=\s*=)", "support.type.property-name"),
        "flow": {
            "patterns": [
                parts(rf"(->)\s*({any_of(OPERATORS)})", "keyword.operator.flow",
                      "support.function.operator"),
                parts(r"(->)\s*(repeat)\b", "keyword.operator.flow", "keyword.control"),
                parts(rf"(->)\s*({NAME})", "keyword.operator.flow", "entity.name.function"),
                match("keyword.operator.flow", "->"),
                parts(rf"\b(as)\s+({NAME})", "keyword.other", "entity.name.label"),
            ]
        },
        "bracket": {
            "patterns": [
                {
                    "begin": opening,
                    "beginCaptures": {"0": {"name": f"punctuation.section.{kind}.bsc"}},
                    "end": closing,
                    "endCaptures": {"0": {"name": f"punctuation.section.{kind}.bsc"}},
                    "patterns": [
                        *includes("comment"),
                        match("variable.parameter", r"\b[A-Za-z_][A-Za-z0-9_]*(?=\s*=)"),
                        *includes(*expression),
                    ],
                }
                for kind, opening, closing in (
                    ("parens", r"\(", r"\)"), ("brackets", r"\[", r"\]"),
                )
            ]
        },
        "call": {
            "patterns": [
                match("support.function.builtin", rf"{any_of(FUNCTIONS)}(?=\s*\()"),
                match("support.function.operator", rf"{any_of(OPERATORS)}(?=\s*\()"),
            ]
        },
        "word": {
            "patterns": [
                match("constant.language", any_of(TRUTHS)),
                match("constant.language", rf"{any_of(set(CONSTANTS) - {'inf'})}(?!\s*=)"),
                match("support.constant", rf"{any_of(BARE_INITIALISERS)}(?!\s*=)"),
                match("keyword.control", any_of(("repeat",))),
                match(
                    "keyword.other",
                    any_of(set(keywords()) - {"repeat", *TRUTHS}) + r"(?!\s*[=.])",
                ),
            ]
        },
        "symbol": {
            "patterns": [
                match("keyword.operator.range", r"\.\."),
                match("keyword.operator.arithmetic", r"\*\*|//|[-+*/%]"),
                match("keyword.operator.assignment", "="),
                match("punctuation.separator", "[,;:]"),
                match("punctuation.section.braces", r"[{}]"),
            ]
        },
    }  # fmt: skip
    return {
        "$schema": (
            "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json"
        ),
        "information_for_contributors": ["Made by editors/textmate/make.py; change that one."],
        "name": "bsc",
        "scopeName": "source.bsc",
        "fileTypes": ["bsc"],
        "patterns": includes("comment", "docstring", "train", "setting", "input-type",
                             "declaration", *expression),
        "repository": repository,
    }  # fmt: skip


def text() -> str:
    """The grammar as it stands in the files."""
    return json.dumps(grammar(), indent=2) + "\n"


def main() -> None:
    """Write the files."""
    for file in FILES:
        file.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The TextMate grammar is the language's own tables, and colours every program that there is."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bsc.diag import CODES
from bsc.frontend.dsl.meaning.operators import FUNCTIONS, OPERATORS
from bsc.frontend.dsl.meaning.section_checks import LAYER_SETTINGS, TRAIN_SETTINGS
from bsc.frontend.dsl.syntax.lexing import cut
from bsc.frontend.dsl.syntax.parser import parse
from bsc.frontend.dsl.syntax.slips import Slips
from bsc.frontend.dsl.syntax.tables import tables

TOP = Path(__file__).resolve().parents[2]
EDITORS = TOP / "editors"
GRAMMAR = json.loads((EDITORS / "textmate" / "bsc.tmLanguage.json").read_text(encoding="utf-8"))

Rule = dict[str, Any]


# An engine as small as one can be: begin, end, match, captures, include.


@dataclass
class Level:
    """One rule with a beginning whose end is awaited."""

    rule: Rule
    scopes: tuple[str, ...]


@dataclass
class Painter:
    """Gives each character of a text its scopes."""

    repository: dict[str, Rule]
    painted: list[list[tuple[str, ...]]] = field(default_factory=list)

    def paint(self, text: str, patterns: list[Rule]) -> list[list[tuple[str, ...]]]:
        stack = [Level({"patterns": patterns}, ())]
        for line in text.split("\n"):
            self.painted.append([()] * len(line))
            self._line(line, stack, self.painted[-1])
        return self.painted

    def _line(self, line: str, stack: list[Level], row: list[tuple[str, ...]]) -> None:
        at = 0
        while at <= len(line):
            level = stack[-1]
            best: tuple[re.Match[str], Rule | None] | None = None
            if "end" in level.rule:
                found = re.compile(level.rule["end"]).search(line, at)
                best = (found, None) if found else None
            for rule in self._flat(level.rule.get("patterns", [])):
                found = re.compile(rule.get("match") or rule["begin"]).search(line, at)
                if found and (best is None or found.start() < best[0].start()):
                    best = (found, rule)
            if best is None:
                self._fill(row, at, len(line), level.scopes)
                return
            found, rule = best
            self._fill(row, at, found.start(), level.scopes)
            assert rule is None or found.end() > found.start(), rule
            if rule is None:
                self._captured(found, level.rule.get("endCaptures", {}), level.scopes, row)
                stack.pop()
            else:
                scopes = (*level.scopes, *filter(None, [rule.get("name")]))
                captures = rule.get("captures", {}) | rule.get("beginCaptures", {})
                self._captured(found, captures, scopes, row)
                if "begin" in rule:
                    stack.append(Level(rule, scopes))
            at = found.end()
            if at == len(line):
                ends = "end" in stack[-1].rule and re.compile(stack[-1].rule["end"]).match(line, at)
                if not ends:
                    return

    def _captured(
        self, found: re.Match[str], captures: Rule, scopes: tuple[str, ...],
        row: list[tuple[str, ...]],
    ) -> None:  # fmt: skip
        self._fill(row, found.start(), found.end(), scopes)
        for number, capture in captures.items():
            start, end = found.span(int(number))
            if start < 0:
                continue
            names = filter(None, [capture.get("name")])
            self._fill(row, start, end, (*scopes, *names))
            if "patterns" in capture:
                inner = Painter(self.repository)
                painted = inner.paint(found[int(number)], capture["patterns"])[0]
                for offset, more in enumerate(painted):
                    row[start + offset] = (*scopes, *more)

    def _flat(self, patterns: list[Rule]) -> list[Rule]:
        flat: list[Rule] = []
        for rule in patterns:
            if "include" in rule:
                flat += self._flat([self.repository[rule["include"].removeprefix("#")]])
            elif "match" in rule or "begin" in rule:
                flat.append(rule)
            else:
                flat += self._flat(rule["patterns"])
        return flat

    def _fill(
        self, row: list[tuple[str, ...]], start: int, end: int, scopes: tuple[str, ...]
    ) -> None:
        row[start:end] = [scopes] * (end - start)


def paint(text: str) -> list[list[tuple[str, ...]]]:
    return Painter(GRAMMAR["repository"]).paint(text, GRAMMAR["patterns"])


def scope(text: str, word: str, which: int = 0) -> str:
    """The innermost scope of the first character of a word, where it stands for the n-th time."""
    offset = -1
    for _ in range(which + 1):
        offset = text.index(word, offset + 1)
    before = text[:offset]
    found = paint(text)[before.count("\n")][offset - before.rfind("\n") - 1]
    return found[-1].removesuffix(".bsc") if found else ""


# What it is made of.


def test_the_files_are_what_the_tables_make(update_golden: bool) -> None:
    spec = importlib.util.spec_from_file_location("make", EDITORS / "textmate" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    if update_golden:
        make.main()
    for file in make.FILES:
        assert file.read_text(encoding="utf-8") == make.text(), f"{file}: --update-golden writes it"


def test_every_word_of_the_language_is_coloured() -> None:
    for name in OPERATORS:
        assert scope(f"y = x -> {name}", name) == "support.function.operator", name
        assert scope(f"layer l = {name}(1)", f"{name}(").startswith("support.function"), name
    for name in FUNCTIONS:
        assert scope(f"let a = {name}(1)", f"{name}(").startswith("support.function"), name
    for name in TRAIN_SETTINGS:
        assert scope(f"train {{ {name} = 1 }}", name) == "support.type.property-name", name
    for name in LAYER_SETTINGS:
        text = f"train {{\n  layer a.b {{ {name} = 1 }}\n}}"
        assert scope(text, name) == "support.type.property-name", name
    words = [word for word in tables().words if word.isalpha()]
    assert len(words) > 12
    for word in words:
        text = {
            "in": "input x: f32[1] in 0..1", "as": "y = x -> relu as b", "true": "let a = true",
            "false": "let a = false", "repeat": "y = x -> repeat 2 { relu }", "train": "train {\n}",
            "target": 'target "a" {', "readout": "train { readout y = softmax }",
        }.get(word, f"{word} name = 1")  # fmt: skip
        offset = text.index(f" {word} ") + 1 if f" {word} " in text else text.index(word)
        found = paint(text)[0][offset]
        assert found[-1].startswith(("keyword", "constant.language")), (word, found)
    for sign in tables().words:
        if not sign.isalpha() and sign not in "()[]{}.":
            assert scope(f"a {sign} b", sign).startswith(("keyword", "punctuation")), sign


TEXT = '''\
"""A docstring # no comment
let neither = 1 """ let a = "a \\" \\n \\u{1f600} \\q # no \\\\" # 😀 "no"
let `odd name 😀` = 1_000 + 0.5 - 1e-3 * inf
model m {
  input x: f32[28, 28] in 0..1
  h = x -> flatten -> dense(10, weights = w["a b"], bias = true) as first
    -> mine -> repeat 3 as i { relu }
  output `out put` = `odd name 😀` -> softmax(axis = -1)
}
train {
  rule = carry # the paper's }
  weights = random
  readout y = logistic
  layer first.inner { frozen = true; device = "pcm-128" }
}
target "x" { array.rows = 2 ** 5 }
'''


@pytest.mark.parametrize(
    ("word", "which", "expected"),
    [
        ("A docstring", 0, "string.quoted.docstring"),
        ("# no comment", 0, "string.quoted.docstring"),
        ("let neither", 0, "string.quoted.docstring"),
        ("let a", 0, "keyword.declaration"),
        ("a = ", 0, "entity.name"),
        ('"a ', 0, "string.quoted.double"),
        ('\\" ', 0, "constant.character.escape"),
        ("\\n", 0, "constant.character.escape"),
        ("\\u{1f600}", 0, "constant.character.escape"),
        ("\\q", 0, "invalid.illegal.escape"),
        ("# no \\", 0, "string.quoted.double"),
        ("# 😀", 0, "comment.line.number-sign"),
        ('"no"', 0, "comment.line.number-sign"),
        ("`odd name", 0, "entity.name"),
        ("`odd name", 1, "variable.other.quoted"),
        ("1_000", 0, "constant.numeric"),
        ("0.5", 0, "constant.numeric"),
        ("1e-3", 0, "constant.numeric"),
        ("inf", 0, "constant.numeric"),
        ("model", 0, "keyword.declaration"),
        ("m {", 0, "entity.name.function"),
        ("f32", 0, "storage.type"),
        ("in 0", 0, "keyword.other"),
        ("..", 0, "keyword.operator.range"),
        ("h = x", 0, "variable.other"),
        ("->", 0, "keyword.operator.flow"),
        ("flatten", 0, "support.function.operator"),
        ("weights = w", 0, "variable.parameter"),
        ("bias", 0, "variable.parameter"),
        ('"a b"', 0, "string.quoted.double"),
        ("true", 0, "constant.language"),
        ("as first", 0, "keyword.other"),
        ("first", 0, "entity.name.label"),
        ("mine", 0, "entity.name.function"),
        ("repeat", 0, "keyword.control"),
        ("relu", 0, "variable.other"),
        ("`out put`", 0, "entity.name"),
        ("axis", 0, "variable.parameter"),
        ("rule", 0, "support.type.property-name"),
        ("carry", 0, "support.constant"),
        ("# the paper's }", 0, "comment.line.number-sign"),
        ("weights = random", 0, "support.type.property-name"),
        ("random", 0, "support.constant"),
        ("readout", 0, "keyword.declaration"),
        ("layer first", 0, "keyword.declaration"),
        ("first", 1, "entity.name"),
        ("frozen", 0, "support.type.property-name"),
        ('"pcm-128"', 0, "string.quoted.double"),
        ("target", 0, "keyword.other"),
        ("array.rows", 0, "support.type.property-name"),
        ("**", 0, "keyword.operator.arithmetic"),
    ],
)
def test_scopes(word: str, which: int, expected: str) -> None:
    assert scope(TEXT, word, which) == expected


def programs() -> list[tuple[str, str]]:
    """Samples, snippets of the documents, and examples of the pages."""
    found = [(p.name, p.read_text(encoding="utf-8")) for p in sorted(TOP.rglob("samples/**/*.bsc"))]
    for document in [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]:
        snippets = re.findall(r"```bsc\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
        found += [(document.name, text) for text in snippets]
    for code, page in sorted(CODES.items()):
        if page.mended is not None and code.startswith("BSC2"):
            found.append((code, page.mended))
    return found


def test_there_are_programs() -> None:
    assert len(programs()) > 5


@pytest.mark.parametrize(("name", "text"), [*programs(), ("text", TEXT)])
def test_every_program_is_coloured_as_it_is_read(name: str, text: str) -> None:
    """What the lexer takes for a comment, a text, a number or a name has the colour of one."""
    del name
    grammar = tables()
    tokens = cut(text, grammar, Slips("text"))
    painted = paint(tokens.text)
    prefixes = {
        "STRING": ("string", "constant.character", "invalid"), "DOC": ("string",),
        "NUMBER": ("constant.numeric",), "ARROW": ("keyword.operator.flow",),
        "NAME": ("variable", "entity", "support", "constant.language", "storage.type"),
    }  # fmt: skip
    for token, kind in enumerate(tokens.kinds[:-1]):
        terminal = grammar.terminals[kind]
        wanted = prefixes.get(terminal)
        if wanted is None:
            continue
        line = tokens.lines[token]
        column = tokens.starts[token] - tokens.line_starts[line]
        scopes = painted[line - 1][column]
        assert scopes, (line, tokens.word(token))
        assert scopes[-1].startswith(wanted), (line, tokens.word(token), scopes)
    comments = [i for i, row in enumerate(painted) if row and any("comment" in s for s in row[-1])]
    assert len(comments) == sum(
        (gap.behind is not None) + sum(line is not None for line in gap.lines)
        for gap in tokens.gaps.values()
    )
    if parse(text).file is not None:  # nothing that is right is coloured as wrong
        assert not any("invalid" in s for row in painted for scopes in row for s in scopes)


def test_the_extension_names_files_that_are_there() -> None:
    folder = EDITORS / "vscode"
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    contributes = package["contributes"]
    (language,) = contributes["languages"]
    (grammar,) = contributes["grammars"]
    assert language["extensions"] == [".bsc"]
    assert grammar["scopeName"] == GRAMMAR["scopeName"] == "source.bsc"
    for path in (package["main"], language["configuration"], grammar["path"]):
        assert (folder / path).is_file(), path
    json.loads((folder / language["configuration"]).read_text(encoding="utf-8"))

"""Text to the tree of `bsc.frontend.dsl.ast`, or everything that is wrong with its syntax.

A line end ends a statement, except within ( ) and [ ], behind an operator, and where the next line
begins with `->`; the grammar sees only those that do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from bsc.diag import Diagnostic, DiagnosticError
from bsc.frontend.dsl.ast import File
from bsc.frontend.dsl.builder import Builder
from bsc.frontend.dsl.lexing import MAX_TOKENS, Tokens, cut
from bsc.frontend.dsl.reading import MAX_BYTES, read_source, too_large
from bsc.frontend.dsl.slips import Slips, report
from bsc.frontend.dsl.tables import (
    END,
    LBRACE,
    LPAR,
    NEWLINE,
    NOTHING,
    RBRACE,
    SEMI,
    Tables,
    tables,
)

MAX_BRACKETS = 64
"""Brackets that may be open at once."""

MAX_DEPTH = 128
"""Nodes of an expression that may stand one within the other; `a + b + c` has two."""


_GOES_ON = (
    *("ARROW", "PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "PERCENT", "POWER"),
    *("EQUAL", "COMMA", "COLON", "RANGE", "LBRACE", "DOC", "NEWLINE", "SEMI"),
)
"""Terminals behind which a line end means nothing."""


class Parsed(NamedTuple):
    """What a text says, or what is wrong with it.

    Attributes:
        file: the tree, None where there is a mistake.
        diagnostics: the mistakes, in the order of the text.
    """

    file: File | None
    diagnostics: tuple[Diagnostic, ...]


def parse_file(path: Path) -> Parsed:
    """Read a `.bsc` file; nothing is raised for what is in it, or for none being there."""
    try:
        text = read_source(path)
    except DiagnosticError as error:
        return Parsed(None, error.diagnostics)
    return parse(text, str(path))


def parse(text: str, source: str = "<text>") -> Parsed:
    """Read a text; nothing is raised, whatever it is.

    Args:
        text: of a file; `bsc.frontend.dsl.reading` reads one.
        source: what diagnostics call it.
    """
    if len(text) > MAX_BYTES:
        return Parsed(None, too_large(source).diagnostics)
    grammar = tables()
    of_tokens, of_grammar = Slips(source), Slips(source)
    tokens = cut(text, grammar, of_tokens)
    if tokens.too_many:
        at = tokens.where(len(tokens.kinds) - 1)
        of_grammar.add("BSC2102", f"more than {MAX_TOKENS} words, signs and lines", at)
        return Parsed(None, report(of_grammar))
    file = _Parser(tokens, grammar, source, of_grammar).run()
    mistakes = report(of_tokens, of_grammar)
    return Parsed(None if mistakes else file, mistakes)


class _Parser:
    """One run over the tokens."""

    def __init__(self, tokens: Tokens, grammar: Tables, source: str, slips: Slips) -> None:
        self._tokens = tokens
        self._grammar = grammar
        self._slips = slips
        self._doc = _file_doc(tokens, grammar)
        self._builder = Builder(tokens, grammar, source, slips, self._doc)
        self._makers = [getattr(self._builder, name) for name in grammar.makers]
        self._states = [grammar.start]
        self._values: list[Any] = []
        self._firsts: list[int] = []
        self._depths: list[int] = []
        self._open: list[int] = []
        numbers = grammar.numbers
        self._arrow = numbers["ARROW"]
        self._goes_on = frozenset(numbers[name] for name in _GOES_ON)

    def run(self) -> File | None:
        """The file, None where it cannot be read to its end."""
        kinds, goes_on, arrow = self._tokens.kinds, self._goes_on, self._arrow
        actions, gotos, makers = self._grammar.actions, self._grammar.gotos, self._makers
        steps = [(s.size, s.origin, s.maker, s.nests) for s in self._grammar.steps]
        states, values, firsts, depths = self._states, self._values, self._firsts, self._depths
        opened = self._open
        token = -1 if self._doc is None else self._doc
        begins = token + 1
        last = token
        while True:
            token += 1
            kind = kinds[token]
            if kind <= SEMI and kind:
                if opened and kinds[opened[-1]] != LBRACE:
                    if kind == NEWLINE:
                        continue
                elif token == begins:
                    continue
                elif kind == NEWLINE:
                    if kinds[token - 1] in goes_on or kinds[token + 1] == arrow:
                        continue
                elif kinds[token - 1] in (LBRACE, NEWLINE, SEMI):
                    continue
                else:
                    kind = NEWLINE
            while True:
                action = actions[states[-1]][kind]
                if action < 0:
                    size, origin, maker, nests = steps[~action]
                    if maker < 0:
                        states[-1] = gotos[states[-2]][origin]
                        continue
                    if size == 1:
                        first = firsts[-1]
                        values[-1] = makers[maker]([values[-1]], first, last)
                        states[-1] = gotos[states[-2]][origin]
                        continue
                    if size:
                        first = firsts[-size]
                        depth = max(depths[-size:]) + nests
                        value = makers[maker](values[-size:], first, last)
                        del states[-size:], values[-size:], firsts[-size:], depths[-size:]
                        if depth > MAX_DEPTH:
                            message = f"more than {MAX_DEPTH} values one within the other"
                            at = self._tokens.where(first)
                            self._slips.add("BSC2102", message, at)
                            return None
                    else:
                        first, depth, value = token, 0, makers[maker]([], token, last)
                    states.append(gotos[states[-1]][origin])
                    values.append(value)
                    firsts.append(first)
                    depths.append(depth)
                    continue
                break
            if action == NOTHING:
                if kind == END and states[-1] == self._grammar.end:
                    file: File = values[-1]
                    return file
                at = self._tokens.where(token)
                message = f"found `{self._tokens.word(token)}`, which cannot stand here"
                self._slips.add("BSC2109", message, at)
                return None
            states.append(action)
            values.append(token)
            firsts.append(token)
            depths.append(0)
            last = token
            if LPAR <= kind <= RBRACE:
                if kind <= LBRACE:
                    opened.append(token)
                    if len(opened) > MAX_BRACKETS:
                        message = f"more than {MAX_BRACKETS} brackets one within the other"
                        self._slips.add("BSC2102", message, self._tokens.where(token))
                        return None
                else:
                    opened.pop()


def _file_doc(tokens: Tokens, grammar: Tables) -> int | None:
    """The docstring of the file: the first thing in it, with an empty line behind it, or alone."""
    kinds, doc = tokens.kinds, grammar.numbers["DOC"]
    first = 1 if kinds[0] == NEWLINE else 0
    if kinds[first] != doc:
        return None
    behind = first + 1 + (kinds[first + 1] == NEWLINE)
    gap = tokens.gaps.get(behind)
    alone = kinds[behind] in (END, doc)
    return first if alone or (gap is not None and gap.lines[:1] == [None]) else None

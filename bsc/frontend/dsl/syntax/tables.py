"""The grammar as tables: lark makes them of `grammar.lark`, `machine` beside it runs them.

The loop over the tables is our own for two reasons: a text of many thousand tokens is read several
times faster without an object for each token and each step of the grammar, and going on behind a
mistake needs the stack in hand.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from lark import Lark, Token
from lark.grammar import Rule
from lark.lexer import Lexer, PatternStr

END, NEWLINE, SEMI = 0, 1, 2
LPAR, LSQB, LBRACE, RPAR, RSQB, RBRACE = range(3, 9)
"""Terminals that decide about the layout of a text come first, so that the others are told from
them by one comparison."""

_FIRST = ("$END", "NEWLINE", "SEMI", "LPAR", "LSQB", "LBRACE", "RPAR", "RSQB", "RBRACE")
_BESIDE = ("BROKEN", "SEMI", "WRONG")
"""Terminals that are not written in the grammar's words: what could not be read, `;` (a line end
where one may be), and what is no token. The grammar knows the first alone."""

NOTHING = 1 << 20
"""The action on a terminal that may not stand in a state."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do when all symbols of a rule are there.

    Attributes:
        size: how many symbols.
        origin: the nonterminal that they become.
        maker: the number of the name of what is made, -1 to hand the one symbol on.
        nests: whether the node made holds the others, so that trees become deeper.
    """

    size: int
    origin: int
    maker: int
    nests: int


@dataclass(frozen=True, slots=True)
class Tables:
    """A LALR(1) parser.

    Attributes:
        terminals: names; their numbers stand for them everywhere else.
        numbers: the other way round.
        words: terminals that are always written the same, such as `let` and `->`.
        nonterminals: numbers of what is made of terminals.
        actions: by state and terminal: the next state, `~number` of a step, or `NOTHING`.
        gotos: by state and nonterminal, -1 where there is none.
        entered: by state: the terminal that leads to it, -1 for those behind a nonterminal.
        steps: one for each rule.
        makers: names of what is made, by number.
        start: the first state.
        end: the state in which the text may end.
    """

    terminals: tuple[str, ...]
    numbers: dict[str, int]
    words: dict[str, int]
    nonterminals: dict[str, int]
    actions: tuple[tuple[int, ...], ...]
    gotos: tuple[tuple[int, ...], ...]
    entered: tuple[int, ...]
    steps: tuple[Step, ...]
    makers: tuple[str, ...]
    start: int
    end: int


_NESTING = frozenset(
    "flow repeat indexed_repeat binary unary index paren group array call bare_call".split()
)


@functools.cache
def tables() -> Tables:
    """The tables, made once in a process (some 50 ms)."""
    text = (
        resources.files("bsc.frontend.dsl.syntax")
        .joinpath("grammar.lark")
        .read_text(encoding="utf-8")
    )
    # `lexing` cuts the text; lark's own lexer would only be made for nothing.
    lark = Lark(text, parser="lalr", lexer=_NoLexer, maybe_placeholders=False)
    conf = lark.parse_interactive("").parser_state.parse_conf
    return _dense(conf.states, conf.start_state, conf.end_state, list(lark.terminals))


def _dense(states: dict[Any, Any], start: Any, end: Any, defined: list[Any]) -> Tables:
    known = {*_BESIDE, *(t.name for t in defined)}
    names = [*_FIRST, *sorted(known - set(_FIRST))]
    rules = list(
        dict.fromkeys(
            found for row in states.values() for _, found in row.values() if isinstance(found, Rule)
        )
    )
    origins = sorted({rule.origin.name for rule in rules})
    makers = sorted({rule.alias for rule in rules if rule.alias is not None})
    order = {state: number for number, state in enumerate(states)}
    step_of = {rule: ~number for number, rule in enumerate(rules)}

    def action(row: dict[str, Any], name: str) -> int:
        if name not in row:
            return NOTHING
        found = row[name][1]
        return step_of[found] if isinstance(found, Rule) else order[found]

    def step(rule: Rule) -> Step:
        size, origin = len(rule.expansion), origins.index(rule.origin.name)
        if rule.alias is not None:
            return Step(size, origin, makers.index(rule.alias), int(rule.alias in _NESTING))
        if size != 1:
            raise ValueError(f"{rule} has no name for what it makes")
        return Step(size, origin, -1, 0)

    numbers = {name: number for number, name in enumerate(names)}
    entered = [-1] * len(states)
    for row in states.values():
        for name in row.keys() & numbers.keys():
            if not isinstance(row[name][1], Rule):
                entered[order[row[name][1]]] = numbers[name]
    return Tables(
        terminals=tuple(names),
        nonterminals={name: number for number, name in enumerate(origins)},
        numbers=numbers,
        words={t.pattern.value: numbers[t.name] for t in defined if _is_word(t)},
        actions=tuple(tuple(action(row, name) for name in names) for row in states.values()),
        gotos=tuple(
            tuple(order[row[name][1]] if name in row else -1 for name in origins)
            for row in states.values()
        ),
        entered=tuple(entered),
        steps=tuple(map(step, rules)),
        makers=tuple(makers),
        start=order[start],
        end=order[end],
    )


def _is_word(terminal: Any) -> bool:
    return isinstance(terminal.pattern, PatternStr)


class _NoLexer(Lexer):
    """What lark asks for and nobody uses."""

    def __init__(self, configuration: object) -> None:
        del configuration

    def lex(self, lexer_state: object, parser_state: object) -> Iterator[Token]:
        """No tokens."""
        del lexer_state, parser_state
        return iter(())

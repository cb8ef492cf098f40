"""What the parser knows where it cannot go on: what is there, and what could be."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bsc.frontend.dsl.syntax.lexing import Tokens
from bsc.frontend.dsl.syntax.slips import Where
from bsc.frontend.dsl.syntax.tables import LBRACE, LPAR, NEWLINE, NOTHING, RBRACE, Tables


class Body(StrEnum):
    """Whose lines are being read; the value is how messages call one of them."""

    FILE = "an item"
    NETWORK = "a statement"
    PLAN = "a line of a train section"
    SETTINGS = "a setting"


_LINES = {
    "documented_item": Body.FILE,
    "documented_statement": Body.NETWORK,
    "documented_plan_line": Body.PLAN,
    "documented_setting": Body.SETTINGS,
}
ITEMS = ("let", "weights", "block", "model", "train", "target")
STATEMENTS = ("input", "let", "weights", "layer", "output")
BEGINNINGS = {
    Body.FILE: ITEMS,
    Body.NETWORK: STATEMENTS,
    Body.PLAN: ("readout", "layer"),
    Body.SETTINGS: (),
}
"""Words that begin a line, by where it stands."""

_NAMED = frozenset(("LET", "WEIGHTS", "BLOCK", "MODEL", "INPUT", "OUTPUT", "LAYER", "READOUT"))


@dataclass(slots=True)
class Stack:
    """The parser's stack, shared with it: what changes there changes here.

    Attributes:
        states: of the tables.
        firsts: the first token of each symbol.
        values: what was made of each symbol.
        depths: nodes one within the other in each symbol.
        opened: tokens of the brackets that are open.
        looks: tokens that may still be looked at to find where brackets close; without a bound,
            a text of many open brackets would be looked through once for each.
    """

    states: list[int]
    looks: int
    firsts: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Scene:
    """One place where a text does not go on as it should.

    Attributes:
        tokens: of the text.
        grammar: the tables.
        stack: of the parser.
        at: the token found.
        kind: its terminal; a line end for `;` where one may be.
        begin: the first token of the statement or item.
        body: whose lines are being read.
    """

    tokens: Tokens
    grammar: Tables
    stack: Stack
    at: int
    kind: int
    begin: int = field(init=False)
    body: Body = field(init=False)
    _expected: frozenset[str] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        depth = line_depth(self.grammar, self.stack.states)
        firsts = self.stack.firsts
        self.begin = firsts[depth] if depth < len(firsts) else self.at
        self.body = body_of(self.grammar, self.stack.states[depth])

    @property
    def found(self) -> str:
        """The terminal found."""
        return self.grammar.terminals[self.kind]

    @property
    def head(self) -> int:
        """The first token of the statement or item behind its docstring."""
        head = self.begin
        if self.terminal(head) == "DOC":
            head = min(self.tokens.beyond(head), self.at)
        return head

    @property
    def before(self) -> int:
        """The token before it, line ends left out; -1 for none."""
        return self.tokens.before(self.at)

    @property
    def follows(self) -> str:
        """The terminal before it, `$END` for none."""
        return self.terminal(self.before) if self.before >= 0 else "$END"

    @property
    def expected(self) -> frozenset[str]:
        """Terminals that may stand here."""
        if self._expected is None:
            row = self.grammar.actions[self.stack.states[-1]]
            self._expected = frozenset(
                name
                for kind, name in enumerate(self.grammar.terminals)
                if row[kind] != NOTHING and accepts(self.grammar, self.stack.states, kind)
            )
        return self._expected

    @property
    def at_beginning(self) -> bool:
        """Whether a statement begins here."""
        return "BROKEN" in self.expected

    @property
    def wants_value(self) -> bool:
        """Whether a value may stand here."""
        return "NUMBER" in self.expected

    @property
    def wants_stage(self) -> bool:
        """Whether a stage of a flow may stand here."""
        words = self.expected
        return "REPEAT" in words and "NAME" in words and "LET" not in words

    @property
    def opener(self) -> int | None:
        """The token of the innermost bracket that this statement has opened."""
        opened = self.stack.opened
        return opened[-1] if opened and opened[-1] >= self.begin else None

    def terminal(self, token: int) -> str:
        """The name of a token's terminal."""
        return self.grammar.terminals[self.tokens.kinds[token]]

    def word(self, token: int) -> str:
        """A token as messages show it."""
        word = self.tokens.word(token).partition("\n")[0]
        return word if len(word) <= 40 else f"{word[:37]}..."

    @property
    def shown(self) -> str:
        """What was found, in words."""
        match self.found:
            case "$END":
                return "the text ends"
            case "NEWLINE":
                return "the line ends"
            case "STRING":
                return f"found the string {self.word(self.at)}"
            case "NUMBER":
                return f"found the number {self.word(self.at)}"
            case "DOC":
                return "found a docstring"
            case _:
                return f"found `{self.word(self.at)}`"

    @property
    def where(self) -> Where:
        """Where it was found; for the end of a line or of the text, behind what is before it."""
        if self.found in ("$END", "NEWLINE"):
            return self.behind(self.before)
        return self.tokens.where(self.at)

    def behind(self, token: int) -> Where:
        """The place right behind a token."""
        if token < 0:
            return 1, 1, 1
        place = self.tokens.place(token, token)
        if self.terminal(token) == "DOC":  # which may end on a later line
            text = self.tokens.word(token)
            line = place.line + text.count("\n")
            last = text.rpartition("\n")[2]
            return line, len(last) + 1 + (place.column - 1 if line == place.line else 0), 1
        return place.line, place.end_column, 1

    def first_of_line(self, token: int) -> int:
        """The first token on the line of one, or of the statement where that is behind it."""
        return max(self.begin, bisect_left(self.tokens.lines, self.tokens.lines[token]))

    def indentation(self, token: int) -> int:
        """The column of the first token on the line of one."""
        return self.tokens.where(bisect_left(self.tokens.lines, self.tokens.lines[token]))[1]

    def begins_line(self, token: int) -> bool:
        """Whether a token is the first of its line."""
        return token == 0 or self.tokens.kinds[token - 1] == NEWLINE


def line_depth(grammar: Tables, states: list[int]) -> int:
    """How deep in the stack the innermost state is in which a statement, item or setting begins."""
    broken = grammar.numbers["BROKEN"]
    depth, closed = len(states) - 1, 0
    while closed or grammar.actions[states[depth]][broken] == NOTHING:
        # A body that has ended is still there as long as nothing right stands behind it.
        entered = grammar.entered[states[depth]]
        if entered == RBRACE:
            closed += 1
        elif entered == LBRACE and closed:
            closed -= 1
        depth -= 1
    return depth


def body_of(grammar: Tables, state: int) -> Body:
    """Whose lines begin in a state."""
    row = grammar.gotos[state]
    return next(body for name, body in _LINES.items() if row[grammar.nonterminals[name]] >= 0)


def accepts(grammar: Tables, states: list[int], kind: int) -> bool:
    """Whether a terminal may stand next: tables that join states promise more than they keep."""
    stack = list(states)
    while True:
        action = grammar.actions[stack[-1]][kind]
        if action == NOTHING:
            return kind == 0 and stack[-1] == grammar.end
        if action >= 0:
            return True
        step = grammar.steps[~action]
        if step.size:
            del stack[-step.size :]
        stack.append(grammar.gotos[stack[-1]][step.origin])


def begins_surely(tokens: Tokens, grammar: Tables, token: int) -> bool:
    """Whether tokens can only be the beginning of a statement or item, such as `let x`."""
    kinds, names = tokens.kinds, grammar.terminals
    first = names[kinds[token]]
    second = kinds[token + 1] if token + 1 < len(kinds) else 0
    if first in _NAMED:
        return names[second] == "NAME"
    if first == "TARGET":
        return names[second] == "STRING"
    return first == "TRAIN" and second == LBRACE


def begins_likely(tokens: Tokens, grammar: Tables, token: int) -> bool:
    """Whether tokens look like the beginning of a statement: also `h =` and `a, b =`."""
    if begins_surely(tokens, grammar, token):
        return True
    kinds, names = tokens.kinds, grammar.terminals
    for _ in range(32):
        if names[kinds[token]] != "NAME":
            return False
        if names[kinds[token + 1]] == "EQUAL":
            return True
        if names[kinds[token + 1]] != "COMMA":
            return False
        token += 2
    return False


def is_open(kind: int) -> bool:
    """Whether a terminal is one of ( [ {."""
    return LPAR <= kind <= LBRACE


def is_close(kind: int) -> bool:
    """Whether a terminal is one of ) ] }."""
    return LBRACE < kind <= RBRACE

"""Makes the nodes of `bsc.frontend.dsl.ast`, one function for each name in `grammar.lark`.

Each takes the values of a rule's symbols (for a token its number) and the numbers of the first and
last token of them all.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, TypeAlias

from bsc.frontend.dsl import ast
from bsc.frontend.dsl.syntax.comments import Beside
from bsc.frontend.dsl.syntax.lexing import Tokens
from bsc.frontend.dsl.syntax.slips import Slips
from bsc.frontend.dsl.syntax.strings import read_doc, read_string
from bsc.frontend.dsl.syntax.tables import Tables

V: TypeAlias = list[Any]


class Builder:
    """The makers of nodes for one text; what strings and numbers have wrong goes to `slips`."""

    def __init__(
        self, tokens: Tokens, tables: Tables, source: str, slips: Slips, doc: int | None
    ) -> None:
        """Take a text; `doc` is the token of the file's docstring."""
        self._tokens = tokens
        self._source = source
        self._slips = slips
        self._doc = doc
        self._beside = Beside(tokens, doc)
        self._place = tokens.place
        self._true = tables.numbers["TRUE"]

    # Lists, growing at their end: the list is the value of each of its beginnings.

    def nothing(self, v: V, first: int, last: int) -> list[Any]:
        """An empty list."""
        return []

    def first(self, v: V, first: int, last: int) -> V:
        """A list of one."""
        return v

    def next(self, v: V, first: int, last: int) -> V:
        """One more, behind a sign."""
        items: V = v[0]
        items.append(v[2])
        return items

    def pair(self, v: V, first: int, last: int) -> V:
        """A list of two."""
        return [v[0], v[2]]

    def inside(self, v: V, first: int, last: int) -> V:
        """A list between brackets."""
        items: V = v[1]
        return items

    def but_line_end(self, v: V, first: int, last: int) -> V:
        """A list with a line end behind it."""
        items: V = v[0]
        return items

    def first_name(self, v: V, first: int, last: int) -> list[ast.Name]:
        """A list of one name."""
        return [self._name(v[0])]

    def next_name(self, v: V, first: int, last: int) -> V:
        """One more name."""
        items: V = v[0]
        items.append(self._name(v[2]))
        return items

    def first_statement(self, v: V, first: int, last: int) -> V:
        """The first statement of a body, or item of the file, with its comments."""
        return [self._beside.statement(v[0], first, last)]

    def next_statement(self, v: V, first: int, last: int) -> V:
        """One more, on the next line."""
        items: V = v[0]
        items.append(self._beside.statement(v[2], self._tokens.beyond(v[1]), last))
        return items

    def next_listed(self, v: V, first: int, last: int) -> V:
        """One more stage or argument, with the comments between them."""
        items: V = v[0]
        items[-1], node = self._beside.listed(items[-1], v[1], v[2])
        items.append(node)
        return items

    def documented(self, v: V, first: int, last: int) -> Any:
        """An item or statement with a docstring."""
        doc = read_doc(self._tokens.word(v[0]))
        return None if v[1] is None else replace(v[1], doc=doc)

    def broken(self, v: V, first: int, last: int) -> None:
        """What could not be read."""

    # The file and its items.

    def file(self, v: V, first: int, last: int) -> ast.File:
        """All of a text."""
        end = len(self._tokens.kinds) - 1
        doc = None if self._doc is None else read_doc(self._tokens.word(self._doc))
        items = tuple(v[0]) if v else ()
        above = ast.NO_COMMENTS if self._doc is None else self._beside.above(self._doc)
        return ast.File(items, self._source, doc, above, self._beside.end(end))

    def plain_block(self, v: V, first: int, last: int) -> ast.Block:
        """A block without parameters."""
        return self._block(v[1], [], v[3], first, last)

    def empty_block(self, v: V, first: int, last: int) -> ast.Block:
        """A block with nothing in its parentheses."""
        return self._block(v[1], [], v[5], first, last)

    def block(self, v: V, first: int, last: int) -> ast.Block:
        """A block with parameters."""
        return self._block(v[1], v[3], v[7], first, last)

    def _block(self, name: int, parameters: V, body: V, first: int, last: int) -> ast.Block:
        ends = self._beside.end(last)
        return ast.Block(
            self._name(name), tuple(parameters), tuple(body), end_comments=ends,
            at=self._place(first, last),
        )  # fmt: skip

    def parameter(self, v: V, first: int, last: int) -> ast.Parameter:
        """A parameter of a block."""
        return ast.Parameter(self._name(v[0]), None, self._place(first, last))

    def default_parameter(self, v: V, first: int, last: int) -> ast.Parameter:
        """A parameter that may be left out."""
        return ast.Parameter(self._name(v[0]), v[2], self._place(first, last))

    def model(self, v: V, first: int, last: int) -> ast.Model:
        """The model."""
        ends, at = self._beside.end(last), self._place(first, last)
        return ast.Model(self._name(v[1]), tuple(v[3]), end_comments=ends, at=at)

    def train(self, v: V, first: int, last: int) -> ast.Train:
        """The train section."""
        ends, at = self._beside.end(last), self._place(first, last)
        return ast.Train(tuple(v[2]), end_comments=ends, at=at)

    def bare_target(self, v: V, first: int, last: int) -> ast.TargetSection:
        """A target as it is."""
        return ast.TargetSection(self._string(v[1]), (), at=self._place(first, last))

    def target(self, v: V, first: int, last: int) -> ast.TargetSection:
        """A target with settings."""
        ends, at = self._beside.end(last), self._place(first, last)
        return ast.TargetSection(self._string(v[1]), tuple(v[3]), end_comments=ends, at=at)

    # Statements.

    def bare_input(self, v: V, first: int, last: int) -> ast.Input:
        """An input of a block."""
        return ast.Input(self._name(v[1]), at=self._place(first, last))

    def input(self, v: V, first: int, last: int) -> ast.Input:
        """An input with its type."""
        name, encoding = self._name(v[1]), self._name(v[3])
        return ast.Input(name, encoding, tuple(v[4]), at=self._place(first, last))

    def ranged_input(self, v: V, first: int, last: int) -> ast.Input:
        """An input with its type and range."""
        name, encoding, at = self._name(v[1]), self._name(v[3]), self._place(first, last)
        return ast.Input(name, encoding, tuple(v[4]), v[6], v[8], at=at)

    def let(self, v: V, first: int, last: int) -> ast.Let:
        """A constant."""
        return ast.Let(self._name(v[1]), v[3], at=self._place(first, last))

    def weights(self, v: V, first: int, last: int) -> ast.Weights:
        """A file of tensors."""
        return ast.Weights(self._name(v[1]), self._string(v[3]), at=self._place(first, last))

    def layer(self, v: V, first: int, last: int) -> ast.LayerDef:
        """A layer with a name."""
        return ast.LayerDef(self._name(v[1]), v[3], at=self._place(first, last))

    def assign(self, v: V, first: int, last: int) -> ast.Assign:
        """Names for values."""
        return ast.Assign(tuple(v[0]), v[2], at=self._place(first, last))

    def bare_output(self, v: V, first: int, last: int) -> ast.Output:
        """An output that has its value already."""
        return ast.Output(self._name(v[1]), at=self._place(first, last))

    def output(self, v: V, first: int, last: int) -> ast.Output:
        """An output and its value."""
        return ast.Output(self._name(v[1]), v[3], at=self._place(first, last))

    # Sections.

    def readout(self, v: V, first: int, last: int) -> ast.Readout:
        """How an output is read."""
        return ast.Readout(self._name(v[1]), self._name(v[3]), at=self._place(first, last))

    def layer_plan(self, v: V, first: int, last: int) -> ast.LayerPlan:
        """What is different for one layer."""
        ends, at = self._beside.end(last), self._place(first, last)
        return ast.LayerPlan(tuple(v[1]), tuple(v[3]), end_comments=ends, at=at)

    def setting(self, v: V, first: int, last: int) -> ast.Setting:
        """A key and its value."""
        return ast.Setting(tuple(v[0]), v[2], at=self._place(first, last))

    # Expressions.

    def flow(self, v: V, first: int, last: int) -> ast.Flow:
        """Values through stages."""
        stages = v[2]
        _, stages[0] = self._beside.listed(None, v[1], stages[0])
        return ast.Flow(v[0], tuple(stages), self._place(first, last))

    def stage(self, v: V, first: int, last: int) -> ast.Stage:
        """A stage without a label."""
        return ast.Stage(v[0], at=self._place(first, last))

    def labelled_stage(self, v: V, first: int, last: int) -> ast.Stage:
        """A stage with a label."""
        return ast.Stage(v[0], self._name(v[2]), at=self._place(first, last))

    def repeat(self, v: V, first: int, last: int) -> ast.Repeat:
        """Stages several times over."""
        return self._repeat(v[1], None, v[3], v[2], last, self._place(first, last))

    def indexed_repeat(self, v: V, first: int, last: int) -> ast.Repeat:
        """Stages several times over, counted."""
        return self._repeat(v[1], self._name(v[3]), v[5], v[4], last, self._place(first, last))

    def _repeat(
        self,
        times: ast.Expr,
        index: ast.Name | None,
        stages: V,
        opening: int,
        last: int,
        at: ast.Place,
    ) -> ast.Repeat:
        inner = tuple(self._beside.enclosed(stages, opening, last))
        ends = tuple(line for line in self._beside.end(last).lead if line is not None)
        return ast.Repeat(times, index, inner, end_comments=ends, at=at)

    def binary(self, v: V, first: int, last: int) -> ast.Binary:
        """Two operands."""
        operator = v[1]
        return ast.Binary(
            self._tokens.word(operator), v[0], v[2], self._place(first, last),
            self._place(operator, operator),
        )  # fmt: skip

    def unary(self, v: V, first: int, last: int) -> ast.Unary:
        """One operand."""
        return ast.Unary("-", v[1], self._place(first, last))

    def index(self, v: V, first: int, last: int) -> ast.Index:
        """One of several."""
        return ast.Index(v[0], v[2], self._place(first, last))

    def number(self, v: V, first: int, last: int) -> ast.Number:
        """A number; one that is told to be wrong already is 0."""
        text = self._tokens.word(first)
        try:
            value: int | float = int(text) if len(text) <= 40 else float(text)
        except ValueError:
            value = self._float(text, first)
        return ast.Number(value, text, self._place(first, first))

    def _float(self, text: str, token: int) -> float:
        if text == "nan":
            return math.nan
        try:
            value = float(text)
        except ValueError:
            return 0.0
        if math.isinf(value) and text != "inf":
            help = "the largest is 1.7976931348623157e308; `inf` is beyond all"
            message = f"{text[:40]} is beyond double precision"
            self._slips.add("BSC2108", message, self._tokens.where(token), help=help)
        return value

    def string(self, v: V, first: int, last: int) -> ast.String:
        """A string."""
        return self._string(first)

    def truth(self, v: V, first: int, last: int) -> ast.Truth:
        """`true` or `false`."""
        return ast.Truth(self._tokens.kinds[first] == self._true, self._place(first, first))

    def name(self, v: V, first: int, last: int) -> ast.Name:
        """A name, or a word where a name may stand."""
        return self._name(v[0])

    def paren(self, v: V, first: int, last: int) -> ast.Paren:
        """An expression in parentheses."""
        return ast.Paren(v[1], self._place(first, last))

    def group(self, v: V, first: int, last: int) -> ast.Group:
        """Several values together."""
        return ast.Group(tuple(v[1]), self._place(first, last))

    def empty_array(self, v: V, first: int, last: int) -> ast.Array:
        """An array of nothing."""
        return ast.Array((), self._place(first, last))

    def array(self, v: V, first: int, last: int) -> ast.Array:
        """An array."""
        return ast.Array(tuple(v[1]), self._place(first, last))

    def bare_call(self, v: V, first: int, last: int) -> ast.Call:
        """A call without arguments."""
        return ast.Call(self._name(v[0]), (), self._place(first, last))

    def call(self, v: V, first: int, last: int) -> ast.Call:
        """A call."""
        arguments = tuple(self._beside.enclosed(v[2], v[1], last))
        return ast.Call(self._name(v[0]), arguments, self._place(first, last))

    def argument(self, v: V, first: int, last: int) -> ast.Argument:
        """An argument by its place."""
        return ast.Argument(None, v[0], at=self._place(first, last))

    def named_argument(self, v: V, first: int, last: int) -> ast.Argument:
        """An argument by its name."""
        name = v[0]
        return ast.Argument(name.name, v[2], at=self._place(first, last), name_at=name.at)

    def _name(self, token: int) -> ast.Name:
        text = self._tokens.word(token)
        if text[:1] == "`":
            text = text.strip("`")
        return ast.Name(text, self._place(token, token))

    def _string(self, token: int) -> ast.String:
        tokens = self._tokens
        value = read_string(tokens.word(token), tokens.where(token), self._slips)
        return ast.String(value, self._place(token, token))

"""From expressions to values: numbers at compile time, tensors, words; flows are made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, pi
from typing import Protocol

from bsc.frontend.dsl.ast import (
    Array,
    Binary,
    Call,
    Expr,
    Flow,
    Group,
    Index,
    Name,
    Number,
    Paren,
    Place,
    String,
    Truth,
    Unary,
)
from bsc.frontend.dsl.meaning import functions, tensors
from bsc.frontend.dsl.meaning.bounds import MEMBERS
from bsc.frontend.dsl.meaning.numbers import ArithmeticProblem, binary, negative, whole
from bsc.frontend.dsl.meaning.operators import FUNCTIONS, OPERATORS
from bsc.frontend.dsl.meaning.problems import Abandoned, Problems
from bsc.frontend.dsl.meaning.scope import Scope, suggestion
from bsc.frontend.dsl.meaning.values import (
    BlockValue,
    Initialiser,
    LayerValue,
    Listed,
    Live,
    Several,
    Tensor,
    Value,
    shown,
)
from bsc.frontend.dsl.meaning.weights import TensorFile
from bsc.frontend.dsl.syntax.expression_layout import name_text

MOST_NESTED = 150
"""Expressions within expressions, those of the blocks around included: well within what Python's
own stack holds."""

_READING = frozenset(("load", "open", "read", "file", "npz", "safetensors", "onnx"))
"""What other languages call that reads a file."""

MOST_NAMES = 4
"""Inputs that a message names; of more it says `x`."""


class Maker(Protocol):
    """What makes nodes of the graph; outside of models and blocks nothing does."""

    def flow(self, expr: Flow, scope: Scope) -> Value:
        """The value of `x -> ..`."""
        ...

    def arithmetic(
        self, operator: str, left: Value, right: Value, expr: Binary, scope: Scope
    ) -> Value:
        """The value of arithmetic with at least one value of the graph."""
        ...

    def negated(self, value: Live, expr: Unary, scope: Scope) -> Value:
        """The value of -x."""
        ...


@dataclass(slots=True)
class Evaluator:
    """Evaluates expressions of one file.

    Attributes:
        problems: where problems go.
        maker: makes flows and arithmetic on values.
        depth: expressions that are being evaluated within each other.
    """

    problems: Problems
    maker: Maker
    depth: int = 0

    def value(self, expr: Expr, scope: Scope) -> Value:
        """What an expression stands for.

        Raises:
            Abandoned: it has no value; why was recorded.
        """
        self.enter(expr.at)
        try:
            return self._value(expr, scope)
        finally:
            self.leave()

    def enter(self, at: Place) -> None:
        """Go one level deeper; whoever enters leaves.

        Raises:
            Abandoned: it is too deep.
        """
        if self.depth >= MOST_NESTED:
            raise self.problems.error(
                "BSC2209",
                f"expressions are nested more than {MOST_NESTED} deep, those of the blocks around "
                "included",
                at,
                help="name a part of it with let, or write the inner blocks out",
            )
        self.depth += 1

    def leave(self) -> None:
        """Come back from one level."""
        self.depth -= 1

    def _value(self, expr: Expr, scope: Scope) -> Value:
        match expr:
            case Number():
                return self._number(expr)
            case Name():
                return self._name(expr, scope)
            case Flow():
                return self.maker.flow(expr, scope)
            case Call():
                return self._call(expr, scope)
            case Index():
                return self._index(expr, scope)
            case Binary():
                return self._binary(expr, scope)
            case Array():
                return Listed(self._items(expr.items, scope), expr.at)
            case Group():
                return self._group(expr, scope)
            case Paren():
                return self.value(expr.inner, scope)
            case Unary():
                return self._unary(expr, scope)
            case String() | Truth():
                return expr.value

    def _items(self, items: Sequence[Expr], scope: Scope) -> tuple[Value, ...]:
        """All items; each one that fails is reported before the whole is given up."""
        found: list[Value] = []
        failed: Abandoned | None = None
        for item in items:
            try:
                found.append(self.value(item, scope))
            except Abandoned as error:
                failed = error
        if failed is not None:
            raise failed
        return tuple(found)

    def _number(self, expr: Number) -> Value:
        if isinstance(expr.value, float):
            return expr.value
        try:
            return whole(expr.value)
        except ArithmeticProblem as error:
            raise self.problems.error("BSC2304", str(error), expr.at) from None

    def _name(self, expr: Name, scope: Scope) -> Value:
        if scope.find(expr.name) is None:
            if expr.name in functions.BARE_INITIALISERS:
                scope.facts.note(expr.at, expr.name, "function", None, None,
                                 FUNCTIONS[expr.name].doc)  # fmt: skip
                return Initialiser(expr.name, at=expr.at)
            if expr.name == "pi":
                return pi
            if expr.name == "inf":
                return inf
        return scope.use(expr)

    def _group(self, expr: Group, scope: Scope) -> Value:
        members: list[Live | Tensor | int | float] = []
        for item, value in zip(expr.items, self._items(expr.items, scope), strict=True):
            if isinstance(value, Several):
                self.problems.spend(MEMBERS, len(value.items), item.at)
                members.extend(value.items)
            elif isinstance(value, Live | Tensor | int | float) and not isinstance(value, bool):
                members.append(value)
            elif isinstance(value, Listed):
                members.append(tensors.as_tensor(value, None, self.problems))
            else:
                raise self.problems.error(
                    "BSC2204",
                    f"a group holds values that flow together, found {shown(value)}",
                    item.at,
                )
        return Several(tuple(members), expr.at)

    def _unary(self, expr: Unary, scope: Scope) -> Value:
        value = self.value(expr.operand, scope)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return negative(value)
        if isinstance(value, Live):
            return self.maker.negated(value, expr, scope)
        if isinstance(value, Tensor):
            return tensors.tensor_arithmetic("*", value, -1, expr.at, self.problems)
        raise self.problems.error(
            "BSC2305", f"- is for numbers and values, found {shown(value)}", expr.operand.at
        )

    def _binary(self, expr: Binary, scope: Scope) -> Value:
        # `a + b + c + ..` leans to the left, up to 128 deep: along that side nothing is entered, so
        # that a sum takes one level of MOST_NESTED however long it is.
        spine = [expr]
        while isinstance(spine[-1].left, Binary):
            spine.append(spine[-1].left)
        value: Value | None = None
        try:
            value = self.value(spine[-1].left, scope)
        except Abandoned:
            pass
        for node in reversed(spine):
            try:
                right = self.value(node.right, scope)
                if value is not None:
                    value = self._computed(node, value, right, scope)
            except Abandoned:
                value = None
        if value is None:
            raise Abandoned
        return value

    def _computed(self, expr: Binary, left: Value, right: Value, scope: Scope) -> Value:
        left, right = self._as_tensors(left, right), self._as_tensors(right, left)
        for value, operand in ((left, expr.left), (right, expr.right)):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number and not isinstance(value, Live | Tensor):
                word = "an array" if isinstance(value, Listed) else shown(value)
                raise self.problems.error(
                    "BSC2305",
                    f"{expr.operator} is for numbers, tensors and values, found {shown(value)}",
                    operand.at,
                    word,
                    help="f32([..]) makes a tensor of an array"
                    if isinstance(value, Listed)
                    else None,
                )
        if isinstance(left, Live) or isinstance(right, Live):
            return self.maker.arithmetic(expr.operator, left, right, expr, scope)
        if isinstance(left, int | float) and isinstance(right, int | float):
            try:
                return binary(expr.operator, left, right)
            except ArithmeticProblem as error:
                base = f"({shown(left)})" if left < 0 else shown(left)
                message = f"{base} {expr.operator} {shown(right)}: {error}"
                raise self.problems.error("BSC2304", message, expr.at) from None
        return tensors.tensor_arithmetic(expr.operator, left, right, expr.at, self.problems)

    def _as_tensors(self, value: Value, other: Value) -> Value:
        """An array beside a tensor or a value of the graph is a tensor of the same encoding."""
        if not isinstance(value, Listed) or not isinstance(other, Live | Tensor):
            return value
        dtype = tensors.DTYPES.get(other.type.encoding)
        return tensors.as_tensor(value, dtype, self.problems)

    def _index(self, expr: Index, scope: Scope) -> Value:
        base = self.value(expr.base, scope)
        index = self.value(expr.index, scope)
        if isinstance(base, TensorFile):
            if not isinstance(index, str):
                raise self.problems.error(
                    "BSC2207",
                    f"a tensor of a file is named by a text, found {shown(index)}",
                    expr.index.at,
                    help='write w["fc1.weight"]',
                )
            tensor = base.tensor(index, expr.index.at, expr.at, self.problems)
            scope.facts.note(expr.index.at, index, "tensor", tensor, base.at)
            return tensor
        if not isinstance(base, Listed | Several):
            raise self.problems.error(
                "BSC2204",
                f"[..] chooses from arrays, groups and files of weights, found {shown(base)}",
                expr.base.at,
            )
        if isinstance(index, bool) or not isinstance(index, int):
            raise self.problems.error(
                "BSC2207", f"an index is a whole number, found {shown(index)}", expr.index.at
            )
        count = len(base.items)
        if not -count <= index < count:
            raise self.problems.error(
                "BSC2309",
                f"the index {index} is outside of {shown(base)}, which has {count} elements",
                expr.index.at,
                others=[(base.at, f"{count} elements")],
                help=f"from 0 to {count - 1}, or from -{count} for the end" if count else None,
            )
        return base.items[index]

    def _call(self, expr: Call, scope: Scope) -> Value:
        name = expr.callee.name
        row = FUNCTIONS.get(name)
        if row is None:
            raise self._no_function(expr, scope)
        scope.facts.note(expr.callee.at, name, "function", None, None, row.doc)
        given: list[functions.Given] = []
        failed: Abandoned | None = None
        for argument in expr.arguments:
            try:
                value = self.value(argument.value, scope)
                given.append(functions.Given(argument.name, value, argument))
            except Abandoned as error:
                failed = error
        if failed is not None:
            raise failed
        return functions.call(row, given, expr, self.problems)

    def _no_function(self, expr: Call, scope: Scope) -> Abandoned:
        name, at = expr.callee.name, expr.callee.at
        entry = scope.find(name)
        block = entry is not None and isinstance(entry.value, BlockValue | LayerValue)
        if name in OPERATORS or block:
            kind = "an operator" if name in OPERATORS else f"a {entry.kind if entry else ''}"
            inputs = _as_inputs(expr, scope) if expr.arguments else ".."
            return self.problems.error(
                "BSC2204",
                f"{name} is {kind}; it stands behind ->, not in front of its input",
                at,
                help=f"write {inputs} -> {name}; what stands in parentheses are its arguments",
            )
        files = 'tensors of a file come in by weights w = "mlp.safetensors"'
        return self.problems.error(
            "BSC2201",
            f"there is no function {name}",
            at,
            "not defined",
            help=files
            if name in _READING
            else partial(suggestion, name, [*FUNCTIONS, *OPERATORS], "functions"),
        )

    def constant(self, expr: Expr, scope: Scope, what: str) -> Value:
        """An expression that must be known at compile time.

        Raises:
            Abandoned: it is a value of the graph, or has none.
        """
        value = self.value(expr, scope)
        if isinstance(value, Live | Several):
            raise self.problems.error(
                "BSC2214",
                f"{what} is known at compile time, found {shown(value)}, which is computed from "
                "the input",
                expr.at,
            )
        return value


def _as_inputs(call: Call, scope: Scope) -> str:
    """How what a call gives would stand in front of an arrow; `x` where it is not a few values."""
    names = [a.value.name for a in call.arguments if a.name is None and isinstance(a.value, Name)]
    entries = [entry for name in names if (entry := scope.find(name)) is not None]
    live = [entry for entry in entries if isinstance(entry.value, Live)]
    if len(live) < len(call.arguments) or len(live) > MOST_NAMES:
        return "x"
    texts = [name_text(name) for name in names]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"

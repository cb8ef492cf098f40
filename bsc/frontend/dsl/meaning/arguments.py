"""Arguments of operators: bound to parameters, checked against their kinds, as plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from bsc.diag import nearest
from bsc.frontend.dsl.ast import Argument, Call, Expr, Name, Place
from bsc.frontend.dsl.meaning import tensors
from bsc.frontend.dsl.meaning.expressions import Evaluator
from bsc.frontend.dsl.meaning.numbers import is_number, number_text
from bsc.frontend.dsl.meaning.operators import Kind, Operator, Parameter
from bsc.frontend.dsl.meaning.problems import Abandoned
from bsc.frontend.dsl.meaning.scope import Scope, suggestion
from bsc.frontend.dsl.meaning.values import Initialiser, Listed, Live, Tensor, Value, shown

_Kept = TypeVar("_Kept")

ENCODINGS = tuple(tensors.DTYPES)
_WORDS = (Kind.WORD, Kind.ENCODING, Kind.PADDING)


@dataclass(slots=True)
class Arguments:
    """Arguments of one operator by name; those left out are absent.

    Attributes:
        values: numbers, tuples of numbers, words, tensors or initialisers, as kinds say.
        places: where each stands.
    """

    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def get(self, name: str, default: _Kept) -> _Kept:
        """An argument of the default's kind, or the default."""
        return self.values.get(name, default)  # type: ignore[return-value]


def pair_up(
    what: str,
    names: Sequence[str],
    arguments: Sequence[Argument],
    signature: str,
    scope: Scope,
) -> tuple[dict[str, Argument], Abandoned | None]:
    """Arguments by the parameters that they are for, those by place first.

    Args:
        what: whose arguments they are, for messages.
        names: of the parameters.
        arguments: as they were given.
        signature: how it is called.
        scope: holds where problems go.

    Returns:
        The arguments that fit, and the last problem.
    """
    problems = scope.problems
    bound: dict[str, Argument] = {}
    failed: Abandoned | None = None
    for place, argument in enumerate(arguments):
        name = argument.name
        if name is None:
            if place >= len(names) or arguments[place - 1 if place else 0].name is not None:
                count = f"{len(names)} argument{'s' * (len(names) != 1)}"
                late = place < len(names)
                failed = problems.error(
                    "BSC2206",
                    f"{what} has an argument by place behind one by name"
                    if late
                    else f"{what} takes {count if names else 'no arguments'}, found "
                    f"{len(arguments)}",
                    argument.at,
                    help=f"write {signature}",
                )
                continue
            name = names[place]
        elif name not in names:
            failed = problems.error(
                "BSC2205",
                f"{what} has no argument {name}",
                argument.name_at,
                "unknown",
                help=partial(suggestion, name, list(names), "its arguments"),
            )
            continue
        if name in bound:
            failed = problems.error(
                "BSC2206",
                f"the argument {name} of {what} is given twice",
                argument.at,
                "given again here",
                others=[(bound[name].at, "first given here")],
            )
            continue
        bound[name] = argument
    return bound, failed


def bind(row: Operator, what: Name | Call, scope: Scope, evaluator: Evaluator) -> Arguments:
    """The arguments of an operator, checked.

    Raises:
        Abandoned: some are wrong or missing; all problems were recorded.
    """
    given = what.arguments if isinstance(what, Call) else ()
    names = [p.name for p in row.parameters]
    bound, failed = pair_up(row.name, names, given, row.signature, scope)
    found = Arguments()
    for parameter in row.parameters:
        argument = bound.get(parameter.name)
        if argument is None:
            if parameter.required and failed is None:
                failed = scope.problems.error(
                    "BSC2206",
                    f"{row.name} lacks its argument {parameter.name} ({parameter.doc})",
                    what.at,
                    help=f"write {row.signature}",
                )
            continue
        try:
            value = _Kinds(row, parameter, scope, evaluator).value(argument.value)
        except Abandoned as error:
            failed = error
            continue
        found.values[parameter.name] = value
        found.places[parameter.name] = argument.value.at
        if argument.name is not None:
            scope.facts.note(argument.name_at, argument.name, "parameter", None, None,
                             parameter.doc)  # fmt: skip
    if failed is not None:
        raise failed
    return found


@dataclass(slots=True)
class _Kinds:
    """Brings one argument into the form of its parameter's kind."""

    row: Operator
    parameter: Parameter
    scope: Scope
    evaluator: Evaluator

    def value(self, expr: Expr) -> object:
        """The argument as a plain value.

        Raises:
            Abandoned: it is of another kind; recorded.
        """
        kind = self.parameter.kind
        given: Value | None = None
        if kind in _WORDS and isinstance(expr, Name) and self.scope.find(expr.name) is None:
            given = expr.name
        elif kind is Kind.OPERAND:
            given = self.evaluator.value(expr, self.scope)
        else:
            what = f"{self.parameter.name} of {self.row.name}"
            given = self.evaluator.constant(expr, self.scope, what)
        found = self._converted(kind, given, expr)
        if found is None:
            raise self._refuse(given, expr)
        return found

    def _converted(self, kind: Kind, given: Value, expr: Expr) -> object:
        match kind:
            case Kind.WHOLE:
                return self._whole(given, expr)
            case Kind.NUMBER:
                return self._number(given, expr)
            case Kind.NUMBERS:
                items = given.items if isinstance(given, Listed) else (given,)
                numbers = [self._number(item, expr) for item in items]
                return None if None in numbers else tuple(numbers)
            case Kind.TRUTH:
                return given if isinstance(given, bool) else None
            case Kind.PAIR:
                return self._pair(given, expr)
            case Kind.PADDING:
                return self._padding(given, expr)
            case Kind.AXES:
                return self._wholes(given, expr)
            case Kind.ENCODING:
                return self._word(given, expr, ENCODINGS)
            case Kind.WORD:
                return given if isinstance(given, str) else None
            case _:
                return self._tensor(kind, given)

    def _refuse(self, given: Value, expr: Expr) -> Abandoned:
        help = f"{self.row.signature}; {self.parameter.name}: {self.parameter.doc}"
        if self.parameter.name == "weights" and is_number(given):
            made = self.row.parameters[0].name
            help = f"{self.row.name} is told its {made} alone; its inputs are what flows in"
        return self.scope.problems.error(
            "BSC2207",
            f"{self.parameter.name} of {self.row.name} is {shown(given)}, expected "
            f"{self.parameter.kind}",
            expr.at,
            help=help,
        )

    def _bounded(self, number: int, expr: Expr) -> int:
        least = self.parameter.least
        if least is not None and number < least:
            raise self.scope.problems.error(
                "BSC2307",
                f"{self.parameter.name} of {self.row.name} is {number}, expected a whole number "
                f"from {least}",
                expr.at,
            )
        return number

    def _whole(self, given: Value, expr: Expr) -> int | None:
        if isinstance(given, bool) or not isinstance(given, int):
            return None
        return self._bounded(given, expr)

    def _number(self, given: Value, expr: Expr) -> float | None:
        if not isinstance(given, int | float) or isinstance(given, bool):
            return None
        open_ended = self.row.name == "clip" or self.parameter.kind is Kind.NUMBERS
        if math.isnan(given) or (math.isinf(given) and not open_ended):
            raise self.scope.problems.error(
                "BSC2307",
                f"{self.parameter.name} of {self.row.name} is {number_text(given)}, expected a "
                "finite number",
                expr.at,
            )
        return float(given)

    def _wholes(self, given: Value, expr: Expr) -> tuple[int, ...] | None:
        if not isinstance(given, Listed):
            return None
        numbers = [self._whole(item, expr) for item in given.items]
        return None if None in numbers else tuple(n for n in numbers if n is not None)

    def _pair(self, given: Value, expr: Expr) -> tuple[int, ...] | None:
        number = self._whole(given, expr)
        if number is not None:
            return (number, number)
        pair = self._wholes(given, expr)
        return pair if pair is not None and len(pair) == 2 else None

    def _padding(self, given: Value, expr: Expr) -> object:
        if isinstance(given, str):
            return self._word(given, expr, ("same",))
        number = self._whole(given, expr)
        if number is not None:
            return (number,) * 4
        pads = self._wholes(given, expr)
        if pads is not None and len(pads) == 2:
            return (*pads, *pads)
        return pads if pads is not None and len(pads) == 4 else None

    def _word(self, given: Value, expr: Expr, words: Sequence[str]) -> str | None:
        if not isinstance(given, str):
            return None
        if given not in words:
            near = nearest(given, words, 1)
            raise self.scope.problems.error(
                "BSC2207",
                f"{self.parameter.name} of {self.row.name} is {given}, expected "
                f"{self.parameter.kind}",
                expr.at,
                help=f"did you mean {near[0]}?" if near else f"known: {', '.join(words)}",
            )
        return given

    def _tensor(self, kind: Kind, given: Value) -> object:
        if isinstance(given, Tensor):
            return given
        if isinstance(given, Listed) and kind is Kind.OPERAND:
            return given  # its encoding is that of the other operand
        if isinstance(given, Listed):
            # Weights are floats, whole as they may be written; an index keeps its whole numbers.
            floats = kind in (Kind.WEIGHTS, Kind.BIAS)
            dtype = tensors.DTYPES["f32"] if floats else None
            return tensors.as_tensor(given, dtype, self.scope.problems)
        if kind is Kind.OPERAND and (is_number(given) or isinstance(given, Live)):
            return given
        if kind in (Kind.WEIGHTS, Kind.BIAS) and isinstance(given, Initialiser):
            return given
        return given if kind is Kind.BIAS and isinstance(given, bool) else None

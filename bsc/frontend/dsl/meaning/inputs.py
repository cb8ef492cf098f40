"""Inputs: encoding, shape of a sample, and which numbers are p = 0 and p = 1."""

from __future__ import annotations

import math

from bsc.diag import nearest
from bsc.frontend.dsl.ast import Expr, Input, Name
from bsc.frontend.dsl.meaning.expressions import Evaluator
from bsc.frontend.dsl.meaning.problems import Abandoned
from bsc.frontend.dsl.meaning.scope import Scope
from bsc.frontend.dsl.meaning.values import BATCH, shape_text, shown
from bsc.frontend.onnx.tensors import MAX_ELEMENTS, MAX_RANK
from bsc.ir.types import Encoding, TensorType

_ENCODINGS = tuple(
    str(e) for e in (Encoding.F32, Encoding.F64, Encoding.U8, Encoding.I32, Encoding.I64)
)

_BATCHES = frozenset({"n", "b", "batch", "batch_size", "none"})
"""What other tools call the batch."""


def input_type(statement: Input, scope: Scope, evaluator: Evaluator) -> TensorType:
    """The type that an input declares, the batch in front.

    Raises:
        Abandoned: no encoding, an unknown one, or no shape; recorded.
    """
    problems, name = scope.problems, statement.name.name
    if statement.encoding is None:
        raise problems.error(
            "BSC2303",
            f"the input {name} has no type",
            statement.name.at,
            help=f"write input {name}: f32[784], with the shape of one sample",
        )
    word = statement.encoding.name
    if word not in _ENCODINGS:
        near = nearest(word, _ENCODINGS, 1)
        raise problems.error(
            "BSC2302",
            f"the input {name} is of {word[:40]}, expected {', '.join(_ENCODINGS)}",
            statement.encoding.at,
            help=f"did you mean {near[0]}?" if near else None,
        )
    shape: list[int] = []
    failed: Abandoned | None = None
    for expr in statement.shape:
        try:
            shape.append(_extent(expr, name, scope, evaluator))
        except Abandoned as error:
            failed = error
    if failed is not None:
        raise failed
    count = math.prod(shape)
    if not shape or len(shape) >= MAX_RANK:
        raise problems.error(
            "BSC2303",
            f"a sample of the input {name} has {len(shape)} dimensions, expected 1 to "
            f"{MAX_RANK - 1}",
            statement.at,
        )
    if count > MAX_ELEMENTS:
        raise problems.error(
            "BSC2306",
            f"the input {name} has the shape {shape_text(tuple(shape))}: {count} elements a "
            f"sample, at most {MAX_ELEMENTS} are taken",
            statement.at,
        )
    return TensorType(Encoding(word), (BATCH, *shape))


def _extent(expr: Expr, name: str, scope: Scope, evaluator: Evaluator) -> int:
    if isinstance(expr, Name) and expr.name.lower() in _BATCHES and not scope.find(expr.name):
        raise scope.problems.error(
            "BSC2303",
            f"{expr.name} is no extent of the input {name}: a shape is that of one sample",
            expr.at,
            help="leave the batch out; it is always the first dimension, and open",
        )
    value = evaluator.constant(expr, scope, f"an extent of the input {name}")
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise scope.problems.error(
            "BSC2303",
            f"an extent of the input {name} is {shown(value)}, expected a whole number from 1",
            expr.at,
            help="a shape is that of one sample; the batch is not part of it",
        )
    return value


def input_range(statement: Input, scope: Scope, evaluator: Evaluator) -> tuple[float, float] | None:
    """The numbers that are p = 0 and p = 1; None where none are declared.

    Raises:
        Abandoned: they are no range; recorded.
    """
    if statement.low is None or statement.high is None:
        return None
    bounds = []
    for expr in (statement.low, statement.high):
        value = evaluator.constant(expr, scope, "a bound of a range")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise scope.problems.error(
                "BSC2308", f"a bound of a range is {shown(value)}, expected a number", expr.at
            )
        bounds.append(float(value))
    low, high = bounds
    if not (low < high and math.isfinite(high - low)):
        raise scope.problems.error(
            "BSC2308",
            f"the range {low:g}..{high:g} is empty or has no finite width",
            statement.low.at,
            others=[(statement.high.at, "its upper bound")],
            help="write in 0..1, the lower bound first",
        )
    return low, high

"""Shape rules that the float operators share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import cast

from bsc.ir.opdef import Attrs, TypeRuleError
from bsc.ir.types import Dim, Encoding, Stage, TensorType

SOURCE_ONLY = frozenset({Stage.SOURCE})
"""For what a crossbar takes over: nothing of it is left after SOURCE."""

EVERY_STAGE = frozenset(Stage)
"""For what may also run beside the array, in front of it or behind it."""

NUMBERS = (Encoding.F32, Encoding.I32, Encoding.I64)
"""Encodings that arithmetic accepts."""


def integer(attrs: Attrs, name: str) -> int:
    """An attribute of kind INT."""
    return cast(int, attrs[name])


def integers(attrs: Attrs, name: str) -> tuple[int, ...]:
    """An attribute of kind INTS."""
    return cast("tuple[int, ...]", attrs[name])


def number(attrs: Attrs, name: str) -> float:
    """An attribute of kind FLOAT."""
    return cast(float, attrs[name])


def numbers(attrs: Attrs, name: str) -> tuple[float, ...]:
    """An attribute of kind FLOATS."""
    return cast("tuple[float, ...]", attrs[name])


def shape_text(shape: Iterable[Dim]) -> str:
    """A shape as diagnostics write it."""
    return "[" + ", ".join(str(d) for d in shape) + "]"


def expect(value: TensorType, what: str, encodings: Sequence[Encoding]) -> None:
    """Refuse an encoding that is none of `encodings`."""
    if value.encoding not in encodings:
        wanted = " or ".join(encodings)
        raise TypeRuleError(f"{what} is {value}, expected {wanted}")


def expect_float(value: TensorType, what: str) -> None:
    """Refuse everything but f32."""
    expect(value, what, (Encoding.F32,))


def elementwise(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    """Type rule of f32 functions of one element."""
    expect_float(inputs[0], "the input")
    return [inputs[0]]


def broadcast(a: Sequence[Dim], b: Sequence[Dim]) -> tuple[Dim, ...]:
    """The shape two operands meet in: aligned at the right, 1 stretches, names equal themselves."""
    rank = max(len(a), len(b))
    left = (1,) * (rank - len(a)) + tuple(a)
    right = (1,) * (rank - len(b)) + tuple(b)
    result: list[Dim] = []
    for x, y in zip(left, right, strict=True):
        if x == y or y == 1:
            result.append(x)
        elif x == 1:
            result.append(y)
        else:
            raise TypeRuleError(
                f"shapes {shape_text(a)} and {shape_text(b)} do not broadcast: {x} against {y}"
            )
    return tuple(result)


def axis_of(axis: int, rank: int) -> int:
    """A possibly negative axis as 0..rank-1."""
    if not -rank <= axis < rank:
        raise TypeRuleError(f"axis {axis} is outside a value of {rank} dimensions")
    return axis % rank


def reshaped(shape: Sequence[Dim], target: Sequence[int]) -> tuple[Dim, ...]:
    """The shape after a reshape to `target`, where one -1 stands for the batch or for the rest.

    The batch `N` keeps leading: a reshape that would mix samples is refused.
    """
    if any(d < -1 for d in target) or list(target).count(-1) > 1:
        raise TypeRuleError(f"{shape_text(target)} is no shape: dimensions from 0, one -1 at most")
    names = [d for d in shape if isinstance(d, str)]
    known = prod(d for d in shape if isinstance(d, int))
    asked = prod(d for d in target if d != -1)
    problem = f"{shape_text(shape)} cannot be reshaped to {shape_text(target)}"
    if not names:
        if -1 not in target:
            if known != asked:
                raise TypeRuleError(f"{problem}: {known} elements against {asked}")
            return tuple(target)
        if asked == 0 or known % asked:
            raise TypeRuleError(f"{problem}: {known} elements are no multiple of {asked}")
        return tuple(known // asked if d == -1 else d for d in target)
    if len(names) > 1:
        raise TypeRuleError(f"{problem}: more than one dimension is known only at run time")
    if -1 not in target:
        raise TypeRuleError(f"{problem}: no -1 is left for the batch {names[0]}")
    if known != asked:
        raise TypeRuleError(f"{problem}: a sample has {known} elements, not {asked}")
    leads = list(shape).index(names[0]) == 0 and target.index(-1) == 0
    if not leads and known != 1:
        raise TypeRuleError(f"{problem}: the batch {names[0]} must stay the first dimension")
    return tuple(names[0] if d == -1 else d for d in target)

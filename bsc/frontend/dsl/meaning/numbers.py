"""Arithmetic of numbers at compile time: exact for whole numbers up to 2^53, bounded in time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

Number: TypeAlias = int | float

LARGEST = 1 << 53
"""Largest whole number: up to here double precision holds each one."""

_POWER_BITS = 64


class ArithmeticProblem(Exception):
    """Why there is no result, in words."""


def whole(value: int) -> int:
    """A whole number within bounds.

    Raises:
        ArithmeticProblem: it is beyond 2^53.
    """
    if not -LARGEST <= value <= LARGEST:
        raise ArithmeticProblem(f"the result is beyond the largest whole number, {LARGEST} (2^53)")
    return value


def binary(operator: str, a: Number, b: Number) -> Number:
    """One of + - * / // % ** of two numbers.

    Whole numbers stay whole but for `/`, which gives a float, and powers below zero.

    Raises:
        ArithmeticProblem: a division by zero, or a result that is no number or too large.
    """
    if operator in ("/", "//", "%") and b == 0:
        raise ArithmeticProblem("a division by zero")
    if operator == "**":
        return _power(a, b)
    return _bounded(_BINARY[operator](a, b), a, b)


def negative(a: Number) -> Number:
    """-a."""
    return -a


def _power(a: Number, b: Number) -> Number:
    if a == 0 and b < 0:
        raise ArithmeticProblem("a division by zero: 0 to a power below zero")
    if isinstance(a, int) and isinstance(b, int) and b >= 0:
        # Checked before it is computed: 9 ** 9 ** 9 has 370 million digits.
        if abs(a) > 1 and b * (abs(a).bit_length() - 1) > _POWER_BITS:
            return whole(LARGEST + 1)
        return whole(a**b if abs(a) > 1 else (1 if a == 1 or (b % 2 == 0 and b) else a if b else 1))
    try:
        result = float(a) ** float(b)
    except OverflowError:
        raise ArithmeticProblem("the result is beyond double precision") from None
    if isinstance(result, complex):
        raise ArithmeticProblem("a root of a number below zero")
    return _bounded(result, a, b)


def _bounded(result: Number, *operands: Number) -> Number:
    if isinstance(result, int):
        return whole(result)
    if not math.isfinite(result) and all(map(math.isfinite, operands)):
        raise ArithmeticProblem("the result is beyond double precision")
    if math.isnan(result):
        raise ArithmeticProblem("the result is no number (NaN)")
    return result


_BINARY: Mapping[str, Callable[[Number, Number], Number]] = MappingProxyType(
    {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "//": lambda a, b: a // b,
        "%": lambda a, b: a % b,
    }
)


def _to_whole(function: Callable[[float], int]) -> Callable[[Number], Number]:
    def apply(a: Number) -> Number:
        if isinstance(a, int):
            return a
        if not math.isfinite(a):
            raise ArithmeticProblem(f"{a} has no whole number near it")
        return whole(function(a))

    return apply


def _of_positive(name: str, function: Callable[[float], float]) -> Callable[[Number], Number]:
    def apply(a: Number) -> Number:
        if a <= 0:
            raise ArithmeticProblem(f"{name} of {a}, expected a number above 0")
        return function(a)

    return apply


def _sqrt(a: Number) -> Number:
    if a < 0:
        raise ArithmeticProblem(f"a root of {a}, expected a number from 0")
    return math.sqrt(a)


def _exp(a: Number) -> Number:
    try:
        return math.exp(a)
    except OverflowError:
        raise ArithmeticProblem("the result is beyond double precision") from None


ONE_ARGUMENT: Mapping[str, Callable[[Number], Number]] = MappingProxyType(
    {
        "abs": abs,
        "floor": _to_whole(math.floor),
        "ceil": _to_whole(math.ceil),
        "round": _to_whole(round),
        "sqrt": _sqrt,
        "exp": _exp,
        "log": _of_positive("log", math.log),
        "log2": _of_positive("log2", math.log2),
    }
)
"""Functions of one number."""


def number_text(value: Number) -> str:
    """A number as messages and exported programs write it: reading it gives it back."""
    if isinstance(value, int):
        return str(value)
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(value)


def is_number(value: object) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)

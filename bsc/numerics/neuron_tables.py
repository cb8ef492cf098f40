"""Comparator tables of neuron functions: thresholds T, intervals (lo, hi) of the derivative.

With v_u = (2u+1) / 2**(b+1): T[u] = max{y integer: p(y/S) <= v_u}, and (lo, hi) are the integers
just outside {y: p'(y/S) > v_u}; p is `functions.probability`. Piecewise linear functions are solved
in fractions, the logistic ones with one logarithm an entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from bsc.numerics import functions
from bsc.numerics.errors import NumericsError
from bsc.numerics.polyline import Bound, Polyline

INT32_MIN = -(2**31)
INT32_MAX = 2**31 - 1

Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Levels:
    """Values (first + u step) / denominator for u = 0..count-1, in integers for speed."""

    first: int
    step: int
    denominator: int
    count: int

    def mapped(self, low: Fraction, high: Fraction) -> _Levels:
        """The levels low + v (high - low)."""
        common = math.lcm(low.denominator, high.denominator)
        start, span = int(low * common), int((high - low) * common)
        first = start * self.denominator + self.first * span
        return _Levels(first, self.step * span, self.denominator * common, self.count)

    def numerators(self) -> Iterator[int]:
        """All numerators in order."""
        return (self.first + u * self.step for u in range(self.count))


def neuron(
    function: str,
    parameters: Sequence[float],
    scale: int,
    *,
    gain: float = 1.0,
    low: float = 0.0,
    high: float = 1.0,
    noise_bits: int = 12,
) -> Int32Array:
    """Thresholds T: a neuron with sum y gives the bit (y > T[u]).

    Args:
        function: a key of `functions.PARAMETERS`.
        parameters: its numbers.
        scale: S, codes in one unit of y.
        gain: the model's y over the array's.
        low: the activation's value at p = 0.
        high: the activation's value at p = 1.
        noise_bits: b, 4 to 12.

    Returns:
        int32 [2**b], non-decreasing; -2**31 where no y qualifies, 2**31 - 1 where all do.
    """
    _validate(function, parameters, scale, gain, low, high, noise_bits)
    levels = _Levels(1, 2, 2 << noise_bits, 1 << noise_bits)
    chosen = _last_at_most(function, parameters, scale, gain, low, high, levels)
    return np.array(chosen, dtype=np.int32)


def binary_threshold(
    function: str,
    parameters: Sequence[float],
    scale: int,
    *,
    gain: float = 1.0,
    low: float = 0.0,
    high: float = 1.0,
) -> int:
    """The threshold of mode `binary`: the bit is (y > t), which is p(y/S) > 1/2."""
    _validate(function, parameters, scale, gain, low, high, 12)
    return _last_at_most(function, parameters, scale, gain, low, high, _Levels(1, 0, 2, 1))[0]


def derivative(
    function: str,
    parameters: Sequence[float],
    scale: int,
    *,
    gain: float = 1.0,
    low: float = 0.0,
    high: float = 1.0,
    noise_bits: int = 12,
) -> tuple[Int32Array, Int32Array]:
    """Intervals of the derivative: a neuron with sum y gives the bit (lo[u] < y < hi[u]).

    Arguments are those of `neuron`; f' is dp/dy for y in units of S codes, the straight-through
    window |gain y| < 1 for `sign`. So P(d) = min(1, f').

    Returns:
        lo and hi, int32 [2**b]; 0 and 0 where no y qualifies.

    Raises:
        NumericsError: f' exceeds a threshold on a set that is no interval.
    """
    _validate(function, parameters, scale, gain, low, high, noise_bits)
    if (factor := _logistic_factor(function, parameters)) is not None:
        value_low, value_high = _logistic_values(function, low, high)
        return _logistic_intervals(factor * gain, scale, value_low, value_high, noise_bits)
    if function == "sign":
        reach = Fraction(scale) / Fraction(gain)
        return _intervals([(Fraction(1), (-reach, reach))], noise_bits)
    p = _in_codes(function, parameters, scale, gain, low, high)
    slopes = sorted({s for _, _, s in p.segments() if s > 0}, reverse=True)
    found = [(s * scale, p.steeper_than(s)) for s in slopes]
    return _intervals([(height, ends) for height, ends in found if ends], noise_bits)


def _validate(
    function: str,
    parameters: Sequence[float],
    scale: int,
    gain: float,
    low: float,
    high: float,
    noise_bits: int,
) -> None:
    functions.validate(function, parameters)
    functions.validate_range(gain, low, high)
    if scale < 1:
        raise NumericsError(f"scale {scale} is not a positive number of codes")
    if not 4 <= noise_bits <= 12:
        raise NumericsError(f"noise_bits {noise_bits} is not in 4..12")


def _last_at_most(
    function: str,
    parameters: Sequence[float],
    scale: int,
    gain: float,
    low: float,
    high: float,
    levels: _Levels,
) -> list[int]:
    """For each level v: max{y integer: p(y/S) <= v}, a 32-bit limit where there is no such end."""
    if (factor := _logistic_factor(function, parameters)) is not None:
        values = levels.mapped(*_logistic_values(function, low, high))
        reach = scale / (factor * gain)
        return [_floor(reach * _logit(n, values.denominator)) for n in values.numerators()]
    if function == "sign":
        values = levels.mapped(Fraction(low), Fraction(high))
        return [_last_sign(n, values.denominator) for n in values.numerators()]
    p = _in_codes(function, parameters, scale, gain, low, high)
    return [_floor(p.last_at_most(Fraction(n, levels.denominator))) for n in levels.numerators()]


def _in_codes(
    function: str, parameters: Sequence[float], scale: int, gain: float, low: float, high: float
) -> Polyline:
    """The function p of y in codes."""
    exact = functions.polyline(function, parameters)
    if exact is None:
        raise NumericsError(f"neuron function {function} has no table")
    return exact.mapped(Fraction(scale) / Fraction(gain), Fraction(low), Fraction(high))


def _logistic_factor(function: str, parameters: Sequence[float]) -> float | None:
    """Factor a of the logistic function that this one is up to its range, else None."""
    match function:
        case "logistic":
            return parameters[0]
        case "tanh":
            return 2 * parameters[0]
        case _:
            return None


def _logistic_values(function: str, low: float, high: float) -> tuple[Fraction, Fraction]:
    """Values of the logistic function at p = 0 and p = 1: tanh(x) = 2 logistic(2x) - 1."""
    if function == "tanh":
        return (Fraction(low) + 1) / 2, (Fraction(high) + 1) / 2
    return Fraction(low), Fraction(high)


def _logit(numerator: int, denominator: int) -> float:
    """The inverse of the logistic function with a = 1; infinite outside its values."""
    if numerator <= 0:
        return -math.inf
    if numerator >= denominator:
        return math.inf
    return math.log(numerator / (denominator - numerator))


def _last_sign(numerator: int, denominator: int) -> int:
    """The value max{y integer: sign(y) <= numerator / denominator}."""
    if numerator < -denominator:
        return INT32_MIN
    if numerator >= denominator:
        return INT32_MAX
    return -1 if numerator < 0 else 0


def _logistic_intervals(
    a: float, scale: int, start: Fraction, stop: Fraction, noise_bits: int
) -> tuple[Int32Array, Int32Array]:
    """Intervals of p' for p = clip((s - start) / (stop - start), 0, 1), s the logistic function.

    a s (1-s) / (stop - start) > v where |y| < ln((1+r) / (1-r)) / a, r = sqrt(1 - 4w) and
    w = v (stop - start) / a; outside of p's own limits, p' is 0.
    """
    reach = scale / a
    inner_low, inner_high = (
        _floor(reach * _logit(*start.as_integer_ratio())),
        _ceil(reach * _logit(*stop.as_integer_ratio())),
    )
    lo = np.zeros(1 << noise_bits, dtype=np.int32)
    hi = np.zeros(1 << noise_bits, dtype=np.int32)
    for u in range(1 << noise_bits):
        four_w = 4 * (2 * u + 1) / (2 << noise_bits) * float(stop - start) / a
        if four_w >= 1:
            break
        # (1+r)/(1-r) = (1+r)**2 / 4w: no difference of nearly equal numbers.
        half_width = reach * (2 * math.log1p(math.sqrt(1 - four_w)) - math.log(four_w))
        below, above = max(-_ceil(half_width), inner_low), min(_ceil(half_width), inner_high)
        if above - below > 1:
            lo[u], hi[u] = below, above
    return lo, hi


def _intervals(
    pieces: list[tuple[Fraction, tuple[Bound, Bound]]], noise_bits: int
) -> tuple[Int32Array, Int32Array]:
    """Intervals from (height, where f' >= height), the greatest height first."""
    lo = np.zeros(1 << noise_bits, dtype=np.int32)
    hi = np.zeros(1 << noise_bits, dtype=np.int32)
    for height, (start, stop) in pieces:
        below = INT32_MIN if start is None else _floor(start)
        above = INT32_MAX if stop is None else _ceil(stop)
        if above - below <= 1:
            below = above = 0
        # v_u < height holds for the first of the u: those below height 2**b - 1/2.
        count = max(0, math.ceil(height * (1 << noise_bits) - Fraction(1, 2)))
        lo[:count], hi[:count] = below, above
    return lo, hi


def _floor(y: Fraction | float) -> int:
    return _limit(math.floor, y)


def _ceil(y: Fraction | float) -> int:
    return _limit(math.ceil, y)


def _limit(rounding: Callable[[Fraction | float], int], y: Fraction | float) -> int:
    """Round and keep inside 32 bits."""
    if isinstance(y, float) and math.isinf(y):
        return INT32_MAX if y > 0 else INT32_MIN
    return min(max(rounding(y), INT32_MIN), INT32_MAX)

"""Neuron functions by name: the float function, its range, its exact form where it has one.

A neuron function g is non-decreasing. On the chip a value is a probability: with y the array's sum
in units of S codes, p(y) = clip((g(gain y) - low) / (high - low), 0, 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.errors import NumericsError
from bsc.numerics.polyline import Polyline

FloatArray = npt.NDArray[np.floating[Any]]

PARAMETERS: dict[str, tuple[str, ...]] = {
    "logistic": ("a",),  # 1 / (1 + exp(-a y)), a > 0
    "tanh": ("b",),  # tanh(b y), b > 0
    "relu": (),  # max(0, y)
    "leaky_relu": ("alpha",),  # y, alpha y where y < 0; alpha >= 0
    "hard_sigmoid": ("alpha", "beta"),  # clip(alpha y + beta, 0, 1), alpha > 0
    "clip": ("low", "high"),  # clip(y, low, high), low < high, either may be infinite
    "sign": (),  # -1, 0, 1
    "linear": (),  # y
}
"""Names of the parameters of each function, in order."""


def validate(name: str, parameters: Sequence[float]) -> None:
    """Refuse an unknown function, wrong parameters and functions that decrease."""
    if name not in PARAMETERS:
        raise NumericsError(f"unknown neuron function {name!r}; known: {', '.join(PARAMETERS)}")
    if len(parameters) != len(PARAMETERS[name]):
        raise NumericsError(f"{name} takes {len(PARAMETERS[name])} parameters, not {parameters}")
    if any(math.isnan(p) for p in parameters):
        raise NumericsError(f"{name} has a parameter that is not a number")
    if name == "clip":
        if not parameters[0] < parameters[1]:
            raise NumericsError(f"clip from {parameters[0]} to {parameters[1]} is constant")
        return
    if any(math.isinf(p) for p in parameters):
        raise NumericsError(f"{name} has an infinite parameter")
    if name in ("logistic", "tanh", "hard_sigmoid") and parameters[0] <= 0:
        raise NumericsError(f"{name} with factor {parameters[0]} does not increase")
    if name == "leaky_relu" and parameters[0] < 0:
        raise NumericsError(f"leaky_relu with slope {parameters[0]} decreases below 0")


def apply(name: str, parameters: Sequence[float], y: FloatArray) -> FloatArray:
    """g(y) in the precision of y, for analog evaluation and the SOURCE interpreter."""
    validate(name, parameters)
    match name:
        case "logistic":
            decay = np.exp(-np.abs(parameters[0] * y))  # never overflows
            return np.asarray(np.where(y >= 0, 1 / (1 + decay), decay / (1 + decay)))
        case "tanh":
            return np.asarray(np.tanh(parameters[0] * y))
        case "relu":
            return np.asarray(np.maximum(y, 0))
        case "leaky_relu":
            return np.asarray(np.where(y < 0, parameters[0] * y, y))
        case "hard_sigmoid":
            return np.asarray(np.clip(parameters[0] * y + parameters[1], 0, 1))
        case "clip":
            return np.asarray(np.clip(y, parameters[0], parameters[1]))
        case "sign":
            return np.asarray(np.sign(y))
        case _:
            return np.asarray(y)


def natural_range(name: str, parameters: Sequence[float]) -> tuple[float, float]:
    """Infimum and supremum of g, infinite where it is unbounded."""
    validate(name, parameters)
    match name:
        case "logistic" | "hard_sigmoid":
            return 0.0, 1.0
        case "tanh" | "sign":
            return -1.0, 1.0
        case "relu":
            return 0.0, math.inf
        case "leaky_relu":
            return (-math.inf if parameters[0] else 0.0), math.inf
        case "clip":
            return float(parameters[0]), float(parameters[1])
        case _:
            return -math.inf, math.inf


def probability(
    name: str,
    parameters: Sequence[float],
    y: FloatArray,
    *,
    gain: float = 1.0,
    low: float = 0.0,
    high: float = 1.0,
) -> FloatArray:
    """p(y), the probability that the bit of a neuron is 1, in float: for expectations and reports.

    Args:
        name: a key of PARAMETERS.
        parameters: its numbers.
        y: sums of the array in units of S codes.
        gain: the model's y over the array's.
        low: the activation's value at p = 0.
        high: the activation's value at p = 1.
    """
    validate_range(gain, low, high)
    return np.asarray(np.clip((apply(name, parameters, gain * y) - low) / (high - low), 0, 1))


def validate_range(gain: float, low: float, high: float) -> None:
    """Refuse numbers that make p(y) undefined or decreasing."""
    if not (math.isfinite(gain) and gain > 0):
        raise NumericsError(f"gain {gain} is not a positive number")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise NumericsError(f"no probabilities between values {low} and {high}")


def polyline(name: str, parameters: Sequence[float]) -> Polyline | None:
    """The function g in exact arithmetic where it is continuous and piecewise linear, else None.

    Parameters count as the exact values of their doubles.
    """
    validate(name, parameters)
    zero, one = Fraction(0), Fraction(1)
    match name:
        case "relu":
            return Polyline(((zero, zero),), zero, one)
        case "leaky_relu":
            return Polyline(((zero, zero),), Fraction(parameters[0]), one)
        case "hard_sigmoid":
            alpha, beta = Fraction(parameters[0]), Fraction(parameters[1])
            return Polyline(((-beta / alpha, zero), ((1 - beta) / alpha, one)))
        case "clip":
            ends = tuple(Fraction(p) for p in parameters if math.isfinite(p))
            left = one if math.isinf(parameters[0]) else zero
            right = one if math.isinf(parameters[1]) else zero
            return Polyline(tuple((x, x) for x in ends) or ((zero, zero),), left, right)
        case "linear":
            return Polyline(((zero, zero),), one, one)
        case _:
            return None

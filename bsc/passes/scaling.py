"""Weights that read probabilities and fit the codes, and which of them can be one array."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

BIAS_LINES_MAX = 64
"""Always-on word lines that one layer may spend on its bias; beyond, the layer's scale gives."""

LARGEST_WEIGHT = 64.0
"""Weights beyond this are divided by a power of two, and the neuron multiplies: 16383 codes over
64 still leave 128 codes in one unit of y."""
SMALLEST_WEIGHT = 2.0**-8
"""Weights that are all below this are multiplied likewise, so that S stays below 2**22."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Weights that fit the codes: model's y = gain * columns * (array's y)."""

    weights: Floats
    bias: Floats | None
    gain: float
    columns: Floats | None


@dataclass(frozen=True, slots=True)
class Held:
    """What an array holds for one of the layers that read it."""

    weights: Floats
    bias: Floats | None
    scaling: Scaling | None

    @property
    def gain(self) -> float:
        """The model's y over the array's, but for columns that are scaled one by one."""
        return 1.0 if self.scaling is None else self.scaling.gain

    def same(self, other: Held) -> bool:
        """Whether both can be one array."""
        ours = None if self.scaling is None else self.scaling.columns
        theirs = None if other.scaling is None else other.scaling.columns
        return (
            self.gain == other.gain
            and _equal(self.weights, other.weights)
            and _equal(self.bias, other.bias)
            and _equal(ours, theirs)
        )


def _equal(a: Floats | None, b: Floats | None) -> bool:
    if a is None or b is None:
        return a is b
    return a is b or np.array_equal(a, b)


def absorb(
    weights: Floats, bias: Floats | None, low: Floats, high: Floats
) -> tuple[Floats, Floats | None]:
    """Weights and bias that read p in place of h = low + (high - low) p."""
    span = np.asarray(high - low)
    if np.any(np.asarray(low) != 0):
        rows = np.broadcast_to(np.asarray(low, np.float64), (len(weights),))
        shift = rows @ weights.astype(np.float64)
        with np.errstate(over="ignore"):
            bias = (shift + (0.0 if bias is None else bias)).astype(np.float32)
    if np.any(span != 1):
        factor = span if span.size == 1 else span[:, None]
        with np.errstate(over="ignore"):  # the pass refuses weights that are infinite then
            weights = (weights * factor).astype(np.float32)
    return weights, bias


def fit(
    function: str, last: bool, weights: Floats, bias: Floats | None, most: float
) -> Scaling | None:
    """Rescale where codes would be too coarse; None where the weights are fine as they are.

    A step does not see the size of its sum, so its columns are scaled one by one: a weight that was
    +-1 before batch norm was folded in is +-1 again, exactly, and a bias that decides alone is cut
    to the least one that still does.
    """
    if function == "sign" and not last:
        columns = np.abs(weights).max(axis=0)
        columns[columns == 0] = 1
        weights = weights / columns
        if bias is not None:
            reach = np.abs(weights).sum(axis=0) + 1
            bias = np.clip(bias / columns, -reach, reach).astype(np.float32)
        return Scaling(weights, bias, 1.0, columns)
    largest = float(np.abs(weights).max(initial=0.0))
    if bias is not None:
        # What one of the bias lines must hold counts like a weight.
        largest = max(largest, float(np.abs(bias).max(initial=0.0)) / BIAS_LINES_MAX)
    if largest == 0 or SMALLEST_WEIGHT <= largest <= most:
        return None
    power = math.ceil(math.log2(largest))
    # ldexp: the largest weights of float32 need 2**128, which is no number of it.
    scaled = None if bias is None else np.ldexp(bias, -power)
    return Scaling(np.ldexp(weights, -power), scaled, 2.0**power, None)

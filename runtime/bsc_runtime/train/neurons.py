"""Neuron functions in single precision with their slopes, for the float baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.numerics import functions
from bsc.tiling.plan import ReadSpec

Floats = npt.NDArray[np.float32]


class Neuron(Protocol):
    """Probability p(y) and p'(y), for y in units of the array."""

    @property
    def slope(self) -> float:
        """a: what initial weights are divided by."""
        ...

    def forward(self, y: Floats) -> Floats:
        """Probability p(y); y may be overwritten."""
        ...

    def slope_at(self, p: Floats) -> Floats:
        """Slope p' where the neuron gave p."""
        ...


@dataclass(frozen=True, slots=True)
class LogisticNeuron:
    """p = 1 / (1 + exp(-a y))."""

    slope: float

    def forward(self, y: Floats) -> Floats:
        """Probability p(y) = (1 + tanh(a y / 2)) / 2, in place: it cannot overflow."""
        y *= np.float32(self.slope / 2)
        np.tanh(y, out=y)
        y += np.float32(1)
        y *= np.float32(0.5)
        return y

    def slope_at(self, p: Floats) -> Floats:
        """Slope p' = a p (1 - p)."""
        result: Floats = np.subtract(np.float32(1), p)
        result *= p
        result *= np.float32(self.slope)
        return result


@dataclass(frozen=True, slots=True)
class LinearPieces:
    """A piecewise linear p; p' follows from which side of its kinks p lies on."""

    spec: ReadSpec

    @property
    def slope(self) -> float:
        """Initial weights are not divided."""
        return 1.0

    def forward(self, y: Floats) -> Floats:
        """Probability p(y) = (g(gain y) - low) / (high - low), not clipped."""
        spec = self.spec
        h = functions.apply(spec.function, spec.function_parameters, y * np.float32(spec.gain))
        return np.asarray((h - spec.low) / (spec.high - spec.low), np.float32)

    def slope_at(self, p: Floats) -> Floats:
        """Slope p', from the slope of g in the middle of the piece that p lies on."""
        spec = self.spec
        h = p * (spec.high - spec.low) + spec.low
        low, high = functions.natural_range(spec.function, spec.function_parameters)
        factor = {"hard_sigmoid": spec.function_parameters[:1]}.get(spec.function, (1.0,))[0]
        slope = np.where((h > low) & (h < high), np.float32(factor), np.float32(0))
        if spec.function == "leaky_relu":
            slope = np.where(h < 0, np.float32(spec.function_parameters[0]), np.float32(1))
        return np.asarray(slope * (spec.gain / (spec.high - spec.low)), np.float32)


def neuron_of(spec: ReadSpec) -> Neuron:
    """The neuron behind a read.

    Raises:
        DiagnosticError: BSC6031, the function has no gradient.
    """
    a = spec.function_parameters[0] if spec.function_parameters else 1.0
    if spec.function == "logistic" and (spec.low, spec.high) == (0.0, 1.0):
        return LogisticNeuron(a * spec.gain)
    if spec.function == "tanh" and (spec.low, spec.high) == (-1.0, 1.0):
        return LogisticNeuron(2 * a * spec.gain)  # (tanh(x) + 1) / 2 = logistic(2x)
    if functions.polyline(spec.function, spec.function_parameters) is None:
        raise fail(
            "BSC6031",
            f"rule hp needs gradients, and the {spec.function} behind layer {spec.name} has none",
            help="compile with --weights random: then the neurons are the rule's own",
        )
    return LinearPieces(spec)

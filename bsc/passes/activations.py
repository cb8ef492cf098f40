"""How each activation becomes a probability: p = (g(y) - low) / (high - low).

| activation | kept weights | weights learned anew |
|---|---|---|
| sigmoid | logistic, [0, 1] | logistic with a = 4 |
| tanh | [-1, 1] | logistic with a = 4 |
| hard sigmoid | [0, 1] | logistic with a = 4 |
| sign | a step, [-1, 1] | logistic with a = 4 |
| clip | its bounds, where both are finite | logistic with a = 4 |
| relu | [0, 98 % quantile] | logistic with a = 4 |
| leaky relu, no activation | [2 %, 98 % quantile] | logistic with a = 4 |
| neuron | as it is | as it is |

Quantiles are those of calibration data; `analog` mode never cuts a value off.

Kept weights were trained for their own activation, so the neuron's table has that shape. Weights
that the chip learns itself have no such past: there the neuron is the one of the rule (its slope
makes the largest f' one), whatever bounded or unbounded curve the exporter wrote. Only who writes a
neuron itself has said which one it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from bsc.ir.graph import Node
from bsc.ops.source.rules import number, numbers
from bsc.passes.ranges import Range

RULE_SLOPE = 4.0
"""a of the rule's logistic neuron: with it the largest derivative is 1 (Li et al. 2023)."""


@dataclass(frozen=True, slots=True)
class Neuron:
    """Attributes of a `neuron` operator, but for the gain."""

    function: str
    parameters: tuple[float, ...]
    low: float
    high: float


def function_of(activation: Node | None) -> tuple[str, tuple[float, ...]]:
    """Function and parameters that an activation node computes; None is no activation."""
    if activation is None:
        return "linear", ()
    attrs = activation.attrs
    match activation.op:
        case "sigmoid":
            return "logistic", (1.0,)
        case "tanh":
            return "tanh", (1.0,)
        case "relu":
            return "relu", ()
        case "leaky_relu":
            return "leaky_relu", (number(attrs, "alpha"),)
        case "hard_sigmoid":
            return "hard_sigmoid", (number(attrs, "alpha"), number(attrs, "beta"))
        case "clip":
            return "clip", (number(attrs, "low"), number(attrs, "high"))
        case "sign":
            return "sign", ()
        case "neuron":
            return str(attrs["function"]), numbers(attrs, "parameters")
        case other:
            raise ValueError(f"{other} is no activation")


def written_neuron(activation: Node | None) -> tuple[Neuron, float] | None:
    """The neuron that the model has instead of an activation, and its gain; else None."""
    if activation is None or activation.op != "neuron":
        return None
    attrs = activation.attrs
    function, parameters = function_of(activation)
    neuron = Neuron(function, parameters, number(attrs, "low"), number(attrs, "high"))
    return neuron, number(attrs, "gain")


def natural_range(function: str, parameters: tuple[float, ...]) -> Range | None:
    """Range that the function itself has; None where only data can tell."""
    match function:
        case "logistic" | "hard_sigmoid":
            return 0.0, 1.0
        case "tanh" | "sign":
            return -1.0, 1.0
        case "clip" if abs(parameters[0]) < 1e30 and abs(parameters[1]) < 1e30:
            return parameters[0], parameters[1]
        case _:
            return None


def widened(low: float, high: float) -> Range:
    """A range that is not empty."""
    return (low, high) if high > low else (low, low + 1.0)

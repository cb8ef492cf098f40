"""Values as probabilities: what stands between a float network and bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, TypeRuleError
from bsc.ir.types import Encoding, TensorType
from bsc.numerics import functions
from bsc.ops.source.rules import EVERY_STAGE, expect, expect_float, number, numbers

_INPUTS = (Encoding.F32, Encoding.F64, Encoding.U8, Encoding.I32, Encoding.I64)


def _infer_normalise(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    x = inputs[0]
    expect(x, "the input", _INPUTS)
    low, high = numbers(attrs, "low"), numbers(attrs, "high")
    for what, bounds in (("low", low), ("high", high)):
        if len(bounds) != 1 and (not x.shape or len(bounds) != x.shape[-1]):
            raise TypeRuleError(
                f"{len(bounds)} numbers in {what} for input {x}, expected one, "
                "or one for each element of a sample"
            )
    if len(low) == len(high) and any(h <= bottom for bottom, h in zip(low, high, strict=True)):
        raise TypeRuleError("a bound in high is not above its bound in low")
    return [TensorType(Encoding.F32, x.shape)]


def _normalise(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    low = np.asarray(numbers(attrs, "low"), np.float64)
    high = np.asarray(numbers(attrs, "high"), np.float64)
    return [((inputs[0] - low) / (high - low)).astype(np.float32)]


NORMALISE = OpDef(
    name="normalise",
    doc="p = (x - low) / (high - low), f32: the input, of any numbers, as a probability.",
    stages=EVERY_STAGE,
    inputs=("x",),
    outputs=("p",),
    attrs=(
        AttrDef("low", AttrKind.FLOATS, "the value at p = 0; one, or one for each element"),
        AttrDef("high", AttrKind.FLOATS, "the value at p = 1; one, or one for each element"),
    ),
    infer=_infer_normalise,
    reference=_normalise,
)


def _infer_neuron(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    expect_float(inputs[0], "the sum")
    low, high = number(attrs, "low"), number(attrs, "high")
    if high <= low:
        raise TypeRuleError(f"high {high} is not above low {low}")
    return [inputs[0]]


def _neuron(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    low, high = number(attrs, "low"), number(attrs, "high")
    y = np.asarray(inputs[0], np.float64) * number(attrs, "gain")
    value = functions.apply(str(attrs["function"]), numbers(attrs, "parameters"), y)
    return [((value - low) / (high - low)).astype(np.float32)]


NEURON = OpDef(
    name="neuron",
    doc="p = (g(gain y) - low) / (high - low), not clipped: an activation as a probability.",
    stages=EVERY_STAGE,
    inputs=("y",),
    outputs=("p",),
    attrs=(
        AttrDef("function", AttrKind.STR, "g, a name of bsc.numerics.functions"),
        AttrDef("parameters", AttrKind.FLOATS, "numbers of g", ()),
        AttrDef("gain", AttrKind.FLOAT, "the model's y for one unit of the array's", 1.0),
        AttrDef("low", AttrKind.FLOAT, "value of g at p = 0", 0.0),
        AttrDef("high", AttrKind.FLOAT, "value of g at p = 1", 1.0),
        AttrDef("readout", AttrKind.STR, "of a head: softmax, logistic or none; else empty", ""),
        AttrDef("slope", AttrKind.FLOAT, "a of a head's logistic readout", 1.0),
        AttrDef("outputs", AttrKind.STRS, "of a head: the model's outputs made of it", ()),
    ),
    infer=_infer_neuron,
    reference=_neuron,
)

"""Functions of one element; all of them in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, Reference, TypeRule
from bsc.ir.types import Encoding, TensorType
from bsc.ops.source.rules import EVERY_STAGE, elementwise, expect, number

FLOAT_MAX = 3.4028234663852886e38
"""Largest finite float32: the bound of a `clip` that has none on a side."""


def _infer_signed(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    expect(inputs[0], "the input", (Encoding.F32, Encoding.I32, Encoding.I64))
    return [inputs[0]]


def _reference(function: Callable[[Any, Attrs], Any]) -> Reference:
    def reference(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
        with np.errstate(over="ignore", under="ignore"):
            return [function(inputs[0], attrs)]

    return reference


def _activation(
    name: str,
    doc: str,
    function: Callable[[Any, Attrs], Any],
    attrs: tuple[AttrDef, ...] = (),
    infer: TypeRule = elementwise,
) -> OpDef:
    return OpDef(
        name=name,
        doc=doc,
        stages=EVERY_STAGE,
        inputs=("x",),
        outputs=("y",),
        attrs=attrs,
        infer=infer,
        reference=_reference(function),
    )


def _leaky_relu(x: Any, attrs: Attrs) -> Any:
    return np.where(x >= 0, x, x * np.float32(number(attrs, "alpha")))


def _sigmoid(x: Any, attrs: Attrs) -> Any:
    one = np.float32(1)
    return one / (one + np.exp(-x))


def _hard_sigmoid(x: Any, attrs: Attrs) -> Any:
    y = x * np.float32(number(attrs, "alpha")) + np.float32(number(attrs, "beta"))
    return np.clip(y, np.float32(0), np.float32(1))


def _clip(x: Any, attrs: Attrs) -> Any:
    # The upper bound last: crossed bounds give it, as ONNX says.
    low, high = np.float32(number(attrs, "low")), np.float32(number(attrs, "high"))
    return np.minimum(np.maximum(x, low), high)


RELU = _activation("relu", "y = max(x, 0).", lambda x, attrs: np.maximum(x, np.float32(0)))
LEAKY_RELU = _activation(
    "leaky_relu",
    "y = x where x >= 0, else alpha x.",
    _leaky_relu,
    (AttrDef("alpha", AttrKind.FLOAT, "slope below zero", 0.01),),
)
SIGMOID = _activation("sigmoid", "y = 1 / (1 + exp(-x)).", _sigmoid)
TANH = _activation("tanh", "y = tanh(x).", lambda x, attrs: np.tanh(x))
HARD_SIGMOID = _activation(
    "hard_sigmoid",
    "y = max(0, min(1, alpha x + beta)).",
    _hard_sigmoid,
    (
        AttrDef("alpha", AttrKind.FLOAT, "slope", 0.2),
        AttrDef("beta", AttrKind.FLOAT, "value at zero", 0.5),
    ),
)
CLIP = _activation(
    "clip",
    "y = min(max(x, low), high).",
    _clip,
    (
        AttrDef("low", AttrKind.FLOAT, "least value", -FLOAT_MAX),
        AttrDef("high", AttrKind.FLOAT, "greatest value", FLOAT_MAX),
    ),
)
SIGN = _activation("sign", "y = -1, 0 or +1.", lambda x, attrs: np.sign(x), infer=_infer_signed)

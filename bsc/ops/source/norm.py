"""Batch normalisation in inference; the clean-up folds it into the weights beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, TypeRuleError
from bsc.ir.types import TensorType
from bsc.ops.source.rules import EVERY_STAGE, expect_float, number


def _infer(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    x = inputs[0]
    expect_float(x, "the input")
    if len(x.shape) < 2:
        raise TypeRuleError(f"the input is {x}, expected [N, C, ...]")
    for what, value in zip(("scale", "bias", "mean", "variance"), inputs[1:], strict=True):
        expect_float(value, f"the {what}")
        if value.shape != (x.shape[1],):
            raise TypeRuleError(f"the {what} is {value}, expected [{x.shape[1]}] for input {x}")
    return [x]


def _reference(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    x, scale, bias, mean, variance = inputs
    factor = scale / np.sqrt(variance + np.float32(number(attrs, "epsilon")))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return [x * factor.reshape(shape) + (bias - mean * factor).reshape(shape)]


BATCH_NORM = OpDef(
    name="batch_norm",
    doc="y = (x - mean) / sqrt(variance + epsilon) scale + bias, channels second.",
    stages=EVERY_STAGE,
    inputs=("x", "scale", "bias", "mean", "variance"),
    outputs=("y",),
    attrs=(AttrDef("epsilon", AttrKind.FLOAT, "added to the variance", 1e-5),),
    infer=_infer,
    reference=_reference,
)

"""Products with a matrix: what a crossbar computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import Attrs, OpDef, TypeRuleError
from bsc.ir.types import Encoding, TensorType
from bsc.ops.source.rules import SOURCE_ONLY, expect_float, shape_text


def _product(x: TensorType, w: TensorType) -> TensorType:
    expect_float(x, "the left factor")
    expect_float(w, "the right factor")
    if len(x.shape) < 2 or len(w.shape) != 2:
        raise TypeRuleError(
            f"factors of shapes {shape_text(x.shape)} and {shape_text(w.shape)}, "
            "expected [..., K] and [K, M]"
        )
    if x.shape[-1] != w.shape[0]:
        raise TypeRuleError(
            f"factors of shapes {shape_text(x.shape)} and {shape_text(w.shape)}: "
            f"{x.shape[-1]} columns meet {w.shape[0]} rows"
        )
    return TensorType(Encoding.F32, (*x.shape[:-1], w.shape[1]))


def _infer_matmul(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    return [_product(inputs[0], inputs[1])]


def _matmul(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    return [np.matmul(inputs[0], inputs[1])]


MATMUL = OpDef(
    name="matmul",
    doc="y = x W for x [..., K] and W [K, M].",
    stages=SOURCE_ONLY,
    inputs=("x", "w"),
    outputs=("y",),
    attrs=(),
    infer=_infer_matmul,
    reference=_matmul,
)


def _infer_dense(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    result = _product(inputs[0], inputs[1])
    if len(inputs[0].shape) != 2:
        raise TypeRuleError(f"the input is {inputs[0]}, expected [N, K]")
    if len(inputs) > 2:
        expect_float(inputs[2], "the bias")
        if inputs[2].shape != result.shape[1:]:
            raise TypeRuleError(
                f"the bias is {inputs[2]}, expected {shape_text(result.shape[1:])}, "
                "one number for each column of the weights"
            )
    return [result]


def _dense(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    y = np.matmul(inputs[0], inputs[1])
    if len(inputs) > 2 and inputs[2] is not None:
        y = y + inputs[2]
    return [y]


DENSE = OpDef(
    name="dense",
    doc="y = x W + b, the canonical form of a layer: x [N, K], W [K, M], b [M].",
    stages=SOURCE_ONLY,
    inputs=("x", "w", "b?"),
    outputs=("y",),
    attrs=(),
    infer=_infer_dense,
    reference=_dense,
)

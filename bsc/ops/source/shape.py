"""What moves elements or renames their type and computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, TypeRuleError
from bsc.ir.types import Dim, Encoding, TensorType
from bsc.ops.source.rules import EVERY_STAGE, axis_of, integer, integers, reshaped, shape_text

DTYPES: dict[Encoding, Any] = {
    Encoding.F32: np.float32,
    Encoding.F64: np.float64,
    Encoding.I32: np.int32,
    Encoding.I64: np.int64,
    Encoding.U8: np.uint8,
    Encoding.BOOL: np.bool_,
}
"""numpy's type of the encodings that `cast` knows."""


def _same(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    return [inputs[0]]


def _pass(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    return [inputs[0]]


IDENTITY = OpDef(
    name="identity",
    doc="y = x.",
    stages=EVERY_STAGE,
    inputs=("x",),
    outputs=("y",),
    attrs=(),
    infer=_same,
    reference=_pass,
)
DROPOUT = OpDef(
    name="dropout",
    doc="y = x: in inference nothing is dropped.",
    stages=EVERY_STAGE,
    inputs=("x",),
    outputs=("y",),
    attrs=(),
    infer=_same,
    reference=_pass,
)


def _infer_reshape(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    shape = reshaped(inputs[0].shape, integers(attrs, "shape"))
    return [TensorType(inputs[0].encoding, shape)]


def _reshape(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    return [np.reshape(inputs[0], integers(attrs, "shape"))]


RESHAPE = OpDef(
    name="reshape",
    doc="The same elements, row-major, in another shape; flattening is one.",
    stages=EVERY_STAGE,
    inputs=("x",),
    outputs=("y",),
    attrs=(AttrDef("shape", AttrKind.INTS, "new shape; one -1 is the batch, or the rest"),),
    infer=_infer_reshape,
    reference=_reshape,
)


def _infer_transpose(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    shape = inputs[0].shape
    perm = integers(attrs, "perm")
    if sorted(perm) != list(range(len(shape))):
        raise TypeRuleError(
            f"{shape_text(perm)} is no order of the {len(shape)} dimensions of {inputs[0]}"
        )
    return [TensorType(inputs[0].encoding, tuple(shape[i] for i in perm))]


def _transpose(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    return [np.transpose(inputs[0], integers(attrs, "perm"))]


TRANSPOSE = OpDef(
    name="transpose",
    doc="Dimension i of y is dimension perm[i] of x.",
    stages=EVERY_STAGE,
    inputs=("x",),
    outputs=("y",),
    attrs=(AttrDef("perm", AttrKind.INTS, "where each dimension comes from"),),
    infer=_infer_transpose,
    reference=_transpose,
)


def _infer_cast(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    known = [str(e) for e in DTYPES]
    if attrs["to"] not in known or inputs[0].encoding not in DTYPES:
        raise TypeRuleError(
            f"no cast from {inputs[0].encoding} to {attrs['to']}; known: {', '.join(known)}"
        )
    return [TensorType(Encoding(str(attrs["to"])), inputs[0].shape)]


def _cast(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    with np.errstate(invalid="ignore", over="ignore"):
        return [inputs[0].astype(DTYPES[Encoding(str(attrs["to"]))], copy=False)]


CAST = OpDef(
    name="cast",
    doc="The same numbers in another encoding; integers from floats are cut toward zero.",
    stages=EVERY_STAGE,
    inputs=("x",),
    outputs=("y",),
    attrs=(AttrDef("to", AttrKind.STR, "an encoding: f32, f64, i32, i64, u8 or bool"),),
    infer=_infer_cast,
    reference=_cast,
)


def _infer_concat(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    if not inputs:
        raise TypeRuleError("there is nothing to join")
    first = inputs[0]
    axis = axis_of(integer(attrs, "axis"), len(first.shape))
    total = 0
    for value in inputs:
        rest = value.shape[:axis] + value.shape[axis + 1 :]
        if value.encoding != first.encoding or len(value.shape) != len(first.shape):
            raise TypeRuleError(f"{first} and {value} cannot be joined")
        extent = value.shape[axis]
        if isinstance(extent, str):
            raise TypeRuleError(f"axis {axis} of {value} is the batch; samples do not mix")
        if rest != first.shape[:axis] + first.shape[axis + 1 :]:
            raise TypeRuleError(f"{first} and {value} cannot be joined along axis {axis}")
        total += extent
    shape: list[Dim] = list(first.shape)
    shape[axis] = total
    return [TensorType(first.encoding, tuple(shape))]


def _concat(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    return [np.concatenate(inputs, axis=integer(attrs, "axis"))]


CONCAT = OpDef(
    name="concat",
    doc="The inputs one behind the other along an axis.",
    stages=EVERY_STAGE,
    inputs=("x*",),
    outputs=("y",),
    attrs=(AttrDef("axis", AttrKind.INT, "dimension along which they are joined", -1),),
    infer=_infer_concat,
    reference=_concat,
)

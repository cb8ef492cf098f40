"""The classifier's tail: softmax, the best class, its label. It runs beside the array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, TypeRuleError
from bsc.ir.types import Dim, Encoding, TensorType
from bsc.ops.source.rules import (
    EVERY_STAGE,
    NUMBERS,
    axis_of,
    expect,
    expect_float,
    integer,
    shape_text,
)

_AXIS = AttrDef("axis", AttrKind.INT, "dimension of the classes", -1)


def _sample_axis(value: TensorType, axis: int) -> int:
    """The axis as 0..rank-1; samples never mix, so it is not the batch."""
    place = axis_of(axis, len(value.shape))
    if isinstance(value.shape[place], str):
        raise TypeRuleError(f"axis {axis} of {value} is the batch; samples do not mix")
    return place


def _infer_softmax(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    expect_float(inputs[0], "the input")
    _sample_axis(inputs[0], integer(attrs, "axis"))
    return [inputs[0]]


def _softmax(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    axis = integer(attrs, "axis")
    x = inputs[0]
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return [e / np.sum(e, axis=axis, keepdims=True)]


def _log_softmax(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    axis = integer(attrs, "axis")
    x = inputs[0]
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return [shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))]


SOFTMAX = OpDef(
    name="softmax",
    doc="y = exp(x) / sum(exp(x)) along an axis.",
    stages=EVERY_STAGE,
    inputs=("x",),
    outputs=("y",),
    attrs=(_AXIS,),
    infer=_infer_softmax,
    reference=_softmax,
)
LOG_SOFTMAX = OpDef(
    name="log_softmax",
    doc="y = x - log(sum(exp(x))) along an axis.",
    stages=EVERY_STAGE,
    inputs=("x",),
    outputs=("y",),
    attrs=(_AXIS,),
    infer=_infer_softmax,
    reference=_log_softmax,
)


def _infer_argmax(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    x = inputs[0]
    expect(x, "the input", NUMBERS)
    axis = _sample_axis(x, integer(attrs, "axis"))
    if x.shape[axis] == 0:
        raise TypeRuleError(f"axis {axis} of {x} holds no element to choose")
    shape: list[Dim] = list(x.shape)
    shape[axis : axis + 1] = [1] if attrs["keepdims"] else []
    return [TensorType(Encoding.I64, tuple(shape))]


def _argmax(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    x, axis = inputs[0], integer(attrs, "axis")
    if attrs["select_last"]:
        best = x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis=axis)
    else:
        best = np.argmax(x, axis=axis)
    best = np.asarray(best, np.int64)
    return [np.expand_dims(best, axis) if attrs["keepdims"] else best]


ARGMAX = OpDef(
    name="argmax",
    doc="Index of the greatest element along an axis; of equals the first, or the last.",
    stages=EVERY_STAGE,
    inputs=("x",),
    outputs=("index",),
    attrs=(
        _AXIS,
        AttrDef("keepdims", AttrKind.BOOL, "whether the axis stays, with one element", True),
        AttrDef("select_last", AttrKind.BOOL, "whether the last of equals wins", False),
    ),
    infer=_infer_argmax,
    reference=_argmax,
)


def _infer_gather(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    data, index = inputs
    expect(index, "the index", (Encoding.I32, Encoding.I64))
    if not 1 <= len(data.shape) <= 2:
        raise TypeRuleError(f"the data is {data}, expected [F] or [rows, F]")
    if isinstance(data.shape[-1], str):
        raise TypeRuleError(f"features are chosen from {data}, whose last dimension is the batch")
    names = [d for d in index.shape if isinstance(d, str)]
    known = 1
    for d in index.shape:
        known *= 1 if isinstance(d, str) else d
    if names and (len(names) > 1 or known != 1):
        raise TypeRuleError(
            f"the index is {shape_text(index.shape)}, expected one index for each sample"
        )
    rows: Dim = data.shape[0] if len(data.shape) == 2 else 1
    if names and rows != 1:
        raise TypeRuleError(f"both the data {data} and the index {index} have a batch")
    return [TensorType(data.encoding, (rows, names[0] if names else known))]


def _gather(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    data, index = inputs
    return [data.reshape(-1, data.shape[-1])[:, index.reshape(-1)]]


GATHER_FEATURES = OpDef(
    name="gather_features",
    doc="y[r, i] = data[r, index[i]]: the label of a class, or a choice of features.",
    stages=EVERY_STAGE,
    inputs=("data", "index"),
    outputs=("y",),
    attrs=(),
    infer=_infer_gather,
    reference=_gather,
)

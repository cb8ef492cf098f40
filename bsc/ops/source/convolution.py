"""Convolutions of images: the layers in front of a classifier's dense ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, TypeRuleError
from bsc.ir.types import Encoding, TensorType
from bsc.ops.source.rules import SOURCE_ONLY, expect_float, integer, shape_text
from bsc.ops.source.windows import DILATIONS, PADS, STRIDES, blocks, image, seen, walks


def _weights(value: TensorType) -> tuple[int, int, int, int]:
    expect_float(value, "the weights")
    match value.shape:
        case (int(kernels), int(channels), int(rows), int(columns)) if rows and columns:
            return kernels, channels, rows, columns
    raise TypeRuleError(
        f"the weights are {value}, expected [M, C / groups, KH, KW] with kernels of 1 x 1 or more"
    )


def _infer(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    x, w = inputs[:2]
    samples, channels, rows, columns = image(x)
    kernels, read, *kernel = _weights(w)
    groups = integer(attrs, "groups")
    if groups < 1 or channels % groups or kernels % groups:
        raise TypeRuleError(
            f"{groups} groups, expected a number that divides the {channels} channels of the "
            f"input and the {kernels} kernels"
        )
    if read != channels // groups:
        share = f"{channels}" if groups == 1 else f"{channels} / {groups} = {channels // groups}"
        raise TypeRuleError(
            f"the weights {shape_text(w.shape)} read {read} channels, expected {share} "
            f"for the input {shape_text(x.shape)}"
        )
    if len(inputs) > 2:
        expect_float(inputs[2], "the bias")
        if inputs[2].shape != (kernels,):
            raise TypeRuleError(
                f"the bias is {inputs[2]}, expected [{kernels}], one number for each kernel"
            )
    down, across = walks(attrs, (kernel[0], kernel[1]))
    shape = (samples, kernels, down.places(rows), across.places(columns))
    return [TensorType(Encoding.F32, shape)]


def _reference(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    x, w = inputs[:2]
    down, across = axes = walks(attrs, w.shape[2:])
    groups = integer(attrs, "groups")
    height, width = down.places(x.shape[2]), across.places(x.shape[3])
    y = np.empty((len(x), len(w), height, width), np.float32)
    reads, makes = w.shape[1], len(w) // groups
    for samples, rows in blocks(len(x), height, width * int(np.prod(w.shape[1:]))):
        for group in range(groups):
            kernels = slice(group * makes, (group + 1) * makes)
            part = x[samples, group * reads : (group + 1) * reads]
            # [n, rows, OW, kernels]: the sum over channels and over the kernel is one product
            sums = np.tensordot(seen(part, axes, rows, 0), w[kernels], ((1, 4, 5), (1, 2, 3)))
            y[samples, kernels, rows] = np.moveaxis(sums, 3, 1)
    if len(inputs) > 2 and inputs[2] is not None:
        y += inputs[2][:, np.newaxis, np.newaxis]
    return [y]


CONV2D = OpDef(
    name="conv2d",
    doc="y[n, m, i, j] = b[m] + sum of w[m, c, k, l] x[n, c, i s + k d, j s + l d], zero padded.",
    stages=SOURCE_ONLY,
    inputs=("x", "w", "b?"),
    outputs=("y",),
    attrs=(
        STRIDES,
        PADS,
        DILATIONS,
        AttrDef("groups", AttrKind.INT, "parts of the channels that do not mix", 1),
    ),
    infer=_infer,
    reference=_reference,
)

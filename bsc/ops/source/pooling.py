"""Pooling of images: one number for each place of a kernel, channel by channel.

Pooling over the whole image is `average_pool` with a kernel of the image's extents, not an operator
of its own: at SOURCE the extents are numbers, so it says the same, and passes and backends have
one operator less to know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef
from bsc.ir.types import Encoding, TensorType
from bsc.ops.source.rules import SOURCE_ONLY
from bsc.ops.source.windows import DILATIONS, PADS, STRIDES, blocks, image, kernel_of, seen, walks

_KERNEL = AttrDef("kernel", AttrKind.INTS, "extents of the kernel: rows, columns")


def _infer(inputs: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    samples, channels, *extents = image(inputs[0])
    places = []
    for axis, extent in zip(walks(attrs, kernel_of(attrs)), extents, strict=True):
        places.append(axis.places(extent))
        axis.check_none_empty(extent)
    return [TensorType(Encoding.F32, (samples, channels, *places))]


def _max_pool(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    def greatest(windows: Any) -> Any:
        return np.max(windows, axis=(4, 5))

    return [_pooled(inputs[0], attrs, -np.inf, greatest, np.float32)]


def _average_pool(inputs: Sequence[Any], attrs: Attrs, environment: Any) -> list[Any]:
    def total(windows: Any) -> Any:
        return np.sum(windows, axis=(4, 5), dtype=np.float64)

    x = inputs[0]
    count: Any = np.prod(kernel_of(attrs), dtype=np.float64)
    if not attrs["count_padding"]:
        ones = np.ones((1, 1, *x.shape[2:]), np.float32)
        count = _pooled(ones, attrs, 0, total, np.float64)
    return [(_pooled(x, attrs, 0, total, np.float64) / count).astype(np.float32)]


def _pooled(x: Any, attrs: Attrs, fill: float, function: Callable[[Any], Any], dtype: Any) -> Any:
    """A function of all that the kernel sees, at each of its places: [N, C, OH, OW]."""
    down, across = axes = walks(attrs, kernel_of(attrs))
    height, width = down.places(x.shape[2]), across.places(x.shape[3])
    y = np.empty((*x.shape[:2], height, width), dtype)
    for samples, rows in blocks(len(x), height, x.shape[1] * width * down.taps * across.taps):
        y[samples, :, rows] = function(seen(x[samples], axes, rows, fill))
    return y


MAX_POOL = OpDef(
    name="max_pool",
    doc="The greatest element that the kernel sees at each of its places; padding never wins.",
    stages=SOURCE_ONLY,
    inputs=("x",),
    outputs=("y",),
    attrs=(_KERNEL, STRIDES, PADS, DILATIONS),
    infer=_infer,
    reference=_max_pool,
)
AVERAGE_POOL = OpDef(
    name="average_pool",
    doc="The mean of the elements that the kernel sees at each of its places, rounded once.",
    stages=SOURCE_ONLY,
    inputs=("x",),
    outputs=("y",),
    attrs=(
        _KERNEL,
        STRIDES,
        PADS,
        AttrDef("count_padding", AttrKind.BOOL, "whether padding counts as zeros", False),
    ),
    infer=_infer,
    reference=_average_pool,
)

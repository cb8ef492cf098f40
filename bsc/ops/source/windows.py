"""Kernels that walk over images: how far they reach, where they stop, what they see there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, TypeRuleError
from bsc.ir.types import Dim, TensorType
from bsc.ops.source.rules import expect_float, integers, shape_text

STRIDES = AttrDef("strides", AttrKind.INTS, "steps of the kernel: rows, columns", (1, 1))
PADS = AttrDef(
    "pads", AttrKind.INTS, "lines added around the input: top, left, bottom, right", (0, 0, 0, 0)
)
DILATIONS = AttrDef(
    "dilations", AttrKind.INTS, "distance of the kernel's elements: rows, columns", (1, 1)
)

_BLOCK = 1 << 22
"""Elements that a reference gathers at a time: 16 MiB of float32."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A kernel along one axis.

    Attributes:
        lines: `rows` or `columns`, for messages.
        taps: elements of the kernel.
        stride: lines from one place of the kernel to the next.
        dilation: lines from one element of the kernel to the next.
        before: lines of padding in front.
        after: lines of padding behind.
    """

    lines: str
    taps: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def reach(self) -> int:
        """Lines from the kernel's first element to its last, both counted."""
        return self.dilation * (self.taps - 1) + 1

    def places(self, extent: int) -> int:
        """Places that the kernel takes over an input of so many lines; none hangs over the end.

        Raises:
            TypeRuleError: the kernel fits nowhere.
        """
        padded = self.before + extent + self.after
        if padded < self.reach:
            kernel = f"{self.taps} {self.lines}"
            if self.dilation != 1:
                kernel += f", {self.dilation} apart, reach over {self.reach}"
            pads = f" with {self.before} + {self.after} of padding" * (padded != extent)
            raise TypeRuleError(
                f"the kernel's {kernel}; the input has {extent} {self.lines}{pads}, "
                f"expected {self.reach} or more"
            )
        return (padded - self.reach) // self.stride + 1

    def check_none_empty(self, extent: int) -> None:
        """Refuse padding that leaves the kernel somewhere with nothing of the input to choose from.

        Raises:
            TypeRuleError: the padding is as wide as the kernel, or the kernel steps over the input.
        """
        most = max(self.before, self.after)
        if most >= self.reach:
            raise TypeRuleError(
                f"{most} {self.lines} of padding, but the kernel reaches over {self.reach}: "
                "it would see padding alone"
            )
        if most and self.dilation > extent:
            raise TypeRuleError(
                f"the kernel's {self.lines} are {self.dilation} apart, the padded input has "
                f"{extent}: the kernel would step over them"
            )


def walks(attrs: Attrs, kernel: tuple[int, int]) -> tuple[Walk, Walk]:
    """The kernel's two walks, along rows and along columns, from a node's attributes.

    Raises:
        TypeRuleError: an attribute has another length, or a number that is none of its kind.
    """
    strides = _pair(attrs, "strides", "strides are")
    dilations = _pair(attrs, "dilations", "dilations are") if "dilations" in attrs else (1, 1)
    pads = integers(attrs, "pads")
    if len(pads) != 4 or min(pads) < 0:
        raise TypeRuleError(
            f"pads are {shape_text(pads)}, expected four numbers from 0: top, left, bottom, right"
        )
    rows, columns = (
        Walk(lines, kernel[i], strides[i], dilations[i], pads[i], pads[i + 2])
        for i, lines in enumerate(("rows", "columns"))
    )
    return rows, columns


def kernel_of(attrs: Attrs) -> tuple[int, int]:
    """The attribute `kernel` of a pooling.

    Raises:
        TypeRuleError: it is no pair of numbers from 1.
    """
    return _pair(attrs, "kernel", "the kernel is")


def _pair(attrs: Attrs, name: str, found: str) -> tuple[int, int]:
    numbers = integers(attrs, name)
    if len(numbers) != 2 or min(numbers) < 1:
        raise TypeRuleError(
            f"{found} {shape_text(numbers)}, expected two numbers from 1: rows, columns"
        )
    return numbers[0], numbers[1]


def effort(attrs: Attrs, kernel: Sequence[int], x: Sequence[int], y: Sequence[int]) -> int:
    """Elements that a reference looks at: for each of the output those under the kernel.

    Args:
        attrs: of a node that walks a kernel.
        kernel: extents of what one element of the output is made from.
        x: shape of the input.
        y: shape of the output.
    """
    down, across = walks(attrs, (kernel[-2], kernel[-1]))
    lines = (down.before + x[2] + down.after) * (across.before + x[3] + across.after)
    return prod(y) * prod(kernel) + x[0] * x[1] * lines


def image(value: TensorType) -> tuple[Dim, int, int, int]:
    """Samples, channels, rows and columns of an input.

    Raises:
        TypeRuleError: it is no float image, or one whose extents are known only at run time.
    """
    expect_float(value, "the input")
    match value.shape:
        case (samples, int(channels), int(rows), int(columns)):
            return samples, channels, rows, columns
    raise TypeRuleError(f"the input is {value}, expected [N, C, H, W] with numbers C, H and W")


def blocks(samples: int, rows: int, gathered: int) -> Iterator[tuple[slice, slice]]:
    """Parts of the output, samples by rows, that a reference computes one at a time.

    Args:
        samples: of the batch.
        rows: of the output.
        gathered: elements that one row of one sample gathers.
    """
    row_count = max(1, min(rows, _BLOCK // max(1, gathered)))
    sample_count = max(1, _BLOCK // max(1, gathered * rows)) if row_count == rows else 1
    for first in range(0, samples, sample_count):
        for row in range(0, rows, row_count):
            yield (
                slice(first, min(first + sample_count, samples)),
                slice(row, min(row + row_count, rows)),
            )


def seen(x: Any, axes: tuple[Walk, Walk], rows: slice, fill: float) -> Any:
    """What the kernel sees from some rows of its places: a view [N, C, rows, OW, KH, KW].

    Args:
        x: samples [N, C, H, W]; only the lines needed are padded, and copied only where they are.
        axes: the kernel's walks along rows and columns.
        rows: places along the rows.
        fill: the number that padding holds.
    """
    down, across = axes
    top = rows.start * down.stride - down.before
    bottom = (rows.stop - 1) * down.stride + down.reach - down.before
    height = x.shape[2]
    part = x[:, :, min(max(top, 0), height) : max(bottom, 0)]
    missing = (max(-top, 0), max(bottom - height, 0))
    if part.shape[2] == 0:
        missing = (bottom - top, 0)
    around = (missing, (across.before, across.after))
    if any(lines for pair in around for lines in pair):
        part = np.pad(part, ((0, 0), (0, 0), *around), constant_values=x.dtype.type(fill))
    windows = sliding_window_view(part, (down.reach, across.reach), axis=(2, 3))
    return windows[:, :, :: down.stride, :: across.stride, :: down.dilation, :: across.dilation]

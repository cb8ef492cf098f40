"""Inputs as thresholds: p = (x - low) / (high - low), t = floor(65536 p + 1/2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.diag import DiagnosticError, Span, fail
from bsc.numerics import tables
from bsc.program.executor import EncodedData
from bsc.program.model import InputSpec
from bsc_runtime.notes import Notes

_BLOCK = 1 << 22
"""Elements converted at a time, to bound memory."""

_DARK = 31
"""Bytes that stay below are hardly pixels."""

_SLACK = 1e-6
"""Share of the range that a value may lie outside of it: the rounding of single precision."""


@dataclass(frozen=True, slots=True)
class RangeCount:
    """Values outside the input's range.

    Attributes:
        outside: how many.
        total: of how many.
        least: the least value of all.
        greatest: the greatest value of all.
    """

    outside: int
    total: int
    least: float
    greatest: float


def encode(
    spec: InputSpec,
    x: npt.NDArray[Any],
    notes: Notes | None = None,
    *,
    levels: npt.NDArray[np.int32] | None = None,
    what: str = "x",
    alone: bool = True,
) -> EncodedData:
    """Encode inputs for an array.

    Pixels stay one byte each: uint8, and floats that are exactly k/255 in single precision, where
    the input's range is [0, 1]. Everything else becomes an int32 threshold.

    Args:
        spec: the program's input.
        x: [N, size] from `fit_input`.
        notes: hears of clipped values.
        levels: the program's table of pixel thresholds, int32 [256].
        what: the array's name in messages.
        alone: whether the program has no other input.

    Raises:
        DiagnosticError: BSC6012, values outside a range that does not saturate.
    """
    if x.dtype == np.uint8 and not is_raw_pixels(spec):
        warn_of_dark_pixels(x, notes)
    if is_unit(spec):
        pixels = as_pixels(x)
        if pixels is not None:
            return EncodedData(pixels, tables.pixel_levels() if levels is None else levels)
    elif x.dtype == np.uint8 and is_raw_pixels(spec) and notes is not None:
        notes.note(
            "BSC6021",
            f"pixels enter as 0 to 255, not scaled by 1/255: the model's input `{spec.name}` has "
            f"the range {show_range(spec)}",
        )
    count = count_outside(spec, x)
    if count.outside and not spec.saturates:
        raise out_of_range(spec, count, what, alone=alone)
    if count.outside and notes is not None:
        notes.warn(
            "BSC6022",
            f"{count.outside} of {count.total} values of input `{spec.name}` lie outside the range "
            f"{show_range(spec)} learned from calibration data and were clipped; they reach from "
            f"{count.least:g} to {count.greatest:g}",
            help="calibrate on more data",
        )
    thresholds = np.empty(x.shape, np.int32)
    for rows in _blocks(x):
        p = np.clip(probabilities(spec, x[rows]), 0.0, 1.0)
        thresholds[rows] = tables.real_thresholds(p)
    return EncodedData(thresholds, np.empty(0, np.int32))


def probabilities(spec: InputSpec, x: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Probabilities, float64 [N, size], not clipped; 0 for elements whose range is empty."""
    low, width = _range(spec)
    numerator = model_values(spec, x).astype(np.float64) - low
    return np.divide(numerator, width, out=np.zeros_like(numerator), where=width != 0)


def model_values(spec: InputSpec, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What the model sees, [N, size]: uint8 pixels are divided by 255, unless its range says no."""
    if x.dtype != np.uint8 or is_raw_pixels(spec):
        return x
    return x.astype(np.float64) / 255.0


def warn_of_dark_pixels(
    x: npt.NDArray[np.uint8], notes: Notes | None, whose: str = "the input"
) -> None:
    """Bytes that are no pixels (0 and 1, or counts) would vanish when divided by 255."""
    brightest = int(x.max(initial=0))
    if notes is not None and brightest <= _DARK:
        notes.warn(
            "BSC6024",
            f"the brightest of all pixels is {brightest} of 255: scaled by 1/255, {whose} is "
            "almost nothing",
            help="if these are values and no pixels, store them as float32",
        )


def calibration_values(
    x: npt.NDArray[Any], input_range: tuple[float, float] | None = None
) -> npt.NDArray[Any]:
    """Inputs in the model's own unit, in their own shape, for `bsc.compile(calibrate=...)`.

    Args:
        x: as loaded.
        input_range: the range declared for the model's input, if any.
    """
    if x.dtype != np.uint8 or (input_range is not None and _is_wide(*input_range)):
        return x
    return x.astype(np.float32) / np.float32(255)


def is_unit(spec: InputSpec) -> bool:
    """Whether the range of every element is [0, 1]."""
    return all(v == 0.0 for v in spec.low) and all(v == 1.0 for v in spec.high)


def is_raw_pixels(spec: InputSpec) -> bool:
    """Whether bytes are values as they are: the declared range reaches past 8 or -8."""
    return spec.declared and _is_wide(min(spec.low), max(spec.high))


def _is_wide(low: float, high: float) -> bool:
    return max(high, -low) > 8.0


def as_pixels(x: npt.NDArray[Any]) -> npt.NDArray[np.uint8] | None:
    """Bytes k whose k/255, rounded as x is, equals x everywhere; None where there are none.

    The thresholds of k and of float32(k/255) are equal for each of the 256 k (a test says so), so
    this saves memory and changes nothing.
    """
    if x.dtype == np.uint8:
        return x
    if x.dtype not in (np.float32, np.float64):
        return None
    pixels = np.empty(x.shape, np.uint8)
    exact = (np.arange(256) / 255.0).astype(x.dtype)
    single = (np.arange(256, dtype=np.float32) / np.float32(255)).astype(x.dtype)
    for rows in _blocks(x):
        part = x[rows]
        if part.size and (part.min() < 0 or part.max() > 1):
            return None
        k = np.rint(part * 255.0).astype(np.uint8)
        if not np.array_equal(exact[k], part) and not np.array_equal(single[k], part):
            return None
        pixels[rows] = k
    return pixels


def count_outside(spec: InputSpec, x: npt.NDArray[Any]) -> RangeCount:
    """Count the values outside the range, rounding of single precision forgiven."""
    low, width = _range(spec)
    slack = _SLACK * np.maximum(width, np.finfo(np.float32).tiny)
    least, greatest, outside = np.inf, -np.inf, 0
    for rows in _blocks(x):
        part = model_values(spec, x[rows]).astype(np.float64)
        least = min(least, float(part.min()))
        greatest = max(greatest, float(part.max()))
        outside += int(np.count_nonzero((part < low - slack) | (part > low + width + slack)))
    return RangeCount(outside, x.size, least, greatest)


def out_of_range(
    spec: InputSpec, count: RangeCount, what: str, *, alone: bool = True
) -> DiagnosticError:
    """The error for values that no probability can stand for.

    Args:
        spec: the input.
        count: of its values.
        what: the array's name in messages.
        alone: whether the program has no other input.
    """
    name = "" if alone else f"{spec.name}="
    said = "declared range" if spec.declared else "range [0, 1] that is assumed"
    shown = f" {show_range(spec)}" if spec.declared else ""
    return fail(
        "BSC6012",
        f"{count.outside} of {count.total} values lie outside the {said}{shown} of input "
        f"`{spec.name}`; they reach from {count.least:g} to {count.greatest:g}",
        at=Span(what),
        # The sign of equality keeps a negative bound from being read as an option.
        help=f"compile again with --calibrate DATA, or with --input-range={name}"
        f"{count.least:g}:{count.greatest:g}",
    )


def show_range(spec: InputSpec) -> str:
    """The input's range for people."""
    text = f"[{min(spec.low):g}, {max(spec.high):g}]"
    return text if len(spec.low) == len(spec.high) == 1 else f"{text} (each element its own)"


def _range(spec: InputSpec) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    low = np.array(spec.low, np.float64)
    return low, np.array(spec.high, np.float64) - low


def _blocks(x: npt.NDArray[Any]) -> Iterator[slice]:
    step = max(1, _BLOCK // max(1, x.shape[1]))
    for start in range(0, len(x), step):
        yield slice(start, start + step)

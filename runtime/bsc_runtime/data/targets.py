"""Fitting targets to a program's outputs: class labels, or numbers from 0 to 1 for each column."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.diag import Span, fail
from bsc.hw.plan import Readout
from bsc.numerics import tables
from bsc.ops import OPS
from bsc.program.model import Program
from bsc.tiling.plan import Head
from bsc_runtime.data.encode import warn_of_dark_pixels
from bsc_runtime.data.fit import as_array, check_finite, class_indices, fits, show
from bsc_runtime.notes import Notes

_BLOCK = 4096
"""Samples looked at together, to bound memory."""


@dataclass(frozen=True, slots=True)
class HeadTargets:
    """What one head should answer.

    Attributes:
        labels: int32 [N], the class of each sample; None where numbers were given.
        numbers: [N, columns], uint8 pixels or floats from 0 to 1; None where classes were given.
    """

    labels: npt.NDArray[np.int32] | None
    numbers: npt.NDArray[Any] | None

    def __len__(self) -> int:
        given = self.labels if self.labels is not None else self.numbers
        return 0 if given is None else len(given)

    def part(self, rows: slice) -> HeadTargets:
        """Those of some samples."""
        return HeadTargets(
            None if self.labels is None else self.labels[rows],
            None if self.numbers is None else self.numbers[rows],
        )

    def values(self, rows: slice, columns: int) -> npt.NDArray[np.float64]:
        """What each column of a logistic head should give, float64 [rows, columns]."""
        if self.numbers is not None:
            part = self.numbers[rows]
            return part / 255.0 if part.dtype == np.uint8 else part.astype(np.float64)
        if self.labels is None:
            raise ValueError("targets without labels and numbers")
        return _one_hot(self.labels[rows], columns).astype(np.float64)

    def thresholds(self, head: Head) -> npt.NDArray[np.int32]:
        """The head's part of the executor's targets, int32 [N, head.width]."""
        if head.readout is Readout.SOFTMAX:
            if self.labels is None:
                raise ValueError("a softmax head without labels")
            return self.labels[:, None]
        result = np.empty((len(self), head.width), np.int32)
        levels = tables.pixel_levels()
        for rows in blocks(len(self)):
            if self.numbers is not None and self.numbers.dtype == np.uint8:
                result[rows] = levels[self.numbers[rows]]
            else:
                result[rows] = tables.real_thresholds(self.values(rows, head.columns))
        return result


def fit_targets(
    program: Program,
    head: Head,
    y: npt.ArrayLike,
    samples: int,
    notes: Notes | None = None,
    *,
    what: str = "y",
    output: str | None = None,
) -> HeadTargets:
    """Bring the targets of an output into the program's form.

    Args:
        program: tells the output's own shape.
        head: what they are for. Softmax takes a class for each sample, [N]; logistic takes that
            too, or numbers from 0 to 1, [N, columns] or in the output's own shape. uint8 numbers
            are scaled by 1/255, except a single column of 0 and 1.
        y: samples first.
        samples: N, how many there must be.
        notes: hears of pixels that are nearly 0.
        what: the array's name in messages.
        output: which of the head's outputs they are for, None for the first; two may be of other
            shape and order.

    Raises:
        DiagnosticError: BSC6008, BSC6010, BSC6011, BSC6013, BSC6015 or BSC6016.
    """
    columns = max(2, head.columns)  # one column tells two classes apart
    array = as_array(y, what)
    if head.readout is not Readout.LOGISTIC:
        return HeadTargets(class_indices(array, samples, columns, head.classes, what=what), None)
    if array.dtype.kind in "US" or _is_labels(array, head):
        return HeadTargets(class_indices(array, samples, columns, head.classes, what=what), None)
    place = Span(what)
    if array.dtype.kind not in "biuf":
        raise fail("BSC6013", f"targets are of type {array.dtype}; numbers expected", at=place)
    output = output or head.name
    shape = _output_shape(program, head, output)
    if array.ndim == 1 and head.columns == 1:
        array = array[:, None]
    if array.ndim == 0 or not fits(array.shape[1:], shape, head.columns):
        got = show(array.shape[1:]) if array.ndim > 1 else f"an array {list(array.shape)}"
        raise fail(
            "BSC6015",
            f"the targets of each sample are {got} but the model's output `{output}` is "
            f"{show(shape)}",
            at=place,
            help=f"give numbers from 0 to 1 [N, {head.columns}], or the class of each sample [N]",
        )
    if len(array) != samples:
        raise fail(
            "BSC6011",
            f"{samples} samples but {len(array)} targets {list(array.shape)} of output "
            f"`{output}`: each needs one",
            at=place,
        )
    if array.dtype.kind == "f":
        check_finite(array, place)
    numbers = array.reshape(samples, head.columns)
    if numbers.dtype == np.uint8:
        warn_of_dark_pixels(numbers, notes, f"the targets of output `{output}`")
    elif numbers.dtype.kind != "b":
        _check_range(numbers, output, place)
    columns_of = _columns_of(program, head, output)
    if columns_of is not None:
        ordered = np.empty_like(numbers)
        ordered[:, columns_of] = numbers
        numbers = ordered
    return HeadTargets(None, numbers)


def _output_shape(program: Program, head: Head, output: str) -> tuple[int, ...]:
    """The shape that the model gives an output, without samples; flat where it has another size."""
    type_ = program.tail.types.get(output)
    shape = type_.shape[1:] if type_ is not None else ()
    whole = tuple(int(n) for n in shape if isinstance(n, int))
    known = len(whole) == len(shape) and math.prod(whole) == head.columns
    return whole if known and whole else (head.columns,)


def _columns_of(program: Program, head: Head, output: str) -> npt.NDArray[np.int64] | None:
    """For each element of an output the column it is made of; None where they are in order."""
    tail = program.tail
    moved: dict[str, npt.NDArray[Any]] = {
        f"{program.reads[head.read].name}.y": np.arange(head.columns).reshape(1, -1)
    }
    for node in tail.nodes:
        given = [name for name in node.inputs if name in moved]
        others = [n for n in node.inputs if n and n not in moved and n not in tail.constants]
        if len(given) != 1 or others:
            continue
        numbers = moved[given[0]]
        if node.op in ("reshape", "transpose"):
            (numbers,) = OPS[node.op].reference([numbers], node.attrs, None)
        elif tail.types[node.outputs[0]].shape[1:] != tail.types[given[0]].shape[1:]:
            continue
        moved[node.outputs[0]] = numbers
    order: npt.NDArray[np.int64] = moved.get(output, np.arange(head.columns)).reshape(-1)
    return None if np.array_equal(order, np.arange(head.columns)) else order


def blocks(samples: int) -> Iterator[slice]:
    """Slices of samples that are worked on together."""
    for start in range(0, samples, _BLOCK):
        yield slice(start, min(start + _BLOCK, samples))


def _is_labels(array: npt.NDArray[Any], head: Head) -> bool:
    """Whether an array for a logistic head holds classes: [N], and for one column 0 and 1 alone."""
    if array.ndim != 1 and not (array.ndim == 2 and array.shape[1] == 1):
        return False
    if head.columns > 1:
        return True
    if head.classes and array.dtype.kind in "iu":
        return True
    return bool(np.isin(array, (0, 1)).all())


def _one_hot(labels: npt.NDArray[np.int32], columns: int) -> npt.NDArray[np.bool_]:
    if columns == 1:
        return np.asarray(labels[:, None] == 1)
    return np.asarray(labels[:, None] == np.arange(columns))


def _check_range(numbers: npt.NDArray[Any], output: str, place: Span) -> None:
    outside, least, greatest = 0, np.inf, -np.inf
    for rows in blocks(len(numbers)):
        part = numbers[rows]
        outside += int(np.count_nonzero((part < 0) | (part > 1)))
        least, greatest = min(least, float(part.min())), max(greatest, float(part.max()))
    if outside:
        raise fail(
            "BSC6016",
            f"{outside} of {numbers.size} targets of output `{output}` are outside 0 to 1; they "
            f"reach from {least:g} to {greatest:g}",
            at=place,
            help="scale them, or store pixels as uint8, which count as pixel / 255",
        )

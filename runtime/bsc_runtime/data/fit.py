"""Fitting arrays to a program: the input's shape and values, the labels' classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.diag import Span, fail
from bsc.program.model import InputSpec
from bsc_runtime.notes import Notes


def fit_input(
    spec: InputSpec, x: npt.ArrayLike, notes: Notes | None = None, *, what: str = "x"
) -> npt.NDArray[Any]:
    """Bring inputs into the program's form: [N, size], finite numbers.

    [N, 784], [N, 28, 28] and [N, 1, 28, 28] become each other: shapes may differ by axes of one, or
    one side may be flat. uint8 stays uint8 (see `encode` for what a pixel means).

    Args:
        spec: the program's input.
        x: samples first.
        notes: hears of a reshape.
        what: the array's name in messages.

    Returns:
        [N, size]; a view where possible.
    """
    array = as_array(x, what)
    place = Span(what)
    if array.dtype.kind not in "biuf":
        raise fail("BSC6013", f"inputs are of type {array.dtype}; numbers are expected", at=place)
    if array.ndim == 0 or len(array) == 0:
        raise fail("BSC6007", f"there are no samples: the shape is {array.shape}", at=place)
    sample = array.shape[1:]
    if not fits(sample, spec.shape, spec.size):
        raise fail(
            "BSC6009",
            f"each sample is {show(sample)} but the model's input `{spec.name}` is "
            f"{show(spec.shape)}; the array is {list(array.shape)}",
            at=place,
            help=_width_help(array.shape, spec),
        )
    if sample not in (spec.shape, (spec.size,)) and notes is not None:
        notes.note(
            "BSC6020", f"samples of {show(sample)} are read as the model's {show(spec.shape)}"
        )
    if array.dtype.kind == "f":
        check_finite(array, place)
    if array.dtype.kind == "b":
        array = array.astype(np.float32)
    return array.reshape(len(array), spec.size)


def as_array(given: npt.ArrayLike, what: str) -> npt.NDArray[Any]:
    """What was given as an array.

    Raises:
        DiagnosticError: BSC6013, it is none.
    """
    try:
        return np.asarray(given)
    except ValueError:
        message = f"{what} is no array: its rows have different lengths"
        raise fail("BSC6013", message, at=Span(what)) from None


def class_indices(
    y: npt.ArrayLike,
    samples: int,
    columns: int,
    classes: tuple[int, ...] | tuple[str, ...] = (),
    *,
    what: str = "y",
) -> npt.NDArray[np.int32]:
    """Labels as indices of readout elements, int32 [N].

    Args:
        y: [N] or [N, 1]; integers, whole floats, or strings where the model's labels are strings.
        samples: N, how many there must be.
        columns: readout elements.
        classes: the model's own labels, in the order of its readout; empty for 0, 1, 2, ...
        what: the array's name in messages.
    """
    labels = as_array(y, what)
    place = Span(what)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise fail(
            "BSC6010",
            f"labels have the shape {labels.shape}; one class for each sample, [N], is expected",
            at=place,
            help="turn one-hot rows into classes: y.argmax(axis=1)" if labels.ndim == 2 else None,
        )
    if len(labels) != samples:
        raise fail(
            "BSC6011",
            f"{samples} samples but {len(labels)} labels: each needs one",
            at=place,
        )
    if labels.dtype.kind in "US":
        try:
            names = labels.astype(str)
        except UnicodeDecodeError:
            raise fail("BSC6010", "labels are bytes that are no ASCII text", at=place) from None
        return _named_classes(names, tuple(str(c) for c in classes), place)
    if labels.dtype.kind not in "biuf":
        raise fail("BSC6010", f"labels are of type {labels.dtype}; integers expected", at=place)
    if labels.dtype.kind == "f":
        check_finite(labels, place)
        broken = labels != np.floor(labels)
        if broken.any():
            first = int(broken.argmax())
            raise fail(
                "BSC6010",
                f"label {labels[first]!s} of sample {first} is no integer ({int(broken.sum())} of "
                f"{samples} are not)",
                at=place,
            )
    numbers = [c for c in classes if isinstance(c, int)]
    known = np.array(numbers or range(columns), dtype=np.int64)
    spread = np.argsort(known, kind="stable")
    slot = np.minimum(np.searchsorted(known, labels, sorter=spread), len(known) - 1)
    index = spread[slot]
    wrong = known[index] != labels
    if wrong.any():
        first = int(wrong.argmax())
        raise fail(
            "BSC6010",
            f"label {labels[first]!s} of sample {first} is none of the model's {len(known)} "
            f"classes ({_classes(known)}); {int(wrong.sum())} of {samples} are outside",
            at=place,
            help="labels count from 0" if labels.min() == 1 and not numbers else None,
        )
    return index.astype(np.int32)


def _named_classes(
    labels: npt.NDArray[np.str_], classes: tuple[str, ...], place: Span
) -> npt.NDArray[np.int32]:
    table = {name: i for i, name in enumerate(classes)}
    values, where = np.unique(labels, return_inverse=True)
    unknown = [str(v) for v in values if str(v) not in table]
    if unknown:
        known = ", ".join(classes[:8]) or "the numbers 0, 1, 2, ..."
        raise fail(
            "BSC6010",
            f"{len(unknown)} labels are none of the model's classes, the first is `{unknown[0]}`; "
            f"its classes are {known}" + (", ..." if len(classes) > 8 else ""),
            at=place,
        )
    return np.array([table[str(v)] for v in values], np.int32)[where]


def fits(sample: tuple[int, ...], shape: tuple[int, ...], size: int) -> bool:
    """Whether samples of a shape may be read as the model's: axes of one aside, or one is flat."""
    if math.prod(sample) != size:
        return False
    squeezed = tuple(n for n in sample if n != 1)
    wanted = tuple(n for n in shape if n != 1)
    return len(squeezed) <= 1 or len(wanted) <= 1 or squeezed == wanted


def _width_help(shape: tuple[int, ...], spec: InputSpec) -> str | None:
    if math.prod(shape) == spec.size:
        return "one sample alone needs an axis in front: x[None]"
    if math.prod(shape[1:]) == spec.size:
        return "the axes stand in another order: transpose the data to the model's"
    return None


def show(shape: tuple[int, ...]) -> str:
    """A shape for people."""
    text = " x ".join(str(n) for n in shape) or "a single number"
    return text if len(shape) < 2 else f"{text} ({math.prod(shape)} values)"


def _classes(known: npt.NDArray[np.int64]) -> str:
    if np.array_equal(known, np.arange(len(known))):
        return f"0 to {len(known) - 1}"
    text = ", ".join(str(v) for v in known[:8])
    return text + (", ..." if len(known) > 8 else "")


def check_finite(array: npt.NDArray[Any], place: Span) -> None:
    """Refuse NaN and infinity."""
    # The sum is finite exactly if no element is not, overflow aside: the scan is paid on suspicion.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum(dtype=np.float64)):
            return
    finite = np.isfinite(array)
    if finite.all():
        return
    first = tuple(int(i) for i in np.argwhere(~finite)[0])
    raise fail(
        "BSC6008",
        f"{int((~finite).sum())} values are NaN or infinite, the first at {list(first)}",
        at=place,
        help="replace or drop these samples",
    )

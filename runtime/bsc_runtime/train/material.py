"""What a run learns from and what it is examined on, taken from a user's arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.program.executor import EncodedData
from bsc.program.model import Program
from bsc_runtime.data.fit import fit_input
from bsc_runtime.inputs import Inputs, encoded_for, inputs_of, labels_of, prepared
from bsc_runtime.notes import Notes

TRAINING_EXAMINED = 10_000
"""Without a test set and validation images, accuracy is measured on so many training samples."""


@dataclass(frozen=True, slots=True)
class Material:
    """Samples to learn from, and samples to answer.

    Attributes:
        data: encoded training samples.
        labels: int32 [N], indices of readout elements.
        asked: samples that accuracy is measured on.
        answers: their labels.
        asked_on: `test`, `validation` or `train`.
    """

    data: EncodedData
    labels: npt.NDArray[np.int32]
    asked: Inputs
    answers: npt.NDArray[np.int32]
    asked_on: str


def material(
    program: Program,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    validation: int | None,
    x_test: npt.ArrayLike | None,
    y_test: npt.ArrayLike | None,
    notes: Notes,
) -> Material:
    """Prepare a run's samples.

    Args:
        program: what they must fit.
        x: training inputs, samples first.
        y: their labels.
        validation: how many, at the end, are held back to be measured on.
        x_test: test inputs, measured on where nothing is held back.
        y_test: their labels.
        notes: hears what happens to them.
    """
    values = fit_input(program.input, x, notes)
    labels = labels_of(program, y, len(values))
    count = _training_count(len(values), validation)
    data = encoded_for(program, values[:count], notes)
    if count < len(values):
        asked = prepared(program, values[count:], notes, "x")
        return Material(data, labels[:count], asked, labels[count:], "validation")
    if (x_test is None) != (y_test is None):
        given, missing = ("x_test", "y_test") if y_test is None else ("y_test", "x_test")
        raise fail("BSC6006", f"there is {given}, but no {missing}", help="give both, or neither")
    if x_test is not None and y_test is not None:
        asked = inputs_of(program, x_test, notes, "x_test")
        answers = labels_of(program, y_test, len(asked), "y_test")
        return Material(data, labels, asked, answers, "test")
    some = slice(0, TRAINING_EXAMINED)
    asked = prepared(program, values[some], notes, "x")
    return Material(data, labels, asked, labels[some], "train")


def _training_count(samples: int, validation: int | None) -> int:
    if not validation:
        return samples
    if validation < 0:
        raise fail("BSC6014", f"cannot hold back {validation} samples for validation")
    if validation >= samples:
        raise fail(
            "BSC6014",
            f"{validation} of {samples} training samples held back for validation leave nothing "
            "to train on",
        )
    return samples - validation

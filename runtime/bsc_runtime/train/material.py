"""What a run learns from and what it is examined on, taken from a user's arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.program.executor import EncodedData
from bsc.program.model import Program
from bsc_runtime.inputs import (
    Given,
    Inputs,
    Targets,
    encoded_for,
    fit_inputs,
    inputs_of,
    names_of,
    prepared,
    targets_of,
)
from bsc_runtime.notes import Notes

TRAINING_EXAMINED = 10_000
"""Without a test set and validation images, accuracy is measured on so many training samples."""


@dataclass(frozen=True, slots=True)
class Material:
    """Samples to learn from, and samples to answer.

    Attributes:
        data: encoded training samples.
        targets: int32 [N, target_width], as the executor takes them.
        asked: samples that are measured on.
        answers: their targets.
        asked_on: `test`, `validation` or `train`.
    """

    data: EncodedData
    targets: npt.NDArray[np.int32]
    asked: Inputs
    answers: Targets
    asked_on: str


def material(
    program: Program,
    x: Given,
    y: Given,
    validation: int | None,
    x_test: Given | None,
    y_test: Given | None,
    notes: Notes,
) -> Material:
    """Prepare a run's samples.

    Args:
        program: what they must fit.
        x: training inputs, samples first.
        y: their targets.
        validation: how many, at the end, are held back to be measured on.
        x_test: test inputs, measured on where nothing is held back.
        y_test: their targets.
        notes: hears what happens to them.
    """
    names = names_of(program, x, "x")
    values = fit_inputs(program, x, notes)
    samples = len(values[0])
    wanted = targets_of(program, y, samples, notes)
    if wanted.matrix is None:
        raise ValueError("a head that learns has no targets")
    count = _training_count(samples, validation)
    data = encoded_for(program, tuple(v[:count] for v in values), notes, names)
    targets = wanted.matrix[:count]
    if count < samples:
        held = slice(count, samples)
        asked = prepared(program, tuple(v[held] for v in values), notes, names)
        return Material(data, targets, asked, wanted.part(held), "validation")
    if (x_test is None) != (y_test is None):
        given, missing = ("x_test", "y_test") if y_test is None else ("y_test", "x_test")
        raise fail("BSC6006", f"there is {given}, but no {missing}", help="give both, or neither")
    if x_test is not None and y_test is not None:
        asked = inputs_of(program, x_test, notes, "x_test")
        answers = targets_of(program, y_test, len(asked), notes, "y_test")
        return Material(data, targets, asked, answers, "test")
    some = slice(0, min(samples, TRAINING_EXAMINED))
    asked = prepared(program, tuple(v[some] for v in values), notes, names)
    return Material(data, targets, asked, wanted.part(some), "train")


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

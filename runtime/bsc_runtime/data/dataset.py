"""A data set as it was loaded: arrays in their own shape and type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bsc.diag import DiagnosticError, Span, fail
from bsc.program.model import InputSpec

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class DataSet:
    """Arrays of one data set.

    Attributes:
        name: what the user called it.
        inputs: training inputs by name, [N, ...]; a single input is called `x`.
        y: training labels [N], None where there are none.
        inputs_test: test inputs by name, empty where there are none.
        y_test: test labels, None where there are none.
        classes: the label values that occur, ascending.
    """

    name: str
    inputs: Mapping[str, Array]
    y: Array | None = None
    inputs_test: Mapping[str, Array] = field(default_factory=dict)
    y_test: Array | None = None
    classes: tuple[int, ...] | tuple[str, ...] = ()

    @property
    def x(self) -> Array:
        """The training input, where there is one alone."""
        return self._single(self.inputs)

    @property
    def x_test(self) -> Array | None:
        """The test input, where there is one alone; None without a test set."""
        return self._single(self.inputs_test) if self.inputs_test else None

    def input_for(self, spec: InputSpec) -> Array:
        """The training input of a program: by its name, else the only one there is."""
        return self._named(self.inputs, spec.name)

    def test_input_for(self, spec: InputSpec) -> Array | None:
        """The test input of a program, None without a test set."""
        return self._named(self.inputs_test, spec.name) if self.inputs_test else None

    def labels(self) -> Array:
        """The training labels; an error where the data set has none."""
        if self.y is None:
            others = sorted(name for name in self.inputs if name != "x")
            near = f"; is `{others[0]}` meant to be `y`?" if len(others) == 1 else ""
            raise fail(
                "BSC6006",
                f"data set {self.name} has no labels: training and accuracy need an array `y`",
                at=Span(self.name),
                help=f"its arrays are: {', '.join(sorted(self.inputs))}{near}",
            )
        return self.y

    def evaluation(self, spec: InputSpec) -> tuple[Array, Array, str]:
        """What accuracy is measured on: (inputs, labels, `test` or `train`)."""
        x = self.test_input_for(spec)
        if x is not None and self.y_test is not None:
            return x, self.y_test, "test"
        if x is not None or self.y_test is not None:
            # Measuring on the training samples instead would look like a test.
            given, missing = ("y_test", "x_test") if x is None else ("x_test", "y_test")
            raise fail(
                "BSC6006",
                f"data set {self.name} has {given}, but no {missing}",
                at=Span(self.name, path=given),
                help="store both, or neither: then accuracy is measured on the training samples",
            )
        return self.input_for(spec), self.labels(), "train"

    def _named(self, inputs: Mapping[str, Array], name: str) -> Array:
        if name in inputs:
            return inputs[name]
        if len(inputs) == 1:
            return next(iter(inputs.values()))
        raise self._no_input(inputs, f"the model's input `{name}`")

    def _single(self, inputs: Mapping[str, Array]) -> Array:
        if "x" in inputs:
            return inputs["x"]
        if len(inputs) == 1:
            return next(iter(inputs.values()))
        raise self._no_input(inputs, "one input `x`")

    def _no_input(self, inputs: Mapping[str, Array], wanted: str) -> DiagnosticError:
        found = ", ".join(sorted(inputs)) or "none"
        return fail(
            "BSC6006",
            f"data set {self.name} lacks {wanted}; its arrays are: {found}",
            at=Span(self.name),
            help="name the array x, or as the model names its input",
        )


def classes_of(*labels: Array | None) -> tuple[int, ...] | tuple[str, ...]:
    """The values that occur in label arrays, ascending; empty where they are no classes."""
    parts = [a.reshape(-1) for a in labels if a is not None and a.dtype.kind in "iubU"]
    if not parts or len({a.dtype.kind == "U" for a in parts}) > 1:
        return ()
    values = np.unique(np.concatenate(parts))
    if values.dtype.kind == "U":
        return tuple(str(v) for v in values)
    return tuple(int(v) for v in values)

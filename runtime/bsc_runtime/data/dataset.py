"""A data set as it was loaded: arrays in their own shape and type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy.typing as npt

from bsc.diag import DiagnosticError, Span, fail
from bsc.program.model import InputSpec

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class DataSet:
    """Arrays of one data set; which of them a program takes, `match` says.

    Attributes:
        name: what the user called it.
        arrays: training arrays by name, samples first; `x` and `y` fit any model with one input
            and one output.
        arrays_test: test arrays by the same names, empty where there are none.
    """

    name: str
    arrays: Mapping[str, Array]
    arrays_test: Mapping[str, Array] = field(default_factory=dict)

    @property
    def inputs(self) -> Mapping[str, Array]:
        """The training arrays but `y`."""
        return {name: array for name, array in self.arrays.items() if name != "y"}

    @property
    def inputs_test(self) -> Mapping[str, Array]:
        """The test arrays but `y`."""
        return {name: array for name, array in self.arrays_test.items() if name != "y"}

    @property
    def y(self) -> Array | None:
        """Training labels or targets, None where no array has this name."""
        return self.arrays.get("y")

    @property
    def y_test(self) -> Array | None:
        """Test labels or targets, None where no array has this name."""
        return self.arrays_test.get("y")

    @property
    def x(self) -> Array:
        """The training input, where there is one alone."""
        return self._single(self.inputs)

    @property
    def x_test(self) -> Array | None:
        """The test input, where there is one alone; None without a test set."""
        return self._single(self.inputs_test) if self.inputs_test else None

    def input_for(self, spec: InputSpec) -> Array:
        """The training array of an input: by its name, else the only one there is."""
        return self._named(self.inputs, spec.name)

    def test_input_for(self, spec: InputSpec) -> Array | None:
        """The test array of an input, None without a test set."""
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
        """What accuracy of a model with one input is measured on: (inputs, labels, which part)."""
        x = self.test_input_for(spec)
        if x is not None and self.y_test is not None:
            return x, self.y_test, "test"
        if x is not None or self.y_test is not None:
            # Measuring on the training samples instead would look like a test.
            raise self.half("y" if x is None else "x", "x" if x is None else "y")
        return self.input_for(spec), self.labels(), "train"

    def half(self, given: str, missing: str) -> DiagnosticError:
        """The error for a test set that lacks something."""
        return fail(
            "BSC6006",
            f"data set {self.name} has {given}_test, but no {missing}_test",
            at=Span(self.name, path=f"{given}_test"),
            help="store both, or neither: then accuracy is measured on the training samples",
        )

    def listing(self) -> str:
        """Its training arrays with their shapes, for people."""
        return ", ".join(f"{name} {list(a.shape)}" for name, a in sorted(self.arrays.items()))

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

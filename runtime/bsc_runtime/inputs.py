"""From a user's arrays to what a program takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.diag import DiagnosticError
from bsc.program.executor import EncodedData
from bsc.program.model import InputSpec, Program
from bsc_runtime.data.encode import RangeCount, count_outside, encode, out_of_range
from bsc_runtime.data.fit import class_indices, fit_input
from bsc_runtime.notes import Notes


@dataclass(frozen=True, slots=True)
class Inputs:
    """Samples ready for inference.

    Attributes:
        values: [N, size] as `fit_input` gives them.
        encoded: thresholds, None where values lie outside a range that was only assumed.
        outside: count of values outside the input's range; None where all lie inside.
    """

    values: npt.NDArray[Any]
    encoded: EncodedData | None
    outside: RangeCount | None

    def __len__(self) -> int:
        return len(self.values)

    def refusal(self, spec: InputSpec) -> DiagnosticError:
        """The error for modes that need bits, where some values have no probability."""
        count = self.outside or count_outside(spec, self.values)
        return out_of_range(spec, count, "x")


def inputs_of(program: Program, x: npt.ArrayLike, notes: Notes, what: str = "x") -> Inputs:
    """Fit and encode samples.

    Raises:
        DiagnosticError: shape or values do not fit; values outside a range that was only assumed
            are no error here, because analog mode can evaluate them.
    """
    return prepared(program, fit_input(program.input, x, notes, what=what), notes, what)


def prepared(program: Program, values: npt.NDArray[Any], notes: Notes, what: str) -> Inputs:
    """Encode samples that fit already, [N, size]."""
    spec = program.input
    encoded = None
    try:
        encoded = encoded_for(program, values, notes, what)
    except DiagnosticError:
        if spec.declared:
            raise  # somebody said that the model never meets such values
    nothing_outside = encoded is not None and not spec.saturates
    return Inputs(values, encoded, None if nothing_outside else count_outside(spec, values))


def encoded_for(
    program: Program, values: npt.NDArray[Any], notes: Notes, what: str = "x"
) -> EncodedData:
    """Encode samples that fit already; values outside the range are an error."""
    return encode(program.input, values, notes, levels=program.tables.get("levels"), what=what)


def labels_of(
    program: Program, y: npt.ArrayLike, samples: int, what: str = "y"
) -> npt.NDArray[np.int32]:
    """Labels as indices of readout elements, int32 [N]."""
    columns = max(2, program.arrays[-1].columns)  # one column tells two classes apart
    return class_indices(y, samples, columns, program.classes, what=what)

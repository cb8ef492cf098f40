"""Analog mode in floating point: the network's own activations on the code-rounded weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bsc.numerics import functions
from bsc.numerics.cells import forward_weights
from bsc.numerics.state import ChipState
from bsc.program.model import Program
from bsc_runtime.data.encode import probabilities

Doubles: TypeAlias = npt.NDArray[np.float64]

_BLOCK = 4096
"""Samples evaluated at a time, to bound memory."""


def float_sums(
    program: Program, state: ChipState, values: npt.NDArray[Any], *, inner: bool
) -> tuple[Doubles, Mapping[str, Doubles]]:
    """Sums y of the last array in the model's units, nothing clipped, in double precision.

    Args:
        program: arrays and their activations.
        state: the cells.
        values: inputs [N, size], from `fit_input`.
        inner: whether y of inner arrays is wanted too.

    Returns:
        y of the last array, [N, classes]; and y of every array by `<array>.y`, empty where not
        wanted.
    """
    weights: list[tuple[Doubles, Doubles]] = []
    for spec, array in zip(program.arrays, state.arrays, strict=True):
        codes = forward_weights(array)
        y_of_codes = np.float64(spec.gain / spec.scale)
        bias = codes[spec.inputs :].sum(axis=0, dtype=np.int64) * y_of_codes
        weights.append((codes[: spec.inputs] * y_of_codes, bias))
    names = [f"{spec.name}.y" for spec in program.arrays]
    kept = {
        name: np.empty((len(values), spec.columns))
        for name, spec in zip(names, program.arrays, strict=True)
    }
    if not inner:
        kept = {names[-1]: kept[names[-1]]}
    for start in range(0, len(values), _BLOCK):
        rows = slice(start, start + _BLOCK)
        sums = _layers(program, weights, probabilities(program.input, values[rows]))
        for name, y in zip(names, sums, strict=True):
            if name in kept:
                kept[name][rows] = y
    return kept[names[-1]], kept if inner else {}


def _layers(program: Program, weights: list[tuple[Doubles, Doubles]], p: Doubles) -> list[Doubles]:
    """Sums y of every layer for one block of samples."""
    sums = []
    for spec, (matrix, bias) in zip(program.arrays, weights, strict=True):
        y = p @ matrix
        y += bias
        sums.append(y)
        if spec is not program.arrays[-1]:
            h = functions.apply(spec.function, spec.function_parameters, y)
            p = np.asarray((h - spec.low) / (spec.high - spec.low), np.float64)
    return sums

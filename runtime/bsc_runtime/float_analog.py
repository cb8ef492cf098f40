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
from bsc.program.wiring import Part, wiring
from bsc_runtime.data.encode import probabilities

Doubles: TypeAlias = npt.NDArray[np.float64]

_BLOCK = 4096
"""Samples evaluated at a time, to bound memory."""


def float_sums(
    program: Program, state: ChipState, values: tuple[npt.NDArray[Any], ...], *, inner: bool
) -> tuple[tuple[Doubles, ...], Mapping[str, Doubles]]:
    """Sums y of the heads in the model's units, nothing clipped, in double precision.

    Args:
        program: reads and their activations.
        state: the cells.
        values: for each input [N, size], from `fit_input`.
        inner: whether y of other reads is wanted too.

    Returns:
        y of each head, [N, columns]; and y of every read by `<read>.y`, empty where not wanted.
    """
    weights = [codes.astype(np.float64) for codes in map(forward_weights, state.arrays)]
    parts = wiring(program)
    samples = len(values[0])
    heads = [head.read for head in program.heads]
    kept = {
        number: np.empty((samples, program.arrays[read.array].columns))
        for number, read in enumerate(program.reads)
        if inner or number in heads
    }
    for start in range(0, samples, _BLOCK):
        rows = slice(start, start + _BLOCK)
        signals = [
            probabilities(spec, array[rows])
            for spec, array in zip(program.inputs, values, strict=True)
        ]
        for number, y in enumerate(_reads(program, weights, parts, signals)):
            if number in kept:
                kept[number][rows] = y
    named = {f"{program.reads[n].name}.y": y for n, y in kept.items()} if inner else {}
    return tuple(kept[number] for number in heads), named


def _reads(
    program: Program,
    weights: list[Doubles],
    parts: tuple[tuple[Part, ...], ...],
    inputs: list[Doubles],
) -> list[Doubles]:
    """Sums y of every read for one block of samples."""
    sums: list[Doubles] = []
    neurons: dict[int, Doubles] = {}
    for spec, sources in zip(program.reads, parts, strict=True):
        array = program.arrays[spec.array]
        for part in sources:
            if part.read >= 0 and part.read not in neurons:
                neurons[part.read] = _probability(program, part.read, sums[part.read])
        signals = [neurons[p.read] if p.read >= 0 else inputs[p.input] for p in sources]
        bits = signals[0] if len(signals) == 1 else np.concatenate(signals, axis=1)
        matrix = weights[spec.array]
        y = bits @ matrix[: array.inputs]
        y += matrix[array.inputs :].sum(axis=0)
        y *= spec.gain / array.scale
        sums.append(y)
    return sums


def _probability(program: Program, read: int, y: Doubles) -> Doubles:
    """What the neurons of a read hand on, not clipped."""
    spec = program.reads[read]
    h = functions.apply(spec.function, spec.function_parameters, y)
    return np.asarray((h - spec.low) / (spec.high - spec.low), np.float64)

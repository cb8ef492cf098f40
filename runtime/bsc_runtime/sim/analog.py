"""Mode `analog`: the expectations of the bits, in exact integers (docs/semantics.md, section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.encode import analog_levels
from bsc.numerics.state import CODE_MAX
from bsc.program.executor import EncodedData
from bsc.program.model import Program
from bsc.tiling.plan import Step, StepOp

_BLOCK = 256  # samples at a time
_EXACT = 1 << 53
_SPAN = 1 << 20  # codes that an index of thresholds may span


class LevelIndex:
    """How many thresholds of a neuron lie below a sum: one look-up, where a search takes twelve.

    T[u] unit < Y holds where T[u] < ceil(Y / unit), and between the first and the last threshold
    there is an entry for each code.
    """

    def __init__(self, thresholds: npt.NDArray[np.int32]) -> None:
        """Index non-decreasing thresholds."""
        self._thresholds = thresholds
        self._first, self._last = int(thresholds[0]), int(thresholds[-1])
        self._below: npt.NDArray[np.int64] | None = None
        if self._last - self._first < _SPAN:
            codes = np.arange(self._first, self._last + 2)
            self._below = np.searchsorted(thresholds, codes, side="left").astype(np.int64)

    def levels(self, sums: npt.NDArray[np.int64], unit: int) -> npt.NDArray[np.int64]:
        """Levels q of sums in 1/unit code; the unit is a power of two."""
        if self._below is None:
            return analog_levels(sums, self._thresholds, unit)
        codes = (sums + (unit - 1)) >> (unit.bit_length() - 1)
        np.clip(codes, self._first, self._last + 1, out=codes)
        codes -= self._first
        return np.take(self._below, codes)


class AnalogReader:
    """Reads one state of a chip."""

    def __init__(
        self, program: Program, weights: Sequence[npt.NDArray[np.int32]], noise_bits: int
    ) -> None:
        """Take the weights as they are now.

        Args:
            program: whose steps.
            weights: forward weights of each array in codes, [rows, columns].
            noise_bits: b of the comparators.
        """
        self._program = program
        self._unit = 1 << noise_bits
        self._starts = program.input_starts
        self._weights = [_exact(each) for each in weights]
        names = {s.table("threshold") for s in program.inference if s.op is StepOp.SAMPLE}
        self._levels = {n: LevelIndex(np.asarray(program.tables[n], np.int32)) for n in names}

    def read(self, data: EncodedData) -> npt.NDArray[np.int64]:
        """Sums of the heads one behind the other, [N, program.sum_width]."""
        parts = [
            self._block(data.values[start : start + _BLOCK], data.levels)
            for start in range(0, len(data), _BLOCK)
        ]
        width = self._program.sum_width
        return np.concatenate(parts) if parts else np.zeros((0, width), np.int64)

    def _block(
        self, values: npt.NDArray[Any], levels: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.int64]:
        thresholds = levels.astype(np.float64)[values] if levels.size else values
        vectors: dict[int, npt.NDArray[Any]] = {}
        units: dict[int, int] = {}
        read: list[int] = []
        for step in self._program.inference:
            match step.op:
                case StepOp.ENCODE:
                    start = self._starts[step.layer]
                    size = self._program.inputs[step.layer].size
                    vectors[step.target] = thresholds[:, start : start + size]
                    units[step.target] = 65536
                case StepOp.CONCAT:
                    unit = max(units[source] for source in step.sources)
                    # Levels that stand beside an input count in its units.
                    parts = [vectors[s] * (unit // units[s]) for s in step.sources]
                    vectors[step.target], units[step.target] = np.concatenate(parts, axis=1), unit
                case StepOp.READ:
                    source = step.sources[0]
                    vectors[step.target] = self._sums(step, vectors[source], units[source])
                    units[step.target] = units[source]
                    read.append(step.target)
                case StepOp.SAMPLE:
                    source = step.sources[0]
                    index = self._levels[step.table("threshold")]
                    vectors[step.target] = index.levels(vectors[source], units[source])
                    units[step.target] = self._unit
                case _:
                    raise ValueError(f"step {step.op} has no analog form")
        return np.concatenate([vectors[read[h.read]] for h in self._program.heads], axis=1)

    def _sums(self, step: Step, levels: npt.NDArray[Any], unit: int) -> npt.NDArray[np.int64]:
        weights = self._weights[step.array]
        inputs = self._program.arrays[step.array].inputs
        sums = levels.astype(weights.dtype, copy=False) @ weights[:inputs]
        sums += unit * weights[inputs:].sum(axis=0)  # bias lines are always on
        return np.asarray(sums, np.int64)


def _exact(weights: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
    """As float64 where every sum stays below 2**53, and so exact, else as int64."""
    largest_unit = 65536
    exact = weights.shape[0] * largest_unit * CODE_MAX < _EXACT
    return weights.astype(np.float64 if exact else np.int64)

"""From sums of the heads to marks: accuracy where classes are known, squared error of p = f(y)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.hw.plan import Readout
from bsc.numerics import functions
from bsc.program.model import Program
from bsc.tiling.plan import Head
from bsc_runtime.data.targets import HeadTargets, blocks
from bsc_runtime.inputs import Targets
from bsc_runtime.metrics import Marks, OutputScore, correct


@dataclass(frozen=True, slots=True)
class HeadScores:
    """What came out of one head.

    Attributes:
        values: [N, columns]: exact sums or votes as int64, or floats y of the model.
        factor: the model's y over `values`; 0 for votes, which have none.
        votes: votes of each column; 0 for sums.
    """

    values: npt.NDArray[Any]
    factor: float
    votes: int = 0

    def y(self) -> npt.NDArray[np.float32]:
        """The model's own sums, float32."""
        return (self.values * self.factor).astype(np.float32)


def head_scores(
    program: Program, found: npt.NDArray[np.int64], units: Sequence[int], votes: int = 0
) -> tuple[HeadScores, ...]:
    """What inference gave, by head.

    Args:
        program: gives heads and scales.
        found: exact sums or votes [N, sum_width].
        units: for each read, what one code counts in its sums.
        votes: votes of each column; 0 for sums.
    """
    scores = []
    for start, head in zip(program.sum_starts, program.heads, strict=True):
        read = program.reads[head.read]
        code = program.arrays[read.array].scale * units[head.read]
        values = found[:, start : start + head.columns]
        scores.append(HeadScores(values, 0.0 if votes else read.gain / code, votes))
    return tuple(scores)


def mark(program: Program, scores: tuple[HeadScores, ...], targets: Targets) -> Marks:
    """Compare answers with targets, for every head that has some."""
    return Marks(
        {
            head.name: _mark_head(program, head, found, wanted)
            for head, found, wanted in zip(program.heads, scores, targets.heads, strict=True)
            if wanted is not None
        }
    )


def chances(
    program: Program, head: Head, scores: HeadScores, rows: slice
) -> npt.NDArray[np.float64]:
    """The probability p = f(y) of each column of a logistic head; of votes, the share that is 1."""
    if scores.votes:
        return scores.values[rows] / scores.votes
    read = program.reads[head.read]
    y = scores.values[rows] * np.float64(scores.factor / read.gain)
    p = functions.probability(
        read.function,
        read.function_parameters,
        y,
        gain=read.gain,
        low=read.low,
        high=read.high,
    )
    return np.asarray(p, np.float64)


def _mark_head(
    program: Program, head: Head, scores: HeadScores, targets: HeadTargets
) -> OutputScore:
    samples = len(targets)
    accuracy = None
    if targets.labels is not None:
        accuracy = correct(scores.values, targets.labels, votes=scores.votes) / samples
    squared_error = None
    if head.readout is Readout.LOGISTIC:
        total = 0.0
        for rows in blocks(samples):
            p = chances(program, head, scores, rows)
            p -= targets.values(rows, head.columns)
            total += float(np.vdot(p, p))
        squared_error = total / (samples * head.columns)
    return OutputScore(head.readout.value, accuracy, squared_error)

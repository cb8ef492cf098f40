"""What is measured on a chip: accuracy, errors, pulses, how much of the cells' range is used up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.cells import saturated_share
from bsc.numerics.state import ChipState


@dataclass(frozen=True, slots=True)
class OutputScore:
    """How well one output answers.

    Attributes:
        readout: softmax, logistic or none.
        accuracy: share of samples whose class is right, 0 to 1; None where the targets were no
            classes.
        squared_error: mean over samples and columns of (p - target)^2, p being the probability
            f(y) (docs/semantics.md, section 5); None where the readout is not logistic.
    """

    readout: str
    accuracy: float | None = None
    squared_error: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a chip answers.

    Attributes:
        accuracy: share of right answers, 0 to 1; None where the targets are no classes, and where
            several outputs were asked.
        correct: right answers; None where there is no accuracy.
        samples: questions.
        mode: analog, binary, stochastic or vote.
        repeats: passes with new draws.
        reads: bit vectors that each layer sent in a pass.
        seed: key of the draws.
        seconds: time of inference.
        squared_error: of a single output with a logistic readout, else None; see `OutputScore`.
        outputs: how well each output with targets answers, by its name.
    """

    accuracy: float | None
    correct: int | None
    samples: int
    mode: str
    repeats: int
    reads: int
    seed: int
    seconds: float
    squared_error: float | None = None
    outputs: Mapping[str, OutputScore] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Marks:
    """How well all outputs answer.

    Attributes:
        outputs: by the output's name, those that had targets.
    """

    outputs: Mapping[str, OutputScore]

    @property
    def accuracy(self) -> float | None:
        """Accuracy of the only output; None where there are several, or no classes."""
        return self._only.accuracy if self._only is not None else None

    @property
    def squared_error(self) -> float | None:
        """Squared error of the only output; None where there are several, or no probabilities."""
        return self._only.squared_error if self._only is not None else None

    @property
    def _only(self) -> OutputScore | None:
        return next(iter(self.outputs.values())) if len(self.outputs) == 1 else None


def told(
    accuracy: float | None, squared_error: float | None, outputs: Mapping[str, OutputScore]
) -> str:
    """Marks for people: accuracy, else the squared error, of each output where there are several.

    Empty where nothing was measured.
    """
    if len(outputs) > 1:
        parts = {n: told(s.accuracy, s.squared_error, {}) for n, s in outputs.items()}
        return ", ".join(f"{name}: {text}" for name, text in parts.items() if text)
    if accuracy is not None:
        return f"accuracy {100 * accuracy:.2f} %"
    return f"squared error {squared_error:.4g}" if squared_error is not None else ""


def winners(scores: npt.NDArray[Any], *, votes: int = 0) -> npt.NDArray[np.int64]:
    """The class of each row of scores [N, classes]: the largest, lowest index first.

    A single column is the two-class case: class 1 where its score is above 0, or where more than
    half of its votes are 1.

    Args:
        scores: sums, or votes.
        votes: how many votes each column had, 0 for sums.
    """
    if scores.shape[1] == 1:
        return (2 * scores[:, 0] > votes).astype(np.int64)
    return np.asarray(scores.argmax(axis=1), np.int64)


def correct(scores: npt.NDArray[Any], labels: npt.NDArray[np.int32], *, votes: int = 0) -> int:
    """How many rows of scores [N, classes] have their label as the winner."""
    return int(np.count_nonzero(winners(scores, votes=votes) == labels))


def saturated(state: ChipState) -> float:
    """Share of all cells that are at a limit to which pulses push them, 0 to 1."""
    cells = sum(a.cells.size for a in state.arrays)
    return sum(saturated_share(a) * a.cells.size for a in state.arrays) / max(1, cells)


def pulses_per_weight(state: ChipState) -> float:
    """Pulses given since the initial state, for each weight."""
    return state.pulses / max(1, sum(a.counters.size for a in state.arrays))

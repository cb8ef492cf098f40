"""What is measured on a chip: accuracy, pulses, how much of the cells' range is used up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.cells import saturated_share
from bsc.numerics.state import ChipState


def winners(scores: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The class of each row of scores [N, classes]: the largest, lowest index first.

    A single column is the two-class case: class 1 where its score is above 0.
    """
    if scores.shape[1] == 1:
        return (scores[:, 0] > 0).astype(np.int64)
    return np.asarray(scores.argmax(axis=1), np.int64)


def correct(scores: npt.NDArray[Any], labels: npt.NDArray[np.int32]) -> int:
    """How many rows of scores [N, classes] have their label as the winner."""
    return int(np.count_nonzero(winners(scores) == labels))


def saturated(state: ChipState) -> float:
    """Share of all cells that are at a limit to which pulses push them, 0 to 1."""
    cells = sum(a.cells.size for a in state.arrays)
    return sum(saturated_share(a) * a.cells.size for a in state.arrays) / max(1, cells)


def pulses_per_weight(state: ChipState) -> float:
    """Pulses given since the initial state, for each weight."""
    return state.pulses / max(1, sum(a.counters.size for a in state.arrays))

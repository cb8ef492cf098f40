"""What a call must be like: kernels trust their numbers, a slip must not become a wild write."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from bsc.hw.plan import Readout
from bsc.numerics.draws import INDEX_MAX, SEED_MAX
from bsc.numerics.errors import NumericsError
from bsc.program.executor import EncodedData
from bsc.program.model import Program

TARGET_MAX = 65536  # a target of 1
_ROWS = 4096  # of targets looked at together


class Clocks(Protocol):
    """What keys the draws of training: samples presented, and checks done."""

    @property
    def samples(self) -> int:
        """Clock n."""
        ...

    @property
    def checks(self) -> int:
        """Clock g."""
        ...


def verify_lesson(
    program: Program,
    data: EncodedData,
    targets: npt.NDArray[np.int32],
    order: npt.NDArray[np.int64],
    batch: int,
) -> None:
    """Check a call for training on data[order], int64 [any], with targets, int32 [N, width]."""
    if batch < 1:
        raise ValueError(f"batch of {batch}")
    verify_data(data, program.input_size)
    expected = (len(data), program.target_width)
    if targets.shape != expected:
        raise ValueError(f"targets of shape {targets.shape}, expected {expected}")
    if order.size == 0:
        return
    if order.min() < 0 or order.max() >= len(data):
        raise ValueError("the order names samples that the data does not have")
    limits = [
        head.columns - 1 if head.readout is Readout.SOFTMAX else TARGET_MAX
        for head in program.heads
        for _ in range(head.width)
    ]
    for start in range(0, order.size, _ROWS):  # targets may be as large as the data
        chosen = targets[order[start : start + _ROWS]]
        if (wrong := (chosen < 0) | (chosen > limits)).any():
            column = int(wrong.any(axis=0).argmax())
            starts = zip(program.target_starts, program.heads, strict=True)
            name = [head.name for first, head in starts if first <= column and head.width][-1]
            raise ValueError(f"a target of {name} is not in 0..{limits[column]}")


def verify_data(data: EncodedData, width: int) -> None:
    """Check inputs of so many elements each."""
    values, levels = data.values, data.levels
    if values.ndim != 2 or values.shape[1] != width:
        raise ValueError(f"data of shape {values.shape} for {width} inputs")
    if values.dtype == np.uint8:
        if levels.shape != (256,):
            raise ValueError("uint8 data needs 256 levels")
    elif values.dtype != np.int32 or levels.size:
        raise ValueError(f"data must be uint8 with levels or int32 thresholds, not {values.dtype}")


def verify_seed(seed: int) -> None:
    """Draws have a key of 64 bits."""
    if not 0 <= seed <= SEED_MAX:
        raise NumericsError(f"seed {seed} is not in 0..2**64-1")


def verify_indices(first: int, samples: int) -> None:
    """Draws are keyed by sample indices, in a field that would wrap; for calls to infer."""
    if not 0 <= first <= INDEX_MAX - samples:
        raise NumericsError("a sample index must be in 0..2**48-1")


def verify_clocks(clocks: Clocks, samples: int, batch: int) -> None:
    """After training on so many samples, clocks n and g must still be below 2**48."""
    if not 0 <= clocks.samples < INDEX_MAX - samples:
        raise NumericsError("the clock of samples, a sample index, must be in 0..2**48-1")
    if not 0 <= clocks.checks < INDEX_MAX - -(-samples // batch):
        raise NumericsError("the clock of checks must be in 0..2**48-1")

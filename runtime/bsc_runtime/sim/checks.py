"""What a call must be like: kernels trust their numbers, a slip must not become a wild write."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bsc.numerics.draws import INDEX_MAX, SEED_MAX
from bsc.numerics.errors import NumericsError
from bsc.program.executor import EncodedData


def verify_lesson(
    data: EncodedData,
    width: int,
    labels: npt.NDArray[np.int32],
    classes: int,
    order: npt.NDArray[np.int64],
    batch: int,
) -> None:
    """Check a call for training on data[order], int64 [any], with labels, int32 [N]."""
    if batch < 1:
        raise ValueError(f"batch of {batch}")
    verify_data(data, width)
    if labels.shape != (len(data),):
        raise ValueError(f"{labels.shape} labels for {len(data)} samples")
    if order.size == 0:
        return
    if order.min() < 0 or order.max() >= len(data):
        raise ValueError("the order names samples that the data does not have")
    chosen = labels[order]
    if chosen.min() < 0 or chosen.max() >= classes:
        raise ValueError(f"a label is not in 0..{classes - 1}")


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


def verify_clocks(first: int, samples: int, check: int = 0, batch: int = 1) -> None:
    """Draws are keyed by sample indices and checks, in fields that would wrap.

    Args:
        first: index of the first sample of a call.
        samples: how many follow each other.
        check: number of the first check.
        batch: samples before each check.
    """
    if not 0 <= first <= INDEX_MAX - samples:
        raise NumericsError("a sample index must be in 0..2**48-1")
    if not 0 <= check <= INDEX_MAX - -(-samples // batch):
        raise NumericsError("an index of the generator must be in 0..2**48-1")

"""Readout: softmax in integers, one independent draw for each class (section 5)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def softmax_levels(
    sums: npt.NDArray[np.int64], reciprocal: int, reads: int = 1
) -> npt.NDArray[np.int64]:
    """How far each class is behind the first one: k in units of 1/256 of y, 0..4095.

    Args:
        sums: y of the last array in codes, int64 [..., C]; the sum over all reads.
        reciprocal: R of `tables.softmax_reciprocal`.
        reads: s, reads that were added up in sums.

    Returns:
        int64 of the shape of sums.
    """
    y = sums.astype(np.int64)
    behind = y.max(axis=-1, keepdims=True) - y
    # From here on k is 4095 whatever y is; stopping there keeps the product inside 64 bits.
    behind = np.minimum(behind, (reads << 44) // reciprocal + 1)
    k = (behind * reciprocal + (reads << 31)) // (reads << 32)
    return np.asarray(np.minimum(4095, k), dtype=np.int64)


def readout_bits(
    sums: npt.NDArray[np.int64],
    exponentials: npt.NDArray[np.int64],
    reciprocal: int,
    u16: npt.NDArray[np.uint16],
    reads: int = 1,
) -> npt.NDArray[np.uint8]:
    """Bits o of the classes: each is 1 with its softmax probability, on its own.

    Args:
        sums: y of the last array in codes, int64 [N, C]; the sum over all reads.
        exponentials: E of `tables.softmax`, int64 [4096].
        reciprocal: R of `tables.softmax_reciprocal`.
        u16: draws of purpose READOUT, [N, C].
        reads: s, reads that were added up in sums.
    """
    weight = exponentials[softmax_levels(sums, reciprocal, reads)]
    total = weight.sum(axis=-1, keepdims=True)
    return np.asarray(u16.astype(np.int64) * total < 65536 * weight, dtype=np.uint8)

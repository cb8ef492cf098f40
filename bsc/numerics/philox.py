"""Philox4x32-10, a counter-based random function.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11. Checked
against the authors' known answers in tests/unit/test_numerics_philox.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ROUNDS = 10
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_WORD = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox4x32(
    k0: npt.ArrayLike,
    k1: npt.ArrayLike,
    c0: npt.ArrayLike,
    c1: npt.ArrayLike,
    c2: npt.ArrayLike,
    c3: npt.ArrayLike,
) -> npt.NDArray[np.uint32]:
    """Four random words for each key and counter.

    Args:
        k0: first key word; this and all others are integers below 2**32 that broadcast together.
        k1: second key word.
        c0: first counter word.
        c1: second counter word.
        c2: third counter word.
        c3: fourth counter word.

    Returns:
        uint32 [..., 4], the words w0 to w3 in the last axis.
    """
    # 64-bit lanes, because a product of two 32-bit words needs them.
    words = np.broadcast_arrays(*(np.asarray(w, dtype=np.uint64) for w in (k0, k1, c0, c1, c2, c3)))
    key0, key1, x0, x1, x2, x3 = (np.atleast_1d(w) for w in words)
    for _ in range(ROUNDS):
        product0 = _MULTIPLIER_0 * x0
        product1 = _MULTIPLIER_1 * x2
        x0, x1, x2, x3 = (
            (product1 >> _HALF) ^ x1 ^ key0,
            product1 & _WORD,
            (product0 >> _HALF) ^ x3 ^ key1,
            product0 & _WORD,
        )
        key0 = (key0 + _WEYL_0) & _WORD
        key1 = (key1 + _WEYL_1) & _WORD
    result = np.stack([x0, x1, x2, x3], axis=-1).astype(np.uint32)
    return result.reshape((*words[0].shape, 4))

"""Keyed draws, many blocks at a time (docs/semantics.md, section 3)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bsc_runtime.kernels.jit import inner, wide
from bsc_runtime.kernels.layout import Int64

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

LANES = 8
"""Blocks are drawn in groups of so many, so that no loop ends in a scalar rest."""

PURPOSE_ENCODE = wide(1)
PURPOSE_Z = wide(2)
PURPOSE_D = wide(3)
PURPOSE_READOUT = wide(4)
PURPOSE_PULSE = wide(5)
PURPOSE_TARGET = wide(17)
INFERENCE = wide(0x80)
TRAINING_PASS = wide(0)
ONE_READ = wide(1)


@inner
def draw(
    words: npt.NDArray[np.uint32],
    blocks: Int64,
    count: int,
    purpose: int,
    layer: int,
    index: int,
    pass_: int,
    key_0: int,
    key_1: int,
) -> None:
    """Fill words[4 i : 4 i + 4] with the words of blocks[i], i < count rounded up to LANES.

    Seen as little-endian 16-bit numbers, the words of block b are the draws of elements 8 b to
    8 b + 7 in order. Measured 0.2 ns a draw on Zen 4 against 1.35 ns in a scalar loop: LLVM works
    on eight blocks side by side, one in each 64-bit lane.
    """
    drawn = (count + LANES - 1) & -LANES
    counters = blocks[:drawn]
    out = words[: 4 * drawn]
    start_1 = np.uint64(purpose << 24 | layer)
    start_2 = np.uint64(index & 0xFFFFFFFF)
    start_3 = np.uint64(pass_ << 16 | (index >> 32) & 0xFFFF)
    start_key_0 = np.uint64(key_0)
    start_key_1 = np.uint64(key_1)
    for i in range(drawn):
        # High halves may hold rubbish: only the low one enters a product, or leaves at the end.
        x0, x1, x2, x3 = np.uint64(counters[i]), start_1, start_2, start_3
        k0, k1 = start_key_0, start_key_1
        for _ in range(10):
            product_0 = (x0 & _LOW) * _MULTIPLIER_0
            product_1 = (x2 & _LOW) * _MULTIPLIER_1
            x0 = (product_1 >> _HALF) ^ x1 ^ k0
            x1 = product_1
            x2 = (product_0 >> _HALF) ^ x3 ^ k1
            x3 = product_0
            k0 += _WEYL_0
            k1 += _WEYL_1
        out[4 * i] = np.uint32(x0 & _LOW)
        out[4 * i + 1] = np.uint32(x1 & _LOW)
        out[4 * i + 2] = np.uint32(x2 & _LOW)
        out[4 * i + 3] = np.uint32(x3 & _LOW)

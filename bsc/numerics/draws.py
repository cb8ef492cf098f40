"""Keyed draws: every random number has an address, so nobody needs an order (section 3)."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from bsc.numerics.errors import NumericsError
from bsc.numerics.philox import philox4x32

INFERENCE_BIT = 0x80
"""Set in the purpose of every draw made outside training."""

PASSES_MAX = 1 << 16
"""Passes (repeats times reads) that a sample's draws tell apart: the field has 16 bits."""

INDEX_MAX = 1 << 48
"""Samples and checks that draws tell apart: the field has 48 bits."""

SEED_MAX = (1 << 64) - 1
"""Largest key."""

_CHUNK_BLOCKS = 1 << 17  # generator calls held in memory at a time, about 10 MB


class Purpose(IntEnum):
    """What a draw is for; the top byte of counter word 1."""

    ENCODE = 1
    Z = 2
    D = 3
    READOUT = 4
    PULSE = 5
    INITIAL = 6
    ROW_REFERENCE = 7
    COLUMN_REFERENCE = 8
    SHUFFLE = 9
    READ_NOISE_FORWARD = 10
    READ_NOISE_BACKWARD = 11
    DEVICE_SPREAD = 12
    FAULT = 13
    DRIFT = 14
    DISTURB = 15
    FLOAT_INITIAL = 16
    TARGET = 17


def element_draws(
    seed: int,
    purpose: Purpose,
    layer: int,
    indices: npt.NDArray[np.int64],
    elements: int,
    *,
    pass_: int = 0,
    inference: bool = False,
) -> npt.NDArray[np.uint16]:
    """Draws for the elements of samples: encode, z, d and readout.

    Args:
        seed: 64-bit key.
        purpose: ENCODE, Z, D or READOUT.
        layer: ordinal of the array, or of the input for ENCODE.
        indices: sample indices, int64 [N], below 2**48.
        elements: draws for each sample.
        pass_: 0 in training, repeat * reads + read in inference; below 2**16.
        inference: whether the draw is made outside training.

    Returns:
        uint16 [N, elements].
    """
    samples = np.asarray(indices, dtype=np.int64)
    if samples.size and not (0 <= samples.min() and samples.max() < INDEX_MAX):
        raise NumericsError("a sample index must be in 0..2**48-1")
    word1 = _purpose_word(purpose, layer, inference)
    blocks = np.arange((elements + 7) >> 3, dtype=np.int64)
    result = np.empty((samples.size, elements), dtype=np.uint16)
    step = max(1, _CHUNK_BLOCKS // max(1, blocks.size))
    for start in range(0, samples.size, step):
        index = samples[start : start + step, None]
        words = philox4x32(*_key(seed), blocks, word1, *_index_words(index, pass_))
        halves = np.stack([words & 0xFFFF, words >> 16], axis=-1)
        result[start : start + step] = halves.reshape(index.shape[0], -1)[:, :elements]
    return result


def lane_draws(
    seed: int,
    purpose: Purpose,
    layer: int,
    blocks: npt.NDArray[np.int64],
    *,
    index: int = 0,
    pass_: int = 0,
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """Two draws for each block: the low and the high half of word 0.

    Args:
        seed: 64-bit key.
        purpose: PULSE, INITIAL, ROW_REFERENCE, COLUMN_REFERENCE or FLOAT_INITIAL.
        layer: ordinal of the array.
        blocks: int64 [...], below 2**32: row * columns + column, or the row, or the column.
        index: the check's number g for PULSE, else 0.
        pass_: device << 12 | ordinal for PULSE, else 0.

    Returns:
        lane 0 and lane 1, each uint16 of the shape of blocks.
    """
    words = _block_words(seed, purpose, layer, np.asarray(blocks), index, pass_)[..., 0]
    return (words & 0xFFFF).astype(np.uint16), (words >> 16).astype(np.uint16)


def epoch_order(seed: int, epoch: int, count: int) -> npt.NDArray[np.int64]:
    """Order in which an epoch presents a data set: indices sorted by 64 shuffle bits.

    Args:
        seed: 64-bit key.
        epoch: number of epochs done before.
        count: samples in the data set.

    Returns:
        int64 [count], a permutation; equal bits keep the order of the data set.
    """
    words = _block_words(seed, Purpose.SHUFFLE, 0, np.arange(count, dtype=np.int64), epoch, 0)
    keys = words[:, 0].astype(np.uint64) | words[:, 1].astype(np.uint64) << np.uint64(32)
    return np.argsort(keys, kind="stable").astype(np.int64)


def _block_words(
    seed: int, purpose: Purpose, layer: int, blocks: npt.NDArray[np.int64], index: int, pass_: int
) -> npt.NDArray[np.uint32]:
    """Words of each block, uint32 [..., 2] (w0 and w1), a bounded number of blocks at a time."""
    if blocks.size and not (0 <= blocks.min() and blocks.max() < 1 << 32):
        raise NumericsError("a block of the generator must be in 0..2**32-1")
    if not 0 <= index < INDEX_MAX:
        raise NumericsError("an index of the generator must be in 0..2**48-1")
    counter = (_purpose_word(purpose, layer, False), *_index_words(np.int64(index), pass_))
    flat = blocks.reshape(-1)
    result = np.empty((flat.size, 2), dtype=np.uint32)
    for start in range(0, flat.size, _CHUNK_BLOCKS):
        part = flat[start : start + _CHUNK_BLOCKS]
        result[start : start + _CHUNK_BLOCKS] = philox4x32(*_key(seed), part, *counter)[:, :2]
    return result.reshape((*blocks.shape, 2))


def _key(seed: int) -> tuple[int, int]:
    if not 0 <= seed <= SEED_MAX:
        raise NumericsError(f"seed {seed} is not in 0..2**64-1")
    return seed & 0xFFFFFFFF, seed >> 32


def _purpose_word(purpose: Purpose, layer: int, inference: bool) -> int:
    if not 0 <= layer < 1 << 24:
        raise NumericsError(f"layer {layer} is not in 0..2**24-1")
    return (int(purpose) | (INFERENCE_BIT if inference else 0)) << 24 | layer


def _index_words(
    index: npt.NDArray[np.int64] | np.int64, pass_: int
) -> tuple[npt.NDArray[np.int64] | np.int64, npt.NDArray[np.int64] | np.int64]:
    if not 0 <= pass_ < PASSES_MAX:
        raise NumericsError(f"pass {pass_} is not in 0..2**16-1")
    return index & 0xFFFFFFFF, pass_ << 16 | index >> 32

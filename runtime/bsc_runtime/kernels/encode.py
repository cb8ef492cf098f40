"""From inputs to bits (docs/semantics.md, section 5)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bsc_runtime.kernels.jit import inner, merged, wide
from bsc_runtime.kernels.layout import Int64, Run
from bsc_runtime.kernels.philox import draw
from bsc_runtime.kernels.vectors import PLACES, store_set


@merged
def draw_inputs(
    row: npt.NDArray[np.uint64],
    levels: npt.NDArray[np.int32],
    width: int,
    words: npt.NDArray[np.uint32],
    blocks: Int64,
    packed: npt.NDArray[np.uint64],
    purpose: int,
    layer: int,
    index: int,
    pass_: int,
    numbers: Int64,
) -> int:
    """Draw for the blocks of an input that may set a bit; returns how many they are.

    Eight elements share a block of the generator. Blocks that are all zero cannot set a bit, so
    they are found first, by whole words, and get no draw: 60 % of MNIST's blocks.

    The row holds uint8 where there are levels, else int32 thresholds, either way seen as words;
    it is zero behind its last element. `blocks` gets the numbers of the blocks, `packed` their
    words, `words` their draws.
    """
    groups = (width + 7) >> 3
    count = wide(0)
    if levels.size > 0:  # eight pixels are one word
        kept = np.uint64(0) if levels[0] == 0 else ~np.uint64(0)
        for block in range(groups):
            packed[count] = row[block]
            blocks[count] = block
            count += (row[block] | kept) != 0
    else:  # eight thresholds are four words
        for block in range(groups):
            bits = np.uint64(0)
            for k in range(4):
                packed[4 * count + k] = row[4 * block + k]
                bits |= row[4 * block + k]
            blocks[count] = block
            count += bits != 0
    draw(words, blocks, count, purpose, layer, index, pass_, numbers[Run.KEY_0], numbers[Run.KEY_1])
    return count


@merged
def encoded_block(
    words: npt.NDArray[np.uint32],
    packed: npt.NDArray[np.uint64],
    levels: npt.NDArray[np.int32],
    i: int,
) -> Any:
    """Bits of block i of those that `draw_inputs` found, a mask of eight."""
    halves = words.view(np.uint16)
    mask = np.uint64(0)
    if levels.size > 0:
        pixels = packed.view(np.uint8)
        for k in range(8):
            bit = halves[8 * i + k] < levels[pixels[8 * i + k]]
            mask |= np.uint64(bit) << np.uint64(k)
    else:
        thresholds = packed.view(np.int32)
        for k in range(8):
            bit = halves[8 * i + k] < thresholds[8 * i + k]
            mask |= np.uint64(bit) << np.uint64(k)
    return mask


@inner
def encode_one(
    row: npt.NDArray[np.uint64],
    levels: npt.NDArray[np.int32],
    width: int,
    lists: npt.NDArray[np.int32],
    at: int,
    words: npt.NDArray[np.uint32],
    blocks: Int64,
    packed: npt.NDArray[np.uint64],
    purpose: int,
    layer: int,
    index: int,
    pass_: int,
    numbers: Int64,
) -> int:
    """List the set bits of one encoded input; see `draw_inputs`.

    The list begins at `at` and needs room for 8 more entries than elements. `words`, `blocks` and
    `packed` are scratch.

    Returns the length of the list.
    """
    count = draw_inputs(
        row, levels, width, words, blocks, packed, purpose, layer, index, pass_, numbers
    )
    end = at
    for i in range(count):
        mask = encoded_block(words, packed, levels, i)
        end += store_set(lists, end, PLACES, mask, blocks[i] << 3)
    while end > at and lists[end - 1] >= width:  # level 0 may set bits of the padding
        end -= 1
    return end - at

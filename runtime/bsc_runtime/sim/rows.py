"""Samples as the encoder reads them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def blocks_of(sizes: Sequence[int]) -> tuple[int, ...]:
    """Blocks of 8 elements before each input in a row as the encoder reads it."""
    return tuple(itertools.accumulate(((size + 7) // 8 for size in sizes), initial=0))[:-1]


def rows_of_words(
    values: npt.NDArray[Any],
    order: npt.NDArray[np.int64],
    targets: npt.NDArray[np.int32],
    sizes: Sequence[int] | None = None,
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Samples as the encoder reads them: rows of 64-bit words, inputs of whole blocks of 8.

    A block of the generator draws for 8 elements of one input, so each input begins with one;
    `blocks_of` says where. Where the data do not lie so, the rows that the order names are copied,
    in that order, with zeros behind each input.

    Args:
        values: [N, K], uint8 or int32.
        order: rows to be used.
        targets: [N, ...], which go with them.
        sizes: elements of each input, one behind the other in a row; None for a single one.
    """
    sizes = (values.shape[1],) if sizes is None else sizes
    odd = any(size % 8 for size in sizes)
    if not values.flags.c_contiguous or odd or values.ctypes.data % 8:
        width = 8 * sum((size + 7) // 8 for size in sizes)
        copied = np.zeros((order.size, width), values.dtype)
        start = 0
        for size, block in zip(sizes, blocks_of(sizes), strict=True):
            copied[:, 8 * block : 8 * block + size] = values[order, start : start + size]
            start += size
        values, targets = copied, targets[order]
        order = np.arange(order.size, dtype=np.int64)
    return fixed(values.view(np.uint64)), fixed(order), fixed(targets)


def fixed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view: kernels would be compiled anew for data that happen to be writeable."""
    view = array.view()
    view.flags.writeable = False
    return view

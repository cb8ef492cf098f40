"""Samples as the encoder reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def rows_of_words(
    values: npt.NDArray[Any], order: npt.NDArray[np.int64], labels: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Samples as the encoder reads them: rows of 64-bit words, a multiple of 8 elements each.

    Where the data do not lie so, the rows that the order names are copied, in that order.
    """
    width = values.shape[1]
    if not values.flags.c_contiguous or width % 8 or values.ctypes.data % 8:
        copied = np.zeros((order.size, (width + 7) // 8 * 8), values.dtype)
        copied[:, :width] = values[order]
        values, labels = copied, labels[order]
        order = np.arange(order.size, dtype=np.int64)
    return fixed(values.view(np.uint64)), fixed(order), fixed(labels)


def fixed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view: kernels would be compiled anew for data that happen to be writeable."""
    view = array.view()
    view.flags.writeable = False
    return view

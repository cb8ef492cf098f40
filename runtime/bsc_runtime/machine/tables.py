"""Records and tables of an image as kernels read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from bsc.isa.image import Image
from bsc.isa.records import NONE_16, Update
from bsc.numerics.state import CODE_MAX, CellStyle
from bsc_runtime.kernels.layout import Int64, Step


def running(lengths: Iterable[int]) -> tuple[int, ...]:
    """Where each part begins."""
    starts = []
    total = 0
    for length in lengths:
        starts.append(total)
        total += length
    return tuple(starts)


def at_offset(offsets: Sequence[int], table: int) -> int:
    """Where a table begins, -1 for none."""
    return -1 if table == NONE_16 else offsets[table]


def joined_tables(image: Image) -> tuple[list[int], npt.NDArray[np.int32]]:
    """Where each table begins, and all of them one after the other."""
    offsets = list(running(len(t.values) for t in image.tables))
    parts = [np.asarray(t.values, np.int32) for t in image.tables]
    return offsets, np.concatenate([*parts, np.zeros(1, np.int32)])


def update_rows(image: Image, offsets: Sequence[int]) -> Int64:
    """Updates as rows of `Network.update`, see `Tables.updates`."""
    rows = np.full((len(image.updates), len(Step)), -1, np.int64)
    for row, update in zip(rows, image.updates, strict=True):
        row[Step.LAYER] = update.layer
        row[Step.TABLE], row[Step.TABLE_1] = (
            at_offset(offsets, update.step_up),
            at_offset(offsets, update.step_down),
        )
        row[Step.TABLE_2] = at_offset(offsets, update.noise_up)
        row[Step.TABLE_3] = at_offset(offsets, update.noise_down)
        row[Step.NUMBER] = update.rate if update.threshold == 0 else update.threshold
        row[Step.NUMBER_1] = update.pulses
        even = even_steps(image, update)
        if even is not None:
            row[Step.EVEN_UP], row[Step.EVEN_DOWN] = even
    # The same once more, for rectangles that are not whole rows of a block.
    narrow = rows.copy()
    narrow[:, [Step.EVEN_UP, Step.EVEN_DOWN]] = -1
    return np.concatenate([rows, narrow])


def even_steps(image: Image, update: Update) -> tuple[int, int] | None:
    """Codes of every pulse where steps are even and draw-free, see `kernels.update.fire_even`."""
    styles = {a.style for a in image.arrays if a.layer == update.layer}
    if styles != {CellStyle.REFERENCE} or NONE_16 in (update.step_up, update.step_down):
        return None
    if (update.noise_up, update.noise_down) != (NONE_16, NONE_16):
        return None
    found = []
    for table, way in ((update.step_up, 1), (update.step_down, -1)):
        changes = image.tables[table].values
        first = int(changes[0])
        if (changes != first).any() or first & 0xFF or not 0 <= first * way <= CODE_MAX << 8:
            return None
        found.append(first * way >> 8)
    return found[0], found[1]

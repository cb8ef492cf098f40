"""What the state of an array must be like: shapes, element types, ranges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.cells import MASTER_MAX
from bsc.numerics.state import CODE_MAX, ArrayState, CellStyle


def array_problems(
    state: ArrayState, rows: int, columns: int, style: CellStyle, counters: tuple[int, int]
) -> Iterator[str]:
    """What is wrong with the cells, references and counters of an array.

    Args:
        state: the state.
        rows: word lines that it must have.
        columns: bit lines that it must have.
        style: how its weights must be made of cells.
        counters: least and most of a counter.
    """
    if state.style is not style:
        yield f"cells are of style {state.style}, the program's are {style}"
        return
    shape = (rows, columns)
    if style is CellStyle.DIRECT:
        yield from _within("master weights", state.cells, shape, np.int32, -MASTER_MAX, MASTER_MAX)
    else:
        pair = shape if style is CellStyle.REFERENCE else (2, *shape)
        yield from _within("cells", state.cells, pair, np.int16, 0, CODE_MAX)
    lines = (
        ("row references", state.row_reference, rows),
        ("column references", state.column_reference, columns),
    )
    for what, reference, extent in lines:
        if (reference is not None) is not (style is CellStyle.REFERENCE):
            yield f"{what} are {'missing' if reference is None else 'not of this style'}"
        elif reference is not None:
            yield from _within(what, reference, (extent,), np.int16, 0, CODE_MAX)
    yield from _within("counters", state.counters, shape, np.int32, *counters)
    if state.wear is not None:
        yield from _within("wear", state.wear, shape, np.int32, 0, 2**31 - 1)


def _within(
    what: str,
    data: npt.NDArray[Any],
    shape: tuple[int, ...],
    kind: type,
    least: int,
    most: int,
) -> Iterator[str]:
    if data.shape != shape or data.dtype != np.dtype(kind):
        expected = f"{np.dtype(kind)} {list(shape)}"
        yield f"{what} are {data.dtype} {list(data.shape)}, expected {expected}"
        return
    low, high = int(data.min()), int(data.max())
    if low < least or high > most:
        yield f"{what} lie in {low}..{high}, expected {least}..{most}"

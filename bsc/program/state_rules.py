"""What the state of a chip must be like, given the program's arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bsc.hw.plan import Rule
from bsc.ir.graph import Array
from bsc.numerics.cells import MASTER_MAX
from bsc.numerics.state import CODE_MAX, ArrayState, CellStyle, ChipState
from bsc.program.model import Program
from bsc.program.table_rules import Wrong
from bsc.tiling.plan import ArraySpec

_CLOCKS = {"samples": 48, "checks": 48, "epochs": 48, "place": 48, "pulses": 63, "seed": 64}


def check_state(state: ChipState, program: Program, wrong: Wrong) -> None:
    """Shapes, element types and ranges of cells, references, counters and clocks."""
    for name, bits in _CLOCKS.items():
        value = getattr(state, name)
        if not 0 <= value < 1 << bits:
            wrong("state", f"{name} is {value}, expected 0 to 2**{bits} - 1")
    if len(state.arrays) != len(program.arrays):
        wrong("state", f"{len(state.arrays)} arrays, the program has {len(program.arrays)}")
        return
    direct = program.plan.rule is Rule.SGD
    style = CellStyle.DIRECT if direct else program.target.device.style
    for index, (cells, array) in enumerate(zip(state.arrays, program.arrays, strict=True)):
        for message in _array(cells, array, style):
            wrong(f"state, array {index}", message)


def _array(cells: ArrayState, array: ArraySpec, style: CellStyle) -> Iterator[str]:
    if cells.name != array.name:
        yield f"belongs to {cells.name!r}, expected {array.name!r}"
    if cells.style is not style:
        yield f"cells are of style {cells.style}, the program's are {style}"
        return
    shape = (array.rows, array.columns)
    if style is CellStyle.DIRECT:
        yield from _within("master weights", cells.cells, shape, np.int32, -MASTER_MAX, MASTER_MAX)
    else:
        pair = shape if style is CellStyle.REFERENCE else (2, *shape)
        yield from _within("cells", cells.cells, pair, np.int16, 0, CODE_MAX)
    lines = (
        ("row references", cells.row_reference, shape[0]),
        ("column references", cells.column_reference, shape[1]),
    )
    for what, reference, extent in lines:
        if (reference is not None) is not (style is CellStyle.REFERENCE):
            yield f"{what} are {'missing' if reference is None else 'not of this style'}"
        elif reference is not None:
            yield from _within(what, reference, (extent,), np.int16, 0, CODE_MAX)
    yield from _within("counters", cells.counters, shape, np.int32, -(2**30), 2**30)
    if cells.wear is not None:
        yield from _within("wear", cells.wear, shape, np.int32, 0, 2**31 - 1)


def _within(
    what: str, data: Array, shape: tuple[int, ...], kind: type, least: int, most: int
) -> Iterator[str]:
    if data.shape != shape or data.dtype != np.dtype(kind):
        expected = f"{np.dtype(kind)} {list(shape)}"
        yield f"{what} are {data.dtype} {list(data.shape)}, expected {expected}"
        return
    low, high = int(data.min()), int(data.max())
    if low < least or high > most:
        yield f"{what} lie in {low}..{high}, expected {least}..{most}"

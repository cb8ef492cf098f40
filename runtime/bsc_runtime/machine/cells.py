"""The cells of all blocks in the flat form that kernels work on, and back to logical arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bsc.isa.image import Image
from bsc.isa.records import LogicalArray
from bsc.numerics.state import ArrayState, CellStyle
from bsc.tiling.plan import ArraySpec
from bsc_runtime.kernels.layout import Array, Int64, Memory
from bsc_runtime.machine.blocks import Blocks, Rectangle
from bsc_runtime.sim.memory import Layout, lay_out, load, unload
from bsc_runtime.sim.tables import array_table

_PLANES = (Array.FORWARD, Array.PLUS, Array.MINUS, Array.MASTERS, Array.COUNTERS, Array.WEAR)
"""Columns that hold where a plane [rows, stride] begins."""


class Cells:
    """Blocks of all cores, each with rows and counters of its own.

    Attributes:
        memory: cells, counters, references and tables, as kernels have them.
        arrays: int64 [rectangles, len(Array)], as `Network.arrays`: what an instruction works on.
    """

    def __init__(
        self,
        image: Image,
        state: Sequence[ArrayState],
        blocks: Blocks,
        backward: set[int],
        tables: npt.NDArray[np.int32],
        largest: int,
    ) -> None:
        """Cut a chip's arrays into blocks.

        Args:
            image: whose arrays.
            state: the arrays' cells and counters; copied.
            blocks: blocks, and all rectangles that instructions name.
            backward: blocks that are read transposed.
            tables: of the image, one after the other.
            largest: largest |A| that a run may lead to.
        """
        self._image, self._blocks = image, blocks.blocks
        specs = [_spec(image.arrays[block.array], block) for block in self._blocks]
        parts = [_part(state[block.array], block) for block in self._blocks]
        self._layout: Layout = lay_out(specs, parts, backward)
        self.memory: Memory = load(self._layout, parts, tables, largest)
        whole = array_table(specs, self._layout)
        self.arrays: Int64 = np.zeros((max(1, len(blocks.rectangles)), len(Array)), np.int64)
        for row, rectangle in zip(self.arrays, blocks.rectangles, strict=False):
            self._rectangle(row, whole[rectangle.block], rectangle)

    def _rectangle(self, row: Int64, block: Int64, rectangle: Rectangle) -> None:
        """The row of a rectangle: the block's, moved to its corner."""
        whole, array = self._blocks[rectangle.block], self._image.arrays[rectangle.array]
        down = rectangle.row_start - whole.row_start
        right = rectangle.column_start - whole.column_start
        row[:] = block
        row[Array.ROWS], row[Array.COLUMNS] = rectangle.rows, rectangle.columns
        row[Array.INPUTS] = min(max(0, block[Array.INPUTS] - down), rectangle.rows)
        for column in _PLANES:
            if row[column] >= 0:
                row[column] += down * block[Array.STRIDE] + right
        if row[Array.TRANSPOSED] >= 0:
            row[Array.TRANSPOSED] += right * block[Array.TRANSPOSED_STRIDE] + down
        row[Array.TOUCHED] += down
        if row[Array.ROW_REFERENCE] >= 0:
            row[Array.ROW_REFERENCE] += down
            row[Array.COLUMN_REFERENCE] += right
        row[Array.CELL] = rectangle.row_start * array.columns + rectangle.column_start
        row[Array.LINE] = array.columns

    def mark(self, thresholds: Mapping[int, int]) -> None:
        """Let the next check look at word lines with a counter of its block's threshold or more."""
        for number, place in enumerate(self._layout.places):
            counters = place.plane(self.memory.counters, place.counters)
            due = np.abs(counters.astype(np.int64)).max(axis=1, initial=0)
            touched = self.memory.touched[place.touched : place.touched + place.rows]
            touched |= (due >= thresholds.get(number, 1)).astype(np.int8)

    def largest_counter(self) -> int:
        """Largest |A| now."""
        counters = self.memory.counters
        return max(int(counters.max(initial=0)), -int(counters.min(initial=0)))

    def widen(self, kind: npt.DTypeLike) -> None:
        """Keep counters in a wider type."""
        self.memory = self.memory._replace(counters=self.memory.counters.astype(kind))

    def unload(self) -> list[ArrayState]:
        """Copies of the logical arrays."""
        found = [blank_array(array) for array in self._image.arrays]
        for block, place in zip(self._blocks, self._layout.places, strict=True):
            _put(found[block.array], unload(self.memory, place), block)
        return found


def blank_array(array: LogicalArray) -> ArrayState:
    """Cells, counters and references of 0."""
    shape: tuple[int, ...] = (array.rows, array.columns)
    pair = array.style in (CellStyle.PAIR_DOWN, CellStyle.PAIR_UP)
    kind = np.int32 if array.style is CellStyle.DIRECT else np.int16
    reference = array.style is CellStyle.REFERENCE
    return ArrayState(
        array.name,
        array.style,
        np.zeros((2, *shape) if pair else shape, kind),
        np.zeros(array.rows, np.int16) if reference else None,
        np.zeros(array.columns, np.int16) if reference else None,
        np.zeros(shape, np.int32),
        np.zeros(shape, np.int32) if array.wear else None,
    )


def _spec(array: LogicalArray, block: Rectangle) -> ArraySpec:
    inputs = max(0, min(block.row_stop, array.inputs) - block.row_start)
    lines = block.rows - inputs
    return ArraySpec(array.name, array.layer, inputs, lines, block.columns, array.scale)


def _part(state: ArrayState, block: Rectangle) -> ArrayState:
    """A block's share of an array, views."""
    rows = slice(block.row_start, block.row_stop)
    columns = slice(block.column_start, block.column_stop)
    return ArrayState(
        state.name,
        state.style,
        state.cells[..., rows, columns],
        None if state.row_reference is None else state.row_reference[rows],
        None if state.column_reference is None else state.column_reference[columns],
        state.counters[rows, columns],
        None if state.wear is None else state.wear[rows, columns],
    )


def _put(state: ArrayState, part: ArrayState, block: Rectangle) -> None:
    """Write a block's share back."""
    rows = slice(block.row_start, block.row_stop)
    columns = slice(block.column_start, block.column_stop)
    state.cells[..., rows, columns] = part.cells
    state.counters[rows, columns] = part.counters
    if state.row_reference is not None and part.row_reference is not None:
        state.row_reference[rows] = part.row_reference
    if state.column_reference is not None and part.column_reference is not None:
        state.column_reference[columns] = part.column_reference
    if part.wear is not None:
        if state.wear is None:
            state.wear = np.zeros(state.counters.shape, np.int32)
        state.wear[rows, columns] = part.wear

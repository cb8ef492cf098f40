"""The chip's state in the flat form that kernels work on, and back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.numerics.cells import MASTER_MAX, MASTER_SHIFT
from bsc.numerics.state import CODE_MAX, ArrayState, CellStyle
from bsc.tiling.plan import ArraySpec
from bsc_runtime.kernels.layout import SLACK, Memory

_NARROW, _LINE = 16, 32  # codes in the kernels' narrowest vector, and in a line of the cache


def padded(elements: int) -> int:
    """Elements of a row in memory.

    Rows of codes begin with a cache line: reads that straddle two lines were 30 % slower. Narrow
    rows are packed closer, they are few bytes anyway.
    """
    unit = _NARROW if elements <= _NARROW else _LINE
    return (elements + unit - 1) // unit * unit


def aligned_zeros(elements: int, kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Zeros that begin with a cache line."""
    size = np.dtype(kind).itemsize
    raw = np.zeros(elements + 64 // size, kind)
    start = -raw.ctypes.data % 64 // size
    return raw[start : start + elements]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one array lies; offsets in elements, -1 for what it does not have.

    Attributes:
        forward: int16 plane that forward reads sum: the cells of a reference style, else weights.
        plus: plane of c or c+.
        minus: plane of c-.
        transposed: copy of `forward` [inputs, transposed], for arrays that are read backward.
    """

    name: str
    style: CellStyle
    rows: int
    columns: int
    inputs: int
    stride: int
    transposed_stride: int
    forward: int
    plus: int
    minus: int
    transposed: int
    masters: int
    counters: int
    wear: int
    touched: int
    row_reference: int
    column_reference: int

    def plane(self, flat: npt.NDArray[Any], start: int) -> npt.NDArray[Any]:
        """A plane as [rows, columns], a view."""
        block = flat[start : start + self.rows * self.stride]
        return block.reshape(self.rows, self.stride)[:, : self.columns]


@dataclass(frozen=True, slots=True)
class Layout:
    """All arrays' places, and the elements of each flat array."""

    places: tuple[Place, ...]
    codes: int
    masters: int
    counters: int
    wear: int
    touched: int
    references: int

    def bytes_needed(self, counter_bytes: int) -> int:
        """Bytes of the training state."""
        words = 4 * (self.masters + self.wear + self.references)
        return 2 * self.codes + words + counter_bytes * self.counters + self.touched


def lay_out(arrays: Sequence[ArraySpec], state: Sequence[ArrayState], backward: set[int]) -> Layout:
    """Give every array its place.

    Args:
        arrays: what is to be held: logical arrays, or tiles.
        state: of each of them; its styles and wear counts are to be held.
        backward: indices of arrays that are read transposed.
    """
    if len(arrays) != len(state):
        raise ValueError(f"the program has {len(arrays)} arrays, the state {len(state)}")
    codes = masters = counters = wear = touched = references = 0
    places = []
    for index, (spec, held) in enumerate(zip(arrays, state, strict=True)):
        _verify(spec, held)
        stride, transposed_stride = padded(spec.columns), padded(spec.inputs)
        cells = (spec.rows * stride + _LINE - 1) // _LINE * _LINE
        pair = held.style in (CellStyle.PAIR_DOWN, CellStyle.PAIR_UP)
        direct = held.style is CellStyle.DIRECT
        reference = held.style is CellStyle.REFERENCE
        forward = codes
        plus = forward if reference else forward + cells if pair else -1
        minus = forward + 2 * cells if pair else -1
        codes += cells * (3 if pair else 1)
        transposed = codes if index in backward else -1
        codes += spec.columns * transposed_stride if index in backward else 0
        places.append(
            Place(
                held.name,
                held.style,
                spec.rows,
                spec.columns,
                spec.inputs,
                stride,
                transposed_stride,
                forward,
                plus,
                minus,
                transposed,
                masters if direct else -1,
                counters,
                wear if held.wear is not None else -1,
                touched,
                references if reference else -1,
                references + spec.rows if reference else -1,
            )
        )
        masters += cells if direct else 0
        counters += cells
        wear += cells if held.wear is not None else 0
        touched += spec.rows
        references += spec.rows + spec.columns if reference else 0
    return Layout(tuple(places), codes, masters, counters, wear, touched, references)


def _verify(spec: ArraySpec, held: ArrayState) -> None:
    """Kernels trust shapes and codes: nothing else may reach them."""
    shape = (spec.rows, spec.columns)
    pair = held.style in (CellStyle.PAIR_DOWN, CellStyle.PAIR_UP)
    if held.cells.shape != ((2, *shape) if pair else shape) or held.counters.shape != shape:
        raise ValueError(f"array {spec.name}: cells {held.cells.shape} do not fit {shape}")
    direct = held.style is CellStyle.DIRECT
    low, high = (-MASTER_MAX, MASTER_MAX) if direct else (0, CODE_MAX)
    if held.cells.size and not (low <= held.cells.min() and held.cells.max() <= high):
        raise ValueError(f"array {spec.name}: a code is outside {low}..{high}")
    if held.wear is not None and held.wear.shape != shape:
        raise ValueError(f"array {spec.name}: wear {held.wear.shape} does not fit {shape}")
    if held.style is CellStyle.REFERENCE:
        for given, size in ((held.row_reference, spec.rows), (held.column_reference, spec.columns)):
            if given is None or given.shape != (size,):
                raise ValueError(f"array {spec.name}: its references do not fit {shape}")


def counter_type(largest: int) -> type[np.signedinteger[Any]]:
    """The narrowest type that holds a counter; half the work of a batch's end is reading them."""
    for kind in (np.int8, np.int16, np.int32):
        if largest <= np.iinfo(kind).max:
            return kind
    raise ValueError(f"a counter may reach {largest}, which 32 bits do not hold")


def load(
    layout: Layout, state: Sequence[ArrayState], tables: npt.NDArray[np.int32], largest: int
) -> Memory:
    """Copy a state into flat arrays.

    Args:
        layout: places of its arrays.
        state: the arrays.
        tables: the program's tables.
        largest: largest |A| that a batch may lead to.
    """
    kind = counter_type(largest)
    verify_memory(layout.bytes_needed(np.dtype(kind).itemsize))
    memory = Memory(
        codes=aligned_zeros(layout.codes + SLACK, np.int16),
        masters=aligned_zeros(layout.masters + SLACK, np.int32),
        counters=aligned_zeros(layout.counters + SLACK, kind),
        wear=aligned_zeros(layout.wear + SLACK, np.int32),
        touched=np.zeros(layout.touched + SLACK, np.int8),
        references=np.zeros(layout.references + SLACK, np.int32),
        tables=tables,
    )
    for place, held in zip(layout.places, state, strict=True):
        place.plane(memory.counters, place.counters)[...] = held.counters
        if held.wear is not None:
            place.plane(memory.wear, place.wear)[...] = held.wear
        _load_cells(memory, place, held)
    return memory


def _load_cells(memory: Memory, place: Place, held: ArrayState) -> None:
    weights = place.plane(memory.codes, place.forward)
    match held.style:
        case CellStyle.REFERENCE:
            weights[...] = held.cells
            references = [r for r in (held.row_reference, held.column_reference) if r is not None]
            joined = np.concatenate(references)
            start = place.row_reference
            memory.references[start : start + joined.size] = joined
        case CellStyle.PAIR_DOWN | CellStyle.PAIR_UP:
            place.plane(memory.codes, place.plus)[...] = held.cells[0]
            place.plane(memory.codes, place.minus)[...] = held.cells[1]
            np.subtract(held.cells[0], held.cells[1], out=weights)
        case CellStyle.DIRECT:
            place.plane(memory.masters, place.masters)[...] = held.cells
            rounded = (held.cells + (1 << (MASTER_SHIFT - 1))) >> MASTER_SHIFT
            np.clip(rounded, -CODE_MAX, CODE_MAX, out=weights, casting="unsafe")
    if place.transposed >= 0:
        size = place.columns * place.transposed_stride
        block = memory.codes[place.transposed : place.transposed + size]
        turned = block.reshape(place.columns, place.transposed_stride)
        turned[:, : place.inputs] = weights[: place.inputs].T


def unload(memory: Memory, place: Place) -> ArrayState:
    """A copy of one array's state in the plain form."""
    match place.style:
        case CellStyle.DIRECT:
            cells: npt.NDArray[Any] = place.plane(memory.masters, place.masters).copy()
        case CellStyle.REFERENCE:
            cells = place.plane(memory.codes, place.plus).copy()
        case CellStyle.PAIR_DOWN | CellStyle.PAIR_UP:
            starts = (place.plus, place.minus)
            cells = np.stack([place.plane(memory.codes, start) for start in starts])
    rows, columns = None, None
    if place.row_reference >= 0:
        start, middle = place.row_reference, place.column_reference
        rows = memory.references[start:middle].astype(np.int16)
        columns = memory.references[middle : middle + place.columns].astype(np.int16)
    return ArrayState(
        place.name,
        place.style,
        cells,
        rows,
        columns,
        place.plane(memory.counters, place.counters).astype(np.int32),
        None if place.wear < 0 else place.plane(memory.wear, place.wear).copy(),
    )


def verify_memory(needed: int) -> None:
    """Refuse a chip's state that the machine cannot hold, before anything is taken for it."""
    there = memory_bytes()
    if needed > there:
        raise fail(
            "BSC6090",
            f"the chip's state needs {needed >> 20} MiB, this machine has {there >> 20} MiB",
            help="use a smaller network, or a machine with more memory",
        )


def memory_bytes() -> int:
    """Memory of the machine; where nobody tells, no limit of ours."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 1 << 62

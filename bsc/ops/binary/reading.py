"""Reads of arrays, whole (BINARY) and tile by tile (TILED), forward and transposed.

Sums are exact integers, so how an array is cut into tiles cannot change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, TypeRuleError
from bsc.ir.types import Encoding, TensorType
from bsc.numerics.cells import backward_weights, forward_weights
from bsc.numerics.state import ArrayState
from bsc.ops.binary.rules import (
    BINARY_ONLY,
    TILED_ONLY,
    batch_of,
    cells_of,
    expect,
    expect_extent,
)
from bsc.ops.environment import Environment

_TILE = (
    AttrDef("tile", AttrKind.INT, "physical tile"),
    AttrDef("row_start", AttrKind.INT, "first word line"),
    AttrDef("row_stop", AttrKind.INT, "one past the last word line"),
    AttrDef("column_start", AttrKind.INT, "first bit line"),
    AttrDef("column_stop", AttrKind.INT, "one past the last bit line"),
)


def driven(bits: Any, rows: int) -> Any:
    """Word line levels int64 [N, rows]: the input bits, then the always-on bias lines."""
    levels = np.ones((len(bits), rows), np.int64)
    levels[:, : bits.shape[1]] = bits
    return levels


def _infer_read(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    rows, columns = cells_of(types)
    bits = expect("bits", types[1], Encoding.BIT, 2)
    inputs = bits.shape[1]
    if not isinstance(inputs, int) or inputs > rows:
        raise TypeRuleError(f"bits are {bits}, the array has {rows} word lines")
    return [TensorType(Encoding.SUM, (batch_of(bits), columns))]


def _read(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    cells, bits = values
    weights = forward_weights(cells).astype(np.int64)
    return [driven(bits, weights.shape[0]) @ weights]


READ = OpDef(
    name="read",
    doc="y = x W on all bit lines at once",
    stages=BINARY_ONLY,
    inputs=("cells", "bits"),
    outputs=("sums",),
    attrs=(),
    infer=_infer_read,
    reference=_read,
)


def _infer_transposed(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    rows, columns = cells_of(types)
    signs = expect("signs", types[1], Encoding.SIGN, 2)
    expect_extent("signs", signs.shape[1], columns)
    inputs = int(attrs["inputs"])  # type: ignore[arg-type]
    if not 0 < inputs <= rows:
        raise TypeRuleError(f"{inputs} inputs of {rows} word lines")
    return [TensorType(Encoding.SUM, (batch_of(signs), inputs))]


def _read_transposed(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    cells, signs = values
    inputs = int(attrs["inputs"])  # type: ignore[arg-type]
    weights = backward_weights(cells)[:inputs].astype(np.int64)
    return [signs.astype(np.int64) @ weights.T]


READ_TRANSPOSED = OpDef(
    name="read_transposed",
    doc="sums of e W^T on the word lines of inputs; bias lines are not read",
    stages=BINARY_ONLY,
    inputs=("cells", "signs"),
    outputs=("sums",),
    attrs=(AttrDef("inputs", AttrKind.INT, "word lines driven by inputs"),),
    infer=_infer_transposed,
    reference=_read_transposed,
)


def _window(attrs: Attrs, rows: int, columns: int) -> tuple[slice, slice]:
    r0, r1 = int(attrs["row_start"]), int(attrs["row_stop"])  # type: ignore[arg-type]
    c0, c1 = int(attrs["column_start"]), int(attrs["column_stop"])  # type: ignore[arg-type]
    if not (0 <= r0 < r1 <= rows and 0 <= c0 < c1 <= columns):
        raise TypeRuleError(f"tile [{r0}:{r1}, {c0}:{c1}] of an array of {rows} x {columns}")
    return slice(r0, r1), slice(c0, c1)


def _infer_tile_read(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    rows, columns = cells_of(types)
    _, window = _window(attrs, rows, columns)
    bits = expect("bits", types[1], Encoding.BIT, 2)
    return [TensorType(Encoding.SUM, (batch_of(bits), window.stop - window.start))]


def _tile_read(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    cells, bits = values
    rows, columns = _extents(cells)
    at_rows, at_columns = _window(attrs, rows, columns)
    weights = forward_weights(cells)[at_rows, at_columns].astype(np.int64)
    return [driven(bits, rows)[:, at_rows] @ weights]


def _extents(cells: ArrayState) -> tuple[int, int]:
    rows, columns = cells.counters.shape
    return int(rows), int(columns)


TILE_READ = OpDef(
    name="tile_read",
    doc="what one tile adds to y",
    stages=TILED_ONLY,
    inputs=("cells", "bits"),
    outputs=("sums",),
    attrs=_TILE,
    infer=_infer_tile_read,
    reference=_tile_read,
)


def _infer_tile_transposed(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    rows, columns = cells_of(types)
    window, _ = _window(attrs, rows, columns)
    signs = expect("signs", types[1], Encoding.SIGN, 2)
    expect_extent("signs", signs.shape[1], columns)
    return [TensorType(Encoding.SUM, (batch_of(signs), window.stop - window.start))]


def _tile_transposed(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    cells, signs = values
    at_rows, at_columns = _window(attrs, *_extents(cells))
    weights = backward_weights(cells)[at_rows, at_columns].astype(np.int64)
    return [signs[:, at_columns].astype(np.int64) @ weights.T]


TILE_READ_TRANSPOSED = OpDef(
    name="tile_read_transposed",
    doc="what one tile adds to the sums of e W^T; its rows end where the bias lines begin",
    stages=TILED_ONLY,
    inputs=("cells", "signs"),
    outputs=("sums",),
    attrs=_TILE,
    infer=_infer_tile_transposed,
    reference=_tile_transposed,
)


def _infer_join(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    groups = int(attrs["groups"])  # type: ignore[arg-type]
    if groups < 1 or not types or len(types) % groups:
        raise TypeRuleError(f"{len(types)} parts do not make {groups} groups")
    width = 0
    for group in range(groups):
        members = types[group::groups]
        for part in members:
            expect("part", part, Encoding.SUM, 2)
            expect_extent("part", part.shape[1], members[0].shape[1])
        extent = members[0].shape[1]
        if not isinstance(extent, int):
            raise TypeRuleError(f"part is {members[0]}: its width must be a number")
        width += extent
    return [TensorType(Encoding.SUM, (batch_of(types[0]), width))]


def _join(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    groups = int(attrs["groups"])  # type: ignore[arg-type]
    return [np.concatenate([sum(values[g::groups]) for g in range(groups)], axis=1)]


JOIN = OpDef(
    name="join",
    doc="part i belongs to lines i mod groups: parts of one group are added, groups stand in a row",
    stages=TILED_ONLY,
    inputs=("parts*",),
    outputs=("sums",),
    attrs=(AttrDef("groups", AttrKind.INT, "how many tiles stand side by side"),),
    infer=_infer_join,
    reference=_join,
)

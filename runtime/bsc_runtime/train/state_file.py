"""A chip's state as tensors and clocks, and back, with everything checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.state import CODE_MAX, ArrayState, CellStyle, ChipState

_CLOCKS = ("seed", "samples", "checks", "epochs", "place", "pulses")


class StateError(ValueError):
    """Tensors or clocks are missing, or do not fit together."""


def tensors_of(state: ChipState) -> dict[str, npt.NDArray[Any]]:
    """Arrays by `<layer>.<field>`."""
    tensors: dict[str, npt.NDArray[Any]] = {}
    for number, array in enumerate(state.arrays):
        for field in ("cells", "row_reference", "column_reference", "counters", "wear"):
            value = getattr(array, field)
            if value is not None:
                tensors[f"{number}.{field}"] = np.ascontiguousarray(value)
    return tensors


def clocks_of(state: ChipState) -> dict[str, int]:
    """Everything but the arrays."""
    return {name: int(getattr(state, name)) for name in _CLOCKS}


def styles_of(state: ChipState) -> list[dict[str, str]]:
    """Name and style of each array."""
    return [{"name": a.name, "style": str(a.style)} for a in state.arrays]


def state_of(
    tensors: Mapping[str, npt.NDArray[Any]],
    clocks: Mapping[str, Any],
    styles: Sequence[Mapping[str, str]],
) -> ChipState:
    """Put a state together again.

    Raises:
        StateError: something is missing, of a wrong type, shape or range.
    """
    try:
        arrays = [_array(number, row, tensors) for number, row in enumerate(styles)]
        numbers = {name: clocks[name] for name in _CLOCKS}
    except (KeyError, ValueError, TypeError) as error:
        raise StateError(f"incomplete: {error}") from error
    if not all(isinstance(v, int) and 0 <= v < 1 << 64 for v in numbers.values()):
        raise StateError(f"clocks out of range: {numbers}")
    return ChipState(arrays, **numbers)


def _array(
    number: int, row: Mapping[str, str], tensors: Mapping[str, npt.NDArray[Any]]
) -> ArrayState:
    style = CellStyle(row["style"])
    counters = _tensor(tensors, f"{number}.counters", np.int32, None)
    if counters.ndim != 2:
        raise StateError(f"counters of array {number} have shape {counters.shape}")
    rows, columns = counters.shape
    pair = style in (CellStyle.PAIR_DOWN, CellStyle.PAIR_UP)
    cells = _tensor(
        tensors,
        f"{number}.cells",
        np.int32 if style is CellStyle.DIRECT else np.int16,
        (2, rows, columns) if pair else (rows, columns),
    )
    if (
        style is not CellStyle.DIRECT
        and cells.size
        and not (cells.min() >= 0 and cells.max() <= CODE_MAX)
    ):
        raise StateError(f"codes of array {number} are outside 0..{CODE_MAX}")
    row_reference = column_reference = wear = None
    if style is CellStyle.REFERENCE:
        row_reference = _tensor(tensors, f"{number}.row_reference", np.int16, (rows,))
        column_reference = _tensor(tensors, f"{number}.column_reference", np.int16, (columns,))
    if f"{number}.wear" in tensors:
        wear = _tensor(tensors, f"{number}.wear", np.int32, (rows, columns))
    return ArrayState(row["name"], style, cells, row_reference, column_reference, counters, wear)


def _tensor(
    tensors: Mapping[str, npt.NDArray[Any]],
    name: str,
    dtype: type[np.generic],
    shape: tuple[int, ...] | None,
) -> npt.NDArray[Any]:
    tensor = tensors[name]
    if tensor.dtype != dtype or (shape is not None and tensor.shape != shape):
        raise StateError(f"{name} is {tensor.dtype} {tensor.shape}, expected {dtype} {shape}")
    return tensor

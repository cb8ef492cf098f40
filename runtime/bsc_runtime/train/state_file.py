"""A chip's state as tensors and clocks, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.state import ArrayState, CellStyle, ChipState

_CLOCKS = ("seed", "samples", "checks", "epochs", "place", "pulses")
_TENSORS = ("cells", "row_reference", "column_reference", "counters", "wear")


class StateError(ValueError):
    """Tensors or clocks are missing, or are of a wrong type."""


def tensors_of(state: ChipState) -> dict[str, npt.NDArray[Any]]:
    """Arrays by `<layer>.<field>`."""
    tensors: dict[str, npt.NDArray[Any]] = {}
    for number, array in enumerate(state.arrays):
        for field in _TENSORS:
            value = getattr(array, field)
            if value is not None:
                tensors[f"{number}.{field}"] = value
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
    """Put a state together again; whether it fits a program is for `check_state` to say.

    Raises:
        StateError: something is missing or of a wrong type.
    """
    try:
        arrays = [
            ArrayState(
                name=row["name"],
                style=CellStyle(row["style"]),
                cells=_integers(tensors[f"{number}.cells"]),
                row_reference=_optional(tensors, f"{number}.row_reference"),
                column_reference=_optional(tensors, f"{number}.column_reference"),
                counters=_integers(tensors[f"{number}.counters"]),
                wear=_optional(tensors, f"{number}.wear"),
            )
            for number, row in enumerate(styles)
        ]
        numbers = {name: clocks[name] for name in _CLOCKS}
    except (KeyError, ValueError, TypeError) as error:
        raise StateError(f"incomplete: {error}") from error
    if not all(type(v) is int and 0 <= v < 1 << 64 for v in numbers.values()):
        raise StateError(f"clocks out of range: {numbers}")
    return ChipState(arrays, **numbers)


def _optional(tensors: Mapping[str, npt.NDArray[Any]], name: str) -> npt.NDArray[Any] | None:
    return _integers(tensors[name]) if name in tensors else None


def _integers(tensor: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if tensor.dtype not in (np.int16, np.int32):
        raise StateError(f"a tensor of {tensor.dtype}, expected int16 or int32")
    return tensor

"""Trained weights as the cells that a chip starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bsc.hw.device import reference_codes
from bsc.hw.plan import Rule
from bsc.hw.spec import DeviceSpec
from bsc.ir.graph import Array
from bsc.numerics import cells
from bsc.numerics.state import ArrayState, CellStyle, ChipState
from bsc.tiling.plan import ArraySpec

_BLOCK_CELLS = 1 << 18  # written at a time: temporaries of large layers would cost memory


def style_of(rule: Rule, device: DeviceSpec) -> CellStyle:
    """How weights are kept under a rule: `sgd` has master weights in place of cells."""
    return CellStyle.DIRECT if rule is Rule.SGD else device.style


def kept_state(
    arrays: Sequence[ArraySpec],
    codes: Mapping[str, Array],
    rule: Rule,
    device: DeviceSpec,
    seed: int = 0,
) -> tuple[ChipState, dict[str, int]]:
    """Trained weights as cells.

    Args:
        arrays: logical arrays.
        codes: signed weight codes by array name, int16 [rows, columns].
        rule: the train rule; `sgd` keeps master weights.
        device: the device; its references are drawn from the seed.
        seed: 64-bit key.

    Returns:
        The state, and how many weights of each array did not fit beside their reference.
    """
    style = style_of(rule, device)
    reference = reference_codes(device) if style is CellStyle.REFERENCE else None
    state = ChipState(seed=seed)
    clipped: dict[str, int] = {}
    for array in arrays:
        made = cells.blank_array(
            array.name, style, array.rows, array.columns, array.layer, seed, reference
        )
        clipped[array.name] = sum(
            cells.keep_codes(codes[array.name][start : start + len(block.counters)], style, block)
            for start, block in _row_blocks(made)
        )
        state.arrays.append(made)
    return state, clipped


def _row_blocks(state: ArrayState) -> list[tuple[int, ArrayState]]:
    """Views of an array, so many word lines each."""
    views = []
    block_rows = max(1, _BLOCK_CELLS // state.counters.shape[1])
    for start in range(0, len(state.counters), block_rows):
        rows = np.s_[start : start + block_rows]
        views.append(
            (
                start,
                ArrayState(
                    state.name,
                    state.style,
                    state.cells[..., rows, :],
                    None if state.row_reference is None else state.row_reference[rows],
                    state.column_reference,
                    state.counters[rows],
                ),
            )
        )
    return views

"""Trained weights as the cells that a chip starts from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bsc.hw.device import reference_codes
from bsc.ir.graph import Array
from bsc.numerics import cells
from bsc.numerics.state import ArrayState, CellStyle, ChipState
from bsc.program.model import Program

_BLOCK_CELLS = 1 << 18  # written at a time: temporaries of large layers would cost memory


def kept_state(
    program: Program, codes: Mapping[str, Array], seed: int = 0
) -> tuple[ChipState, dict[str, int]]:
    """Trained weights as cells.

    Args:
        program: its arrays, and what their cells are made of; rule `sgd` keeps master weights.
        codes: signed weight codes by array name, int16 [rows, columns].
        seed: 64-bit key, of references.

    Returns:
        The state, and how many weights of each array did not fit beside their reference.
    """
    state = ChipState(seed=seed)
    clipped: dict[str, int] = {}
    for index, array in enumerate(program.arrays):
        style = program.style_of(index)
        by_reference = style is CellStyle.REFERENCE
        reference = reference_codes(program.device_of(index)) if by_reference else None
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

"""The digest: one number that says two chips hold the same state (section 4)."""

from __future__ import annotations

import hashlib

import numpy as np

from bsc.numerics.state import CellStyle, ChipState


def digest(state: ChipState) -> str:
    """Hex SHA-256 over cells, references, counters and clocks.

    Layers in order: c (or c+, then c-) as int16, or M as int32 for the `sgd` rule; row and column
    references as int16 where present; A as int32; wear as int32 where kept. Then samples, checks,
    epochs and seed as uint64. Little-endian, row-major, logical shapes; names, targets, tiles and
    backends are not in it.
    """
    sha = hashlib.sha256()
    for array in state.arrays:
        direct = array.style is CellStyle.DIRECT
        sha.update(np.ascontiguousarray(array.cells, dtype="<i4" if direct else "<i2").data)
        for reference in (array.row_reference, array.column_reference):
            if reference is not None:
                sha.update(np.ascontiguousarray(reference, dtype="<i2").data)
        sha.update(np.ascontiguousarray(array.counters, dtype="<i4").data)
        if array.wear is not None:
            sha.update(np.ascontiguousarray(array.wear, dtype="<i4").data)
    for clock in (state.samples, state.checks, state.epochs, state.seed):
        sha.update(clock.to_bytes(8, "little"))
    return sha.hexdigest()

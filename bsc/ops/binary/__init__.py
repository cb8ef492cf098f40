"""Operators of the BINARY and TILED stages: bits, signs, sums, counts, and their cells."""

from bsc.ir.opdef import OpTable
from bsc.ops.binary.array import ARRAY, LOGITS
from bsc.ops.binary.learning import (
    ADD_COUNTS,
    ADD_PARTS,
    CARRY,
    COUNT,
    GATED_SIGN,
    OUTPUT_ERROR,
    REFRESH,
    SGD_STEP,
    TARGET_ERROR,
)
from bsc.ops.binary.reading import JOIN, READ, READ_TRANSPOSED, TILE_READ, TILE_READ_TRANSPOSED
from bsc.ops.binary.sampling import DERIVATIVE, ENCODE, LOGISTIC, READOUT, SAMPLE

BINARY_OPS: OpTable = {
    op.name: op
    for op in (
        ARRAY,
        LOGITS,
        ENCODE,
        SAMPLE,
        DERIVATIVE,
        READOUT,
        LOGISTIC,
        READ,
        READ_TRANSPOSED,
        TILE_READ,
        TILE_READ_TRANSPOSED,
        JOIN,
        OUTPUT_ERROR,
        TARGET_ERROR,
        ADD_PARTS,
        ADD_COUNTS,
        GATED_SIGN,
        COUNT,
        CARRY,
        SGD_STEP,
        REFRESH,
    )
}

__all__ = ["BINARY_OPS"]

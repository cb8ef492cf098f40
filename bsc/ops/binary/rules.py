"""Type rules that several binary operators share."""

from __future__ import annotations

from collections.abc import Sequence

from bsc.ir.opdef import TypeRuleError
from bsc.ir.types import Dim, Encoding, Stage, TensorType

BINARY = frozenset({Stage.BINARY, Stage.TILED})
BINARY_ONLY = frozenset({Stage.BINARY})
TILED_ONLY = frozenset({Stage.TILED})


def expect(name: str, given: TensorType, encoding: Encoding, rank: int) -> TensorType:
    """Demand an encoding and a rank; return the type."""
    if given.encoding is not encoding or len(given.shape) != rank:
        raise TypeRuleError(f"{name} is {given}, expected {encoding} of rank {rank}")
    return given


def expect_extent(name: str, found: Dim, wanted: Dim) -> None:
    """Demand an extent."""
    if found != wanted:
        raise TypeRuleError(f"{name} has extent {found}, expected {wanted}")


def expect_table(name: str, given: TensorType) -> None:
    """Demand a table of thresholds: int32 with 16 to 4096 entries, a power of two."""
    expect(name, given, Encoding.I32, 1)
    entries = given.shape[0]
    if not isinstance(entries, int) or entries not in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096):
        raise TypeRuleError(f"{name} has {entries} entries, expected 2**b with b from 4 to 12")


def batch_of(given: TensorType) -> Dim:
    """The batch extent."""
    return given.shape[0]


def cells_of(types: Sequence[TensorType]) -> tuple[int, int]:
    """Word lines and bit lines of the array that is the first operand."""
    cells = expect("cells", types[0], Encoding.CELLS, 2)
    rows, columns = cells.shape
    if not isinstance(rows, int) or not isinstance(columns, int):
        raise TypeRuleError(f"cells are {cells}, expected fixed extents")
    return rows, columns

"""State of a chip as the bytes that the digest covers (docs/semantics.md, section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.isa.records import LogicalArray
from bsc.numerics.state import ArrayState, CellStyle, ChipState

CLOCKS = ("samples", "checks", "epochs", "seed")
"""Behind the arrays, 64 bits each."""

CLOCK_BYTES = 8 * len(CLOCKS)


@dataclass(frozen=True, slots=True)
class Part:
    """A run of numbers in the stream.

    Attributes:
        field: of the array's state.
        shape: row-major.
        dtype: little-endian.
    """

    field: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def bytes(self) -> int:
        """How many."""
        return prod(self.shape) * int(self.dtype[-1])


def parts(array: LogicalArray) -> Iterator[Part]:
    """What the stream has of an array, in order."""
    weights = (array.rows, array.columns)
    match array.style:
        case CellStyle.DIRECT:
            yield Part("cells", weights, "<i4")
        case CellStyle.REFERENCE:
            yield Part("cells", weights, "<i2")
            yield Part("row_reference", (array.rows,), "<i2")
            yield Part("column_reference", (array.columns,), "<i2")
        case _:
            yield Part("cells", (2, *weights), "<i2")
    yield Part("counters", weights, "<i4")
    if array.wear:
        yield Part("wear", weights, "<i4")


def length(arrays: Sequence[LogicalArray]) -> int:
    """Bytes of the stream, clocks included."""
    return sum(part.bytes for array in arrays for part in parts(array)) + CLOCK_BYTES


def mismatch(arrays: Sequence[LogicalArray], state: ChipState) -> str:
    """Where a state is not of these arrays; empty where it is."""
    if len(arrays) != len(state.arrays):
        return f"the state has {len(state.arrays)} arrays, the image {len(arrays)}"
    for array, held in zip(arrays, state.arrays, strict=True):
        if (array.name, array.style) != (held.name, held.style):
            return f"array {array.name} is {held.name} of style {held.style} in the state"
        wanted = {part.field: part for part in parts(array)}
        for field in ("cells", "row_reference", "column_reference", "counters", "wear"):
            numbers, part = getattr(held, field), wanted.get(field)
            if part is None or numbers is None:
                if part is not None or numbers is not None:
                    return f"array {array.name}: {field} is in one of image and state"
            elif numbers.shape != part.shape or numbers.dtype != np.dtype(part.dtype):
                found = f"{numbers.dtype} {list(numbers.shape)}"
                return f"array {array.name}: {field} is {found}, expected {list(part.shape)}"
    for clock in CLOCKS:
        if not 0 <= getattr(state, clock) < 1 << 64:
            return f"{clock} is {getattr(state, clock)}, which has no 64 bits"
    return ""


def to_bytes(state: ChipState) -> bytes:
    """The stream of a state; its place and its pulses are not in it."""
    pieces: list[bytes] = []
    for array in state.arrays:
        wide = "<i4" if array.style is CellStyle.DIRECT else "<i2"
        pieces.append(_bytes(array.cells, wide))
        for reference in (array.row_reference, array.column_reference):
            if reference is not None:
                pieces.append(_bytes(reference, "<i2"))
        pieces.append(_bytes(array.counters, "<i4"))
        if array.wear is not None:
            pieces.append(_bytes(array.wear, "<i4"))
    pieces += [getattr(state, clock).to_bytes(8, "little") for clock in CLOCKS]
    return b"".join(pieces)


def from_bytes(arrays: Sequence[LogicalArray], stream: bytes | memoryview) -> ChipState:
    """The state of a stream that is as long as `length` says."""
    state = ChipState()
    at = 0
    for array in arrays:
        found: dict[str, npt.NDArray[Any]] = {}
        for part in parts(array):
            numbers = np.frombuffer(stream, part.dtype, prod(part.shape), at)
            # A copy of its own, in the machine's byte order, that training may write to.
            found[part.field] = numbers.reshape(part.shape).astype(part.dtype[1:])
            at += part.bytes
        state.arrays.append(
            ArrayState(
                array.name,
                array.style,
                found["cells"],
                found.get("row_reference"),
                found.get("column_reference"),
                found["counters"],
                found.get("wear"),
            )
        )
    for k, clock in enumerate(CLOCKS):
        setattr(state, clock, int.from_bytes(stream[at + 8 * k : at + 8 * k + 8], "little"))
    return state


def _bytes(numbers: npt.NDArray[Any], dtype: str) -> bytes:
    return np.ascontiguousarray(numbers, dtype=dtype).tobytes()

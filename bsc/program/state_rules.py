"""What the state of a chip must be like, given the program's arrays."""

from __future__ import annotations

from bsc.numerics.state import ChipState
from bsc.numerics.state_rules import array_problems
from bsc.program.model import Program
from bsc.program.table_rules import Wrong

_CLOCKS = {"samples": 48, "checks": 48, "epochs": 48, "place": 48, "pulses": 63, "seed": 64}
_COUNTERS = (-(2**30), 2**30)


def check_state(state: ChipState, program: Program, wrong: Wrong) -> None:
    """Shapes, element types and ranges of cells, references, counters and clocks."""
    for name, bits in _CLOCKS.items():
        value = getattr(state, name)
        if not 0 <= value < 1 << bits:
            wrong("state", f"{name} is {value}, expected 0 to 2**{bits} - 1")
    if len(state.arrays) != len(program.arrays):
        wrong("state", f"{len(state.arrays)} arrays, the program has {len(program.arrays)}")
        return
    for index, (cells, array) in enumerate(zip(state.arrays, program.arrays, strict=True)):
        path = f"state, array {index}"
        if cells.name != array.name:
            wrong(path, f"belongs to {cells.name!r}, expected {array.name!r}")
        for message in array_problems(
            cells, array.rows, array.columns, program.style_of(index), _COUNTERS
        ):
            wrong(path, message)

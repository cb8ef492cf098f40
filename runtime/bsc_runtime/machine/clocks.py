"""When an instruction starts: what it waits for, and what waits for it (docs/isa.md, ordering)."""

from __future__ import annotations

from bsc.isa.kinds import Unit
from bsc_runtime.kernels.jit import merged, wide
from bsc_runtime.kernels.layout import Int64
from bsc_runtime.machine.arrays import time_of
from bsc_runtime.machine.layout import Control, Fabric, State, Trace, Why, Word

_BY_OPERAND, _BY_CELLS = wide(Why.OPERAND), wide(Why.CELLS)
_ARRAY, _COUNTER, _PULSE = int(Unit.ARRAY), int(Unit.COUNTER), int(Unit.PULSE)


@merged
def later(state: State, time: int, row: int, why: int, known: Int64) -> None:
    """Let the instruction in hand start no earlier; `known` is start, cause and reason."""
    if time > known[0]:
        known[0], known[1], known[2] = time, row, why


@merged
def wait_for_operands(fabric: Fabric, state: State, pc: int, slot: int, known: Int64) -> None:
    """Sources are written; outputs are written and read by whoever came before."""
    for k in range(3):
        vector = fabric.code[pc, Word.A + k]
        if vector < 0:
            break
        clock = time_of(fabric, vector, slot)
        later(state, state.times[clock, 0], state.times[clock, 2], _BY_OPERAND, known)
        if fabric.code[pc, Word.WRITES] >> k & 1:
            later(state, state.times[clock, 1], state.times[clock, 3], _BY_OPERAND, known)


@merged
def note_operands(fabric: Fabric, state: State, pc: int, slot: int, end: int, row: int) -> None:
    """Those who come later wait for this instruction's end."""
    for k in range(3):
        vector = fabric.code[pc, Word.A + k]
        if vector < 0:
            break
        clock = time_of(fabric, vector, slot)
        if fabric.code[pc, Word.WRITES] >> k & 1:
            state.times[clock, 0], state.times[clock, 2] = end, row
        elif end > state.times[clock, 1]:
            state.times[clock, 1], state.times[clock, 3] = end, row


@merged
def wait_for_cells(state: State, core: int, unit: int, known: Int64) -> None:
    """Pulses wait until nobody works on the cells, and the others until the pulses are given."""
    if unit == _ARRAY or unit == _COUNTER:
        row = state.unit_rows[core, _PULSE]
        later(state, state.units[core, _PULSE], row, _BY_CELLS, known)
    elif unit == _PULSE:
        for other in (_ARRAY, _COUNTER):
            row = state.unit_rows[core, other]
            later(state, state.units[core, other], row, _BY_CELLS, known)


@merged
def put_in_trace(
    state: State, core: int, pc: int, known: Int64, end: int, slot: int, number: int
) -> int:
    """Write a row of the trace; returns its number, -1 where none is kept."""
    if state.trace.shape[0] == 0:
        return wide(-1)
    row = state.control[Control.TRACED]
    entry = state.trace[row - state.control[Control.FLUSHED]]
    entry[Trace.CORE], entry[Trace.ROW] = core, pc
    entry[Trace.START], entry[Trace.END] = known[0], end
    entry[Trace.CAUSE], entry[Trace.WHY] = known[1], known[2]
    entry[Trace.SLOT], entry[Trace.NUMBER] = slot, number
    state.control[Control.TRACED] = row + 1
    return wide(row)

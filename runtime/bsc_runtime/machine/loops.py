"""Instructions that steer a core: loops and the registers that they count in."""

from __future__ import annotations

from bsc.isa.instructions import BY_NAME
from bsc_runtime.kernels.jit import merged, wide
from bsc_runtime.machine.layout import Fabric, Loop, Reg, State, Word

LOOP = BY_NAME["loop"].opcode


@merged
def open_loop(fabric: Fabric, state: State, pc: int, core: int) -> None:
    """`loop` and `chunks`: a frame for the body that follows."""
    depth = state.registers[core, Reg.DEPTH]
    field = fabric.code[pc, Word.NUMBER_1]
    count = field & 0xFFFFFFFF if field >> 32 else state.registers[core, register_of(field)]
    counter, piece, passes = wide(-1), wide(-1), count
    if fabric.code[pc, Word.OP] == LOOP:
        if fabric.code[pc, Word.NUMBER] > 0:
            counter = wide(Reg.SLOT + fabric.code[pc, Word.NUMBER] - 1)
            state.registers[core, counter] = 0
    else:
        total = state.registers[core, register_of(fabric.code[pc, Word.NUMBER_2])]
        piece = wide(register_of(fabric.code[pc, Word.NUMBER]))
        passes = (total + count - 1) // count
        state.registers[core, piece] = min(count, total)
        state.stack[core, depth, Loop.SIZE] = count
        state.stack[core, depth, Loop.TOTAL] = total - state.registers[core, piece]
    state.stack[core, depth, Loop.LEFT] = passes
    state.stack[core, depth, Loop.COUNTER] = counter
    state.stack[core, depth, Loop.PIECE] = piece
    state.registers[core, Reg.DEPTH] = depth + 1


@merged
def register_of(number: int) -> int:
    """Column of a register that loops take counts from (`bsc.isa.kinds.Register`)."""
    return wide(Reg.SAMPLES + number if number < 8 else Reg.B0 + number - 8)


@merged
def close_pass(fabric: Fabric, state: State, pc: int, core: int) -> None:
    """`end`: another pass, or on."""
    depth = state.registers[core, Reg.DEPTH] - 1
    left = state.stack[core, depth, Loop.LEFT] - 1
    state.stack[core, depth, Loop.LEFT] = left
    counter = state.stack[core, depth, Loop.COUNTER]
    if left == 0:
        if counter >= 0:
            state.registers[core, counter] = 0
        state.registers[core, Reg.DEPTH] = depth
        return
    if counter >= 0:
        state.registers[core, counter] += 1
    piece = state.stack[core, depth, Loop.PIECE]
    if piece >= 0:
        size = min(state.stack[core, depth, Loop.SIZE], state.stack[core, depth, Loop.TOTAL])
        state.registers[core, piece] = size
        state.stack[core, depth, Loop.TOTAL] -= size
    state.registers[core, Reg.PC] = fabric.code[pc, Word.BODY] - 1  # the engine adds one

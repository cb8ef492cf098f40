"""Keyed draws of an instruction: which sample, which pass, which elements."""

from __future__ import annotations

from bsc_runtime.kernels.jit import merged, wide
from bsc_runtime.kernels.layout import Int64, Run, Work
from bsc_runtime.kernels.philox import draw
from bsc_runtime.machine.layout import Reg, State


@merged
def index_of(state: State, core: int) -> int:
    """Sample index of draws."""
    return wide(state.registers[core, Reg.BASE] + state.registers[core, Reg.SLOT])


@merged
def pass_of(state: State, core: int) -> int:
    """Pass of draws."""
    return wide(
        state.registers[core, Reg.REPEAT] * state.registers[core, Reg.READS]
        + state.registers[core, Reg.READ]
    )


@merged
def draw_from(
    work: Work,
    first: int,
    size: int,
    purpose: int,
    layer: int,
    index: int,
    pass_: int,
    numbers: Int64,
) -> int:
    """Draw for elements from first on; returns which 16-bit half is the first one's."""
    block = first >> 3
    skipped = first & 7
    blocks = (skipped + size + 7) >> 3
    numbered = work.blocks[0]
    for i in range(blocks):
        numbered[i] = block + i
    draw(
        work.words[0],
        numbered,
        blocks,
        purpose,
        layer,
        index,
        pass_,
        numbers[Run.KEY_0],
        numbers[Run.KEY_1],
    )
    return skipped

"""The one table of instructions: encoding, syntax, units, meaning and examples come from here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bsc.isa.instruction import Instruction
from bsc.isa.rows_arrays import BACKWARD, FORWARD
from bsc.isa.rows_control import CONTROL
from bsc.isa.rows_moving import MOVING
from bsc.isa.rows_updates import UPDATES

TABLE: tuple[Instruction, ...] = (*CONTROL, *MOVING, *FORWARD, *BACKWARD, *UPDATES)
"""All instructions; opcodes that are not here are undefined words and refused."""

BY_OPCODE: Mapping[int, Instruction] = MappingProxyType({row.opcode: row for row in TABLE})
BY_NAME: Mapping[str, Instruction] = MappingProxyType({row.name: row for row in TABLE})

RESERVED = (
    (0x40, 0x4F, "patch gathering and pooling of convolutions"),
    (0x50, 0x5F, "effects of devices: drift, faults, calibration"),
    (0xF0, 0xFF, "never assigned: free for experiments of your own, refused by this machine"),
)
"""Opcodes kept for later: first, last, what for."""

"""The machine of the instruction set (docs/isa.md): runs words, counts cycles, can be stepped."""

from bsc_runtime.machine.executor import MachineExecutor, image_of
from bsc_runtime.machine.layout import Stop
from bsc_runtime.machine.machine import Executed, Machine
from bsc_runtime.machine.trace import PathPart, TraceRow, as_chrome, as_table, critical_path

__all__ = [
    "Executed",
    "Machine",
    "MachineExecutor",
    "PathPart",
    "Stop",
    "TraceRow",
    "as_chrome",
    "as_table",
    "critical_path",
    "image_of",
]

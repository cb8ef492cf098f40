"""How long a unit is busy with an instruction, in cycles: one formula for machine and verifier.

The machine gives what was active, the verifier the most that can be. Plain integer functions, so
that kernels can be compiled from the same text; `t` is the timing as a tuple of `Timing`'s numbers
in order.
"""

from __future__ import annotations

from dataclasses import astuple
from enum import IntEnum
from typing import Any

from bsc.isa.records import Timing


class T(IntEnum):
    """Places of the numbers of a timing."""

    ISSUE = 0
    HOST_BITS = 1
    ENCODE_LANES = 2
    READ = 3
    NEURON_LANES = 4
    READOUT = 5
    COUNTER_LANES = 6
    PULSE = 7
    PULSE_LANES = 8
    LINK_BITS = 9
    LINK_LATENCY = 10
    QUEUE = 11


def numbers(timing: Timing) -> tuple[int, ...]:
    """A timing in the order of `T`."""
    return tuple(astuple(timing))


def over(amount: int, width: int) -> int:
    """Cycles for so much work at so much a cycle: at least one."""
    return max(1, (amount + width - 1) // width)


def host(t: Any, bits: int) -> int:
    """`in`, `out`, `load`, `store`: bits over the host port."""
    return over(bits, t[T.HOST_BITS])


def labels(t: Any, elements: int) -> int:
    """`label`: one number is there at once, as it always was."""
    return 1 if elements == 1 else over(32 * elements, t[T.HOST_BITS])


def encode(t: Any, elements: int) -> int:
    """`encode`, `encode.half`."""
    return over(elements, t[T.ENCODE_LANES])


def neurons(t: Any, elements: int) -> int:
    """Comparators, gates and element-wise work."""
    return over(elements, t[T.NEURON_LANES])


def readout(t: Any, elements: int) -> int:
    """`readout`: the softmax goes class by class."""
    return int(t[T.READOUT]) + elements


def counters(t: Any, lines: int, columns: int) -> int:
    """Counters of so many word lines of a tile are added to, moved or looked at."""
    return lines * over(columns, t[T.COUNTER_LANES])


def pulses(t: Any, given: int) -> int:
    """Pulses of a core."""
    return 0 if given == 0 else over(given, t[T.PULSE_LANES]) * int(t[T.PULSE])


def message(t: Any, bits: int) -> int:
    """`send`: a header, and the payload unless it is all zero (then `bits` is 0)."""
    return 1 if bits == 0 else 1 + over(bits, t[T.LINK_BITS])

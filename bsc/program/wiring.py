"""What each read of a network gets its bits from, told from the steps of inference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bsc.program.model import Program
from bsc.tiling.plan import StepOp


@dataclass(frozen=True, slots=True)
class Signal:
    """Bits that drive word lines: those of an input, or of a read's neurons.

    Attributes:
        size: elements.
        input: number of the program's input, -1 where the signal is a read's.
        read: number of the read whose neurons make it, -1 where it is an input's.
    """

    size: int
    input: int = -1
    read: int = -1


@dataclass(frozen=True, slots=True)
class Part:
    """Word lines of a read that are driven by one signal.

    Attributes:
        signal: the signal.
        start: the word line of its first element.
    """

    signal: Signal
    start: int

    @property
    def input(self) -> int:
        """Number of the input that drives the lines, -1 where a read does."""
        return self.signal.input

    @property
    def read(self) -> int:
        """Number of the read whose neurons drive the lines, -1 where an input does."""
        return self.signal.read

    @property
    def lines(self) -> slice:
        """The word lines."""
        return slice(self.start, self.start + self.signal.size)


def wiring(program: Program) -> tuple[tuple[Part, ...], ...]:
    """The parts of each read, in the order of its word lines; bias lines are left out."""
    held = signals(program)
    reads = (step for step in program.inference if step.op is StepOp.READ)
    return tuple(parts_of(held[step.sources[0]]) for step in reads)


def signals(program: Program) -> dict[int, tuple[Signal, ...]]:
    """What each buffer of bits holds after inference, one behind the other."""
    held: dict[int, tuple[Signal, ...]] = {}
    sums: dict[int, int] = {}  # buffer -> read
    for step in program.inference:
        match step.op:
            case StepOp.ENCODE:
                size = program.buffers[step.target].size
                held[step.target] = (Signal(size, input=step.layer),)
            case StepOp.CONCAT:
                held[step.target] = tuple(s for source in step.sources for s in held[source])
            case StepOp.SAMPLE:
                size = program.buffers[step.target].size
                held[step.target] = (Signal(size, read=sums[step.sources[0]]),)
            case StepOp.READ:
                sums[step.target] = len(sums)
    return held


def parts_of(held: Iterable[Signal]) -> tuple[Part, ...]:
    """Signals one behind the other, from the first word line on."""
    parts, start = [], 0
    for signal in held:
        parts.append(Part(signal, start))
        start += signal.size
    return tuple(parts)

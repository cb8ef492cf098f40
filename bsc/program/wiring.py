"""What each read of a network gets its bits from, told from the steps of inference."""

from __future__ import annotations

from dataclasses import dataclass

from bsc.program.model import Program
from bsc.tiling.plan import StepOp


@dataclass(frozen=True, slots=True)
class Part:
    """Word lines of a read that are driven by one signal.

    Attributes:
        input: number of the program's input, -1 where the signal is an earlier read's.
        read: number of the read whose neurons drive the lines, -1 where an input does.
        start: first word line.
        stop: behind the last one.
    """

    input: int
    read: int
    start: int
    stop: int

    @property
    def lines(self) -> slice:
        """The word lines."""
        return slice(self.start, self.stop)


def wiring(program: Program) -> tuple[tuple[Part, ...], ...]:
    """The parts of each read, in the order of its word lines; bias lines are left out."""
    signals: dict[int, tuple[tuple[int, int, int], ...]] = {}  # buffer -> (input, read, size)
    sums: dict[int, int] = {}  # buffer -> read
    found: list[tuple[Part, ...]] = []
    for step in program.inference:
        match step.op:
            case StepOp.ENCODE:
                size = program.buffers[step.target].size
                signals[step.target] = ((step.layer, -1, size),)
            case StepOp.CONCAT:
                signals[step.target] = tuple(
                    part for source in step.sources for part in signals[source]
                )
            case StepOp.SAMPLE:
                size = program.buffers[step.target].size
                signals[step.target] = ((-1, sums[step.sources[0]], size),)
            case StepOp.READ:
                sums[step.target] = len(found)
                parts, start = [], 0
                for number, read, size in signals[step.sources[0]]:
                    parts.append(Part(number, read, start, start + size))
                    start += size
                found.append(tuple(parts))
    return tuple(found)

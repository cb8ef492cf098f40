"""What tiling and scheduling hand to the Program: arrays, tiles, buffers, steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One logical array: a dense layer's weights as word lines x bit lines.

    Attributes:
        name: the model's layer.
        layer: ordinal for keyed draws, fixed when the graph became BINARY, from 0.
        inputs: word lines driven by inputs.
        bias_lines: further word lines, always on, not read backward.
        columns: bit lines.
        scale: S, codes in one unit of y.
        gain: y of the model = y of the array x gain (1.0 unless weights were rescaled to fit).
        function: the model's activation behind this layer, `none` for the last one.
        function_parameters: its numbers, as the `neuron` operator has them.
        low: the activation's value at p = 0.
        high: the activation's value at p = 1.
        origin: where the layer came from, for people.
    """

    name: str
    layer: int
    inputs: int
    bias_lines: int
    columns: int
    scale: int
    gain: float = 1.0
    function: str = "none"
    function_parameters: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 1.0
    origin: str = ""

    @property
    def rows(self) -> int:
        """Word lines in all."""
        return self.inputs + self.bias_lines


@dataclass(frozen=True, slots=True)
class Tile:
    """A placed block: word lines [row_start, row_stop), bit lines [column_start, column_stop).

    Attributes:
        index: physical tile number on the chip.
        array: index into the program's arrays.
        row: which tile from the top.
        column: which tile from the left.
    """

    index: int
    array: int
    row: int
    column: int
    row_start: int
    row_stop: int
    column_start: int
    column_stop: int


class BufferKind(StrEnum):
    """What a buffer's elements are."""

    BIT = "bit"
    SIGN = "sign"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Buffer:
    """A vector of one sample: name, kind, number of elements."""

    name: str
    kind: BufferKind
    size: int


class StepOp(StrEnum):
    """What a step does; all but the last three work on one sample."""

    ENCODE = "encode"  # target: bits <- input
    READ = "read"  # target: sums <- array, bits
    SAMPLE = "sample"  # target: bits z <- sums; table `threshold`, number `binary` for that mode
    READOUT = "readout"  # target: bits o <- sums; table `softmax`, number `reciprocal`
    ERROR = "error"  # target: signs <- bits o and the sample's label
    DERIVATIVE = "derivative"  # target: bits d <- sums; tables `low`, `high`
    READ_TRANSPOSED = "read_transposed"  # target: sums <- array, signs (bias lines left out)
    SIGN = "sign"  # target: signs <- sums, gate bits
    COUNT = "count"  # array's counters += outer product of bits and signs
    CARRY = "carry"  # end of batch: counters -> pulses
    SGD_STEP = "sgd_step"  # end of batch: master weights -= K counts, counts cleared
    REFRESH = "refresh"  # after check g with (g + 1) mod every = 0: one-way pairs back to the start


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a program; it carries names, never objects, and prints as one line.

    Attributes:
        op: what is done.
        target: index of the buffer written, -1 for none.
        sources: indices of the buffers read. ENCODE reads none: the input is named by `layer`.
        array: index of the array used, -1 for none.
        layer: ordinal for the keyed draws, -1 where none are drawn.
        tables: names of the tables used, by role.
        numbers: integers used, by role: `binary`, `reciprocal`, `threshold`, `pulses`, `rate`,
            `every`.
        tiles: indices of the physical tiles that work.
        origin: the model's layer that it came from.
    """

    op: StepOp
    target: int = -1
    sources: tuple[int, ...] = ()
    array: int = -1
    layer: int = -1
    tables: tuple[tuple[str, str], ...] = ()
    numbers: tuple[tuple[str, int], ...] = ()
    tiles: tuple[int, ...] = ()
    origin: str = ""

    def table(self, role: str) -> str:
        """Name of the table in a role."""
        return dict(self.tables)[role]

    def number(self, role: str) -> int:
        """The integer in a role."""
        return dict(self.numbers)[role]

"""What tiling and scheduling hand to the Program: arrays, tiles, buffers, steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bsc.hw.plan import Readout


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One logical array: a dense layer's weights as word lines x bit lines.

    Attributes:
        name: the model's layer.
        layer: ordinal of the array in the draws of its cells and pulses: its place, from 0.
        inputs: word lines driven by inputs.
        bias_lines: further word lines, always on, not read backward.
        columns: bit lines.
        scale: S, codes in one unit of y.
        origin: where the layer came from, for people.
    """

    name: str
    layer: int
    inputs: int
    bias_lines: int
    columns: int
    scale: int
    origin: str = ""

    @property
    def rows(self) -> int:
        """Word lines in all."""
        return self.inputs + self.bias_lines


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """One place where an array is read, and the neurons behind it.

    Its place in the program's reads, from 0, is the `layer` of the draws for its neurons. An array
    that several places share has a read for each.

    Attributes:
        name: unique; the array's own name for its first read.
        array: index into the program's arrays.
        gain: y of the model = y of the array x gain (1.0 unless weights were rescaled to fit).
        function: the model's activation behind this read, `none` where no neurons sample its sums.
        function_parameters: its numbers, as the `neuron` operator has them.
        low: the activation's value at p = 0.
        high: the activation's value at p = 1.
        origin: where it came from, for people.
    """

    name: str
    array: int
    gain: float = 1.0
    function: str = "none"
    function_parameters: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 1.0
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """Sums that no layer reads: what the network answers.

    Attributes:
        read: index into the program's reads.
        columns: its sums.
        readout: what learns from it.
        outputs: the model's outputs that are computed from it, the first one is its name.
        classes: the model's own labels of its columns; empty where it has none.
    """

    read: int
    columns: int
    readout: Readout
    outputs: tuple[str, ...]
    classes: tuple[int, ...] | tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What data and messages call it."""
        return self.outputs[0]

    @property
    def width(self) -> int:
        """Integers of one sample's target: a class index, or a threshold for each column."""
        match self.readout:
            case Readout.SOFTMAX:
                return 1
            case Readout.LOGISTIC:
                return self.columns
            case Readout.NONE:
                return 0


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

    ENCODE = "encode"  # target: bits <- input number `layer`
    CONCAT = "concat"  # target: bits <- several bits, one behind the other
    READ = "read"  # target: sums <- array, bits
    SAMPLE = "sample"  # target: bits z <- sums; table `threshold`, number `binary` for that mode
    READOUT = "readout"  # target: bits o <- sums; table `softmax`, number `reciprocal`
    LOGISTIC = "logistic"  # target: bits o <- sums; table `threshold`
    ERROR = "error"  # target: signs <- bits o and the sample's label, number `target`
    TARGET_ERROR = "target_error"  # signs <- bits o and a Bernoulli draw of each target, `target`
    DERIVATIVE = "derivative"  # target: bits d <- sums; tables `low`, `high`
    READ_TRANSPOSED = "read_transposed"  # target: sums <- array, signs (bias lines left out)
    ADD = "add"  # target: sums <- parts of several sums, added; numbers `start_0`, `start_1`, ...
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
        layer: ordinal for the keyed draws, -1 where none are drawn: of the input (ENCODE), of the
            read (SAMPLE, DERIVATIVE, READOUT, LOGISTIC, TARGET_ERROR), of the array (CARRY).
        tables: names of the tables used, by role.
        numbers: integers used, by role: `binary`, `reciprocal`, `target` (where the head's part of
            a sample's targets begins), `start_<k>` (first element of source k that is added),
            `threshold`, `pulses`, `rate`, `every`.
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

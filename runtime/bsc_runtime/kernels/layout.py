"""What kernels work on: a few flat arrays, and tables that say where things are in them.

Every network has the same array types, so a kernel is compiled once and serves all networks. The
tables' columns are named here; `bsc_runtime.sim` fills them in. Offsets count elements.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]

SLACK = 64
"""Elements behind the last row of every flat array: vector loads may run over a row's end."""


class Array(IntEnum):
    """Columns of `Network.arrays`, one row for each logical array."""

    ROWS = 0
    COLUMNS = 1
    STRIDE = 2  # elements from one row to the next, in codes, masters, counters and wear
    FORWARD = 3  # codes: the plane that reads sum; the cells themselves for a reference style
    PLUS = 4  # codes: c or c+, -1 for master weights
    MINUS = 5  # codes: c-, -1 without pairs
    TRANSPOSED = 6  # codes: copy of FORWARD [inputs, transposed], -1 where nothing reads it
    TRANSPOSED_STRIDE = 7
    INPUTS = 8  # rows without bias lines
    MASTERS = 9
    COUNTERS = 10
    WEAR = 11  # -1 where wear is not kept
    TOUCHED = 12
    ROW_REFERENCE = 13  # -1 without references
    COLUMN_REFERENCE = 14
    PAIR_DOWN = 15  # 1 where pulses lower c+ or c-, 0 where they raise them
    LAYER = 16
    CELL = 17  # number of its first cell in the layer, and of cells from one word line to the next:
    LINE = 18  # pulses are drawn by them


class Buffer(IntEnum):
    """Columns of `Network.buffers`; -1 where a buffer has no such part."""

    SIZE = 0
    SUMS = 1  # sums: dense
    SUMS_STRIDE = 2
    LIST = 3  # lists: active elements ascending; behind LIST_STRIDE / 2 those of -1, for signs
    LIST_STRIDE = 4
    DENSE = 5  # dense: one int8 an element
    DENSE_STRIDE = 6
    LISTED = 7  # 1 where a transposed read needs the lists of a sign vector
    BIAS = 8  # bias lines appended to a list of bits: the most that any array has that reads it


class Step(IntEnum):
    """Columns of `Network.steps` and `Network.update`.

    A CONCAT and an ADD of a program is a row for each of its sources.
    """

    OP = 0
    TARGET = 1
    SOURCE = 2
    GATE = 3  # second source
    ARRAY = 4
    LAYER = 5
    TABLE = 6  # threshold; low; softmax, -1 where votes have none; step_up
    TABLE_1 = 7  # high; step_down
    TABLE_2 = 8  # noise_up
    TABLE_3 = 9  # noise_down
    NUMBER = 10  # reciprocal; threshold T; rate K; every; binary threshold of SAMPLE; first block
    # of an ENCODE's input in a row of data; place of an error's first target; where a part of a
    # CONCAT or an ADD begins; of a READ in inference: rows before it that make its bits
    NUMBER_1 = 11  # pulses P; of an error: row of the error before it, -1 if there is none
    EVEN_UP = 12  # CARRY: codes of every raising pulse where steps are even and draw-free, else -1
    EVEN_DOWN = 13
    FIRST = 14  # 1 for the first part of a CONCAT or an ADD, else 0
    LAST = 15  # 1 for the last part of a CONCAT, and for the last error of a sample
    AGAIN = 16  # in inference: 1 where an earlier READ needed the same bits


class Op(IntEnum):
    """Step.OP."""

    ENCODE = 0
    READ = 1
    SAMPLE = 2
    READOUT = 3
    ERROR = 4
    DERIVATIVE = 5
    READ_TRANSPOSED = 6
    SIGN = 7
    COUNT = 8
    CARRY = 9
    SGD_STEP = 10
    REFRESH = 11
    CONCAT = 12
    ADD = 13
    LOGISTIC = 14
    TARGET_ERROR = 15
    ANSWER = 16  # in inference: sums of a head that has no readout


class Run(IntEnum):
    """Entries of the `numbers` given to a call."""

    KEY_0 = 0
    KEY_1 = 1
    FIRST = 2  # index of the first sample
    CHECK = 3  # g of the first check
    BATCH = 4
    SLOTS = 5  # samples held at a time
    WORKERS = 6
    SHIFT = 7  # u = u16 >> shift
    REPEATS = 8
    READS = 9
    MODE = 10


class Mode(IntEnum):
    """Run.MODE of an inference."""

    STOCHASTIC = 0
    VOTE = 1
    BINARY = 2


class Network(NamedTuple):
    """The program: tables that no run changes."""

    arrays: Int64
    buffers: Int64
    steps: Int64
    update: Int64


class Memory(NamedTuple):
    """The chip.

    Attributes:
        codes: int16, planes [rows, stride] of cells and of weights derived from them.
        masters: int32, master weights of the `sgd` rule.
        counters: int8, int16 or int32, the counters A, padded with zeros.
        wear: int32, pulses received.
        touched: int8, rows whose counters changed since the last check.
        references: int32, row and column references.
        tables: int32, the program's tables one after the other.
    """

    codes: npt.NDArray[Any]
    masters: npt.NDArray[Any]
    counters: npt.NDArray[Any]
    wear: npt.NDArray[np.int32]
    touched: npt.NDArray[np.int8]
    references: npt.NDArray[np.int32]
    tables: npt.NDArray[np.int32]


class Work(NamedTuple):
    """Vectors of the samples in work, and scratch.

    Attributes:
        sums: int32, or int64 where the compiler's bound asks for it.
        lists: int32.
        lengths: int32 [buffers, slots, 2], entries of a list and of its second half.
        dense: int8.
        live: int32 [workers, slots + 1], slots of samples that still matter; the last entry is
            their number.
        words: uint32 [workers, ...], random words.
        blocks: int64 [workers, ...], blocks to be drawn, and columns of pulses.
        packed: uint64 [workers, ...], values of an input that get a draw.
        ascending: int64, 0, 1, 2, ...
        gate: int64 [8], where workers wait for each other.
        pulses: int64 [workers, 8], pulses given; and 1 where the worker has changed the chip.
        dirty: uint8 [workers, arrays], whether a worker's rows of an array were counted in since
            the last check; often they were not when a batch is one sample.
    """

    sums: npt.NDArray[Any]
    lists: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int32]
    dense: npt.NDArray[np.int8]
    live: npt.NDArray[np.int32]
    words: npt.NDArray[np.uint32]
    blocks: Int64
    packed: npt.NDArray[np.uint64]
    ascending: Int64
    gate: Int64
    pulses: Int64
    dirty: npt.NDArray[np.uint8]

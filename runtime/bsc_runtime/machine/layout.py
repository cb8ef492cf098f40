"""What the machine's engine works on: decoded words, tables and registers in flat arrays.

An image is decoded once. Vectors, tiles and channels of all cores are numbered through, so that the
engine indexes one table each. Every vector that is no view has room of its own: the verifier proves
that nobody reads what another vector has overwritten, so sharing memory could not be seen.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


class Word(IntEnum):
    """Columns of `Fabric.code`, one row for each word of all cores."""

    OP = 0
    UNIT = 1
    A = 2  # vectors by their number on the chip, -1 for none; the first operand
    B = 3
    C = 4
    READS = 5  # bit k: vector operand k is read
    WRITES = 6
    NUMBER = 7  # record, core, address, tile, counter: what the instruction has beside vectors
    NUMBER_1 = 8  # row; count field of a loop
    NUMBER_2 = 9  # register that `chunks` cuts
    LIST = 10  # first of its rectangles in `Fabric.lists`
    RECTANGLES = 11  # how many
    TILES = 12  # tiles that they are made of
    BODY = 13  # of an `end`: the row behind the loop's opening
    DEFERRED = 14  # of a `sample.gate`: where sums are kept until somebody asks for the gate, or -1


class Vec(IntEnum):
    """Columns of `Fabric.vectors`."""

    KIND = 0
    BASE = 1  # first element in the memory of its kind; of bits, first bit
    STRIDE = 2  # elements from one slot to the next
    SLOTS = 3
    LENGTH = 4
    FIRST = 5
    TIME = 6  # of its slot 0 in `State.times`
    WHOLE = 7  # 1 where it is no view
    OFFSET = 8  # of views of levels: first level in the row of words that is their parent's slot


class Place(IntEnum):
    """Columns of `Fabric.places`, one row for each rectangle of tiles (`machine.blocks`)."""

    ROW = 0  # first word line in the array
    ROWS = 1
    DRIVEN = 2  # word lines that carry inputs
    COLUMN = 3
    COLUMNS = 4
    ARRAY_INPUTS = 5  # word lines of the whole array that carry inputs
    ARRAY_ROWS = 6
    ALL_LINES = 7  # 1 where a check looks at all word lines, because marks may have been taken
    WIDTH = 8  # bit lines that vector loops may go over: the rest of the block's row is zeros
    HEIGHT = 9  # word lines that they may go over backward
    ACROSS = 10  # cycles of the counter unit for a word line
    SIDE = 11  # tiles side by side
    PART = 12  # 1 where it is narrower than its block


class Reg(IntEnum):
    """Columns of `State.registers`, one row for each core."""

    PC = 0  # row of `Fabric.code`
    STATUS = 1
    DEPTH = 2  # loops around
    ISSUE = 3  # cycle at which the next instruction may be issued
    SLOT = 4
    REPEAT = 5
    READ = 6
    POSITION = 7
    SAMPLES = 8
    BATCH = 9
    REPEATS = 10
    READS = 11
    B0 = 12
    B1 = 13
    B2 = 14
    B3 = 15
    BASE = 16
    CHECK = 17
    INPUT = 18  # samples taken from the input stream
    LABEL = 19
    OUTPUT = 20  # elements given to the output stream
    ROW = 21  # of the trace: what let the next instruction be issued no earlier
    PASSED = 22  # 1 where the instruction at PC has stopped at its breakpoint already
    BARRIER = 23  # cycle at which it came to the barrier


class Status(IntEnum):
    """Reg.STATUS."""

    RUNNING = 0
    BARRIER = 1
    HALTED = 2


class Loop(IntEnum):
    """Columns of `State.stack`."""

    LEFT = 0  # passes left, this one included
    COUNTER = 1  # register that counts, -1 for none
    PIECE = 2  # register of the piece, -1 for `loop`
    TOTAL = 3  # what is left of the number that is cut
    SIZE = 4  # of a piece


class Channel(IntEnum):
    """Columns of `State.channels`."""

    SENT = 0
    TAKEN = 1
    DEPTH = 2
    FIRST = 3  # row of its first place in `State.messages`
    SUMS = 4  # where its ring begins in the memory of sums
    SIGNS = 5
    BITS = 6  # a bit
    STRIDE = 7  # elements of a place in the ring, a multiple of 64


class Message(IntEnum):
    """Columns of `State.messages`, one row for each place of each ring."""

    ARRIVAL = 0
    FREED = 1
    FULL = 2  # 1 where an element is not 0
    ROW = 3  # of the trace: the `send`, then the `receive` that freed it


class Event(IntEnum):
    """Columns of `State.events`."""

    INSTRUCTIONS = 0
    INPUT_BITS = 1
    OUTPUT_BITS = 2
    ENCODED = 3  # inputs compared
    READS = 4  # tiles read forward
    READS_TRANSPOSED = 5
    ACTIVE_LINES = 6  # word lines driven in reads, and bit lines backward, tile by tile
    COMPARISONS = 7  # neurons sampled
    DRAWS = 8  # 16-bit draws that decide something
    READOUTS = 9  # classes
    COUNTS = 10  # word lines of tiles counted in
    CHECKED = 11  # word lines of tiles whose counters were looked at
    PULSES = 12
    MESSAGES = 13
    MESSAGE_BITS = 14


class Trace(IntEnum):
    """Columns of `State.trace`."""

    CORE = 0
    ROW = 1  # of Fabric.code
    START = 2
    END = 3
    CAUSE = 4  # trace row that let it start no earlier, -1 for none
    WHY = 5
    SLOT = 6
    NUMBER = 7  # samples index BASE + SLOT


class Why(IntEnum):
    """Trace.WHY: what an instruction waited for last."""

    ISSUE = 0
    UNIT = 1
    OPERAND = 2
    MESSAGE = 3
    CHANNEL = 4
    CELLS = 5
    BARRIER = 6


class Stop(IntEnum):
    """Why the engine came back."""

    DONE = 0
    LIMIT = 1
    BREAKPOINT = 2
    TRACE_FULL = 3
    TRAP = 4
    STUCK = 5


class Deferred(IntEnum):
    """Columns of `State.deferred`."""

    WAITING = 0  # 1 where the bits are not there yet
    SUMS = 1  # where the sums are kept
    NEURON = 2
    INDEX = 3  # of the draws
    PASS = 4


class Control(IntEnum):
    """Entries of `State.control`."""

    CORE = 0  # whose turn it is
    BLOCKED = 1  # cores in a row that could not go on
    TRACED = 2  # rows in the trace
    TRAP = 3  # number of the trap
    FLUSHED = 4  # rows of the trace that the host has taken


class Fabric(NamedTuple):
    """What no run changes, but for `updates`, whose tile the engine writes.

    Attributes:
        code: int64 [words, len(Word)].
        lists: int64, rectangles of the masks.
        places: int64 [rectangles, len(Place)].
        vectors: int64 [vectors, len(Vec)].
        neurons: int64 [neurons, 5]: layer, tables threshold, low, high in Memory.tables, half.
        readouts: int64 [readouts, 3]: layer, table, reciprocal.
        every: int64 [updates], checks between refreshes.
        timing: int64, see `bsc.isa.timing.T`.
    """

    code: Int64
    lists: Int64
    places: Int64
    vectors: Int64
    neurons: Int64
    readouts: Int64
    every: Int64
    timing: Int64


class State(NamedTuple):
    """Registers and clocks of all cores.

    Attributes:
        registers: int64 [cores, len(Reg)].
        stack: int64 [cores, 9, len(Loop)].
        units: int64 [cores, units], cycle at which a unit is free.
        busy: int64 [cores, units], cycles at work.
        unit_rows: int64 [cores, units], trace row of a unit's last instruction.
        queued: int64 [cores, units, queue, 2], starts of a unit's last instructions and their trace
            rows, in a ring.
        issued: int64 [cores, units], instructions issued to a unit.
        times: int64 [slots of all vectors, 4]: written, read, and the trace rows of both.
        flags: int8 [slots of all vectors], 0 where sums or signs are all 0 for sure.
        deferred: int64 [slots of all vectors, len(Deferred)], gates that nobody has asked for yet.
        channels: int64 [channels, len(Channel)].
        messages: int64 [places of all rings, len(Message)].
        events: int64 [cores, len(Event)].
        executed: int64 [256], instructions by opcode.
        breaks: uint8 [words].
        trace: int64 [capacity, len(Trace)], of no rows where none is kept.
        control: int64 [len(Control)].
    """

    registers: Int64
    stack: Int64
    units: Int64
    busy: Int64
    unit_rows: Int64
    queued: Int64
    issued: Int64
    times: Int64
    flags: npt.NDArray[np.int8]
    deferred: Int64
    channels: Int64
    messages: Int64
    events: Int64
    executed: Int64
    breaks: npt.NDArray[np.uint8]
    trace: Int64
    control: Int64


class Store(NamedTuple):
    """Vector memories of all cores, message rings behind them, and scratch.

    Attributes:
        bits: uint64 words.
        signs: int8.
        sums: int32, or int64 where the verifier's bound asks for it.
        levels: uint64 words of the host's rows: eight bytes or two thresholds a word.
        labels: int32.
        counts: int32.
        backing: uint32 [cores, words].
        dense: int8, scratch.
        errors: int8, scratch: errors of one rectangle.
    """

    bits: npt.NDArray[np.uint64]
    signs: npt.NDArray[np.int8]
    sums: npt.NDArray[Any]
    levels: npt.NDArray[np.uint64]
    labels: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int32]
    backing: npt.NDArray[np.uint32]
    dense: npt.NDArray[np.int8]
    errors: npt.NDArray[np.int8]


class Host(NamedTuple):
    """Streams of a run.

    Attributes:
        data: uint64 [rows, words], inputs as `bsc_runtime.kernels.forward.draw_inputs` has them.
        levels: int32 [256] for bytes, else empty.
        labels: int32 [rows, numbers of a sample].
        order: int64, rows in the order of the run.
        out: int64 [cores, capacity].
    """

    data: npt.NDArray[np.uint64]
    levels: npt.NDArray[np.int32]
    labels: npt.NDArray[np.int32]
    order: Int64
    out: Int64

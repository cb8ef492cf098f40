"""Instructions that steer a core."""

from __future__ import annotations

from bsc.isa.instruction import Instruction, Operand, example, plain
from bsc.isa.kinds import OperandKind, Unit

CONTROL: tuple[Instruction, ...] = (
    Instruction(
        "trap",
        0x00,
        (plain(OperandKind.NUMBER),),
        Unit.CONTROL,
        "stop all cores, with a number",
        "The run ends at once; the host is told the core, the address and the number. A word of "
        "zeros is `trap 0`, so that empty memory stops.",
        "1",
        example("trap 7"),
    ),
    Instruction(
        "halt",
        0x01,
        (),
        Unit.CONTROL,
        "this core is done",
        "The core executes nothing more in this run. A run ends when all cores have halted. Every "
        "entry ends with it, outside of all loops.",
        "1",
        example("halt"),
    ),
    Instruction(
        "loop",
        0x02,
        (plain(OperandKind.COUNTER), plain(OperandKind.COUNT)),
        Unit.CONTROL,
        "repeat up to the matching `end`",
        "The body is executed as often as the count says: a number from 1 to 2^32-1, or a "
        "register's value when the loop begins. A register that a loop takes its count from is "
        "never 0, so a body is executed at least once. The counter register holds the number of "
        "the pass, from 0, and is 0 again behind the loop. A counter that is in use cannot be "
        "taken by a loop inside; `none` counts nowhere. At most 8 loops stand inside each other.",
        "1",
        example("clear y\nloop none, 3\n  add y, s\nend", {"s": (1, -2, 5)}, {"y": (3, -6, 15)}),
    ),
    Instruction(
        "chunks",
        0x03,
        (
            Operand("piece", OperandKind.CHUNK),
            Operand("total", OperandKind.REGISTER),
            plain(OperandKind.COUNT),
        ),
        Unit.CONTROL,
        "repeat for pieces of a number, the last may be smaller",
        "Cuts the register `total` into pieces of `count` and executes the body once for each: "
        "the register `piece` (b0 to b3) holds the size of the piece, min(count, what is left). "
        "Batches of a call, and samples in flight of a batch, are loops of this kind. The piece "
        "register must not be one that a surrounding `chunks` writes.",
        "1",
        example(
            "clear y\nchunks b0, samples, 2\n  loop none, b0\n    add y, s\n  end\nend",
            {"s": (1, 1, 2)},
            {"y": (3, 3, 6)},
        ),
    ),
    Instruction(
        "end",
        0x04,
        (),
        Unit.CONTROL,
        "the end of a loop's body",
        "Goes back to the word behind the matching `loop` or `chunks` while passes are left.",
        "1",
        example("clear y\nloop none, 2\n  add y, x\nend", {"x": (1, 0, 1)}, {"y": (2, 0, 2)}),
    ),
    Instruction(
        "advance",
        0x05,
        (plain(OperandKind.REGISTER),),
        Unit.CONTROL,
        "go on to later samples",
        "BASE := BASE + register. The sample index of every draw is BASE + SLOT.",
        "1",
        example("advance samples"),
    ),
    Instruction(
        "tick",
        0x06,
        (),
        Unit.CONTROL,
        "a batch has ended",
        "CHECK := CHECK + 1. The check number g keys the draws of pulses and says when a refresh "
        "is due.",
        "1",
        example("tick"),
    ),
    Instruction(
        "wait",
        0x07,
        (plain(OperandKind.UNITS),),
        Unit.CONTROL,
        "until units have nothing to do",
        "Later instructions of this core begin when the named units have ended what they do. It "
        "changes times, never results.",
        "1",
        example("wait [array neuron]"),
    ),
    Instruction(
        "barrier",
        0x08,
        (),
        Unit.CONTROL,
        "until all cores are here",
        "The core goes on when every core of the image has come to a barrier.",
        "1",
        example("barrier", other="barrier"),
    ),
    Instruction(
        "trace",
        0x09,
        (plain(OperandKind.NUMBER),),
        Unit.CONTROL,
        "leave a mark",
        "Puts the number into the trace, where one is kept. It changes no result.",
        "1",
        example("trace 42"),
    ),
)

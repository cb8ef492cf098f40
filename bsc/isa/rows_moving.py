"""Instructions that move vectors: host, backing memory, counters, other cores, sums."""

from __future__ import annotations

from bsc.isa.instruction import (
    COUNT,
    KEPT,
    LABEL,
    LEVEL,
    MOVED,
    SUM,
    Instruction,
    both,
    example,
    output,
    plain,
    source,
)
from bsc.isa.kinds import OperandKind, Unit, VectorKind

MOVING: tuple[Instruction, ...] = (
    Instruction(
        "in",
        0x10,
        (output("level", LEVEL),),
        Unit.HOST,
        "take a sample's input from the host",
        "The levels of the next sample of this core's input stream. Each core has a stream of its "
        "own, all with the same samples in the order of the run. For bytes the host's table of 256 "
        "levels is looked up, so that a byte goes over the port, not 17 bits.",
        "8 or 32 bits an element over the width of the host port",
        example("in l", {"in": (0, 32896, 65536)}, {"l": (0, 32896, 65536)}),
    ),
    Instruction(
        "label",
        0x11,
        (output("label", LABEL),),
        Unit.HOST,
        "take a sample's label from the host",
        "The targets of the next sample of this core's label stream, as many numbers as the vector "
        "has elements: classes for `error`, 65536 times a probability for `error.target`. More "
        "than one element since version 1.1.",
        "1 for one element, else 32 bits an element over the width of the host port",
        example("label t", {"label": (2, 0, 65536)}, {"t": (2, 0, 65536)}),
    ),
    Instruction(
        "out",
        0x12,
        (source("sum", SUM),),
        Unit.HOST,
        "hand a sample's result to the host",
        "Appends the vector to this core's output stream.",
        "64 bits an element over the width of the host port",
        example("out s", {"s": (5, -6, 7)}, {"out": (5, -6, 7)}),
    ),
    Instruction(
        "load",
        0x14,
        (output("vector", KEPT), plain(OperandKind.ADDRESS)),
        Unit.HOST,
        "vector from the core's backing memory",
        "Elements from 32-bit words at the address on, packed from the lowest bit: bits 32 a word; "
        "signs 16 a word, two bits each, the lower 1 where it is not 0, the upper 1 where it is -1 "
        "(the upper alone is 0); counts one a word; sums two words each, low word first. Backing "
        "memory belongs to one core; the host reads and writes it between runs, it is 0 at first.",
        "bits moved over the width of the host port",
        example("store s, 0x10\nload y, 0x10", {"s": (7, -8, 9)}, {"y": (7, -8, 9)}),
    ),
    Instruction(
        "store",
        0x15,
        (source("vector", KEPT), plain(OperandKind.ADDRESS)),
        Unit.HOST,
        "vector to the core's backing memory",
        "The inverse of `load`. Bits of the last word that no element takes become 0.",
        "bits moved over the width of the host port",
        example("store e, 0\nload f, 0", {"e": (1, 0, -1)}, {"f": (1, 0, -1)}),
    ),
    Instruction(
        "fetch",
        0x16,
        (output("counts", COUNT), plain(OperandKind.TILE), plain(OperandKind.ROW)),
        Unit.COUNTER,
        "counters of a word line of a tile",
        "The counters A of one word line, an element for each bit line of the tile. Word lines "
        "count from 0 at the top of the tile.",
        "bit lines over counter lanes",
        example(
            "count x, e, [0]\nfetch a, tile 0, row 2",
            {"x": (1, 0, 1), "e": (1, 0, -1)},
            {"a": (1, 0, -1)},
        ),
    ),
    Instruction(
        "place",
        0x17,
        (source("counts", COUNT), plain(OperandKind.TILE), plain(OperandKind.ROW)),
        Unit.COUNTER,
        "counters of a word line become these",
        "The inverse of `fetch`.",
        "bit lines over counter lanes",
        example(
            "place a, tile 0, row 1\ncount x, e, [0]\nfetch a, tile 0, row 1",
            {"a": (4, -5, 6), "x": (0, 1, 0), "e": (1, 0, -1)},
            {"a": (5, -5, 5)},
        ),
    ),
    Instruction(
        "send",
        0x18,
        (source("vector", MOVED), plain(OperandKind.CORE)),
        Unit.LINK,
        "vector to another core",
        "Appends the vector as one message to the channel from this core to that one; waits while "
        "the channel holds as many messages as it is deep.",
        "1 for a header; unless all elements are 0, also the payload over the width of a link: 1 "
        "bit for a bit, 2 for a sign, 32 for a sum, 64 where one of the sums needs more; the "
        "message arrives a link's latency later",
        example("send x, core 1", {"x": (1, 0, 1)}, {"1.x": (1, 0, 1)}, other="receive x, core 0"),
    ),
    Instruction(
        "receive",
        0x19,
        (output("vector", MOVED), plain(OperandKind.CORE)),
        Unit.LINK,
        "vector from another core",
        "Takes the oldest message of the channel from that core to this one; waits until there is "
        "one. It has as many elements as the vector, of the same kind: the verifier proves that.",
        "1, and the vector's elements over the neuron lanes",
        example("receive z, core 1", {"1.x": (1, 0, 1)}, {"z": (1, 0, 1)}, other="send x, core 0"),
    ),
    Instruction(
        "receive.add",
        0x1A,
        (both("sum", SUM), plain(OperandKind.CORE)),
        Unit.LINK,
        "add sums from another core",
        "As `receive`, and the message's elements are added to those of the vector.",
        "1, and the vector's elements over the neuron lanes",
        example(
            "receive.add y, core 1",
            {"y": (10, 20, 30), "1.s": (1, -2, 3)},
            {"y": (11, 18, 33)},
            other="send s, core 0",
        ),
    ),
    Instruction(
        "clear",
        0x1B,
        (output("sum", SUM),),
        Unit.NEURON,
        "sums become 0",
        "All elements become 0.",
        "elements over neuron lanes",
        example("clear y", {"y": (1, 2, 3)}, {"y": (0, 0, 0)}),
    ),
    Instruction(
        "add",
        0x1C,
        (both("sum", SUM), source("term", (VectorKind.SUM, VectorKind.BIT))),
        Unit.NEURON,
        "element-wise sum",
        "sum := sum + term, modulo 2^64; both have as many elements. Results of repeats are added "
        "so, and votes.",
        "elements over neuron lanes",
        example(
            "clear y\nadd y, s\nadd y, x",
            {"s": (1, 2, 3), "x": (1, 0, 1)},
            {"y": (2, 2, 4)},
        ),
    ),
    Instruction(
        "copy",
        0x1D,
        (output("vector", MOVED), source("source", MOVED)),
        Unit.NEURON,
        "element-wise copy",
        "vector := source; both are of one kind and have as many elements. Bits that stand in "
        "several vectors are copied so: those of a layer that others read, each together with "
        "other bits.",
        "elements over neuron lanes",
        example("copy z, x", {"x": (1, 0, 1)}, {"z": (1, 0, 1)}),
        since=1,
    ),
)

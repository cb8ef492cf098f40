"""Instructions of binary stochastic learning: forward, and errors backward."""

from __future__ import annotations

from bsc.isa.instruction import (
    BIT,
    LABEL,
    LEVEL,
    SIGN,
    SUM,
    TILES,
    Instruction,
    both,
    example,
    output,
    plain,
    source,
)
from bsc.isa.kinds import OperandKind, Unit

FORWARD: tuple[Instruction, ...] = (
    Instruction(
        "encode",
        0x20,
        (output("bits", BIT), source("level", LEVEL), plain(OperandKind.LAYER)),
        Unit.ENCODER,
        "input to bits",
        "bit_e := (u16 < level_e), u16 the draw of purpose 1 (encode) of the layer for element "
        "first + e, `first` of the bits. A level of 0 needs no draw.",
        "elements over encoder lanes",
        example("encode x, l, layer 0", {"l": (0, 65536, 65536)}, {"x": (0, 1, 1)}),
    ),
    Instruction(
        "encode.half",
        0x21,
        (output("bits", BIT), source("level", LEVEL)),
        Unit.ENCODER,
        "input to bits without draws",
        "bit_e := (level_e > 32768), for mode binary.",
        "elements over encoder lanes",
        example("encode.half x, l", {"l": (32768, 32769, 65536)}, {"x": (0, 1, 1)}),
    ),
    Instruction(
        "read",
        0x24,
        (output("sum", SUM), source("bits", BIT), TILES),
        Unit.ARRAY,
        "sums of bit lines",
        "For each named tile and each of its bit lines: the sum, over its word lines whose bit is "
        "set and over its word lines that are always on, of the forward weight. Bit k of the "
        "vector drives word line first + k of the array; sum j belongs to bit line first + j. "
        "Sums of tiles that stand above each other are added; elements that no named tile reaches "
        "become 0. All named tiles belong to one array and are read side by side. An array of "
        "more tiles than one word names takes `read` and then `read.add`.",
        "a read",
        example("read y, x, [0]", {"x": (1, 0, 1)}, {"y": (1 + 7 + 10, 2 + 8 + 11, 3 + 9 + 12)}),
    ),
    Instruction(
        "read.add",
        0x25,
        (both("sum", SUM), source("bits", BIT), TILES),
        Unit.ARRAY,
        "more sums of bit lines",
        "As `read`, and the sums are added to those that the vector holds.",
        "a read",
        example(
            "clear y\nread.add y, x, [0]\nread.add y, x, [0]", {"x": (0, 0, 0)}, {"y": (20, 22, 24)}
        ),
    ),
    Instruction(
        "sample",
        0x28,
        (output("bits", BIT), source("sum", SUM), plain(OperandKind.NEURON)),
        Unit.NEURON,
        "comparators with random thresholds",
        "z_j := (y_j > READS T[u]), T the neuron's table `threshold`, u = u16 >> (16 - noise "
        "bits), u16 the draw of purpose 2 (z) of the neuron's layer for element first + j, "
        "`first` of the sums.",
        "elements over neuron lanes",
        example("sample z, s, n", {"s": (-100000, 0, 100000)}, {"z": (0, 0, 1)}),
    ),
    Instruction(
        "sample.gate",
        0x29,
        (
            output("bits", BIT),
            output("gate", BIT),
            source("sum", SUM),
            plain(OperandKind.NEURON),
        ),
        Unit.NEURON,
        "the same, and the derivative that gates errors",
        "As `sample`; and d_j := (lo[u'] < y_j < hi[u']), lo and hi the neuron's tables `low` and "
        "`high`, u' from a draw of its own of purpose 3 (d). Both are decided while the sums "
        "stand on the bit lines, so no sum need be kept for the way back.",
        "elements over neuron lanes",
        example(
            "sample.gate z, d, s, n", {"s": (-100000, 0, 100000)}, {"z": (0, 0, 1), "d": (0, 1, 0)}
        ),
    ),
    Instruction(
        "sample.half",
        0x2A,
        (output("bits", BIT), source("sum", SUM), plain(OperandKind.NEURON)),
        Unit.NEURON,
        "comparators without draws",
        "z_j := (y_j > half), `half` of the neuron, for mode binary.",
        "elements over neuron lanes",
        example("sample.half z, s, n", {"s": (-1, 3, 4)}, {"z": (0, 0, 1)}),
    ),
)

BACKWARD: tuple[Instruction, ...] = (
    Instruction(
        "readout",
        0x2C,
        (output("bits", BIT), source("sum", SUM), plain(OperandKind.READOUT)),
        Unit.NEURON,
        "classes, each with its softmax probability",
        "k_j := min(4095, floor(((max y - y_j) R + READS 2^31) / (READS 2^32))), R the readout's "
        "`reciprocal`; o_j := (u16 sum E[k] < 65536 E[k_j]), E its table `softmax`, u16 the draw "
        "of purpose 4 (readout) of its layer for element first + j. Products are exact.",
        "a readout's latency, and a cycle an element",
        example("readout o, s, r", {"s": (0, 100000, 0)}, {"o": (0, 1, 0)}),
    ),
    Instruction(
        "readout.logistic",
        0x2B,
        (output("bits", BIT), source("sum", SUM), plain(OperandKind.NEURON)),
        Unit.NEURON,
        "outputs, each with its own probability",
        "o_j := (y_j > READS T[u]), T the neuron's table `threshold`, u = u16 >> (16 - noise "
        "bits), u16 the draw of purpose 4 (readout) of the neuron's layer for element first + j, "
        "`first` of the sums.",
        "elements over neuron lanes",
        example("readout.logistic o, s, n", {"s": (-100000, 0, 100000)}, {"o": (0, 0, 1)}),
        since=1,
    ),
    Instruction(
        "error",
        0x2D,
        (output("signs", SIGN), source("bits", BIT), source("label", LABEL)),
        Unit.NEURON,
        "output error",
        "e_j := o_j - 1 where first + j is the label, `first` of the bits, else e_j := o_j.",
        "elements over neuron lanes",
        example("error e, x, c", {"x": (1, 0, 0), "c": (2,)}, {"e": (1, 0, -1)}),
    ),
    Instruction(
        "error.target",
        0x2F,
        (
            output("signs", SIGN),
            source("bits", BIT),
            source("label", LABEL),
            plain(OperandKind.NEURON),
        ),
        Unit.NEURON,
        "output error against drawn targets",
        "e_j := o_j - (u16 < label_j), u16 the draw of purpose 17 (target) of the neuron's layer "
        "for element first + j, `first` of the bits. Labels of 0, and of 65536 and more, need no "
        "draw.",
        "elements over neuron lanes",
        example(
            "error.target e, x, t, n",
            {"x": (1, 1, 0), "t": (0, 65536, 65536)},
            {"e": (1, 0, -1)},
        ),
        since=1,
    ),
    Instruction(
        "readt",
        0x26,
        (output("sum", SUM), source("signs", SIGN), TILES),
        Unit.ARRAY,
        "sums of word lines",
        "For each named tile and each of its word lines that carries an input: the sum, over its "
        "bit lines, of the error times the backward weight. Error j drives bit line first + j; "
        "sum k belongs to word line first + k. Word lines that are always on are not read. "
        "Otherwise as `read`.",
        "a read; 1 where all errors are 0",
        example(
            "readt b, e, [0]",
            {"e": (1, 0, -1)},
            {"b": (1 - 3, 4 - 6, 7 - 9)},
        ),
    ),
    Instruction(
        "readt.add",
        0x27,
        (both("sum", SUM), source("signs", SIGN), TILES),
        Unit.ARRAY,
        "more sums of word lines",
        "As `readt`, and the sums are added to those that the vector holds.",
        "a read; 1 where all errors are 0",
        example("readt b, e, [0]\nreadt.add b, e, [0]", {"e": (1, 0, 0)}, {"b": (2, 8, 14)}),
    ),
    Instruction(
        "sign",
        0x2E,
        (output("signs", SIGN), source("sum", SUM), source("gate", BIT)),
        Unit.NEURON,
        "hidden error",
        "e_j := sign(y_j) d_j, sign(0) = 0.",
        "elements over neuron lanes; 1 where all sums are 0",
        example("sign e, s, x", {"s": (-9, 0, 4), "x": (1, 1, 0)}, {"e": (-1, 0, 0)}),
    ),
    Instruction(
        "count",
        0x30,
        (source("bits", BIT), source("signs", SIGN), TILES),
        Unit.COUNTER,
        "outer product onto counters",
        "For each named tile: A_kj := A_kj + x_k e_j, word lines that are always on have x = 1. "
        "Counters are 32-bit two's complement; the host starts no batch that could overflow one.",
        "for each tile, active word lines times bit lines over counter lanes; 1 where all errors "
        "are 0",
        example(
            "count x, e, [0]\nfetch a, tile 0, row 3",
            {"x": (0, 0, 0), "e": (1, 0, -1)},
            {"a": (1, 0, -1)},
        ),
    ),
)

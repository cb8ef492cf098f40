"""Instructions at the end of a batch."""

from __future__ import annotations

from bsc.isa.instruction import TILES, Instruction, example, plain
from bsc.isa.kinds import OperandKind, Unit

UPDATES: tuple[Instruction, ...] = (
    Instruction(
        "carry",
        0x31,
        (plain(OperandKind.UPDATE), TILES),
        Unit.PULSE,
        "counters to pulses",
        "For each cell of the named tiles: k := trunc(A / threshold), A := A - k threshold, and "
        "min(|k|, pulses) pulses, each on the code that the last one left: k > 0 lowers the "
        "weight, k < 0 raises it. A pulse: c := clip(c + floor((step[c] N + u16) / 65536), 0, "
        "16383) with the tables of its way, N = noise[u12]; lane 0 (u12) and lane 1 (u16) are of "
        "the draw of purpose 5 (pulse) of the update's layer, block row x columns + column in the "
        "array, index CHECK, pass device << 12 | ordinal. Without a noise table: c := clip(c + "
        "floor(step[c] / 256), 0, 16383), and no draw. Style reference moves c up or down. Pairs "
        "that are lowered: k > 0 lowers c+, k < 0 lowers c-. Pairs that are raised: k > 0 raises "
        "c-, k < 0 raises c+. Device is 1 for c-, else 0.",
        "word lines counted in since the last check times bit lines over counter lanes, and a "
        "pulse for each so many cells as there are pulse drivers",
        example(
            "count x, e, [0]\ncarry u, [0]\nread y, x, [0]",
            {"x": (1, 0, 0), "e": (1, 0, -1)},
            {"y": (1 - 1 + 10 - 1, 2 + 11, 3 + 1 + 12 + 1)},
        ),
    ),
    Instruction(
        "step",
        0x32,
        (plain(OperandKind.UPDATE), TILES),
        Unit.PULSE,
        "counts onto master weights",
        "For each master weight of the named tiles: M := clip(M - rate A, -16383 2^12, 16383 "
        "2^12), A := 0. The weight that reads meet is clip((M + 2048) >> 12, -16383, 16383). Only "
        "style direct has master weights.",
        "word lines counted in since the last check times bit lines over counter lanes",
        example(
            "count x, e, [1]\nstep m, [1]\nread y, x, [1]",
            {"x": (1, 0, 0), "e": (1, 0, -1)},
            {"y": (-1, 0, 1)},
        ),
    ),
    Instruction(
        "refresh",
        0x33,
        (plain(OperandKind.UPDATE), TILES),
        Unit.PULSE,
        "pairs back towards their start",
        "Where (CHECK + 1) mod every = 0, both cells of each pair of the named tiles move by the "
        "same codes: pairs that are lowered until the larger is 16383, pairs that are raised until "
        "the smaller is 0. The weight stays. Only pairs are refreshed.",
        "1; where it is due, a pulse for each word line",
        example(
            "count x, e, [0]\ncarry u, [0]\nrefresh u, [0]\nread y, x, [0]",
            {"x": (1, 0, 0), "e": (1, 0, -1)},
            {"y": (9, 13, 17)},
        ),
    ),
)

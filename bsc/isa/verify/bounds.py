"""Bounds on times and numbers of executions, for registers as the host will write them.

A loop is never gone through pass by pass: its body is added up once and multiplied. Pieces are cut
exactly: so many full ones, and a rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bsc.isa import timing
from bsc.isa.image import Image
from bsc.isa.kinds import ELEMENT_BITS, OperandKind, Register, tiles_of
from bsc.isa.verify.operands import words_of
from bsc.isa.verify.trees import Instr, Loop, Node
from bsc.isa.words import Decoded


@dataclass(frozen=True, slots=True)
class Tally:
    """Something that executing nodes costs.

    Attributes:
        fixed: cost of instructions outside of loops.
        loops: loops inside, each with the cost of its body.
    """

    fixed: int
    loops: tuple[tuple[Loop, Tally], ...]

    def total(self, registers: dict[Register, int]) -> int:
        """The cost, given what registers hold."""
        cost = self.fixed
        for loop, body in self.loops:
            cost += sum(passes * body.total(registers) for passes in loop.passes(registers))
        return cost


def tally(nodes: Sequence[Node], weigh: Callable[[Instr], int], passing: int = 0) -> Tally:
    """Sum up nodes.

    Args:
        nodes: a body, or the code of an entry.
        weigh: cost of an instruction.
        passing: cost of each `loop`, `chunks` and `end` that is executed.
    """
    fixed = 0
    loops: list[tuple[Loop, Tally]] = []
    for node in nodes:
        if isinstance(node, Loop):
            fixed += passing
            body = tally(node.body, weigh, passing)
            body = Tally(body.fixed + passing, body.loops)
            if body.fixed or body.loops:
                loops.append((node, body))
        else:
            fixed += weigh(node)
    return Tally(fixed, tuple(loops))


def control_cycles(image: Image) -> int:
    """Cycles of a `loop`, `chunks` or `end`: issue, and one in the control unit."""
    return image.timing.issue + 1


class Durations:
    """The most cycles that an instruction of a core can take, its issue included."""

    def __init__(self, image: Image, core: int) -> None:
        self.image = image
        self.core = image.cores[core]
        self.timing = timing.numbers(image.timing)
        self.cache: dict[int, int] = {}

    def of(self, instr: Instr) -> int:
        """Cycles of one execution."""
        word = self.core.code[instr.address]
        if word not in self.cache:
            self.cache[word] = self.image.timing.issue + self._busy(instr.decoded)
        return self.cache[word]

    def _busy(self, decoded: Decoded) -> int:
        """Cycles in which a unit, or a link, has work: everything active that can be."""
        t = self.timing
        elements = self._elements(decoded)
        match decoded.name:
            case "in":
                return timing.host(t, 32 * elements)
            case "out":
                return timing.host(t, 64 * elements)
            case "load" | "store":
                vector = self.core.vectors[decoded.operands["vector"]]
                return timing.host(t, 32 * words_of(vector))
            case "encode" | "encode.half":
                return timing.encode(t, elements)
            case "read" | "read.add" | "readt" | "readt.add":
                return self.image.timing.read
            case "readout":
                return timing.readout(t, elements)
            case "label":
                return timing.labels(t, elements)
            case "clear" | "add" | "copy" | "error" | "error.target" | "sign":
                return timing.neurons(t, elements)
            case "sample" | "sample.gate" | "sample.half" | "readout.logistic":
                return timing.neurons(t, elements)
            case "send":
                vector = self.core.vectors[decoded.operands["vector"]]
                return timing.message(t, ELEMENT_BITS[vector.kind] * elements)
            case "receive" | "receive.add":
                return 1 + timing.neurons(t, elements) + self.image.timing.link_latency
            case "fetch" | "place":
                return timing.counters(t, 1, elements)
            case "count" | "step" | "carry" | "refresh":
                return self._tiles(decoded)
            case _:
                return 1

    def _elements(self, decoded: Decoded) -> int:
        """Elements of the first vector that an instruction names, 0 where it names none."""
        for operand in decoded.instruction.operands:
            if operand.kind is OperandKind.VECTOR:
                return self.core.vectors[decoded.operands[operand.name]].length
        return 0

    def _tiles(self, decoded: Decoded) -> int:
        t = self.timing
        cycles = 1
        for number in tiles_of(decoded.operands["tiles"]):
            tile = self.core.tiles[number]
            rows, columns = tile.row_stop - tile.row_start, tile.column_stop - tile.column_start
            if decoded.name == "refresh":
                cycles += rows * self.image.timing.pulse
                continue
            cycles += timing.counters(t, rows, columns)
            if decoded.name == "carry":
                pulses = self.image.updates[decoded.operands["update"]].pulses
                cycles += pulses * timing.pulses(t, rows * columns)
        return cycles

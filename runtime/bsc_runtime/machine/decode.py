"""An image to the engine's tables: words are decoded once, vectors and tiles numbered through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.isa.image import Image
from bsc.isa.kinds import OperandKind, VectorKind, tiles_of
from bsc.isa.records import NO_PARENT, Vector
from bsc.isa.timing import numbers as timing_numbers
from bsc.isa.words import Decoded, decode_word
from bsc_runtime.kernels.layout import SLACK
from bsc_runtime.machine.blocks import Blocks
from bsc_runtime.machine.layout import Channel, Fabric, Int64, Place, Vec, Word
from bsc_runtime.machine.tables import at_offset, joined_tables, running, update_rows

_WORD_BITS = 64
_PAD = 64
"""Elements behind a slot of sums or signs that vector instructions may touch."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Elements of the vector memories, message rings and scratch.

    Attributes:
        bits: 64-bit words.
        signs, sums, labels, counts: elements.
        levels: 64-bit words.
        times: slots of all vectors.
        longest: elements of the longest vector.
        lines: most word lines of an array.
        columns: most bit lines of a block.
    """

    bits: int
    signs: int
    sums: int
    levels: int
    labels: int
    counts: int
    times: int
    longest: int
    lines: int
    columns: int

    def bytes_needed(self, sum_bytes: int) -> int:
        """Bytes of all of it."""
        scratch = 90 * max(self.longest, self.columns) + 16 * self.lines
        words = 8 * (self.bits + self.levels) + 4 * (self.labels + self.counts)
        return words + self.signs + sum_bytes * self.sums + 73 * self.times + scratch


@dataclass(frozen=True, slots=True)
class Tables:
    """An image as the engine wants it.

    Attributes:
        fabric: tables.
        starts: row of Fabric.code of each core's first word.
        first_vectors: number of each core's first vector.
        blocks: how tiles are kept.
        channels: int64 [channels, len(Channel)], nothing sent.
        tables: int32, all tables one after the other.
        updates: int64 [2 x updates, len(Step)], as `Network.update`; the second half without
            loops over whole rows.
        sizes: of memories.
    """

    fabric: Fabric
    starts: tuple[int, ...]
    first_vectors: tuple[int, ...]
    blocks: Blocks
    channels: Int64
    tables: npt.NDArray[np.int32]
    updates: Int64
    sizes: Sizes


def decode_image(image: Image, *, deferred: bool = False) -> Tables:
    """Make the tables of a verified image.

    Args:
        image: verified.
        deferred: gates that only `sign` asks for are made when it does.
    """
    return _Decoder(image, deferred).run()


class _Decoder:
    def __init__(self, image: Image, deferred: bool) -> None:
        self.image, self.deferred = image, deferred
        self.starts = running(len(core.code) for core in image.cores)
        self.first_vectors = running(len(core.vectors) for core in image.cores)
        self.blocks = Blocks(image)
        self.words = [[decode_word(word) for word in core.code] for core in image.cores]
        self.used = dict.fromkeys(VectorKind, 0)
        self.times = 0

    def run(self) -> Tables:
        image = self.image
        vectors = self._vectors()
        offsets, tables = joined_tables(image)
        channels, numbers = self._channels()
        self.kept = self._kept_sums() if self.deferred else {}
        code, lists = self._code(numbers)
        fabric = Fabric(
            code=code,
            lists=lists,
            places=self._places(),
            vectors=vectors,
            neurons=np.array(
                [
                    (
                        n.layer,
                        at_offset(offsets, n.threshold),
                        at_offset(offsets, n.low),
                        at_offset(offsets, n.high),
                        n.half,
                    )
                    for n in image.neurons
                ],
                np.int64,
            ).reshape(-1, 5),
            readouts=np.array(
                [(r.layer, offsets[r.softmax], r.reciprocal) for r in image.readouts], np.int64
            ).reshape(-1, 3),
            every=np.array([max(1, u.every) for u in image.updates], np.int64),
            timing=np.array(timing_numbers(image.timing), np.int64),
        )
        lengths = [v.length for core in image.cores for v in core.vectors]
        sizes = Sizes(
            bits=self.used[VectorKind.BIT] // _WORD_BITS + 2,
            signs=self.used[VectorKind.SIGN] + SLACK,
            sums=self.used[VectorKind.SUM] + SLACK,
            levels=self.used[VectorKind.LEVEL] + 8,
            labels=self.used[VectorKind.LABEL] + 1,
            counts=self.used[VectorKind.COUNT] + 1,
            times=self.times + 1,
            longest=max(lengths, default=1),
            lines=max(a.rows for a in image.arrays) if image.arrays else 1,
            columns=max((block.columns for block in self.blocks.blocks), default=1),
        )
        updates = update_rows(image, offsets)
        return Tables(
            fabric,
            self.starts,
            self.first_vectors,
            self.blocks,
            channels,
            tables,
            updates,
            sizes,
        )

    def _vectors(self) -> Int64:
        rows = np.zeros((sum(len(c.vectors) for c in self.image.cores), len(Vec)), np.int64)
        for core, first in zip(self.image.cores, self.first_vectors, strict=True):
            for number, vector in enumerate(core.vectors):
                self._vector(rows, first, number, vector)
        return rows

    def _vector(self, rows: Int64, first: int, number: int, vector: Vector) -> None:
        row = rows[first + number]
        row[Vec.KIND], row[Vec.SLOTS] = vector.kind, vector.slots
        row[Vec.LENGTH], row[Vec.FIRST] = vector.length, vector.first
        if vector.parent != NO_PARENT:
            parent = rows[first + vector.parent]
            row[Vec.BASE] = parent[Vec.BASE] + vector.base
            if vector.kind is VectorKind.LEVEL:  # its memory has words of several levels
                row[Vec.BASE], row[Vec.OFFSET] = parent[Vec.BASE], vector.base
            row[Vec.STRIDE], row[Vec.TIME] = parent[Vec.STRIDE], parent[Vec.TIME]
            return
        stride = _stride(vector.kind, vector.length)
        row[Vec.BASE], row[Vec.STRIDE] = self.used[vector.kind], stride
        row[Vec.TIME], row[Vec.WHOLE] = self.times, 1
        self.used[vector.kind] += stride * vector.slots
        self.times += vector.slots

    def _channels(self) -> tuple[Int64, dict[tuple[int, int], int]]:
        """Channels that are used, with room for their longest message, and their numbers."""
        longest: dict[tuple[int, int], dict[VectorKind, int]] = {}
        for core, words in enumerate(self.words):
            for decoded in words:
                if decoded.name not in ("send", "receive", "receive.add"):
                    continue
                other = decoded.operands["core"]
                pair = (core, other) if decoded.name == "send" else (other, core)
                operand = decoded.instruction.operands[0].name
                vector = self.image.cores[core].vectors[decoded.operands[operand]]
                sizes = longest.setdefault(pair, {})
                sizes[vector.kind] = max(sizes.get(vector.kind, 0), vector.length)
        rows = np.zeros((max(1, len(longest)), len(Channel)), np.int64)
        depth = self.image.chip.channel_depth
        columns = {
            VectorKind.SUM: Channel.SUMS,
            VectorKind.SIGN: Channel.SIGNS,
            VectorKind.BIT: Channel.BITS,
        }
        numbers = {}
        for number, (pair, sizes) in enumerate(sorted(longest.items())):
            numbers[pair] = number
            row = rows[number]
            row[Channel.DEPTH], row[Channel.FIRST] = depth, number * depth
            row[Channel.STRIDE] = -(-max(sizes.values()) // _WORD_BITS) * _WORD_BITS + _PAD
            for kind in sizes:
                row[columns[kind]] = self.used[kind]
                self.used[kind] += depth * int(row[Channel.STRIDE])
        return rows, numbers

    def _kept_sums(self) -> dict[tuple[int, int], int]:
        """Room for the sums of gates that nobody but `sign` asks for, by core and vector."""
        kept: dict[tuple[int, int], int] = {}
        for core, words in enumerate(self.words):
            vectors = self.image.cores[core].vectors
            made = {w.operands["gate"] for w in words if w.name == "sample.gate"}
            made -= {v.parent for v in vectors} | {
                number
                for word in words
                for operand in word.instruction.operands
                if operand.kind is OperandKind.VECTOR
                and (word.name, operand.name) not in (("sample.gate", "gate"), ("sign", "gate"))
                for number in (word.operands[operand.name],)
            }
            for number in made:
                if vectors[number].parent != NO_PARENT:
                    continue
                kept[core, number] = self.used[VectorKind.SUM]
                stride = -(-vectors[number].length // _PAD) * _PAD
                self.used[VectorKind.SUM] += stride * vectors[number].slots
        return kept

    def _places(self) -> Int64:
        """Rectangles, once all code has named them."""
        found = self.blocks.rectangles
        rows = np.zeros((max(1, len(found)), len(Place)), np.int64)
        all_lines = self._looked_at_whole()
        for number, (row, rectangle) in enumerate(zip(rows, found, strict=False)):
            array = self.image.arrays[rectangle.array]
            block = self.blocks.blocks[rectangle.block]
            driven = max(0, min(rectangle.row_stop, array.inputs) - rectangle.row_start)
            ends_right = rectangle.column_stop == block.column_stop
            ends_below = min(rectangle.row_stop, array.inputs) == min(block.row_stop, array.inputs)
            row[Place.ROW], row[Place.ROWS] = rectangle.row_start, rectangle.rows
            row[Place.DRIVEN] = driven
            row[Place.COLUMN], row[Place.COLUMNS] = rectangle.column_start, rectangle.columns
            row[Place.ARRAY_INPUTS], row[Place.ARRAY_ROWS] = array.inputs, array.rows
            row[Place.ALL_LINES] = number in all_lines
            right = rectangle.column_start - block.column_start
            down = rectangle.row_start - block.row_start
            row[Place.WIDTH] = _vector_width(right, rectangle.columns, ends_right)
            row[Place.HEIGHT] = _vector_width(down, driven, ends_below)
            row[Place.ACROSS], row[Place.SIDE] = rectangle.across, rectangle.side
            row[Place.PART] = not self.blocks.whole(rectangle)
        return rows

    def _looked_at_whole(self) -> set[int]:
        """Rectangles of blocks where one check may have taken the marks that another one needs.

        That is so where thresholds differ, and where a check names a part of a block's columns:
        marks are of whole word lines.
        """
        seen: dict[int, set[tuple[str, int]]] = {}
        parted: set[int] = set()
        for core, words in enumerate(self.words):
            for decoded in words:
                if decoded.name not in ("carry", "step"):
                    continue
                threshold = self.image.updates[decoded.operands["update"]].threshold
                for number in self.blocks.named(core, tiles_of(decoded.operands["tiles"])):
                    rectangle = self.blocks.rectangles[number]
                    seen.setdefault(rectangle.block, set()).add((decoded.name, threshold))
                    if not self.blocks.whole(rectangle):
                        parted.add(rectangle.block)
        parted |= {block for block, found in seen.items() if len(found) > 1}
        return {n for n, r in enumerate(self.blocks.rectangles) if r.block in parted}

    def _code(self, channels: Mapping[tuple[int, int], int]) -> tuple[Int64, Int64]:
        code = np.full((sum(map(len, self.words)), len(Word)), 0, np.int64)
        lists: list[int] = []
        for core, words in enumerate(self.words):
            opened: list[int] = []
            for address, decoded in enumerate(words):
                row = code[self.starts[core] + address]
                self._word(row, core, decoded, lists, channels)
                if decoded.name in ("loop", "chunks"):
                    opened.append(self.starts[core] + address)
                elif decoded.name == "end":
                    row[Word.BODY] = opened.pop() + 1
        return code, np.array([*lists, 0], np.int64)

    def _word(
        self,
        row: Int64,
        core: int,
        decoded: Decoded,
        lists: list[int],
        channels: Mapping[tuple[int, int], int],
    ) -> None:
        instruction = decoded.instruction
        row[Word.OP], row[Word.UNIT] = instruction.opcode, instruction.unit
        row[Word.A : Word.C + 1] = -1
        row[Word.DEFERRED] = -1
        if instruction.name == "sample.gate":
            row[Word.DEFERRED] = self.kept.get((core, decoded.operands["gate"]), -1)
        vectors = 0
        for operand in instruction.operands:
            number = decoded.operands[operand.name]
            match operand.kind:
                case OperandKind.VECTOR:
                    row[Word.A + vectors] = self.first_vectors[core] + number
                    row[Word.READS] |= int(operand.reads) << vectors
                    row[Word.WRITES] |= int(operand.writes) << vectors
                    vectors += 1
                case OperandKind.TILES:
                    self._rectangles(row, core, tiles_of(number), lists)
                case OperandKind.TILE:
                    self._rectangles(row, core, (number,), lists)
                case OperandKind.CORE:
                    pair = (core, number) if instruction.name == "send" else (number, core)
                    row[Word.NUMBER] = channels[pair]
                case OperandKind.ROW | OperandKind.COUNT:
                    row[Word.NUMBER_1] = number
                case OperandKind.REGISTER if instruction.name == "chunks":
                    row[Word.NUMBER_2] = number
                case _:
                    row[Word.NUMBER] = number

    def _rectangles(self, row: Int64, core: int, tiles: tuple[int, ...], lists: list[int]) -> None:
        named = self.blocks.named(core, tiles)
        row[Word.LIST], row[Word.RECTANGLES] = len(lists), len(named)
        row[Word.TILES] = len(tiles)
        lists += named


def _vector_width(start: int, lines: int, ends: bool) -> int:
    """Lines that loops of 16 may go over, for lines from `start` on in a block.

    Rows of a block are padded with zeros to whole sixteens. So the last lines of a block may be
    rounded up, if the others before them are whole sixteens too; else the next row would be read.
    """
    return -(-lines // 16) * 16 if ends and start % 16 == 0 else lines // 16 * 16


def _stride(kind: VectorKind, length: int) -> int:
    """Elements from one slot to the next in the engine's memories; of levels, 64-bit words."""
    match kind:
        case VectorKind.BIT:
            return (-(-length // _WORD_BITS) + 1) * _WORD_BITS
        case VectorKind.LEVEL:
            return 4 * -(-length // 8)
        case VectorKind.SUM | VectorKind.SIGN:
            return -(-length // _PAD) * _PAD + _PAD
        case _:
            return length

"""Operands: what an instruction names is there, and its sizes and places go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bsc.isa.image import Image
from bsc.isa.kinds import ELEMENT_BITS, OperandKind, VectorKind, tiles_of
from bsc.isa.records import NONE_16, LogicalArray, TilePlace, Update, Vector
from bsc.isa.verify.areas import Area, areas
from bsc.isa.verify.report import OPERANDS, Report
from bsc.isa.verify.trees import Trees, instructions
from bsc.isa.words import Decoded
from bsc.numerics.state import CellStyle
from bsc.numerics.table_rules import PAIRS, WAYS

_ALIKE = {
    "add": ("sum", "term"),
    "copy": ("vector", "source"),
    "encode": ("bits", "level"),
    "encode.half": ("bits", "level"),
    "sample": ("bits", "sum"),
    "sample.gate": ("bits", "gate", "sum"),
    "sample.half": ("bits", "sum"),
    "readout": ("bits", "sum"),
    "readout.logistic": ("bits", "sum"),
    "error": ("signs", "bits"),
    "error.target": ("signs", "bits", "label"),
    "sign": ("signs", "sum", "gate"),
}
"""Operands of as many elements each."""

_SAME_FIRST = frozenset(_ALIKE) - {"add", "copy", "encode", "encode.half"}
"""Instructions whose vectors are of the same elements of a layer."""

_NAMED = {
    OperandKind.NEURON: "neurons",
    OperandKind.READOUT: "readouts",
    OperandKind.UPDATE: "updates",
}
_STREAMS = {"in": "level", "label": "label", "out": "sum"}
"""Instructions that take or give one row of a matrix of the host, and the row."""


def check_operands(image: Image, code: Sequence[Sequence[Decoded | None]], report: Report) -> None:
    """Report each word whose operands do not go together; data is known to be in order."""
    for number, words in enumerate(code):
        checker = _Checker(image, number)
        known: dict[int, tuple[str, ...]] = {}
        for address, decoded in enumerate(words):
            if decoded is None:
                continue
            word = image.cores[number].code[address]
            if word not in known:
                known[word] = tuple(checker.problems(decoded))
            for problem in known[word]:
                report.word(OPERANDS, number, address, problem)


def check_streams(image: Image, trees: Sequence[Trees], report: Report) -> None:
    """The rows that a core takes from its host are alike in a run, and so are those it gives."""
    for number, of_core in enumerate(trees):
        vectors = image.cores[number].vectors
        for tree in of_core.values():
            shapes: dict[str, Vector] = {}
            for instr in instructions(tree):
                if instr.name not in _STREAMS:
                    continue
                vector = vectors[instr.decoded.operands[_STREAMS[instr.name]]]
                other = shapes.setdefault(instr.name, vector)
                if (other.length, other.first) != (vector.length, vector.first):
                    message = (
                        f"{_sized(vector)}, but {_sized(other)} stands in another "
                        f"`{instr.name}` of the same run"
                    )
                    report.word(OPERANDS, number, instr.address, message)


def words_of(vector: Vector) -> int:
    """32-bit words of backing memory that a vector takes."""
    bits = ELEMENT_BITS[vector.kind]
    if bits >= 32:
        return vector.length * bits // 32
    return -(-vector.length // (32 // bits))


def _sized(vector: Vector) -> str:
    kind = VectorKind(vector.kind).name.lower()
    stop = vector.first + vector.length - 1
    return f"{vector.name} has {kind}s {vector.first}-{stop}"


class _Checker:
    """Checks words of one core."""

    def __init__(self, image: Image, number: int) -> None:
        self.image = image
        self.number = number
        self.core = image.cores[number]
        self.areas: tuple[Area, ...] = areas(self.core.vectors)

    def problems(self, decoded: Decoded) -> Iterator[str]:
        """What is wrong with a word."""
        found = [*self._exist(decoded)]
        if found:
            yield from found  # what follows looks at what is named
            return
        yield from self._alike(decoded)
        yield from self._apart(decoded)
        match decoded.name:
            case "read" | "read.add":
                yield from self._tiles(decoded, lines="bits", columns="sum")
            case "readt" | "readt.add":
                yield from self._tiles(decoded, lines="sum", columns="signs")
                yield from self._driven(decoded)
            case "count":
                yield from self._tiles(decoded, lines="bits", columns="signs")
            case "carry" | "step" | "refresh":
                yield from self._update(decoded)
            case "fetch" | "place":
                yield from self._row(decoded)
            case "load" | "store":
                yield from self._backing(decoded)
            case "error":
                label = self.vector(decoded, "label")
                if label.length != 1:
                    yield f"{label.name} has {label.length} labels, expected 1"
            case "copy":
                yield from self._same_kind(decoded)
            case "sample" | "sample.gate" | "readout.logistic":
                yield from self._neuron(decoded)
            case "readout":
                bits = self.vector(decoded, "bits")
                if bits.first:
                    yield f"a readout compares all classes, but {_sized(bits)}"
            case _:
                pass

    def vector(self, decoded: Decoded, name: str) -> Vector:
        return self.core.vectors[decoded.operands[name]]

    def _exist(self, decoded: Decoded) -> Iterator[str]:
        for operand in decoded.instruction.operands:
            number = decoded.operands[operand.name]
            match operand.kind:
                case OperandKind.VECTOR:
                    if number >= len(self.core.vectors):
                        yield f"there is no vector {number}"
                    elif self.core.vectors[number].kind not in operand.vectors:
                        vector = self.core.vectors[number]
                        kind = VectorKind(vector.kind).name.lower()
                        kinds = " or ".join(k.name.lower() for k in operand.vectors)
                        yield f"{operand.name} {vector.name} is of kind {kind}, expected {kinds}"
                case OperandKind.TILES:
                    yield from self._together(tiles_of(number))
                case OperandKind.TILE:
                    if number >= len(self.core.tiles):
                        yield f"there is no tile {number}"
                case OperandKind.NEURON | OperandKind.READOUT | OperandKind.UPDATE:
                    if number >= len(getattr(self.image, _NAMED[operand.kind])):
                        yield f"there is no {operand.kind} {number}"
                case OperandKind.CORE:
                    if number >= len(self.image.cores):
                        yield f"there is no core {number}"
                    elif number == self.number:
                        yield "a core has no channel to itself"
                case _:
                    pass

    def _together(self, tiles: tuple[int, ...]) -> Iterator[str]:
        missing = [tile for tile in tiles if tile >= len(self.core.tiles)]
        if missing:
            yield f"there is no tile {missing[0]}"
            return
        arrays = sorted({self.core.tiles[tile].array for tile in tiles})
        if len(arrays) > 1:
            names = " and ".join(self.image.arrays[number].name for number in arrays)
            yield f"the tiles are of the arrays {names}, expected one"

    def _alike(self, decoded: Decoded) -> Iterator[str]:
        named = [self.vector(decoded, name) for name in _ALIKE.get(decoded.name, ())]
        lengths = {vector.length for vector in named}
        if len(lengths) > 1:
            sizes = ", ".join(f"{vector.name} {vector.length}" for vector in named)
            yield f"vectors must have as many elements each: {sizes}"
        elif decoded.name in _SAME_FIRST and len({vector.first for vector in named}) > 1:
            firsts = ", ".join(f"{vector.name} {vector.first}" for vector in named)
            yield f"vectors must begin with the same element of the layer: {firsts}"

    def _apart(self, decoded: Decoded) -> Iterator[str]:
        """An output shares no memory with another operand: units work on many elements at once."""
        vectors = [o for o in decoded.instruction.operands if o.kind is OperandKind.VECTOR]
        for place, one in enumerate(vectors):
            for other in vectors[place + 1 :]:
                a, b = decoded.operands[one.name], decoded.operands[other.name]
                if (one.writes or other.writes) and self.areas[a].meets(self.areas[b]):
                    yield f"{one.name} and {other.name} share memory, but one of them is written"

    def _same_kind(self, decoded: Decoded) -> Iterator[str]:
        named = [self.vector(decoded, name) for name in _ALIKE[decoded.name]]
        if len({vector.kind for vector in named}) > 1:
            kinds = ", ".join(f"{v.name} {VectorKind(v.kind).name.lower()}" for v in named)
            yield f"vectors must be of one kind: {kinds}"

    def _named_tiles(self, decoded: Decoded) -> tuple[LogicalArray, list[tuple[int, TilePlace]]]:
        numbers = tiles_of(decoded.operands["tiles"])
        tiles = [(number, self.core.tiles[number]) for number in numbers]
        return self.image.arrays[tiles[0][1].array], tiles

    def _tiles(self, decoded: Decoded, *, lines: str, columns: str) -> Iterator[str]:
        """Word lines that carry inputs lie in one vector, bit lines in the other."""
        array, tiles = self._named_tiles(decoded)
        driving = self.vector(decoded, lines)
        if driving.first >= array.inputs:
            yield f"array {array.name} has {array.inputs} inputs, but {_sized(driving)}"
            return
        for number, tile in tiles:
            stop = min(tile.row_stop, array.inputs)
            if tile.row_start < stop:
                yield from _inside(f"word lines of tile {number}", tile.row_start, stop, driving)
            vector = self.vector(decoded, columns)
            start, stop = tile.column_start, tile.column_stop
            yield from _inside(f"bit lines of tile {number}", start, stop, vector)

    def _driven(self, decoded: Decoded) -> Iterator[str]:
        array, tiles = self._named_tiles(decoded)
        for number, tile in tiles:
            if tile.row_start >= array.inputs:
                yield f"tile {number} has no word line that carries an input"

    def _update(self, decoded: Decoded) -> Iterator[str]:
        update = self.image.updates[decoded.operands["update"]]
        array, _ = self._named_tiles(decoded)
        if update.layer != array.layer:
            yield (
                f"update {update.name} is of layer {update.layer}, "
                f"array {array.name} of layer {array.layer}"
            )
        match decoded.name:
            case "carry":
                yield from _carry(update, array)
            case "step":
                if array.style is not CellStyle.DIRECT:
                    yield f"array {array.name} is of style {array.style}, not direct"
                elif update.threshold:
                    yield f"update {update.name} has a threshold, so it is for carry"
            case _:
                if array.style not in PAIRS:
                    yield f"array {array.name} is of style {array.style}, only pairs are refreshed"
                if update.every < 1:
                    yield f"update {update.name}: every is {update.every}, expected 1 or more"

    def _row(self, decoded: Decoded) -> Iterator[str]:
        number, row = decoded.operands["tile"], decoded.operands["row"]
        tile, counts = self.core.tiles[number], self.vector(decoded, "counts")
        height, width = tile.row_stop - tile.row_start, tile.column_stop - tile.column_start
        if row >= height:
            yield f"tile {number} has {height} word lines, there is no row {row}"
        if counts.length != width:
            yield f"{counts.name} has {counts.length} elements, tile {number} has {width} bit lines"

    def _backing(self, decoded: Decoded) -> Iterator[str]:
        vector = self.vector(decoded, "vector")
        end, most = decoded.operands["address"] + words_of(vector), self.image.chip.backing
        if end > most:
            yield f"takes backing memory up to {end}, the chip has {most} words"

    def _neuron(self, decoded: Decoded) -> Iterator[str]:
        neuron = self.image.neurons[decoded.operands["neuron"]]
        if neuron.threshold == NONE_16:
            yield f"neuron {neuron.name} has no table threshold"
        if decoded.name == "sample.gate" and neuron.low == NONE_16:
            yield f"neuron {neuron.name} has no tables low and high"


def _inside(what: str, start: int, stop: int, vector: Vector) -> Iterator[str]:
    if not vector.first <= start <= stop <= vector.first + vector.length:
        yield f"{what} are {start}-{stop - 1}, but {_sized(vector)}"


def _carry(update: Update, array: LogicalArray) -> Iterator[str]:
    if array.style is CellStyle.DIRECT:
        yield f"array {array.name} is of style {array.style}, its weights take no pulses"
        return
    for name in ("threshold", "pulses"):
        if getattr(update, name) < 1:
            yield f"update {update.name}: {name} is {getattr(update, name)}, expected 1 or more"
    for way in ("up", "down"):
        has = getattr(update, f"step_{way}") != NONE_16
        if has is not (way in WAYS[array.style]):
            what = "has the table" if has else "lacks the table"
            yield f"update {update.name} {what} step_{way}, array {array.name} is {array.style}"

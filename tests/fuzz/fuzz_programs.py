"""Mutations of decoded images: other programs, many of which the verifier accepts."""

from __future__ import annotations

from dataclasses import fields, replace
from random import Random
from typing import Any

import numpy as np

from bsc.isa.fields import FieldError
from bsc.isa.image import Core, Image, Table
from bsc.isa.instruction import Instruction, Operand
from bsc.isa.instructions import BY_NAME, TABLE
from bsc.isa.kinds import (
    CHUNK_REGISTERS,
    COUNT_IMMEDIATE,
    EntryKind,
    OperandKind,
    Register,
    VectorKind,
    tiles_field,
    tiles_of,
)
from bsc.isa.records import LAYOUTS, NO_PARENT, NONE_16, Entry, TilePlace, Vector
from bsc.isa.words import decode_word, encode_word
from bsc.numerics.state import CellStyle, ChipState

_SMALL = (1, 1, 1, 2, 2, 3, 4, 5, 7, 8, 9, 16, 17)
_NUMBERS = (0, 1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 63, 64, 65, 200, 255, 4096, 16383, 65535,
            65536, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)  # fmt: skip


def mutated_image(draw: Random, image: Image, other: Image) -> Image:
    """One mutation of an image; ValueError and its like where it leads nowhere."""
    return draw.choice(_CHANGES)(draw, image, other)


def _with_core(image: Image, number: int, core: Core) -> Image:
    cores = [*image.cores]
    cores[number] = core
    return replace(image, cores=tuple(cores))


def spliced(image: Image, number: int, start: int, stop: int, words: list[int]) -> Image:
    """A core's code with words in place of others; entries and origins move with what follows."""
    core = image.cores[number]
    code = (*core.code[:start], *words, *core.code[stop:])
    grown = len(words) - (stop - start)

    def moved(address: int) -> int:
        """What begins at the place of the change goes on beginning there."""
        there = address if address <= start else max(start, address + grown)
        return min(there, len(code) - 1)

    entries = tuple(
        replace(e, address=moved(e.address)) if e.core == number else e for e in image.entries
    )
    seen: dict[int, Any] = {}
    for origin in core.origins:
        seen.setdefault(moved(origin.address), origin)
    origins = tuple(replace(o, address=a) for a, o in sorted(seen.items()))
    changed = replace(core, code=code, origins=origins)
    return replace(_with_core(image, number, changed), entries=entries)


# Code.


def sensible_word(draw: Random, image: Image, number: int, row: Instruction | None = None) -> int:
    """An instruction whose operands are there, and of the right kinds."""
    core = image.cores[number]
    row = row or draw.choice(TABLE)
    array = draw.randrange(len(image.arrays)) if image.arrays else 0
    own = [n for n, tile in enumerate(core.tiles) if tile.array == array]
    numbers = {o.name: _sensible(draw, image, core, number, o, own) for o in row.operands}
    return encode_word(row.name, **numbers)


def _sensible(
    draw: Random, image: Image, core: Core, number: int, operand: Operand, own: list[int]
) -> int:
    match operand.kind:
        case OperandKind.VECTOR:
            fit = [n for n, v in enumerate(core.vectors) if v.kind in operand.vectors]
            return draw.choice(fit)
        case OperandKind.TILES:
            if draw.random() < 0.5:
                return tiles_field(tuple(own[:16]))
            chosen = draw.sample(own, draw.randint(1, min(3, len(own))))
            return tiles_field(tuple(sorted(chosen)))
        case OperandKind.TILE:
            return draw.randrange(len(core.tiles))
        case OperandKind.ROW:
            return draw.randrange(8)
        case OperandKind.CORE:
            return draw.choice([n for n in range(len(image.cores)) if n != number])
        case OperandKind.NEURON:
            return draw.randrange(len(image.neurons))
        case OperandKind.READOUT:
            return draw.randrange(len(image.readouts))
        case OperandKind.UPDATE:
            return draw.randrange(len(image.updates))
        case OperandKind.COUNT:
            immediate = draw.choice(_SMALL) | COUNT_IMMEDIATE
            return draw.choice((immediate, immediate, int(draw.choice(list(Register)))))
        case OperandKind.REGISTER:
            return int(draw.choice(list(Register)))
        case OperandKind.CHUNK:
            return int(draw.choice(CHUNK_REGISTERS))
        case OperandKind.COUNTER:
            return draw.randrange(5)
        case OperandKind.UNITS:
            return draw.randint(1, 255)
        case OperandKind.ADDRESS:
            return draw.randrange(max(1, image.chip.backing))
        case OperandKind.LAYER:
            return draw.choice((0, 1, 2, 0xFFFFFF))
        case _:
            return draw.getrandbits(32)


def _place(draw: Random, image: Image) -> tuple[int, int]:
    number = draw.randrange(len(image.cores))
    return number, draw.randrange(len(image.cores[number].code))


def _insert(draw: Random, image: Image, other: Image) -> Image:
    number, at = _place(draw, image)
    words = [sensible_word(draw, image, number) for _ in range(draw.choice((1, 1, 2, 4)))]
    return spliced(image, number, at, at, words)


def _delete(draw: Random, image: Image, other: Image) -> Image:
    number, at = _place(draw, image)
    return spliced(image, number, at, at + 1, [])


def _double(draw: Random, image: Image, other: Image) -> Image:
    number, at = _place(draw, image)
    words = list(image.cores[number].code[at : at + draw.choice((1, 1, 2, 6))])
    return spliced(image, number, at, at, words)


def _swap(draw: Random, image: Image, other: Image) -> Image:
    number, at = _place(draw, image)
    two = image.cores[number].code[at : at + 2]
    return spliced(image, number, at, at + len(two), list(reversed(two)))


def _wrap(draw: Random, image: Image, other: Image) -> Image:
    """A loop around some instructions."""
    number, at = _place(draw, image)
    inside = list(image.cores[number].code[at : at + draw.randint(1, 6)])
    head = sensible_word(draw, image, number, BY_NAME[draw.choice(("loop", "chunks"))])
    words = [head, *inside, encode_word("end")]
    return spliced(image, number, at, at + len(inside), words)


def _operand(draw: Random, image: Image, other: Image) -> Image:
    """One operand of an instruction."""
    number, at = _place(draw, image)
    decoded = decode_word(image.cores[number].code[at])
    word = sensible_word(draw, image, number, decoded.instruction)
    name = draw.choice(decoded.instruction.operands).name
    numbers = {**decoded.operands, name: decode_word(word).operands[name]}
    return spliced(image, number, at, at + 1, [encode_word(decoded.name, **numbers)])


def _message(draw: Random, image: Image, other: Image) -> Image:
    """A `send` and the `receive` of it at any two places."""
    one, two = draw.sample(range(len(image.cores)), 2)
    sender, taker = image.cores[one], image.cores[two]
    pairs = [
        (s, t)
        for s, a in enumerate(sender.vectors)
        for t, b in enumerate(taker.vectors)
        if a.kind == b.kind and a.length == b.length and a.kind <= VectorKind.SUM
    ]
    s, t = draw.choice(pairs)
    adds = taker.vectors[t].kind is VectorKind.SUM and draw.random() < 0.5
    name, operand = ("receive.add", "sum") if adds else ("receive", "vector")
    words = [encode_word("send", vector=s, core=two)]
    at = draw.randrange(len(sender.code))
    image = spliced(image, one, at, at, words)
    words = [encode_word(name, **{operand: t, "core": one})]
    at = draw.randrange(len(taker.code))
    return spliced(image, two, at, at, words)


def _entry(draw: Random, image: Image, other: Image) -> Image:
    """Entries of another kind."""
    old = draw.choice(image.kinds())
    new = draw.choice([kind for kind in EntryKind if kind not in image.kinds()])
    entries = [replace(e, kind=new) if e.kind is old else e for e in image.entries]
    return replace(image, entries=tuple(sorted(entries, key=lambda e: (e.kind, e.core))))


# Data.


def _number(draw: Random, record: Any) -> Any:
    """A record with another number in one field."""
    layout = LAYOUTS[type(record)].fields
    field = draw.choice([f for f in layout if not isinstance(getattr(record, f.name), str)])
    old = getattr(record, field.name)
    if isinstance(old, CellStyle):
        return replace(record, style=draw.choice(list(CellStyle)))
    if isinstance(old, VectorKind):
        return replace(record, kind=draw.choice(list(VectorKind)))
    number = draw.choice((old + 1, old - 1, draw.choice(_SMALL), draw.choice(_NUMBERS)))
    return replace(record, **{field.name: min(max(number, field.least), field.most)})


def _record(draw: Random, image: Image, other: Image) -> Image:
    groups = ("chip", "timing", "arrays", "neurons", "readouts", "updates")
    name = draw.choice([g for g in groups if getattr(image, g)])
    found = getattr(image, name)
    if not isinstance(found, tuple):
        return replace(image, **{name: _number(draw, found)})
    at = draw.randrange(len(found))
    changed = (*found[:at], _number(draw, found[at]), *found[at + 1 :])
    return replace(image, **{name: changed}, state=None if name == "arrays" else image.state)


def _vector(draw: Random, image: Image, other: Image) -> Image:
    number = draw.randrange(len(image.cores))
    core = image.cores[number]
    at = draw.randrange(len(core.vectors))
    changed = _number(draw, core.vectors[at])
    vectors = [*core.vectors[:at], changed, *core.vectors[at + 1 :]]
    for place, vector in enumerate(vectors):
        if vector.parent == at and at < place:
            vectors[place] = replace(vector, kind=changed.kind, slots=changed.slots)
    return _with_core(image, number, replace(core, vectors=tuple(vectors)))


def _view(draw: Random, image: Image, other: Image) -> Image:
    """A new vector, often a view, that a word names in place of its parent."""
    number = draw.randrange(len(image.cores))
    core = image.cores[number]
    at = draw.randrange(len(core.vectors))
    parent = core.vectors[at]
    if parent.parent != NO_PARENT:
        at, parent = parent.parent, core.vectors[parent.parent]
    base = draw.randrange(parent.length)
    length = draw.randint(1, parent.length - base)
    name = f"v{len(core.vectors)}.{draw.getrandbits(20)}"
    view = Vector(
        name, parent.kind, length, base, parent.slots, parent.first + draw.choice((0, base)), at
    )
    if draw.random() < 0.3:
        view = replace(view, parent=NO_PARENT, base=draw.randrange(64))
    image = _with_core(image, number, replace(core, vectors=(*core.vectors, view)))
    named = [
        (address, decoded)
        for address, decoded in enumerate(map(decode_word, core.code))
        if any(at in decoded.vectors(written=way) for way in (False, True))
    ]
    for address, decoded in draw.sample(named, min(len(named), draw.choice((0, 1, 2)))):
        numbers = {
            o.name: len(core.vectors)
            if o.kind is OperandKind.VECTOR and decoded.operands[o.name] == at
            else decoded.operands[o.name]
            for o in decoded.instruction.operands
        }
        image = spliced(image, number, address, address + 1, [encode_word(decoded.name, **numbers)])
    return image


def _split(draw: Random, image: Image, other: Image) -> Image:
    """A tile is cut in two; masks that name it go on to name both."""
    number = draw.choice([n for n, core in enumerate(image.cores) if core.tiles])
    core = image.cores[number]
    at = draw.randrange(len(core.tiles))
    tile = core.tiles[at]
    way = draw.choice(("row", "column"))
    start, stop = getattr(tile, f"{way}_start"), getattr(tile, f"{way}_stop")
    cut = draw.randint(start + 1, stop - 1)
    used = {t.number for c in image.cores for t in c.tiles}
    free = next(n for n in range(len(used) + 1) if n not in used)
    parts: list[TilePlace] = [
        replace(tile, **{f"{way}_stop": cut}),
        replace(tile, **{f"{way}_start": cut}, number=free),
    ]
    last = len(core.tiles)
    code = []
    for word in core.code:
        decoded = decode_word(word)
        if "tiles" in decoded.operands and at in tiles_of(decoded.operands["tiles"]):
            named = (*tiles_of(decoded.operands["tiles"]), last)
            word = encode_word(decoded.name, **{**decoded.operands, "tiles": tiles_field(named)})
        code.append(word)
    tiles = (*core.tiles[:at], parts[0], *core.tiles[at + 1 :], parts[1])
    return _with_core(image, number, replace(core, tiles=tiles, code=tuple(code)))


def _table(draw: Random, image: Image, other: Image) -> Image:
    at = draw.randrange(len(image.tables))
    table = image.tables[at]
    values = table.values.copy()
    if draw.random() < 0.1:
        values = values[: draw.choice((0, 1, 16, 4096))]
    elif values.size:
        start = draw.randrange(values.size)
        number = draw.choice((0, 1, -1, 255, 256, 257, -257, 65536, 1 << 22, -(1 << 22)))
        values[start : start + draw.choice((1, 7, values.size))] = number
    tables = (*image.tables[:at], Table(table.name, values), *image.tables[at + 1 :])
    return replace(image, tables=tables)


def _state(draw: Random, image: Image, other: Image) -> Image:
    if image.state is None or draw.random() < 0.1:
        return replace(image, state=None)
    random = np.random.default_rng(draw.getrandbits(32))
    arrays = []
    for array in image.state.arrays:
        counters = random.integers(-draw.choice(_SMALL), draw.choice(_SMALL), array.counters.shape)
        if draw.random() < 0.1:
            counters[...] = draw.choice((-(1 << 31), (1 << 31) - 1, 128, -129))
        cells = array.cells.copy()
        cells[..., draw.randrange(cells.shape[-1])] = draw.choice((0, 1, 16383, 8000, -1))
        arrays.append(replace(array, cells=cells, counters=counters.astype(np.int32)))
    clocks = {
        clock: draw.choice((0, 1, (1 << 48) - 2, (1 << 32) - 1, draw.getrandbits(40)))
        for clock in ("samples", "checks", "epochs", "seed")
    }
    return replace(image, state=ChipState(arrays, **clocks))


def _core(draw: Random, image: Image, other: Image) -> Image:
    """A core more, which has no tiles, or the last one less."""
    if len(image.cores) > 1 and draw.random() < 0.5:
        entries = tuple(e for e in image.entries if e.core < len(image.cores) - 1)
        return replace(image, cores=image.cores[:-1], entries=entries)
    number = draw.randrange(len(image.cores))
    last = len(image.cores)
    barrier = [encode_word("barrier")] * draw.randrange(2)
    kinds = image.kinds()
    code = [word for _ in kinds for word in (*barrier, encode_word("halt"))]
    size = len(barrier) + 1
    added = tuple(Entry(kind, last, size * k) for k, kind in enumerate(kinds))
    core = Core(tuple(code), image.cores[number].vectors, (), ())
    entries = sorted((*image.entries, *added), key=lambda e: (e.kind, e.core))
    return replace(image, cores=(*image.cores, core), entries=tuple(entries))


def _names_of_tables(draw: Random, image: Image, other: Image) -> Image:
    """A record names another table."""
    name = draw.choice([g for g in ("neurons", "readouts", "updates") if getattr(image, g)])
    found = getattr(image, name)
    at = draw.randrange(len(found))
    roles = [f.name for f in fields(found[at]) if getattr(found[at], f.name) == NONE_16]
    role = draw.choice(roles or ["layer"])
    changed = replace(found[at], **{role: draw.randrange(max(1, len(image.tables)))})
    return replace(image, **{name: (*found[:at], changed, *found[at + 1 :])})


_CHANGES = (
    _insert, _insert, _insert, _insert, _delete, _double, _double, _swap, _wrap, _wrap, _operand,
    _operand, _operand, _message, _message, _entry, _record, _vector, _vector, _view, _view, _view,
    _split, _split, _table, _state, _core, _names_of_tables,
)  # fmt: skip

NOWHERE = (ValueError, IndexError, KeyError, TypeError, FieldError, StopIteration, OverflowError)
"""What a mutation raises that finds nothing to change."""

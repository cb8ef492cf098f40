"""What holds of every image that a file or an assembly text can say; the verifier asks for more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from bsc.isa.fields import FieldError
from bsc.isa.header import CODE_WORDS_MAX, CORES_MAX, ITEMS_MAX, place
from bsc.isa.image import Core, Image
from bsc.isa.names import is_name, is_text
from bsc.isa.records import NO_PARENT, NONE_16, Neuron, Readout, SectionKind, Update
from bsc.isa.state_bytes import mismatch
from bsc.isa.words import decode_word

TABLE_FIELDS: Mapping[type[Any], tuple[str, ...]] = MappingProxyType(
    {
        Neuron: ("threshold", "low", "high"),
        Readout: ("softmax",),
        Update: ("step_up", "step_down", "noise_up", "noise_down"),
    }
)
"""Fields that hold a number of a table, or NONE_16."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with an image.

    Attributes:
        code: of the diagnostic.
        place: section and item.
        message: what was found.
    """

    code: str
    place: str
    message: str


def flaws(image: Image) -> Iterator[Flaw]:
    """Everything that keeps an image from having one file and one text, in order of the file."""
    if len(image.target) != 32 or not 1 <= len(image.cores) <= CORES_MAX:
        yield Flaw("BSC5204", "header", "a target has 32 bytes, an image 1 to 256 cores")
        return
    yield from _sizes(image)
    yield from _shared(image)
    yield from _entries(image)
    for number, core in enumerate(image.cores):
        yield from _vectors(number, core)
        yield from _tiles(number, core, len(image.arrays))
    yield from _code(image)
    for number, core in enumerate(image.cores):
        yield from _origins(number, core)
    yield from _data(image)


def _sizes(image: Image) -> Iterator[Flaw]:
    counted: list[tuple[SectionKind, int, Sequence[object]]] = [
        (SectionKind.ARRAYS, 0, image.arrays),
        (SectionKind.NEURONS, 0, image.neurons),
        (SectionKind.READOUTS, 0, image.readouts),
        (SectionKind.UPDATES, 0, image.updates),
        (SectionKind.TABLES, 0, image.tables),
    ]
    for number, core in enumerate(image.cores):
        counted += [
            (SectionKind.VECTORS, number, core.vectors),
            (SectionKind.TILES, number, core.tiles),
            (SectionKind.ORIGINS, number, core.origins),
        ]
        if not core.code:
            yield Flaw("BSC5204", place(SectionKind.CODE, number), "a core without code")
    for kind, number, items in counted:
        if len(items) > ITEMS_MAX[kind]:
            message = f"{len(items)} items, at most {ITEMS_MAX[kind]}"
            yield Flaw("BSC5204", place(kind, number), message)
    words = sum(len(core.code) for core in image.cores)
    if words > CODE_WORDS_MAX:
        message = f"{words} words of code in all cores, at most {CODE_WORDS_MAX}"
        yield Flaw("BSC5204", place(SectionKind.CODE), message)


def _names(kind: SectionKind, core: int, names: Iterable[str]) -> Iterator[Flaw]:
    seen = Counter[str]()
    for item, name in enumerate(names):
        seen[name] += 1
        if not is_name(name):
            yield Flaw("BSC5207", place(kind, core, item), f"{name!r:.100} is no legal name")
        elif seen[name] == 2:
            yield Flaw("BSC5207", place(kind, core, item), f"the name {name} is there twice")


def _shared(image: Image) -> Iterator[Flaw]:
    groups: tuple[tuple[SectionKind, Sequence[Any]], ...] = (
        (SectionKind.ARRAYS, image.arrays),
        (SectionKind.NEURONS, image.neurons),
        (SectionKind.READOUTS, image.readouts),
        (SectionKind.UPDATES, image.updates),
        (SectionKind.TABLES, image.tables),
    )
    for kind, records in groups:
        yield from _names(kind, 0, (record.name for record in records))
        for item, record in enumerate(records):
            for field in TABLE_FIELDS.get(type(record), ()):
                table = getattr(record, field)
                if table != NONE_16 and not 0 <= table < len(image.tables):
                    message = f"{field} is table {table} of {len(image.tables)}"
                    yield Flaw("BSC5205", place(kind, 0, item), message)
    for item, array in enumerate(image.arrays):
        if array.wear not in (0, 1):
            at = place(SectionKind.ARRAYS, 0, item)
            yield Flaw("BSC5205", at, f"wear is {array.wear}, expected 0 or 1")


def _entries(image: Image) -> Iterator[Flaw]:
    before: tuple[int, int] = (-1, -1)
    for item, entry in enumerate(image.entries):
        at = place(SectionKind.ENTRIES, 0, item)
        if not 0 <= entry.core < len(image.cores):
            yield Flaw("BSC5205", at, f"core {entry.core} of {len(image.cores)}")
            continue
        if (entry.kind, entry.core) <= before:
            yield Flaw("BSC5205", at, "entries ascend by kind, then core, each once")
        before = (entry.kind, entry.core)
        words = len(image.cores[entry.core].code)
        if not 0 <= entry.address < words:
            yield Flaw("BSC5205", at, f"address {entry.address} of {words} words of code")


def _vectors(number: int, core: Core) -> Iterator[Flaw]:
    kind = SectionKind.VECTORS
    yield from _names(kind, number, (vector.name for vector in core.vectors))
    for item, vector in enumerate(core.vectors):
        if vector.parent == NO_PARENT:
            continue
        at = place(kind, number, item)
        if not 0 <= vector.parent < item:
            yield Flaw("BSC5205", at, f"parent {vector.parent} does not come before its view")
            continue
        parent = core.vectors[vector.parent]
        if (vector.kind, vector.slots) != (parent.kind, parent.slots):
            yield Flaw("BSC5205", at, "a view has other slots or another kind than its parent")


def _tiles(number: int, core: Core, arrays: int) -> Iterator[Flaw]:
    for item, tile in enumerate(core.tiles):
        at = place(SectionKind.TILES, number, item)
        if not 0 <= tile.array < arrays:
            yield Flaw("BSC5205", at, f"array {tile.array} of {arrays}")
        if tile.row_start >= tile.row_stop or tile.column_start >= tile.column_stop:
            yield Flaw("BSC5205", at, "a tile without cells")


def _code(image: Image) -> Iterator[Flaw]:
    known: set[int] = set()  # code repeats itself, and decoding is slow
    for number, core in enumerate(image.cores):
        for address, word in enumerate(core.code):
            if word in known:
                continue
            try:
                decode_word(word)
                known.add(word)
            except FieldError as error:
                at = f"core {number} at {address}"
                yield Flaw("BSC5206", at, f"the word {word:#018x} is no instruction: {error}")


def _origins(number: int, core: Core) -> Iterator[Flaw]:
    before = -1
    for item, origin in enumerate(core.origins):
        at = place(SectionKind.ORIGINS, number, item)
        if not before < origin.address < len(core.code):
            yield Flaw("BSC5205", at, "addresses of origins ascend, inside the code")
        before = origin.address
        if not is_text(origin.text):
            yield Flaw("BSC5207", at, f"{origin.text!r:.100} is no text of one line")


def _data(image: Image) -> Iterator[Flaw]:
    for item, table in enumerate(image.tables):
        if table.values.dtype != np.int32 or table.values.ndim != 1:
            at = place(SectionKind.TABLE_DATA, 0, item)
            yield Flaw("BSC5208", at, "a table is a row of 32-bit integers")
    if image.state is not None:
        message = mismatch(image.arrays, image.state)
        if message:
            yield Flaw("BSC5208", place(SectionKind.STATE), message)

"""The bytes of a file to an image: only what `encode` writes is taken, to the bit."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import numpy as np

from bsc.diag import Sink, Span, fail
from bsc.isa.binary_frame import Frame, read_frame
from bsc.isa.fields import FieldError
from bsc.isa.header import place
from bsc.isa.image import Core, Image, Table
from bsc.isa.kinds import EntryKind, VectorKind
from bsc.isa.records import (
    LAYOUTS,
    SECTIONS,
    STYLES,
    TEXTS,
    ChipLimits,
    Entry,
    LogicalArray,
    Neuron,
    Origin,
    Readout,
    SectionKind,
    TableEntry,
    TilePlace,
    Timing,
    Update,
    Vector,
)
from bsc.isa.state_bytes import from_bytes, length
from bsc.isa.version import minor_of, version_text
from bsc.isa.wellformed import flaws
from bsc.numerics.state import ChipState

MOST_PROBLEMS = 20
"""Problems of one file that are told at once."""

_Record = TypeVar("_Record")


def decode(data: bytes | memoryview, source: str) -> Image:
    """The image of a file's bytes; `encode` gives the same bytes back.

    Args:
        data: the whole file.
        source: what diagnostics call it.

    Raises:
        DiagnosticError: BSC5201 to BSC5209, every problem up to 20.
    """
    reader = _Reader(source, read_frame(memoryview(data).cast("B"), source))
    image = reader.image()
    for flaw in itertools.islice(flaws(image), MOST_PROBLEMS):
        reader.sink.add(flaw.code, flaw.message, at=Span(source, path=flaw.place))
    reader.sink.raise_if_errors()
    said, needed = reader.frame.minor, minor_of(image)
    if said != needed:
        message = f"version {version_text(said)}, but its words are those of {version_text(needed)}"
        raise fail("BSC5202", message, at=Span(source, path="header"))
    return image


@dataclass(slots=True)
class _Reader:
    """Reads sections; `used` counts the strings that records have named so far."""

    source: str
    frame: Frame
    sink: Sink = field(default_factory=Sink)
    strings: tuple[str, ...] = ()
    used: int = 0

    def image(self) -> Image:
        self.strings = self._strings()
        (chip,) = self._records(ChipLimits) or (None,)
        (timing,) = self._records(Timing) or (None,)
        arrays = self._records(LogicalArray)
        neurons = self._records(Neuron)
        readouts = self._records(Readout)
        updates = self._records(Update)
        entries = self._records(TableEntry)
        starts = self._records(Entry)
        cores = range(self.frame.cores)
        vectors = [self._records(Vector, core) for core in cores]
        tiles = [self._records(TilePlace, core) for core in cores]
        code = [self._code(core) for core in cores]
        origins = [self._records(Origin, core) for core in cores]
        if self.used != len(self.strings) and not self.sink.errors:
            self._wrong("BSC5207", f"string {self.used} is named by nobody", SectionKind.STRINGS)
        self.sink.raise_if_errors()
        tables = self._tables(entries)
        state = self._state(arrays)
        self.sink.raise_if_errors()
        return Image(
            target=self.frame.target,
            chip=chip,  # type: ignore[arg-type]  # without one there was an error
            timing=timing,  # type: ignore[arg-type]
            arrays=arrays,
            neurons=neurons,
            readouts=readouts,
            updates=updates,
            tables=tables,
            cores=tuple(map(Core, code, vectors, tiles, origins)),
            entries=starts,
            state=state,
        )

    def _strings(self) -> tuple[str, ...]:
        section = self.frame.sections[SectionKind.STRINGS, 0]
        *texts, rest = bytes(section.content).split(b"\0", section.items)
        if len(texts) != section.items or len(rest) >= 8 or rest.strip(b"\0"):
            message = f"it does not hold {section.items} strings, each ended by a zero"
            raise fail("BSC5207", message, at=self._at(SectionKind.STRINGS))
        found: list[str] = []
        for item, text in enumerate(texts):
            try:
                found.append(text.decode("utf-8"))
            except UnicodeDecodeError as error:
                message = f"no UTF-8 at byte {error.start}"
                raise fail("BSC5207", message, at=self._at(SectionKind.STRINGS, 0, item)) from None
        if len(set(found)) != len(found):
            raise fail("BSC5207", "a string is there twice", at=self._at(SectionKind.STRINGS))
        return tuple(found)

    def _records(self, record: type[_Record], core: int = 0) -> tuple[_Record, ...]:
        kind = _KINDS[record]
        section = self.frame.sections[kind, core]
        layout = LAYOUTS[record]
        words = np.frombuffer(section.content, "<u8").tolist()
        found: list[_Record] = []
        for item in range(section.items):
            at = layout.words * item
            try:
                numbers = layout.unpack(words[at : at + layout.words])
                found.append(record(**self._values(record, numbers)))
            except FieldError as error:
                self._wrong("BSC5205", str(error), kind, core, item)
        return tuple(found)

    def _values(self, record: type[Any], numbers: dict[str, int]) -> dict[str, Any]:
        values: dict[str, Any] = dict(numbers)
        for name in fields(record):
            number = numbers[name.name]
            if name.name in TEXTS:
                values[name.name] = self._string(number)
            elif name.name == "style":
                values["style"] = STYLES[_within(number, len(STYLES), "style")]
            elif name.name == "kind":
                kinds = VectorKind if record is Vector else EntryKind
                values["kind"] = kinds(_within(number, len(kinds), "kind"))
        return values

    def _string(self, number: int) -> str:
        """Strings are numbered in the order in which records name them first."""
        if number >= len(self.strings):
            raise FieldError(f"string {number} of {len(self.strings)}")
        if number > self.used:
            raise FieldError(f"string {number} before string {self.used}: not in order of use")
        self.used = max(self.used, number + 1)
        return self.strings[number]

    def _code(self, core: int) -> tuple[int, ...]:
        section = self.frame.sections[SectionKind.CODE, core]
        return tuple(np.frombuffer(section.content, "<u8").tolist())

    def _tables(self, entries: tuple[TableEntry, ...]) -> tuple[Table, ...]:
        section = self.frame.sections[SectionKind.TABLE_DATA, 0]
        if section.items != len(entries):
            message = f"data of {section.items} tables, there are {len(entries)}"
            self._wrong("BSC5208", message, SectionKind.TABLE_DATA)
            return ()
        numbers = np.frombuffer(section.content, "<i4")
        found: list[Table] = []
        offset = 0
        for item, entry in enumerate(entries):
            if entry.offset != offset:
                message = f"offset {entry.offset}, expected {offset}"
                self._wrong("BSC5205", message, SectionKind.TABLES, 0, item)
                return ()
            start, stop = 2 * offset, 2 * offset + entry.entries
            padded = stop + entry.entries % 2
            if padded > len(numbers) or numbers[stop:padded].any():
                message = f"{entry.entries} entries do not fill their words"
                self._wrong("BSC5208", message, SectionKind.TABLE_DATA, 0, item)
                return ()
            found.append(Table(entry.name, numbers[start:stop].astype(np.int32)))
            offset = padded // 2
        if 2 * offset != len(numbers):
            self._wrong("BSC5208", "data of no table at the end", SectionKind.TABLE_DATA)
        return tuple(found)

    def _state(self, arrays: tuple[LogicalArray, ...]) -> ChipState | None:
        section = self.frame.sections.get((SectionKind.STATE, 0))
        if section is None:
            return None
        needed = length(arrays)
        if section.items != needed:
            message = f"{section.items} bytes of state, the arrays have {needed}"
            self._wrong("BSC5208", message, SectionKind.STATE)
            return None
        if bytes(section.content[needed:]).strip(b"\0"):
            self._wrong("BSC5208", "what fills the last word is not 0", SectionKind.STATE)
            return None
        return from_bytes(arrays, section.content)

    def _wrong(
        self, code: str, message: str, kind: SectionKind, core: int = 0, item: int | None = None
    ) -> None:
        self.sink.add(code, message, at=self._at(kind, core, item))
        if len(self.sink.errors) >= MOST_PROBLEMS:
            self.sink.raise_if_errors()

    def _at(self, kind: SectionKind, core: int = 0, item: int | None = None) -> Span:
        return Span(self.source, path=place(kind, core, item))


_KINDS: dict[type[Any], SectionKind] = {record: kind for kind, record in SECTIONS.items()}


def _within(number: int, count: int, what: str) -> int:
    if number >= count:
        raise FieldError(f"{what} is {number}, expected 0 to {count - 1}")
    return number

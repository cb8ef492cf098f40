"""An image to the bytes of its file: one image, one file."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import fields
from enum import IntEnum
from typing import Any

import numpy as np

from bsc.diag import fail
from bsc.isa.fields import FieldError
from bsc.isa.header import (
    CHECK_WORD,
    DIRECTORY,
    FILE_BYTES_MAX,
    HEADER,
    MAGIC,
    STRINGS_MAX,
    place,
    sections,
)
from bsc.isa.image import VERSION, Image
from bsc.isa.records import LAYOUTS, STYLES, TEXTS, SectionKind, TableEntry
from bsc.isa.state_bytes import to_bytes
from bsc.isa.version import minor_of
from bsc.isa.wellformed import flaws
from bsc.numerics.state import CellStyle

_TWO = 2
"""Entries of a table in a word."""


def encode(image: Image) -> bytes:
    """The file of an image.

    Raises:
        ValueError: the image breaks a rule that every image keeps: a bug of who made it.
        DiagnosticError: BSC5209, it is larger than a file may be.
    """
    for flaw in flaws(image):
        raise ValueError(f"{flaw.place}: {flaw.message}")
    strings: dict[str, int] = {}
    written: list[tuple[SectionKind, int, int, bytes]] = []
    for kind, core in sections(len(image.cores), state=image.state is not None):
        try:
            items, content = _section(image, kind, core, strings)
        except FieldError as error:
            raise FieldError(f"{place(kind, core)}: {error}") from error
        written.append((kind, core, items, content))
    content = _directory(written) + b"".join(part for *_, part in written)
    size = 8 * HEADER.words + len(content)
    if size > FILE_BYTES_MAX:
        raise fail(
            "BSC5209",
            f"the image has {size} bytes, at most {FILE_BYTES_MAX}",
            help="leave the state of the cells out of it, or use a smaller network",
        )
    return _header(image, len(written), size // 8, content) + content


def _header(image: Image, parts: int, words: int, content: bytes) -> bytes:
    numbers = {
        "magic": int.from_bytes(MAGIC, "little"),
        "major": VERSION[0],
        "minor": minor_of(image),
        "cores": len(image.cores),
        "sections": parts,
        "words": words,
        "check": 0,
    }
    for name, hashed in (("target", image.target), ("content", hashlib.sha256(content).digest())):
        numbers |= {f"{name}{k}": n for k, n in enumerate(struct.unpack("<4Q", hashed))}
    header = list(HEADER.pack(numbers))
    others = header[:CHECK_WORD] + header[CHECK_WORD + 1 :]
    header[CHECK_WORD] = zlib.crc32(_bytes(others))
    return _bytes(header)


def _directory(written: Sequence[tuple[SectionKind, int, int, bytes]]) -> bytes:
    offset = HEADER.words + DIRECTORY.words * len(written)
    words: list[int] = []
    for kind, core, items, content in written:
        length = len(content) // 8
        words += DIRECTORY.pack(
            {"kind": kind, "core": core, "items": items, "offset": offset, "length": length}
        )
        offset += length
    return _bytes(words)


def _section(
    image: Image, kind: SectionKind, core: int, strings: dict[str, int]
) -> tuple[int, bytes]:
    match kind:
        case SectionKind.CODE:
            code = image.cores[core].code
            return len(code), np.array(code, dtype="<u8").tobytes()
        case SectionKind.STRINGS:
            joined = "".join(f"{text}\0" for text in strings).encode("utf-8")
            return len(strings), _padded(joined)
        case SectionKind.TABLE_DATA:
            parts = (_padded(table.values.astype("<i4").tobytes()) for table in image.tables)
            return len(image.tables), b"".join(parts)
        case SectionKind.STATE:
            stream = to_bytes(image.state) if image.state is not None else b""
            return len(stream), _padded(stream)
        case _:
            records = _records(image, kind, core)
            words = [word for record in records for word in _words(record, strings)]
            return len(records), _bytes(words)


def _records(image: Image, kind: SectionKind, core: int) -> Sequence[Any]:
    match kind:
        case SectionKind.CHIP:
            return (image.chip,)
        case SectionKind.TIMING:
            return (image.timing,)
        case SectionKind.TABLES:
            offset, entries = 0, []
            for table in image.tables:
                entries.append(TableEntry(table.name, len(table.values), offset))
                offset += (len(table.values) + _TWO - 1) // _TWO
            return entries
        case SectionKind.VECTORS | SectionKind.TILES | SectionKind.ORIGINS:
            found: Sequence[Any] = getattr(image.cores[core], kind.name.lower())
            return found
        case _:
            found = getattr(image, kind.name.lower())
            return found


def _words(record: Any, strings: dict[str, int]) -> tuple[int, ...]:
    numbers: dict[str, int] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name in TEXTS:
            number = strings.setdefault(value, len(strings))
            if number >= STRINGS_MAX:
                raise FieldError(f"more than {STRINGS_MAX} different names and texts")
        elif isinstance(value, CellStyle):
            number = STYLES.index(value)
        else:
            number = value.value if isinstance(value, IntEnum) else value
        numbers[field.name] = number
    return LAYOUTS[type(record)].pack(numbers)


def _bytes(words: Iterable[int]) -> bytes:
    listed = tuple(words)
    return struct.pack(f"<{len(listed)}Q", *listed)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)

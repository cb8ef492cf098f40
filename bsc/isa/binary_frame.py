"""The frame of a file: header, checksums and directory, checked before anything inside is read."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

from bsc.diag import DiagnosticError, Span, fail
from bsc.isa.fields import FieldError
from bsc.isa.header import (
    CHECK_WORD,
    CODE_WORDS_MAX,
    CORES_MAX,
    DIRECTORY,
    FILE_BYTES_MAX,
    HEADER,
    ITEMS_MAX,
    MAGIC,
    place,
    sections,
)
from bsc.isa.image import VERSION
from bsc.isa.records import LAYOUTS, SECTIONS, SectionKind

_HEADER_BYTES = 8 * HEADER.words
_AGAIN = "copy the file again, or make it again"


@dataclass(frozen=True, slots=True)
class Section:
    """A section: how many items, and its bytes in the file."""

    items: int
    content: memoryview


@dataclass(frozen=True, slots=True)
class Frame:
    """What the header says, and where sections are.

    Attributes:
        minor: version.
        target: SHA-256 of the target.
        cores: how many.
        sections: by kind and core, in the order of the file.
    """

    minor: int
    target: bytes
    cores: int
    sections: dict[tuple[SectionKind, int], Section]


def read_frame(view: memoryview, source: str) -> Frame:
    """Header and directory of a file's bytes.

    Raises:
        DiagnosticError: BSC5201 to BSC5204 and BSC5209.
    """
    if len(view) > FILE_BYTES_MAX:
        raise fail(
            "BSC5209",
            f"{len(view)} bytes, at most {FILE_BYTES_MAX}",
            at=Span(source),
        )
    _is_image(view, source)
    numbers = _header(view, source)
    offset = HEADER.words + DIRECTORY.words * numbers["sections"]
    expected = sections(numbers["cores"], state=False)
    if numbers["sections"] == len(expected) + 1:
        expected = sections(numbers["cores"], state=True)
    if not 1 <= numbers["cores"] <= CORES_MAX or numbers["sections"] != len(expected):
        message = f"{numbers['sections']} sections for {numbers['cores']} cores"
        raise _wrong("BSC5204", message, source, "header")
    words = numbers["words"]
    if offset > words:
        raise _wrong("BSC5204", "the directory does not end in the file", source, "directory")
    found: dict[tuple[SectionKind, int], Section] = {}
    for item, (kind, core) in enumerate(expected):
        at = _HEADER_BYTES + 8 * DIRECTORY.words * item
        entry = DIRECTORY.unpack(struct.unpack_from(f"<{DIRECTORY.words}Q", view, at))
        if (entry["kind"], entry["core"]) != (kind, core):
            message = f"kind {entry['kind']}, core {entry['core']}; expected {place(kind, core)}"
            raise _wrong("BSC5204", message, source, f"directory, entry {item}")
        if entry["offset"] != offset or offset + entry["length"] > words:
            message = f"{entry['length']} words from word {entry['offset']}, expected from {offset}"
            raise _wrong("BSC5204", f"{message}, of {words} in all", source, place(kind, core))
        end = offset + entry["length"]
        found[kind, core] = Section(entry["items"], view[8 * offset : 8 * end])
        offset = end
    if offset != words:
        message = f"the sections end at word {offset} of {words}"
        raise _wrong("BSC5204", message, source, "directory")
    _sizes(found, source)
    target = bytes(view[32:64])
    return Frame(numbers["minor"], target, numbers["cores"], found)


def _is_image(view: memoryview, source: str) -> None:
    start = bytes(view[: len(MAGIC)])
    if start == MAGIC:
        return
    help = None
    if start.lstrip()[:1] in (b".", b";"):
        help = "if this is assembly, `bsc asm` makes an image of it"
    elif start.startswith(b"PK"):
        help = "if this is a program (.bsp), `bsc export PROGRAM --bin OUT.bin` writes its image"
    message = "the file is empty" if not start else "it does not begin as images do"
    raise fail("BSC5201", f"no image: {message}", at=Span(source), help=help)


def _header(view: memoryview, source: str) -> dict[str, int]:
    if len(view) >= 16:
        major, minor = struct.unpack_from("<HH", view, 8)
        if major != VERSION[0] or minor > VERSION[1]:
            own = ".".join(map(str, VERSION))
            message = f"version {major}.{minor}, this bsc reads {own}"
            raise _wrong("BSC5202", message, source, "header")
    if len(view) < _HEADER_BYTES or len(view) % 8:
        message = f"{len(view)} bytes are no image of whole words: the file is cut off"
        raise _wrong("BSC5203", message, source, None)
    words = struct.unpack_from(f"<{HEADER.words}Q", view, 0)
    at = 8 * CHECK_WORD
    others = bytes(view[:at]) + bytes(view[at + 8 : _HEADER_BYTES])
    if words[CHECK_WORD] != zlib.crc32(others):
        raise _wrong("BSC5203", "the header does not have its checksum", source, "header")
    try:
        numbers = HEADER.unpack(words)
    except FieldError as error:
        raise _wrong("BSC5203", str(error), source, "header") from None
    if 8 * numbers["words"] != len(view):
        message = f"the file has {len(view) // 8} words, its header says {numbers['words']}"
        raise _wrong("BSC5203", message, source, "header")
    if hashlib.sha256(view[_HEADER_BYTES:]).digest() != bytes(view[64:96]):
        raise _wrong("BSC5203", "what follows the header does not have its hash", source, None)
    return numbers


def _sizes(found: dict[tuple[SectionKind, int], Section], source: str) -> None:
    """Items and words agree, and none are more than can be named."""
    code = 0
    for (kind, core), section in found.items():
        items, words = section.items, len(section.content) // 8
        if items > ITEMS_MAX.get(kind, FILE_BYTES_MAX):
            message = f"{items} items, at most {ITEMS_MAX.get(kind, FILE_BYTES_MAX)}"
            raise _wrong("BSC5204", message, source, place(kind, core))
        needed = words
        match kind:
            case SectionKind.CODE:
                needed = items
                code += items
            case SectionKind.STATE:
                needed = (items + 7) // 8
            case SectionKind.STRINGS | SectionKind.TABLE_DATA:
                pass  # their content says it
            case _:
                needed = items * LAYOUTS[SECTIONS[kind]].words
        if words != needed:
            message = f"{items} items take {needed} words, the section has {words}"
            raise _wrong("BSC5204", message, source, place(kind, core))
        if kind in (SectionKind.CHIP, SectionKind.TIMING) and items != 1:
            raise _wrong("BSC5204", f"{items} items, expected 1", source, place(kind, core))
    if code > CODE_WORDS_MAX:
        message = f"{code} words of code in all cores, at most {CODE_WORDS_MAX}"
        raise _wrong("BSC5204", message, source, place(SectionKind.CODE))


def _wrong(code: str, message: str, source: str, path: str | None) -> DiagnosticError:
    help = _AGAIN if code == "BSC5203" else None
    return fail(code, message, at=Span(source, path=path), help=help)

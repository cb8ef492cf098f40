"""The frame of an image's file: header, directory, order of sections, and how large all may be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bsc.isa.fields import Field, Layout
from bsc.isa.records import OF_A_CORE, SectionKind

MAGIC = b"BSCISA\r\n"
"""The first word; a transfer that mends line ends damages it."""

HEADER = Layout.of(
    (Field("magic", 64, "`BSCISA\\r\\n`"),),
    (
        Field("major", 16, "version"),
        Field("minor", 16, "version"),
        Field("cores", 16, "cores, 1 to 256"),
        Field("sections", 16, "entries of the directory"),
    ),
    (Field("words", 64, "words of the whole file"),),
    (Field("check", 32, "CRC-32 of the other words of the header"),),
    *((Field(f"target{k}", 64, "SHA-256 of the target"),) for k in range(4)),
    *((Field(f"content{k}", 64, "SHA-256 of all that follows the header"),) for k in range(4)),
)

CHECK_WORD = 3
"""Which word of the header holds the CRC-32 of the others."""

DIRECTORY = Layout.of(
    (
        Field("kind", 8, "of the section"),
        Field("core", 8, "whose it is; 0 where it is of no core"),
        Field("items", 48, "records, words, strings, tables or bytes in it"),
    ),
    (Field("offset", 32, "its first word in the file"), Field("length", 32, "words")),
)

CORES_MAX = 256
FILE_BYTES_MAX = 1 << 30
CODE_WORDS_MAX = 1 << 22
"""Words of code of all cores together; loops keep code short, and each word is looked at."""

STRINGS_MAX = 0xFFFF

ITEMS_MAX: Mapping[SectionKind, int] = MappingProxyType(
    {
        SectionKind.CHIP: 1,
        SectionKind.TIMING: 1,
        SectionKind.ARRAYS: 1 << 16,
        SectionKind.NEURONS: 1 << 12,
        SectionKind.READOUTS: 1 << 12,
        SectionKind.UPDATES: 1 << 12,
        SectionKind.TABLES: 0xFFFF,
        SectionKind.ENTRIES: 4 * CORES_MAX,
        SectionKind.VECTORS: 0xFFF,
        SectionKind.TILES: 1 << 16,
        SectionKind.CODE: CODE_WORDS_MAX,
        SectionKind.ORIGINS: 1 << 16,
        SectionKind.STRINGS: STRINGS_MAX,
        SectionKind.TABLE_DATA: 0xFFFF,
    }
)
"""Most items of a section, of each core where it is of a core: what a number can name."""


def sections(cores: int, *, state: bool) -> list[tuple[SectionKind, int]]:
    """Kind and core of each section of a file, in the order of the directory."""
    found: list[tuple[SectionKind, int]] = []
    for kind in SectionKind:
        if kind in OF_A_CORE:
            found += [(kind, core) for core in range(cores)]
        elif kind is not SectionKind.STATE or state:
            found.append((kind, 0))
    return found


def place(kind: SectionKind, core: int = 0, item: int | None = None) -> str:
    """A section, or an item of it, in the words of diagnostics."""
    text = f"section {kind.name.lower()}"
    if kind in OF_A_CORE:
        text += f" of core {core}"
    return text if item is None else f"{text}, item {item}"

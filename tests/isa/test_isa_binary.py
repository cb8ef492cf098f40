"""Image files: one image, one file; whatever is not exactly such a file is refused, in words."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsc.diag import DiagnosticError, render_all
from bsc.isa.binary import decode, encode, read_image
from bsc.isa.header import DIRECTORY, HEADER, sections
from bsc.isa.image import Core, Image, Table
from bsc.isa.kinds import EntryKind, VectorKind
from bsc.isa.records import (
    LAYOUTS,
    NO_PARENT,
    ChipLimits,
    Entry,
    LogicalArray,
    Neuron,
    Origin,
    SectionKind,
    TilePlace,
    Timing,
    Vector,
)
from bsc.isa.state_bytes import CLOCK_BYTES, from_bytes, length, to_bytes
from bsc.isa.words import encode_word
from bsc.numerics.digest import digest
from bsc.numerics.state import CellStyle
from bsc.testing.images import random_image

ARRAYS = (
    LogicalArray("pair", 0, CellStyle.PAIR_DOWN, 3, 2, 2, 16383, wear=1),
    LogicalArray("one", 1, CellStyle.REFERENCE, 2, 1, 3, 8191),
    LogicalArray("master", 2, CellStyle.DIRECT, 2, 2, 2, 4096),
)
SMALL = Image(
    target=bytes(range(32)),
    chip=ChipLimits(4, 2, 64, 10, 0, 20, 0, 0, 0, 512),
    timing=Timing(*range(1, 13)),
    arrays=ARRAYS,
    neurons=(Neuron("n", 0, 0, 1, 1, -5),),
    readouts=(),
    updates=(),
    tables=(Table("n.T", np.arange(5, dtype=np.int32)), Table("d", np.zeros(2, np.int32))),
    cores=(
        Core(
            (encode_word("clear", sum=0), encode_word("halt")),
            (Vector("y", VectorKind.SUM, 3, 0), Vector("y.a", VectorKind.SUM, 1, 2, parent=0)),
            (TilePlace(0, 0, 0, 3, 0, 2),),
            (Origin(0, "/layer1/Gemm"), Origin(1, "")),
        ),
        Core((encode_word("halt"),)),
    ),
    entries=(Entry(EntryKind.TRAIN, 0, 0), Entry(EntryKind.TRAIN, 1, 0)),
    state=from_bytes(ARRAYS, bytes(range(7, 7 + length(ARRAYS)))),
)
FILE = encode(SMALL)
WORDS = len(FILE) // 8
PLACES = {
    key: HEADER.words + DIRECTORY.words * item
    for item, key in enumerate(sections(len(SMALL.cores), state=True))
}


def refused(data: bytes, match: str = "BSC520[1-9]") -> str:
    with pytest.raises(DiagnosticError, match=match) as error:
        decode(data, "wrong.bin")
    diagnostics = error.value.diagnostics
    assert 1 <= len(diagnostics) <= 20
    assert all(d.labels[0].span.source == "wrong.bin" for d in diagnostics)
    return render_all(diagnostics)


def mended(data: bytes) -> bytes:
    """The same with the checksums of what it holds now: damage that no checksum finds."""
    header = bytearray(data[: 8 * HEADER.words])
    header[64:96] = hashlib.sha256(data[8 * HEADER.words :]).digest()
    header[24:32] = struct.pack("<Q", zlib.crc32(header[:24] + header[32:]))
    return bytes(header) + data[8 * HEADER.words :]


def changed(word: int, value: int, data: bytes = FILE) -> bytes:
    return mended(data[: 8 * word] + struct.pack("<Q", value) + data[8 * word + 8 :])


def entry(kind: SectionKind, core: int = 0) -> tuple[int, int, int]:
    """Items, offset and length of a section."""
    numbers = DIRECTORY.unpack(struct.unpack_from("<2Q", FILE, 8 * PLACES[kind, core]))
    return numbers["items"], numbers["offset"], numbers["length"]


def word_of(kind: SectionKind, core: int = 0, word: int = 0) -> int:
    return entry(kind, core)[1] + word


def read(word: int) -> int:
    return int(struct.unpack_from("<Q", FILE, 8 * word)[0])


def without_state(image: Image) -> Image:
    return replace(image, state=None)


def test_an_image_comes_back_whole() -> None:
    image = decode(FILE, "small.bin")
    assert without_state(image) == without_state(SMALL)
    assert image.state is not None
    assert SMALL.state is not None
    assert digest(image.state) == digest(SMALL.state)
    assert [array.name for array in image.state.arrays] == ["pair", "one", "master"]
    assert (image.state.place, image.state.pulses) == (0, 0)
    assert encode(image) == FILE
    image.state.arrays[0].cells[:] = 0  # what is read may be trained
    assert decode(memoryview(bytearray(FILE)), "x").target == SMALL.target


def test_the_header_is_what_it_says() -> None:
    assert FILE[:8] == b"BSCISA\r\n"
    major, minor, cores, parts, words = struct.unpack_from("<4HQ", FILE, 8)
    assert (major, minor, cores, parts, words) == (1, 0, 2, 10 + 4 * 2 + 1, WORDS)
    assert FILE[32:64] == SMALL.target
    assert FILE[64:96] == hashlib.sha256(FILE[96:]).digest()
    assert struct.unpack_from("<Q", FILE, 24)[0] == zlib.crc32(FILE[:24] + FILE[32:96])


def test_the_bytes_of_a_state_are_those_of_its_digest() -> None:
    assert SMALL.state is not None
    stream = to_bytes(SMALL.state)
    assert len(stream) == length(ARRAYS)
    assert hashlib.sha256(stream).hexdigest() == digest(SMALL.state)
    items, offset, _ = entry(SectionKind.STATE)
    assert FILE[8 * offset : 8 * offset + items] == stream
    assert length(()) == CLOCK_BYTES


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_random_images_come_back_whole(draw: Random) -> None:
    image = random_image(draw)
    data = encode(image)
    again = decode(data, "random.bin")
    assert without_state(again) == without_state(image)
    assert (again.state is None) == (image.state is None)
    if again.state is not None and image.state is not None:
        assert digest(again.state) == digest(image.state)
    assert encode(again) == data


def test_a_file_that_ends_early_is_refused_wherever_it_ends() -> None:
    for size in range(len(FILE)):
        refused(FILE[:size], "BSC5201" if size < 8 else "BSC5203")
    for words in range(HEADER.words, WORDS):
        cut = bytearray(FILE[: 8 * words])
        cut[16:24] = struct.pack("<Q", words)
        refused(mended(bytes(cut)), "BSC5204")
    refused(FILE + bytes(8), "BSC5203")
    longer = bytearray(FILE + bytes(8))
    longer[16:24] = struct.pack("<Q", WORDS + 1)
    assert "the sections end" in refused(mended(bytes(longer)), "BSC5204")


def test_every_flipped_bit_is_found() -> None:
    for byte in range(len(FILE)):
        flipped = bytearray(FILE)
        flipped[byte] ^= 1 << byte % 8
        refused(bytes(flipped), "BSC520[123]")


def test_no_flipped_bit_of_header_and_directory_passes_with_mended_checksums() -> None:
    directory = range(8 * HEADER.words, 8 * (HEADER.words + DIRECTORY.words * len(PLACES)))
    for byte in [*range(24), *directory]:
        for bit in range(8):
            flipped = bytearray(FILE)
            flipped[byte] ^= 1 << bit
            refused(mended(bytes(flipped)))


def test_whatever_passes_with_mended_checksums_is_written_as_it_was() -> None:
    start = 8 * (HEADER.words + DIRECTORY.words * len(PLACES))
    passed = 0
    for byte in range(start, len(FILE)):
        for bit in range(8):
            flipped = bytearray(FILE)
            flipped[byte] ^= 1 << bit
            data = mended(bytes(flipped))
            try:
                image = decode(data, "flipped.bin")
            except DiagnosticError:
                continue
            passed += 1
            assert encode(image) == data
    assert passed > 1000  # numbers of records and cells


@pytest.mark.parametrize("value", [0, 1, 0xFFFF, 1 << 31, (1 << 32) - 1, 1 << 47, (1 << 64) - 1])
def test_no_forged_word_takes_memory_or_another_exception(value: int) -> None:
    for word in range(WORDS):
        data = changed(word, value)
        try:
            assert encode(decode(data, "forged.bin")) == data
        except DiagnosticError:
            continue


@pytest.mark.parametrize(
    ("start", "help"),
    [
        (b"", None),
        (b"PK\x03\x04 and so on", ".bsp"),
        (b".isa 1.0\n", "bsc asm"),
        (b"; comment\n", "bsc asm"),
        (b"\x00" * 96, None),
        (b"BSCISA\n\n" + bytes(88), None),
    ],
)
def test_what_is_no_image_is_named(start: bytes, help: str | None) -> None:
    said = refused(start, "BSC5201")
    assert help is None or help in said


@pytest.mark.parametrize("version", [(0, 0), (1, 2), (2, 0), (65535, 65535)])
def test_other_versions_are_refused_whatever_else_is_there(version: tuple[int, int]) -> None:
    other = bytearray(FILE)
    other[8:12] = struct.pack("<HH", *version)
    assert f"version {version[0]}.{version[1]}" in refused(bytes(other), "BSC5202")
    refused(bytes(other[:16]), "BSC5202")


def vector(word: int, **fields: int) -> bytes:
    """The file with fields of a vector's record changed."""
    layout = LAYOUTS[Vector]
    at = word_of(SectionKind.VECTORS, 0, layout.words * word)
    numbers = layout.unpack([read(at + k) for k in range(layout.words)])
    data = FILE
    for k, value in enumerate(layout.pack(numbers | fields)):
        data = changed(at + k, value, data)
    return data


WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "no chip": (
        lambda: changed(PLACES[SectionKind.CHIP, 0], SectionKind.CHIP),
        "BSC5204.*0 items take 0 words, the section has 5",
    ),
    "more strings than bytes": (
        lambda: changed(PLACES[SectionKind.STRINGS, 0], SectionKind.STRINGS | 40 << 16),
        "BSC5207.*does not hold 40 strings",
    ),
    "a string that is no UTF-8": (
        lambda: changed(word_of(SectionKind.STRINGS), read(word_of(SectionKind.STRINGS)) | 0x80),
        "BSC5207",
    ),
    "undefined opcode": (
        lambda: changed(word_of(SectionKind.CODE), 0xF0),
        r"BSC5206[^\n]*0xf0 is undefined\n.*core 0 at 0",
    ),
    "unused bit of an instruction": (
        lambda: changed(word_of(SectionKind.CODE, 1), 1 << 63 | encode_word("halt")),
        "BSC5206.*bit 63 must be 0",
    ),
    "unused bit of a record": (
        lambda: changed(word_of(SectionKind.CHIP), read(word_of(SectionKind.CHIP)) | 1 << 63),
        "BSC5205.*bit 63 must be 0",
    ),
    "kind of vector": (lambda: vector(0, kind=6), "BSC5205.*kind is 6, expected 0 to 5"),
    "strings out of order": (lambda: vector(0, name=7), "BSC5205.*string 7 before string 6"),
    "a string that nobody names": (lambda: vector(1, name=6), "BSC5205|BSC5207.*by nobody"),
    "no such string": (lambda: vector(0, name=4000), "BSC5205.*string 4000 of"),
    "view of itself": (lambda: vector(1, parent=1), "BSC5205.*does not come before"),
    "view of another kind": (lambda: vector(1, kind=0), "BSC5205.*another kind"),
    "view that is none": (lambda: vector(1, parent=NO_PARENT, slots=0), "NONE"),
    "entry beyond the code": (
        lambda: changed(word_of(SectionKind.ENTRIES), 2 << 16),
        "BSC5205.*address 2 of 2 words",
    ),
    "entry of no core": (
        lambda: changed(word_of(SectionKind.ENTRIES), 2 << 8),
        "BSC5205.*core 2 of 2",
    ),
    "entries out of order": (
        lambda: changed(word_of(SectionKind.ENTRIES), 1),
        "BSC5205.*entries ascend",
    ),
    "table number": (
        lambda: changed(word_of(SectionKind.NEURONS, 0, 1), 2),
        "BSC5205.*threshold is table 2 of 2",
    ),
    "table offset": (
        lambda: changed(word_of(SectionKind.TABLES, 0, 3), 2),
        "BSC5205.*offset 2, expected 3",
    ),
    "table too long": (
        lambda: changed(
            word_of(SectionKind.TABLES, 0, 2), read(word_of(SectionKind.TABLES, 0, 2)) | 1 << 40
        ),
        "BSC5208.*do not fill",
    ),
    "padding of a table": (
        lambda: changed(word_of(SectionKind.TABLE_DATA, 0, 2), 4 | 1 << 32),
        "BSC5208.*do not fill",
    ),
    "array of another size than its state": (
        lambda: changed(word_of(SectionKind.ARRAYS, 0, 1), (1 << 32) - 1 | 2 << 32),
        "BSC5208.*bytes of state",
    ),
    "wear that is neither": (
        lambda: changed(word_of(SectionKind.ARRAYS), read(word_of(SectionKind.ARRAYS)) ^ 3 << 48),
        "BSC5205.*wear is 2",
    ),
    "padding of the state": (lambda: changed(WORDS - 1, (1 << 64) - 1), "BSC5208.*not 0"),
    "tile without cells": (
        lambda: changed(word_of(SectionKind.TILES, 0, 1), 3 | 3 << 32),
        "BSC5205.*without cells",
    ),
    "tile of no array": (lambda: changed(word_of(SectionKind.TILES), 3), "BSC5205.*array 3 of 3"),
    "origins at one address": (
        lambda: changed(
            word_of(SectionKind.ORIGINS, 0, 1), read(word_of(SectionKind.ORIGINS, 0, 1)) & ~1
        ),
        "BSC5205.*ascend",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_field_that_means_nothing_is_named(name: str) -> None:
    make, match = WRONG[name]
    if match == "NONE":
        assert encode(decode(make(), "right.bin")) == make()
    else:
        refused(make(), match)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (replace(SMALL, target=b""), "32 bytes"),
        (replace(SMALL, cores=()), "1 to 256 cores"),
        (replace(SMALL, cores=(SMALL.cores[0], Core())), "without code"),
        (replace(SMALL, arrays=ARRAYS[:2]), "3 arrays, the image 2"),
        (replace(SMALL, arrays=(ARRAYS[1], ARRAYS[0], ARRAYS[2])), "array one is pair"),
        (replace(SMALL, arrays=(replace(ARRAYS[0], wear=0), *ARRAYS[1:])), "wear is in one"),
        (replace(SMALL, arrays=(replace(ARRAYS[0], rows=9), *ARRAYS[1:])), "cells is int16"),
        (replace(SMALL, tables=(*SMALL.tables, Table("n.T", np.zeros(1, np.int32)))), "twice"),
        (replace(SMALL, tables=(Table("f", np.zeros(2)), *SMALL.tables)), "32-bit"),  # type: ignore[arg-type]
        (replace(SMALL, neurons=(Neuron("1st", 0, 0, 0, 0, 0),)), "no legal name"),
        (replace(SMALL, neurons=(Neuron("n", 1 << 24, 0, 0, 0, 0),)), "layer is 16777216"),
        (replace(SMALL, entries=SMALL.entries[::-1]), "ascend"),
    ],
)
def test_what_has_no_file_is_a_bug_of_who_made_it(image: Image, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        encode(image)


@pytest.mark.parametrize("text", ["a\nb", "\x00", "\u2028", "\x85", "x" * 4097])
def test_texts_of_origins_stay_on_their_line(text: str) -> None:
    core = replace(SMALL.cores[0], origins=(Origin(0, text),))
    with pytest.raises(ValueError, match="one line"):
        encode(replace(SMALL, cores=(core,), entries=SMALL.entries[:1]))


def test_all_problems_are_told_up_to_twenty() -> None:
    core = Core(tuple(encode_word("trap", number=k) for k in range(30)))
    data = encode(replace(SMALL, cores=(core, SMALL.cores[1])))
    start = data.index(struct.pack("<3Q", *core.code[:3]))
    for k in range(25):
        data = data[: start + 8 * k] + struct.pack("<Q", 0xFF) + data[start + 8 * k + 8 :]
    with pytest.raises(DiagnosticError) as error:
        decode(mended(data), "many.bin")
    assert [d.code for d in error.value.diagnostics] == ["BSC5206"] * 20


def test_files_are_read_from_disk_and_never_when_too_large(tmp_path: Path) -> None:
    path = tmp_path / "small.bin"
    path.write_bytes(FILE)
    assert encode(read_image(path)) == FILE
    with path.open("ab") as stream:
        stream.truncate((1 << 30) + 1)
    with pytest.raises(DiagnosticError, match=r"BSC5209.* larger than 1024 MiB"):
        read_image(path)
    with pytest.raises(DiagnosticError, match="BSC5209: no such file"):
        read_image(tmp_path / "none.bin")
    with pytest.raises(DiagnosticError, match="BSC5209: is a directory"):
        read_image(tmp_path)

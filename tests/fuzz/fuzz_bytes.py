"""Mutations of files and of texts: what nobody who writes images would write."""

from __future__ import annotations

import hashlib
import struct
import zlib
from random import Random

from bsc.isa.header import CHECK_WORD, DIRECTORY, HEADER
from bsc.isa.instructions import TABLE
from bsc.isa.kinds import OPERAND_BITS
from bsc.isa.records import LAYOUTS, SECTIONS, SectionKind

HEADER_WORDS = HEADER.words
INTERESTING = (0, 1, 2, 3, 7, 8, 15, 16, 63, 64, 65, 127, 255, 256, 1023, 1024, 1025, 4095, 4096,
               0x7FFF, 0xFFFF, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32,
               (1 << 48) - 1, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)  # fmt: skip
_TOKENS = (
    *(row.name for row in TABLE),
    *".isa .target .chip .timing .array .table .neuron .readout .update .core .vector".split(),
    *".tile .entry .origin .data .state none slot repeat read position samples batch b0 b1".split(),
    *"layer core tile row [0] [0-15] [65535] x - = : ; , \" \\ kind=sum of=x slots=2".split(),
    *"rows=0-3 0x 0x10 -1 65536 4294967296 99999999999999999999 control link".split(),
    "\r", "\t", "\0", "\u2028", "\u00e9", "  ",
)  # fmt: skip


def mended(data: bytes) -> bytes:
    """The same with words of the file, hash and checksum as they should be."""
    if len(data) < 8 * HEADER_WORDS:
        return data
    whole = bytearray(data[: len(data) // 8 * 8])
    struct.pack_into("<Q", whole, 16, len(whole) // 8)
    whole[64:96] = hashlib.sha256(whole[96:]).digest()
    at = 8 * CHECK_WORD
    others = bytes(whole[:at]) + bytes(whole[at + 8 : 8 * HEADER_WORDS])
    struct.pack_into("<Q", whole, at, zlib.crc32(others))
    return bytes(whole)


def mutated_bytes(draw: Random, data: bytes, other: bytes) -> bytes:
    """One mutation of a file; most get past the checksums."""
    change = draw.choice((_flip, _flip, _words, _words, _cut, _field, _field, _field, _operand,
                          _operand, _operand, _splice, _directory))  # fmt: skip
    found = change(draw, data, other)
    return mended(found) if draw.random() < 0.9 else found


def _flip(draw: Random, data: bytes, other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 5)) if changed else 0):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _words(draw: Random, data: bytes, other: bytes) -> bytes:
    words = list(struct.unpack(f"<{len(data) // 8}Q", data[: len(data) // 8 * 8]))
    if len(words) < 2:
        return data
    a, b = draw.randrange(len(words)), draw.randrange(len(words))
    match draw.randrange(4):
        case 0:
            words[a], words[b] = words[b], words[a]
        case 1:
            words[a] = draw.choice(INTERESTING)
        case 2:
            words.insert(a, words[b])
        case _:
            del words[a]
    return struct.pack(f"<{len(words)}Q", *words)


def _cut(draw: Random, data: bytes, other: bytes) -> bytes:
    if draw.random() < 0.5:
        return data[: draw.randrange(len(data) + 1)]
    return data + other[: draw.randrange(64)]


def parts_of(data: bytes) -> list[tuple[int, int, int, int, int]]:
    """Entry of the directory, kind, items, first word and words of each section that is there."""
    if len(data) < 8 * HEADER_WORDS:
        return []
    count, found = struct.unpack_from("<H", data, 14)[0], []
    for entry in range(min(count, 64)):
        at = 8 * (HEADER_WORDS + DIRECTORY.words * entry)
        if at + 16 > len(data):
            break
        first, second = struct.unpack_from("<2Q", data, at)
        offset, length = second & 0xFFFFFFFF, second >> 32
        if 8 * (offset + length) <= len(data):
            found.append((entry, first & 0xFF, first >> 16, offset, length))
    return found


def _field(draw: Random, data: bytes, other: bytes) -> bytes:
    """A field of a record gets another number."""
    kinds = {int(kind): LAYOUTS[record] for kind, record in SECTIONS.items()}
    sections = [part for part in parts_of(data) if part[1] in kinds and part[4]]
    if not sections:
        return data
    _, kind, _, offset, length = draw.choice(sections)
    layout = kinds[kind]
    field = draw.choice(layout.fields)
    record = draw.randrange(max(1, length // layout.words))
    at = 8 * (offset + layout.words * record + field.word)
    if at + 8 > len(data):
        return data
    return _put(draw, data, at, field.low, field.bits)


def _operand(draw: Random, data: bytes, other: bytes) -> bytes:
    """An operand of an instruction gets another number."""
    code = [p for p in parts_of(data) if p[1] == SectionKind.CODE and p[4]]
    if not code:
        return data
    _, _, _, offset, length = draw.choice(code)
    at = 8 * (offset + draw.randrange(length))
    opcode = data[at]
    for row in TABLE:
        if row.opcode == opcode and row.operands:
            place = draw.randrange(len(row.operands))
            low = 8 + sum(OPERAND_BITS[o.kind] for o in row.operands[:place])
            return _put(draw, data, at, low, OPERAND_BITS[row.operands[place].kind])
    return _put(draw, data, at, 0, 8)


def _put(draw: Random, data: bytes, at: int, low: int, bits: int) -> bytes:
    (word,) = struct.unpack_from("<Q", data, at)
    mask = (1 << bits) - 1
    old = word >> low & mask
    number = draw.choice(
        (old + 1, old - 1, old ^ 1 << draw.randrange(bits), draw.choice(INTERESTING),
         draw.getrandbits(3), draw.getrandbits(bits))
    )  # fmt: skip
    changed = bytearray(data)
    struct.pack_into("<Q", changed, at, word & ~(mask << low) | (number & mask) << low)
    return bytes(changed)


def _splice(draw: Random, data: bytes, other: bytes) -> bytes:
    """A section of another file takes the place of ours, and the directory is put in order."""
    mine, theirs = parts_of(data), parts_of(other)
    kinds = {part[1] for part in mine} & {part[1] for part in theirs}
    if not kinds:
        return data
    kind = draw.choice(sorted(kinds))
    taken = draw.choice([p for p in theirs if p[1] == kind])
    place = draw.choice([p for p in mine if p[1] == kind])
    content = other[8 * taken[3] : 8 * (taken[3] + taken[4])]
    at = 8 * place[3]
    changed = bytearray(data[:at] + content + data[at + 8 * place[4] :])
    grown = taken[4] - place[4]
    for entry, _, items, offset, length in mine:
        here = 8 * (HEADER_WORDS + DIRECTORY.words * entry)
        (first,) = struct.unpack_from("<Q", changed, here)
        if entry == place[0]:
            items, length = taken[2], taken[4]
        moved = offset + grown if offset > place[3] else offset
        first = first & 0xFFFF | items << 16
        struct.pack_into("<2Q", changed, here, first, moved & 0xFFFFFFFF | length << 32)
    return bytes(changed)


def _directory(draw: Random, data: bytes, other: bytes) -> bytes:
    """A number of header or directory."""
    words = min(len(data) // 8, HEADER_WORDS + 2 * 40)
    if not words:
        return data
    layout = draw.choice((HEADER, DIRECTORY))
    field = draw.choice(layout.fields)
    start = 0 if layout is HEADER else HEADER_WORDS + 2 * draw.randrange(20)
    at = 8 * (start + field.word)
    return _put(draw, data, at, field.low, field.bits) if at + 8 <= len(data) else data


def mutated_text(draw: Random, text: str, other: str) -> str:
    """One mutation of a text of assembly."""
    lines = text.split("\n")
    a, b = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(9):
        case 0:
            del lines[a]
        case 1:
            lines.insert(b, lines[a])
        case 2:
            lines[a], lines[b] = lines[b], lines[a]
        case 3:
            theirs = other.split("\n")
            start = draw.randrange(len(theirs))
            lines[a:a] = theirs[start : start + draw.choice((1, 3, 30))]
        case 4:
            words = lines[a].split(" ")
            words[draw.randrange(len(words))] = draw.choice(_TOKENS)
            lines[a] = " ".join(words)
        case 5:
            words = lines[a].split(" ")
            words.insert(draw.randrange(len(words) + 1), draw.choice(_TOKENS))
            lines[a] = " ".join(words)
        case 6:
            place = draw.randrange(len(lines[a]) + 1)
            drawn = chr(draw.choice((draw.randrange(128), draw.randrange(0x110000))))
            lines[a] = lines[a][:place] + drawn + lines[a][place + draw.randrange(2) :]
        case 7:
            digits = [k for k, letter in enumerate(lines[a]) if letter.isdigit()]
            if digits:
                k = draw.choice(digits)
                number = str(draw.choice(INTERESTING) * draw.choice((1, 1, -1)))
                lines[a] = lines[a][:k] + number + lines[a][k + 1 :]
        case _:
            return text[: draw.randrange(len(text) + 1)]
    return "\n".join(lines)

"""Images made to harm the verifier: huge, deep, or damaged anywhere. It says so, and soon."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import IntEnum
from random import Random

import pytest

from bsc.diag import DiagnosticError
from bsc.isa.image import Image
from bsc.isa.kinds import COUNT_IMMEDIATE, Counter, EntryKind, Register, VectorKind
from bsc.isa.records import LAYOUTS, LogicalArray, TilePlace, Vector
from bsc.isa.verify import verify_image
from bsc.isa.words import encode_word
from bsc.numerics.state import CellStyle
from bsc.testing.images import random_image, random_word
from bsc.testing.verified_images import CoreText, assembled

REGISTERS = {"samples": 1000, "batch": 64, "repeats": 3, "reads": 2}
SECONDS = 20
"""What takes a second on one machine may take so long on another; quadratic work takes minutes."""

BASE = assembled([CoreText("y kind=sum length=4 base=0\n", "halt")], arrays=False)
HALT, END = encode_word("halt"), encode_word("end")
TWICE = COUNT_IMMEDIATE | 2


def image_of(words, vectors):
    chip = replace(BASE.chip, sums=2**31)
    core = replace(BASE.cores[0], code=(*words, HALT), vectors=tuple(vectors))
    return replace(BASE, chip=chip, cores=(core,))


def loop(counter=Counter.NONE):
    return encode_word("loop", counter=counter, count=TWICE)


def clear(number):
    return encode_word("clear", sum=number)


OVERLAPPING = [Vector(f"v{k}", VectorKind.SUM, 4095, k) for k in range(4095)]
VIEWS = [Vector("r", VectorKind.SUM, 8190, 0)] + [
    Vector(f"v{k}", VectorKind.SUM, 1, 2 * k, parent=0) for k in range(4094)
]
CLEARS = [clear(k % 4095) for k in range(20000)]
LOOPS = [word for k in range(5000) for word in (loop(Counter.SLOT), clear(k % 4095), END)]
HOSTILE = {
    "vectors that all share memory": image_of(CLEARS, OVERLAPPING),
    "the same in a loop over slots": image_of([loop(Counter.SLOT), *CLEARS, END], OVERLAPPING),
    "thousands of loops": image_of(LOOPS, OVERLAPPING),
    "thousands of loops, seven deep": image_of([loop()] * 7 + LOOPS + [END] * 7, OVERLAPPING),
    "thousands of intervals": image_of(CLEARS, VIEWS),
    "thousands of intervals in loops": image_of(CLEARS[:4095] + LOOPS, VIEWS),
    "additions in thousands of places": image_of(
        [clear(0)]
        + [encode_word("add", sum=k % 4094 + 1, term=(k + 1) % 4094 + 1) for k in range(8000)],
        VIEWS,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_large_images_are_looked_at_once(name):
    start = time.monotonic()
    proof = verify_image(HOSTILE[name], "<test>")
    proof.cycles(EntryKind.TRAIN, **REGISTERS)
    proof.wide_sums(EntryKind.TRAIN, **REGISTERS)
    assert time.monotonic() - start < SECONDS


def test_as_many_tiles_as_a_core_can_have():
    start = time.monotonic()
    for rows, columns in ((65535, 1), (1, 65535), (256, 256)):
        array = LogicalArray("a", 0, CellStyle.DIRECT, rows, rows, columns, 1)
        places = [(row, column) for row in range(rows) for column in range(columns)]
        Random(1).shuffle(places)
        tiles = [
            TilePlace(0, k, row, row + 1, column, column + 1)
            for k, (row, column) in enumerate(places)
        ]
        core = replace(BASE.cores[0], tiles=tuple(tiles))
        verify_image(replace(BASE, arrays=(array,), cores=(core,)), "<test>")
    assert time.monotonic() - start < SECONDS


def test_nested_pieces_are_not_gone_through():
    chunks = [
        encode_word(
            "chunks",
            piece=Register.B0 + k,
            total=Register.SAMPLES if k == 0 else Register.B0 + k - 1,
            count=Register.BATCH if k == 0 else COUNT_IMMEDIATE | 3,
        )
        for k in range(4)
    ]
    words = [*chunks, *[loop()] * 4, *[encode_word("tick")] * 100, *[END] * 8]
    proof = verify_image(image_of(words, ()), "<test>")
    start = time.monotonic()
    assert proof.cycles(EntryKind.TRAIN, **{**REGISTERS, "samples": 2**47}) > 2**47
    assert time.monotonic() - start < SECONDS


def test_a_search_for_an_order_of_messages_ends():
    """256 cores in a ring, and cores whose loops cannot be matched."""
    vectors = "y kind=sum length=4 base=0\n"
    start = time.monotonic()

    def ring(core, cores):
        talk = f"send y, core {(core + 1) % cores}\nreceive y, core {(core - 1) % cores}\n"
        return f"clear y\nloop none, samples\n{talk * 20}end"

    cores = [CoreText(vectors, ring(core, 256)) for core in range(256)]
    verify_image(assembled(cores, arrays=False), "<test>")

    def staggered(core, cores):
        body = "".join(
            f"send y, core {(core + k) % cores}\nreceive y, core {(core - k) % cores}\n"
            for k in range(1, cores)
        )
        more = f"send y, core {core + 1}\n" if core < cores - 1 else ""
        return "clear y\n" + "loop none, samples\n" * 8 + body + more + "end\n" * 8

    cores = [CoreText(vectors, staggered(core, 16)) for core in range(16)]
    with pytest.raises(DiagnosticError) as caught:
        verify_image(assembled(cores, arrays=False), "<test>")
    assert {d.code for d in caught.value.diagnostics} == {"BSC5236"}
    assert time.monotonic() - start < SECONDS


def whatever(image: Image) -> bool:
    """Verify; whether the image is accepted. Anything but a diagnostic fails the test."""
    try:
        proof = verify_image(image, "<test>")
    except DiagnosticError:
        return False
    for kind in image.kinds():
        proof.cycles(kind, **REGISTERS)
        proof.wide_sums(kind, **REGISTERS)
    return True


def test_random_images_are_refused_with_a_diagnostic():
    draw = Random(1)
    for _ in range(300):
        whatever(random_image(draw))


VECTORS = """
l kind=level length=8 base=0 slots=4
x kind=bit length=8 base=0 slots=4
y kind=sum length=4 base=0 slots=4
z kind=bit length=4 base=32 slots=4
z.head of=z base=0 length=2
d kind=bit length=4 base=48 slots=4
o kind=bit length=4 base=64
e kind=sign length=4 base=0 slots=4
f kind=sign length=4 base=16
c kind=label length=1 base=0
s kind=sum length=4 base=200
"""
TRAINING = """
chunks b0, samples, batch
chunks b1, b0, 4
loop slot, b1
in l
encode x, l, layer 0
read y, x, [0-1]
read.add y, x, [2]
sample.gate z, d, y, n
end
loop slot, b1
label c
read s, z, [3-4]
readout o, s, o
error f, o, c
sign e, y, d
count x, e, [0-2]
count z, f, [3-4]
end
end
carry u, [0-2]
carry v, [3-4]
refresh u, [0-2]
advance b0
tick
end
"""


def damaged(draw, record):
    """The record with one number changed."""
    layout = LAYOUTS[type(record)]
    field = draw.choice([f for f in layout.fields if isinstance(getattr(record, f.name), int)])
    old = getattr(record, field.name)
    new = draw.choice([old + 1, old - 1, 0, 1, 2, field.most, field.least, draw.randint(0, 20)])
    kind = type(old) if isinstance(old, IntEnum) and new in type(old)._value2member_map_ else int
    return replace(record, **{field.name: kind(new)})


def test_damaged_images_are_refused_with_a_diagnostic_or_are_in_order():
    draw = Random(2)
    image = assembled([CoreText(VECTORS, TRAINING)])
    assert whatever(image)
    accepted = 0
    for _ in range(1500):
        core = image.cores[0]
        changed = image
        match draw.randrange(6):
            case 0:
                code = list(core.code)
                code[draw.randrange(len(code))] = random_word(draw)
                changed = replace(image, cores=(replace(core, code=tuple(code)),))
            case 1:
                code = list(core.code)
                code[draw.randrange(len(code))] ^= 1 << draw.randrange(64)
                changed = replace(image, cores=(replace(core, code=tuple(code)),))
            case 2:
                code = list(core.code)
                a, b = draw.randrange(len(code)), draw.randrange(len(code))
                code[a], code[b] = code[b], code[a]
                changed = replace(image, cores=(replace(core, code=tuple(code)),))
            case 3:
                member = draw.choice(["vectors", "tiles"])
                rows = list(getattr(core, member))
                place = draw.randrange(len(rows))
                rows[place] = damaged(draw, rows[place])
                changed = replace(image, cores=(replace(core, **{member: tuple(rows)}),))
            case 4:
                member = draw.choice(["arrays", "neurons", "readouts", "updates", "entries"])
                rows = list(getattr(image, member))
                place = draw.randrange(len(rows))
                rows[place] = damaged(draw, rows[place])
                changed = replace(image, **{member: tuple(rows)})
            case _:
                member = draw.choice(["chip", "timing"])
                changed = replace(image, **{member: damaged(draw, getattr(image, member))})
        accepted += whatever(changed)
    assert 100 < accepted < 1400

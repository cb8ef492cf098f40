"""Assembly: what a person may write, what `disassemble` writes, and both ways without loss."""

from __future__ import annotations

import time
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsc.diag import DiagnosticError
from bsc.isa.assemble import assemble
from bsc.isa.binary import decode, encode
from bsc.isa.disassemble import disassemble
from bsc.isa.image import Core, Image, Table
from bsc.isa.instructions import TABLE
from bsc.isa.kinds import EntryKind, VectorKind
from bsc.isa.records import NONE_16, Entry, LogicalArray, Origin, TilePlace, Update, Vector
from bsc.isa.state_bytes import from_bytes, length, to_bytes
from bsc.isa.words import decode_word, encode_word
from bsc.numerics.state import CellStyle
from bsc.testing.images import random_image
from bsc.testing.isa_examples import prelude

SMALL = """\
; A person's hand: keys in any order, defaults left out, blanks and comments anywhere.
  .isa 1.0 ; the version
.target 000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F
.timing link_latency=11 queue=8 issue=1 host_bits=2 encode_lanes=3 read=4 neuron_lanes=5 \
readout=6 counter_lanes=7 pulse=8 pulse_lanes=9 link_bits=10
.chip noise_bits=4 channel_depth=2 batch=0x40 bits=10 signs=0 sums=20 levels=3 labels=0 counts=0 \
backing=512
.table n.T entries=12
.array dense1 layer=0 style=pair-down rows=3 inputs=+2 columns=2 scale=16383
.neuron n layer=0 half=-5 threshold=n.T low=-
.update dense1 layer=0 threshold=64 pulses=1 step_down=n.T
.core 0
.vector l kind=level base=0 length=3
.vector x base=0 kind=bit length=3 slots=16
.vector x.tail of=x base=2 length=1 first=2
.vector y kind=sum length=2 base=0
.tile 0 columns=0-1 rows=0-2 array=dense1 number=7
.tile 1 array=dense1 number=8 rows=1 columns=1
.entry train
train:
.origin "/layer1/\\"Gemm\\" \\\\ ; 1"
chunks b0, samples, batch
loop slot, b0
in l
encode x, l, layer 0
again: read y, x, [0-1 3]
clear #77
end
carry dense1, [0]
tick
end
halt
.entry infer
loop none, 0x10
wait [neuron array]
end
halt
.data n.T
-5 -4 +3 0x10 ; four
7 x 3 -2147483648
2147483647 0 x 2 9
.state seed=0xffffffffffffffff epochs=2
"""
STATE = bytes(range(48))

NORMAL = """\
.isa      1.0
.target   000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
.chip     noise_bits=4 channel_depth=2 batch=64 bits=10 signs=0 sums=20 levels=3 labels=0 \
counts=0 backing=512
.timing   issue=1 host_bits=2 encode_lanes=3 read=4 neuron_lanes=5 readout=6 counter_lanes=7 \
pulse=8 pulse_lanes=9 link_bits=10 link_latency=11 queue=8
.array    dense1 layer=0 style=pair-down rows=3 inputs=2 columns=2 scale=16383
.table    n.T entries=12
.neuron   n layer=0 threshold=n.T half=-5
.update   dense1 layer=0 threshold=64 pulses=1 step_down=n.T

.core     0
.vector   l kind=level length=3 base=0
.vector   x kind=bit length=3 base=0 slots=16
.vector   x.tail of=x length=1 base=2 first=2
.vector   y kind=sum length=2 base=0
.tile     0 array=dense1 number=7 rows=0-2 columns=0-1
.tile     1 array=dense1 number=8 rows=1-1 columns=1-1

.entry    train
train:
.origin   "/layer1/\\"Gemm\\" \\\\ ; 1"
        chunks  b0, samples, batch
          loop    slot, b0
            in      l
            encode  x, l, layer 0
            read    y, x, [0-1 3]
            clear   #77
          end
          carry   dense1, [0]
          tick
        end
        halt

.entry    infer
infer:
        loop    none, 16
          wait    [array neuron]
        end
        halt

.data     n.T
        -5 -4 3 16 7 7 7 -2147483648
        2147483647 0 0 9

.state    samples=0 checks=0 epochs=2 seed=18446744073709551615
        000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
        202122232425262728292a2b2c2d2e2f
"""


def small() -> Image:
    rows = "".join(f"  {STATE[k : k + 7].hex(' ')} ; seven\n" for k in range(0, 48, 7))
    return assemble(SMALL + rows, "small.s")


def test_what_a_person_writes_has_one_normal_form() -> None:
    assert disassemble(small()) == NORMAL
    assert disassemble(assemble(NORMAL, "normal.s")) == NORMAL
    assert encode(assemble(NORMAL, "normal.s")) == encode(small())
    for end in ("\r\n", "\r"):
        assert encode(assemble(NORMAL.replace("\n", end), "dos.s")) == encode(small())


def test_what_was_written_is_what_the_image_holds() -> None:
    image = small()
    assert image.target == bytes(range(32))
    assert (image.chip.batch, image.timing.link_latency) == (64, 11)
    assert image.arrays == (LogicalArray("dense1", 0, CellStyle.PAIR_DOWN, 3, 2, 2, 16383),)
    assert image.updates == (Update("dense1", 0, 64, 1, step_down=0),)
    assert (image.neurons[0].low, image.neurons[0].high) == (NONE_16, NONE_16)
    assert image.tables[0].values.tolist() == [
        -5, -4, 3, 16, 7, 7, 7, -(1 << 31), (1 << 31) - 1, 0, 0, 9
    ]  # fmt: skip
    core = image.cores[0]
    assert core.vectors[2] == Vector("x.tail", VectorKind.BIT, 1, 2, 16, 2, 1)
    assert core.tiles == (TilePlace(0, 7, 0, 3, 0, 2), TilePlace(0, 8, 1, 2, 1, 2))
    assert core.origins == (Origin(0, '/layer1/"Gemm" \\ ; 1'),)
    assert image.entries == (Entry(EntryKind.TRAIN, 0, 0), Entry(EntryKind.INFER, 0, 11))
    assert decode_word(core.code[4]).operands == {"sum": 3, "bits": 1, "tiles": 0b1011 << 16}
    assert image.state is not None
    assert to_bytes(image.state)[:48] == STATE
    assert (image.state.seed, image.state.epochs) == ((1 << 64) - 1, 2)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_random_images_come_back_from_their_text(draw: Random) -> None:
    data = encode(random_image(draw))
    text = disassemble(decode(data, "random.bin"))
    again = assemble(text, "random.s")
    assert encode(again) == data
    assert disassemble(again) == text


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_examples_of_instructions_come_back(row) -> None:
    image = assemble(prelude(row.example.code, row.example.other), "example.s")
    assert encode(assemble(disassemble(image), "again.s")) == encode(image)


def test_entries_are_in_order_of_kind_and_core_however_they_are_written() -> None:
    head = NORMAL.partition("\n.core")[0].partition(".array")[0]
    text = head + "".join(
        f".core {core}\n.entry {kinds[0]}\n tick\n.entry {kinds[1]}\n.entry binary\n halt\n"
        for core, kinds in enumerate([("vote", "train"), ("train", "vote")])
    )
    entries = assemble(text, "entries.s").entries
    assert [(e.kind.name, e.core, e.address) for e in entries] == [
        ("TRAIN", 0, 1), ("TRAIN", 1, 0), ("VOTE", 0, 0), ("VOTE", 1, 1), ("BINARY", 0, 1),
        ("BINARY", 1, 1),
    ]  # fmt: skip


def test_code_that_opens_any_number_of_loops_takes_little_room() -> None:
    loop = encode_word("loop", counter=0, count=0)
    image = replace(small(), cores=(Core((loop,) * 50_000),), entries=(), state=None)
    text = disassemble(image)
    assert len(text) < 5_000_000
    assert assemble(text, "deep.s").cores[0].code == image.cores[0].code


def trained(rows: int, columns: int) -> Image:
    arrays = (LogicalArray("big", 0, CellStyle.PAIR_DOWN, rows, rows - 1, columns, 16383),)
    stream = np.random.default_rng(5).bytes(length(arrays))
    return replace(small(), arrays=arrays, cores=(Core((1,)),), entries=(), neurons=(), updates=(),
                   state=from_bytes(arrays, stream))  # fmt: skip


def test_a_trained_network_of_five_megabytes_is_read_in_a_second() -> None:
    image = trained(785, 400)
    text = disassemble(image)
    assert 5 < len(text) / 1e6 < 6
    began = time.process_time()
    again = assemble(text, "trained.s")
    assert time.process_time() - began < 2  # 0.1 seconds where nothing else runs
    assert encode(again) == encode(image)


def test_a_table_of_a_million_entries_is_read_in_seconds() -> None:
    rng = np.random.default_rng(6)
    values = np.repeat(rng.integers(-(1 << 31), 1 << 31, 1 << 18), rng.integers(1, 8, 1 << 18))
    image = replace(small(), tables=(Table("n.T", values.astype(np.int32)),))
    text = disassemble(image)
    began = time.process_time()
    again = assemble(text, "table.s")
    assert time.process_time() - began < 5  # about half a second
    assert np.array_equal(again.tables[0].values, values)


def test_a_text_with_any_damage_is_refused_in_words_or_has_a_normal_form() -> None:
    draw = Random(7)
    words = NORMAL.split(" ")
    signs = ["=", ",", "[", "]", ":", '"', ";", "\\", "-", "#", ".", "\n", "x", "9" * 50, "é", ""]
    passed = 0
    for _ in range(3000):
        damaged = list(words)
        for _ in range(draw.randint(1, 3)):
            at, other = draw.randrange(len(words)), draw.choice(words)
            place = draw.randrange(len(damaged[at]) + 1)
            sign = draw.choice(signs)
            damaged[at] = draw.choice([other, damaged[at][:place] + sign + damaged[at][place:],
                                       damaged[at][:place], f"{other} {damaged[at]}"])  # fmt: skip
        try:
            image = assemble(" ".join(damaged), "damaged.s")
        except DiagnosticError:
            continue
        passed += 1
        assert encode(assemble(disassemble(image), "again.s")) == encode(image)
    assert passed > 100

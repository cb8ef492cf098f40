"""The verifier's rules of structure: loops, registers, entries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bsc.diag import DiagnosticError, render_all
from bsc.isa.image import Core
from bsc.isa.kinds import Counter, EntryKind, Register
from bsc.isa.records import Entry
from bsc.isa.verify import Instr, Loop, instructions, verify_image
from bsc.isa.words import encode_word
from bsc.testing.verified_images import CoreText, assembled

VECTORS = "y kind=sum length=4 base=0\n"


def image_of(code, **more):
    return assembled([CoreText(VECTORS, code, **more)], arrays=False)


def refused(image, code="BSC5230"):
    with pytest.raises(DiagnosticError) as caught:
        verify_image(image, "<test>")
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {code}
    return render_all(caught.value.diagnostics)


def test_trees_say_where_loops_begin_and_end():
    image = image_of(
        "chunks b0, samples, batch\nloop slot, b0\nclear y\nend\nloop none, 3\nadvance b0\nend\nend"
    )
    (tree,) = (of_core[EntryKind.TRAIN] for of_core in verify_image(image, "<test>").trees)
    chunks, halt = tree
    assert isinstance(chunks, Loop)
    assert (chunks.address, chunks.end, chunks.counter) == (0, 7, Counter.NONE)
    assert (chunks.piece, chunks.total) == (Register.B0, Register.SAMPLES)
    assert chunks.count.register is Register.BATCH
    slots, rest = chunks.body
    assert isinstance(slots, Loop)
    assert isinstance(rest, Loop)
    assert (slots.address, slots.end, slots.counter) == (1, 3, Counter.SLOT)
    assert (rest.piece, rest.count.number, rest.count.register) == (None, 3, None)
    assert isinstance(halt, Instr)
    assert [instr.name for instr in instructions(tree)] == ["clear", "advance", "halt"]


def test_an_end_too_many_and_one_too_few():
    assert "core 0 at 1: end]" in refused(image_of("clear y\nend"))
    assert "[core 0 at 0: loop none, 2]" in refused(image_of("loop none, 2\nclear y"))
    assert "the loop has no end" in refused(image_of("loop none, 2\nclear y"))


def test_eight_loops_stand_inside_each_other_and_no_more():
    nested = "loop none, 2\n" * 8 + "clear y\n" + "end\n" * 8
    verify_image(image_of(nested), "<test>")
    nested = "loop none, 2\n" * 9 + "clear y\n" + "end\n" * 9
    assert "more than 8 loops" in refused(image_of(nested))


def test_a_counter_counts_one_loop_at_a_time():
    verify_image(image_of("loop slot, 2\nclear y\nend\nloop slot, 3\nclear y\nend"), "<test>")
    verify_image(image_of("loop none, 2\nloop none, 3\nclear y\nend\nend"), "<test>")
    text = refused(image_of("loop slot, 2\nloop slot, 3\nclear y\nend\nend"))
    assert "a surrounding loop counts with slot already" in text


def test_a_piece_register_belongs_to_one_chunks_and_is_used_inside_it():
    inside = "chunks b0, samples, 4\nchunks b1, b0, 2\nadvance b1\nend\nend"
    verify_image(image_of(inside), "<test>")
    for code in (
        "loop slot, b0\nclear y\nend",
        "advance b1",
        "chunks b0, b1, 2\nclear y\nend",
        "chunks b0, b0, 2\nclear y\nend",
        "chunks b0, samples, 2\nclear y\nend\nadvance b0",
    ):
        assert "no surrounding chunks writes the register b" in refused(image_of(code)), code
    text = refused(image_of("chunks b0, samples, 4\nchunks b0, reads, 2\nclear y\nend\nend"))
    assert "a surrounding chunks writes the register b0 already" in text


def test_entries_end_with_a_halt_outside_of_loops():
    image = image_of("clear y")
    code = image.cores[0].code[:-1]
    assert "a halt is missing" in refused(
        replace(image, cores=(replace(image.cores[0], code=code),))
    )
    assert "halt stands inside a loop" in refused(image_of("loop none, 2\nhalt\nend"))


def test_every_word_belongs_to_one_entry():
    verify_image(image_of("clear y", kinds=("train", "infer")), "<test>")
    image = image_of("clear y")
    text = refused(replace(image, cores=(replace(image.cores[0], code=image.cores[0].code * 2),)))
    assert "[core 0 at 2: clear y]" in text
    assert "no entry leads here" in text
    moved = replace(image, entries=(Entry(EntryKind.TRAIN, 0, 1),))
    assert "no entry leads here" in refused(moved)
    shared = replace(image, entries=(*image.entries, Entry(EntryKind.INFER, 0, 1)))
    assert "starts inside the code of another entry" in refused(shared)
    same = replace(image, entries=(*image.entries, Entry(EntryKind.INFER, 0, 0)))
    assert "starts inside the code of another entry" in refused(same)


def test_entries_are_of_cores_that_are_there_and_each_core_has_all_of_them():
    one, two = CoreText(VECTORS, "clear y"), CoreText(VECTORS, "halt", ("train", "vote"))
    assert "core 0" in refused(assembled([one, two], arrays=False))
    image = image_of("clear y")
    away = replace(image, entries=(*image.entries, Entry(EntryKind.VOTE, 7, 0)))
    assert "there is no core 7" in refused(away)
    twice = replace(image, entries=image.entries * 2)
    assert "has the entry train a second time" in refused(twice)
    far = replace(image, entries=(Entry(EntryKind.TRAIN, 0, 99),))
    assert "entry train is at 99, code has 2 words" in refused(far)


def test_words_that_are_no_instructions():
    image = image_of("clear y")
    for word in (0xEE, 1 << 63, -1, 1 << 64):
        core = replace(image.cores[0], code=(word, encode_word("halt")))
        assert "[core 0 at 0: " in refused(replace(image, cores=(core,)))


def test_images_without_code_and_with_too_many_cores():
    image = image_of("halt")
    assert "0 words of code" in refused(replace(image, cores=(replace(image.cores[0], code=()),)))
    assert "0 cores, expected 1 to 256" in refused(replace(image, cores=(), entries=()))
    cores = image.cores * 257
    entries = tuple(Entry(EntryKind.TRAIN, k, 0) for k in range(257))
    assert "257 cores" in refused(replace(image, cores=cores, entries=entries))
    verify_image(replace(image, cores=cores[:256], entries=entries[:256]), "<test>")


def test_not_more_than_twenty_problems_are_told():
    image = image_of("halt")
    core = Core(code=(0xEE,) * 1000)
    with pytest.raises(DiagnosticError) as caught:
        verify_image(replace(image, cores=(core,)), "<test>")
    assert len(caught.value.diagnostics) == 20

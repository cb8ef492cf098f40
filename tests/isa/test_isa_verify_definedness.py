"""The verifier's rule that nothing is read before it is written, and the sets that it rests on."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from bsc.diag import DiagnosticError, render_all
from bsc.isa.kinds import Counter, EntryKind, OperandKind
from bsc.isa.verify import Loop, verify_image
from bsc.isa.verify.areas import areas
from bsc.isa.verify.intervals import Intervals
from bsc.isa.verify.trees import host_registers
from bsc.testing.verified_images import CoreText, assembled

VECTORS = """
y kind=sum length=4 base=0 slots=4
y.head of=y base=0 length=2
y.tail of=y base=2 length=2 first=2
t kind=sum length=4 base=100
t.head of=t base=0 length=2
u kind=sum length=4 base=102
wide kind=sum length=4 base=104 slots=4
s kind=sum length=4 base=200
w kind=sum length=4 base=300 slots=16
z kind=bit length=4 base=0
"""


def image_of(code):
    return assembled([CoreText(VECTORS, code)], arrays=False)


def accepted(code):
    verify_image(image_of(code), "<test>")


def refused(code):
    with pytest.raises(DiagnosticError) as caught:
        verify_image(image_of(code), "<test>")
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {"BSC5235"}
    return render_all(caught.value.diagnostics)


def test_straight_code():
    accepted("clear t\nout t")
    text = refused("out t")
    assert "[core 0 at 0: out t]: " not in text
    assert "[core 0 at 0: out t]" in text
    assert "t is read, but its element 0 may not have been written" in text


def test_what_is_added_to_must_be_there():
    accepted("clear t\nclear s\nadd t, s")
    assert "s is read" in refused("clear t\nadd t, s")
    assert "t is read" in refused("clear s\nadd t, s")
    assert "z is read" in refused("clear s\nadd s, z")


def test_parts_are_written_through_views():
    accepted("clear y.head\nout y.head")
    accepted("clear y.head\nclear y.tail\nout y")
    accepted("clear y\nout y.tail")
    assert "y is read, but its element 2 may" in refused("clear y.head\nout y")
    assert "y.tail is read, but its element 0" in refused("clear y.head\nout y.tail")


def test_a_problem_is_told_once():
    assert refused("out t\nout t\nout t").count("BSC5235") == 1


def test_buffers_share_memory_while_they_are_not_alive():
    accepted("clear t\nout t\nclear u\nout u\nclear wide\nout wide")
    text = refused("clear t\nclear u\nout t")
    assert (
        "t is read, but its element 0 may not have been written; the word at 1 writes over" in text
    )
    accepted("clear t\nclear u\nclear t\nout t")
    assert "u is read" in refused("clear u\nloop slot, 4\nclear wide\nend\nout u")


def test_bodies_are_executed_at_least_once():
    accepted("loop none, reads\nclear t\nend\nout t")
    accepted("chunks b0, samples, batch\nclear t\nend\nout t")


def test_what_a_pass_ends_is_not_there_in_the_next():
    code = "clear t\nloop none, 2\nout t\nclear u\nend"
    assert "[core 0 at 2: out t]" in refused(code)
    assert "the word at 3 writes over it" in refused(code)
    accepted("clear t\nloop none, 2\nout t\nclear u\nclear t\nend")
    accepted("clear t\nloop none, 2\nclear t\nout t\nend")
    accepted("clear t\nloop none, 2\nout t\nend\nclear u")
    assert "u is read" in refused("loop none, 2\nloop none, 2\nclear u\nclear t\nend\nend\nout u")
    assert "[core 0 at 3: out t]" in refused(
        "clear t\nloop none, 2\nloop none, 3\nout t\nend\nclear u\nend"
    )
    part = "clear t\nloop none, 2\nout {}\nclear u\nclear t.head\nend"
    assert "its element 2 may not" in refused(part.format("t"))
    accepted(part.format("t.head"))
    half = "clear y\nloop none, 2\nout y\nclear y.head\nend"
    accepted(half)


def test_a_vector_of_one_slot_is_one_place():
    accepted("loop slot, samples\nclear t\nend\nloop slot, batch\nout t\nend\nout t")
    accepted("clear t\nloop slot, samples\nout t\nend")


def test_slots_are_defined_by_a_loop_of_the_same_count():
    fill = "chunks b0, samples, 4\nloop slot, b0\nclear y\nend\n"
    accepted(fill + "loop slot, b0\nout y\nend\nend")
    accepted(fill + "loop repeat, repeats\nloop slot, b0\nout y\nend\nend\nend")
    accepted(fill + "out y\nend")  # slot 0 is one of them
    assert "y is read" in refused(fill + "loop slot, 4\nout y\nend\nend")
    assert "y is read" in refused(fill + "loop slot, samples\nout y\nend\nend")
    assert "y is read" in refused("clear y\nloop slot, 4\nout y\nend")
    accepted("loop slot, 4\nclear y\nend\nloop none, 9\nloop slot, 4\nout y\nend\nend")
    assert "y is read" in refused("loop slot, 4\nclear y\nend\nloop slot, 3\nout y\nend")


def test_slots_of_a_piece_end_with_the_piece():
    code = "chunks b0, samples, 4\nloop slot, b0\nclear y\nend\nend\n"
    assert "y is read" in refused(code + "chunks b0, samples, 4\nloop slot, b0\nout y\nend\nend")
    first = "chunks b0, samples, 4\nloop slot, b0\nout y\nend\nloop slot, b0\nclear y\nend\nend"
    assert "[core 0 at 2: out y]" in refused(first)
    accepted(code + "out y")


def test_the_most_that_a_piece_can_be_is_known_through_pieces_of_pieces():
    fill = "loop slot, b1\nclear y\nend\nloop slot, b1\nout y\nend\nend\nend"
    accepted("chunks b0, samples, batch\nchunks b1, b0, 4\n" + fill)
    accepted("chunks b0, samples, 4\nchunks b1, b0, batch\n" + fill)
    text = refused("chunks b0, samples, batch\nchunks b1, b0, batch\n" + fill)
    assert "samples of the loop at 2 share its slots" in text
    assert "share its slots" in refused("chunks b0, samples, 5\nchunks b1, b0, 6\n" + fill)


def test_slots_that_samples_share_hold_nobodys_sum():
    accepted("loop slot, batch\nclear y\nout y\nend")
    fill = "loop slot, batch\nclear y\nend\n"
    assert "y is read" in refused(fill + "loop slot, batch\nout y\nend")
    assert "y is read" in refused(fill + "out y")
    assert "share its slots" in refused("clear y\n" + fill + "out y")
    assert "share its slots" in refused("clear y\nloop none, 2\nout y\n" + fill + "end")
    deeper = f"clear y\nloop none, 2\nout y\nloop none, 2\n{fill}end\nend"
    assert "share its slots" in refused(deeper)
    accepted(fill + "clear y\nout y")
    assert "y is read" in refused("loop slot, 5\nclear y\nend\nloop slot, 5\nout y\nend")


def test_slots_that_a_later_pass_writes_over():
    """t shares memory with wide: in pass i slot i is written, and then all are ended."""
    code = "loop slot, 4\nclear wide\n{}end\nloop slot, 4\nout wide\nend"
    accepted(code.format(""))
    assert "wide is read" in refused(code.format("clear u\n"))
    assert "wide is read" in refused(
        "loop slot, 4\nclear u\nclear wide\nend\nloop slot, 4\nout wide\nend"
    )
    accepted("loop slot, 4\nclear u\nclear wide\nout wide\nend")
    begin = "loop slot, 4\nclear wide\nend\nloop slot, 4\nout wide\nclear u\nend"
    assert "wide is read" in refused(begin)


def test_sets_of_elements():
    draw = Random(1)
    for _ in range(300):
        sets, numbers = [Intervals(), Intervals()], [set(), set()]
        for _ in range(draw.randint(0, 12)):
            which, start = draw.randrange(2), draw.randint(0, 30)
            stop = start + draw.randint(1, 8)
            sets[which].add(start, stop)
            numbers[which] |= set(range(start, stop))
        for found, expected in zip(
            [*sets, sets[0].common(sets[1])], [*numbers, numbers[0] & numbers[1]], strict=True
        ):
            pairs = list(zip(found.starts, found.stops, strict=True))
            assert {n for a, b in pairs for n in range(a, b)} == expected
            gaps = pairwise(pairs)
            assert all(b < a for (_, b), (a, _) in gaps)
            for start in range(0, 40, 3):
                least = min(set(range(start, start + 5)) - expected, default=None)
                assert found.missing(start, start + 5) == least


def random_code(draw, names, recent, depth=0, slotted=False):
    """Code that mostly reads what it wrote lately, so that some of it is accepted."""
    lines = []
    for _ in range(draw.randint(1, 4)):
        kind = draw.random()
        if kind < 0.35 and depth < 3:
            body = draw.choice(["loop none, 2", "loop none, reads", "chunks b0, samples, 4"])
            if not slotted and draw.random() < 0.6:
                body = f"loop slot, {draw.choice(['4', '16', 'samples', 'b0', 'b0'])}"
            inner = random_code(draw, names, recent, depth + 1, slotted or "slot" in body)
            lines += [body, *inner, "end"]
        elif kind < 0.65 or not recent:
            recent.append(draw.choice(names))
            lines.append(f"clear {recent[-1]}")
        else:
            name = draw.choice(recent[-3:]) if draw.random() < 0.9 else draw.choice(names)
            lines.append(f"store {name}, 0")
    return lines


def literal(tree, places, registers, slot, owners):
    """Execute loops as they stand; raises where something is read that its vector did not write.

    Owners says for each element of memory which vector wrote it last, and for which SLOT.
    """
    for node in tree:
        if isinstance(node, Loop):
            passes = [0]
            if node.piece is None:
                passes = range(node.count.value(registers))
            else:
                total, size = registers[node.total], node.count.value(registers)
                passes = [min(size, total - k) for k in range(0, total, size)]
            for value in passes:
                if node.piece is not None:
                    registers = {**registers, node.piece: value}
                inner = value if node.counter is Counter.SLOT else slot
                literal(node.body, places, registers, inner, owners)
            continue
        for operand in node.decoded.instruction.operands:
            if operand.kind is not OperandKind.VECTOR:
                continue
            area = places[node.decoded.operands[operand.name]]
            length = (area.high - area.low) // area.slots
            base = area.low + slot % area.slots * length
            for element in range(base + area.start, base + area.stop):
                owner = area.root, slot if area.slots > 1 else 0
                if operand.reads and owners.get(element) != owner:
                    raise LookupError(node.address)
                if operand.writes:
                    owners[element] = owner


def test_random_code_that_is_accepted_reads_nothing_that_was_not_written():
    """Against execution to the letter, with several values of the registers."""
    draw = Random(7)
    counts = [0, 0, 0]
    names = ["y", "y.head", "y.tail", "t", "t.head", "u", "wide", "s", "w"]
    while sum(counts) < 1500:
        code = "\n".join(random_code(draw, names, []))
        image = image_of(code)
        try:
            tree = verify_image(image, "<test>").trees[0][EntryKind.TRAIN]
        except DiagnosticError as error:
            if any(d.code == "BSC5230" for d in error.diagnostics):
                continue
            codes = {d.code for d in error.diagnostics}
            counts[0] += codes == {"BSC5235"}
            continue
        counts[1] += 1
        places = areas(image.cores[0].vectors)
        for samples, reads in ((1, 1), (9, 1), (4, 2), (17, 3)):
            literal(tree, places, host_registers(samples, 1, 1, reads), 0, {})
        counts[2] += code.count("store") > 1 and "loop slot" in code
    assert min(counts) > 50

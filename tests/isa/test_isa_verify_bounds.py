"""What follows from a proof: cycles, counts of executions, how large sums can become."""

from __future__ import annotations

from random import Random

import pytest

from bsc.diag import DiagnosticError
from bsc.isa.kinds import Counter, EntryKind, tiles_of
from bsc.isa.verify import Loop, verify_image
from bsc.isa.verify.areas import areas
from bsc.isa.verify.bounds import Durations, control_cycles
from bsc.isa.verify.growth import NOTHING, Growth
from bsc.isa.verify.magnitudes import SUM_MOST
from bsc.isa.verify.trees import host_registers
from bsc.numerics.state import CODE_MAX
from bsc.testing.verified_images import CoreText, assembled

VECTORS = """
x kind=bit length=8 base=0 slots=4
y kind=sum length=8 base=0 slots=4
y.head of=y base=0 length=4
y.tail of=y base=4 length=4
t kind=sum length=8 base=100
t.head of=t base=0 length=4
s kind=sum length=4 base=200
w kind=sum length=8 base=300 slots=16
e kind=sign length=4 base=0
z kind=bit length=4 base=64
"""
READY = "load x, 0\nload e, 0\nload z, 0\n"
TRAIN = EntryKind.TRAIN


def proof_of(*codes):
    return verify_image(assembled([CoreText(VECTORS, code) for code in codes]), "<test>")


def registers_of(samples=1, batch=1, repeats=1, reads=1):
    return {"samples": samples, "batch": batch, "repeats": repeats, "reads": reads}


def passes_of(node, registers):
    """Each pass of a loop with the registers in it, one by one."""
    if node.piece is None:
        for number in range(node.count.value(registers)):
            yield number, registers
    else:
        total, size = registers[node.total], node.count.value(registers)
        for start in range(0, total, size):
            yield 0, {**registers, node.piece: min(size, total - start)}


def walked(tree, registers, durations, control):
    """Cycles of a core, every pass walked."""
    cycles = 0
    for node in tree:
        if not isinstance(node, Loop):
            cycles += durations.of(node)
            continue
        cycles += control
        for _, inner in passes_of(node, registers):
            cycles += walked(node.body, inner, durations, control) + control
    return cycles


def random_loops(draw, depth=0, pieces=()):
    lines = []
    for _ in range(draw.randint(1, 4)):
        if draw.random() < 0.5 and depth < 5:
            registers = ["samples", "batch", "repeats", "reads", *pieces]
            count = draw.choice([*registers, "2", "3"])
            free = [b for b in ("b0", "b1", "b2", "b3") if b not in pieces]
            if free and draw.random() < 0.5:
                piece, total = draw.choice(free), draw.choice(registers)
                head, inner = f"chunks {piece}, {total}, {count}", (*pieces, piece)
            else:
                head, inner = f"loop none, {count}", pieces
            lines += [head, *random_loops(draw, depth + 1, inner), "end"]
        else:
            lines.append(
                draw.choice(
                    [
                        "clear y",
                        "tick",
                        "in_",
                        "carry u, [0-1]",
                        "advance samples",
                        "count x, e, [0-2]",
                        *[f"advance {b}" for b in pieces],
                    ]
                )
            )
    return [line.replace("in_", "encode x, l, layer 0") for line in lines]


def test_cycles_are_those_of_walking_every_pass():
    draw = Random(3)
    level = "l kind=level length=8 base=0\n"
    for _ in range(60):
        codes = ["in l\n" + READY + "\n".join(random_loops(draw)) for _ in range(2)]
        codes[1] = codes[1].replace("carry u, [0-1]", "tick").replace("count x, e, [0-2]", "tick")
        image = assembled([CoreText(VECTORS + level, code) for code in codes])
        proof = verify_image(image, "<test>")
        for _ in range(4):
            given = registers_of(*(draw.randint(1, 5) for _ in range(4)))
            registers = host_registers(**given)
            walks = [
                walked(of_core[TRAIN], registers, Durations(image, core), control_cycles(image))
                for core, of_core in enumerate(proof.trees)
            ]
            assert proof.cycles(TRAIN, **given) == sum(walks)


def test_executions_are_counted_exactly():
    draw = Random(4)
    for _ in range(40):
        code = "\n".join(line for line in random_loops(draw) if line.split()[0] != "encode")
        proof = proof_of(READY + code)
        given = registers_of(*(draw.randint(1, 5) for _ in range(4)))
        ticks = 0

        def walk(tree, registers):
            nonlocal ticks
            for node in tree:
                if isinstance(node, Loop):
                    for _, inner in passes_of(node, registers):
                        walk(node.body, inner)
                elif node.name == "tick":
                    ticks += 1

        walk(proof.trees[0][TRAIN], host_registers(**given))
        assert proof.executed(TRAIN, 0, "tick", **given) == ticks


def test_large_counts_are_multiplied_not_walked():
    proof = proof_of("loop none, 4294967295\n" * 8 + "tick\n" + "end\n" * 8)
    assert proof.executed(TRAIN, 0, "tick", **registers_of()) == (2**32 - 1) ** 8
    assert proof.cycles(TRAIN, **registers_of()) > (2**32 - 1) ** 8


def test_what_single_instructions_cost_at_most():
    def cost(code, before=READY + "clear y\nclear s\n"):
        one, two = proof_of(before + code + "\n" + code), proof_of(before + code)
        return one.cycles(TRAIN, **registers_of()) - two.cycles(TRAIN, **registers_of()) - 1

    assert cost("tick") == 1
    assert cost("read y, x, [0-2]", READY) == 10
    assert cost("clear y") == 1
    assert cost("out y") == 8 * 64 // 64
    assert cost("store y, 0") == 8 * 64 // 64
    assert cost("count x, e, [0-2]") == 1 + 4 + 4 + 1
    assert cost("carry u, [0-1]") == 1 + 2 * (4 + 16 // 4 * 100)
    assert cost("carry v, [3]") == 1 + 4 + 3 * (8 // 4 * 100)
    assert cost("refresh u, [0-2]") == 1 + 9 * 100
    assert cost("readout z, s, o") == 8 + 4
    messages = proof_of("clear s\nsend s, core 1", "receive s, core 0")
    # clear and issue, send: header and 256 bits, receive: 1, 4 elements, latency; two halts
    assert messages.cycles(TRAIN, **registers_of()) == 2 + (1 + 1 + 4) + (1 + 1 + 1 + 4) + 2 * 2


def test_registers_are_at_least_one():
    proof = proof_of("tick")
    for name in ("samples", "batch", "repeats", "reads"):
        with pytest.raises(ValueError, match=f"register {name} is 0"):
            proof.cycles(TRAIN, **{**registers_of(), name: 0})
        with pytest.raises(ValueError, match=f"register {name} is 0"):
            proof.wide_sums(TRAIN, **{**registers_of(), name: 0})
    with pytest.raises(KeyError):
        proof.cycles(EntryKind.VOTE, **registers_of())


def most(*codes, **given):
    return sums_most(proof_of(*(READY + code for code in codes)), registers_of(**given))


def sums_most(proof, given, backing=False):
    return proof.magnitudes[TRAIN].most(host_registers(**given), backing)


def test_a_read_is_bounded_by_its_lines():
    assert most("read y, x, [0]") == 4 * CODE_MAX
    assert most("read y, x, [0-1]\nread.add y, x, [2]") == 9 * CODE_MAX
    assert most("readt t, e, [0-1]") == 4 * CODE_MAX  # a word line meets each bit line once
    assert most("clear y") == 0


def test_loops_multiply_what_is_added():
    code = "clear t\nloop none, reads\nread.add t, x, [0-1]\nend"
    assert most(code, reads=5) == 5 * 8 * CODE_MAX
    assert most(f"loop none, samples\n{code}\nend", reads=5, samples=9999) == 5 * 8 * CODE_MAX
    after = "clear t\nloop none, reads\nread.add t, x, [0]\nclear t\nread.add t, x, [0-1]\nend"
    assert most(after, reads=5) == (4 + 8) * CODE_MAX


def test_a_copy_is_as_large_as_what_is_copied():
    assert most("read y, x, [0]\ncopy t, y") == 4 * CODE_MAX
    assert most("read y, x, [0]\ncopy t, y\nadd t, y") == 8 * CODE_MAX
    assert most("read y, x, [0]\ncopy t, y\nadd y, t") == (1 << 63) - 1  # a circle
    assert most("clear t\nread y, x, [0]\ncopy y, t") == 4 * CODE_MAX


def test_slots_do_not_add_up():
    fill = "chunks b0, samples, 4\nloop slot, b0\nclear y\nend\n"
    add = "loop read, reads\nloop slot, b0\nread.add y, x, [0]\nend\nend\nend"
    assert most(fill.replace("clear y", "clear y\nload x, 0") + add, samples=99, reads=3) == (
        3 * 4 * CODE_MAX
    )
    one_place = (
        "clear t\nchunks b0, samples, 4\nloop slot, b0\nload x, 0\nread.add t, x, [0]\nend\nend"
    )
    # the last piece counts as a full one
    assert most(one_place, samples=9) == 12 * 4 * CODE_MAX


def test_a_part_that_is_cleared_does_not_clear_the_rest():
    code = "clear t\nloop none, 7\nclear t.head\nread.add t, x, [0]\nend"
    assert most(code) == 7 * 4 * CODE_MAX
    assert most("clear t\nloop none, 7\nclear t\nread.add t.head, x, [0]\nend") == 4 * CODE_MAX


def test_a_slot_that_is_cleared_does_not_clear_the_others():
    code = "loop slot, 16\nclear w\nend\nloop none, 9\n{}\nloop slot, 16\n{}\nend\nend"
    add = "load x, 0\nread.add w, x, [0]"
    assert most(code.format("clear w", add)) == 9 * 4 * CODE_MAX
    assert most(code.format("tick", f"clear w\n{add}")) == 4 * CODE_MAX
    assert most(code.format("loop slot, 16\nclear w\nend", add)) == 4 * CODE_MAX


def test_sums_of_sums_and_of_bits():
    assert most("read s, x, [0]\nclear t.head\nadd t.head, s\nadd t.head, s") == 8 * CODE_MAX
    assert most("clear s\nloop none, repeats\nadd s, z\nend", repeats=12) == 12
    assert most("clear s\nclear t.head\nadd s, t.head\nadd t.head, s") == SUM_MOST


def test_sums_of_other_cores():
    one = "read s, x, [0]\nsend s, core 1"
    two = "clear s\nreceive.add s, core 0\nread_"
    assert most(one, two.replace("\nread_", "")) == 4 * CODE_MAX
    loops = "loop none, samples\nread s, x, [0]\nsend s, core 1\nend"
    adds = "clear s\nloop none, samples\nreceive.add s, core 0\nend"
    assert most(loops, adds, samples=10) == 40 * CODE_MAX


def test_sums_from_backing_memory():
    kept = "read s, x, [0]\nstore s, 0x10\nload t.head, 0x10"
    assert most(kept) == 4 * CODE_MAX
    assert most("load s, 0") == 0
    assert most("store x, 0x10\nload s, 0x10") == SUM_MOST
    assert most("read s, x, [0]\nstore s, 0x10\nload t.head, 0x11") == SUM_MOST
    proof = proof_of(READY + kept)
    assert sums_most(proof, registers_of(), backing=True) == SUM_MOST
    assert proof.wide_sums(TRAIN, **registers_of(), backing=True)


def test_sums_are_wide_from_the_read_on_that_may_exceed_32_bits():
    proof = proof_of(READY + "clear t\nloop none, reads\nread.add t, x, [0-1]\nend")
    limit = (2**31 - 1) // (8 * CODE_MAX)
    assert not proof.wide_sums(TRAIN, **registers_of(reads=limit))
    assert proof.wide_sums(TRAIN, **registers_of(reads=limit + 1))


def test_growth_of_many_passes_is_that_of_one_after_the_other():
    draw = Random(2)
    for _ in range(2000):
        growth = NOTHING
        for _ in range(draw.randint(1, 4)):
            amount = draw.randint(0, 9)
            one = (
                Growth.adding(amount)
                if draw.random() < 0.6
                else Growth.setting(amount, surely=draw.random() < 0.5)
            )
            growth = growth.then(one)
        passes = draw.randint(1, 5)
        slow = NOTHING
        for _ in range(passes):
            slow = slow.then(growth)
        fast = growth.times(passes)
        for start in (0, 3):
            for one in ("grown", "peak"):
                by = (getattr(slow, one), getattr(fast, one))
                assert by[0] == by[1]
            assert max(start + slow.peak, slow.peak_set) == max(start + fast.peak, fast.peak_set)
            assert max(start + (slow.grown or 0), slow.set_to) == max(
                start + (fast.grown or 0), fast.set_to
            )


def random_sums(draw, depth=0, slotted=False, pieced=False):
    lines = []
    for _ in range(draw.randint(1, 4)):
        kind = draw.random()
        if kind < 0.4 and depth < 3:
            heads = ["loop none, 2", "loop none, reads"] + ["chunks b0, samples, 4"] * (not pieced)
            head = draw.choice(heads)
            if not slotted and draw.random() < 0.6:
                head = f"loop slot, {draw.choice(['4', '16', 'samples', *['b0'] * 4 * pieced])}"
            inner = random_sums(draw, depth + 1, slotted or "slot" in head, pieced or "b0" in head)
            lines += [head, *inner, "end"]
        elif kind < 0.6:
            lines.append(f"clear {draw.choice(['y', 'y.head', 'y.tail', 't', 't.head', 'w', 's'])}")
        elif kind < 0.8:
            name = draw.choice(["y", "y.head", "t", "t.head", "w", "s"])
            lines.append(f"{draw.choice(['read', 'read.add', 'read.add'])} {name}, zz, [0]")
        else:
            pair = draw.choice(["s, z", "y, t", "t, w", "t.head, s", "y.head, s", "y.tail, s"])
            lines.append(f"add {pair}")
    return lines


def largest(tree, image, places, registers, slot, memory):
    """Execute to the letter with all sums as large as they can be; the largest of all times."""
    found = 0
    for node in tree:
        if isinstance(node, Loop):
            for number, inner in passes_of(node, registers):
                here = number if node.counter is Counter.SLOT else slot
                found = max(found, largest(node.body, image, places, inner, here, memory))
            continue
        operands = node.decoded.operands
        if "sum" not in operands:
            continue

        def elements(area):
            length = (area.high - area.low) // area.slots
            base = area.low + slot % area.slots * length
            return range(base + area.start, base + area.stop)

        into = elements(places[operands["sum"]])
        terms = [0] * len(into)
        if node.name in ("read", "read.add"):
            tiles = [image.cores[0].tiles[number] for number in tiles_of(operands["tiles"])]
            terms = [CODE_MAX * sum(t.row_stop - t.row_start for t in tiles)] * len(into)
        elif node.name == "add":
            term = places[operands["term"]]
            wide = term.kind.name == "SUM"
            terms = [memory.get(k, 0) if wide else 1 for k in elements(term)]
        for place, amount in zip(into, terms, strict=True):
            keeps = node.name in ("read.add", "add")
            memory[place] = amount + (memory.get(place, 0) if keeps else 0)
            found = max(found, memory[place])
    return found


def test_no_sum_exceeds_its_bound():
    draw = Random(11)
    accepted = exact = 0
    vectors = VECTORS + "zz kind=bit length=8 base=100\n"
    fill = "load z, 0\nload zz, 0\nclear t\nclear s\n"
    for _ in range(700):
        image = assembled([CoreText(vectors, fill + "\n".join(random_sums(draw)))])
        try:
            proof = verify_image(image, "<test>")
        except DiagnosticError:
            continue
        accepted += 1
        places = areas(image.cores[0].vectors)
        for given in (registers_of(1, 1, 1, 1), registers_of(9, 1, 1, 2), registers_of(4, 1, 1, 3)):
            registers = host_registers(**given)
            found = largest(proof.trees[0][TRAIN], image, places, registers, 0, {})
            bound = sums_most(proof, given)
            assert found <= bound
            exact += found == bound > 0
    assert accepted > 150
    assert exact > 100

"""Vectors of generated code get places by liveness: none is overwritten while it is needed."""

from __future__ import annotations

import itertools
import random

from bsc.backend.isa.allocate import place_vectors
from bsc.backend.isa.code import Area, Code, immediate
from bsc.isa.kinds import Counter, Register, VectorKind


def _area(name, kind=VectorKind.SUM, length=10, slots=1):
    return Area(name, kind, length, 0, slots)


def test_vectors_of_different_loops_share_memory():
    a, b, kept = _area("a"), _area("b"), _area("kept", slots=4)
    code = Code()
    with code.chunks(Register.B0, Register.SAMPLES, immediate(4)):
        with code.loop(Counter.SLOT, Register.B0):
            code.op("clear", sum=a)
            code.op("clear", sum=kept)
        with code.loop(Counter.SLOT, Register.B0):
            code.op("clear", sum=b)
            code.op("add", sum=b, term=kept)
    bases, used = place_vectors(code.items)
    assert bases[a] == bases[b]
    assert used[VectorKind.SUM] == max(bases[kept] + 40, bases[a] + 10)


def test_vectors_of_one_loop_do_not_share_memory():
    """Passes overlap in time, so a vector lives as long as its loop over samples in flight."""
    a, b = _area("a", slots=2), _area("b", slots=2)
    code = Code()
    with code.loop(Counter.SLOT, Register.SAMPLES):
        code.op("clear", sum=a)
        code.op("out", sum=a)
        code.op("clear", sum=b)
        code.op("out", sum=b)
    bases, _ = place_vectors(code.items)
    assert abs(bases[a] - bases[b]) >= 20


def test_views_lie_in_their_parents_and_kinds_in_memories_of_their_own():
    whole, bits = _area("whole", length=70), _area("bits", VectorKind.BIT, 70)
    view = Area("view", VectorKind.SUM, 30, 40, 1, whole, 40)
    code = Code()
    code.op("clear", sum=whole)
    code.op("clear", sum=view)
    code.op("sample", bits=bits, sum=whole, neuron=0)
    bases, used = place_vectors(code.items)
    assert bases == {whole: 0, bits: 0}
    assert used == {VectorKind.SUM: 70, VectorKind.BIT: 70}


def _random_code(draw, areas):
    """Loops with writes and reads of vectors that were written before, each in its loop's pass."""
    code = Code()
    written: list[list[Area]] = [[]]

    def body(depth, over_slots):
        for _ in range(draw.randint(1, 4)):
            action = draw.random()
            known = [a for level in written for a in level]
            if action < 0.35 and depth < 4:
                slots = not over_slots and draw.random() < 0.5
                written.append([])
                with code.loop(Counter.SLOT if slots else Counter.NONE, immediate(3)):
                    body(depth + 1, over_slots or slots)
                written.pop()
            elif action < 0.7 or not known:
                area = draw.choice(areas)
                code.op("clear", sum=area)
                written[-1].append(area)
            else:
                code.op("out", sum=draw.choice(known))

    for _ in range(3):
        body(0, False)
    return code.items


def _run(items, bases, memory, start=0, stop=None, slot=0, fresh=None):
    """Execute loops three times: what is read is what was written last, wherever it lies."""
    at, stop = start, len(items) if stop is None else stop
    while at < stop:
        item = items[at]
        if item.opens:
            depth, end = 1, at
            while depth:
                end += 1
                depth += items[end].opens - (items[end].name == "end")
            for number in range(3):
                inner = number if item.over_slots else slot
                _run(items, bases, memory, at + 1, end, inner, fresh)
            at = end + 1
            continue
        area = item.operands["sum"]
        held = slot % area.slots
        places = range(bases[area] + held * area.length, bases[area] + (held + 1) * area.length)
        token = (id(area), held)
        if item.name == "clear":
            fresh[token] = next(fresh["count"])
            memory.update(dict.fromkeys(places, (token, fresh[token])))
        elif token in fresh:
            assert {memory[place] for place in places} == {(token, fresh[token])}
        at += 1


def test_random_code_reads_what_it_wrote():
    """200 random programs of nested loops, executed on the shared memory; a fixed seed."""
    draw = random.Random(20261125)
    shared = 0
    for _ in range(200):
        areas = [_area(str(n), length=draw.randint(1, 70), slots=draw.choice((1, 3, 3)))
                 for n in range(8)]  # fmt: skip
        items = _random_code(draw, areas)
        bases, used = place_vectors(items)
        _run(items, bases, {}, fresh={"count": itertools.count()})
        separate = sum(-(-a.length * a.slots // 64) * 64 for a in bases)
        shared += used.get(VectorKind.SUM, 0) < separate - 64
        assert all(base % 64 == 0 for base in bases.values())
    assert shared > 50  # memory is shared at all

"""Every instruction does on the machine what its example in docs/isa.md says."""

from __future__ import annotations

import numpy as np
import pytest

from bsc.diag import DiagnosticError
from bsc.isa.assemble import assemble
from bsc.isa.instruction import Example
from bsc.isa.instructions import BY_NAME, TABLE
from bsc.isa.kinds import EntryKind, VectorKind
from bsc.isa.verify import verify_image
from bsc.numerics.state import CODE_MAX
from bsc.testing.isa_examples import SAMPLES, VECTORS, packed, prelude, setting
from bsc_runtime.machine import Machine


def started(example):
    """A machine that is ready to run an example."""
    image = assemble(prelude(example.code, example.other), "<example>")
    around = setting(example)
    machine = Machine(image, backing=around.backing)
    machine.start(EntryKind.INFER, inputs=around.inputs, labels=around.labels, samples=SAMPLES)
    return machine


@pytest.mark.parametrize("name", [row.name for row in TABLE if row.name != "trap"])
def test_the_example_finds_what_it_says(name):
    example = BY_NAME[name].example
    machine = started(example)
    machine.run()
    for place, elements in example.found.items():
        if place == "out":
            assert machine.output(0).tolist() == [list(elements)]
            continue
        core, vector = (1, place[2:]) if place.startswith("1.") else (0, place)
        assert machine.vector(core, vector).tolist() == list(elements), place


def test_clocks_go_on():
    for name, register, found in (("advance", "base", SAMPLES), ("tick", "check", 1)):
        machine = started(BY_NAME[name].example)
        machine.run()
        assert machine.registers(0)[register] == found


def test_a_refresh_moves_pairs_back_and_keeps_their_weights():
    weights = []
    for name in ("carry", "refresh"):
        machine = started(BY_NAME[name].example)
        machine.run()
        plus, minus = machine.arrays()[0].cells
        weights.append((plus - minus).tolist())
    assert np.maximum(plus, minus).min() == CODE_MAX
    assert weights[0] == weights[1]
    assert weights[0][0] == [0, 2, 4]


@pytest.mark.parametrize("before", ["clear y", "readt y, f, [0]"])
@pytest.mark.parametrize("read", ["read y, x, [0]", "clear y\nread.add y, x, [0]"])
def test_sums_of_a_read_are_seen_where_there_were_zeros(before, read):
    """A machine that remembers where sums are all 0 must forget it when a read fills them."""
    code = f"{before}\n{read}\nsend y, core 1\nsign e, y, z"
    given = {"x": (1, 0, 1), "z": (1, 1, 0), "f": (0, 0, 0)}
    machine = started(Example(code, given, {}, "receive s, core 0"))
    machine.run()
    assert machine.vector(1, "s").tolist() == [18, 21, 24]
    assert machine.vector(0, "e").tolist() == [1, 1, 0]


def test_the_example_of_a_trap_stops_with_its_number():
    machine = started(BY_NAME["trap"].example)
    with pytest.raises(DiagnosticError, match="7"):
        machine.run()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_example_uses_its_instruction_and_is_verified(row):
    mnemonics = {line.split()[0] for line in row.example.code.splitlines()}
    assert row.name in mnemonics
    image = assemble(prelude(row.example.code, row.example.other), "<example>")
    verify_image(image, "<example>")


def test_what_an_instruction_writes_is_found_by_its_example():
    silent = [
        row.name
        for row in TABLE
        if any(operand.writes for operand in row.operands) and not row.example.found
    ]
    assert silent == []


def test_elements_are_packed_as_the_meaning_of_load_says():
    assert packed(VectorKind.BIT, (1, 0, 1)).tolist() == [0b101]
    assert packed(VectorKind.BIT, (1,) * 33).tolist() == [2**32 - 1, 1]
    assert packed(VectorKind.SIGN, (1, 0, -1)).tolist() == [0b110001]
    assert packed(VectorKind.COUNT, (1, -1)).tolist() == [1, 2**32 - 1]
    assert packed(VectorKind.SUM, (-2, 3)).tolist() == [2**32 - 2, 2**32 - 1, 3, 0]


def test_what_is_given_reaches_every_vector():
    """Each vector that the machine loads comes out again, on both cores."""
    for core, vectors in enumerate(VECTORS):
        for name, kind in vectors.items():
            place = f"{core}.{name}" if core else name
            if name == "c":
                elements = (2,)
            elif kind is VectorKind.LABEL:
                elements = (5, 0, 65536)
            elif kind is VectorKind.LEVEL:
                elements = (5, 0, 65536)
            else:
                elements = (1, 0, 1) if kind is VectorKind.BIT else (-1, 1, 0)
            given = Example("halt", {place: elements}, {})
            machine = started(given)
            machine.run()
            assert np.array_equal(machine.vector(core, name), elements), place

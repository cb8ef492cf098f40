"""Networks that are deep or wide: they fit the instruction set, or are refused by name."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import bsc
from bsc.backend.isa import emit, emit_image
from bsc.diag import DiagnosticError
from bsc.hw.registry import resolve
from bsc.hw.spec import ArrayGeometry
from bsc.isa.binary import decode, encode
from bsc.isa.header import ITEMS_MAX
from bsc.isa.kinds import tiles_of
from bsc.isa.records import SectionKind
from bsc.isa.verify import verify_image
from bsc.isa.words import decode_word
from bsc.numerics.digest import digest
from bsc.program.executor import EncodedData
from bsc.testing.networks import dense_network
from bsc_runtime.chip import initial_state
from bsc_runtime.machine import MachineExecutor
from bsc_runtime.reference import ReferenceExecutor

SAMPLES = 24


def _program(sizes, tile=(128, 128), **chip):
    target = resolve("oxram-128")
    target = target.model_copy(
        update={
            "array": ArrayGeometry(rows=tile[0], columns=tile[1]),
            "chip": target.chip.model_copy(update=chip),
        }
    )
    return bsc.compile(dense_network(sizes), target, weights="random", batch=8, threshold=2)


def _agrees(program):
    """A short lesson and an inference, on the machine and on the reference."""
    random = np.random.default_rng(0)
    levels = random.integers(0, 65537, (SAMPLES, program.arrays[0].inputs)).astype(np.int32)
    data = EncodedData(levels, np.zeros(0, np.int32))
    labels = random.integers(0, program.arrays[-1].columns, (SAMPLES, 1)).astype(np.int32)
    state = initial_state(program, 1)
    found = []
    for make in (MachineExecutor, ReferenceExecutor):
        executor = make(program, state)
        counts = executor.train(data, labels, np.arange(SAMPLES), 8)
        sums = executor.infer(data, "stochastic", reads=2).tobytes()
        found.append((counts, digest(executor.state()), sums))
    assert found[0] == found[1]


def test_forty_layers_on_sixteen_cores():
    program = _program((8,) * 41, cores=16)
    image = emit_image(program).image
    assert {len({tile.array for tile in core.tiles}) for core in image.cores} == {1, 3}
    assert decode(encode(image), "<deep>") == image
    _agrees(program)


def test_300_layers_are_placed_at_once():
    """Placement looks at stages of layers; it must not look at all of them on all cores."""
    image = emit_image(_program((8,) * 301, cores=16)).image
    verify_image(image, "<deeper>")
    layers = [len({tile.array for tile in core.tiles}) for core in image.cores]
    assert sum(layers) == 300
    assert max(layers) == 19  # as many as 300 layers on 16 cores ask for


@pytest.mark.parametrize("cores", [1, 16])
def test_a_layer_of_3000_columns(cores):
    """Spread as far as its neighbour, which one core reads, does not take longer anyway."""
    program = _program((100, 3000, 10), cores=cores)
    emitted = emit_image(program)
    idle = [r for r in emitted.remarks if "nothing to do" in r]
    assert len(idle) == (cores == 16)
    _agrees(program)


def test_layers_of_more_tiles_than_a_word_names():
    """Masks of 16: the first `read` writes, the others add; the last mask is smaller."""
    program = _program((30, 37, 20), tile=(4, 5))
    image = emit_image(program).image
    core = image.cores[0]
    read: dict[int, list[tuple[str, int]]] = {0: [], 1: []}
    train = [decode_word(word) for word in core.code][: image.entries[1].address]
    for decoded in train:
        if decoded.name in ("read", "read.add"):
            numbers = tiles_of(decoded.operands["tiles"])
            read[core.tiles[numbers[0]].array].append((decoded.name, len(numbers)))
    assert read[0] == [("read", 16), *[("read.add", 16)] * 3]
    assert read[1] == [("read", 16), ("read.add", 16), ("read.add", 8)]
    _agrees(program)


def test_bias_lines_in_tiles_of_their_own_are_not_read_backward():
    """30 inputs fill ten tiles of three lines; the eleventh has the line that is always on."""
    program = _program((20, 30, 4), tile=(3, 8))
    image = emit_image(program).image
    core = image.cores[0]
    (backward,) = [d for d in map(decode_word, core.code) if d.name == "readt"]
    named = [core.tiles[n] for n in tiles_of(backward.operands["tiles"])]
    assert [tile.row_start for tile in named] == list(range(0, 30, 3))
    _agrees(program)


def test_more_vectors_than_a_word_names():
    """Seven vectors a layer on one core: 600 layers are too many, and fit two cores."""
    program = _program((2,) * 601)
    with pytest.raises(DiagnosticError) as caught:
        emit_image(program)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSC5250"
    assert diagnostic.message == (
        "core 0 for oxram-128 has 4,203 vectors, words name 4,095 at most"
    )
    assert "take more cores" in diagnostic.help
    target = program.target
    two = target.model_copy(update={"chip": target.chip.model_copy(update={"cores": 2})})
    emit_image(dataclasses.replace(program, target=two))


@pytest.mark.parametrize(
    ("section", "who"),
    [
        (SectionKind.NEURONS, "the program"),
        (SectionKind.UPDATES, "the program"),
        (SectionKind.TILES, "core 0"),
        (SectionKind.VECTORS, "core 0"),
    ],
)
def test_more_records_than_a_word_names(section, who, monkeypatch):
    """Real limits are thousands of layers; here a section holds one record."""
    monkeypatch.setattr(emit, "ITEMS_MAX", {**ITEMS_MAX, section: 1})
    name = section.name.lower()
    with pytest.raises(DiagnosticError, match=f"BSC5250: {who} .* {name}, words name 1 at most"):
        emit_image(_program((5, 5, 5, 3)))

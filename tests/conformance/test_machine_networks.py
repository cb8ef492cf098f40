"""Networks of reads on the machine, on chip after chip: the step-by-step reference, to the bit.

Programs are those that were made by hand, and what the compiler makes of networks.
"""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bsc.backend.isa import emit_image
from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.hw.plan import LayerPlan, Readout, Rule
from bsc.hw.registry import resolve
from bsc.hw.spec import ArrayGeometry
from bsc.isa.assemble import assemble
from bsc.isa.binary import decode, encode
from bsc.isa.disassemble import disassemble
from bsc.isa.kinds import EntryKind, VectorKind
from bsc.isa.verify import verify_image
from bsc.isa.version import minor_of
from bsc.isa.words import decode_word
from bsc.plans import plan_for
from bsc.testing.lessons import compare, random_data, random_targets
from bsc.testing.net import Net, twins
from bsc.tiling.plan import StepOp, Tile
from bsc_runtime.chip import initial_state
from bsc_runtime.machine import MachineExecutor
from bsc_runtime.reference import ReferenceExecutor

SAMPLES = 30
CHIPS = [(1, 16, 2), (2, 4, 1), (4, 3, 2), (7, 1, 1)]
"""Cores, samples in flight, and messages that a channel holds."""


def _by_hand():
    """The module beside this one: its networks, and how data for them are made."""
    path = Path(__file__).with_name("test_networks_by_hand.py")
    spec = importlib.util.spec_from_file_location("networks_by_hand", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HAND = _by_hand()


def _on(program, tile, cores, flight, depth):
    """A program whose arrays are cut into tiles, for a chip."""
    height, width = tile
    tiles = []
    for array, spec in enumerate(program.arrays):
        for row, top in enumerate(range(0, spec.rows, height)):
            for column, left in enumerate(range(0, spec.columns, width)):
                bottom, right = min(spec.rows, top + height), min(spec.columns, left + width)
                tiles.append(Tile(len(tiles), array, row, column, top, bottom, left, right))

    def retiled(steps):
        own = {a: tuple(t.index for t in tiles if t.array == a) for a in range(len(program.arrays))}
        return tuple(replace(s, tiles=own[s.array]) if s.tiles else s for s in steps)

    chip = {"cores": cores, "samples_in_flight": flight, "channel_depth": depth}
    target = program.target.model_copy(
        update={
            "array": ArrayGeometry(rows=height, columns=width),
            "chip": program.target.chip.model_copy(update=chip),
        }
    )
    return replace(
        program,
        target=target,
        tiles=tuple(tiles),
        inference=retiled(program.inference),
        training=retiled(program.training),
        update=retiled(program.update),
    )


def _agree(program, data, targets, seed=7):
    """Train and infer in every mode; returns the image."""
    image = emit_image(program).image
    verify_image(image, "<network>")
    assert decode(encode(image), "<file>") == image
    assert assemble(disassemble(image), "<text>") == image
    state = initial_state(program, seed)
    machine, reference = MachineExecutor(program, state), ReferenceExecutor(program, state)
    compare(program, reference, [(machine, len(data))], data, targets)
    return image


def _by_hand_agrees(program, tile, chip, seed=7):
    program = _on(program, tile, *chip)
    return _agree(program, random_data(program, SAMPLES), random_targets(program, SAMPLES), seed)


@pytest.fixture(autouse=True)
def _steps_alone(monkeypatch):
    """Programs made by hand have steps, and no graph of a model that the verifier would ask for."""
    monkeypatch.setattr("bsc.backend.isa.emit.verify_program", lambda program: None)


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("name", HAND.CASES)
def test_networks_made_by_hand(name, chip):
    _by_hand_agrees(HAND._case(name), (6, 4), chip)


@pytest.mark.parametrize("chip", [(1, 5, 1), (3, 2, 1)])
@pytest.mark.parametrize("frozen", HAND.FROZEN)
@pytest.mark.parametrize("name", ["a skip over hidden bits", "two heads", "a chain"])
def test_frozen_layers(name, frozen, chip):
    plan = HAND._plan(*(LayerPlan(f"a{i}", frozen=True) for i in frozen))
    image = _by_hand_agrees(HAND._case(name, plan=plan), (5, 5), chip)
    moved = {
        core.tiles[decode_word(word).operands["tiles"] & 0xFFFF].array
        for core in image.cores
        for word in core.code
        if decode_word(word).name in ("count", "carry")
    }
    assert moved.isdisjoint(frozen)


@pytest.mark.parametrize("rule", [Rule.ONLINE, Rule.SGD])
@pytest.mark.parametrize("name", ["an array in a circle", "two heads"])
def test_rules(name, rule):
    plan = HAND._plan(rule=rule, threshold=1, batch=1 if rule is Rule.ONLINE else 12)
    _by_hand_agrees(HAND._case(name, plan=plan), (7, 3), (3, 4, 2))


@pytest.mark.parametrize("chip", [(1, 4, 2), (3, 4, 1)])
def test_devices_of_layers(chip):
    devices = ("ecram", "pcm", "ideal-fine", "oxram")
    layers = [LayerPlan(f"a{i}", device=resolve(f"{n}-512").device, threshold=1 + i, pulses=1 + i)
              for i, n in enumerate(devices)]  # fmt: skip
    plan = HAND._plan(*layers, refresh_every=2)
    program = HAND._case("fan-out to two arrays", plan=plan)
    image = _by_hand_agrees(program, (6, 4), chip)
    assert len({array.style for array in image.arrays}) == 3


def test_random_networks_on_random_chips():
    """40 networks, a fixed seed; a mend for one that fails lands with it as a case."""
    random = np.random.default_rng(20261126)
    for _ in range(40):
        program = HAND._random(random)
        chip = [int(random.choice(some)) for some in ((1, 2, 3, 5, 8), (1, 2, 5, 16), (1, 1, 2))]
        tile = int(random.choice([3, 6, 17, 64])), int(random.choice([2, 5, 9, 64]))
        _by_hand_agrees(program, tile, chip, int(random.integers(0, 1 << 62)))


# what the compiler makes


def _twins_data(program):
    return random_data(program, SAMPLES, real=True), random_targets(program, SAMPLES)


PLANS = {
    "carry": plan_for(batch=8, threshold=3),
    "sgd": plan_for("sgd", batch=10),
    "frozen": plan_for(batch=8, threshold=3, layers=[LayerPlan("mix", frozen=True)]),
    "one head": plan_for(batch=8, threshold=3, readouts={"q": "none"}),
}


@pytest.mark.parametrize("cores", [1, 2, 4])
@pytest.mark.parametrize("plan", PLANS)
def test_two_inputs_a_shared_array_a_skip_and_two_heads(plan, cores):
    target = resolve("pcmo-128")
    chip = target.chip.model_copy(update={"cores": cores, "samples_in_flight": 6})
    geometry = ArrayGeometry(rows=5, columns=3)
    target = target.model_copy(update={"chip": chip, "array": geometry})
    program = compile_model(twins(), target=target, plan=PLANS[plan], weights="random")
    data, targets = _twins_data(program)
    image = _agree(program, data, targets)
    assert minor_of(image) == 1 or plan == "one head"
    assert (EntryKind.VOTE in image.kinds()) is (plan != "one head")
    names = {decode_word(word).name for core in image.cores for word in core.code}
    assert ("readout.logistic" in names) is (plan != "one head")


@pytest.mark.parametrize("asked", [{}, {"again": "none"}, {"*": "none"}])
def test_a_wide_head_is_spread_over_cores_where_nothing_compares_its_sums(asked):
    """Each core answers for its bit lines, one hands them out; only a softmax compares."""
    net = Net("autoencoder", x=(40,))
    hidden = net.op("sigmoid", net.dense("x", 6, "narrow"))
    net.op("softmax", net.dense(hidden, 9, "few"), name="kind")
    net.op("sigmoid", net.dense(hidden, 40, "wide"), name="again")
    target = resolve("oxram-128")
    target = target.model_copy(
        update={
            "array": ArrayGeometry(rows=50, columns=8),
            "chip": target.chip.model_copy(update={"cores": 8}),
        }
    )
    plan = plan_for(batch=8, threshold=3, readouts=asked)
    program = compile_model(net.graph("kind", "again"), target=target, plan=plan, weights="random")
    image = _agree(program, *_twins_data(program))
    few, wide = (
        [n for n, core in enumerate(image.cores) if any(t.array == array for t in core.tiles)]
        for array in (1, 2)
    )
    giving = [n for n, core in enumerate(image.cores)
              if any(decode_word(w).name == "out" for w in core.code)]  # fmt: skip
    assert len(wide) >= 3
    assert len(few) == 1 or asked == {"*": "none"}
    assert len(giving) == 1


def test_a_chain_needs_nothing_of_the_new_version():
    """So its images are read by old readers, and their words are those of before."""
    program = _on(HAND._case("a chain"), (6, 4), 2, 4, 2)
    assert minor_of(emit_image(program).image) == 0


def test_bits_in_several_places_are_copied_and_stretches_are_views():
    """x, and x with z, lie in one vector; z with z once more has a place of its own."""
    places = [HAND.Place(0, ("x0",)), HAND.Place(1, ("x0", "z0")), HAND.Place(2, ("z1", "z0"))]
    program = HAND.hand_made((9,), (5, 4, 3), places, [(2, Readout.SOFTMAX)], plan=HAND._plan())
    image = _by_hand_agrees(program, (64, 64), (1, 4, 2))
    train = [decode_word(word) for word in image.cores[0].code[: image.entries[1].address]]
    assert [d.name for d in train].count("encode") == 1
    vectors = image.cores[0].vectors
    copies = [d for d in train if d.name == "copy"]
    kinds = [vectors[d.operands["vector"]].kind for d in copies]
    assert kinds == [VectorKind.BIT, VectorKind.SUM]  # z0 into the second pair, its errors back
    copy = copies[0]
    assert vectors[copy.operands["vector"]].length == vectors[copy.operands["source"]].length == 5


def test_backward_sums_of_a_fan_out_are_added_where_they_are_read():
    program = _on(HAND._case("fan-out to two arrays"), (64, 64), 1, 4, 2)
    image = emit_image(program).image
    train = [decode_word(word).name for word in image.cores[0].code[: image.entries[1].address]]
    assert [name for name in train if name.startswith("readt") or name in ("add", "copy")] == [
        "readt",  # of what both hidden reads drive
        "readt",
        "readt.add",  # the second one of them adds
    ]


def test_steps_that_no_code_can_do_are_refused():
    program = _on(HAND._case("a skip over hidden bits"), (64, 64), 1, 4, 2)
    steps = [
        replace(s, numbers=(("start_0", 1), *s.numbers[1:])) if s.op is StepOp.ADD else s
        for s in program.training
    ]
    with pytest.raises(DiagnosticError, match="BSC5257: the step read"):
        emit_image(replace(program, training=tuple(steps)))
    counts = [s for s in program.training if s.op is StepOp.COUNT]
    steps = [replace(s, array=counts[0].array) if s is counts[1] else s for s in program.training]
    with pytest.raises(DiagnosticError, match="BSC5257: the step count"):
        emit_image(replace(program, training=tuple(steps)))

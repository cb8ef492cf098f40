"""The machine against the step-by-step reference: equal to the bit, on whatever chip it runs.

An image is code for so many cores, tiles of such a size, so many samples in flight and messages in
a channel. None of these may change a digest, a pulse or a sum. The reference runs each case once;
the machine runs it on chip after chip.
"""

import copy
import functools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bsc
from bsc.hw.registry import resolve
from bsc.hw.spec import ArrayGeometry, Periphery
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.numerics.state import ChipState
from bsc.program.executor import EncodedData
from bsc.testing.networks import dense_network
from bsc_runtime.chip import initial_state
from bsc_runtime.machine import MachineExecutor
from bsc_runtime.reference import ReferenceExecutor

SAMPLES = 150
EPOCHS = 2
MODES = [
    ("stochastic", {}),
    ("stochastic", {"repeats": 2, "reads": 3, "seed": 1 << 63, "first_index": (1 << 40) + 5}),
    ("vote", {"repeats": 3}),
    ("vote", {"repeats": 2, "reads": 2}),
    ("binary", {}),
    ("analog", {}),
]


def _program(sizes, device, *, tile=(128, 128), noise_bits=12, bias=True, chip=None, **plan):
    """A program; `tile` is word lines and bit lines, `chip` numbers of the target's [chip]."""
    target = resolve(f"{device}-128")
    target = target.model_copy(
        update={
            "array": ArrayGeometry(rows=tile[0], columns=tile[1]),
            "periphery": Periphery(noise_bits=noise_bits),
            "chip": target.chip.model_copy(update=chip or {}),
        }
    )
    graph = dense_network(sizes, seed=2, bias=bias)
    return bsc.compile(graph, target, weights="random", **plan)


def _pixels(inputs, seed=0, share=0.4):
    random = np.random.default_rng(seed)
    x = random.integers(0, 256, (SAMPLES, inputs)) * (random.random((SAMPLES, inputs)) < share)
    return EncodedData(x.astype(np.uint8), tables.pixel_levels())


def _labels(classes, seed=0):
    return np.random.default_rng(seed).integers(0, classes, (SAMPLES, 1)).astype(np.int32)


def _order(seed=0):
    return np.random.default_rng(seed).permutation(SAMPLES).astype(np.int64)


@dataclass(frozen=True)
class Run:
    """What an executor made of a lesson: counts of each call, state, sums of each mode."""

    counts: tuple[object, ...]
    state: ChipState
    sums: tuple[np.ndarray, ...]


def _ran(make, program, state, data, labels, batch):
    executor = make(program, state)
    counts = tuple(
        executor.train(data, labels, _order(epoch), batch or program.plan.batch)
        for epoch in range(EPOCHS)  # the second call goes on where the first one stopped
    )
    sums = tuple(executor.infer(data, mode, **options) for mode, options in MODES)
    return Run(counts, executor.state(), sums)


def _same(found, expected):
    assert found.counts == expected.counts
    assert digest(found.state) == digest(expected.state)
    assert found.state.pulses == expected.state.pulses
    for (mode, options), sums, wanted in zip(MODES, found.sums, expected.sums, strict=True):
        np.testing.assert_array_equal(sums, wanted, err_msg=f"{mode} {options}")


def _agree(program, state, data, labels, *, batch=None):
    """Both run the lesson and come to the same; returns the machine's run."""
    found = _ran(MachineExecutor, program, state, data, labels, batch)
    _same(found, _ran(ReferenceExecutor, program, state, data, labels, batch))
    return found


CASES = {
    "odd sizes": ((13, 7, 5, 3), "oxram", {"threshold": 3, "batch": 16}),
    "no bias": ((13, 7, 5, 3), "pcmo", {"threshold": 3, "batch": 16, "bias": False}),
    "one layer": ((20, 4), "ecram", {"threshold": 2, "batch": 8}),
    "wide": ((40, 150, 30, 10), "oxram", {"threshold": 5, "batch": 32}),
    "batch of more than the slots": ((30, 20, 10), "pcmo", {"threshold": 2, "batch": 100}),
    "many pulses at a check": ((13, 7, 3), "ecram", {"threshold": 1, "batch": 30, "pulses": 5}),
    "raised pairs": ((13, 9, 3), "pcm", {"threshold": 2, "batch": 10, "refresh_every": 3}),
    "lowered pairs": ((13, 9, 3), "oxram", {"threshold": 1, "batch": 10, "refresh_every": 4}),
    "even steps": ((30, 12, 3), "ideal-fine", {"rule": "online"}),
    "even steps, several at once": ((30, 12, 3), "ideal", {"threshold": 1, "batch": 9}),
    "even steps, three hidden layers": ((30, 40, 20, 12, 3), "ideal-fine", {"rule": "online"}),
    "noisy pulses for each sample": ((30, 12, 3), "ecram", {"rule": "online"}),
    "master weights": ((30, 12, 3), "oxram", {"rule": "sgd", "batch": 20}),
    "4 bits of noise": ((30, 12, 3), "pcmo", {"threshold": 2, "batch": 16, "noise_bits": 4}),
    "7 bits of noise": ((30, 12, 3), "oxram", {"threshold": 2, "batch": 16, "noise_bits": 7}),
    "one element wide": ((1, 1, 1, 2), "oxram", {"threshold": 1, "batch": 7}),
    "words' edges": ((64, 65, 63, 128), "oxram", {"threshold": 2, "batch": 16}),
}
CHIPS = {
    "one core": {},
    "two cores": {"chip": {"cores": 2}},
    "four cores, 7 x 5": {"chip": {"cores": 4}, "tile": (7, 5)},
    "sixteen cores, 7 x 5": {"chip": {"cores": 16}, "tile": (7, 5)},
    "sixteen cores, 5 x 1": {"chip": {"cores": 16, "channel_depth": 1}, "tile": (5, 1)},
    "one core, 3 x 40, more tiles than a mask": {"tile": (3, 40)},
    "100 x 36": {"chip": {"cores": 4, "channel_depth": 7}, "tile": (100, 36)},
}
FLIGHTS = (1, 2, 3, 16, 64)
DEPTHS = (1, 2, 7)


@functools.cache
def _lesson(case):
    """What a case learns from, and what the reference made of it."""
    sizes, device, options = CASES[case]
    program = _program(sizes, device, **options)
    state, data, labels = initial_state(program, 7), _pixels(sizes[0]), _labels(sizes[-1])
    return state, data, labels, _ran(ReferenceExecutor, program, state, data, labels, None)


def _machine_agrees(case, chip):
    sizes, device, options = CASES[case]
    state, data, labels, expected = _lesson(case)
    program = _program(sizes, device, **options, **chip)
    _same(_ran(MachineExecutor, program, state, data, labels, None), expected)


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("case", CASES)
def test_every_case_on_every_chip(case, chip):
    _machine_agrees(case, CHIPS[chip])


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("flight", FLIGHTS)
def test_samples_in_flight_and_channels(flight, depth):
    """Blocks that divide the batch and that do not; one and several cores."""
    for cores in (1, 3, 16):
        chip = {"cores": cores, "samples_in_flight": flight, "channel_depth": depth}
        for case in ("odd sizes", "wide", "raised pairs"):
            _machine_agrees(case, {"chip": chip, "tile": (11, 6)})


@st.composite
def _networks(draw):
    """A network, what it learns with, and a chip."""
    hidden = draw(st.lists(st.integers(1, 40), max_size=3))
    sizes = (draw(st.integers(1, 50)), *hidden, draw(st.integers(2, 12)))
    device = draw(st.sampled_from(["ideal", "ideal-fine", "oxram", "pcmo", "ecram", "pcm"]))
    plan = draw(
        st.fixed_dictionaries(
            {
                "batch": st.integers(1, 70),
                "threshold": st.integers(1, 50),
                "pulses": st.sampled_from([1, 1, 4]),
            }
        )
        | st.fixed_dictionaries({"rule": st.just("sgd"), "batch": st.integers(1, 70)})
    )
    if device in ("oxram", "pcm") and "rule" not in plan:
        plan["refresh_every"] = draw(st.integers(0, 3))
    tile = draw(st.tuples(st.integers(1, 60), st.integers(1, 60)))
    chip = draw(
        st.fixed_dictionaries(
            {
                "cores": st.integers(1, 16),
                "samples_in_flight": st.integers(1, 70),
                "channel_depth": st.integers(1, 5),
            }
        )
    )
    options = {"noise_bits": draw(st.integers(4, 12)), "bias": draw(st.booleans())}
    return sizes, device, {**plan, **options, "tile": tile, "chip": chip}


@settings(max_examples=30, derandomize=True, deadline=None, database=None)
@given(network=_networks(), seed=st.integers(0, (1 << 64) - 1))
def test_random_networks_on_random_chips(network, seed):
    sizes, device, options = network
    program = _program(sizes, device, **options)
    data, labels = _pixels(sizes[0], seed), _labels(sizes[-1], seed)
    _agree(program, initial_state(program, seed), data, labels)


@pytest.mark.parametrize("cores", [1, 4])
@pytest.mark.parametrize("device", ["oxram", "ideal-fine", "ecram"])
def test_wear_is_counted(device, cores):
    rule = {"rule": "online"} if device == "ideal-fine" else {"threshold": 1, "pulses": 3}
    program = _program((13, 7, 3), device, tile=(7, 5), chip={"cores": cores}, **rule)
    state = initial_state(program, 3)
    for array in state.arrays:
        array.wear = np.zeros(array.counters.shape, np.int32)
    found = _agree(program, state, _pixels(13), _labels(3)).state
    assert sum(int(a.wear.sum()) for a in found.arrays) == found.pulses > 0


def test_real_inputs_come_as_thresholds():
    program = _program((13, 7, 3), "oxram", threshold=2, batch=16, chip={"cores": 2})
    random = np.random.default_rng(4)
    t = random.integers(0, 65537, (SAMPLES, 13)) * (random.random((SAMPLES, 13)) < 0.5)
    t[:, 3] = 65536  # always on
    data = EncodedData(t.astype(np.int32), np.zeros(0, np.int32))
    _agree(program, initial_state(program, 1), data, _labels(3))


@pytest.mark.parametrize("inputs", [13, 16])
def test_a_pixel_of_0_may_have_a_chance(inputs):
    levels = np.linspace(65536, 30, 256).astype(np.int32)  # inverted images
    program = _program((inputs, 7, 3), "oxram", threshold=2, batch=16)
    data = EncodedData(_pixels(inputs).values, levels)
    _agree(program, initial_state(program, 1), data, _labels(3))


@pytest.mark.parametrize("kind", [np.uint8, np.int32])
def test_layouts_of_the_data_do_not_matter(kind):
    program = _program((16, 7, 3), "oxram", threshold=2, batch=16)
    state, plain = initial_state(program, 1), _pixels(16)
    data = EncodedData(plain.values, plain.levels)
    if kind is np.int32:
        data = EncodedData(plain.levels[plain.values], np.zeros(0, np.int32))
    expected = digest(_agree(program, state, plain, _labels(3)).state)
    unaligned = np.zeros(data.values.nbytes + 3, np.uint8)[3:].view(kind)
    unaligned = unaligned.reshape(data.values.shape)
    unaligned[...] = data.values
    every_second = np.repeat(data.values, 2, axis=1)[:, ::2]
    for values in (data.values, np.asfortranarray(data.values), unaligned, every_second):
        chip = MachineExecutor(program, state)
        for epoch in range(EPOCHS):
            chip.train(EncodedData(values, data.levels), _labels(3), _order(epoch), 16)
        assert digest(chip.state()) == expected


@pytest.mark.parametrize("cores", [1, 4])
def test_a_seed_of_64_bits_and_late_clocks(cores):
    program = _program(
        (13, 7, 3), "oxram", threshold=2, batch=16, tile=(7, 5), chip={"cores": cores}
    )
    state = initial_state(program, (1 << 64) - 3)
    state.samples, state.checks = (1 << 32) - 40, (1 << 33) - 2  # both cross 32 bits
    _agree(program, state, _pixels(13), _labels(3))


@pytest.mark.parametrize("cores", [1, 4])
@pytest.mark.parametrize("most", [9, 1000])
def test_counters_that_wait_for_a_check(most, cores):
    """Counters over T, from a plan with a larger T: the first check sees all of them.

    1000 is more than a byte holds: the machine's counters are wide from the start.
    """
    program = _program(
        (13, 7, 3), "oxram", threshold=2, batch=16, tile=(7, 5), chip={"cores": cores}
    )
    state = initial_state(program, 1)
    for array in state.arrays:
        array.counters[...] = np.random.default_rng(1).integers(
            -most, most + 1, array.counters.shape
        )
    _agree(program, state, _pixels(13, share=0.1), _labels(3))


def test_longer_batches_than_planned_widen_the_counters():
    program = _program((13, 7, 3), "pcmo", threshold=64, batch=16)
    state, data, labels = initial_state(program, 1), _pixels(13), _labels(3)
    _agree(program, state, data, labels, batch=150)
    executor = MachineExecutor(program, state)
    kinds = []
    for batch in (16, 150, 16):
        executor.train(data, labels, _order(), batch)
        kinds.append(executor.machine._cells.memory.counters.dtype)
    assert kinds == [np.int8, np.int32, np.int32]


def test_counters_over_16_bits():
    """Signs of the first output's bias that do not cancel: far over 32767 counts."""
    program = _program((3, 3), "oxram", threshold=2**30, chip={"samples_in_flight": 64})
    state = initial_state(program, 0)
    state.arrays[0].cells[0], state.arrays[0].cells[1] = 0, 16383
    samples = 1 << 16
    data = EncodedData(np.full((samples, 3), 255, np.uint8), tables.pixel_levels())
    labels, order = np.zeros((samples, 1), np.int32), np.arange(samples)
    found, expected = MachineExecutor(program, state), ReferenceExecutor(program, state)
    for executor in (found, expected):
        executor.train(data, labels, order, 2**30)
    assert digest(found.state()) == digest(expected.state())
    assert np.abs(found.state().arrays[0].counters).max() > 32767


def test_sums_over_32_bits():
    """So many passes that a sum may leave 32 bits; and one that does."""
    program = _program((40, 4), "oxram")
    state = initial_state(program, 1)
    state.arrays[0].cells[0], state.arrays[0].cells[1] = 16383, 0
    data = EncodedData(np.full((3, 40), 65536, np.int32), np.zeros(0, np.int32))
    machine = MachineExecutor(program, state)
    sums = machine.infer(data, "stochastic", repeats=4, reads=1000)
    assert machine.machine._store.sums.dtype == np.int64
    assert sums.min() > 1 << 31
    np.testing.assert_array_equal(sums, 4000 * machine.infer(data, "binary"))
    assert machine.machine._store.sums.dtype == np.int32


def test_cuts_of_calls_change_nothing():
    """Calls of whole batches end where one call does; inference may begin anywhere."""
    for cores in (1, 4):
        program = _program(
            (40, 150, 30, 10), "oxram", threshold=5, batch=32, tile=(37, 33), chip={"cores": cores}
        )
        state, data, labels = initial_state(program, 5), _pixels(40), _labels(10)
        whole = ReferenceExecutor(program, state)
        whole.train(data, labels, _order(), 32)
        sums = whole.infer(data, "stochastic", repeats=2, seed=3, first_index=10)
        for cut in (32, 64, 150):
            chip = MachineExecutor(program, state)
            for start in range(0, SAMPLES, cut):
                chip.train(data, labels, _order()[start : start + cut], 32)
            assert digest(chip.state()) == digest(whole.state())
            parts = [
                chip.infer(
                    EncodedData(data.values[start : start + cut], data.levels),
                    "stochastic",
                    repeats=2,
                    seed=3,
                    first_index=10 + start,
                )
                for start in range(0, SAMPLES, cut)
            ]
            np.testing.assert_array_equal(np.concatenate(parts), sums)


def test_inference_changes_nothing():
    program = _program((13, 7, 3), "oxram", threshold=2, batch=16, chip={"cores": 2})
    state, data = initial_state(program, 1), _pixels(13)
    chip = MachineExecutor(program, state)
    for mode, options in MODES * 2:
        chip.infer(data, mode, **options)
    assert digest(chip.state()) == digest(state)
    chip.train(data, _labels(3), _order(), 16)
    other = MachineExecutor(program, state)
    other.train(data, _labels(3), _order(), 16)
    assert digest(chip.state()) == digest(other.state())


def test_the_state_given_is_not_touched():
    program = _program((13, 7, 3), "oxram", threshold=1, batch=16)
    state = initial_state(program, 1)
    before = copy.deepcopy(state)
    chip = MachineExecutor(program, state)
    chip.train(_pixels(13), _labels(3), _order(), 16)
    assert digest(state) == digest(before)
    taken = chip.state()
    chip.train(_pixels(13), _labels(3), _order(), 16)
    assert digest(taken) != digest(chip.state())


def test_calls_without_samples():
    program = _program((13, 7, 3), "oxram", threshold=1, batch=16)
    state, data = initial_state(program, 1), _pixels(13)
    chip = MachineExecutor(program, state)
    counts = chip.train(data, _labels(3), _order()[:0], 16)
    assert (counts.samples, counts.checks, counts.pulses) == (0, 0, 0)
    assert digest(chip.state()) == digest(state)
    nobody = EncodedData(data.values[:0], data.levels)
    for mode in ("stochastic", "vote", "binary", "analog"):
        assert chip.infer(nobody, mode).shape == (0, 3)

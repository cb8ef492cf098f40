"""The simulator's kernels against the step-by-step reference: equal to the bit, case by case.

Both were written from docs/semantics.md apart from each other. Every case trains, compares digests,
clocks and pulses, and compares the sums of each inference mode.
"""

import copy

import numpy as np
import pytest

import bsc
from bsc.hw.registry import resolve
from bsc.hw.spec import Periphery
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.program.executor import EncodedData
from bsc.testing.networks import dense_network
from bsc_runtime.chip import initial_state
from bsc_runtime.reference import ReferenceExecutor
from bsc_runtime.sim import Simulator

SAMPLES = 150
MODES = [
    ("stochastic", {}),
    ("stochastic", {"repeats": 2, "reads": 3, "seed": 1 << 63, "first_index": (1 << 40) + 5}),
    ("vote", {"repeats": 3}),
    ("vote", {"repeats": 2, "reads": 2}),
    ("binary", {}),
    ("analog", {}),
]


def _program(sizes, device, *, noise_bits=12, size=128, bias=True, **plan):
    target = resolve(f"{device}-{size}")
    target = target.model_copy(update={"periphery": Periphery(noise_bits=noise_bits)})
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


def _agree(program, state, data, labels, *, batch=None, threads=1):
    batch = batch or program.plan.batch
    reference = ReferenceExecutor(program, state)
    simulator = Simulator(program, state, threads=threads)
    for epoch in range(2):  # the second call goes on where the first one stopped
        expected = reference.train(data, labels, _order(epoch), batch)
        assert simulator.train(data, labels, _order(epoch), batch) == expected
    assert digest(simulator.state()) == digest(reference.state())
    assert simulator.state().pulses == reference.state().pulses
    for mode, options in MODES:
        sums = simulator.infer(data, mode, **options)
        np.testing.assert_array_equal(sums, reference.infer(data, mode, **options), err_msg=mode)
    return simulator


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
}


@pytest.mark.parametrize("case", CASES)
def test_training_and_inference(case):
    sizes, device, options = CASES[case]
    program = _program(sizes, device, **options)
    _agree(program, initial_state(program, 7), _pixels(sizes[0]), _labels(sizes[-1]))


@pytest.mark.parametrize("device", ["oxram", "ideal-fine", "ecram"])
def test_wear_is_counted(device):
    rule = {"rule": "online"} if device == "ideal-fine" else {"threshold": 1, "pulses": 3}
    program = _program((13, 7, 3), device, **rule)
    state = initial_state(program, 3)
    for array in state.arrays:
        array.wear = np.zeros(array.counters.shape, np.int32)
    simulator = _agree(program, state, _pixels(13), _labels(3))
    assert sum(int(a.wear.sum()) for a in simulator.state().arrays) == simulator.pulses


def test_real_inputs_come_as_thresholds():
    program = _program((13, 7, 3), "oxram", threshold=2, batch=16)
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


def test_layouts_of_the_data_do_not_matter():
    program = _program((16, 7, 3), "oxram", threshold=2, batch=16)
    state, data = initial_state(program, 1), _pixels(16)
    expected = digest(_agree(program, state, data, _labels(3)).state())
    unaligned = np.zeros(data.values.size + 3, np.uint8)[3:].reshape(data.values.shape)
    unaligned[...] = data.values
    for values in (np.asfortranarray(data.values), unaligned):
        chip = Simulator(program, state)
        for epoch in range(2):
            chip.train(EncodedData(values, data.levels), _labels(3), _order(epoch), 16)
        assert digest(chip.state()) == expected


def test_a_seed_of_64_bits_and_late_clocks():
    program = _program((13, 7, 3), "oxram", threshold=2, batch=16)
    state = initial_state(program, (1 << 64) - 3)
    state.samples, state.checks = (1 << 32) - 40, (1 << 33) - 2  # both cross 32 bits
    _agree(program, state, _pixels(13), _labels(3))


def test_counters_that_wait_for_a_check():
    """Counters over T, from a plan with a larger T: the first check sees all of them."""
    program = _program((13, 7, 3), "oxram", threshold=2, batch=16)
    state = initial_state(program, 1)
    for array in state.arrays:
        array.counters[...] = np.random.default_rng(1).integers(-9, 10, array.counters.shape)
    _agree(program, state, _pixels(13, share=0.1), _labels(3))


def test_longer_batches_than_planned_widen_the_counters():
    program = _program((13, 7, 3), "pcmo", threshold=64, batch=16)
    simulator = _agree(program, initial_state(program, 1), _pixels(13), _labels(3), batch=150)
    assert simulator.state_bytes > 0


@pytest.mark.slow
def test_counters_of_32_bits():
    program = _program((13, 7, 3), "pcmo", threshold=2, batch=40_000)
    _agree(program, initial_state(program, 1), _pixels(13), _labels(3))


def test_cuts_and_threads_change_nothing():
    program = _program((40, 150, 30, 10), "oxram", threshold=5, batch=32)
    state, data, labels = initial_state(program, 5), _pixels(40), _labels(10)
    digests = set()
    for threads in (1, 2, 3):
        for cut in (32, 64, 150):
            chip = Simulator(program, state, threads=threads)
            for start in range(0, SAMPLES, cut):
                chip.train(data, labels, _order()[start : start + cut], 32)
            digests.add(digest(chip.state()))
            first = chip.infer(data, "stochastic", repeats=2)
            np.testing.assert_array_equal(first, chip.infer(data, "stochastic", repeats=2))
    assert len(digests) == 1


def test_random_programs():
    """40 programs drawn at random; a mend for one that fails lands with it as a case above."""
    random = np.random.default_rng(20261123)
    for _ in range(40):
        hidden = random.integers(1, 40, random.integers(0, 4))
        sizes = (int(random.integers(1, 50)), *map(int, hidden), int(random.integers(2, 12)))
        device = str(random.choice(["ideal", "ideal-fine", "oxram", "pcmo", "ecram", "pcm"]))
        batch = int(random.integers(1, 70))
        plan = {"batch": batch, "threshold": int(random.integers(1, 50))}
        plan["pulses"] = int(random.choice([1, 1, 4]))
        if random.random() < 0.2:
            plan = {"rule": "sgd", "batch": batch}
        noise_bits = int(random.integers(4, 13))
        program = _program(sizes, device, noise_bits=noise_bits, size=64, **plan)
        seed = int(random.integers(0, 1 << 63))
        state = initial_state(program, seed)
        data, labels = _pixels(sizes[0], seed), _labels(sizes[-1], seed)
        _agree(program, state, data, labels, threads=int(random.integers(1, 3)))


def test_the_state_given_is_not_touched():
    program = _program((13, 7, 3), "oxram", threshold=1, batch=16)
    state = initial_state(program, 1)
    before = copy.deepcopy(state)
    chip = Simulator(program, state)
    chip.train(_pixels(13), _labels(3), _order(), 16)
    assert digest(state) == digest(before)
    taken = chip.state()
    chip.train(_pixels(13), _labels(3), _order(), 16)
    assert digest(taken) != digest(chip.state())

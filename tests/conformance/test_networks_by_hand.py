"""Networks of reads, made by hand: the simulator against the step-by-step reference, to the bit.

The compiler has no part in these programs, so they hold what it might never make as well.
"""

from dataclasses import replace

import numpy as np
import pytest

from bsc.hw.plan import LayerPlan, Readout, Rule, TrainPlan
from bsc.hw.registry import resolve
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.program.executor import EncodedData
from bsc.program.flow_rules import FlowChecker
from bsc.testing.lessons import compare, random_data, random_targets
from bsc.testing.programs import Place, hand_made
from bsc.tiling.plan import StepOp
from bsc_runtime.chip import initial_state
from bsc_runtime.reference import ReferenceExecutor
from bsc_runtime.sim import Simulator

SAMPLES = 150
SOFTMAX, LOGISTIC, NONE = Readout.SOFTMAX, Readout.LOGISTIC, Readout.NONE


def _agree(program, state=None, data=None, *, seed=7):
    """The simulator on 1 and 2 threads, in calls of other lengths, is the reference."""
    problems: list[str] = []
    FlowChecker(program, lambda path, message: problems.append(f"{path}: {message}")).run()
    assert not problems
    state = initial_state(program, seed) if state is None else state
    data = random_data(program, SAMPLES) if data is None else data
    targets = random_targets(program, SAMPLES)
    simulators = [Simulator(program, state), Simulator(program, state, threads=2)]
    calls = list(zip(simulators, (SAMPLES, 64), strict=True))
    compare(program, ReferenceExecutor(program, state), calls, data, targets)
    return simulators[0]


def _plan(*layers, threshold=3, batch=16, **more):
    return TrainPlan(threshold=threshold, batch=batch, layers=layers, **more)


CASES = {
    "a chain": ((13,), (7, 5, 3), [(0, "x0"), (1, "z0"), (2, "z1")], [(2, SOFTMAX)]),
    "two inputs, joined": ((13, 9), (7, 3), [(0, "x0 x1"), (1, "z0")], [(1, SOFTMAX)]),
    "two inputs through one array": (
        (11, 11),
        (7, 3),
        [(0, "x0"), (0, "x1"), (1, "z0 z1")],
        [(2, SOFTMAX)],
    ),
    "one array three times, joined": (
        (11, 11, 8),
        (11, 3),
        [(0, "x0"), (0, "x1"), (0, "z0"), (1, "z1 z2 x2")],
        [(3, SOFTMAX)],
    ),
    "a skip": ((13,), (9, 3), [(0, "x0"), (1, "x0 z0")], [(1, SOFTMAX)]),
    "a skip over hidden bits": (
        (13,),
        (9, 7, 3),
        [(0, "x0"), (1, "z0"), (2, "z0 z1 z0")],
        [(2, SOFTMAX)],
    ),
    "fan-out to two arrays": (
        (13,),
        (9, 7, 5, 3),
        [(0, "x0"), (1, "z0"), (2, "z0"), (3, "z1 z2")],
        [(3, SOFTMAX)],
    ),
    "two heads": (
        (13,),
        (9, 3, 12),
        [(0, "x0"), (1, "z0"), (2, "z0")],
        [(1, SOFTMAX), (2, LOGISTIC)],
    ),
    "two heads, one of them early": (
        (13, 5),
        (9, 3, 7, 12),
        [(0, "x0"), (1, "x1"), (2, "z0"), (3, "z0 z2")],
        [(1, SOFTMAX), (3, LOGISTIC)],
    ),
    "a head that does not learn": (
        (13,),
        (9, 3, 4),
        [(0, "x0"), (1, "z0"), (2, "z0")],
        [(1, NONE), (2, SOFTMAX)],
    ),
    "an autoencoder": ((20,), (6, 20), [(0, "x0"), (1, "z0")], [(1, LOGISTIC)]),
    "an array in a circle": (
        (8,),
        (8, 3),
        [(0, "x0"), (0, "z0"), (0, "z1"), (1, "z2")],
        [(3, SOFTMAX)],
    ),
    "one array with two heads": (
        (9, 9),
        (4,),
        [(0, "x0"), (0, "x1")],
        [(0, SOFTMAX), (1, LOGISTIC)],
    ),
    "one column": ((9,), (5, 1), [(0, "x0"), (1, "z0")], [(1, LOGISTIC)]),
}


def _case(name, **more):
    inputs, columns, places, heads = CASES[name]
    made = [Place(array, tuple(sources.split())) for array, sources in places]
    more.setdefault("plan", _plan())
    return hand_made(inputs, columns, made, heads, **more)


@pytest.mark.parametrize("name", CASES)
def test_training_and_inference(name):
    _agree(_case(name))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("device", ["ecram", "ideal-fine"])
def test_references(name, device):
    _agree(_case(name, target=f"{device}-512", plan=_plan(threshold=1, batch=5)))


@pytest.mark.parametrize("name", ["a skip over hidden bits", "two heads", "an autoencoder"])
@pytest.mark.parametrize(
    "plan",
    [
        _plan(rule=Rule.ONLINE, threshold=1, batch=1),
        _plan(rule=Rule.SGD, batch=20),
        _plan(threshold=2, batch=100, pulses=3, refresh_every=2),
    ],
    ids=["online", "sgd", "refresh"],
)
def test_rules(name, plan):
    _agree(_case(name, plan=plan))


@pytest.mark.parametrize("name", ["two inputs, joined", "one array three times, joined"])
@pytest.mark.parametrize(
    ("real", "zero"), [(True, 0), (False, 300)], ids=["thresholds", "0 has a chance"]
)
def test_what_inputs_are(name, real, zero):
    program = _case(name)
    _agree(program, data=random_data(program, SAMPLES, real=real, zero=zero))


@pytest.mark.parametrize("real", [False, True])
def test_inputs_of_whole_blocks_are_not_copied(real):
    places = [Place(0, ("x1", "x0")), Place(1, ("z0", "x1"))]
    program = hand_made((16, 24), (7, 3), places, [(1, SOFTMAX)], plan=_plan())
    _agree(program, data=random_data(program, SAMPLES, real=real))


@pytest.mark.parametrize("lines", [(0, 0, 0), (3, 0, 1), (0, 2, 5)])
def test_arrays_with_other_numbers_of_bias_lines_read_the_same_bits(lines):
    _agree(_case("two heads", bias_lines=lines))
    _agree(_case("a skip over hidden bits", bias_lines=lines))


@pytest.mark.parametrize("noise_bits", [4, 7])
def test_noise_bits(noise_bits):
    _agree(_case("two heads", noise_bits=noise_bits))
    _agree(_case("a skip", noise_bits=noise_bits))


FROZEN = [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2)]


@pytest.mark.parametrize("frozen", FROZEN)
@pytest.mark.parametrize("name", ["a skip over hidden bits", "two heads", "a chain"])
def test_frozen_layers(name, frozen):
    program = _case(name, plan=_plan(*(LayerPlan(f"a{i}", frozen=True) for i in frozen)))
    before = initial_state(program, 7)
    for array in before.arrays:  # counts from before it was frozen stay where they are
        array.counters[...] = np.random.default_rng(1).integers(-9, 10, array.counters.shape)
    after = _agree(program, before).state()
    for i in frozen:
        np.testing.assert_array_equal(after.arrays[i].cells, before.arrays[i].cells)
        np.testing.assert_array_equal(after.arrays[i].counters, before.arrays[i].counters)


def test_devices_thresholds_and_pulses_for_each_layer():
    devices = [resolve(f"{name}-512").device for name in ("ecram", "pcm", "ideal-fine")]
    numbers = [(1, 3), (None, 2), (1, 1)]
    layers = [
        LayerPlan(f"a{i}", device=device, threshold=threshold, pulses=pulses)
        for i, (device, (threshold, pulses)) in enumerate(zip(devices, numbers, strict=True))
    ]
    plan = _plan(*layers, refresh_every=2)
    for name in ("fan-out to two arrays", "a skip over hidden bits", "two heads"):
        program = _case(name, plan=plan)
        state = initial_state(program, 7)
        assert len({array.style for array in state.arrays}) >= 2
        _agree(program, state)


def test_wear_of_shared_arrays():
    program = _case("an array in a circle", plan=_plan(threshold=1, pulses=3))
    state = initial_state(program, 3)
    for array in state.arrays:
        array.wear = np.zeros(array.counters.shape, np.int32)
    simulator = _agree(program, state)
    assert sum(int(a.wear.sum()) for a in simulator.state().arrays) == simulator.pulses


def test_counters_are_as_wide_as_the_places_that_share_them():
    """T - 1 + B fits 8 bits, T - 1 + 3 B does not; a bias in error always gets there."""
    places = [Place(0, ("x0",)), Place(0, ("x1",)), Place(0, ("x2",))]
    heads = [(0, LOGISTIC), (1, LOGISTIC), (2, LOGISTIC)]
    plan = _plan(threshold=64, batch=64)
    program = hand_made((5, 5, 5), (4,), places, heads, plan=plan)
    state = initial_state(program, 7)
    state.arrays[0].cells[0], state.arrays[0].cells[1] = 16383, 0
    targets = np.zeros((SAMPLES, 12), np.int32)
    reference, simulator = ReferenceExecutor(program, state), Simulator(program, state)
    for executor in (reference, simulator):
        executor.train(random_data(program, SAMPLES), targets, np.arange(64), 64)
        executor.train(random_data(program, SAMPLES), targets, np.arange(SAMPLES), 75)
    assert digest(simulator.state()) == digest(reference.state())
    # 8 bits for the last array would have been 2 bytes less for each counter.
    assert simulator.state_bytes > Simulator(replace(program, training=()), state).state_bytes


def test_a_sample_stays_while_any_head_has_an_error():
    """The first head is always right, the second one always wrong; and the other way round."""
    for right in (0, 1):
        program = _case("two heads", plan=_plan(threshold=1))
        state = initial_state(program, 7)
        order = np.random.default_rng(1).permutation(SAMPLES)
        for head, array in enumerate((1, 2)):
            cells = state.arrays[array].cells
            cells[...] = 8000
            if head == right:
                cells[:, :, 1:] = np.array([0, 16383])[:, None, None]
                cells[:, :, 0] = np.array([16383, 0])[:, None]
        targets = np.zeros((SAMPLES, 13), np.int32)
        targets[:, 1] = 65536
        reference, simulator = ReferenceExecutor(program, state), Simulator(program, state)
        for executor in (reference, simulator):
            executor.train(random_data(program, SAMPLES), targets, order, 16)
        assert digest(simulator.state()) == digest(reference.state())
        assert simulator.pulses > 0


def test_backward_steps_may_stand_before_the_other_heads_errors():
    """Executors follow the steps: a head's backward steps may come before the next readout."""
    program = _case("two heads, one of them early")
    late = (StepOp.READOUT, StepOp.ERROR)
    steps = [s for s in program.training if s.op not in late]
    steps += [s for s in program.training if s.op in late]
    counts = [s for s in steps if s.op is StepOp.COUNT]
    steps = [s for s in steps if s.op is not StepOp.COUNT] + counts
    _agree(replace(program, training=tuple(steps)))


def test_sums_that_meet_may_need_64_bits():
    """Three backward reads of 32-bit sums each: added up they are bounded by more than 32 bits."""
    columns = 30_000
    places = [Place(0, ("x0",)), *(Place(i, ("z0",)) for i in (1, 2, 3))]
    heads = [(i, LOGISTIC) for i in (1, 2, 3)]
    program = hand_made((3,), (2, columns, columns, columns), places, heads, plan=_plan(batch=4))
    state = initial_state(program, 7)
    for array in state.arrays[1:]:
        array.cells[0], array.cells[1] = 16383, 0
    data = EncodedData(np.full((4, 3), 255, np.uint8), tables.pixel_levels())
    targets = np.zeros((4, 3 * columns), np.int32)
    reference, simulator = ReferenceExecutor(program, state), Simulator(program, state)
    for executor in (reference, simulator):
        executor.train(data, targets, np.arange(4), 4)
    assert digest(simulator.state()) == digest(reference.state())


def test_random_networks():
    """60 networks drawn at random; a mend for one that fails lands with it as a case above."""
    random = np.random.default_rng(20261126)
    for _ in range(60):
        _agree(_random(random), seed=int(random.integers(0, 1 << 63)))


def _random(random):
    inputs = [int(n) for n in random.integers(1, 30, random.integers(1, 4))]
    sizes = {f"x{i}": n for i, n in enumerate(inputs)}
    columns, rows, places = [], [], []
    for number in range(random.integers(1, 7)):
        names = list(sizes)
        sources = tuple(str(s) for s in random.choice(names, random.integers(1, 4)))
        width = sum(sizes[s] for s in sources)
        fitting = [a for a, r in enumerate(rows) if r == width]
        if fitting and random.random() < 0.8:
            array = int(random.choice(fitting))
        else:
            array = len(rows)
            rows.append(width)
            columns.append(int(random.choice([rows[0], random.integers(1, 40)])))
        places.append(Place(array, sources))
        sizes[f"z{number}"] = columns[array]
    used = {source for place in places for source in place.sources}
    heads = [i for i in range(len(places)) if f"z{i}" not in used]
    readouts = [Readout(r) for r in random.choice(["softmax", "logistic"], len(heads))]
    names = ["ideal", "ideal-fine", "oxram", "pcmo", "ecram", "pcm"]
    layers = []
    for i in range(len(columns)):
        device = resolve(f"{random.choice(names)}-512").device if random.random() < 0.3 else None
        frozen = len(columns) > 1 and random.random() < 0.2
        layers.append(LayerPlan(f"a{i}", frozen=bool(frozen), device=device))
    plan = TrainPlan(
        Rule.SGD if random.random() < 0.2 else Rule.CARRY,
        batch=int(random.integers(1, 70)),
        threshold=int(random.integers(1, 30)),
        pulses=int(random.choice([1, 1, 4])),
        layers=tuple(layers),
    )
    return hand_made(
        inputs,
        columns,
        places,
        list(zip(heads, readouts, strict=True)),
        target=f"{random.choice(names)}-512",
        plan=plan,
        bias_lines=[int(n) for n in random.integers(0, 4, len(columns))],
        noise_bits=int(random.integers(4, 13)),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[:, :-1], "targets of shape"),
        (lambda t: t[:, 0], "targets of shape"),
        (lambda t: t + np.eye(1, t.shape[1], 0, dtype=np.int32) * 3, r"r1 is not in 0..2"),
        (lambda t: t - np.eye(1, t.shape[1], 0, dtype=np.int32) * 3, r"r1 is not in 0..2"),
        (lambda t: t + np.eye(1, t.shape[1], 4, dtype=np.int32) * 65537, r"r2 is not in 0..65536"),
        (lambda t: t - np.eye(1, t.shape[1], 4, dtype=np.int32) * 65537, r"r2 is not in 0..65536"),
    ],
)
def test_targets_that_do_not_fit_do_not_reach_the_kernels(change, message):
    program = _case("two heads")
    chip = Simulator(program, initial_state(program, 0))
    targets = change(random_targets(program, SAMPLES))
    with pytest.raises(ValueError, match=message):
        chip.train(random_data(program, SAMPLES), targets, np.arange(SAMPLES), 16)


def test_votes_need_a_readout_of_every_head():
    program = _case("a head that does not learn")
    chip = Simulator(program, initial_state(program, 0))
    with pytest.raises(ValueError, match="readout"):
        chip.infer(random_data(program, SAMPLES), "vote")

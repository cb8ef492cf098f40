"""How the simulator holds a chip: within its bytes, whole and checked."""

import numpy as np
import pytest

import bsc
from bsc.diag import DiagnosticError
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.program.executor import EncodedData
from bsc.testing.networks import dense_network
from bsc_runtime.chip import initial_state
from bsc_runtime.sim import Simulator, memory


def _program(sizes, target, **plan):
    return bsc.compile(dense_network(sizes), target, weights="random", **plan)


@pytest.mark.parametrize("target", ["oxram-128", "pcmo-128", "pcm-128", "ideal-128"])
@pytest.mark.parametrize("sizes", [(13, 7, 5, 3), (40, 200, 10)])
def test_a_state_comes_back_as_it_went_in(target, sizes):
    program = _program(sizes, target)
    state = initial_state(program, 4)
    random = np.random.default_rng(0)
    for array in state.arrays:
        array.counters[...] = random.integers(-63, 64, array.counters.shape)
        array.wear = random.integers(0, 1 << 30, array.counters.shape).astype(np.int32)
    state.samples, state.checks, state.epochs, state.place, state.pulses = 5, 4, 3, 2, 1
    back = Simulator(program, state).state()
    assert digest(back) == digest(state)
    assert (back.place, back.pulses) == (2, 1)
    assert [a.name for a in back.arrays] == [a.name for a in state.arrays]


@pytest.mark.parametrize("target", ["oxram-128", "pcmo-128"])
@pytest.mark.parametrize("wear", [False, True])
def test_at_most_16_bytes_a_weight(target, wear):
    program = _program((784, 500, 200, 10), target)
    state = initial_state(program, 0)
    if wear:
        for array in state.arrays:
            array.wear = np.zeros(array.counters.shape, np.int32)
    assert Simulator(program, state).state_bytes <= 16 * program.weight_count


def test_a_chip_larger_than_the_machine_is_refused(monkeypatch):
    program = _program((13, 7, 3), "oxram-128")
    monkeypatch.setattr(memory, "memory_bytes", lambda: 1000)
    with pytest.raises(DiagnosticError, match="BSC6090"):
        Simulator(program, initial_state(program, 0))


def test_states_that_do_not_fit_are_refused():
    program = _program((13, 7, 3), "oxram-128")
    state = initial_state(_program((13, 8, 3), "oxram-128"), 0)
    with pytest.raises(ValueError, match="do not fit"):
        Simulator(program, state)
    state = initial_state(program, 0)
    state.arrays[0].cells[0, 0, 0] = -1
    with pytest.raises(ValueError, match="outside 0"):
        Simulator(program, state)
    state.arrays.pop()
    with pytest.raises(ValueError, match="2 arrays, the state 1"):
        Simulator(program, state)


def _good():
    data = EncodedData(np.zeros((5, 13), np.uint8), tables.pixel_levels())
    return data, np.zeros((5, 1), np.int32), np.arange(5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d, y, o: (d, y, o + 1, 2), "order"),
        (lambda d, y, o: (d, y, o - 1, 2), "order"),
        (lambda d, y, o: (d, y + 3, o, 2), "target"),
        (lambda d, y, o: (d, y - 1, o, 2), "target"),
        (lambda d, y, o: (d, y[:4], o, 2), "targets"),
        (lambda d, y, o: (d, y, o, 0), "batch"),
        (lambda d, y, o: (EncodedData(d.values[:, :9], d.levels), y, o, 2), "13 inputs"),
        (lambda d, y, o: (EncodedData(d.values, d.levels[:9]), y, o, 2), "256 levels"),
        (lambda d, y, o: (EncodedData(d.values.astype(float), d.levels), y, o, 2), "int32"),
    ],
)
def test_a_callers_slip_does_not_reach_the_kernels(change, message):
    program = _program((13, 7, 3), "oxram-128")
    chip = Simulator(program, initial_state(program, 0))
    with pytest.raises(ValueError, match=message):
        chip.train(*change(*_good()))


def test_nothing_to_do_is_done():
    program = _program((13, 7, 3), "oxram-128")
    chip = Simulator(program, initial_state(program, 0), threads=2)
    data, labels, order = _good()
    assert chip.train(data, labels, order[:0], 4).samples == 0
    empty = EncodedData(data.values[:0], data.levels)
    for mode in ("stochastic", "vote", "binary", "analog"):
        assert chip.infer(empty, mode).shape == (0, 3)
    assert chip.checks == 0


def test_a_program_without_training_steps_only_infers():
    program = _program((13, 7, 3), "oxram-128", rule="hp")
    chip = Simulator(program, initial_state(program, 0))
    data, labels, order = _good()
    assert chip.infer(data, "stochastic").shape == (5, 3)
    with pytest.raises(ValueError, match="no training steps"):
        chip.train(data, labels, order, 2)
    with pytest.raises(ValueError, match="readout"):
        chip.infer(data, "vote")


def test_wide_sums_take_64_bits():
    """200 reads of 786 rows of the largest weight pass 2**31."""
    program = _program((785, 3), "oxram-128")
    state = initial_state(program, 0)
    state.arrays[0].cells[0], state.arrays[0].cells[1] = 16383, 0
    always = EncodedData(np.full((3, 785), 255, np.uint8), np.full(256, 65536, np.int32))
    sums = Simulator(program, state).infer(always, "stochastic", reads=200)
    assert (sums == 200 * 16383 * program.arrays[0].rows).all()
    assert sums.min() > 1 << 31

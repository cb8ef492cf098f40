"""Sessions on the machine: checkpoints, saved programs and other modes know nothing of it."""

import signal
import tracemalloc
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numba import typeof

import bsc
from bsc.diag import DiagnosticError
from bsc.hw.registry import resolve
from bsc.hw.spec import ArrayGeometry
from bsc.ir.builder import GraphBuilder
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.ops import OPS
from bsc.program.executor import EncodedData
from bsc.program.file import load
from bsc.testing.networks import dense_network
from bsc_runtime import Callback, Interrupted, Session
from bsc_runtime.chip import initial_state
from bsc_runtime.machine import MachineExecutor, engine
from bsc_runtime.reference import ReferenceExecutor
from bsc_runtime.train import pace

EPOCHS = 4
LAST_CLOCK = (1 << 48) - 1
SIZES = (12, 9, 3)


@cache
def _program(device="oxram", cores=2, **plan):
    target = resolve(f"{device}-64")
    chip = target.chip.model_copy(update={"cores": cores})
    update = {"array": ArrayGeometry(rows=7, columns=5), "chip": chip}
    plan = plan or {"batch": 8, "threshold": 3}
    graph = dense_network(SIZES, seed=2)
    return bsc.compile(graph, target.model_copy(update=update), weights="random", **plan)


def _problem():
    rng = np.random.default_rng(3)
    x = rng.random((101, 12), np.float32)
    return x, x.reshape(101, 3, 4).sum(axis=2).argmax(axis=1)


@cache
def _uninterrupted(executor):
    whole = Session(_program(), seed=5, executor=executor)
    history = whole.train(*_problem(), epochs=EPOCHS)
    return whole.digest(), history.accuracy


def _answers(session, mode):
    """The bytes of all that a session answers."""
    outputs = session.infer(_problem()[0], mode=mode)
    return {name: values.tobytes() for name, values in outputs.items()}


class _StopAfter(Callback):
    """Presses Ctrl-C when so many calls of the executor are done."""

    def __init__(self, calls):
        self.left = calls

    def on_progress(self, progress):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("executor", ["simulator", "reference"])
def test_a_session_ends_like_on_any_executor(executor):
    assert _uninterrupted("machine") == _uninterrupted(executor)


@pytest.mark.parametrize("calls", [3, 14, 20])
@pytest.mark.parametrize("executors", [("machine", "simulator"), ("simulator", "machine")])
def test_a_checkpoint_of_one_executor_resumes_on_the_other(executors, calls, tmp_path, monkeypatch):
    """Stopped within an epoch, and behind one: 13 batches of 8 make an epoch."""
    monkeypatch.setattr(pace, "_SECONDS", 0.0)  # calls of one batch
    monkeypatch.setattr(pace, "_FIRST_SAMPLES", 1)
    begun = Session(_program(), seed=5, executor=executors[0])
    with pytest.raises(Interrupted):
        begun.train(*_problem(), epochs=EPOCHS, checkpoint=tmp_path, callbacks=[_StopAfter(calls)])
    resumed = Session(_program(), executor=executors[1])
    history = resumed.train(*_problem(), epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert (resumed.digest(), history.accuracy) == _uninterrupted("simulator")


@pytest.mark.parametrize("executors", [("machine", "simulator"), ("simulator", "machine")])
def test_a_saved_program_moves_between_executors(executors, tmp_path):
    first = Session(_program(), seed=5, executor=executors[0])
    first.train(*_problem(), epochs=1)
    first.save(tmp_path / "one.bsp")
    second = Session(load(tmp_path / "one.bsp"), executor=executors[1])
    assert second.digest() == first.digest()
    second.train(*_problem(), epochs=EPOCHS - 1)
    assert second.digest() == _uninterrupted("simulator")[0]


def test_two_sessions_side_by_side():
    """Machines share compiled code, and nothing else."""
    programs = [_program(), _program("pcmo", 3, batch=16, threshold=2)]
    alone = []
    for program in programs:
        chip = Session(program, seed=1, executor="machine")
        chip.train(*_problem(), epochs=3)
        alone.append((chip.digest(), _answers(chip, "vote")))
    chips = [Session(program, seed=1, executor="machine") for program in programs]
    found = [{}, {}]
    for _ in range(3):
        for number, chip in enumerate(chips):
            chip.train(*_problem())
            found[number] = _answers(chip, "vote")
    assert [(c.digest(), sums) for c, sums in zip(chips, found, strict=True)] == alone


@pytest.mark.parametrize("mode", ["stochastic", "vote", "binary", "analog"])
def test_answers_of_a_session(mode):
    found = [
        _answers(Session(_program(), seed=5, executor=executor), mode)
        for executor in ("machine", "simulator")
    ]
    assert found[0] == found[1]


def _regressor():
    """One output and no softmax: it has no training steps and no readout."""
    random = np.random.default_rng(0)
    builder = GraphBuilder("regressor", Stage.SOURCE, OPS)
    value = builder.input("x", TensorType(Encoding.F32, ("N", 12)))
    for name, shape in (("w", (12, 9)), ("v", (9, 1))):
        weights = random.normal(0, 0.5, shape).astype(np.float32)
        value = builder.add("dense", [value, builder.constant(name, weights)])
        if name == "w":
            value = builder.add("tanh", [value])
    builder.output(value)
    target = resolve("oxram-64")
    chip = target.chip.model_copy(update={"cores": 3})
    return bsc.compile(builder.build(), target.model_copy(update={"chip": chip}))


def test_a_program_without_training_infers():
    program = _regressor()
    assert program.training == ()
    data = EncodedData(np.full((20, 12), 30_000, np.int32), np.zeros(0, np.int32))
    state = program.state
    machine, reference = MachineExecutor(program, state), ReferenceExecutor(program, state)
    for mode, options in (
        ("stochastic", {"repeats": 2, "reads": 2}),
        ("binary", {}),
        ("analog", {}),
    ):
        np.testing.assert_array_equal(
            machine.infer(data, mode, **options), reference.infer(data, mode, **options)
        )
    with pytest.raises(ValueError, match="vote needs a program with a readout"):
        machine.infer(data, "vote")
    with pytest.raises(ValueError, match="at least two classes"):
        machine.train(data, np.zeros(20, np.int32), np.arange(20), 4)


def test_a_session_says_what_a_program_without_readout_cannot():
    x = _problem()[0]
    session = Session(_regressor(), executor="machine")
    (sums,) = session.infer(x).values()
    assert sums.shape == (101, 1)
    with pytest.raises(DiagnosticError):
        session.infer(x, mode="vote")
    with pytest.raises(DiagnosticError, match="at least two classes"):
        session.train(x, np.zeros(101, int))


@pytest.mark.parametrize("rule", ["hp", "sgd", "online"])
def test_other_rules(rule):
    """The rule hp trains on the host; its codes then answer on the machine."""
    x, y = _problem()
    chips = [
        Session(_program("ideal-fine", 2, rule=rule), seed=5, executor=executor)
        for executor in ("machine", "simulator")
    ]
    for chip in chips:
        chip.train(x, y, epochs=1)
    assert chips[0].digest() == chips[1].digest()
    assert _answers(chips[0], "stochastic") == _answers(chips[1], "stochastic")


def _lesson(samples):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (samples, 12)).astype(np.uint8)
    data = EncodedData(pixels, tables.pixel_levels())
    return data, random.integers(0, 3, (samples, 1)).astype(np.int32), np.arange(samples)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that interrupt")
def test_an_interrupt_parts_no_cells_from_their_clocks():
    program = _program(batch=32, threshold=1)
    state = initial_state(program, 0)
    data, labels, order = _lesson(1 << 16)
    chip, expected = MachineExecutor(program, state), ReferenceExecutor(program, state)
    for executor in (chip, expected):
        executor.train(data, labels, order[:0], 32)
        executor.train(data, labels, order[:64], 32)

    def interrupt(number, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(KeyboardInterrupt):
            chip.train(data, labels, order, 32)  # takes some 500 ms
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    after = chip.state()
    assert after.samples in (64, 64 + order.size)
    expected.train(data, labels, order[: after.samples - 64], 32)
    assert digest(after) == digest(expected.state())
    assert after.checks == expected.state().checks
    assert after.pulses == expected.state().pulses
    assert after.samples == 64 + order.size  # the call was ended, then the interrupt raised


def test_a_chip_that_failed_midway_is_not_used_again(monkeypatch):
    program = _program()
    chip = MachineExecutor(program, initial_state(program, 0))
    data, labels, order = _lesson(64)

    def fail():
        raise MemoryError

    monkeypatch.setattr(chip.machine, "run", fail)
    with pytest.raises(MemoryError):
        chip.train(data, labels, order, 16)
    for use in (chip.state, lambda: chip.infer(data, "binary")):
        with pytest.raises(RuntimeError, match="cells and clocks do not agree"):
            use()


def test_what_training_compiles_is_compiled_before_it_is_timed(monkeypatch):
    """Counters of a whole batch are wider than those of one sample, which is another form."""
    forms = []
    run = engine.run

    def noted(*arguments):
        forms.append(tuple(map(typeof, arguments)))
        return run(*arguments)

    monkeypatch.setattr(engine, "run", noted)
    session = Session(_program(batch=64, threshold=100), seed=5, executor="machine")
    session.train(*_problem(), epochs=2)
    assert len(forms) > 2
    assert set(forms) == {forms[0]}


@pytest.mark.parametrize("batch", [500, (1 << 31) - 8])
def test_a_batch_larger_than_the_data_costs_no_memory(batch):
    """What a warm-up needs follows from the data, not from the plan's largest number."""
    sessions = [
        Session(_program(batch=batch, threshold=3), seed=5, executor=executor)
        for executor in ("machine", "simulator")
    ]
    tracemalloc.start()
    for session in sessions:
        session.train(*_problem(), epochs=1)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
    assert sessions[0].digest() == sessions[1].digest()


@pytest.mark.parametrize("executor", ["machine", "simulator", "reference"])
def test_a_chip_learns_up_to_the_last_clock_that_a_file_holds(executor, tmp_path):
    x, y = _problem()
    program = _program()
    for clocks in ({"samples": LAST_CLOCK - len(x)}, {"checks": LAST_CLOCK - 13}):
        state = replace(initial_state(program, 5), **clocks)
        session = Session(replace(program, state=state), executor=executor)
        session.train(x, y, epochs=1)
        session.save(tmp_path / "last.bsp")
        assert LAST_CLOCK in (load(tmp_path / "last.bsp").state.samples,
                              load(tmp_path / "last.bsp").state.checks)  # fmt: skip
        with pytest.raises(DiagnosticError, match="BSC6031"):
            session.train(x, y, epochs=2)

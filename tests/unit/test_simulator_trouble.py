"""Calls that fail or are interrupted leave a chip whose cells and clocks agree, or none."""

import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import bsc
from bsc.diag import DiagnosticError
from bsc.numerics import tables
from bsc.numerics.digest import digest
from bsc.numerics.errors import NumericsError
from bsc.program.executor import EncodedData
from bsc.testing.networks import dense_network
from bsc_runtime.chip import initial_state
from bsc_runtime.inference import Request
from bsc_runtime.reference import ReferenceExecutor
from bsc_runtime.sim import Simulator
from bsc_runtime.sim.crew import run_undisturbed

SAMPLES = 64


def _program(**plan):
    return bsc.compile(dense_network((13, 7, 3)), "oxram-128", weights="random", **plan)


def _lesson(samples=SAMPLES):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (samples, 13)).astype(np.uint8)
    data = EncodedData(pixels, tables.pixel_levels())
    return data, random.integers(0, 3, (samples, 1)).astype(np.int32), np.arange(samples)


def test_a_thread_that_cannot_start_changes_nothing_and_leaves_nobody_behind(monkeypatch):
    """Worker 1 waits in the kernel for worker 2, who never comes."""
    program = _program(threshold=1)
    state = initial_state(program, 0)
    chip, start = Simulator(program, state, threads=3), threading.Thread.start
    data, labels, order = _lesson()
    chip.train(data, labels, order[:0], 32)
    before, started = threading.active_count(), []

    def third_fails(thread):
        started.append(thread)
        if len(started) == 3:  # the call's own, worker 1, worker 2
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", third_fails)
        with pytest.raises(RuntimeError, match="can't start"):
            chip.train(data, labels, order, 32)
    started[0].join(20)
    assert threading.active_count() == before
    assert digest(chip.state()) == digest(state)
    chip.train(data, labels, order, 32)
    reference = ReferenceExecutor(program, state)
    reference.train(data, labels, order, 32)
    assert digest(chip.state()) == digest(reference.state())


def test_a_chip_that_failed_midway_is_not_used_again(monkeypatch):
    program = _program()
    chip = Simulator(program, initial_state(program, 0))
    data, labels, order = _lesson()

    def fail(work, workers, samples, abort):
        work(0)
        raise MemoryError

    monkeypatch.setattr(chip._crew, "run", fail)
    with pytest.raises(MemoryError):
        chip.train(data, labels, order, 16)
    for use in (chip.state, lambda: chip.infer(data, "binary")):
        with pytest.raises(RuntimeError, match="cells and clocks do not agree"):
            use()


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no signals to spare")
@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_parts_no_cells_from_their_clocks(threads, monkeypatch):
    program = _program(threshold=1)
    state = initial_state(program, 0)
    chip = Simulator(program, state, threads=threads)
    data, labels, order = _lesson(1 << 17)
    chip.train(data, labels, order[:0], 32)
    chip.train(data, labels, order[:64], 32)
    expected = Simulator(program, state, threads=threads)
    expected.train(data, labels, order[:64], 32)
    run = chip._crew.run

    def interrupted(*given):
        os.kill(os.getpid(), signal.SIGALRM)
        run(*given)  # takes some 100 ms

    def interrupt(number, frame):
        raise KeyboardInterrupt

    monkeypatch.setattr(chip._crew, "run", interrupted)
    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            chip.train(data, labels, order, 32)
    finally:
        signal.signal(signal.SIGALRM, previous)
    expected.train(data, labels, order[: chip.samples - 64], 32)
    assert digest(chip.state()) == digest(expected.state())
    assert chip.samples == 64 + order.size


def test_keys_of_draws_do_not_wrap():
    """Both executors refuse what the fields of a draw do not hold, and take the last that fits."""
    program = _program(batch=16, threshold=1)
    data, labels, order = _lesson()
    for make in (Simulator, ReferenceExecutor):
        chip = make(program, initial_state(program, 0))
        for seed in (-1, 1 << 64):
            with pytest.raises(NumericsError, match="seed"):
                chip.infer(data, "stochastic", seed=seed)
        for first in (-1, (1 << 48) - SAMPLES + 1):
            with pytest.raises(NumericsError, match="sample index"):
                chip.infer(data, "stochastic", first_index=first)
        chip.infer(data, "stochastic", seed=(1 << 64) - 1, first_index=(1 << 48) - SAMPLES)
        for clocks, message in (
            ({"samples": (1 << 48) - SAMPLES}, "sample index"),
            ({"checks": (1 << 48) - 4}, "clock of checks"),
        ):
            state = initial_state(program, 0)
            for name, value in clocks.items():
                setattr(state, name, value)
            with pytest.raises(NumericsError, match=message):
                make(program, state).train(data, labels, order, 16)
    state = initial_state(program, 0)
    state.samples, state.checks = (1 << 48) - 1 - SAMPLES, (1 << 48) - 1 - 4
    assert Simulator(program, state).train(data, labels, order, 16).checks == 4
    state.seed = 1 << 64
    with pytest.raises(NumericsError, match="seed"):
        Simulator(program, state)


def test_a_huge_batch_widens_no_counter_for_nothing():
    program = _program(threshold=1)
    state = initial_state(program, 0)
    chip = Simulator(program, state)
    bytes_before = chip.state_bytes
    data, labels, order = _lesson()
    chip.train(data, labels, order[:0], 2**31 - 1)
    chip.train(data, labels, order, 2**31 - 1)
    assert chip.state_bytes == bytes_before
    reference = ReferenceExecutor(program, state)
    reference.train(data, labels, order, 2**31 - 1)
    assert digest(chip.state()) == digest(reference.state())


def test_counters_widen_for_the_samples_that_a_batch_has():
    """Signs of the first output's bias that do not cancel: far over 127 counts, and over 32767."""
    program = bsc.compile(dense_network((13, 3)), "oxram-128", weights="random", threshold=2**30)
    state = initial_state(program, 0)
    state.arrays[0].cells[0], state.arrays[0].cells[1] = 0, 16383
    chip, reference = Simulator(program, state), ReferenceExecutor(program, state)
    data, labels, order = _lesson(1 << 16)
    labels[...] = 0
    for executor in (chip, reference):
        executor.train(data, labels, order, 2**30)
    assert digest(chip.state()) == digest(reference.state())
    assert np.abs(chip.state().arrays[0].counters).max() > 32767


@pytest.mark.parametrize("order_of_steps", [1, -1])
def test_a_refresh_may_stand_anywhere_in_an_update(order_of_steps):
    """Files must name it behind the pulses; the kernels do not rely on that."""
    program = _program(threshold=1, refresh_every=2)
    program = replace(program, update=program.update[::order_of_steps])
    _agree(program)


def test_even_steps_of_pairs_are_no_rows_of_single_cells():
    """Both ways even and one pulse at T = 1, but c+ and c- are moved: no vector loop for that."""
    program = _program(threshold=1)
    even = {
        "even_up": np.full(16384, 256, np.int32),
        "even_down": np.full(16384, -256, np.int32),
    }
    named = (("step_up", "even_up"), ("step_down", "even_down"))
    update = tuple(replace(step, tables=named) for step in program.update)
    _agree(replace(program, update=update, tables={**program.tables, **even}))


def _agree(program):
    state = initial_state(program, 0)
    chip, reference = Simulator(program, state), ReferenceExecutor(program, state)
    data, labels, order = _lesson()
    for executor in (chip, reference):
        executor.train(data, labels, order, 4)
    assert digest(chip.state()) == digest(reference.state())
    assert chip.pulses == reference.state().pulses > 0


@pytest.mark.parametrize("seed", [-1, 1 << 64])
def test_a_seed_of_more_than_64_bits_is_a_users_mistake(seed):
    with pytest.raises(DiagnosticError, match=r"BSC6030: seed .* is not in 0"):
        Request("stochastic", seed=seed)


def test_an_interrupt_while_the_call_begins_waits_for_it(monkeypatch):
    """A signal may come while the thread that makes the call is being started."""
    begun, done = threading.Event(), []

    def call():
        begun.set()
        time.sleep(0.05)
        done.append(True)

    class Late(threading.Thread):
        def start(self):
            super().start()
            begun.wait()
            raise KeyboardInterrupt

    class Early(threading.Thread):
        def start(self):
            raise KeyboardInterrupt

    for kind, calls in ((Late, 1), (Early, 1)):
        monkeypatch.setattr(threading, "Thread", kind)
        with pytest.raises(KeyboardInterrupt):
            run_undisturbed(call)
        assert len(done) == calls  # the second one was never made

"""The crew takes the number of workers that is faster at the moment, and looks again."""

import signal
import threading
import time

import pytest

from bsc_runtime.sim.crew import BATCH_FOR_WORKERS, Crew, run_together, run_undisturbed


def _call(crew, seconds_a_sample, monkeypatch):
    """One call of 1000 samples that takes so long by a false clock; returns the workers."""
    workers = crew.size(64)
    times = {1: seconds_a_sample[0] * 1000, 2: seconds_a_sample[1] * 1000}
    clock = iter([0.0, times[workers]])
    monkeypatch.setattr("bsc_runtime.sim.crew.time.perf_counter", lambda: next(clock))
    crew.run(lambda worker: None, workers, 1000, lambda: None)
    return workers


@pytest.mark.parametrize(("seconds", "usual"), [((2.0, 1.0), 2), ((1.0, 2.0), 1)])
def test_the_faster_number_is_usual_and_the_other_is_tried_at_times(seconds, usual, monkeypatch):
    crew = Crew(2)
    chosen = [_call(crew, seconds, monkeypatch) for _ in range(100)]
    assert chosen[0] == 2  # all threads, before anything is known
    assert set(chosen) == {1, 2}
    assert chosen[4:].count(usual) >= 0.9 * len(chosen[4:])


def test_a_change_of_the_machines_load_is_noticed(monkeypatch):
    crew = Crew(2)
    for _ in range(50):
        _call(crew, (2.0, 1.0), monkeypatch)
    chosen = [_call(crew, (2.0, 8.0), monkeypatch) for _ in range(50)]
    assert chosen[10:].count(1) > 30


def test_small_batches_and_single_threads_stay_alone():
    assert Crew(4).size(BATCH_FOR_WORKERS - 1) == 1
    assert Crew(1).size(1000) == 1


def test_every_worker_runs_and_a_failure_waits_for_all():
    seen = []
    run_together(seen.append, 3)
    assert sorted(seen) == [0, 1, 2]

    def fail(worker):
        seen.append(worker)
        if worker == 0:
            raise RuntimeError("stop")

    seen.clear()
    with pytest.raises(RuntimeError, match="stop"):
        run_together(fail, 3)
    assert sorted(seen) == [0, 1, 2]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_failing_worker_frees_those_who_wait_for_it_and_is_heard(failing):
    gone = threading.Event()

    def work(worker):
        if worker == failing:
            raise RuntimeError(f"worker {worker} died")
        assert gone.wait(20)

    with pytest.raises(RuntimeError, match=f"worker {failing} died"):
        run_together(work, 3, gone.set)


def test_a_thread_that_cannot_start_frees_those_who_wait_for_it(monkeypatch):
    gone, left, start = threading.Event(), [], threading.Thread.start

    def second_fails(thread):
        if threading.active_count() > before:
            raise RuntimeError("can't start new thread")
        start(thread)

    def work(worker):
        assert gone.wait(20)
        left.append(worker)

    before = threading.active_count()
    monkeypatch.setattr(threading.Thread, "start", second_fails)
    with pytest.raises(RuntimeError, match="can't start"):
        run_together(work, 3, gone.set)
    assert left == [1]  # joined, and worker 0 never began


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that interrupt")
def test_an_interrupt_waits_for_the_end_of_the_call():
    done = []

    def call():
        time.sleep(0.3)
        done.append(True)

    def interrupt(number, frame):
        assert not done
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            run_undisturbed(call)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert done == [True]


def test_what_an_undisturbed_call_returns_or_raises_comes_out():
    assert run_undisturbed(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        run_undisturbed(lambda: 1 // 0)

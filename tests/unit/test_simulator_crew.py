"""The crew takes the number of workers that is faster at the moment, and looks again."""

import pytest

from bsc_runtime.sim.crew import BATCH_FOR_WORKERS, Crew


def _call(crew, seconds_a_sample, monkeypatch):
    """One call of 1000 samples that takes so long by a false clock; returns the workers."""
    workers = crew.size(64)
    times = {1: seconds_a_sample[0] * 1000, 2: seconds_a_sample[1] * 1000}
    clock = iter([0.0, times[workers]])
    monkeypatch.setattr("bsc_runtime.sim.crew.time.perf_counter", lambda: next(clock))
    crew.run(lambda worker: None, workers, 1000)
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
    crew, seen = Crew(3), []
    crew.run(seen.append, 3, 10)
    assert sorted(seen) == [0, 1, 2]

    def fail(worker):
        seen.append(worker)
        if worker == 0:
            raise RuntimeError("stop")

    seen.clear()
    with pytest.raises(RuntimeError, match="stop"):
        crew.run(fail, 3, 10)
    assert sorted(seen) == [0, 1, 2]

"""How many threads share a call, and how they run it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

BATCH_FOR_WORKERS = 16
"""Smaller batches run on one thread: waiting for each other would cost more than it saves."""

_TRIED_AGAIN = 16
"""Calls after which the slower choice is tried again."""

_TELLING = 256
"""Calls of fewer samples say nothing about speed."""


class Crew:
    """The threads that a simulator may use.

    Workers meet twice a batch. On a machine with a core for each that doubles the speed; where
    other programs hold the cores, each meeting waits for the scheduler, and one thread alone is
    faster. No result depends on the number, so the crew tries both and takes what is faster now.
    """

    def __init__(self, threads: int) -> None:
        """Start with all threads."""
        self._threads = threads
        self._seconds: dict[int, float] = {}  # for one sample, by number of workers
        self._calls = 0

    def size(self, batch: int) -> int:
        """Workers for the next call with batches of that many samples."""
        if self._threads == 1 or batch < BATCH_FOR_WORKERS:
            return 1
        choices = (self._threads, 1)
        untried = [c for c in choices if c not in self._seconds]
        if untried:
            return untried[0]
        faster, slower = sorted(choices, key=lambda c: self._seconds[c])
        return slower if self._calls % _TRIED_AGAIN == 0 else faster

    def run(
        self,
        work: Callable[[int], None],
        workers: int,
        samples: int,
        abort: Callable[[], None],
    ) -> None:
        """Call work(0), work(1), ... and learn from the time it took; see `run_together`."""
        start = time.perf_counter()
        run_together(work, workers, abort)
        self._took(workers, samples, time.perf_counter() - start)

    def _took(self, workers: int, samples: int, seconds: float) -> None:
        self._calls += 1
        if samples < _TELLING or self._calls == 1:  # the first call may have compiled
            return
        each = seconds / samples
        known = self._seconds.get(workers, each)
        self._seconds[workers] = (known + each) / 2


def run_together(
    work: Callable[[int], None], workers: int, abort: Callable[[], None] = lambda: None
) -> None:
    """Call work(0), work(1), ... side by side; kernels hold no GIL.

    The caller's own thread is one of them. No exception leaves before all are done; the first one
    that happened does.

    Args:
        work: what each worker does.
        workers: how many.
        abort: called when a worker failed or could not be started: makes the others, who may be
            waiting for it, leave.
    """
    failures: list[BaseException] = []

    def guarded(worker: int) -> None:
        try:
            work(worker)
        except BaseException as error:  # a thread has nobody to raise to
            failures.append(error)
            abort()

    started: list[threading.Thread] = []
    try:
        for worker in range(1, workers):
            thread = threading.Thread(target=guarded, args=(worker,), daemon=True)
            thread.start()
            started.append(thread)
        guarded(0)
    except BaseException:
        abort()
        raise
    finally:
        for thread in started:
            thread.join()
    if failures:
        raise failures[0]


def run_undisturbed(call: Callable[[], Result]) -> Result:
    """Run a call to its end even where a signal (Ctrl-C, say) raises meanwhile; then raise that.

    Python runs the handlers of signals in the main thread, between any two steps of its code; so
    from there the call is made in another thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return call()
    results: list[Result] = []
    failures: list[BaseException] = []
    running = threading.Lock()  # an Event may stay locked where a signal interrupts its wait
    running.acquire()
    begun = threading.Lock()  # taken by who decides first whether the call is made

    def run() -> None:
        if not begun.acquire(blocking=False):
            return
        try:
            results.append(call())
        except BaseException as error:  # a thread has nobody to raise to
            failures.append(error)
        finally:
            running.release()

    interrupt: BaseException | None = None
    try:
        threading.Thread(target=run, daemon=True).start()
    except BaseException as error:  # the thread may be at work already, or yet come to life
        if begun.acquire(blocking=False):
            raise
        interrupt = error
    while not (results or failures):
        try:
            running.acquire(timeout=1.0)
        except BaseException as error:  # whatever a handler raises
            interrupt = error
    if interrupt is not None:
        raise interrupt
    if failures:
        raise failures[0]
    return results[0]

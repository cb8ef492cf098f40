"""How many threads share a call, and how they run it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

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

    def run(self, work: Callable[[int], None], workers: int, samples: int) -> None:
        """Call work(0), work(1), ... side by side; kernels hold no GIL.

        The caller's own thread is one of them, and no exception leaves before all are done.
        """
        others = [threading.Thread(target=work, args=(w,), daemon=True) for w in range(1, workers)]
        start = time.perf_counter()
        for thread in others:
            thread.start()
        try:
            work(0)
        finally:
            for thread in others:
                thread.join()
        self._took(workers, samples, time.perf_counter() - start)

    def _took(self, workers: int, samples: int, seconds: float) -> None:
        self._calls += 1
        if samples < _TELLING or self._calls == 1:  # the first call may have compiled
            return
        each = seconds / samples
        known = self._seconds.get(workers, each)
        self._seconds[workers] = (known + each) / 2

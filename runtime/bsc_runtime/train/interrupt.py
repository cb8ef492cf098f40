"""Ctrl-C during a run: stop at a batch boundary, save, say where."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from bsc_runtime.train.history import History


class Interrupted(KeyboardInterrupt):
    """A run was stopped by the user and saved.

    Attributes:
        path: the checkpoint or program that holds the state; None where nowhere was given.
        history: the epochs done.
    """

    def __init__(self, path: Path | None, history: History) -> None:
        self.path = path
        self.history = history
        super().__init__(f"stopped by the user; saved to {path}" if path else "stopped by the user")


class InterruptWatch:
    """While entered, the first Ctrl-C is noted and the second one raises KeyboardInterrupt.

    Signals reach the main thread alone; in another thread, and where SIGINT is ignored, nothing
    changes.
    """

    def __init__(self) -> None:
        self.asked = False
        self._previous: Any = None

    def __enter__(self) -> InterruptWatch:
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            self._previous = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None

    def guard(self, call: Callable[[], None]) -> None:
        """Run code of others; a KeyboardInterrupt out of it counts as Ctrl-C."""
        try:
            call()
        except KeyboardInterrupt:
            self.asked = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

"""Programs put on a chip, as the commands that run them need it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.program.model import Program
    from bsc_runtime import Session

_MOST_THREADS = 8


def available_threads() -> int:
    """Threads to use where none are asked for: the cores this process may run on, 8 at most."""
    return min(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, _MOST_THREADS
    )


def open_session(
    program: Program | Path,
    output: Output,
    *,
    seed: int | None = None,
    threads: int | None = None,
    executor: str | None = None,
) -> Session:
    """A session on a program or its file; its notes go to the user."""
    import bsc
    from bsc_runtime import Session

    loaded = bsc.load(program) if isinstance(program, Path) else program
    return Session(
        loaded,
        seed=seed,
        threads=threads or available_threads(),
        executor=executor,
        on_note=output.say,
    )

"""Python's search for cycles of objects, paused while a tree or a graph grows."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collecting_nothing() -> Iterator[None]:
    """Pause the search for cycles of objects.

    Trees and graphs have none, and looking for them while they grow takes from a third to half of
    the time, and more than its share of long programs: each search walks all that was made before.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""Files of weights that stay read between two checks of a program, while they are the same.

An editor checks a text anew at every pause; its weights are read once. Without `keeping`, nothing
is kept.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from bsc.ir.graph import Array

Reader: TypeAlias = Callable[[], Array]
Opener: TypeAlias = Callable[[Path], Mapping[str, Reader]]
_State: TypeAlias = tuple[tuple[str, int, int], ...]

MOST_BYTES = 1 << 30
"""Bytes of tensors that are kept; with more, those of the files used longest ago go."""

_MOST_BESIDE = 1000
"""Files of a folder that are looked at for external data of an ONNX file."""


@dataclass(slots=True)
class _Kept:
    """A file as it was read: its state then, its readers, tensors read so far."""

    state: _State
    readers: Mapping[str, Reader]
    arrays: dict[str, Array] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Memory of its tensors."""
        return sum(array.nbytes for array in self.arrays.values())


class KeptFiles:
    """Files read before, by path; the one used last is last."""

    def __init__(self) -> None:
        self._files: dict[Path, _Kept] = {}
        self._lock = threading.Lock()

    def readers(self, path: Path, opener: Opener) -> Mapping[str, Reader]:
        """What reads each tensor of a file, at most once while the file is the same."""
        state = _state_of(path)
        with self._lock:
            kept = self._files.pop(path, None)
        if kept is None or kept.state != state or not state:
            kept = _Kept(state, opener(path))
        with self._lock:
            self._files[path] = kept
        return {name: self._reading(kept, name) for name in kept.readers}

    def _reading(self, kept: _Kept, name: str) -> Reader:
        def read() -> Array:
            found = kept.arrays.get(name)
            if found is None:
                found = kept.readers[name]()
                kept.arrays[name] = found
                self._make_room()
            return found

        return read

    def _make_room(self) -> None:
        with self._lock:
            total = 0
            for path in reversed(list(self._files)):
                total += self._files[path].bytes
                if total > MOST_BYTES:
                    del self._files[path]


_KEEPING: ContextVar[KeptFiles | None] = ContextVar("kept_files", default=None)


@contextmanager
def keeping(files: KeptFiles) -> Iterator[None]:
    """Within it, programs that are checked find their weights in `files`."""
    token = _KEEPING.set(files)
    try:
        yield
    finally:
        _KEEPING.reset(token)


def kept_readers(path: Path, opener: Opener) -> Mapping[str, Reader]:
    """What reads each tensor of a file; opened anew unless it is kept."""
    files = _KEEPING.get()
    return opener(path) if files is None else files.readers(path, opener)


def _state_of(path: Path) -> _State:
    """What changes when a file is written; empty where that cannot be told.

    Tensors of an ONNX file may stand in files beside it.
    """
    try:
        if path.suffix.lower() != ".onnx":
            found = os.stat(path)
            return ((path.name, found.st_size, found.st_mtime_ns),)
        states: list[tuple[str, int, int]] = []
        with os.scandir(path.parent) as entries:
            for entry in entries:
                if len(states) >= _MOST_BESIDE:
                    return ()
                if entry.is_file() and not entry.name.endswith(".bsc"):
                    found = entry.stat()
                    states.append((entry.name, found.st_size, found.st_mtime_ns))
        return tuple(sorted(states))
    except OSError:
        return ()

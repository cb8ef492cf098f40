"""What is written when bsc itself fails: the traceback, and the graph that a pass failed on.

Nothing here may hide the error that it is about: whatever goes wrong, fewer files are written.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence

from bsc.cli.versions import versions


def write_report(error: Exception, trace: str, arguments: Sequence[str]) -> list[str]:
    """Write `bsc-bug-*.txt`, and beside it `.bsir` where a pass broke down; paths of both.

    Args:
        error: what ended the command.
        trace: its traceback.
        arguments: the command line.
    """
    lines = [f"bsc {' '.join(arguments)}", *(f"{k} {v}" for k, v in versions().items()), "", trace]
    path = ""
    try:
        handle, path = tempfile.mkstemp(prefix="bsc-bug-", suffix=".txt")
        with os.fdopen(handle, "wb") as stream:
            stream.write(_bytes("\n".join(lines)))
    except OSError:
        _remove(path)
        return []
    graph = _write_reproducer(error, trace, path.removesuffix(".txt"))
    return [path, graph] if graph else [path]


def _write_reproducer(error: Exception, trace: str, stem: str) -> str:
    try:
        from bsc.ir.reproducer import failure_of, reproducer
        from bsc.pipelines import KINDS

        failure = failure_of(error)
        if failure is None:
            return ""
        text = _bytes(reproducer(failure, KINDS, trace))
    except Exception:  # a pass may have failed because its graph or options are beyond printing
        return ""
    return _write_new(f"{stem}.bsir", text)


def _write_new(path: str, data: bytes) -> str:
    """Write a file whole or not at all, over no other; its path, empty where it cannot be."""
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".bsc-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, path)  # unlike a rename, it fails where the name is taken
    except OSError:
        return ""
    finally:
        _remove(temporary)
    return path


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)

"""One place where everything that goes wrong ends: a message for the user and an exit code.

0 done; 1 the input is at fault; 2 usage; 70 a bug; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import ParamSpec, TextIO, TypeVar, cast

from bsc.diag import DiagnosticError, fail, render_all
from bsc.diag.render import read_sources
from bsc.program.system import of_system

DONE = 0
AT_FAULT = 1
BUG = 70
STOPPED = 130

P = ParamSpec("P")
T = TypeVar("T")


class Stopped(Exception):
    """Ctrl-C, carried past the command line library, which would swallow it."""


class ReaderGone(Exception):
    """Whoever read stdout went away, as `head` does."""


def guarded(command: Callable[P, T]) -> Callable[P, T]:
    """Let through to `run` what the command line library would take for itself."""

    @functools.wraps(command)
    def inner(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt as stop:
            raise Stopped(str(stop)) from stop
        except BrokenPipeError as gone:
            raise ReaderGone from gone

    return inner


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; nothing is raised."""
    with forgiving_stderr():
        return _run(arguments)


class _Forgiving:
    """Standard error that may go away: what is said then is lost, what is done goes on."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or give up for good."""
        self._try(lambda stream: stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Flush, or give up for good."""
        self._try(lambda stream: stream.flush())

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """The stream's own descriptor."""
        if self._stream is None:
            raise OSError("there is no standard error")
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        """The stream's own encoding."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def _try(self, action: Callable[[TextIO], object]) -> None:
        if self._stream is None:
            return
        try:
            action(self._stream)
        except (OSError, ValueError):
            # A full disk, a reader that left: the interpreter must not stumble over it at its end.
            with contextlib.suppress(OSError, ValueError):
                _silence(self._stream.fileno())
            self._stream = None


@contextlib.contextmanager
def forgiving_stderr() -> Iterator[None]:
    """No failed note or progress line ends a command: a training of hours would be lost.

    A standard stream that the process was started without is one that holds nothing, or that
    nobody reads.
    """
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stderr = cast("TextIO", _Forgiving(sys.stderr))
    with contextlib.ExitStack() as opened:
        if sys.stdin is None:
            sys.stdin = opened.enter_context(open(os.devnull))
        if sys.stdout is None:
            sys.stdout = opened.enter_context(open(os.devnull, "w"))
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = before


def _run(arguments: Sequence[str]) -> int:
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
        return code
    except (BrokenPipeError, ReaderGone):
        _silence(sys.stdout.fileno())
        return DONE
    except (KeyboardInterrupt, Stopped) as stop:
        _say(str(stop) or "stopped")
        return STOPPED
    except DiagnosticError as error:
        _say(render_all(error.diagnostics, read_sources(error.diagnostics)))
        return AT_FAULT
    except (OSError, MemoryError) as error:
        _say(render_all(of_system(error).diagnostics))
        return AT_FAULT
    except Exception as error:  # everything else is a bug, and the user gets no traceback
        return _bug(error, arguments)


def _invoke(arguments: Sequence[str]) -> int:
    from bsc.cli.app import app

    try:
        app(args=list(arguments), prog_name="bsc")
    except SystemExit as leaving:  # the command line library leaves so, for usage errors with 2
        return leaving.code if isinstance(leaving.code, int) else DONE
    return DONE


def _bug(error: Exception, arguments: Sequence[str]) -> int:
    from bsc.cli.bug_report import write_report

    trace = "".join(traceback.format_exception(error))
    if os.environ.get("BSC_DEBUG"):
        _say(trace)
    found = f"{type(error).__name__}: {error}".splitlines()[0]
    help = "this is a bug in bsc, not in your input; please report it"
    files = write_report(error, trace, arguments)
    if files:
        help += f" with the file{'s' if len(files) > 1 else ''} {' and '.join(files)}"
    _say(render_all(fail("BSC9001", f"internal error: {found}", help=help).diagnostics))
    return BUG


def _silence(descriptor: int) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()

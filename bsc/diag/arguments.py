"""Arguments of the Python interface, checked where they come in: one message, no raw TypeError."""

from __future__ import annotations

import os
from numbers import Integral, Real
from pathlib import Path

from bsc.diag.diagnostic import DiagnosticError, fail

_SHOWN = 60


def is_whole(value: object) -> bool:
    """Whether a value is a whole number: of Python or of numpy, but no bool."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_real(value: object) -> bool:
    """Whether a value is a real number: of Python or of numpy, but no bool."""
    return isinstance(value, Real) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A value as a message shows it: its type, and the value itself where that is short."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool):
        return str(value)
    if not isinstance(value, (str, Real)):
        return f"a {kind}"
    text = repr(value)
    return f"the {kind} {text if len(text) <= _SHOWN else text[: _SHOWN - 3] + '...'}"


def misfit(
    code: str, name: str, value: object, expected: str, *, help: str | None = None
) -> DiagnosticError:
    """The error for an argument of the wrong kind.

    Args:
        code: diagnostic code.
        name: the argument's name.
        value: what was given.
        expected: what was expected, in words.
        help: what to write instead.
    """
    return fail(code, f"{name} is {shown(value)}, expected {expected}", help=help)


def checked_path(code: str, name: str, value: object) -> Path:
    """The path that an argument is.

    Args:
        code: diagnostic code.
        name: the argument's name.
        value: what was given.

    Raises:
        DiagnosticError: it is none, or one that no file can have.
    """
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(text, str) or "\0" in text:
        raise misfit(code, name, value, "the path of a file or folder")
    return Path(text)

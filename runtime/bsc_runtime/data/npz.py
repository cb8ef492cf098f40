"""Data of `.npz` archives."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy.typing as npt

from bsc.diag import DiagnosticError, Span, fail
from bsc.frontend.npz import Damaged, Fault, open_npz

_AGAIN = "write it with numpy.savez(FILE, x=..., y=...)"


def read_npz(path: Path, *, only: Collection[str] | None = None) -> dict[str, npt.NDArray[Any]]:
    """Arrays of an archive by name.

    Args:
        path: the archive.
        only: names to read; None for every array.

    Raises:
        DiagnosticError: BSC6001, BSC6003 to BSC6005 or BSC6013, it cannot be read.
    """
    try:
        members = open_npz(path).items()
        return {name: read() for name, read in members if only is None or name in only}
    except Damaged as error:
        raise _told(error, path) from None
    except OSError as error:
        raise fail(
            "BSC6001", f"cannot read the data file: {error.strerror or error}", at=Span(str(path))
        ) from None


def _told(error: Damaged, path: Path) -> DiagnosticError:
    at = Span(str(path), path=error.member)
    match error.fault:
        case Fault.NO_ARCHIVE:
            return _no_archive(error, path)
        case Fault.DAMAGED:
            return fail("BSC6004", f"the data file is damaged: {error}", at=at, help=_AGAIN)
        case Fault.PICKLED:
            help = "save plain numbers: numpy.asarray(rows, dtype=numpy.float32)"
            return fail("BSC6005", str(error), at=at, help=help)
        case Fault.NO_NUMBERS:
            help = "save plain numbers, or strings for labels"
            return fail("BSC6013", str(error), at=at, help=help)


def _no_archive(error: Damaged, path: Path) -> DiagnosticError:
    with path.open("rb") as stream:
        head = stream.read(4)
    if head[:2] == b"PK":
        return fail("BSC6004", f"the data file {error}", at=Span(str(path)), help=_AGAIN)
    what = "empty" if not head else f"no .npz archive: it begins with {head.hex(' ')}"
    return fail("BSC6003", f"the data file is {what}", at=Span(str(path)), help=_AGAIN)

"""`.npz` archives, read without trust: no pickles, no header that claims more than is there."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy.typing as npt
from numpy.lib import format as npy

from bsc.diag import DiagnosticError, Span, fail

_DEFLATE_RATIO = 1040
"""deflate cannot shrink more than 1032 times."""
_STORED_OR_DEFLATED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Every array of an archive by name."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".npy"):
                    name = info.filename.removesuffix(".npy")
                    arrays[name] = _member(archive, info, path, size)
    except zipfile.BadZipFile as error:
        raise _not_npz(path, error) from None
    except (EOFError, zlib.error, NotImplementedError, RuntimeError, tokenize.TokenError) as error:
        raise _damaged(path, str(error)) from None
    except OSError as error:
        raise fail(
            "BSC6001", f"cannot read the data file: {error.strerror or error}", at=Span(str(path))
        ) from None
    return arrays


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, size: int
) -> npt.NDArray[Any]:
    if info.compress_type not in _STORED_OR_DEFLATED:
        raise _damaged(path, "compressed in a way that numpy does not write", info.filename)
    if info.compress_size > size or info.file_size > _DEFLATE_RATIO * info.compress_size + 1024:
        raise _damaged(path, "its directory claims more than the file holds", info.filename)
    with archive.open(info) as stream:
        return _array(stream, path, info.filename, info.file_size)


def _array(stream: IO[bytes], path: Path, member: str | None, size: int) -> npt.NDArray[Any]:
    """One array; `size` bytes of header and elements are there, so no more memory is taken."""
    try:
        version = npy.read_magic(stream)
        if version == (1, 0):
            shape, _, dtype = npy.read_array_header_1_0(stream)
        elif version in ((2, 0), (3, 0)):
            shape, _, dtype = npy.read_array_header_2_0(stream)
        else:
            raise _damaged(path, f"array format {version} is unknown", member)
    except ValueError as error:
        raise _damaged(path, f"no numpy array: {error}", member) from None
    if dtype.hasobject:
        raise fail(
            "BSC6005",
            "the array holds pickled Python objects, which are never loaded: they could run code",
            at=Span(str(path), path=member),
            help="save plain numbers: numpy.asarray(rows, dtype=numpy.float32)",
        )
    if dtype.kind not in "biufU":
        raise fail(
            "BSC6013",
            f"the array is of type {dtype}; numbers (or strings, for labels) are expected",
            at=Span(str(path), path=member),
        )
    if dtype.itemsize == 0:  # costs nothing in the file, whatever its shape claims
        raise _damaged(path, "its elements are of no length", member)
    if any(type(extent) is not int or extent < 0 for extent in shape):
        raise _damaged(path, f"its header claims the shape {str(shape)[:60]}", member)
    claimed = math.prod(extent for extent in shape if extent) * dtype.itemsize
    if claimed > size:
        raise _damaged(
            path, f"its header claims more than the {size} bytes that the file holds", member
        )
    stream.seek(0)
    try:
        array: npt.NDArray[Any] = npy.read_array(stream, allow_pickle=False)
    except ValueError as error:
        raise _damaged(path, str(error), member) from None
    return array


def _not_npz(path: Path, error: Exception) -> DiagnosticError:
    with path.open("rb") as stream:
        head = stream.read(4)
    if head[:2] == b"PK":
        return _damaged(path, str(error))
    what = "empty" if not head else f"no .npz archive: it begins with {head.hex(' ')}"
    return fail(
        "BSC6003",
        f"the data file is {what}",
        at=Span(str(path)),
        help="write it with numpy.savez(FILE, x=..., y=...)",
    )


def _damaged(path: Path, why: str, member: str | None = None) -> DiagnosticError:
    return fail(
        "BSC6004",
        f"the data file is damaged: {why}",
        at=Span(str(path), path=member),
        help="write the file again: numpy.savez(FILE, x=..., y=...)",
    )

"""`.npz` and `.npy`, read without trust: no pickles, no header that claims more than is there.

The language reads weights with it, the runtime data, the command line inputs; each has its own
words for what is wrong.
"""

from __future__ import annotations

import math
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from bsc.diag.regular import open_regular

_Array = npt.NDArray[Any]

DEFLATE_RATIO = 1040
"""deflate cannot shrink more than 1032 times; a header that claims more lies."""

_SURROGATES = range(0xD800, 0xE000)
"""Halves of pairs in UTF-16, no characters by themselves."""

_STORED_OR_DEFLATED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_TROUBLE = (OSError, EOFError, ValueError, OverflowError, RuntimeError, struct.error, zlib.error,
            zipfile.BadZipFile)  # fmt: skip
"""What zipfile raises for damaged archives; names that are no UTF-8 are a ValueError."""

_NO_HEADER = (ValueError, TypeError, LookupError, AttributeError, SyntaxError, OverflowError,
              RecursionError, MemoryError, tokenize.TokenError)  # fmt: skip
"""What numpy raises for a header, which it reads as a Python literal of at most 10,000 characters:
a MemoryError is one of the parser, for too many brackets or signs within each other."""


class Fault(Enum):
    """What is wrong with an archive."""

    NO_ARCHIVE = auto()
    DAMAGED = auto()
    PICKLED = auto()
    """It holds Python objects, whose loading could run code."""
    NO_NUMBERS = auto()
    """It holds elements of another type."""


class Damaged(Exception):
    """Why a file or a member of an archive cannot be read.

    Attributes:
        fault: what is wrong.
        member: the member's name in the archive, None for all of the file.
    """

    def __init__(self, reason: str, fault: Fault = Fault.DAMAGED, member: str | None = None):
        super().__init__(reason if member is None else f"{member} {reason}")
        self.fault = fault
        self.member = member


def open_npz(path: Path, most_elements: int | None = None) -> dict[str, Callable[[], _Array]]:
    """What reads each array of an archive, by name; nothing but the directory is read here.

    The archive stays open as long as one of them is kept.

    Args:
        path: the file.
        most_elements: what an array may have; None for as many as the archive holds.

    Raises:
        Damaged: it is no archive.
        OSError: the file cannot be read.
    """
    with open_regular(path):
        size = path.stat().st_size
    try:
        archive = zipfile.ZipFile(path)
    except _TROUBLE as error:
        reason = f"is no .npz archive, or a damaged one: {str(error)[:80]}"
        raise Damaged(reason, Fault.NO_ARCHIVE) from None
    most = most_elements if most_elements is not None else size * DEFLATE_RATIO
    return {
        info.filename.removesuffix(".npy"): partial(_member, archive, info, size, most)
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int, most: int) -> _Array:
    """One array of an archive of so many bytes."""
    member = info.filename
    if info.compress_type not in _STORED_OR_DEFLATED:
        raise Damaged("is compressed in a way that numpy does not write", member=member)
    claims = info.file_size > DEFLATE_RATIO * info.compress_size + 1024
    if info.compress_size > size or claims:
        raise Damaged("claims more than the archive holds", member=member)
    try:
        with archive.open(info) as stream:
            return _array(stream, member, info.file_size, most)
    except _TROUBLE as error:
        raise _damaged(error, member) from None


def read_npy(path: Path) -> _Array:
    """The array of a `.npy` file.

    Raises:
        Damaged: it is none.
        OSError: the file cannot be read.
    """
    with open_regular(path) as stream:
        size = path.stat().st_size
        try:
            return _array(stream, None, size, size)
        except _TROUBLE as error:
            raise _damaged(error, None) from None


def _damaged(error: Exception, member: str | None) -> Damaged:
    return Damaged(f"is damaged: {str(error)[:80]}", member=member)


def _array(stream: IO[bytes], member: str | None, size: int, most: int) -> _Array:
    """One array; `size` bytes of header and elements are there, so no more memory is taken."""
    shape, dtype = _header(stream, member)
    if dtype.hasobject:
        reason = "holds pickled Python objects, which are never loaded: they could run code"
        raise Damaged(reason, Fault.PICKLED, member)
    if dtype.kind not in "biufU":
        raise Damaged(f"is of type {dtype}, expected numbers", Fault.NO_NUMBERS, member)
    if dtype.itemsize == 0:  # costs nothing in the file, whatever its shape claims
        raise Damaged("has elements of no length", member=member)
    shown = f"claims the shape {str(shape)[:60]}"
    if any(type(extent) is not int or extent < 0 for extent in shape):
        raise Damaged(shown, member=member)
    claimed = math.prod(extent for extent in shape if extent) * dtype.itemsize
    if claimed > size or math.prod(shape) > most:
        raise Damaged(f"{shown}, more than its {size} bytes", member=member)
    stream.seek(0)
    array = np.asarray(npy.read_array(stream, allow_pickle=False))
    if dtype.kind == "U" and not _is_text(array):
        raise Damaged("holds characters that Unicode does not have", member=member)
    return array


def _is_text(array: _Array) -> bool:
    """Whether Python can make strings of the elements, and UTF-8 of those."""
    points = array.ravel(order="K").view(np.dtype("u4").newbyteorder(array.dtype.byteorder))
    surrogates = (points >= _SURROGATES.start) & (points < _SURROGATES.stop)
    return not np.any(surrogates | (points > sys.maxunicode))


def _header(stream: IO[bytes], member: str | None) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type as the header claims them."""
    try:
        version = npy.read_magic(stream)
        if version == (1, 0):
            shape, _, dtype = npy.read_array_header_1_0(stream)
        elif version in ((2, 0), (3, 0)):
            shape, _, dtype = npy.read_array_header_2_0(stream)
        else:
            raise ValueError(f"array format {version} is unknown")
    except _NO_HEADER as error:
        reason = str(error)[:80] or type(error).__name__
        raise Damaged(f"is no numpy array: {reason}", member=member) from None
    return shape, dtype

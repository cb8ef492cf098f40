"""`.npz` archives, read without trust: no pickles, no header that claims more than is there."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from bsc.frontend.onnx.tensors import MAX_ELEMENTS
from bsc.ir.graph import Array

_DEFLATE_RATIO = 1040
"""deflate cannot shrink more than 1032 times."""

_STORED_OR_DEFLATED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_TROUBLE = (EOFError, zlib.error, NotImplementedError, RuntimeError, tokenize.TokenError,
            zipfile.BadZipFile, OSError)  # fmt: skip


class Damaged(Exception):
    """Why an archive or a member cannot be read; `pickled` where it holds Python objects."""

    def __init__(self, reason: str, *, pickled: bool = False) -> None:
        super().__init__(reason)
        self.pickled = pickled


def open_npz(path: Path) -> dict[str, Callable[[], Array]]:
    """What reads each array of an archive, by name; nothing but the directory is read here.

    The archive stays open as long as one of them is kept.

    Raises:
        Damaged: it is no archive.
    """
    try:
        size = path.stat().st_size
        archive = zipfile.ZipFile(path)
    except _TROUBLE as error:
        raise Damaged(f"is no .npz archive, or a damaged one: {error}") from None
    return {
        info.filename.removesuffix(".npy"): partial(_member, archive, info, size)
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> Array:
    """One array of an archive of so many bytes."""
    if info.compress_type not in _STORED_OR_DEFLATED:
        raise Damaged(f"{info.filename} is compressed in a way that numpy does not write")
    claims = info.file_size > _DEFLATE_RATIO * info.compress_size + 1024
    if info.compress_size > size or claims:
        raise Damaged(f"{info.filename} claims more than the archive holds")
    try:
        with archive.open(info) as stream:
            return _array(stream, info.filename, info.file_size)
    except _TROUBLE as error:
        raise Damaged(f"{info.filename} is damaged: {error}") from None


def _array(stream: IO[bytes], member: str, size: int) -> Array:
    """One array; `size` bytes of header and elements are there, so no more memory is taken."""
    try:
        version = npy.read_magic(stream)
        if version == (1, 0):
            shape, _, dtype = npy.read_array_header_1_0(stream)
        elif version in ((2, 0), (3, 0)):
            shape, _, dtype = npy.read_array_header_2_0(stream)
        else:
            raise Damaged(f"{member}: array format {version} is unknown")
    except ValueError as error:
        raise Damaged(f"{member} is no numpy array: {str(error)[:80]}") from None
    if dtype.hasobject:
        raise Damaged(
            f"{member} holds pickled Python objects, which are never loaded: they could run code",
            pickled=True,
        )
    if dtype.kind not in "biufU" or dtype.itemsize == 0:
        raise Damaged(f"{member} is of type {dtype}, expected numbers")
    if any(type(extent) is not int or extent < 0 for extent in shape):
        raise Damaged(f"{member} claims the shape {str(shape)[:60]}")
    claimed = math.prod(extent for extent in shape if extent) * dtype.itemsize
    if claimed > size or math.prod(shape) > MAX_ELEMENTS:
        raise Damaged(f"{member} claims the shape {str(shape)[:60]}, more than its {size} bytes")
    stream.seek(0)
    try:
        return np.asarray(npy.read_array(stream, allow_pickle=False))
    except ValueError as error:
        raise Damaged(f"{member} is damaged: {str(error)[:80]}") from None

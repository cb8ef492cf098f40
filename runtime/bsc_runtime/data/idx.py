"""IDX files, the format of MNIST: magic 0 0 type rank, extents, elements; plain or gzipped.

http://yann.lecun.com/exdb/mnist describes it. Sizes that a header claims are compared with the file
before memory is taken.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from bsc.diag import DiagnosticError, Span, fail
from bsc.frontend.npz import DEFLATE_RATIO

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_RANK = 8
_PIECE = 1 << 24

_PARTS = {
    "x": ("train-images", "train_images"),
    "y": ("train-labels", "train_labels"),
    "x_test": ("t10k-images", "test-images", "test_images"),
    "y_test": ("t10k-labels", "test-labels", "test_labels"),
}


def find_idx(folder: Path) -> dict[str, Path]:
    """The IDX files of a folder by role: x, y, x_test, y_test; plain files before gzipped ones."""
    found: dict[str, Path] = {}
    names = sorted(
        (p for p in folder.iterdir() if p.is_file() and "idx" in p.name),
        key=lambda p: (p.suffix == ".gz", p.name),
    )
    for role, stems in _PARTS.items():
        for path in names:
            if path.name.startswith(stems):
                found.setdefault(role, path)
    return found


def read_idx(path: Path) -> npt.NDArray[Any]:
    """Read one IDX file, [extents of its header], in native byte order."""
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            size = path.stat().st_size
            if zipped:
                with gzip.GzipFile(fileobj=raw) as stream:
                    return _read(stream, path, size * DEFLATE_RATIO)
            return _read(raw, path, size)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path, f"its gzip stream is broken: {error}") from None
    except OSError as error:
        raise fail(
            "BSC6001", f"cannot read the data file: {error.strerror or error}", at=Span(str(path))
        ) from None


def _read(stream: IO[bytes] | gzip.GzipFile, path: Path, limit: int) -> npt.NDArray[Any]:
    head = stream.read(4)
    if len(head) < 4:
        raise _damaged(path, f"it ends after {len(head)} bytes, an IDX header has at least 8")
    if head[:2] != b"\0\0" or head[2] not in _TYPES or not 1 <= head[3] <= _MAX_RANK:
        raise fail(
            "BSC6003",
            f"the file is no IDX file: it begins with {head.hex(' ')}, expected 00 00, a type of "
            f"08 to 0e and a rank of 1 to {_MAX_RANK}",
            at=Span(str(path)),
        )
    dtype, rank = np.dtype(_TYPES[head[2]]), head[3]
    extents = stream.read(4 * rank)
    if len(extents) < 4 * rank:
        raise _damaged(path, "it ends inside its header")
    shape = struct.unpack(f">{rank}I", extents)
    if 0 in shape:
        raise fail(
            "BSC6007", f"the file has no samples: its shape is {list(shape)}", at=Span(str(path))
        )
    claimed = math.prod(shape) * dtype.itemsize
    if claimed > limit:
        raise _damaged(
            path, f"its header claims {claimed} bytes {_by(shape)}, more than the file can hold"
        )
    data = bytearray()
    while len(data) < claimed:
        piece = stream.read(min(_PIECE, claimed - len(data)))
        if not piece:
            raise _damaged(
                path, f"it holds {len(data)} bytes of {claimed} that its header claims {_by(shape)}"
            )
        data += piece
    if stream.read(1):
        raise _damaged(path, f"it goes on after the {claimed} bytes that its header claims")
    array = np.frombuffer(data, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _by(shape: tuple[int, ...]) -> str:
    return "(" + " x ".join(str(extent) for extent in shape) + ")"


def _damaged(path: Path, why: str) -> DiagnosticError:
    return fail(
        "BSC6004",
        f"the data file is damaged: {why}",
        at=Span(str(path)),
        help="fetch or write the file again",
    )

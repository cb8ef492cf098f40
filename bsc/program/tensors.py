"""Tensors as safetensors, streamed: written without a copy, read straight into their arrays.

The safetensors library builds the whole file in memory on the way out; a network of 100 MB would
then be held twice. The format is simple enough to stream: eight bytes with the length of a JSON
header, the header, and the data of all tensors one behind the other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bsc.ir.graph import Array

_KINDS = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype(np.uint8),
    "I8": np.dtype(np.int8),
    "I16": np.dtype("<i2"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
_NAMES = {kind.newbyteorder("="): name for name, kind in _KINDS.items()}
_CHUNK_BYTES = 4 << 20
_HEADER_BYTES_MAX = 16 << 20
_DIMS_MAX = 32


class TensorError(ValueError):
    """The bytes are not tensors, or claim sizes that they do not have."""


class ByteSource(Protocol):
    """Anything that is read from front to back."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most `size` of them; empty at the end."""
        ...


_Extent = Annotated[int, Field(ge=0)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    dtype: Literal["BOOL", "U8", "I8", "I16", "I32", "I64", "F32", "F64"]
    shape: Annotated[tuple[_Extent, ...], Field(max_length=_DIMS_MAX)]
    data_offsets: tuple[_Extent, _Extent]


_HEADER = TypeAdapter(dict[str, _Entry])


def tensor_chunks(tensors: Mapping[str, Array]) -> Iterator[bytes | memoryview]:
    """The bytes of a safetensors file, in pieces that point into the tensors."""
    header: dict[str, Any] = {}
    place = 0
    for name, array in tensors.items():
        stop = place + array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype.newbyteorder("=")],
            "shape": list(array.shape),
            "data_offsets": [place, stop],
        }
        place = stop
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    for array in tensors.values():
        kind = _KINDS[_NAMES[array.dtype.newbyteorder("=")]]
        data = np.ascontiguousarray(array).astype(kind, copy=False)
        if data.nbytes:
            view = data.data.cast("B")
            for start in range(0, len(view), _CHUNK_BYTES):
                yield view[start : start + _CHUNK_BYTES]


def read_tensors(stream: ByteSource, size: int) -> dict[str, Array]:
    """Read tensors.

    Args:
        stream: at the start of the bytes.
        size: how many bytes there are; no more memory than this is taken for tensors.

    Raises:
        TensorError: the header is broken, or its sizes do not add up to `size`.
    """
    header = _read_header(stream, size)
    tensors: dict[str, Array] = {}
    for name, entry in header.items():
        array = np.empty(entry.shape, _KINDS[entry.dtype])
        if array.nbytes:
            _fill(stream, array.data.cast("B"), name)
        if entry.dtype == "BOOL" and array.view(np.uint8).max(initial=0) > 1:
            raise TensorError(f"tensor {name!r} holds bytes that are neither true nor false")
        tensors[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    if stream.read(1):
        raise TensorError("there are bytes behind the last tensor")
    return tensors


def _read_header(stream: ByteSource, size: int) -> dict[str, _Entry]:
    length = int.from_bytes(stream.read(8), "little")
    if length > min(size - 8, _HEADER_BYTES_MAX):
        raise TensorError(f"a header of {length} bytes does not fit {size} bytes")
    try:
        header = _HEADER.validate_json(stream.read(length))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise TensorError(f"the header is not valid: {place} {first['msg']}".strip()) from None
    reached = 0
    for name, entry in header.items():
        start, stop = entry.data_offsets
        if (
            start != reached
            or stop - start != math.prod(entry.shape) * _KINDS[entry.dtype].itemsize
        ):
            raise TensorError(f"tensor {name!r} lies at {start}..{stop}, expected from {reached}")
        if math.prod(extent for extent in entry.shape if extent) > size:
            raise TensorError(f"tensor {name!r} cannot have the shape {list(entry.shape)}")
        reached = stop
    if reached != size - 8 - length:
        raise TensorError(f"the tensors take {reached} bytes, there are {size - 8 - length}")
    return header


def _fill(stream: ByteSource, view: memoryview, name: str) -> None:
    place = 0
    while place < len(view):
        piece = stream.read(min(_CHUNK_BYTES, len(view) - place))
        if not piece:
            raise TensorError(f"tensor {name!r} is cut off")
        view[place : place + len(piece)] = piece
        place += len(piece)

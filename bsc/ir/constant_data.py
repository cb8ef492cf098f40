"""Data of constants in the text IR: lists, packed bytes, references; sizes before memory."""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from lark import Token, Tree

from bsc.diag import Sink, Span
from bsc.ir.atoms import read_float, read_float32, unquote
from bsc.ir.data import dtypes_of
from bsc.ir.graph import Array
from bsc.ir.types import Encoding, TensorType

_INFLATION = 1040  # zlib never packs more than about 1032 bytes into one
_MOST_DIMS = 32
_MOST_BYTES = 1 << 40


class _Refused(Exception):
    """Why the data is no good."""


@dataclass(frozen=True, slots=True)
class ConstantReader:
    """Turns what stands behind `=` into an array.

    Attributes:
        sink: where problems go.
        external: data kept elsewhere, by name.
    """

    sink: Sink
    external: Mapping[str, Array]

    def read(
        self, name: str, type_: TensorType, kept_as: Token | None, data: Tree[Any], at: Span
    ) -> Array | None:
        """The array, or None after recording what is wrong with it."""
        if data.data == "elided":
            self.sink.add(
                "BSC2006",
                f"the data of {list(type_.shape)} elements was left out when this was printed",
                at=at,
                help="print the graph without eliding constants",
            )
            return None
        if data.data == "external" and name not in self.external:
            self.sink.add("BSC2007", "the data is kept elsewhere and was not given", at=at)
            return None
        try:
            return self._read(name, type_, kept_as, data)
        except _Refused as error:
            self.sink.add("BSC2005", str(error), at=at)
            return None

    def _read(self, name: str, type_: TensorType, kept_as: Token | None, data: Tree[Any]) -> Array:
        dtype = dtypes_of(type_.encoding)[0]
        if kept_as is not None:
            allowed = {str(dtype): dtype for dtype in dtypes_of(type_.encoding)}
            if str(kept_as) not in allowed:
                expected = " or ".join(allowed)
                raise _Refused(f"elements as {kept_as}, {type_.encoding} is kept as {expected}")
            dtype = allowed[str(kept_as)]
        shape = tuple(dim for dim in type_.shape if isinstance(dim, int) and dim >= 0)
        if len(shape) != len(type_.shape):
            raise _Refused(f"a constant's extents are numbers, found {type_}")
        if len(shape) > _MOST_DIMS:
            raise _Refused(f"{len(shape)} dimensions, at most {_MOST_DIMS} are possible")
        if math.prod(dim for dim in shape if dim) * dtype.itemsize > _MOST_BYTES:
            raise _Refused(f"shape {list(shape)} takes more than {_MOST_BYTES >> 30} GiB")
        if data.data == "external":
            return self._external(self.external[name], shape, dtype)
        if data.data == "list":
            return _listed(data.children, type_.encoding, shape, dtype)
        token: Any = data.children[0]
        return _unpacked(token, shape, dtype)

    def _external(self, array: Array, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
        if array.shape != shape or array.dtype != dtype:
            found = f"{array.dtype} {list(array.shape)}"
            raise _Refused(f"the data kept elsewhere is {found}, expected {dtype} {list(shape)}")
        return array


def _listed(
    tokens: list[Any],
    encoding: Encoding,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
) -> Array:
    if len(tokens) != math.prod(shape):
        raise _Refused(f"{len(tokens)} elements in the list, shape {list(shape)} needs others")
    array = np.empty(len(tokens), dtype)
    for place, token in enumerate(tokens):
        array[place] = _element(token, dtype)
    array.flags.writeable = False
    return array.reshape(shape)


def _element(token: Token, dtype: np.dtype[np.generic]) -> object:
    text = str(token)
    kinds = {"O": ("STRING",), "b": ("TRUTH",), "f": ("DECIMAL", "SPECIAL")}
    if token.type not in kinds.get(dtype.kind, ("INTEGER",)):
        raise _Refused(f"element {text[:40]} is not written as {dtype} is")
    try:
        match dtype.kind:
            case "O":
                return unquote(text)
            case "b":
                return text == "true"
            case "f":
                return read_float32(text) if dtype.itemsize == 4 else read_float(text)
            case _:
                return dtype.type(int(text)) if len(text) < 40 else _too_large(text)
    except (ValueError, OverflowError) as error:
        raise _Refused(f"element {text[:40]}: {error}") from None


def _too_large(text: str) -> object:
    raise ValueError("too large")


def _unpacked(token: Token, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
    if dtype.kind == "O":
        raise _Refused("strings are written as a list")
    expected = math.prod(shape) * dtype.itemsize
    try:
        packed = base64.b64decode(str(token)[1:-1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Refused(f"the data is no base64: {error}") from None
    if expected > _INFLATION * len(packed) + 64:
        raise _Refused(f"{len(packed)} packed bytes cannot hold {expected} bytes")
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed, expected + 1)
    except zlib.error as error:
        raise _Refused(f"the packed data is damaged: {error}") from None
    if len(data) != expected or not unpacker.eof or unpacker.unused_data:
        raise _Refused(f"the packed data does not hold {expected} bytes, as its type says")
    array = np.frombuffer(data, dtype.newbyteorder("<")).reshape(shape)
    return array.astype(dtype, copy=False)

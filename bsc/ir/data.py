"""How the elements of each encoding lie in memory, and how arrays are brought into that form."""

from __future__ import annotations

from typing import Any

import numpy as np

from bsc.ir.graph import Array
from bsc.ir.types import Dim, Encoding, TensorType

_DTYPES: dict[Encoding, tuple[np.dtype[Any], ...]] = {
    Encoding.F32: (np.dtype(np.float32),),
    Encoding.F64: (np.dtype(np.float64),),
    Encoding.I32: (np.dtype(np.int32),),
    Encoding.I64: (np.dtype(np.int64),),
    Encoding.U8: (np.dtype(np.uint8),),
    Encoding.BOOL: (np.dtype(np.bool_),),
    Encoding.STR: (np.dtype(object),),
    Encoding.BIT: (np.dtype(np.uint8),),
    Encoding.SIGN: (np.dtype(np.int8),),
    Encoding.CODE: (np.dtype(np.int16),),
    Encoding.SUM: (np.dtype(np.int64), np.dtype(np.int32)),
    Encoding.COUNT: (np.dtype(np.int32),),
    Encoding.LABEL: (np.dtype(np.int64), np.dtype(np.int32)),
    Encoding.CELLS: (np.dtype(np.int16), np.dtype(np.int32)),
}

_ENCODINGS: dict[np.dtype[Any], Encoding] = {
    np.dtype(np.float32): Encoding.F32,
    np.dtype(np.float64): Encoding.F64,
    np.dtype(np.int32): Encoding.I32,
    np.dtype(np.int64): Encoding.I64,
    np.dtype(np.uint8): Encoding.U8,
    np.dtype(np.bool_): Encoding.BOOL,
}


def dtypes_of(encoding: Encoding) -> tuple[np.dtype[Any], ...]:
    """The element types a constant of this encoding may have, the usual one first."""
    return _DTYPES[encoding]


def encoding_of(array: Array) -> Encoding:
    """The float or integer encoding that holds an array's elements as they are.

    Raises:
        TypeError: no encoding holds this element type.
    """
    if array.dtype.kind in "OU":
        return Encoding.STR
    try:
        return _ENCODINGS[array.dtype.newbyteorder("=")]
    except KeyError:
        raise TypeError(f"no encoding holds elements of type {array.dtype}") from None


def as_constant(value: Any, encoding: Encoding | None = None) -> tuple[Array, TensorType]:
    """Bring data into the form that constants have, without a copy where it already has it.

    Args:
        value: array or number, or nested lists of them.
        encoding: what the elements mean; None takes the encoding of their element type.

    Returns:
        The array (strings as an object array of str, numbers in native byte order) and its type.

    Raises:
        TypeError: the elements are not of a type that the encoding allows; nothing is rounded.
    """
    array = np.asarray(value)
    if encoding is None:
        encoding = encoding_of(array)
    if encoding is Encoding.STR:
        array = array.astype(object, copy=False)
        if not all(isinstance(element, str) for element in array.flat):
            raise TypeError("a constant of strings holds something else")
    elif array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype not in _DTYPES[encoding]:
        wanted = " or ".join(str(dtype) for dtype in _DTYPES[encoding])
        raise TypeError(f"elements are {array.dtype}, {encoding} is kept as {wanted}")
    return array, TensorType(encoding, array.shape)


def bind_shape(shape: tuple[int, ...], dims: tuple[Dim, ...], extents: dict[str, int]) -> bool:
    """Whether a shape fits dims; names met for the first time are given their extent."""
    if len(shape) != len(dims):
        return False
    return all(
        extent == (extents.setdefault(dim, extent) if isinstance(dim, str) else dim)
        for extent, dim in zip(shape, dims, strict=True)
    )

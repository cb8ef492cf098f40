"""From TensorProto to numpy: sizes are checked before memory is taken, raw data are only viewed."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from bsc.diag import Span, fail
from bsc.frontend.onnx.external import ExternalData
from bsc.ir.graph import Array

MAX_RANK = 16
"""Dimensions of a tensor; no network has more."""

MAX_ELEMENTS = 1 << 31
"""Elements of a declared tensor."""

_DENSE_FREE = 1 << 16
_DENSE_PER_VALUE = 4096
"""Elements that a sparse tensor may become: some, and so many more for each value it holds."""

DTYPES: dict[int, np.dtype[Any]] = {
    TensorProto.FLOAT: np.dtype("<f4"),
    TensorProto.DOUBLE: np.dtype("<f8"),
    TensorProto.FLOAT16: np.dtype("<f2"),
    TensorProto.INT8: np.dtype("i1"),
    TensorProto.INT16: np.dtype("<i2"),
    TensorProto.INT32: np.dtype("<i4"),
    TensorProto.INT64: np.dtype("<i8"),
    TensorProto.UINT8: np.dtype("u1"),
    TensorProto.UINT16: np.dtype("<u2"),
    TensorProto.UINT32: np.dtype("<u4"),
    TensorProto.UINT64: np.dtype("<u8"),
    TensorProto.BOOL: np.dtype("?"),
}
"""numpy's types of the element types that lie in memory alike."""

_BFLOAT16 = np.dtype("<u2")

_FIELDS: dict[int, str] = {
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.INT64: "int64_data",
    TensorProto.UINT32: "uint64_data",
    TensorProto.UINT64: "uint64_data",
}
"""Where values stand that are not raw; the others stand in int32_data."""


def type_name(data_type: int) -> str:
    """ONNX's name of an element type."""
    try:
        return str(TensorProto.DataType.Name(data_type))
    except ValueError:
        return f"number {data_type}"


def to_array(tensor: onnx.TensorProto, external: ExternalData, at: Span) -> Array:
    """Data of a tensor; raw data are viewed, not copied. bfloat16 becomes float32.

    Raises:
        DiagnosticError: BSC1005, BSC1006 or BSC1013.
    """
    shape = tuple(tensor.dims)
    what = f"the tensor {tensor.name!r}" if tensor.name else "the tensor"
    if len(shape) > MAX_RANK or any(d < 0 for d in shape):
        raise fail("BSC1005", f"{what} has the shape {list(shape)}, which is none", at=at)
    count = prod(shape)
    if count > MAX_ELEMENTS:
        raise fail(
            "BSC1013",
            f"{what} has the shape {list(shape)}: {count} elements, at most {MAX_ELEMENTS} are "
            "taken",
            at=at,
        )
    if tensor.data_type == TensorProto.STRING:
        return _strings(tensor, shape, count, what, at)
    bfloat = tensor.data_type == TensorProto.BFLOAT16
    dtype = _BFLOAT16 if bfloat else DTYPES.get(tensor.data_type)
    if dtype is None or tensor.HasField("segment"):
        kind = "in segments" if dtype is not None else f"of type {type_name(tensor.data_type)}"
        raise fail(
            "BSC1005",
            f"{what} is {kind}, which is not read",
            at=at,
            help="export the model with float32 weights",
        )
    flat = _flat(tensor, dtype, count, what, external, at)
    if bfloat:
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return flat.reshape(shape)


def _flat(
    tensor: onnx.TensorProto,
    dtype: np.dtype[Any],
    count: int,
    what: str,
    external: ExternalData,
    at: Span,
) -> Array:
    size = count * dtype.itemsize
    if tensor.data_location == TensorProto.EXTERNAL:
        return external.read(tensor, size, at).view(dtype)
    if tensor.HasField("raw_data"):
        raw = tensor.raw_data
        if len(raw) != size:
            raise fail(
                "BSC1005",
                f"{what} holds {len(raw)} bytes, its shape {list(tensor.dims)} of "
                f"{type_name(tensor.data_type)} asks for {size}",
                at=at,
            )
        return np.frombuffer(raw, dtype)
    values = getattr(tensor, _FIELDS.get(tensor.data_type, "int32_data"))
    if len(values) != count:
        raise fail(
            "BSC1005",
            f"{what} holds {len(values)} elements, its shape {list(tensor.dims)} asks for {count}",
            at=at,
        )
    if dtype == np.dtype("<f2"):  # float16 stands in integers, as its bits
        return np.fromiter((v & 0xFFFF for v in values), np.uint16, count).view(dtype)
    if dtype.kind in "iu" and dtype.itemsize < 4:
        wide = np.fromiter(values, np.int64, count)
        return wide.astype(dtype)
    return np.fromiter(values, dtype, count)


def _strings(
    tensor: onnx.TensorProto, shape: tuple[int, ...], count: int, what: str, at: Span
) -> Array:
    if len(tensor.string_data) != count:
        raise fail(
            "BSC1005",
            f"{what} holds {len(tensor.string_data)} strings, its shape {list(shape)} asks for "
            f"{count}",
            at=at,
        )
    try:
        texts = [element.decode("utf-8") for element in tensor.string_data]
    except UnicodeDecodeError:
        raise fail("BSC1005", f"{what} holds a string that is not UTF-8", at=at) from None
    flat = np.empty(count, object)
    flat[:] = texts
    return flat.reshape(shape)


def densify(sparse: onnx.SparseTensorProto, external: ExternalData, at: Span) -> Array:
    """A sparse tensor written out: zeros but for the values at its indices.

    Raises:
        DiagnosticError: BSC1005, BSC1006 or BSC1013.
    """
    shape = tuple(sparse.dims)
    values = to_array(sparse.values, external, at)
    indices = to_array(sparse.indices, external, at)
    name = sparse.values.name
    if len(shape) > MAX_RANK or any(d < 0 for d in shape):
        raise fail("BSC1005", f"the sparse tensor {name!r} has the shape {list(shape)}", at=at)
    count = prod(shape)
    most = min(MAX_ELEMENTS, _DENSE_FREE + _DENSE_PER_VALUE * values.size)
    if count > most:
        raise fail(
            "BSC1013",
            f"the sparse tensor {name!r} has {count} elements, at most {most} are taken "
            f"({values.size} given)",
            at=at,
        )
    if indices.ndim == 2 and indices.shape == (values.size, len(shape)):
        inside = bool(np.all((indices >= 0) & (indices < np.array(shape, np.int64))))
        places = np.ravel_multi_index(tuple(indices.T), shape) if inside else None
    elif indices.shape == (values.size,):
        inside = bool(np.all((indices >= 0) & (indices < count)))
        places = indices
    else:
        inside, places = False, None
    if not inside or places is None or values.dtype == object:
        raise fail(
            "BSC1005", f"the indices of the sparse tensor {name!r} do not fit its shape", at=at
        )
    dense = np.zeros(count, values.dtype)
    dense[places] = values
    return dense.reshape(shape)

"""Converters of constants, casts and what does nothing in inference."""

from __future__ import annotations

import numpy as np
from onnx import AttributeProto, TensorProto

from bsc.frontend.onnx.call import Call
from bsc.frontend.onnx.tensors import DTYPES, densify, type_name
from bsc.frontend.onnx.values import Known, Value
from bsc.ir.types import Encoding

_ENCODINGS: dict[int, Encoding] = {
    TensorProto.FLOAT: Encoding.F32,
    TensorProto.FLOAT16: Encoding.F32,
    TensorProto.BFLOAT16: Encoding.F32,
    TensorProto.DOUBLE: Encoding.F32,
    TensorProto.INT32: Encoding.I32,
    TensorProto.INT64: Encoding.I64,
    TensorProto.UINT8: Encoding.U8,
    TensorProto.BOOL: Encoding.BOOL,
    TensorProto.STRING: Encoding.STR,
}
"""What computed values become: every float is computed with as float32."""


def constant(call: Call) -> Value:
    """A constant in one of its forms."""
    given = [a for n, a in call.node.attributes.items() if n.startswith(("value", "sparse_value"))]
    if len(given) != 1:
        raise call.refuse("BSC1003", f"Constant has {len(given)} values, expected one")
    (value,) = given
    match value.name, value.type:
        case "value", AttributeProto.TENSOR:
            return call.constant(call.tensor(value.t))
        case "sparse_value", AttributeProto.SPARSE_TENSOR:
            return call.constant(densify(value.sparse_tensor, call.model.external, call.span))
        case "value_float", AttributeProto.FLOAT:
            return call.constant(np.array(value.f, np.float32))
        case "value_floats", AttributeProto.FLOATS:
            return call.constant(np.array(value.floats, np.float32))
        case "value_int", AttributeProto.INT:
            return call.constant(np.array(value.i, np.int64))
        case "value_ints", AttributeProto.INTS:
            return call.constant(np.array(value.ints, np.int64))
        case "value_string", AttributeProto.STRING:
            return call.constant(np.array(value.s.decode("utf-8", "replace"), object))
        case "value_strings", AttributeProto.STRINGS:
            texts = [s.decode("utf-8", "replace") for s in value.strings]
            return call.constant(np.array(texts, object))
        case _:
            raise call.refuse("BSC1003", f"Constant has the attribute {value.name!r}")


def identity(call: Call) -> Value:
    """A tensor handed on."""
    return call.emit("identity", [call.input(0)])


def dropout(call: Call) -> Value:
    """Nothing is dropped in inference; the mask is not made."""
    training = call.optional(2)
    if training is not None and not (
        isinstance(training, Known) and not np.any(training.array.astype(bool))
    ):
        raise call.refuse(
            "BSC1003",
            "Dropout is in training mode, expected inference",
            help="export in inference mode: model.eval() in PyTorch",
        )
    return call.emit("dropout", [call.input(0)])


def cast(call: Call) -> Value:
    """Floats of every width are float32 here."""
    return _cast(call, call.integer("to", TensorProto.UNDEFINED))


def cast_like(call: Call) -> Value:
    """A cast to the type of another value."""
    like = call.input(1)
    if isinstance(like, Known):
        kinds = {dtype: kind for kind, dtype in DTYPES.items()}
        return _cast(call, kinds.get(like.array.dtype, TensorProto.UNDEFINED))
    kinds_of = {encoding: kind for kind, encoding in reversed(_ENCODINGS.items())}
    return _cast(call, kinds_of.get(like.type.encoding, TensorProto.UNDEFINED))


def _cast(call: Call, to: int) -> Value:
    x = call.input(0)
    if isinstance(x, Known):
        return _cast_known(call, x, to)
    encoding = _ENCODINGS.get(to)
    if encoding is None or (encoding is Encoding.STR) != (x.type.encoding is Encoding.STR):
        raise call.refuse("BSC1003", f"Cast from {x.type.encoding} to {type_name(to)}")
    if encoding is x.type.encoding:
        return call.emit("identity", [x])
    return call.emit("cast", [x], {"to": str(encoding)})


def _cast_known(call: Call, x: Known, to: int) -> Value:
    label = call.node.outputs[0]
    if x.symbolic:  # shapes are integers of any width
        if to in (TensorProto.INT32, TensorProto.INT64):
            return Known(x.array, label)
        raise call.refuse("BSC1011", f"Cast of the batch size, which is open, to {type_name(to)}")
    is_text = x.array.dtype == object
    if is_text or to == TensorProto.STRING:
        if is_text and to == TensorProto.STRING:
            return x
        raise call.refuse("BSC1003", f"Cast of {x.array.dtype} to {type_name(to)}")
    dtype = np.dtype(np.float32) if to == TensorProto.BFLOAT16 else DTYPES.get(to)
    if dtype is None:
        raise call.refuse("BSC1003", f"Cast to {type_name(to)}")

    def converted() -> Known:
        with np.errstate(all="ignore"):
            return Known(x.array.astype(dtype, copy=False), label, x.over_batch)

    return call.model.once(x, ("cast", dtype), converted)

"""Converters of products with weights: Gemm, MatMul, scikit-learn's linear regressor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bsc.frontend.onnx.call import Call
from bsc.frontend.onnx.values import Known, Live, Value
from bsc.ir.graph import Array

_CONSTANT_WEIGHTS = "an array holds constant weights; products of two computed values need others"


def gemm(call: Call) -> Value:
    """Computes alpha A' B' + beta C; with constant B and C that is a dense layer."""
    a, b, c = call.input(0), call.input(1), call.optional(2)
    alpha, beta = call.number("alpha", 1.0), call.number("beta", 1.0)
    if call.integer("transA", 0):
        if isinstance(a, Live):
            raise call.refuse(
                "BSC1003", "Gemm transposes the model's input (transA = 1): samples would mix"
            )
        a = call.emit("transpose", [a], {"perm": (1, 0)}, inner=True)
    if call.integer("transB", 0) and len(b.shape) == 2:
        b = call.emit("transpose", [b], {"perm": (1, 0)}, inner=True)
    weights = _weights(call, b, 2)
    if isinstance(a, Known):
        y = call.emit("matmul", [_scaled(call, a, alpha), weights], inner=c is not None)
        return y if c is None else call.emit("add", [y, _scaled(call, c, beta)])
    weights = _scaled(call, weights, alpha)
    if c is None or beta == 0.0:
        return call.emit("dense", [a, weights])
    columns = weights.array.shape[1]
    if isinstance(c, Known) and _is_bias(c.array, columns):
        bias = c
        if c.array.shape != (columns,):
            bias = _shaped(call, c, lambda b: np.broadcast_to(b.reshape(-1), (columns,)))
        return call.emit("dense", [a, weights, _scaled(call, bias, beta)])
    y = call.emit("dense", [a, weights], inner=True)
    return call.emit("add", [y, _scaled(call, c, beta)])


def matmul(call: Call) -> Value:
    """A product; its right factor is constant wherever the left one is not."""
    a, b = call.input(0), call.input(1)
    if isinstance(a, Known) and isinstance(b, Known):
        return _known_product(call, a, b)
    if isinstance(a, Known):
        raise call.refuse(
            "BSC1003",
            "MatMul multiplies constant weights from the left, where the batch would be",
            help="write x W with the samples as rows of x",
        )
    weights = _weights(call, b, 1)
    if weights.array.ndim == 1:
        column = _shaped(call, weights, lambda w: w.reshape(-1, 1))
        y = call.emit("matmul", [a, column], inner=True)
        shape = [-1 if isinstance(d, str) else d for d in y.shape[:-1]]
        return call.emit("reshape", [y], {"shape": shape})
    if weights.array.ndim > 2 and weights.array.ndim <= len(a.shape):
        if any(d != 1 for d in weights.array.shape[:-2]):
            raise call.refuse(
                "BSC1003", f"MatMul has a stack of weights {list(weights.array.shape)}"
            )
        weights = _shaped(call, weights, lambda w: w.reshape(w.shape[-2:]))
    return call.emit("matmul", [a, weights])


def linear_regressor(call: Call) -> Value:
    """scikit-learn's linear models: one row of coefficients for each target."""
    if call.text("post_transform", "NONE") != "NONE":
        raise call.refuse("BSC1003", f"post_transform {call.text('post_transform', 'NONE')}")
    x = as_float(call, call.input(0))
    coefficients = call.numbers("coefficients") or []
    targets = call.integer("targets", 1)
    if targets < 1 or len(coefficients) % targets:
        raise call.refuse("BSC1012", f"{len(coefficients)} coefficients for {targets} targets")
    weights = np.asarray(coefficients, np.float32).reshape(targets, -1).T
    output = call.node.outputs[0]
    given: list[Value | None] = [x, Known(weights, f"{output}.coefficients")]
    intercepts = call.numbers("intercepts")
    if intercepts:
        given.append(Known(np.asarray(intercepts, np.float32), f"{output}.intercepts"))
    return call.emit("dense", given)


def as_float(call: Call, value: Value) -> Value:
    """A value as float32, which scikit-learn's operators compute in whatever they are given."""
    if isinstance(value, Known):
        if value.array.dtype.kind not in "fiu":
            raise call.refuse("BSC1012", f"{call.node.op_type} of {value.array.dtype}")
        return Known(value.array.astype(np.float32), value.label)
    if value.type.encoding == "f32":
        return value
    return call.emit("cast", [value], {"to": "f32"}, inner=True)


def _weights(call: Call, value: Value, least_rank: int) -> Known:
    if isinstance(value, Live):
        raise call.refuse(
            "BSC1014",
            f"{call.node.op_type} multiplies two values that depend on the model's input",
            help=_CONSTANT_WEIGHTS,
        )
    few = value.array.ndim < least_rank or not value.array.size
    if few or value.array.dtype == object or value.over_batch:
        raise call.refuse(
            "BSC1012",
            f"the weights of {call.node.op_type} have the shape {list(value.array.shape)}, "
            "expected [K, M]",
        )
    return value


def _scaled(call: Call, value: Value, factor: float) -> Known:
    """A constant times alpha or beta, itself where the factor is 1."""
    if isinstance(value, Live):
        raise call.refuse(
            "BSC1014",
            f"the bias of {call.node.op_type} depends on the model's input, expected a constant",
        )
    if value.array.dtype.kind != "f":
        raise call.refuse(
            "BSC1012", f"{call.node.op_type} of {value.array.dtype}, expected float weights"
        )
    if factor == 1.0:
        return value

    def times() -> Known:
        return Known((value.array * np.float32(factor)).astype(value.array.dtype), value.label)

    return call.model.once(value, ("times", factor), times)


def _shaped(call: Call, value: Known, shape: Callable[[Array], Array]) -> Known:
    """A constant in another shape, which its result says."""
    made = shape(value.array)
    return call.model.once(value, made.shape, lambda: Known(made, value.label))


def _is_bias(array: Array, columns: int) -> bool:
    """Whether a C that broadcasts is the same for every sample."""
    return array.size in (1, columns) and (array.size == 1 or array.shape[-1] == columns)


def _known_product(call: Call, a: Known, b: Known) -> Known:
    left, right = a.array, b.array
    fits = left.ndim and right.ndim and left.dtype.kind == right.dtype.kind == "f"
    if not fits or left.shape[-1] != right.shape[-2 if right.ndim > 1 else 0]:
        raise call.refuse(
            "BSC1012",
            f"MatMul of {left.dtype}{list(left.shape)} and {right.dtype}{list(right.shape)}",
        )
    call.check_size((*left.shape[:-1], *right.shape[:-2], *right.shape[-1:]))
    try:
        return call.constant(np.matmul(left, right))
    except ValueError:
        raise call.refuse(
            "BSC1012", f"MatMul of shapes {list(left.shape)} and {list(right.shape)}"
        ) from None

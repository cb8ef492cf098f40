"""Converters of arithmetic and activations: one element in, one element out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bsc.frontend.onnx.call import Call
from bsc.frontend.onnx.linear import as_float
from bsc.frontend.onnx.values import Extent, Known, Live, Value
from bsc.ops.source.activations import FLOAT_MAX


def plain(op: str) -> Callable[[Call], Value]:
    """A converter to an operator of one input without attributes."""

    def convert(call: Call) -> Value:
        return call.emit(op, [call.input(0)])

    return convert


def binary(op: str) -> Callable[[Call], Value]:
    """A converter of arithmetic on two operands."""

    def convert(call: Call) -> Value:
        a, b = call.input(0), call.input(1)
        if op == "div" and isinstance(a, Known) and isinstance(b, Known):
            divided = _divide(call, a, b)
            if divided is not None:
                return divided
        return call.emit(op, [a, b])

    return convert


def _divide(call: Call, a: Known, b: Known) -> Known | None:
    """Division of integers and shapes, which is cut toward zero; None for floats."""
    if a.symbolic or b.symbolic:
        try:
            return call.constant(np.asarray(a.array.astype(object) // b.array, object))
        except (TypeError, ValueError):
            raise call.refuse("BSC1011", "Div splits the batch size, which is open") from None
    if a.array.dtype.kind not in "iu" or b.array.dtype.kind not in "iu":
        return None
    if not np.all(b.array):
        raise call.refuse("BSC1012", "Div divides an integer by zero")
    try:
        size = np.abs(a.array) // np.abs(b.array)
        return call.constant((size * np.sign(a.array) * np.sign(b.array)).astype(a.array.dtype))
    except ValueError:
        raise call.refuse(
            "BSC1012", f"Div of shapes {list(a.array.shape)} and {list(b.array.shape)}"
        ) from None


def sum_(call: Call) -> Value:
    """Any number of operands added."""
    total = call.input(0)
    if len(call.values) == 1:
        return call.emit("identity", [total])
    for index in range(1, len(call.values)):
        last = index == len(call.values) - 1
        total = call.emit("add", [total, call.input(index)], inner=not last)
    return total


def negate(call: Call) -> Value:
    """-x, as a product: the clean-up folds it into weights."""
    x = call.input(0)
    if isinstance(x, Known):
        if x.array.dtype.kind not in "if":
            raise call.refuse("BSC1003", f"Neg of {x.array.dtype}")
        return call.constant(-x.array)
    minus = Known(np.array(-1, np.float32), f"{call.node.outputs[0]}.minus")
    return call.emit("mul", [x, minus])


def on_constants(function: Callable[..., Any], inputs: int = 1) -> Callable[[Call], Value]:
    """A converter of what is supported between constants alone."""

    def convert(call: Call) -> Value:
        arrays = [call.known(i, f"input {i}").array for i in range(inputs)]
        if any(array.dtype.kind not in "fiu" for array in arrays):
            kinds = " and ".join(str(array.dtype) for array in arrays)
            raise call.refuse("BSC1003", f"{call.node.op_type} of {kinds}")
        wide = [array.astype(np.float64) for array in arrays]
        try:
            with np.errstate(all="ignore"):
                return call.constant(function(*wide).astype(arrays[0].dtype))
        except ValueError:
            shapes = " and ".join(str(list(array.shape)) for array in arrays)
            raise call.refuse("BSC1012", f"{call.node.op_type} of shapes {shapes}") from None

    return convert


def extremum(side: str) -> Callable[[Call], Value]:
    """Min and Max of one value with constants: a clip (`side` names the bound they set)."""
    choose: Callable[[Any, Any], Any] = np.minimum if side == "high" else np.maximum

    def convert(call: Call) -> Value:
        given = [call.input(i) for i in range(max(1, len(call.values)))]
        live = [v for v in given if isinstance(v, Live)]
        known = [v for v in given if isinstance(v, Known)]
        if len(live) > 1 or any(v.array.dtype.kind not in "fiu" for v in known):
            raise call.refuse(
                "BSC1003", f"{call.node.op_type} of {len(live)} computed values, expected one"
            )
        if not live:
            result = known[0].array
            try:
                for other in known[1:]:
                    result = choose(result, other.array)
            except ValueError:
                raise call.refuse(
                    "BSC1012", f"{call.node.op_type} gets shapes that do not broadcast"
                ) from None
            call.check_size(result.shape)
            return call.constant(result)
        if any(v.array.size != 1 or v.array.ndim > len(live[0].shape) for v in known):
            raise call.refuse(
                "BSC1003", f"{call.node.op_type} with a bound for each element, expected one bound"
            )
        bounds = [float(v.array.reshape(())) for v in known]
        if not bounds:
            return call.emit("identity", [live[0]])
        bound = min(bounds) if side == "high" else max(bounds)
        return call.emit("clip", [live[0]], {side: _finite(call, bound)})

    return convert


def clip(call: Call) -> Value:
    """Bounds are inputs that may be left out."""
    attrs: dict[str, float] = {}
    for index, side in ((1, "low"), (2, "high")):
        if call.optional(index) is None:
            continue
        bound = call.known(index, f"the bound {side}").array
        if bound.size != 1 or bound.dtype.kind not in "fiu":
            raise call.refuse(
                "BSC1003",
                f"the bound {side} of Clip is {bound.dtype}{list(bound.shape)}, "
                "expected one number",
            )
        attrs[side] = _finite(call, float(bound.reshape(())))
    return call.emit("clip", [call.input(0)], attrs)


def _finite(call: Call, bound: float) -> float:
    """A bound as float32 holds it; an infinite one bounds nothing."""
    if np.isnan(bound):
        raise call.refuse("BSC1007", f"a bound of {call.node.op_type} is NaN")
    return float(np.float32(min(max(bound, -FLOAT_MAX), FLOAT_MAX)))


def leaky_relu(call: Call) -> Value:
    """With a slope of alpha below zero."""
    return call.emit("leaky_relu", [call.input(0)], {"alpha": call.number("alpha", 0.01)})


def hard_sigmoid(call: Call) -> Value:
    """A line of slope alpha through beta, between 0 and 1."""
    attrs = {"alpha": call.number("alpha", 0.2), "beta": call.number("beta", 0.5)}
    return call.emit("hard_sigmoid", [call.input(0)], attrs)


def batch_normalization(call: Call) -> Value:
    """With the statistics of the training, which are constants."""
    if call.integer("training_mode", 0) or any(call.node.outputs[1:]):
        raise call.refuse(
            "BSC1003",
            "BatchNormalization is in training mode, expected the statistics of the training",
            help="export in inference mode: model.eval() in PyTorch",
        )
    epsilon = call.number("epsilon", 1e-5)
    names = ("scale", "bias", "mean", "variance")
    given = [call.known(i, f"the {name}") for i, name in enumerate(names, 1)]
    variance = given[3].array
    if variance.dtype.kind == "f" and not np.all(variance.astype(np.float64) + epsilon > 0):
        raise call.refuse(
            "BSC1007",
            f"a variance plus epsilon {epsilon:g} is not above zero: least variance "
            f"{float(np.min(variance)):g}",
        )
    return call.emit("batch_norm", [call.input(0), *given], {"epsilon": epsilon})


def scaler(call: Call) -> Value:
    """scikit-learn's scalers: (x - offset) scale, feature by feature."""
    value = as_float(call, call.input(0))
    output = call.node.outputs[0]
    for name, op in (("offset", "sub"), ("scale", "mul")):
        numbers = np.asarray(call.numbers(name) or [], np.float32)
        if not numbers.size:
            numbers = np.full(1, 0 if op == "sub" else 1, np.float32)
        constant = Known(numbers, f"{output}.{name}")
        value = call.emit(op, [value, constant], inner=op == "sub")
    return value


def where(call: Call) -> Value:
    """A choice between constants, as exporters make of shapes."""
    condition, a, b = (call.known(i, f"input {i}").array for i in range(3))
    try:
        return call.constant(np.where(condition.astype(bool), a, b))
    except (ValueError, TypeError):
        raise call.refuse("BSC1012", "Where gets shapes or types that do not fit") from None


def equal(call: Call) -> Value:
    """A comparison of constants; an open batch equals nothing but itself."""
    a, b = call.known(0, "input 0"), call.known(1, "input 1")
    if a.symbolic or b.symbolic:
        left, right = np.broadcast_arrays(a.array.astype(object), b.array.astype(object))
        same = [_same(x, y) for x, y in zip(left.flat, right.flat, strict=True)]
        return call.constant(np.array(same, bool).reshape(left.shape))
    try:
        return call.constant(np.equal(a.array, b.array))
    except ValueError:
        raise call.refuse("BSC1012", "Equal gets shapes that do not fit") from None


def _same(a: Any, b: Any) -> bool:
    return bool(isinstance(a, Extent) == isinstance(b, Extent) and a == b)

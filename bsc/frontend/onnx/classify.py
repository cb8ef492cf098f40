"""Converters of the classifier's tail."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from bsc.frontend.onnx.call import Call
from bsc.frontend.onnx.values import BATCH, Live, Value


def softmax(op: str) -> Callable[[Call], Value]:
    """Softmax or LogSoftmax since opset 13: along one axis, the last by default."""

    def convert(call: Call) -> Value:
        return call.emit(op, [call.input(0)], {"axis": _axis(call, -1)})

    return convert


def flat_softmax(op: str) -> Callable[[Call], Value]:
    """Softmax or LogSoftmax before opset 13: over all dimensions from an axis on, 1 by default."""

    def convert(call: Call) -> Value:
        x = call.input(0)
        axis = _axis(call, 1)
        rest = [d for d in x.shape[axis:] if isinstance(d, int)]
        if prod(rest[1:]) == 1:
            return call.emit(op, [x], {"axis": axis})
        lead = [-1 if isinstance(d, str) else d for d in x.shape[:axis]]
        flat = call.emit("reshape", [x], {"shape": [*lead, prod(rest)]}, inner=True)
        y = call.emit(op, [flat], {"axis": -1}, inner=True)
        return call.emit("reshape", [y], {"shape": [*lead, *rest]})

    return convert


def argmax(call: Call) -> Value:
    """The default axis is the first, which is the batch and refused."""
    attrs = {
        "axis": _axis(call, 0),
        "keepdims": bool(call.integer("keepdims", 1)),
        "select_last": bool(call.integer("select_last_index", 0)),
    }
    return call.emit("argmax", [call.input(0)], attrs)


def array_feature_extractor(call: Call) -> Value:
    """Labels by class index, or a choice of features."""
    return call.emit("gather_features", [call.input(0), call.input(1)])


def _axis(call: Call, default: int) -> int:
    """The axis from the front, never the batch."""
    x = call.input(0)
    axis = call.integer("axis", default)
    if not -len(x.shape) <= axis < len(x.shape):
        raise call.refuse("BSC1012", f"axis {axis} is outside a value of {len(x.shape)} dimensions")
    axis %= len(x.shape)
    if isinstance(x, Live) and x.shape[axis] == BATCH:
        raise call.refuse(
            "BSC1003",
            f"{call.node.op_type} works along axis {axis}, the batch: samples would mix",
            help="set axis to the dimension of the classes, 1 or -1",
        )
    return axis

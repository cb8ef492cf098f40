"""Nodes of a SOURCE graph as stages of a flow, as `bsc.frontend.dsl.meaning` reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from bsc.backend.dsl_constants import Constants, refused
from bsc.ir.atoms import quote
from bsc.ir.graph import AttrValue, Graph, Node
from bsc.ir.types import Dim
from bsc.ops.source.activations import FLOAT_MAX
from bsc.ops.source.rules import integer, integers, number, numbers


@dataclass(frozen=True, slots=True)
class Called:
    """What stands behind `->`.

    Attributes:
        name: an operator or a layer.
        arguments: as they are written.
        label: its name behind `as`, empty for none.
    """

    name: str
    arguments: tuple[str, ...] = ()
    label: str = ""

    @property
    def text(self) -> str:
        """On one line."""
        arguments = f"({', '.join(self.arguments)})" if self.arguments else ""
        return f"{self.name}{arguments}{f' as {self.label}' if self.label else ''}"


@dataclass(frozen=True, slots=True)
class Written:
    """A node as text.

    Attributes:
        operands: what flows in: names of values, or constants as expressions, in order.
        stage: what stands behind `->`.
    """

    operands: tuple[str, ...]
    stage: Called


@dataclass(slots=True)
class Stages:
    """Writes nodes.

    Attributes:
        graph: whose nodes they are.
        constants: writes constants.
        value: the text of a value that is no constant.
        given: names that the program may give to values and layers, and so hide words.
    """

    graph: Graph
    constants: Constants
    value: Callable[[str], str]
    given: frozenset[str]

    def write(self, node: Node) -> Written:
        """One node.

        Raises:
            DiagnosticError: BSC2507, a constant cannot be written.
        """
        return WRITE[node.op](self, node)

    def known(self, name: str) -> bool:
        """Whether a value is a constant."""
        return name in self.graph.constants

    def operand(self, name: str) -> str:
        """A value or constant that flows in."""
        if not self.known(name):
            return self.value(name)
        return self.constants.number(name) or self.constants.text(name)

    def flowing(self, node: Node, stage: Called) -> Written:
        """A node all of whose operands flow in."""
        return Written(tuple(self.operand(name) for name in node.inputs if name), stage)

    def shape(self, name: str) -> tuple[Dim, ...]:
        """Shape of a value."""
        return self.graph.types[name].shape

    def axis(self, node: Node) -> int:
        """An axis as one of a sample."""
        axis = integer(node.attrs, "axis")
        shape = self.shape(node.inputs[0])
        leads = bool(shape) and isinstance(shape[0], str)
        return axis - 1 if axis > 0 and leads else axis


_Write = Callable[[Stages, Node], Written]


def call(name: str, *arguments: str) -> Called:
    """An operator with arguments; empty ones are left out."""
    return Called(name, tuple(argument for argument in arguments if argument))


def _option(name: str, value: object, default: object) -> str:
    return "" if value == default else f"{name} = {_text(value)}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_text, value))}]"
    return repr(value) if not isinstance(value, str) else f'"{value}"'


def _plain(stages: Stages, node: Node) -> Written:
    return stages.flowing(node, call(node.op))


def _with(*attrs: tuple[str, AttrValue]) -> _Write:
    """An operator whose attributes are its arguments, but for those at their defaults."""

    def write(stages: Stages, node: Node) -> Written:
        options = [_option(name, node.attrs[name], default) for name, default in attrs]
        return stages.flowing(node, call(node.op, *options))

    return write


def _dense(stages: Stages, node: Node) -> Written:
    x, *weights = [name for name in node.inputs if name]
    name = {"dense": "dense", "matmul": "matmul", "conv2d": "conv"}[node.op]
    geometry = _geometry(node) if node.op == "conv2d" else []
    if stages.known(x) or not all(map(stages.known, weights)):
        return stages.flowing(node, call(name, *geometry))
    shape = stages.graph.constants[weights[0]].shape
    device = stages.constants.on_device(weights[0])
    arguments = []
    if node.op == "conv2d":
        kernel = shape[2] if shape[2] == shape[3] else shape[2:]
        arguments = [str(shape[0]), _text(kernel)]
    elif node.op == "dense":
        arguments = [str(shape[1])]
    if node.op == "matmul" and device:
        # A value may have the name of an initialiser, but not that of a call.
        word = "device()" if "device" in stages.given else "device"
        arguments = [word, f"units = {shape[1]}"]
    elif not device:
        given = stages.constants.text(weights[0])
        arguments.append(f"weights = {given}" if node.op != "matmul" else given)
    arguments += geometry
    if node.op != "matmul":
        arguments.append(_bias(stages, weights[1:]))
    return Written((stages.value(x),), call(name, *arguments))


def _bias(stages: Stages, given: Sequence[str]) -> str:
    if not given:
        return "bias = false"
    if stages.constants.on_device(given[0]):
        return ""
    return f"bias = {stages.constants.text(given[0])}"


def _geometry(node: Node) -> list[str]:
    attrs = node.attrs
    found = [_option("stride", _pair(integers(attrs, "strides")), 1), _padding(node)]
    if "dilations" in attrs:
        found.append(_option("dilation", _pair(integers(attrs, "dilations")), 1))
    if "groups" in attrs:
        found.append(_option("groups", integer(attrs, "groups"), 1))
    return found


def _pair(extents: tuple[int, ...]) -> object:
    return extents[0] if extents[0] == extents[1] else extents


def _padding(node: Node) -> str:
    top, left, bottom, right = integers(node.attrs, "pads")
    if top == left == bottom == right:
        return _option("padding", top, 0)
    if (top, left) == (bottom, right):
        return f"padding = [{top}, {left}]"
    return f"padding = [{top}, {left}, {bottom}, {right}]"


def _pool(stages: Stages, node: Node) -> Written:
    kernel, strides = integers(node.attrs, "kernel"), integers(node.attrs, "strides")
    counts = bool(node.attrs.get("count_padding", False))
    unpadded = not any(integers(node.attrs, "pads")) and not counts
    over_all = node.op == "average_pool" and strides == (1, 1) and unpadded
    if over_all and kernel == stages.shape(node.inputs[0])[2:]:
        return stages.flowing(node, call("global_average_pool"))
    options = [
        _text(_pair(kernel)),
        "" if strides == kernel else f"stride = {_text(_pair(strides))}",
        _padding(node),
    ]
    if "dilations" in node.attrs:
        options.append(_option("dilation", _pair(integers(node.attrs, "dilations")), 1))
    options.append(_option("count_padding", counts, False))
    return stages.flowing(node, call(node.op, *options))


def _batch_norm(stages: Stages, node: Node) -> Written:
    epsilon = _option("epsilon", number(node.attrs, "epsilon"), 1e-5)
    x, *statistics = node.inputs
    if stages.known(x) or not all(map(stages.known, statistics)):
        return stages.flowing(node, call("batch_norm", epsilon))
    names = ("scale", "bias", "mean", "variance")
    given = [
        f"{name} = {stages.constants.text(value)}"
        for name, value in zip(names, statistics, strict=True)
    ]
    return Written((stages.value(x),), call("batch_norm", *given, epsilon))


def _arithmetic(stages: Stages, node: Node) -> Written:
    a, b = node.inputs
    if node.op == "div" and stages.known(b) and not np.all(stages.graph.constants[b]):
        raise refused(b, "holds 0 and divides")
    if stages.known(a) or not stages.known(b):
        return stages.flowing(node, call(node.op))
    return Written((stages.value(a),), call(node.op, stages.operand(b)))


def _gather(stages: Stages, node: Node) -> Written:
    data, index = node.inputs
    if stages.known(data) == stages.known(index):
        return stages.flowing(node, call("gather"))
    if stages.known(index):
        return Written((stages.value(data),), call("gather", stages.constants.text(index)))
    return Written((stages.value(index),), call("gather", f"of = {stages.constants.text(data)}"))


def _clip(stages: Stages, node: Node) -> Written:
    low, high = number(node.attrs, "low"), number(node.attrs, "high")
    options = (_option("low", low, -FLOAT_MAX), _option("high", high, FLOAT_MAX))
    return stages.flowing(node, call("clip", *options))


def _along(stages: Stages, node: Node) -> Written:
    options = [_option("axis", stages.axis(node), -1)]
    if node.op == "argmax":
        options.append(_option("keepdims", node.attrs["keepdims"], True))
        options.append(_option("select_last", node.attrs["select_last"], False))
    return stages.flowing(node, call(node.op, *options))


def _reshape(stages: Stages, node: Node) -> Written:
    shape, given = integers(node.attrs, "shape"), stages.shape(node.inputs[0])
    if not any(isinstance(d, str) for d in given):
        return stages.flowing(node, call("reshape", _text(shape)))
    if shape[:1] != (-1,) or -1 in shape[1:]:
        return stages.flowing(node, call("reshape", _text(shape), "whole = true"))
    if len(shape) == 2:
        return stages.flowing(node, call("flatten"))
    return stages.flowing(node, call("reshape", _text(shape[1:])))


def _transpose(stages: Stages, node: Node) -> Written:
    perm, given = integers(node.attrs, "perm"), stages.shape(node.inputs[0])
    if not given or not isinstance(given[0], str):
        return stages.flowing(node, call("transpose", _text(perm)))
    if perm[0] != 0:
        return stages.flowing(node, call("transpose", _text(perm), "whole = true"))
    return stages.flowing(node, call("transpose", _text(tuple(p - 1 for p in perm[1:]))))


def _cast(stages: Stages, node: Node) -> Written:
    word = str(node.attrs["to"])
    return stages.flowing(node, call("cast", quote(word) if word in stages.given else word))


def _normalise(stages: Stages, node: Node) -> Written:
    bounds = [numbers(node.attrs, name) for name in ("low", "high")]
    texts = [_text(b[0] if len(b) == 1 else b) for b in bounds]
    return stages.flowing(node, call("normalise", *texts))


def _neuron(stages: Stages, node: Node) -> Written:
    a = node.attrs
    options = [_option("parameters", numbers(a, "parameters"), ())]
    defaults = (("gain", 1.0), ("low", 0.0), ("high", 1.0))
    options += [_option(name, number(a, name), default) for name, default in defaults]
    return stages.flowing(node, call("neuron", f'"{a["function"]}"', *options))


WRITE: Mapping[str, _Write] = MappingProxyType(
    {
        **dict.fromkeys(("dense", "matmul", "conv2d"), _dense),
        **dict.fromkeys(("max_pool", "average_pool"), _pool),
        "batch_norm": _batch_norm,
        **dict.fromkeys(("add", "sub", "mul", "div"), _arithmetic),
        **dict.fromkeys(("relu", "sigmoid", "tanh", "sign", "identity", "dropout"), _plain),
        "leaky_relu": _with(("alpha", 0.01)),
        "hard_sigmoid": _with(("alpha", 0.2), ("beta", 0.5)),
        "clip": _clip,
        **dict.fromkeys(("softmax", "log_softmax", "argmax", "concat"), _along),
        "gather_features": _gather,
        "reshape": _reshape,
        "transpose": _transpose,
        "cast": _cast,
        "normalise": _normalise,
        "neuron": _neuron,
    }
)
"""How each operator of SOURCE is written; a test checks that none is missing."""

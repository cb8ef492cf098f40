"""Finds what the arrays will do: a chain of dense layers and the activations between them.

What stands before the chain may only rearrange elements; what stands behind it, and what hands out
inner values, is the tail: it runs beside the arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.diag import Sink, Span
from bsc.ir.graph import Array, Graph, Node
from bsc.ir.opdef import OpTable
from bsc.ir.types import Encoding

ACTIVATIONS = frozenset(
    {"sigmoid", "tanh", "relu", "leaky_relu", "hard_sigmoid", "clip", "sign", "neuron"}
)
_REARRANGING = frozenset({"reshape", "transpose", "identity", "cast"})
_OF_IMAGES = {"conv2d": "convolution", "max_pool": "pooling", "average_pool": "pooling"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A dense node and, for all layers but the last, the activation behind it.

    `activation` is None where the next layer reads the sums themselves (a linear layer).
    """

    name: str
    dense: Node
    activation: Node | None

    @property
    def sums(self) -> str:
        """Name of the value y."""
        return self.dense.outputs[0]


@dataclass(frozen=True, slots=True)
class Backbone:
    """The chain.

    Attributes:
        input: name of the graph's input.
        head: nodes between the input and the first layer; they only rearrange.
        layers: layers in order.
        tail: every other node, in order.
    """

    input: str
    head: tuple[Node, ...]
    layers: tuple[Layer, ...]
    tail: tuple[Node, ...]


def place(node: Node) -> Span:
    """Where a node came from, for a diagnostic."""
    return Span("model", path=node.origin or node.outputs[0])


def find_backbone(graph: Graph) -> Backbone:
    """Find the chain of layers.

    Raises:
        DiagnosticError: BSC3001 to BSC3004, all problems together.
    """
    sink = Sink()
    if len(graph.inputs) != 1:
        sink.add(
            "BSC3001",
            f"the model has {len(graph.inputs)} inputs ({', '.join(graph.inputs)}), expected one",
            help="fix the other inputs to constants before the export",
        )
        sink.raise_if_errors()
    consumers = graph.consumers()
    value, head = _walk_head(graph, consumers, sink)
    layers: list[tuple[Node, Node | None]] = []
    dense = _dense_after(value, consumers, sink)
    while dense is not None:
        activation, following = _next_layer(dense, consumers, sink)
        layers.append((dense, activation if following is not None else None))
        dense = following
    on_chain = {id(n) for n in head} | {id(n) for pair in layers for n in pair if n is not None}
    tail = tuple(n for n in graph.nodes if id(n) not in on_chain)
    _check_tail(graph, tail, head, bool(layers), sink)
    sink.raise_if_errors()
    names = layer_names([d for d, _ in layers])
    return Backbone(
        graph.inputs[0],
        tuple(head),
        tuple(Layer(n, d, a) for n, (d, a) in zip(names, layers, strict=True)),
        tail,
    )


def _walk_head(
    graph: Graph, consumers: dict[str, list[Node]], sink: Sink
) -> tuple[str, list[Node]]:
    value = graph.inputs[0]
    head: list[Node] = []
    while True:
        following = consumers.get(value, [])
        if len(following) != 1 or following[0].op not in _REARRANGING:
            return value, head
        if following[0].op == "cast":
            target = graph.types[following[0].outputs[0]].encoding
            if target not in (Encoding.F32, Encoding.F64):
                return value, head
        head.append(following[0])
        value = following[0].outputs[0]


def _dense_after(value: str, consumers: dict[str, list[Node]], sink: Sink) -> Node | None:
    found = [n for n in consumers.get(value, []) if n.op == "dense" and n.inputs[0] == value]
    if len(found) > 1:
        names = ", ".join(n.origin or n.outputs[0] for n in found)
        sink.add(
            "BSC3002",
            f"{value} feeds {len(found)} dense layers ({names}); arrays form one chain",
            at=place(found[1]),
            help="models with branches are not mapped yet; split the model or join the branches",
        )
    return found[0] if found else None


def _next_layer(
    dense: Node, consumers: dict[str, list[Node]], sink: Sink
) -> tuple[Node | None, Node | None]:
    """The activation behind a layer and the layer behind that."""
    sums = dense.outputs[0]
    direct = _dense_after(sums, consumers, sink)
    if direct is not None:
        return None, direct
    for node in consumers.get(sums, []):
        if node.op in ACTIVATIONS:
            following = _dense_after(node.outputs[0], consumers, sink)
            if following is not None:
                return node, following
    return None, None


def _check_tail(
    graph: Graph, tail: tuple[Node, ...], head: list[Node], has_layers: bool, sink: Sink
) -> None:
    images = [node for node in tail if node.op in _OF_IMAGES]
    for node in images:
        sink.add(
            "BSC3004",
            f"{node.op} `{node.origin or node.outputs[0]}` is a {_OF_IMAGES[node.op]}, which no "
            "array can take",
            at=place(node),
            help="bsc compiles perceptrons so far; convolutional layers are not mapped to arrays "
            "yet",
        )
    if images:
        return  # that nothing behind them is reached follows from it
    if not has_layers:
        sink.add(
            "BSC3003",
            "no dense layer reads the model's input: there is nothing for an array to do",
            help="`bsc check MODEL` lists what each operator becomes",
        )
    from_input = {graph.inputs[0], *(o for n in head for o in n.outputs)}
    for node in tail:
        if node.op in ("dense", "matmul"):
            sink.add(
                "BSC3004",
                f"the {node.op} `{node.origin or node.outputs[0]}` cannot be reached along a chain "
                "of dense layers and activations",
                at=place(node),
                help="between two layers only these may stand: "
                + ", ".join(sorted(ACTIVATIONS - {"neuron"})),
            )
        elif from_input.intersection(node.inputs):
            sink.add(
                "BSC3004",
                f"{node.op} `{node.origin or node.outputs[0]}` reads the model's input beside the "
                "first dense layer and could not be folded into it",
                at=place(node),
                help="only constant scaling, shifting and rearranging may stand before the first "
                "layer",
            )


def layer_names(nodes: list[Node]) -> list[str]:
    """Short, unique names: the last telling part of where each node came from."""
    names: list[str] = []
    for number, node in enumerate(nodes, start=1):
        parts = [p for p in (node.origin or "").replace("\\", "/").split("/") if p]
        telling = [p for p in parts if not p.lower().startswith(("gemm", "matmul", "add"))]
        raw = telling[-1] if telling else f"fc{number}"
        name = "".join(c if c.isalnum() or c in "_-" else "_" for c in raw).strip("_")
        if not name or name[0].isdigit():
            name = f"fc{number}"
        names.append(name if name not in names else f"{name}_{number}")
    return names


def head_permutation(graph: Graph, backbone: Backbone, table: OpTable) -> npt.NDArray[np.int64]:
    """For each input of the first layer, the element of the model's input that it reads."""
    shape = graph.types[backbone.input].shape[1:]
    size = int(np.prod([int(d) for d in shape], dtype=np.int64))
    numbers = np.arange(size, dtype=np.int64)
    # Only what moves elements runs, and on their numbers: a cast would round large ones.
    moved: Array = numbers.reshape(1, *(int(d) for d in shape))
    for node in backbone.head:
        if node.op in ("reshape", "transpose"):
            (moved,) = table[node.op].reference([moved], node.attrs, None)
    order: npt.NDArray[np.int64] = moved.reshape(-1)
    if not np.array_equal(np.sort(order), numbers):
        raise ValueError(f"the head of {backbone.input} drops or repeats elements")
    return order

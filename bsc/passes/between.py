"""What may stand between layers, and which nodes are in the way there."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np

from bsc.ir.graph import Graph, Node

ACTIVATIONS = frozenset(
    {"sigmoid", "tanh", "relu", "leaky_relu", "hard_sigmoid", "clip", "sign", "neuron"}
)
MOVING = frozenset({"reshape", "transpose", "identity", "concat"})

_LAYERS = frozenset({"dense", "matmul"})
_RESULTS = {"add": "sum", "sub": "difference", "mul": "product", "div": "quotient"}
_AROUND = "constant arithmetic, " + ", ".join(sorted(MOVING))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A node that keeps layers or the tail from being reached.

    Attributes:
        node: the first one in the way.
        why: what is wrong with it, behind its name.
        help: what may stand there.
    """

    node: Node
    why: str
    help: str


def find_obstacles(
    graph: Graph, tail: Sequence[Node], followed: Container[str], layers: Container[str]
) -> list[Obstacle]:
    """The nodes at which the way from inputs and layers to further layers ends, in order.

    What comes behind one of them, such as the layer itself, follows from it and is not told.

    Args:
        graph: a folded SOURCE graph.
        tail: nodes that no array takes over.
        followed: values whose elements are those of inputs and layers.
        layers: sums of the layers that were reached.
    """
    computed = {*graph.inputs}  # from the inputs, so that constants alone are left out
    below = set[str]()  # a layer
    beside = {*graph.inputs}  # elements of an input itself
    first = set[str]()  # values at which the way ends
    for node in graph.nodes:
        read = computed.intersection(node.inputs)
        value = node.outputs[0]
        if read or node.op in _LAYERS:
            computed.add(value)
            if value not in followed and all(name in followed for name in read):
                first.add(value)
        if value in layers or below.intersection(node.inputs):
            below.add(value)
        if node.op in (*MOVING, "cast") and beside.intersection(node.inputs):
            beside.add(value)
    wanted = set[str]()  # what further layers read, at last
    found: list[Obstacle] = []
    for node in reversed(tail):
        value = node.outputs[0]
        if node.op in _LAYERS or value in wanted:
            wanted.update(node.inputs)
            if value in first:
                found.append(_in_the_way(node, graph, below))
        elif node.op not in MOVING and beside.intersection(node.inputs):
            found.append(
                Obstacle(
                    node,
                    "reads the model's input beside the layers and could not be folded into one",
                    "what the host computes behind the layers reads these alone",
                )
            )
    return found[::-1]


def _in_the_way(node: Node, graph: Graph, below: Container[str]) -> Obstacle:
    live = [name for name in node.inputs if name and name not in graph.constants]
    if node.op in _LAYERS:
        return _no_layer(node, graph)
    between = any(name in below for name in live)
    where = "between layers" if between else "before the first layers"
    allowed = f"{', '.join(sorted(ACTIVATIONS))}, {_AROUND}" if between else _AROUND
    help_ = f"{where} only these may stand: {allowed}"
    if node.op in _RESULTS and len(live) > 1:
        why = f"is a {_RESULTS[node.op]} of two signals, which cannot stand {where} yet"
    elif node.op == "div" and _divides_by_zero(node, graph):
        why = "divides by zero"
    elif node.op in _RESULTS or node.op in ("batch_norm", "normalise"):
        why = f"stands {where} where it could not be folded into the weights of one"
        help_ = "constant arithmetic is folded where it stands right before or behind a layer"
    elif node.op in ACTIVATIONS and between:
        why = "is an activation that does not stand right behind a layer"
    else:
        why = f"cannot stand {where}"
    return Obstacle(node, why, help_)


def _divides_by_zero(node: Node, graph: Graph) -> bool:
    divisor = graph.constants.get(node.inputs[1])
    return divisor is not None and not np.all(divisor)


def _no_layer(node: Node, graph: Graph) -> Obstacle:
    """Why a layer that can be reached is none for an array."""
    if all(name in graph.constants for name in node.inputs[1:] if name):
        why = f"reads {graph.types[node.inputs[0]]}, which is not one row a sample"
        return Obstacle(node, why, "put a reshape to [N, K] in front of it")
    why = "has weights that are computed"
    return Obstacle(node, why, "an array holds constant weights")

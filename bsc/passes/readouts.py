"""How a head is read while learning: what the plan says, else as the model ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import cast

from bsc.hw.plan import Readout
from bsc.ir.graph import Graph
from bsc.ir.pass_manager import PassResult
from bsc.passes.network import Layer

EVERY = "*"
"""In a plan, all outputs that it does not name."""

OWN_SLOPE = 1.0
"""a of a logistic readout where the model has a sigmoid of its own: its gain is what counts."""


def readout_of(
    outputs: Sequence[str], asked: Sequence[tuple[str, str]], *, sigmoid: bool
) -> Readout:
    """The readout of a head.

    Args:
        outputs: outputs of the model that are computed from the head alone.
        asked: (output, readout) of the plan.
        sigmoid: whether the model itself makes probabilities of the head's sums.
    """
    named = dict(asked)
    for name in (*outputs, EVERY):
        if name in named:
            return Readout(named[name])
    return Readout.LOGISTIC if sigmoid else Readout.SOFTMAX


def ends_in_sigmoid(graph: Graph, layer: Layer) -> bool:
    """Whether the model itself makes probabilities of a layer's sums, each column on its own."""
    return any(node.op == "sigmoid" for node in graph.nodes if layer.sums in node.inputs)


def legalised(graph: Graph) -> bool:
    """Whether legalise-activations made the graph: each of its networks has a head that is read.

    Neurons alone do not tell, since the language has them as an activation: those have no readout.
    """
    return any(node.op == "neuron" and node.attrs["readout"] for node in graph.nodes)


def read_out_anew(graph: Graph, asked: Sequence[tuple[str, str]]) -> PassResult:
    """A graph that is legalised already, with its heads read out as is asked now."""
    nodes = []
    for node in graph.nodes:
        if node.op == "neuron" and node.attrs["readout"]:
            outputs = cast("tuple[str, ...]", node.attrs["outputs"])
            sigmoid = node.attrs["slope"] == OWN_SLOPE
            readout = str(readout_of(outputs, asked, sigmoid=sigmoid))
            if readout != node.attrs["readout"]:
                attrs = MappingProxyType({**node.attrs, "readout": readout})
                node = replace(node, attrs=attrs)
        nodes.append(node)
    if tuple(nodes) == graph.nodes:
        return PassResult(graph, False)
    return PassResult(graph.with_nodes(nodes), True)

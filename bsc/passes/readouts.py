"""How a head is read while learning: what the plan says, else as the model ends."""

from __future__ import annotations

from collections.abc import Sequence

from bsc.hw.plan import Readout
from bsc.ir.graph import Graph
from bsc.passes.network import Layer

EVERY = "*"
"""In a plan, all outputs that it does not name."""


def readout_of(
    graph: Graph, head: Layer, outputs: Sequence[str], asked: Sequence[tuple[str, str]]
) -> Readout:
    """The readout of a head.

    Args:
        graph: a folded SOURCE graph.
        head: one of its heads.
        outputs: outputs of the model that are computed from the head alone.
        asked: (output, readout) of the plan.
    """
    named = dict(asked)
    for name in (*outputs, EVERY):
        if name in named:
            return Readout(named[name])
    return Readout.LOGISTIC if ends_in_sigmoid(graph, head) else Readout.SOFTMAX


def ends_in_sigmoid(graph: Graph, head: Layer) -> bool:
    """Whether the model itself makes probabilities of a head's sums, each column on its own."""
    return any(node.op == "sigmoid" for node in graph.nodes if head.sums in node.inputs)

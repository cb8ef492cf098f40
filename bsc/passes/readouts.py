"""How a head is read while learning: what the plan says, else as the model ends."""

from __future__ import annotations

from collections.abc import Sequence

from bsc.hw.plan import Readout
from bsc.ir.graph import Graph
from bsc.passes.network import Layer

EVERY = "*"
"""In a plan, all outputs that it does not name."""


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

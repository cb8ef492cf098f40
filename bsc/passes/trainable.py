"""What a BINARY network must be so that training can be derived from it, and whether it can."""

from __future__ import annotations

from collections.abc import Collection

from bsc.hw.plan import Readout, Rule
from bsc.ir.graph import Graph, Node
from bsc.passes.demands import Demands

UNREACHED = "no layer that learns reaches an output with a readout"
"""Why a network that could learn does not under its plan."""


def check_network(graph: Graph, reads: list[Node], ran: str) -> None:
    """Refuse a graph that is no network of reads: arrays, bits of inputs and samples, heads."""
    demands = Demands(ran, graph, "run binarise on the graph before")
    producers = graph.producers()
    used: dict[str, list[str]] = {}
    for node in graph.nodes:
        if node.op == "sample" or (node.op == "logits" and node.attrs["readout"]):
            used.setdefault(node.inputs[0], []).append(node.op)
        if node.op == "logits" and node.attrs["readout"]:
            if node.attrs["readout"] not in list(Readout):
                demands.lacks(node, f"has the readout {node.attrs['readout']}")
            if not node.attrs["outputs"]:
                demands.lacks(node, "names no output of the model")

    def bits_of(name: str, depth: int = 0) -> bool:
        node = producers.get(name)
        if node is None or node.op == "encode":
            return True
        if node.op == "concat" and depth == 0:
            return all(bits_of(each, 1) for each in node.inputs)
        return node.op == "sample" and node.inputs[0] in used

    sums = {read.outputs[0] for read in reads}
    for read in reads:
        cells = producers.get(read.inputs[0])
        if cells is None or cells.op != "array":
            demands.lacks(read, f"reads %{read.inputs[0]}, which is no array")
        if not bits_of(read.inputs[1]):
            demands.lacks(read, f"reads %{read.inputs[1]}, no bits of inputs or samples")
        if len(used.get(read.outputs[0], [])) != 1:
            demands.lacks(read, "has sums that are neither sampled once nor those of a head")
    for node in graph.nodes:
        if node.op in ("sample", "logits") and node.inputs[0] not in sums:
            demands.lacks(node, f"takes %{node.inputs[0]}, which no read gives")
    demands.check()


def untrainable(graph: Graph, rule: str, frozen: Collection[str] = ()) -> str:
    """Why a BINARY or TILED network gets no training steps; empty when it does.

    Args:
        graph: the network; its heads say how they are read out.
        rule: of the plan.
        frozen: names of arrays that do not move.
    """
    heads = [n for n in graph.nodes if n.op == "logits" and n.attrs["readout"]]
    single = [
        str(head.attrs["name"])
        for head in heads
        if head.attrs["readout"] == Readout.SOFTMAX and graph.types[head.outputs[0]].shape[1] == 1
    ]
    if single:
        which = "the last layer" if len(heads) == 1 else f"the layer {single[0]}"
        return f"{which} has one output; the softmax readout needs at least two classes"
    if all(head.attrs["readout"] == Readout.NONE for head in heads):
        return "no output has a readout"
    arrays = [str(n.attrs["name"]) for n in graph.nodes if n.op == "array"]
    if all(name in frozen for name in arrays):
        return "every layer is frozen"
    if rule == Rule.HP:
        return "rule hp trains in floating point on the host"
    return ""


def rate_of(eta: float, batch: int) -> int:
    """K of the `sgd` rule: RN(eta 2**24 / B)."""
    return round(eta * (1 << 24) / batch)

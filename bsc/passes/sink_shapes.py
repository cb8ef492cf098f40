"""Moves rearrangements behind functions of one element, so that activations meet their layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bsc.ir.builder import GraphBuilder, rebuild
from bsc.ir.graph import Graph, Node
from bsc.ir.pass_manager import PassResult
from bsc.ops import OPS
from bsc.passes.between import ACTIVATIONS

REARRANGING = frozenset({"reshape", "transpose"})


@dataclass(frozen=True, slots=True)
class SinkShapes:
    """f(reshape(x)) becomes reshape(f(x)), and so for transposes.

    A function of one element gives the same number wherever its element stands. Afterwards an
    activation stands right behind its layer, and the rearrangement in front of the next one, which
    takes it into its weights. Rearrangements of the model's input stay in front.
    """

    name: ClassVar[str] = "sink-shapes"

    def run(self, graph: Graph) -> PassResult:
        """Rewrite a SOURCE graph."""
        readers = graph.consumers()
        alone = {
            value
            for value, nodes in readers.items()
            if len(nodes) == 1 and value not in graph.outputs
        }

        def rule(builder: GraphBuilder, node: Node) -> str | None:
            if node.op not in ACTIVATIONS:
                return None
            chain: list[Node] = []
            value = node.inputs[0]
            while value in alone:
                before = next((n for n in reversed(builder.nodes) if value in n.outputs), None)
                if before is None or before.op not in REARRANGING:
                    break
                chain.append(before)
                value = before.inputs[0]
            if not chain or value in graph.inputs:
                return None
            moved = builder.add(node.op, [value], node.attrs, origin=node.origin)
            alone.add(moved)
            for step in reversed(chain):
                moved = builder.add(step.op, [moved], step.attrs, origin=step.origin)
                alone.add(moved)
            return moved

        sunk = rebuild(graph, OPS, rule)
        return PassResult(sunk, sunk is not graph)

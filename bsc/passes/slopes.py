"""How steep the sigmoids of a model are: what folding moves into the weights in front of them."""

from __future__ import annotations

from math import isfinite
from typing import TypeAlias

import numpy as np

from bsc.ir.graph import Graph, Node
from bsc.passes.affine import REARRANGING, as_affine

Slopes: TypeAlias = tuple[tuple[str, float, float], ...]
"""A sigmoid by its label, and the least and the greatest a of its 1 / (1 + exp(-a y))."""


def label_of(node: Node) -> str:
    """What a node is called in all graphs that passes make of one."""
    return node.origin or node.outputs[0]


def slopes_of(graph: Graph) -> Slopes:
    """The slopes of all sigmoids of a graph that is not folded, over the sums of their layers."""
    producers = graph.producers()
    found: list[tuple[str, float, float]] = []
    for node in graph.nodes:
        if node.op != "sigmoid":
            continue
        least = greatest = 1.0
        before = producers.get(node.inputs[0])
        while before is not None:
            affine = as_affine(before, graph.constants, graph.types)
            if affine is not None:
                with np.errstate(over="ignore", invalid="ignore"):
                    ends = np.outer([least, greatest], [affine.scale.min(), affine.scale.max()])
                least, greatest = float(ends.min()), float(ends.max())
            elif before.op not in REARRANGING:
                break
            before = producers.get(before.inputs[0] if affine is None else affine.source)
        if isfinite(least) and isfinite(greatest):  # else folding, which would move it, declines
            found.append((label_of(node), least, greatest))
    return tuple(found)

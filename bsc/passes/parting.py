"""Weights that layers share in the model and cannot share on the chip: who, and how it is said.

Reads only; what parts them are the front end, `fold_affine` and `legalise`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bsc.ir.graph import Node
from bsc.passes.naming import layer_names


def parted(layer: str, other: str) -> str:
    """What to warn of where two layers of the same weights have arrays of their own."""
    return (
        f"{layer} shares its weights with {other} in the model, but not on the chip: they "
        "are turned or scaled there, or stand beside another bias or behind another input, so each "
        "has an array of its own and learns by itself"
    )


def parted_weights(
    nodes: Iterable[Node], outputs: Iterable[str], made_of: Mapping[str, str]
) -> list[str]:
    """What to warn of: layers that read different weights which were made of the same.

    Args:
        nodes: of a SOURCE graph.
        outputs: of the graph.
        made_of: constants, and what they were made of.
    """
    dense = [node for node in nodes if node.op in ("dense", "matmul")]
    firsts: dict[str, tuple[str, str]] = {}  # what weights were made of -> weights, layer
    found = []
    for node, name in zip(dense, layer_names(dense, outputs), strict=True):
        weights = root = node.inputs[1]
        while root in made_of:
            root = made_of[root]
        first, other = firsts.setdefault(root, (weights, name))
        if first != weights:
            found.append(parted(name, other))
    return found

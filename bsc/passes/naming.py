"""What layers are called on the chip: the names of arrays, and of the places that read them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from bsc.ir.graph import Graph, Node
from bsc.ir.origins import of_text

_OPERATOR = re.compile(r"(gemm|matmul|add|matmul_add)([._-]?[0-9]+)*", re.IGNORECASE)
"""Parts of an ONNX node's name that name no layer: exporters number operators like this."""


def layer_names(nodes: Iterable[Node], outputs: Iterable[str]) -> list[str]:
    """Short, unique names: those of a text's layers, else the last telling part of an origin.

    A layer of a text that is read in several places has a name for each: the first is its own. It
    keeps the name that the text gives it, whatever others would be called; where a character of it
    may not stand in a name, or its name is taken, it gets a like one.

    The tail calls the sums of a layer NAME.y, so no output of the model may be called that.
    """
    placed = [(node, _layer(node)) for node in nodes]
    taken = {output.removesuffix(".y") for output in outputs if output.endswith(".y")}
    kept = {layer for _, layer in placed if layer and layer == _cleaned(layer)} - taken
    taken |= kept
    names: list[str] = []
    for number, (node, layer) in enumerate(placed, start=1):
        if layer in kept:
            kept.remove(layer)
            names.append(layer)
            continue
        hint = _cleaned(layer) if layer else _last_telling(node.origin)
        name = free_name(hint or f"fc{number}", taken, number)
        taken.add(name)
        names.append(name)
    return names


def places_of_layers(graph: Graph) -> dict[str, list[str]]:
    """Names of the places where layers of a text are read, by the paths of these layers.

    Args:
        graph: folded, at SOURCE; none of its layers is from a text where it came from elsewhere.
    """
    dense = [node for node in graph.nodes if node.op == "dense"]
    found: dict[str, list[str]] = {}
    for node, name in zip(dense, layer_names(dense, graph.outputs), strict=True):
        layer = _layer(node)
        if layer:
            found.setdefault(layer, []).append(name)
    return found


def free_name(name: str, taken: AbstractSet[str], first: int = 2) -> str:
    """A name that is not taken: the name itself, or the name with a number."""
    numbered = (f"{name}_{k}" for k in itertools.count(first))
    return name if name not in taken else next(n for n in numbered if n not in taken)


def _layer(node: Node) -> str:
    """Path of the layer of a text that a node is; empty where it came from elsewhere."""
    origin = of_text(node.origin)
    return origin.layer if origin else ""


def _last_telling(origin: str) -> str:
    """What a layer is called that came from a place; empty where the place says nothing."""
    parts = [part for part in origin.replace("\\", "/").split("/") if part]
    telling = [part for part in parts if not _OPERATOR.fullmatch(part)]
    name = _cleaned(telling[-1]).strip("_.") if telling else ""
    return "" if name[:1].isdigit() else name


def _cleaned(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-." else "_" for c in name)

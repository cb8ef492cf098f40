"""Drops what computes nothing: constant subgraphs, no-ops, nodes that nobody needs."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from bsc.ir.builder import GraphBuilder, rebuild
from bsc.ir.graph import Graph, Node
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Encoding, TensorType
from bsc.ir.verifier import input_types
from bsc.ops import OPS
from bsc.ops.source import SOURCE_OPS
from bsc.ops.source.activations import FLOAT_MAX
from bsc.ops.source.rules import integers, number
from bsc.ops.source.windows import effort

_EXACT = {(Encoding.F32, Encoding.F64), (Encoding.I32, Encoding.I64), (Encoding.U8, Encoding.I32)}
"""Casts that lose nothing, so that the cast back undoes them."""

MOST_ELEMENTS = 1 << 24
"""A constant of more elements is made only from as many: two short ones could broadcast to more
than memory holds."""

MOST_EFFORT = 1 << 28
"""A convolution or pooling of constants is computed where it looks at no more elements: that takes
numpy about a second."""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """Fold constants, drop identities, dropout and reshapes, casts and transposes without effect.

    Rearrangements in a row become one, and so do clips and relus. Outputs keep their names: a no-op
    that gives an output its name goes when its value can take the name, and stays when that is an
    input or another output.
    """

    name: ClassVar[str] = "clean-up"

    def run(self, graph: Graph) -> PassResult:
        """Clean a graph of any stage; only float operators are touched."""
        cleaned = without_dead(graph)
        rule = _Rule(cleaned)
        cleaned = rebuild(cleaned, OPS, rule)
        cleaned = without_dead(cleaned)
        return PassResult(cleaned, cleaned is not graph, tuple(rule.remarks))


def without_dead(graph: Graph) -> Graph:
    """The graph without nodes whose results reach no output; the same object if all do."""
    needed = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs) or not OPS[node.op].pure:
            kept.append(node)
            needed.update(node.inputs)
    if len(kept) == len(graph.nodes):
        return graph
    return graph.with_nodes(reversed(kept))


class _Rule:
    """Rewrites one node; knows the nodes made so far by the values they define."""

    def __init__(self, graph: Graph) -> None:
        self._outputs = set(graph.outputs)
        self.remarks: list[str] = []

    def __call__(self, builder: GraphBuilder, node: Node) -> str | None:
        if node.op not in SOURCE_OPS:
            return None
        folded = self._folded(builder, node)
        if folded is not None:
            return folded
        if node.op in ("identity", "dropout"):
            return node.inputs[0]
        if node.op in ("reshape", "transpose", "cast"):
            return _rearranged(builder, node)
        if node.op in ("relu", "clip"):
            return _clipped(builder, node)
        return None

    def _folded(self, builder: GraphBuilder, node: Node) -> str | None:
        """The node's value as a constant, where all it reads is constant."""
        given = [name for name in node.inputs if name]
        if not given or any(name not in builder.constants for name in given):
            return None
        if self._outputs.intersection(node.outputs):
            return None  # an output is no constant: the node hands it out
        reason = _too_costly(builder, node)
        if reason:
            self.remarks.append(f"{node.origin or node.outputs[0]}: constant, but {reason}")
            return None
        values = [builder.constants[name] if name else None for name in node.inputs]
        (result,) = OPS[node.op].reference(values, node.attrs, None)
        return builder.constant(builder.fresh_name(node.outputs[0]), np.asarray(result))


def _too_costly(builder: GraphBuilder, node: Node) -> str:
    """Why a constant is not worth computing now; empty where it is."""
    given = [[int(d) for d in builder.type_of(name).shape] for name in node.inputs if name]
    made = [int(d) for d in _type_of(builder, node).shape]
    elements = prod(made)
    if elements > max(MOST_ELEMENTS, sum(map(prod, given))):
        return f"its {elements:,} elements are more than it is made from"
    kernel = given[1][1:] if node.op == "conv2d" else node.attrs.get("kernel")
    if kernel is None:
        return ""
    looked_at = effort(node.attrs, kernel, given[0], made)  # type: ignore[arg-type]
    if looked_at > MOST_EFFORT:
        return f"looking at {looked_at:,} elements would take long"
    return ""


def _rearranged(builder: GraphBuilder, node: Node) -> str | None:
    """A rearrangement joined with the one before it, or dropped."""
    source = node.inputs[0]
    before = _producer(builder, source)
    if before is not None and before.op == node.op:
        joined = _joined(builder, before, node)
        if joined is not None:
            return joined
    result = _type_of(builder, node)
    if node.op == "transpose":
        perm = integers(node.attrs, "perm")
        if perm == tuple(range(len(perm))):
            return source
        return _as_reshape(builder, node, result)
    return source if result == builder.type_of(source) else None


def _clipped(builder: GraphBuilder, node: Node) -> str | None:
    """Bounds joined with those just before: of clips and relus in a row one is left."""
    before = _producer(builder, node.inputs[0])
    source = node.inputs[0]
    low, high = _bounds(node)
    if before is not None and before.op in ("relu", "clip"):
        source = before.inputs[0]
        low, high = (min(max(bound, low), high) for bound in _bounds(before))
    elif node.op == "relu" or (low, high) != (0.0, FLOAT_MAX):
        return None
    if (low, high) == (0.0, FLOAT_MAX):
        return builder.add("relu", [source], origin=node.origin)
    return builder.add("clip", [source], {"low": low, "high": high}, origin=node.origin)


def _bounds(node: Node) -> tuple[float, float]:
    """Bounds of a clip or relu; the upper one wins where they cross."""
    if node.op == "relu":
        return 0.0, FLOAT_MAX
    low, high = number(node.attrs, "low"), number(node.attrs, "high")
    return min(low, high), high


def _joined(builder: GraphBuilder, before: Node, node: Node) -> str | None:
    root = before.inputs[0]
    if node.op == "cast":
        ends = builder.type_of(root).encoding, _type_of(builder, node).encoding
        middle = builder.type_of(before.outputs[0]).encoding
        exact = (ends[0], middle) in _EXACT
        return root if exact and ends[0] == ends[1] else None
    if node.op == "reshape":
        if _type_of(builder, node) == builder.type_of(root):
            return root
        return builder.add("reshape", [root], node.attrs, origin=node.origin)
    first, second = integers(before.attrs, "perm"), integers(node.attrs, "perm")
    perm = tuple(first[place] for place in second)
    if perm == tuple(range(len(perm))):
        return root
    return builder.add("transpose", [root], {"perm": perm}, origin=node.origin)


def _as_reshape(builder: GraphBuilder, node: Node, result: TensorType) -> str | None:
    """A transpose that only moves extents of 1 past others: that is a reshape."""
    source = builder.type_of(node.inputs[0]).shape
    moved = [place for place in integers(node.attrs, "perm") if source[place] != 1]
    if moved != sorted(moved) or not result.shape or not isinstance(result.shape[0], str):
        return None
    shape = tuple(-1 if isinstance(d, str) else d for d in result.shape)
    return builder.add("reshape", node.inputs, {"shape": shape}, origin=node.origin)


def _producer(builder: GraphBuilder, value: str) -> Node | None:
    return next((n for n in reversed(builder.nodes) if value in n.outputs), None)


def _type_of(builder: GraphBuilder, node: Node) -> TensorType:
    types = input_types(node.inputs, builder.types)
    return OPS[node.op].infer(types, node.attrs)[0]

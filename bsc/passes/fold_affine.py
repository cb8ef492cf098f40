"""Scaling, shifting and rearranging by constants join the weights of the layers beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, TypeAlias

import numpy as np

from bsc.ir.builder import GraphBuilder, rebuild
from bsc.ir.graph import Array, Graph, Node
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Encoding
from bsc.ops import OPS
from bsc.passes.affine import REARRANGING, Affine, Floats, Tracker, as_affine, follows_batch
from bsc.passes.parting import parted_weights
from bsc.passes.readouts import legalised

_BLOCK = 1 << 20
"""Weights folded at a time: float64 of a whole matrix would double the memory."""


@dataclass(frozen=True, slots=True)
class FoldAffine:
    """Batch norm and arithmetic with constants fold into dense layers; matmul becomes dense.

    Arithmetic is mul, add, sub and div, and normalise but where legalise-activations made it.

    Behind a layer (through reshapes and transposes, while nobody else reads the values between)
    they scale its columns and move its bias. In front of it they scale its rows and move its bias,
    and transposes order its rows; what others still read stays for them. Everything is folded in
    float64 and rounded once. In front of `sign` only the sign of a column's scale counts: weights
    of +-1 stay +-1, and the bias takes the rest.
    """

    name: ClassVar[str] = "fold-affine"

    def run(self, graph: Graph) -> PassResult:
        """Rewrite a SOURCE graph."""
        if legalised(graph):
            return PassResult(graph, False)  # its normalise makes what the arrays read
        folded = rebuild(graph, OPS, _as_layer_or_float)
        remarks: list[str] = []
        declined: set[str] = set()
        shared: _Shared = {}
        while True:
            step = _fold_one(folded, declined, remarks, shared)
            if step is None:
                break
            folded = step
        made_of = {names[0]: str(key[0]) for key, names in shared.items()}
        found = parted_weights(folded.nodes, folded.outputs, made_of)
        remarks += [f"warning: {each}" for each in found]
        return PassResult(folded, folded is not graph, tuple(remarks))


def _as_layer_or_float(builder: GraphBuilder, node: Node) -> str | None:
    """A matmul as a dense layer; a normalise of other numbers as one of f32, which layers read."""
    if node.op == "normalise" and builder.type_of(node.inputs[0]).encoding is not Encoding.F32:
        cast = builder.add("cast", node.inputs, {"to": str(Encoding.F32)}, origin=node.origin)
        name = node.outputs[0]
        return builder.add("normalise", [cast], node.attrs, name=name, origin=node.origin)
    return _matmul_to_dense(builder, node)


def _matmul_to_dense(builder: GraphBuilder, node: Node) -> str | None:
    if node.op != "matmul" or node.inputs[1] not in builder.constants:
        return None
    x, weights = node.inputs
    shape = builder.type_of(x).shape
    if len(shape) == 2:
        return builder.add("dense", [x, weights], name=node.outputs[0], origin=node.origin)
    if any(d != 1 for d in shape[1:-1]) or not isinstance(shape[0], str):
        return None
    columns = builder.type_of(weights).shape[1]
    flat = builder.add("reshape", [x], {"shape": (-1, shape[-1])}, origin=node.origin)
    y = builder.add("dense", [flat, weights], origin=node.origin)
    target = (-1, *shape[1:-1], columns)
    return builder.add("reshape", [y], {"shape": target}, name=node.outputs[0], origin=node.origin)


_Shared: TypeAlias = dict[tuple[object, ...], tuple[str, ...]]
"""Names of folded weights and bias, by what they were made of: layers that shared their weights and
have the same beside them share the folded ones. The old weights are the first of what they were."""


def _fold_one(
    graph: Graph, declined: set[str], remarks: list[str], shared: _Shared
) -> Graph | None:
    """Fold what stands beside one layer; None when no layer is left."""
    for node in graph.nodes:
        if node.op != "dense" or node.outputs[0] in declined:
            continue
        if any(name and name not in graph.constants for name in node.inputs[1:]):
            continue
        before, behind = _before(graph, node), _behind(graph, node)
        if not before and not behind:
            continue
        folded = _folded(graph, node, before, behind, shared)
        if folded is not None:
            return folded
        declined.add(node.outputs[0])
        remarks.append(
            f"{node.origin or node.outputs[0]}: the scaling beside it is not folded, because "
            "weights or biases would not be finite in float32"
        )
    return None


def _before(graph: Graph, dense: Node) -> list[Node]:
    """Steps in front of a layer, the first one first; empty if there is nothing to fold."""
    producers = graph.producers()
    steps: list[Node] = []
    value = dense.inputs[0]
    while value in producers:
        node = producers[value]
        affine = as_affine(node, graph.constants, graph.types)
        if affine is not None:
            value = affine.source
        elif node.op in REARRANGING and follows_batch(node, graph.types):
            value = node.inputs[0]
        else:
            break
        if not isinstance(graph.types[value].shape[0], str):
            break
        steps.append(node)
    while steps and steps[-1].op == "reshape":
        steps.pop()  # reshapes at the start stay as they are
    return steps[::-1]


def _behind(graph: Graph, dense: Node) -> list[Node]:
    """Steps behind a layer that nobody else reads; empty if there is nothing to fold."""
    consumers = graph.consumers()
    steps: list[Node] = []
    value = dense.outputs[0]
    while value not in graph.outputs and len(consumers.get(value, [])) == 1:
        (node,) = consumers[value]
        affine = as_affine(node, graph.constants, graph.types)
        rearranges = node.op in REARRANGING and follows_batch(node, graph.types)
        if affine is None and not rearranges:
            break
        steps.append(node)
        value = node.outputs[0]
    while steps and steps[-1].op in REARRANGING:
        steps.pop()
    return steps


def _folded(
    graph: Graph, dense: Node, before: list[Node], behind: list[Node], shared: _Shared
) -> Graph | None:
    root = _source(graph, before[0]) if before else dense.inputs[0]
    front = Tracker(graph.types[root].shape)
    _follow(graph, front, before)
    end = Tracker(graph.types[dense.outputs[0]].shape)
    _follow(graph, end, behind)
    last = behind[-1] if behind else dense
    only_signs = _only_signs(graph, last)
    key = (*dense.inputs[1:], front.key, end.key, only_signs)
    builder = GraphBuilder.of(graph, OPS)
    if any(name not in graph.constants for name in shared.get(key, ("",))):
        with np.errstate(over="ignore", invalid="ignore"):
            weights, bias = _fold_weights(graph, dense, front, end, only_signs)
        if weights is None:
            return None
        shared[key] = _constants(builder, dense, weights, bias)
    rows = graph.constants[dense.inputs[1]].shape[0]
    dropped = {id(node) for node in (dense, *behind)}
    for node in graph.nodes:
        if node is last:
            _add_layer(builder, graph, dense, root, behind, rows, shared[key])
        elif id(node) not in dropped:
            builder.add_node(
                node.op, node.inputs, node.attrs, outputs=node.outputs, origin=node.origin
            )
    return _finished(graph, builder)


def _source(graph: Graph, step: Node) -> str:
    affine = as_affine(step, graph.constants, graph.types)
    return affine.source if affine is not None else step.inputs[0]


def _follow(graph: Graph, tracker: Tracker, steps: Iterable[Node]) -> None:
    for node in steps:
        affine: Affine | None = as_affine(node, graph.constants, graph.types)
        if affine is not None:
            tracker.apply(affine)
        else:
            tracker.rearrange(node, graph.types[node.outputs[0]].shape)


def _only_signs(graph: Graph, last: Node) -> bool:
    """Whether all that becomes of a value is its sign."""
    value = last.outputs[0]
    readers = [node for node in graph.nodes if value in node.inputs]
    return value not in graph.outputs and bool(readers) and all(n.op == "sign" for n in readers)


def _fold_weights(
    graph: Graph, dense: Node, front: Tracker, end: Tracker, only_signs: bool
) -> tuple[Array | None, Array | None]:
    """New weights and bias; no weights where something is not finite."""
    old = graph.constants[dense.inputs[1]]
    rows, columns = old.shape
    place, row_scale, row_shift = front.at_end()
    column_scale, column_shift = end.at_start()
    if only_signs and np.all(column_scale):
        column_shift = column_shift / np.abs(column_scale)
        column_scale = np.sign(column_scale)
    bias: Floats = np.zeros(columns)
    has_bias = len(dense.inputs) > 2 and bool(dense.inputs[2])
    if has_bias:
        bias += graph.constants[dense.inputs[2]]
    new = np.empty_like(old)
    step = max(1, _BLOCK // max(1, columns))
    for start in range(0, rows, step):
        part = slice(start, start + step)
        block = old[part].astype(np.float64)
        if np.any(row_shift[part]):
            bias += row_shift[part] @ block
        block *= row_scale[part, np.newaxis]
        block *= column_scale
        new[place[part]] = block
        if not np.all(np.isfinite(new[place[part]])):
            return None, None
    bias = bias * column_scale + column_shift
    rounded = bias.astype(np.float32)
    if not np.all(np.isfinite(rounded)):
        return None, None
    new.flags.writeable = False
    return new, rounded if has_bias or np.any(rounded) else None


def _constants(
    builder: GraphBuilder, dense: Node, weights: Array, bias: Array | None
) -> tuple[str, ...]:
    """Names of the new weights and bias."""
    made = [builder.constant(builder.fresh_name(dense.inputs[1]), weights)]
    if bias is not None:
        hint = dense.inputs[2] if len(dense.inputs) > 2 else f"{dense.outputs[0]}.bias"
        made.append(builder.constant(builder.fresh_name(hint), bias))
    return tuple(made)


def _add_layer(
    builder: GraphBuilder,
    graph: Graph,
    dense: Node,
    root: str,
    behind: list[Node],
    rows: int,
    operands: Iterable[str],
) -> None:
    """The new layer and the rearrangements behind it; the last value keeps its name."""
    shape = graph.types[root].shape
    value = root
    if len(shape) != 2:
        value = builder.add("reshape", [root], {"shape": (-1, rows)}, origin=dense.origin)
    given = [value, *operands]
    kept = [node for node in behind if node.op in REARRANGING]
    output = behind[-1].outputs[0] if behind else dense.outputs[0]
    name = builder.fresh_name(dense.outputs[0]) if kept else output
    value = builder.add("dense", given, name=name, origin=dense.origin)
    for number, node in enumerate(kept, 1):
        name = output if number == len(kept) else builder.fresh_name(node.outputs[0])
        value = builder.add(node.op, [value], node.attrs, name=name, origin=node.origin)


def _finished(graph: Graph, builder: GraphBuilder) -> Graph:
    """The rewritten graph without what only the folded steps needed."""
    made = Graph(graph.name, graph.stage, graph.inputs, graph.outputs, (), builder.types, {})
    needed = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(builder.nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    rebuilt = made.with_nodes(reversed(kept), constants=builder.constants)
    return replace(
        rebuilt,
        types=MappingProxyType(dict(rebuilt.types)),
        constants=MappingProxyType(dict(rebuilt.constants)),
    )


__all__ = ["FoldAffine"]

"""Scaling, shifting and rearranging by constants join the weights of the layers beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np

from bsc.ir.builder import GraphBuilder, rebuild
from bsc.ir.graph import Array, Graph, Node
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Encoding
from bsc.ops import OPS
from bsc.passes.affine import REARRANGING, Affine, Floats, Tracker, as_affine, follows_batch
from bsc.passes.linked import Linked
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
        layers = rebuild(graph, OPS, _as_layer_or_float)
        folded, remarks, shared = _fold(layers)
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


def _fold(graph: Graph) -> tuple[Graph, list[str], _Shared]:
    """Fold what stands beside each layer, in one walk; the same graph where nothing does.

    Folding leaves a layer nothing to fold, and takes away nothing but what stands beside it: a
    layer that was passed by, or is met again behind what folded into it, need not be looked at.
    """
    linked = Linked(graph)
    shared: _Shared = {}
    remarks: list[str] = []
    changed = False
    for place in range(len(linked.places)):
        for node in linked.places[place]:
            if node.op != "dense":
                continue
            if any(name and name not in linked.builder.constants for name in node.inputs[1:]):
                continue
            before, behind = _before(linked, node), _behind(linked, node)
            if not before and not behind:
                continue
            if _folded(linked, node, before, behind, shared):
                changed = True
                continue
            remarks.append(
                f"{node.origin or node.outputs[0]}: the scaling beside it is not folded, because "
                "weights or biases would not be finite in float32"
            )
    return linked.graph() if changed else graph, remarks, shared


def _before(linked: Linked, dense: Node) -> list[Node]:
    """Steps in front of a layer, the first one first; empty if there is nothing to fold."""
    types = linked.builder.types
    steps: list[Node] = []
    value = dense.inputs[0]
    while value in linked.producers:
        node = linked.producers[value]
        affine = _affine(linked, node)
        if affine is not None:
            value = affine.source
        elif node.op in REARRANGING and follows_batch(node, types):
            value = node.inputs[0]
        else:
            break
        if not isinstance(types[value].shape[0], str):
            break
        steps.append(node)
    while steps and steps[-1].op == "reshape":
        steps.pop()  # reshapes at the start stay as they are
    return steps[::-1]


def _behind(linked: Linked, dense: Node) -> list[Node]:
    """Steps behind a layer that nobody else reads; empty if there is nothing to fold."""
    steps: list[Node] = []
    value = dense.outputs[0]
    while value not in linked.outputs and len(linked.readers.get(value, ())) == 1:
        (node,) = linked.readers[value].values()
        rearranges = node.op in REARRANGING and follows_batch(node, linked.builder.types)
        if not rearranges and _affine(linked, node) is None:
            break
        steps.append(node)
        value = node.outputs[0]
    while steps and steps[-1].op in REARRANGING:
        steps.pop()
    return steps


def _affine(linked: Linked, node: Node) -> Affine | None:
    return as_affine(node, linked.builder.constants, linked.builder.types)


def _folded(
    linked: Linked, dense: Node, before: list[Node], behind: list[Node], shared: _Shared
) -> bool:
    """Fold the steps into the layer; False, and all as it was, where its weights cannot take it."""
    builder = linked.builder
    root = _source(linked, before[0]) if before else dense.inputs[0]
    front = Tracker(builder.types[root].shape)
    _follow(linked, front, before)
    end = Tracker(builder.types[dense.outputs[0]].shape)
    _follow(linked, end, behind)
    last = behind[-1] if behind else dense
    only_signs = _only_signs(linked, last)
    key = (*dense.inputs[1:], front.key, end.key, only_signs)
    rows = builder.constants[dense.inputs[1]].shape[0]
    if any(name not in builder.constants for name in shared.get(key, ("",))):
        with np.errstate(over="ignore", invalid="ignore"):
            weights, bias = _fold_weights(builder.constants, dense, front, end, only_signs)
        if weights is None:
            return False
        shared[key] = _constants(builder, dense, weights, bias)
    del builder.types[last.outputs[0]]  # the new layer defines it
    _add_layer(builder, dense, root, behind, rows, shared[key])
    linked.put((dense, *behind), last)
    return True


def _source(linked: Linked, step: Node) -> str:
    affine = _affine(linked, step)
    return affine.source if affine is not None else step.inputs[0]


def _follow(linked: Linked, tracker: Tracker, steps: Iterable[Node]) -> None:
    for node in steps:
        affine = _affine(linked, node)
        if affine is not None:
            tracker.apply(affine)
        else:
            tracker.rearrange(node, linked.builder.types[node.outputs[0]].shape)


def _only_signs(linked: Linked, last: Node) -> bool:
    """Whether all that becomes of a value is its sign."""
    value = last.outputs[0]
    readers = linked.readers.get(value, {}).values()
    return value not in linked.outputs and bool(readers) and all(n.op == "sign" for n in readers)


def _fold_weights(
    constants: Mapping[str, Array], dense: Node, front: Tracker, end: Tracker, only_signs: bool
) -> tuple[Array | None, Array | None]:
    """New weights and bias; no weights where something is not finite."""
    old = constants[dense.inputs[1]]
    rows, columns = old.shape
    place, row_scale, row_shift = front.at_end()
    column_scale, column_shift = end.at_start()
    if only_signs and np.all(column_scale):
        column_shift = column_shift / np.abs(column_scale)
        column_scale = np.sign(column_scale)
    bias: Floats = np.zeros(columns)
    has_bias = len(dense.inputs) > 2 and bool(dense.inputs[2])
    if has_bias:
        bias += constants[dense.inputs[2]]
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
    dense: Node,
    root: str,
    behind: list[Node],
    rows: int,
    operands: Iterable[str],
) -> None:
    """The new layer and the rearrangements behind it; the last value keeps its name."""
    value = root
    if len(builder.types[root].shape) != 2:
        value = builder.add("reshape", [root], {"shape": (-1, rows)}, origin=dense.origin)
    given = [value, *operands]
    kept = [node for node in behind if node.op in REARRANGING]
    output = behind[-1].outputs[0] if behind else dense.outputs[0]
    name = builder.fresh_name(dense.outputs[0]) if kept else output
    value = builder.add("dense", given, name=name, origin=dense.origin)
    for number, node in enumerate(kept, 1):
        name = output if number == len(kept) else builder.fresh_name(node.outputs[0])
        value = builder.add(node.op, [value], node.attrs, name=name, origin=node.origin)


__all__ = ["FoldAffine"]

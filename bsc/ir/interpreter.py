"""Runs a graph on the operators' numpy references: slow, and the meaning of every graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bsc.ir.data import bind_shape, dtypes_of
from bsc.ir.graph import Array, Graph, Node
from bsc.ir.opdef import OpTable
from bsc.ir.types import Encoding, TensorType
from bsc.ir.verifier import node_label

Skip = Callable[[Node], bool]


class FeedError(ValueError):
    """What was fed does not fit the graph's inputs."""


class OperatorError(RuntimeError):
    """A reference gave something else than its shape rule says: a bug of the operator."""


def run(
    graph: Graph,
    feeds: Mapping[str, Array],
    table: OpTable,
    environment: Any = None,
    *,
    outputs: Sequence[str] | None = None,
    skip: Skip | None = None,
) -> dict[str, Any]:
    """Evaluate a graph, node by node.

    Args:
        graph: a verified graph at any stage.
        feeds: data of each input, batch first.
        table: the operators.
        environment: handed to every reference; float operators ignore it.
        outputs: values to hand out, inner ones too; None for the graph's outputs.
        skip: nodes for which it is true are left out, and so are all that need their values.

    Returns:
        The values asked for, in that order. A value is freed after its last reader.

    Raises:
        FeedError: an input is missing, unknown, or has the wrong shape or element type.
    """
    wanted = tuple(graph.outputs if outputs is None else outputs)
    extents: dict[str, int] = {}
    values: dict[str, Any] = _feed(graph, feeds, extents)
    values.update(graph.constants)
    last_reader = {name: index for index, node in enumerate(graph.nodes) for name in node.inputs}
    kept = {*wanted, *graph.constants}
    for index, node in enumerate(graph.nodes):
        left_out = skip is not None and skip(node)
        if not left_out and all(name in values for name in node.inputs if name):
            values.update(_apply(graph, node, values, table, environment, extents))
        for name in (*node.inputs, *node.outputs):
            if name not in kept and last_reader.get(name, -1) <= index:
                values.pop(name, None)
    for name in wanted:
        if name not in values:
            raise KeyError(f"%{name} was asked for, but no node that ran defines it")
    return {name: values[name] for name in wanted}


def _feed(graph: Graph, feeds: Mapping[str, Array], extents: dict[str, int]) -> dict[str, Any]:
    unknown = [name for name in feeds if name not in graph.inputs]
    missing = [name for name in graph.inputs if name not in feeds]
    if unknown or missing:
        raise FeedError(
            f"graph {graph.name!r} takes {list(graph.inputs)}; missing {missing}, unknown {unknown}"
        )
    values: dict[str, Any] = {}
    for name in graph.inputs:
        values[name] = feeds[name]
        wanted = graph.types[name]
        if wanted.encoding is Encoding.CELLS:
            continue  # crossbar state is whatever the environment makes of it
        array = np.asarray(feeds[name])
        if not bind_shape(array.shape, wanted.shape, extents):
            known = {dim: extents[dim] for dim in wanted.shape if dim in extents}
            where = f" with {known}" if known else ""
            raise FeedError(f"%{name} has shape {list(array.shape)}, expected {wanted}{where}")
        if not _element_type_fits(array, wanted):
            raise FeedError(f"%{name} has elements {array.dtype}, expected {wanted}")
        values[name] = array
    return values


def _element_type_fits(array: Array, wanted: TensorType) -> bool:
    usual = dtypes_of(wanted.encoding)[0]
    if usual.kind == "f":
        return array.dtype == usual
    return array.dtype.kind in ("OU" if usual.kind == "O" else "biu")


def _apply(
    graph: Graph,
    node: Node,
    values: Mapping[str, Any],
    table: OpTable,
    environment: Any,
    extents: dict[str, int],
) -> dict[str, Any]:
    arguments = [values[name] if name else None for name in node.inputs]
    while arguments and arguments[-1] is None:
        arguments.pop()
    results = table[node.op].reference(arguments, node.attrs, environment)
    if len(results) != len(node.outputs):
        raise OperatorError(f"{node_label(node)}: reference gave {len(results)} values")
    for name, result in zip(node.outputs, results, strict=True):
        wanted = graph.types[name]
        if wanted.encoding is Encoding.CELLS or not isinstance(result, np.ndarray | np.generic):
            continue
        if not bind_shape(np.shape(result), wanted.shape, extents):
            raise OperatorError(
                f"{node_label(node)}: reference gave shape {list(np.shape(result))} for %{name}, "
                f"its type is {wanted} with {extents}"
            )
    return dict(zip(node.outputs, results, strict=True))

"""Making graphs: a builder that checks each node as it is added, and rewriting on top of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from bsc.ir.data import as_constant
from bsc.ir.graph import Array, AttrValue, Graph, Node
from bsc.ir.opdef import OpDef, OpTable, TypeRuleError
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ir.verifier import arity_problem, attr_problems, input_types, node_label, verify


class GraphError(Exception):
    """A node or value that cannot stand in the graph.

    Front ends turn it into a diagnostic where a model is at fault; elsewhere it is a bug.

    Attributes:
        reason: what was found and expected, without the node's name.
        origin: the origin given for the node, empty for values.
    """

    def __init__(self, label: str, reason: str, origin: str = "") -> None:
        super().__init__(f"{label}: {reason}")
        self.reason = reason
        self.origin = origin


class GraphBuilder:
    """Builds one graph, node by node, in topological order."""

    def __init__(self, name: str, stage: Stage, table: OpTable) -> None:
        self.name = name
        self.stage = stage
        self.table = table
        self.types: dict[str, TensorType] = {}
        self.constants: dict[str, Array] = {}
        self.nodes: list[Node] = []
        self._inputs: list[str] = []
        self._outputs: list[str] = []
        self._reserved: set[str] = set()

    @classmethod
    def of(cls, graph: Graph, table: OpTable, stage: Stage | None = None) -> GraphBuilder:
        """A builder that starts with a graph's inputs and constants; data is shared, not copied.

        Names of the graph's other values stay reserved: `fresh_name` does not hand them out.
        """
        builder = cls(graph.name, stage or graph.stage, table)
        builder._inputs = list(graph.inputs)
        builder.constants = dict(graph.constants)
        builder.types = {name: graph.types[name] for name in (*graph.inputs, *graph.constants)}
        builder._reserved = set(graph.types)
        return builder

    def fresh_name(self, hint: str = "v") -> str:
        """A name that no value has yet: the hint itself, or the hint with a number."""
        name, number = hint, 0
        while name in self.types or name in self._reserved or not name:
            number += 1
            name = f"{hint}_{number}"
        self._reserved.add(name)
        return name

    def forget(self, name: str) -> None:
        """Take a value out that no node reads or defines any more; its name is free again."""
        self.types.pop(name, None)
        self.constants.pop(name, None)
        self._reserved.discard(name)

    def type_of(self, name: str) -> TensorType:
        """Type of a value defined so far."""
        return self.types[name]

    def input(self, name: str, type_: TensorType) -> str:
        """Declare an input."""
        self._define(name, type_)
        self._inputs.append(name)
        return name

    def constant(self, name: str | None, array: Any, encoding: Encoding | None = None) -> str:
        """Add a constant (name None: a fresh one); the data is kept as it is, not copied."""
        name = self.fresh_name("constant") if name is None else name
        try:
            data, type_ = as_constant(array, encoding)
        except TypeError as error:
            raise GraphError(f"constant %{name}", str(error)) from None
        self._define(name, type_)
        self.constants[name] = data
        return name

    def add(
        self,
        op: str,
        inputs: Sequence[str],
        attrs: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        origin: str = "",
    ) -> str:
        """Add a node of an operator with one output: `add_node`, with its only name in and out."""
        outputs = None if name is None else (name,)
        (output,) = self.add_node(op, inputs, attrs, outputs=outputs, origin=origin)
        return output

    def add_node(
        self,
        op: str,
        inputs: Sequence[str],
        attrs: Mapping[str, Any] | None = None,
        *,
        outputs: Sequence[str] | None = None,
        origin: str = "",
    ) -> tuple[str, ...]:
        """Add a node: defaults filled in, attributes checked, types inferred.

        Args:
            op: name of the operator.
            inputs: values defined before; an empty string leaves an optional one out.
            attrs: attributes that differ from their defaults; numpy numbers and lists are taken.
            outputs: names of the outputs; None makes them.
            origin: where it came from, for people.

        Returns:
            Names of the outputs.

        Raises:
            GraphError: names the node and says what is wrong.
        """
        definition = self.table.get(op)
        if definition is None:
            label = node_label(Node(op, (), tuple(outputs or ()), origin=origin))
            raise GraphError(label, "unknown operator", origin)
        names = self._output_names(definition, outputs, origin)
        merged = {a.name: a.default for a in definition.attrs if a.default is not None}
        merged |= {key: _plain(value) for key, value in (attrs or {}).items()}
        node = Node(op, tuple(inputs), names, MappingProxyType(merged), origin)
        label = node_label(node)
        if self.stage not in definition.stages:
            raise GraphError(label, f"may not stand at stage {self.stage}", origin)
        for value in node.inputs:
            if value and value not in self.types:
                raise GraphError(label, f"reads %{value}, which is not defined yet", origin)
        wrong = [arity_problem(definition, node.inputs), *attr_problems(definition, merged)]
        for message in filter(None, wrong):
            raise GraphError(label, message, origin)
        try:
            types = definition.infer(input_types(node.inputs, self.types), node.attrs)
        except TypeRuleError as error:
            raise GraphError(label, str(error), origin) from error
        for output, type_ in zip(names, types, strict=True):
            self._define(output, type_)
        self.nodes.append(node)
        return names

    def output(self, name: str) -> str:
        """Declare a value an output."""
        if name not in self.types:
            raise GraphError(f"output %{name}", "is not defined")
        self._outputs.append(name)
        return name

    def build(self) -> Graph:
        """The graph, verified."""
        graph = Graph(
            self.name,
            self.stage,
            tuple(self._inputs),
            tuple(self._outputs),
            tuple(self.nodes),
            MappingProxyType(dict(self.types)),
            MappingProxyType(dict(self.constants)),
        )
        verify(graph, self.table)
        return graph

    def _define(self, name: str, type_: TensorType) -> None:
        if not name:
            raise GraphError("value", "has no name")
        if name in self.types:
            raise GraphError(f"%{name}", "is defined twice")
        self.types[name] = type_

    def _output_names(
        self, definition: OpDef, outputs: Sequence[str] | None, origin: str
    ) -> tuple[str, ...]:
        if outputs is not None:
            names = tuple(outputs)
        elif len(definition.outputs) == 1:
            names = (self.fresh_name(definition.name),)
        else:
            names = tuple(self.fresh_name(f"{definition.name}.{o}") for o in definition.outputs)
        if len(names) != len(definition.outputs):
            raise GraphError(
                node_label(Node(definition.name, (), names, origin=origin)),
                f"has {len(names)} outputs, expected {len(definition.outputs)}",
                origin,
            )
        return names

    def _withdraw(self, count: int) -> None:
        """Take back all nodes but the first `count`."""
        for node in self.nodes[count:]:
            for name in node.outputs:
                del self.types[name]
        del self.nodes[count:]


Rule: TypeAlias = Callable[[GraphBuilder, Node], "str | Sequence[str] | None"]
"""Rewrites one node: None keeps it; else the values that take the place of its outputs, added to
the builder just now or standing there already. The node's inputs are given as already rewritten,
and its output names are free for `GraphBuilder.add` to use."""


def rebuild(graph: Graph, table: OpTable, rule: Rule, *, stage: Stage | None = None) -> Graph:
    """Rewrite a graph node by node, in order; the very same object comes back if nothing changed.

    Names of the graph's outputs stay: where a rule puts an existing value in an output's place, the
    value takes the output's name, or the node is kept when that value is an input, a constant or an
    output itself. Nodes and constants that nobody reads any more: constants are dropped, nodes are
    left to dead code elimination.
    """
    builder = GraphBuilder.of(graph, table, stage)
    standing: dict[str, str] = {}
    renamed: dict[str, str] = {}
    changed = False
    for node in graph.nodes:
        moved = tuple(standing.get(name, name) for name in node.inputs)
        if moved != node.inputs:
            node = replace(node, inputs=moved)
        before = len(builder.nodes)
        answer = rule(builder, node)
        values = node.outputs if answer is None else answer
        values = (values,) if isinstance(values, str) else tuple(values)
        if answer is not None and not _outputs_kept(graph, builder, node, values, renamed):
            builder._withdraw(before)
            answer = None
        if answer is None:
            builder.add_node(
                node.op, node.inputs, node.attrs, outputs=node.outputs, origin=node.origin
            )
            continue
        changed = True
        for old, new in zip(node.outputs, values, strict=True):
            if old != new:
                standing[old] = new
                if old in graph.outputs:
                    renamed[new] = old
    if not changed and builder.stage is graph.stage:
        return graph
    return _finish(graph, builder, renamed)


def _outputs_kept(
    graph: Graph,
    builder: GraphBuilder,
    node: Node,
    values: tuple[str, ...],
    renamed: Mapping[str, str],
) -> bool:
    """Whether each graph output that the node defined can keep its name."""
    for old, new in zip(node.outputs, values, strict=True):
        if old == new or old not in graph.outputs:
            continue
        fixed = new in graph.inputs or new in builder.constants or new in graph.outputs
        if fixed or new in renamed:
            return False
    return True


def _finish(graph: Graph, builder: GraphBuilder, renamed: Mapping[str, str]) -> Graph:
    nodes = [
        replace(
            node,
            inputs=tuple(renamed.get(name, name) for name in node.inputs),
            outputs=tuple(renamed.get(name, name) for name in node.outputs),
        )
        for node in builder.nodes
    ]
    types = {renamed.get(name, name): type_ for name, type_ in builder.types.items()}
    made = Graph(graph.name, builder.stage, graph.inputs, graph.outputs, (), types, {})
    rebuilt = made.with_nodes(nodes, constants=builder.constants)
    frozen = replace(
        rebuilt,
        types=MappingProxyType(dict(rebuilt.types)),
        constants=MappingProxyType(dict(rebuilt.constants)),
    )
    verify(frozen, builder.table)
    return frozen


def _plain(value: Any) -> AttrValue:
    """Attribute values as the IR keeps them: Python numbers, strings and tuples."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(_plain(element) for element in value)  # type: ignore[return-value]
    if isinstance(value, str):
        return str(value)
    return value  # type: ignore[no-any-return]

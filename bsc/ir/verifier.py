"""The graph's rules: checked after every pass, and on every graph that comes from outside.

SSA form, topological order, operators known and allowed at the stage, arity, attributes, types as
inferred, constants as their types say. All problems are collected before anything is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bsc.ir.data import dtypes_of
from bsc.ir.graph import Array, AttrValue, Graph, Node
from bsc.ir.opdef import AttrKind, OpDef, OpTable, TypeRuleError
from bsc.ir.types import Encoding, TensorType


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule.

    Attributes:
        message: what was found and expected; names the node or value.
        node: index into Graph.nodes, None where no node is at fault.
        value: the value at fault, None where a node is.
    """

    message: str
    node: int | None = None
    value: str | None = None


class VerifierError(Exception):
    """A graph breaks the rules: a bug of whoever made it."""

    def __init__(self, graph: Graph, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        heading = f"graph {graph.name!r} at stage {graph.stage} breaks {len(problems)} rule(s):"
        super().__init__("\n".join([heading, *(f"  {p.message}" for p in problems)]))


def verify(graph: Graph, table: OpTable) -> None:
    """Check every rule.

    Raises:
        VerifierError: lists all broken rules.
    """
    found = problems(graph, table)
    if found:
        raise VerifierError(graph, found)


def problems(graph: Graph, table: OpTable) -> list[Problem]:
    """All broken rules, in the graph's order."""
    return [*_sources(graph), *_nodes(graph, table), *_outputs(graph), *_types(graph)]


def node_label(node: Node) -> str:
    """How messages call a node: its operator, first output and origin."""
    label = f"{node.op} %{node.outputs[0]}" if node.outputs else node.op
    return f"{label} (from {node.origin})" if node.origin else label


def attr_matches(kind: AttrKind, value: object) -> bool:
    """Whether a value is exactly of a kind (an int is no float, a bool is no int)."""
    match kind:
        case AttrKind.BOOL:
            return type(value) is bool
        case AttrKind.INT:
            return type(value) is int
        case AttrKind.FLOAT:
            return type(value) is float
        case AttrKind.STR:
            return type(value) is str
        case AttrKind.INTS:
            return _tuple_of(int, value)
        case AttrKind.FLOATS:
            return _tuple_of(float, value)
        case AttrKind.STRS:
            return _tuple_of(str, value)


def arity_problem(definition: OpDef, inputs: tuple[str, ...]) -> str | None:
    """What is wrong with the number of inputs, None if nothing is."""
    least = definition.required_inputs
    open_ended = any(name.endswith("*") for name in definition.inputs)
    most = None if open_ended else len(definition.inputs)
    if len(inputs) < least or (most is not None and len(inputs) > most):
        wanted = f"{least}" if least == most else f"{least} to {most}"
        wanted = f"at least {least}" if most is None else wanted
        return f"has {len(inputs)} inputs, expected {wanted} ({', '.join(definition.inputs)})"
    for place, value in enumerate(inputs):
        name = definition.inputs[min(place, len(definition.inputs) - 1)]
        if not value and not name.endswith("?"):
            return f"leaves out input {place} ({name}), which is not optional"
    return None


def _sources(graph: Graph) -> Iterator[Problem]:
    for name in _repeated(graph.inputs):
        yield Problem(f"input %{name} is listed twice", value=name)
    for name in graph.inputs:
        if not name:
            yield Problem("an input has no name", value=name)
    for name, array in graph.constants.items():
        if not name:
            yield Problem("a constant has no name", value=name)
        if name in graph.inputs:
            yield Problem(f"constant %{name} is also an input", value=name)
        if name in graph.types:
            message = constant_problem(array, graph.types[name])
            if message:
                yield Problem(f"constant %{name} {message}", value=name)


def constant_problem(array: Array, wanted: TensorType) -> str | None:
    """What is wrong with a constant's data, None if nothing is; numbers are not read."""
    if array.shape != wanted.shape:
        return f"has shape {list(array.shape)}, its type is {wanted}"
    if array.dtype not in dtypes_of(wanted.encoding):
        expected = " or ".join(str(dtype) for dtype in dtypes_of(wanted.encoding))
        return f"has elements {array.dtype}, {wanted.encoding} is kept as {expected}"
    if wanted.encoding is Encoding.STR and not all(type(e) is str for e in array.flat):
        return "holds elements that are no strings"
    return None


def _nodes(graph: Graph, table: OpTable) -> Iterator[Problem]:
    defined = {*graph.inputs, *graph.constants}
    later = {name for node in graph.nodes for name in node.outputs}
    for index, node in enumerate(graph.nodes):
        label = node_label(node)
        for message in _node(graph, node, table, defined, later):
            yield Problem(f"{label}: {message}", node=index)
        for name in node.outputs:
            if not name:
                yield Problem(f"{label}: an output has no name", node=index)
            elif name in defined:
                yield Problem(f"{label}: %{name} is defined twice", node=index)
            defined.add(name)


def _node(
    graph: Graph, node: Node, table: OpTable, defined: set[str], later: set[str]
) -> Iterator[str]:
    unusable = False
    for name in node.inputs:
        if name and name not in defined:
            unusable = True
            yield f"reads %{name} " + (
                "before it is defined" if name in later else "which nothing defines"
            )
    definition = table.get(node.op)
    if definition is None:
        yield "unknown operator"
        return
    if graph.stage not in definition.stages:
        allowed = ", ".join(sorted(definition.stages))
        yield f"may not stand at stage {graph.stage}, only at {allowed}"
    arity = arity_problem(definition, node.inputs)
    if arity:
        unusable = True
        yield arity
    if len(node.outputs) != len(definition.outputs):
        unusable = True
        yield f"has {len(node.outputs)} outputs, expected {len(definition.outputs)}"
    attributes = list(attr_problems(definition, node.attrs))
    yield from attributes
    if unusable or attributes:
        return
    given = [graph.types.get(name) for name in node.inputs if name]
    if any(found is None for found in given):
        return  # _types names the value that has none
    try:
        inferred = definition.infer(input_types(node.inputs, graph.types), node.attrs)
    except TypeRuleError as error:
        yield str(error)
        return
    for name, wanted in zip(node.outputs, inferred, strict=True):
        found = graph.types.get(name)
        if found is not None and found != wanted:
            yield f"%{name} has type {found}, inference says {wanted}"


def input_types(inputs: tuple[str, ...], types: Any) -> list[Any]:
    """Types of a node's inputs as shape rules take them.

    Optional inputs left out at the end are dropped; one left out between others is None.
    """
    found = [types[name] if name else None for name in inputs]
    while found and found[-1] is None:
        found.pop()
    return found


def attr_problems(definition: OpDef, attrs: Any) -> Iterator[str]:
    """Attributes that lack, that are unknown or of the wrong kind."""
    known = {attr.name: attr for attr in definition.attrs}
    for name in attrs:
        if name not in known:
            yield f"unknown attribute {name!r}, expected {', '.join(known) or 'none'}"
    for name, attr in known.items():
        if name not in attrs:
            yield f"attribute {name!r} is missing"
        elif not attr_matches(attr.kind, attrs[name]):
            found: AttrValue = attrs[name]
            yield f"attribute {name!r} is {found!r}, expected the kind {attr.kind}"


def _outputs(graph: Graph) -> Iterator[Problem]:
    defined = {*graph.inputs, *graph.constants}
    defined.update(name for node in graph.nodes for name in node.outputs)
    for name in _repeated(graph.outputs):
        yield Problem(f"output %{name} is listed twice", value=name)
    for name in graph.outputs:
        if name not in defined:
            yield Problem(f"output %{name} is not defined", value=name)


def _types(graph: Graph) -> Iterator[Problem]:
    defined = dict.fromkeys([*graph.inputs, *graph.constants])
    defined.update(dict.fromkeys(name for node in graph.nodes for name in node.outputs))
    for name in defined:
        if name and name not in graph.types:
            yield Problem(f"value %{name} has no type", value=name)
    for name, found in graph.types.items():
        if name not in defined:
            yield Problem(f"type of %{name}, which nothing defines", value=name)
        if any(isinstance(dim, int) and dim < 0 for dim in found.shape):
            yield Problem(f"value %{name} has a negative extent: {found}", value=name)


def _repeated(names: tuple[str, ...]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _tuple_of(kind: type, value: object) -> bool:
    return type(value) is tuple and all(type(element) is kind for element in value)

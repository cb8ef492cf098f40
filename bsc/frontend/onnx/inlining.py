"""The nodes of a model in order, with model-local functions written out.

PyTorch's dynamo exporter may leave functions in a model. A function is copied into its caller:
inner names get the call's number, attributes that refer to the call's are filled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx
from onnx import AttributeProto

from bsc.diag import Sink, Span

MAX_NODES = 200_000
"""Nodes after writing out functions; calls that call twice each grow without bound."""

MAX_DEPTH = 100
"""Functions that call each other in a row; each writes its name into those inside."""


@dataclass(frozen=True, slots=True, eq=False)
class FlatNode:
    """One node of the model as if it had no functions.

    Attributes:
        domain: the operator's domain, `` for ONNX's own.
        op_type: the operator.
        version: version of the domain where the node stands, 0 where none is imported.
        inputs: names read, an empty string for one left out.
        outputs: names defined, an empty string for one left out.
        attributes: by name.
        label: the node's name, or one made of its operator and number; calls lead to it.
    """

    domain: str
    op_type: str
    version: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, AttributeProto]
    label: str

    def span(self, source: str) -> Span:
        """The node's place in its model."""
        return Span(source, path=f"{self.op_type} node {self.label!r}")


def versions_of(imports: Sequence[onnx.OperatorSetIdProto]) -> dict[str, int]:
    """Version of each domain; `ai.onnx` is another name of the empty one."""
    return {_domain(entry.domain): entry.version for entry in imports}


def flatten(model: onnx.ModelProto, source: str) -> list[FlatNode]:
    """All nodes of a model, functions written out.

    Raises:
        DiagnosticError: BSC1016 for functions that call themselves, too deep or too often.
    """
    functions = {(_domain(f.domain), f.name): f for f in model.functions}
    sink = Sink()
    _check_calls(functions, source, sink)
    sink.raise_if_errors()
    extents = _extents(functions)
    called = [extents.get((_domain(n.domain), n.op_type), _NODE) for n in model.graph.node]
    size = sum(extent.nodes for extent in called)
    depth = max((extent.depth for extent in called), default=0)
    if depth > MAX_DEPTH:
        sink.add(
            "BSC1016",
            f"functions call each other {depth} deep, at most {MAX_DEPTH} are written out",
            at=Span(source),
        )
    if size > MAX_NODES:
        sink.add(
            "BSC1016",
            f"the model has {size} nodes once its functions are written out, at most {MAX_NODES} "
            "are read",
            at=Span(source),
        )
    sink.raise_if_errors()
    versions = versions_of(model.opset_import)
    return list(_expand(model.graph.node, versions, functions, {}, "", None))


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


_Key = tuple[str, str]
_Functions = Mapping[_Key, onnx.FunctionProto]


def _check_calls(functions: _Functions, source: str, sink: Sink) -> None:
    """Refuse functions that call themselves, over any number of others."""
    state: dict[_Key, int] = {}
    for start in functions:
        # A walk with a stack of its own: the depth of calls is the file's choice.
        stack = [(start, _callees(functions, start))] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            key, callees = stack[-1]
            callee = next(callees, None)
            if callee is None:
                state[key] = 2
                stack.pop()
            elif state.get(callee) == 1:
                sink.add(
                    "BSC1016",
                    f"the function {callee[1]!r} calls itself",
                    at=Span(source, path=f"function {callee[1]!r}"),
                )
                return
            elif callee not in state:
                state[callee] = 1
                stack.append((callee, _callees(functions, callee)))


def _callees(functions: _Functions, key: _Key) -> Iterator[_Key]:
    for node in functions[key].node:
        called = (_domain(node.domain), node.op_type)
        if called in functions:
            yield called


@dataclass(frozen=True, slots=True)
class _Extent:
    """What a call becomes: so many nodes, so many calls inside each other."""

    nodes: int
    depth: int


_NODE = _Extent(1, 0)


def _extents(functions: _Functions) -> dict[_Key, _Extent]:
    """What each function becomes when written out; calls form no circle."""
    extents: dict[_Key, _Extent] = {}
    waiting = list(functions)
    while waiting:
        key = waiting[-1]
        if key in extents:
            waiting.pop()
            continue
        missing = {c for c in _callees(functions, key) if c not in extents}
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        inside = [extents.get((_domain(n.domain), n.op_type), _NODE) for n in functions[key].node]
        extents[key] = _Extent(
            sum(extent.nodes for extent in inside),
            1 + max((extent.depth for extent in inside), default=0),
        )
    return extents


def _expand(
    nodes: Sequence[onnx.NodeProto],
    versions: Mapping[str, int],
    functions: _Functions,
    renamed: dict[str, str],
    scope: str,
    given: Mapping[str, AttributeProto] | None,
) -> Iterator[FlatNode]:
    """Nodes of a body; `renamed` maps its names to the caller's, None `given` is the top."""

    def name(value: str) -> str:
        if given is None or not value:
            return value
        return renamed.setdefault(value, f"{scope}{value}")

    for number, node in enumerate(nodes):
        label = scope + (node.name or f"#{number}")
        attributes = dict(_attributes(node, given))
        inputs = tuple(name(v) for v in node.input)
        outputs = tuple(name(v) for v in node.output)
        function = functions.get((_domain(node.domain), node.op_type))
        if function is None:
            domain = _domain(node.domain)
            version = versions.get(domain, 0)
            yield FlatNode(domain, node.op_type, version, inputs, outputs, attributes, label)
            continue
        for default in function.attribute_proto:
            attributes.setdefault(default.name, default)
        inside = dict(zip(function.input, inputs, strict=False))
        inside |= {formal: "" for formal in function.input[len(inputs) :]}
        # An output left out by the caller still needs a name inside.
        inside |= {f: v for f, v in zip(function.output, outputs, strict=False) if v}
        own = {**versions, **versions_of(function.opset_import)}
        yield from _expand(function.node, own, functions, inside, f"{label}/", attributes)


def _attributes(
    node: onnx.NodeProto, given: Mapping[str, AttributeProto] | None
) -> Iterator[tuple[str, AttributeProto]]:
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            yield attribute.name, attribute
        elif given is not None and attribute.ref_attr_name in given:
            yield attribute.name, given[attribute.ref_attr_name]

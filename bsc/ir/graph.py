"""The graph: immutable, in SSA form, at one stage. Passes make new graphs that share constants.

Values are named; `types` holds the type of each, `constants` the data of those known early.
Nodes stand in topological order. Arrays of constants are never written to, and never copied by a
pass that does not change them: 100 MB of weights pass through the compiler once, not once a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bsc.ir.types import Stage, TensorType

AttrValue: TypeAlias = (
    bool | int | float | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]
)
Array: TypeAlias = npt.NDArray[Any]

_EMPTY: Mapping[str, AttrValue] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Node:
    """One operator applied to values.

    Attributes:
        op: name of an OpDef.
        inputs: names of the values read; an empty string is an optional input left out.
        outputs: names of the values defined.
        attrs: attributes, all present after the builder has filled in defaults.
        origin: where it came from, for people: a node of the ONNX file, a line of the DSL.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, AttrValue] = field(default_factory=lambda: _EMPTY)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """A network at one stage.

    Attributes:
        name: the model's name.
        stage: which operators may stand here.
        inputs: names of the values fed from outside, in order.
        outputs: names of the values handed out, in order; the names are the model's own.
        nodes: operators in topological order.
        types: type of every value.
        constants: data of the values known at compile time.
    """

    name: str
    stage: Stage
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    types: Mapping[str, TensorType]
    constants: Mapping[str, Array]

    def producers(self) -> dict[str, Node]:
        """The node that defines each value."""
        return {name: node for node in self.nodes for name in node.outputs}

    def consumers(self) -> dict[str, list[Node]]:
        """The nodes that read each value, in order; values nobody reads are absent."""
        readers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                if name:
                    readers.setdefault(name, []).append(node)
        return readers

    def with_nodes(self, nodes: Iterable[Node], **changes: Any) -> Graph:
        """A graph with other nodes, and with the types and constants that nobody uses dropped."""
        graph = replace(self, nodes=tuple(nodes), **changes)
        used = {*graph.inputs, *graph.outputs}
        for node in graph.nodes:
            used.update(node.inputs)
            used.update(node.outputs)
        return replace(
            graph,
            types={k: v for k, v in graph.types.items() if k in used},
            constants={k: v for k, v in graph.constants.items() if k in used},
        )


def same_graph(a: Graph, b: Graph) -> bool:
    """Equality to the letter, data of constants included (bits compared, so NaN equals itself)."""
    if (a.name, a.stage, a.inputs, a.outputs) != (b.name, b.stage, b.inputs, b.outputs):
        return False
    if len(a.nodes) != len(b.nodes) or dict(a.types) != dict(b.types):
        return False
    for x, y in zip(a.nodes, b.nodes, strict=True):
        if (x.op, x.inputs, x.outputs, x.origin) != (y.op, y.inputs, y.outputs, y.origin):
            return False
        if _typed(x.attrs) != _typed(y.attrs):
            return False
    if a.constants.keys() != b.constants.keys():
        return False
    return all(_same_array(a.constants[k], b.constants[k]) for k in a.constants)


def _typed(attrs: Mapping[str, AttrValue]) -> dict[str, tuple[type, str]]:
    return {k: (type(v), repr(v)) for k, v in attrs.items()}


def _same_array(a: Array, b: Array) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind in "OUS":
        return a.tolist() == b.tolist()  # type: ignore[no-any-return]
    return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()

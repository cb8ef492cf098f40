"""Equality of SOURCE graphs but for what inner values, constants and the graph are called."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bsc.ir.graph import Array, Graph, Node


def same_up_to_names(a: Graph, b: Graph) -> str | None:
    """The first difference of two graphs in words, None where there is none.

    Names of inputs and outputs count, and so does the order of nodes; names of other values and of
    constants, the graph's own and origins do not. Constants must be shared in the same way: two
    nodes that read one constant in `a` read one in `b`.
    """
    if a.stage != b.stage:
        return f"stage {a.stage} against {b.stage}"
    for what, first, second in (("inputs", a.inputs, b.inputs), ("outputs", a.outputs, b.outputs)):
        if first != second:
            return f"{what} {', '.join(first)} against {', '.join(second)}"
    names = _Names(a, b)
    for name in a.inputs:
        if a.types[name] != b.types[name]:
            return f"input {name} is {a.types[name]} against {b.types[name]}"
        names.pair(name, name)
    for number, (x, y) in enumerate(zip(a.nodes, b.nodes, strict=False)):
        difference = _node(x, y, names)
        if difference is not None:
            return f"node {number} ({x.op} {x.outputs[0]}, {y.op} {y.outputs[0]}): {difference}"
    if len(a.nodes) != len(b.nodes):
        longer = max(a.nodes, b.nodes, key=len)[min(len(a.nodes), len(b.nodes))]
        return f"{len(a.nodes)} nodes against {len(b.nodes)}: one has {longer.op} too"
    for name in a.outputs:
        difference = names.differ(name, name)
        if difference is not None:
            return f"output {name}: {difference}"
    return None


@dataclass(slots=True)
class _Names:
    """Which value of one graph is which of the other, as far as that is known."""

    a: Graph
    b: Graph
    forth: dict[str, str] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)

    def pair(self, x: str, y: str) -> None:
        """Both are the same value from here on."""
        self.forth[x] = y
        self.back[y] = x

    def differ(self, x: str, y: str) -> str | None:
        """Why two values read in the same place are not the same one."""
        if not x or not y:
            return None if x == y else f"reads {x or 'nothing'} against {y or 'nothing'}"
        if self.forth.get(x) == y:
            return None
        if (x in self.a.constants) != (y in self.b.constants):
            return f"reads {x} against {y}, a constant against a value"
        if x in self.forth or y in self.back or x not in self.a.constants:
            return f"reads {x} against {y}, another value"
        first, second = self.a.constants[x], self.b.constants[y]
        if self.a.types[x] != self.b.types[y]:
            return f"reads a constant {self.a.types[x]} against {self.b.types[y]}"
        if not _same_data(first, second):
            return f"reads constants {x} and {y} of other data"
        self.pair(x, y)
        return None


def _node(x: Node, y: Node, names: _Names) -> str | None:
    if x.op != y.op:
        return "other operators"
    if dict(x.attrs) != dict(y.attrs):
        return f"attributes {dict(x.attrs)} against {dict(y.attrs)}"
    if len(x.inputs) != len(y.inputs):
        return f"{len(x.inputs)} inputs against {len(y.inputs)}"
    for first, second in zip(x.inputs, y.inputs, strict=True):
        difference = names.differ(first, second)
        if difference is not None:
            return difference
    for first, second in zip(x.outputs, y.outputs, strict=True):
        if names.a.types[first] != names.b.types[second]:
            return f"makes {names.a.types[first]} against {names.b.types[second]}"
        names.pair(first, second)
    return None


def _same_data(a: Array, b: Array) -> bool:
    if a.dtype.kind == "O":
        return a.tolist() == b.tolist()  # type: ignore[no-any-return]
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")

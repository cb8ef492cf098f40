"""A graph as text: one node a line, exact to the bit, read back by `bsc.ir.parser`."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Container, Iterator

import numpy as np

from bsc.ir.atoms import BARE_NAME, float32_text, float_text, quote, value_text
from bsc.ir.data import dtypes_of
from bsc.ir.graph import Array, AttrValue, Graph, Node
from bsc.ir.types import Encoding, TensorType

VERSION = 1
_LISTED = 16  # constants up to this size are written as a list, larger ones as zlib and base64


def print_graph(
    graph: Graph, *, elide: int | None = None, external: Container[str] = frozenset()
) -> str:
    """The text of a graph.

    Args:
        graph: a verified graph at any stage.
        elide: for people: constants of more elements than this are written as a hash of their data,
            and the parser refuses the text; None writes everything.
        external: names of constants whose data is kept elsewhere and handed to the parser.
    """
    return "".join(f"{line}\n" for line in _lines(graph, elide, external))


def _lines(graph: Graph, elide: int | None, external: Container[str]) -> Iterator[str]:
    yield f"bsir {VERSION}"
    yield f"graph {quote(graph.name)} at {graph.stage} {{"
    for name in graph.inputs:
        yield f"  input {value_text(name)} : {type_text(graph.types[name])}"
    for name, array in graph.constants.items():
        head = f"  constant {value_text(name)} : {type_text(graph.types[name])}"
        if array.dtype != dtypes_of(graph.types[name].encoding)[0]:
            head += f" as {array.dtype}"
        if name in external:
            yield f"{head} = external"
        else:
            yield f"{head} = {_data_text(array, graph.types[name].encoding, elide)}"
    for node in graph.nodes:
        yield "  " + node_text(node, graph)
    if graph.outputs:
        yield "  output " + ", ".join(value_text(name) for name in graph.outputs)
    yield "}"


def node_text(node: Node, graph: Graph) -> str:
    """One node as it stands in the text."""
    results = ", ".join(value_text(name) for name in node.outputs)
    operands = ", ".join(value_text(name) if name else "_" for name in node.inputs)
    text = f"{results} = {node.op}({operands})" if results else f"{node.op}({operands})"
    if node.attrs:
        attrs = ", ".join(f"{name} = {attr_text(value)}" for name, value in node.attrs.items())
        text += f" {{{attrs}}}"
    if node.outputs:
        text += " : " + ", ".join(type_text(graph.types[name]) for name in node.outputs)
    if node.origin:
        text += f"  @{quote(node.origin)}"
    return text


def type_text(type_: TensorType) -> str:
    """Encoding and extents; names of extents in quotes where they need them."""
    dims = [
        dim if isinstance(dim, str) and BARE_NAME.fullmatch(dim) else _scalar_text(dim)
        for dim in type_.shape
    ]
    return f"{type_.encoding}[{', '.join(dims)}]"


def attr_text(value: AttrValue) -> str:
    """One attribute's value."""
    if isinstance(value, tuple):
        return f"[{', '.join(_scalar_text(element) for element in value)}]"
    return _scalar_text(value)


def _scalar_text(value: bool | int | float | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    return str(value) if isinstance(value, int) else float_text(value)


def _data_text(array: Array, encoding: Encoding, elide: int | None) -> str:
    if elide is not None and array.size > elide:
        return f"elided {quote(_digest(array))}"
    if encoding is Encoding.STR or array.size <= _LISTED:
        return f"[{', '.join(_element_text(element, encoding) for element in array.flat)}]"
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    packed = zlib.compress(little.data, 6)
    return f'zlib "{base64.b64encode(packed).decode("ascii")}"'


def _element_text(element: object, encoding: Encoding) -> str:
    if isinstance(element, np.float32):
        return float32_text(element)
    if isinstance(element, np.generic):
        element = element.item()
    return _scalar_text(element)  # type: ignore[arg-type]


def _digest(array: Array) -> str:
    """First digits of the SHA-256 of the elements, little-endian; strings as a list of them."""
    if array.dtype == object:
        data = ",".join(quote(element) for element in array.flat).encode()
        return "sha256:" + hashlib.sha256(data).hexdigest()[:12]
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return "sha256:" + hashlib.sha256(little.data).hexdigest()[:12]

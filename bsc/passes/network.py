"""Finds what the arrays will do: a network of dense layers and the activations between them.

Between an input and a layer, and between two layers, elements may only be rearranged and joined.
What hands out values to the model's outputs is the tail: it runs beside the arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from bsc.diag import Sink, Span
from bsc.ir.graph import Array, Graph, Node
from bsc.ir.types import Encoding
from bsc.ops import OPS
from bsc.passes.between import ACTIVATIONS, MOVING, find_obstacles
from bsc.passes.naming import free_name, layer_names

_OF_IMAGES = {"conv2d": "convolution", "max_pool": "pooling", "average_pool": "pooling"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A dense node and the activation that other layers read.

    Attributes:
        name: short and unique.
        dense: the node.
        activation: None for a head, and where other layers read the sums themselves.
        parts: signals that it reads: inputs of the graph, and signals of layers before it.
        place: int64 [K]: row k of the weights belongs to line place[k] of the parts' elements, one
            part behind the other.
        head: whether no layer reads it.
    """

    name: str
    dense: Node
    activation: Node | None
    parts: tuple[str, ...]
    place: npt.NDArray[np.int64]
    head: bool

    @property
    def sums(self) -> str:
        """Name of the value y."""
        return self.dense.outputs[0]

    @property
    def signal(self) -> str:
        """Name of the value that other layers read."""
        return self.sums if self.activation is None else self.activation.outputs[0]

    @property
    def sharing(self) -> tuple[object, ...]:
        """Equal for layers that read the same weights along the same lines: they share an array."""
        return (*self.dense.inputs[1:], self.place.tobytes())


@dataclass(frozen=True, slots=True)
class Network:
    """The layers, in topological order.

    Attributes:
        inputs: names of the graph's inputs, all of them read.
        layers: layers in the order of their nodes.
        tail: nodes that the graph's outputs need and that no array takes over, in order.
        outputs: for each head, by its sums: outputs of the graph that are computed from it alone;
            a name like its layer's where there is none.
        mixed: outputs of the graph that a head and other layers compute together, and the sums of
            all these.
    """

    inputs: tuple[str, ...]
    layers: tuple[Layer, ...]
    tail: tuple[Node, ...]
    outputs: Mapping[str, tuple[str, ...]]
    mixed: Mapping[str, tuple[str, ...]]

    @property
    def heads(self) -> tuple[Layer, ...]:
        """Layers that answer."""
        return tuple(layer for layer in self.layers if layer.head)


def place_of(node: Node) -> Span:
    """Where a node came from, for a diagnostic."""
    return Span("model", path=node.origin or node.outputs[0])


def find_network(graph: Graph) -> Network:
    """Find the layers of a folded SOURCE graph.

    Raises:
        DiagnosticError: BSC3001 to BSC3004, all problems together.
    """
    return _Finder(graph).run()


class _Finder:
    """Numbers the elements of all signals and follows the numbers to where layers read them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.sink = Sink()
        self.producers = graph.producers()
        self.numbered = 0
        self.elements: dict[str, npt.NDArray[np.int64]] = {}  # [1, ...]: numbers of signal elements
        self.firsts: dict[str, tuple[int, int]] = {}  # signal -> its first number and its size
        self.activations: dict[tuple[object, ...], str] = {}  # by what it computes -> its signal
        self.dense: list[Node] = []
        self.parts: dict[str, tuple[str, ...]] = {}  # sums -> signals
        self.places: dict[str, npt.NDArray[np.int64]] = {}

    def run(self) -> Network:
        """Walk the graph once."""
        for name in self.graph.inputs:
            self._input(name)
        self.sink.raise_if_errors()
        for node in self.graph.nodes:
            self._visit(node)
        neurons = self._neurons()
        tail = self._tail()
        self._check(tail)
        self.sink.raise_if_errors()
        names = layer_names(self.dense, self.graph.outputs)
        read = {signal for parts in self.parts.values() for signal in parts}
        layers = []
        for name, node in zip(names, self.dense, strict=True):
            sums = node.outputs[0]
            found = neurons.get(sums)
            layers.append(
                Layer(
                    name,
                    node,
                    None if found == sums or found is None else self.producers[found],
                    self.parts[sums],
                    self.places[sums],
                    found is None,
                )
            )
        unread = [name for name in self.graph.inputs if name not in read]
        if unread:
            self.sink.add(
                "BSC3001",
                f"no layer reads the model's input {', '.join(unread)}",
                help="leave inputs out that nothing is computed from",
            )
            self.sink.raise_if_errors()
        sources = self._sources()
        heads = [layer for layer in layers if layer.head]
        mixed = {
            name: tuple(layer.sums for layer in layers if layer.sums in found)
            for name, found in sources.items()
            if len(found) > 1 and any(head.sums in found for head in heads)
        }
        outputs = self._outputs(heads, sources)
        return Network(self.graph.inputs, tuple(layers), tail, outputs, mixed)

    def _input(self, name: str) -> None:
        type_ = self.graph.types[name]
        if not type_.shape or any(isinstance(d, str) for d in type_.shape[1:]):
            self.sink.add(
                "BSC3001",
                f"the input {name} is {type_}; only the first of its extents may be open",
                help="give every other extent a number",
            )
            return
        self._signal(name)

    def _signal(self, name: str) -> None:
        shape = tuple(int(d) for d in self.graph.types[name].shape[1:])
        size = prod(shape)
        self.firsts[name] = (self.numbered, size)
        numbers = np.arange(self.numbered, self.numbered + size, dtype=np.int64)
        self.elements[name] = numbers.reshape(1, *shape)
        self.numbered += size

    def _visit(self, node: Node) -> None:
        value = node.outputs[0]
        if node.op == "dense":
            given = self.elements.get(node.inputs[0])
            if given is not None and all(n in self.graph.constants for n in node.inputs[1:] if n):
                self._layer(node, given.reshape(-1))
        elif node.op in ACTIVATIONS:
            source = self.producers.get(node.inputs[0])
            if source is not None and source.outputs[0] in self.parts:
                self._activation(node)
        elif node.op == "cast":
            given = self.elements.get(node.inputs[0])
            if given is not None and self.graph.types[value].encoding in (
                Encoding.F32,
                Encoding.F64,
            ):
                self.elements[value] = given
        elif node.op in MOVING and all(name in self.elements for name in node.inputs):
            # Only what moves elements runs, and on their numbers.
            given_all = [self.elements[name] for name in node.inputs]
            (moved,) = OPS[node.op].reference(given_all, node.attrs, None)
            self.elements[value] = moved

    def _activation(self, node: Node) -> None:
        """A signal; an activation that is written twice is one."""
        value = node.outputs[0]
        computed = (node.op, node.inputs, tuple(sorted(node.attrs.items())))
        first = self.activations.setdefault(computed, value)
        if first == value:
            self._signal(value)
        else:
            self.elements[value] = self.elements[first]

    def _layer(self, node: Node, lines: npt.NDArray[np.int64]) -> None:
        signals = self._signals_of(lines)
        starts: dict[str, int] = {}
        at = 0
        for name in signals:
            starts[name] = at
            at += self.firsts[name][1]
        place = np.full(len(lines), -1, np.int64)
        for name in signals:
            first, size = self.firsts[name]
            mine = (lines >= first) & (lines < first + size)
            place[mine] = lines[mine] - first + starts[name]
        if at != len(lines) or not np.array_equal(np.sort(place), np.arange(at)):
            self.sink.add(
                "BSC3004",
                f"the dense `{_label(node)}` reads {len(lines)} elements of {', '.join(signals)}, "
                f"which have {at}: a layer reads each element of its signals once",
                at=place_of(node),
                help="join each value once, and read it whole",
            )
        self.dense.append(node)
        self.parts[node.outputs[0]] = signals
        self.places[node.outputs[0]] = place
        self._signal(node.outputs[0])

    def _signals_of(self, lines: npt.NDArray[np.int64]) -> tuple[str, ...]:
        """The signals that lines belong to, in the order in which they first occur."""
        names = list(self.firsts)
        begins = np.array([self.firsts[name][0] for name in names], np.int64)
        owners = np.searchsorted(begins, lines, side="right") - 1
        _, first_seen = np.unique(owners, return_index=True)
        return tuple(names[owners[k]] for k in np.sort(first_seen))

    def _neurons(self) -> dict[str, str]:
        """For the sums of each layer that others read: the signal that they read."""
        found: dict[str, str] = {}
        read = dict.fromkeys(signal for parts in self.parts.values() for signal in parts)
        for signal in read:
            if signal in self.graph.inputs:
                continue
            sums = signal if signal in self.parts else self.producers[signal].inputs[0]
            if sums in found:
                label = _label(self.producers[sums])
                self.sink.add(
                    "BSC3002",
                    f"layers read {found[sums]} and {signal}, both made of the sums of `{label}`; "
                    "a layer has one kind of neuron",
                    at=place_of(self.producers[signal]),
                    help="give each activation a layer of its own",
                )
            found[sums] = signal
        return found

    def _tail(self) -> tuple[Node, ...]:
        needed = set(self.graph.outputs)
        kept: list[Node] = []
        for node in reversed(self.graph.nodes):
            if needed.intersection(node.outputs) and node.outputs[0] not in self.parts:
                kept.append(node)
                needed.update(node.inputs)
        return tuple(reversed(kept))

    def _check(self, tail: tuple[Node, ...]) -> None:
        images = [node for node in tail if node.op in _OF_IMAGES]
        for node in images:
            self.sink.add(
                "BSC3004",
                f"{node.op} `{_label(node)}` is a {_OF_IMAGES[node.op]}, which no array can take",
                at=place_of(node),
                help="bsc reads and runs them in floating point; convolutions and pooling are not "
                "mapped to arrays yet",
            )
        if images:
            return  # that nothing behind them is reached follows from it
        obstacles = find_obstacles(self.graph, tail, self.elements, self.parts)
        if not self.dense and not any(node.op in ("dense", "matmul") for node in tail):
            self.sink.add(
                "BSC3003",
                "no dense layer reads the model's input: there is nothing for an array to do",
                help="`bsc check MODEL` lists what each operator becomes",
            )
        for each in obstacles:
            label = f"{each.node.op} `{_label(each.node)}`"
            self.sink.add("BSC3004", f"{label} {each.why}", at=place_of(each.node), help=each.help)

    def _sources(self) -> dict[str, frozenset[str]]:
        """For each output of the graph: sums of the layers that it is computed from at last."""
        layers = set(self.parts)
        sources: dict[str, frozenset[str]] = {sums: frozenset({sums}) for sums in layers}
        for node in self.graph.nodes:
            if node.outputs[0] not in layers:
                found = frozenset[str]().union(*(sources.get(n, frozenset()) for n in node.inputs))
                sources.update(dict.fromkeys(node.outputs, found))
        return {name: sources.get(name, frozenset()) for name in self.graph.outputs}

    def _outputs(
        self, heads: list[Layer], sources: Mapping[str, frozenset[str]]
    ) -> dict[str, tuple[str, ...]]:
        """For each head the outputs computed from it alone, else a name like its layer's."""
        taken = {*self.graph.inputs, *self.graph.outputs}  # by these names users give arrays
        made = {}
        for head in heads:
            mine = tuple(name for name, found in sources.items() if found == {head.sums})
            made[head.sums] = mine or (free_name(head.name, taken),)
            taken.update(made[head.sums])
        return made


def _label(node: Node) -> str:
    return node.origin or node.outputs[0]


def in_lines(layer: Layer, weights: Array) -> Array:
    """Weights with a row for each line of the parts; the same object where the order is."""
    if np.array_equal(layer.place, np.arange(len(layer.place))):
        return weights
    moved = np.empty_like(weights)
    moved[layer.place] = weights
    return moved

"""A graph that changes in place: who makes and who reads each value is kept up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph, Node
from bsc.ops import OPS


class Linked:
    """One graph while a pass goes over it once and puts nodes in the place of others.

    What no output needs goes with the first change, and with each what it leaves unread; the names
    are free from then on.

    Attributes:
        builder: adds constants and the new nodes, and holds the type of every value there is.
        outputs: of the graph.
        producers: the node that defines each value.
        readers: the nodes that read each value, by their first output.
        places: nodes in topological order; what takes the place of a node stands where it stood.
    """

    def __init__(self, graph: Graph) -> None:
        """Take a graph, which stays as it is."""
        self._graph = graph
        self.builder = GraphBuilder.of(graph, OPS)
        self.builder.types.update(graph.types)
        self.outputs = frozenset(graph.outputs)
        self.producers: dict[str, Node] = {}
        self.readers: dict[str, dict[str, Node]] = {}
        self.places: list[tuple[Node, ...]] = [(node,) for node in graph.nodes]
        self._place = {node.outputs[0]: place for place, node in enumerate(graph.nodes)}
        self._unswept = list(graph.types)
        for node in graph.nodes:
            self._link(node)

    def put(self, old: Iterable[Node], last: Node) -> None:
        """Put the builder's new nodes in the place of the last of some, and take all of those out.

        Args:
            old: nodes that go, the last among them.
            last: its outputs are those of the new nodes, which `builder.types` has again.
        """
        place = self._place[last.outputs[0]]
        new = tuple(self.builder.nodes)
        self.builder.nodes.clear()
        here = self.places[place]
        self.places[place] = tuple(n for each in here for n in (new if each is last else (each,)))
        gone = list(old)
        for node in gone:
            self._unlink(node)
        for node in new:
            self._link(node)
            self._place[node.outputs[0]] = place
        self._forget(name for node in gone for name in node.outputs if name not in self.producers)
        self._sweep([*self._unswept, *(name for node in gone for name in node.inputs)])
        self._unswept = []

    def graph(self) -> Graph:
        """The graph as it is now."""
        nodes = tuple(node for place in self.places for node in place)
        constants = self.builder.constants
        made = (name for node in nodes for name in node.outputs)
        names = (*self._graph.inputs, *constants, *made)
        return replace(
            self._graph,
            nodes=nodes,
            types=MappingProxyType({name: self.builder.types[name] for name in names}),
            constants=MappingProxyType(dict(constants)),
        )

    def _link(self, node: Node) -> None:
        for name in node.outputs:
            self.producers[name] = node
        for name in filter(None, node.inputs):
            self.readers.setdefault(name, {})[node.outputs[0]] = node

    def _unlink(self, node: Node) -> None:
        place = self._place.pop(node.outputs[0])
        self.places[place] = tuple(each for each in self.places[place] if each is not node)
        for name in node.outputs:
            del self.producers[name]
        for name in set(filter(None, node.inputs)):
            del self.readers[name][node.outputs[0]]

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            self.builder.forget(name)

    def _sweep(self, names: list[str]) -> None:
        """Take out what was needed by nodes alone that are gone; they read these values."""
        while names:
            name = names.pop()
            if self._is_needed(name):
                continue
            if name in self.builder.constants:
                self.builder.forget(name)
            elif name in self.producers:
                node = self.producers[name]
                if not any(map(self._is_needed, node.outputs)):
                    self._unlink(node)
                    self._forget(node.outputs)
                    names += node.inputs

    def _is_needed(self, name: str) -> bool:
        return bool(self.readers.get(name)) or name in self.outputs

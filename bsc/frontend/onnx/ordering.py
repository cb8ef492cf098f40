"""Topological order of the nodes; what is missing, doubled or circular is found here."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence

from bsc.diag import Sink
from bsc.frontend.onnx.inlining import FlatNode


def in_order(
    nodes: Sequence[FlatNode], sources: Collection[str], outputs: Sequence[str], source: str
) -> list[FlatNode]:
    """The nodes that the outputs need, each behind those whose values it reads.

    Args:
        nodes: nodes in the file's order, which is kept where it can be.
        sources: names of inputs and initialisers.
        outputs: names of the model's outputs.
        source: the model, for diagnostics.

    Raises:
        DiagnosticError: BSC1008 for circles, BSC1009 for values defined never or twice.
    """
    sink = Sink()
    producer = _producers(nodes, sources, source, sink)
    needed = _needed(nodes, producer, sources, outputs, source, sink)
    sink.raise_if_errors()
    kept = [node for node in nodes if node in needed]
    ordered = _sorted(kept, producer)
    if len(ordered) < len(kept):
        done = set(ordered)
        stuck = [node for node in kept if node not in done]
        circle = _circle(stuck, producer)
        path = " -> ".join(node.label for node in (*circle, circle[0]))
        sink.add(
            "BSC1008",
            f"the graph has a circle of {len(circle)} nodes: {path}",
            at=circle[0].span(source),
            help="a perceptron feeds forward; unroll loops before the export",
        )
        sink.raise_if_errors()
    return ordered


def _producers(
    nodes: Sequence[FlatNode], sources: Collection[str], source: str, sink: Sink
) -> dict[str, FlatNode]:
    producer: dict[str, FlatNode] = {}
    for node in nodes:
        for name in filter(None, node.outputs):
            if name in producer or name in sources:
                by = f"by {producer[name].label!r}" if name in producer else "outside the nodes"
                sink.add(
                    "BSC1009",
                    f"the value {name!r} is defined twice: {by} and by {node.label!r}",
                    at=node.span(source),
                )
            producer.setdefault(name, node)
    return producer


def _needed(
    nodes: Sequence[FlatNode],
    producer: dict[str, FlatNode],
    sources: Collection[str],
    outputs: Sequence[str],
    source: str,
    sink: Sink,
) -> set[FlatNode]:
    needed: set[FlatNode] = set()
    waiting: list[FlatNode] = []

    def want(name: str, by: FlatNode | None) -> None:
        if name in sources:
            return
        node = producer.get(name)
        if node is None:
            reader = f"the node {by.label!r} reads" if by else "the model hands out"
            sink.add(
                "BSC1009",
                f"{reader} {name!r}, which no node, input or initialiser defines",
                at=by.span(source) if by else None,
                help="the model was cut or edited; export it again",
            )
        elif node not in needed:
            needed.add(node)
            waiting.append(node)

    for name in outputs:
        want(name, None)
    while waiting:
        node = waiting.pop()
        for name in filter(None, node.inputs):
            want(name, node)
    return needed


def _sorted(nodes: Sequence[FlatNode], producer: dict[str, FlatNode]) -> list[FlatNode]:
    """Kahn's algorithm, the earliest in the file first; nodes of circles are left out."""
    place = {node: number for number, node in enumerate(nodes)}
    waits: list[int] = [0] * len(nodes)
    readers: list[list[int]] = [[] for _ in nodes]
    for number, node in enumerate(nodes):
        before = {producer[name] for name in node.inputs if name in producer}
        waits[number] = len(before)
        for other in before:
            readers[place[other]].append(number)
    ready = [number for number, count in enumerate(waits) if not count]
    ordered: list[FlatNode] = []
    while ready:
        number = heapq.heappop(ready)
        ordered.append(nodes[number])
        for reader in readers[number]:
            waits[reader] -= 1
            if not waits[reader]:
                heapq.heappush(ready, reader)
    return ordered


def _circle(nodes: Sequence[FlatNode], producer: dict[str, FlatNode]) -> list[FlatNode]:
    """One circle among nodes, each of which waits for another of them."""
    among = set(nodes)
    place: dict[FlatNode, int] = {}
    path: list[FlatNode] = []
    node = nodes[0]
    while node not in place:
        place[node] = len(path)
        path.append(node)
        node = next(producer[n] for n in node.inputs if n in producer and producer[n] in among)
    return path[place[node] :][::-1]

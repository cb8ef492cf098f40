"""Trains and infers on a BINARY or TILED graph itself, operator by operator: the slowest truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.ir.graph import Graph, Node
from bsc.ir.interpreter import run
from bsc.numerics.state import ArrayState, ChipState
from bsc.ops import OPS
from bsc.ops.environment import Environment

_UPDATES = ("carry", "sgd_step", "refresh")


@dataclass(slots=True)
class GraphExecutor:
    """Runs a graph with training operators on a chip's state, which it changes in place.

    Attributes:
        graph: BINARY or TILED.
        state: cells, counters and clocks.
        memory_cut: samples held in memory at a time; no result depends on it.
    """

    graph: Graph
    state: ChipState
    memory_cut: int = 1 << 30

    def train(
        self,
        x: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> None:
        """Train on x[order[0]], x[order[1]], ...; every `batch` of them make a batch."""
        updates = [n for n in self.graph.nodes if n.op in _UPDATES]
        counted = [n.inputs[1] for n in updates if n.op != "refresh"]
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            counts: dict[str, Any] = {}
            for rows, indices in self._cuts(len(chosen), self.state.samples):
                part = chosen[rows]
                feeds = {self.graph.inputs[0]: x[part], self.graph.inputs[1]: labels[part]}
                found = run(
                    self.graph,
                    feeds,
                    OPS,
                    self._environment(indices),
                    outputs=counted,
                    skip=lambda node: node.op in _UPDATES,
                )
                counts = {k: v + counts.get(k, 0) for k, v in found.items()}
            self._update(updates, counts)
            self.state.samples += len(chosen)
            self.state.checks += 1

    def sums(
        self, x: npt.NDArray[np.float32], *, repeats: int = 1, seed: int = 0, first_index: int = 0
    ) -> npt.NDArray[np.int64]:
        """Stochastic inference: sums of the last array, added over the repeats."""
        reads = [n for n in self.graph.nodes if n.op in ("read", "tile_read")]
        last = reads[-1].outputs[0] if reads[-1].op == "read" else self._joined(reads[-1])
        total: Any = 0
        for repeat in range(repeats):
            environment = self._environment(np.arange(first_index, first_index + len(x)))
            environment.seed, environment.pass_, environment.inference = seed, repeat, True
            feeds: dict[str, Any] = {self.graph.inputs[0]: x}
            if len(self.graph.inputs) > 1:
                feeds[self.graph.inputs[1]] = np.zeros(len(x), np.int32)
            total = total + run(self.graph, feeds, OPS, environment, outputs=(last,))[last]
        return np.asarray(total, np.int64)

    def _joined(self, part: Node) -> str:
        return next(n for n in self.graph.nodes if part.outputs[0] in n.inputs).outputs[0]

    def _cuts(self, count: int, first: int) -> Iterator[tuple[slice, npt.NDArray[np.int64]]]:
        for start in range(0, count, self.memory_cut):
            stop = min(start + self.memory_cut, count)
            yield slice(start, stop), np.arange(first + start, first + stop)

    def _environment(self, indices: npt.NDArray[np.int64]) -> Environment:
        return Environment(
            seed=self.state.seed,
            indices=indices,
            checks=self.state.checks,
            arrays={array.name: array for array in self.state.arrays},
        )

    def _update(self, updates: list[Node], counts: dict[str, Any]) -> None:
        environment = self._environment(np.zeros(0, np.int64))
        arrays = {n.outputs[0]: n.attrs["name"] for n in self.graph.nodes if n.op == "array"}
        cells: dict[str, ArrayState] = {
            value: environment.arrays[str(name)] for value, name in arrays.items()
        }
        for node in updates:
            known = {**cells, **counts, **self.graph.constants}
            arguments = [known[name] if name else None for name in node.inputs]
            (cells[node.outputs[0]],) = OPS[node.op].reference(arguments, node.attrs, environment)

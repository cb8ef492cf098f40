"""Trains and infers on a BINARY or TILED graph itself, operator by operator: the slowest truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.ir.data import dtypes_of
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
        samples: Sequence[npt.NDArray[Any]],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> None:
        """Train; every `batch` samples make a batch.

        Args:
            samples: for each of the graph's inputs, [N, ...]: inputs of the model, then labels or
                targets of its heads.
            order: samples order[0], order[1], ... are presented.
            batch: B.
        """
        updates = [n for n in self.graph.nodes if n.op in _UPDATES]
        counted = [n.inputs[1] for n in updates if n.op != "refresh"]
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            counts: dict[str, Any] = {}
            for rows, indices in self._cuts(len(chosen), self.state.samples):
                part = chosen[rows]
                feeds = {
                    name: given[part]
                    for name, given in zip(self.graph.inputs, samples, strict=True)
                }
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
        self,
        samples: Sequence[npt.NDArray[Any]],
        *,
        repeats: int = 1,
        seed: int = 0,
        first_index: int = 0,
    ) -> npt.NDArray[np.int64]:
        """Stochastic inference: sums of the heads one behind the other, added over the repeats."""
        heads = [n.inputs[0] for n in self.graph.nodes if n.op == "logits" and n.attrs["readout"]]
        feeds = dict(zip(self.graph.inputs, samples, strict=False))
        for name in self.graph.inputs[len(samples) :]:  # labels and targets: nothing asks for them
            kind = self.graph.types[name]
            shape = (len(samples[0]), *(int(d) for d in kind.shape[1:]))
            feeds[name] = np.zeros(shape, dtypes_of(kind.encoding)[0])
        total: Any = 0
        for repeat in range(repeats):
            environment = self._environment(np.arange(first_index, first_index + len(samples[0])))
            environment.seed, environment.pass_, environment.inference = seed, repeat, True
            found = run(
                self.graph,
                feeds,
                OPS,
                environment,
                outputs=tuple(heads),
                skip=lambda node: node.op in _UPDATES,
            )
            total = total + np.concatenate([found[name] for name in heads], axis=1)
        return np.asarray(total, np.int64)

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

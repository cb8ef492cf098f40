"""Networks at SOURCE written in few words, for tests here and in plug-ins."""

from __future__ import annotations

from typing import Any

import numpy as np

from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS


class Net:
    """A graph at SOURCE that grows by calls.

    Args:
        name: the model's name.
        seed: of the weights.
        inputs: shape of a sample of each input, f32.
    """

    def __init__(self, name: str = "net", seed: int = 1, **inputs: tuple[int, ...]) -> None:
        self.builder = GraphBuilder(name, Stage.SOURCE, OPS)
        self.random = np.random.default_rng(seed)
        for each, shape in inputs.items():
            self.builder.input(each, TensorType(Encoding.F32, ("N", *shape)))

    def weights(self, rows: int, columns: int, name: str) -> tuple[str, str]:
        """Gaussian weights [rows, columns] and biases, as constants."""
        w = self.random.normal(0, 1 / np.sqrt(rows), (rows, columns)).astype(np.float32)
        b = self.random.normal(0, 0.1, columns).astype(np.float32)
        return self.builder.constant(f"{name}.w", w), self.builder.constant(f"{name}.b", b)

    def dense(
        self, value: str, columns: int, name: str, weights: tuple[str, ...] | None = None
    ) -> str:
        """Sums of a layer; `weights` of another one are shared with it."""
        rows = self.builder.type_of(value).shape[1]
        operands = weights or self.weights(int(rows), columns, name)
        return self.builder.add("dense", [value, *operands], origin=name)

    def op(self, op: str, *values: str, name: str | None = None, **attrs: Any) -> str:
        """Any other operator."""
        return self.builder.add(op, values, attrs, name=name)

    def graph(self, *outputs: str) -> Graph:
        """The graph with these outputs."""
        for each in outputs:
            self.builder.output(each)
        return self.builder.build()


def twins(encoder: str = "sigmoid", *, sizes: tuple[int, int, int] = (6, 5, 7)) -> Graph:
    """Two inputs through one shared encoder, joined with a skip; a softmax and a logistic head."""
    inputs, coded, mixed = sizes
    net = Net("twins", left=(inputs,), right=(inputs,))
    shared = net.weights(inputs, coded, "enc")
    halves = [net.op(encoder, net.dense(name, coded, "enc", shared)) for name in ("left", "right")]
    joined = net.op("concat", *halves, "left", axis=1)
    hidden = net.op("sigmoid", net.dense(joined, mixed, "mix"))
    net.op("softmax", net.dense(hidden, 3, "answer"), name="p")
    again = net.op("concat", hidden, halves[0], axis=1)
    net.op("sigmoid", net.dense(again, 4, "other"), name="q")
    return net.graph("p", "q")


def one_head_of_two_outputs() -> Graph:
    """Sums of a layer handed out twice: their softmax `p`, and its class `c`."""
    net = Net("two", x=(6,))
    sums = net.dense("x", 3, "a")
    net.op("softmax", sums, name="p")
    net.op("argmax", sums, name="c", axis=1)
    return net.graph("p", "c")

"""Small perceptrons as SOURCE graphs, for tests here and in plug-ins."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS


def dense_network(
    sizes: Sequence[int],
    activation: str = "sigmoid",
    *,
    seed: int = 0,
    bias: bool = True,
    spread: float = 1.0,
    name: str = "net",
) -> Graph:
    """A perceptron with Gaussian weights and a softmax at its end, in canonical form.

    Args:
        sizes: elements of the input, of each hidden layer, and classes.
        activation: operator behind each hidden layer.
        seed: of the weights.
        bias: whether layers have a bias.
        spread: standard deviation of weights times the square root of a layer's inputs.
        name: the model's name.
    """
    random = np.random.default_rng(seed)
    builder = GraphBuilder(name, Stage.SOURCE, OPS)
    value = builder.input("x", TensorType(Encoding.F32, ("N", sizes[0])))
    for index, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        weights = random.normal(0, spread / np.sqrt(inputs), (inputs, outputs))
        operands = [value, builder.constant(f"w{index}", weights.astype(np.float32))]
        if bias:
            shift = random.normal(0, 0.2, outputs).astype(np.float32)
            operands.append(builder.constant(f"b{index}", shift))
        value = builder.add("dense", operands, origin=f"/layer{index}/Gemm")
        if index < len(sizes) - 2:
            attrs = {"alpha": 0.1} if activation == "leaky_relu" else {}
            value = builder.add(activation, [value], attrs)
    builder.output(builder.add("softmax", [value], name="y"))
    return builder.build()

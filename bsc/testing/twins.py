"""Small networks that are no chain: shared weights, several inputs and outputs, an autoencoder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS


def twin_network(*, activation: str = "sigmoid", seed: int = 0, spread: float = 1.0) -> Graph:
    """Two inputs through one array; their features together give a class and four numbers.

    Inputs `left` [N, 6] and `right` [N, 2, 3]; outputs `kind` [N, 3], a softmax, and `shade`
    [N, 2, 2], a sigmoid of each element.

    Args:
        activation: operator behind the shared layer.
        seed: of the weights.
        spread: standard deviation of weights times the square root of a layer's inputs.
    """
    random = np.random.default_rng(seed)
    builder = GraphBuilder("twins", Stage.SOURCE, OPS)
    inputs = [
        builder.input("left", TensorType(Encoding.F32, ("N", 6))),
        builder.input("right", TensorType(Encoding.F32, ("N", 2, 3))),
    ]
    inputs[1] = builder.add("reshape", [inputs[1]], {"shape": (-1, 6)})

    def constants(name: str, rows: int, columns: int) -> list[str]:
        weights = random.normal(0, spread / np.sqrt(rows), (rows, columns)).astype(np.float32)
        bias = random.normal(0, 0.2, columns).astype(np.float32)
        return [builder.constant(f"w_{name}", weights), builder.constant(f"b_{name}", bias)]

    shared = constants("eye", 6, 5)
    seen = []
    for side, value in zip(("left", "right"), inputs, strict=True):
        sums = builder.add("dense", [value, *shared], origin=f"/eye_{side}/Gemm")
        seen.append(builder.add(activation, [sums]))
    both = builder.add("concat", seen, {"axis": 1})
    sums = builder.add("dense", [both, *constants("kind", 10, 3)], origin="/kind/Gemm")
    builder.output(builder.add("softmax", [sums], {"axis": 1}, name="kind"))
    sums = builder.add("dense", [both, *constants("shade", 10, 4)], origin="/shade/Gemm")
    flat = builder.add("sigmoid", [sums])
    builder.output(builder.add("reshape", [flat], {"shape": (-1, 2, 2)}, name="shade"))
    return builder.build()


def sigmoid_network(
    sizes: Sequence[int], *, seed: int = 0, spread: float = 1.0, name: str = "sigmoids"
) -> Graph:
    """A perceptron with a sigmoid at its end too: an autoencoder, or a judge of yes and no.

    Args:
        sizes: elements of the input `x`, of each hidden layer, and of the output `y`.
        seed: of the weights.
        spread: standard deviation of weights times the square root of a layer's inputs.
        name: the model's name.
    """
    random = np.random.default_rng(seed)
    builder = GraphBuilder(name, Stage.SOURCE, OPS)
    value = builder.input("x", TensorType(Encoding.F32, ("N", sizes[0])))
    for index, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        weights = random.normal(0, spread / np.sqrt(inputs), (inputs, outputs))
        bias = random.normal(0, 0.2, outputs)
        operands = [
            value,
            builder.constant(f"w{index}", weights.astype(np.float32)),
            builder.constant(f"b{index}", bias.astype(np.float32)),
        ]
        value = builder.add("dense", operands, origin=f"/layer{index}/Gemm")
        last = index == len(sizes) - 2
        value = builder.add("sigmoid", [value], name="y" if last else None)
    builder.output(value)
    return builder.build()

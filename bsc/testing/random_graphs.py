"""Random SOURCE perceptrons, as exporters write them: what passes and importers are tested on.

`random_perceptron` needs nothing but numpy; `perceptrons` is a hypothesis strategy whose failures
shrink to few, small, plain layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Array, Graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

FORMS = ("dense", "dense without bias", "matmul", "matmul and add", "batch_norm", "dropout")
"""How a layer is written down."""

ACTIVATIONS = ("sigmoid", "relu", "tanh", "hard_sigmoid", "leaky_relu", "clip")
"""Activations of hidden layers."""

TAILS = ("none", "softmax", "log_softmax", "argmax", "sigmoid")
"""What stands behind the last layer."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: how it is written, its width, the activation behind it."""

    form: str
    width: int
    activation: str


def perceptron(
    layers: tuple[Layer, ...],
    *,
    inputs: int = 4,
    image: bool = False,
    tail: str = "softmax",
    seed: int = 0,
) -> Graph:
    """A perceptron with weights drawn from a seed.

    Args:
        layers: from the first to the last; the last one's activation is left out.
        inputs: elements of one sample.
        image: feed [N, 1, inputs] and reshape, as image models do.
        tail: what stands behind the last layer.
        seed: of the weights, uniform in +-sqrt(6 / (inputs + outputs)).
    """
    rng = np.random.default_rng(seed)
    builder = GraphBuilder("perceptron", Stage.SOURCE, OPS)
    shape = ("N", 1, inputs) if image else ("N", inputs)
    value = builder.input("x", TensorType(Encoding.F32, shape))
    if image:
        value = builder.add("reshape", [value], {"shape": (-1, inputs)}, name="flat")
    width = inputs
    for number, layer in enumerate(layers):
        name = f"layer{number}"
        value = _linear(builder, rng, value, (width, layer.width), layer.form, name)
        width = layer.width
        if number < len(layers) - 1:
            value = builder.add(layer.activation, [value], name=f"{name}.{layer.activation}")
    if tail != "none":
        value = builder.add(tail, [value], name=tail)
    builder.output(value)
    return builder.build()


def random_perceptron(seed: int, *, largest: int = 12) -> Graph:
    """A perceptron that is random in form, size and weights; the same for the same seed."""
    rng = np.random.default_rng(seed)
    layers = tuple(
        Layer(
            str(rng.choice(FORMS)), int(rng.integers(1, largest + 1)), str(rng.choice(ACTIVATIONS))
        )
        for _ in range(rng.integers(1, 5))
    )
    return perceptron(
        layers,
        inputs=int(rng.integers(1, largest + 1)),
        image=bool(rng.integers(2)),
        tail=str(rng.choice(TAILS)),
        seed=seed,
    )


def perceptrons(
    *, most_layers: int = 4, largest: int = 12, tails: tuple[str, ...] = TAILS
) -> SearchStrategy[Graph]:
    """A hypothesis strategy of perceptrons (hypothesis must be installed)."""
    from hypothesis import strategies as st

    layer = st.builds(
        Layer, st.sampled_from(FORMS), st.integers(1, largest), st.sampled_from(ACTIVATIONS)
    )
    graphs: SearchStrategy[Graph] = st.builds(
        perceptron,
        st.lists(layer, min_size=1, max_size=most_layers).map(tuple),
        inputs=st.integers(1, largest),
        image=st.booleans(),
        tail=st.sampled_from(tails),
        seed=st.integers(0, 2**32 - 1),
    )
    return graphs


def feeds_for(graph: Graph, samples: int, seed: int = 0) -> dict[str, Array]:
    """Inputs in [0, 1) for a graph, float32, with the batch `N` set to `samples`."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.random(_extents(graph.types[name], samples), dtype=np.float32)
        for name in graph.inputs
    }


def _extents(type_: TensorType, samples: int) -> tuple[int, ...]:
    return tuple(samples if isinstance(dim, str) else dim for dim in type_.shape)


def _linear(
    builder: GraphBuilder,
    rng: np.random.Generator,
    value: str,
    shape: tuple[int, int],
    form: str,
    name: str,
) -> str:
    limit = float(np.sqrt(6 / sum(shape)))

    def weights(suffix: str, extents: Any, low: float, high: float) -> str:
        data = rng.uniform(low, high, extents).astype(np.float32)
        return builder.constant(f"{name}.{suffix}", data)

    w = weights("weight", shape, -limit, limit)
    b = "" if "without" in form or form == "matmul" else weights("bias", shape[1:], -1, 1)
    if form.startswith("matmul"):
        value = builder.add("matmul", [value, w], name=f"{name}.matmul", origin=f"MatMul {name}")
        return builder.add("add", [value, b], name=f"{name}.add") if b else value
    inputs = [value, w, b] if b else [value, w]
    value = builder.add("dense", inputs, name=f"{name}.dense", origin=f"Gemm {name}")
    if form == "dropout":
        return builder.add("dropout", [value], name=f"{name}.dropout")
    if form != "batch_norm":
        return value
    statistics = [
        weights("scale", shape[1:], -2, 2),
        weights("shift", shape[1:], -1, 1),
        weights("mean", shape[1:], -1, 1),
        weights("variance", shape[1:], 0.1, 2),
    ]
    return builder.add("batch_norm", [value, *statistics], name=f"{name}.norm")

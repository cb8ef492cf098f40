"""Random SOURCE networks, as exporters write them: what passes and importers are tested on.

`random_perceptron` and `random_convolutional` need nothing but numpy; `perceptrons` and
`convolutionals` are hypothesis strategies whose failures shrink to few, small, plain layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
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


POOLINGS = ("none", "max_pool", "average_pool", "whole image")
"""What stands behind a convolution; `whole image` averages all of it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One convolution with what stands behind it.

    The kernel is cut to the image where it reaches over it; with `depthwise` each channel has
    kernels of its own.
    """

    kernels: int = 2
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: int = 1
    depthwise: bool = False
    bias: bool = True
    normalised: bool = False
    activation: str = "relu"
    pooling: str = "none"


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


def convolutional(
    filters: tuple[Filter, ...],
    *,
    image: tuple[int, int, int] = (1, 8, 8),
    classes: int = 3,
    tail: str = "softmax",
    seed: int = 0,
) -> Graph:
    """A convolutional network with weights drawn from a seed and one dense layer at its end.

    Args:
        filters: from the first to the last.
        image: channels, rows and columns of the input.
        classes: width of the dense layer.
        tail: what stands behind it.
        seed: of the weights.
    """
    rng = np.random.default_rng(seed)
    builder = GraphBuilder("convolutional", Stage.SOURCE, OPS)
    value = builder.input("x", TensorType(Encoding.F32, ("N", *image)))
    for number, each in enumerate(filters):
        value = _filter(builder, rng, value, each, f"filter{number}")
    width = prod(_extents(builder.type_of(value), 1))
    value = builder.add("reshape", [value], {"shape": (-1, width)}, name="flat")
    value = _linear(builder, rng, value, (width, classes), "dense", "classes")
    if tail != "none":
        value = builder.add(tail, [value], name=tail)
    builder.output(value)
    return builder.build()


def random_convolutional(seed: int) -> Graph:
    """A convolutional network that is random in form, size and weights; the same for a seed."""
    rng = np.random.default_rng(seed)

    def below(most: int) -> int:
        return int(rng.integers(most))

    filters = tuple(
        Filter(
            kernels=1 + below(4),
            kernel=(1 + below(4), 1 + below(4)),
            stride=1 + below(3),
            pads=(below(3), below(3), below(3), below(3)),
            dilation=1 + below(2),
            depthwise=bool(below(2)),
            bias=bool(below(2)),
            normalised=bool(below(2)),
            activation=str(rng.choice(ACTIVATIONS)),
            pooling=str(rng.choice(POOLINGS)),
        )
        for _ in range(1 + below(3))
    )
    image = (1 + below(3), 4 + below(8), 4 + below(8))
    return convolutional(filters, image=image, tail=str(rng.choice(TAILS)), seed=seed)


def convolutionals(*, tails: tuple[str, ...] = TAILS) -> SearchStrategy[Graph]:
    """A hypothesis strategy of convolutional networks (hypothesis must be installed)."""
    from hypothesis import strategies as st

    lines = st.integers(0, 2)
    each = st.builds(
        Filter,
        kernels=st.integers(1, 4),
        kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
        stride=st.integers(1, 3),
        pads=st.tuples(lines, lines, lines, lines),
        dilation=st.integers(1, 2),
        depthwise=st.booleans(),
        bias=st.booleans(),
        normalised=st.booleans(),
        activation=st.sampled_from(ACTIVATIONS),
        pooling=st.sampled_from(POOLINGS),
    )
    graphs: SearchStrategy[Graph] = st.builds(
        convolutional,
        st.lists(each, min_size=1, max_size=3).map(tuple),
        image=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
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
    return _batch_norm(builder, rng, value, shape[1], name) if form == "batch_norm" else value


def _batch_norm(
    builder: GraphBuilder, rng: np.random.Generator, value: str, channels: int, name: str
) -> str:
    ranges = {"scale": (-2, 2), "shift": (-1, 1), "mean": (-1, 1), "variance": (0.1, 2)}
    statistics = [
        builder.constant(f"{name}.{what}", rng.uniform(*bounds, channels).astype(np.float32))
        for what, bounds in ranges.items()
    ]
    return builder.add("batch_norm", [value, *statistics], name=f"{name}.norm")


def _filter(
    builder: GraphBuilder, rng: np.random.Generator, value: str, each: Filter, name: str
) -> str:
    _, channels, *extents = _extents(builder.type_of(value), 1)
    pads, dilation = each.pads, each.dilation
    padded = (extents[0] + pads[0] + pads[2], extents[1] + pads[1] + pads[3])
    kernel = [
        min(k, (lines - 1) // dilation + 1) for k, lines in zip(each.kernel, padded, strict=True)
    ]
    kernels = each.kernels * (channels if each.depthwise else 1)
    shape = (kernels, 1 if each.depthwise else channels, *kernel)
    given = [value, builder.constant(f"{name}.weight", rng.normal(size=shape).astype(np.float32))]
    if each.bias:
        given.append(builder.constant(f"{name}.bias", rng.normal(size=kernels).astype(np.float32)))
    attrs = {
        "strides": (each.stride, each.stride),
        "pads": pads,
        "dilations": (dilation, dilation),
        "groups": channels if each.depthwise else 1,
    }
    value = builder.add("conv2d", given, attrs, name=f"{name}.conv", origin=f"Conv {name}")
    if each.normalised:
        value = _batch_norm(builder, rng, value, kernels, name)
    value = builder.add(each.activation, [value], name=f"{name}.{each.activation}")
    if each.pooling == "none":
        return value
    rows, columns = _extents(builder.type_of(value), 1)[2:]
    whole = each.pooling == "whole image"
    attrs = {"kernel": (rows, columns) if whole else (min(2, rows), min(2, columns))}
    op = "average_pool" if whole else each.pooling
    return builder.add(op, [value], attrs, name=f"{name}.pool")

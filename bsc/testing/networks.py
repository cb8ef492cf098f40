"""Small networks as SOURCE graphs, for tests here and in plug-ins."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.testing.net import Net


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


def random_network(
    seed: int,
    *,
    inputs: int = 2,
    layers: int = 5,
    largest: int = 12,
    activations: Sequence[str] = ("sigmoid",),
) -> Graph:
    """A network of layers that is random in form, sizes and weights; the same for the same seed.

    Layers read inputs, bits of earlier layers, or several of these one behind the other; some share
    their weights, some have no bias. What no layer reads is an output: a softmax where it has two
    columns and chance says so, else a sigmoid.

    Args:
        seed: of everything that is random.
        inputs: how many inputs at most.
        layers: how many layers at most.
        largest: elements of an input and columns of a layer, at most.
        activations: operators behind hidden layers.
    """
    random = np.random.default_rng(seed)
    sizes = {f"x{i}": _size(random, largest) for i in range(random.integers(1, inputs + 1))}
    if len(sizes) > 1 and random.random() < 0.5:  # inputs that may share weights
        sizes = dict.fromkeys(sizes, sizes["x0"])
    net = Net("random", seed, **{name: (size,) for name, size in sizes.items()})
    weights: dict[int, list[tuple[int, tuple[str, ...]]]] = {}  # by rows: columns, constants
    unread = set(sizes)  # inputs and layers
    values = {name: name for name in sizes}  # bits
    sums: dict[str, str] = {}
    for number in range(max(len(sizes), int(random.integers(1, layers + 1)))):
        name = f"layer{number}"
        parts = _parts(random, list(sizes), sorted(unread), number)
        for part in parts:
            if part not in values:
                activation = str(random.choice(list(activations)))
                values[part] = net.op(activation, sums[part], name=f"{part}.bits")
        unread.difference_update(parts)
        unread.add(name)
        given = [values[part] for part in parts]
        joined = given[0] if len(given) == 1 else net.op("concat", *given, axis=1)
        known = weights.setdefault(sum(sizes[part] for part in parts), [])
        if not known or random.random() < 0.3:
            columns = _size(random, largest)
            made: tuple[str, ...] = net.weights(sum(sizes[p] for p in parts), columns, name)
            known.append((columns, made if random.random() < 0.8 else made[:1]))
        columns, constants = known[int(random.integers(len(known)))]
        sums[name] = net.dense(joined, columns, name, constants)
        sizes[name] = columns
    outputs = []
    for name in sorted(unread):
        softmax = sizes[name] > 1 and random.random() < 0.6
        outputs.append(net.op("softmax" if softmax else "sigmoid", sums[name], name=f"{name}.out"))
    return net.graph(*outputs)


def _size(random: np.random.Generator, largest: int) -> int:
    return int(random.integers(1, largest + 1))


def _parts(
    random: np.random.Generator, names: list[str], unread: list[str], number: int
) -> list[str]:
    """Whose bits a layer reads: the first layers read the inputs, one after the other."""
    inputs = [name for name in names if name.startswith("x")]
    wanted = int(random.integers(1, min(4, len(names) + 1)))
    parts = [str(name) for name in random.choice(names, wanted, replace=False)]
    if number < len(inputs):
        parts = [inputs[number], *(part for part in parts if part != inputs[number])]
        return parts[: max(1, wanted - 1)]
    late = [name for name in unread if name not in parts]
    if late and random.random() < 0.6:  # or most layers would be outputs
        parts.append(str(random.choice(late)))
    return parts

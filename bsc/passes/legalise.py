"""SOURCE to SOURCE: every signal between layers becomes a probability.

An activation h = g(y) becomes the neuron p = (g(gain y) - low) / (high - low), and the next layer
takes over what that changes: h = low + (high - low) p gives W' = (high - low) W and
b' = b + low sum(W). The input is treated alike. What the graph computes stays the same.
"""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph, Node
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Stage
from bsc.numerics.functions import apply, validate
from bsc.ops import OPS
from bsc.passes.activations import RULE_NEURON, Neuron, function_of, natural_range, widened
from bsc.passes.backbone import Backbone, Layer, find_backbone, head_permutation
from bsc.passes.demands import Demands, numbers_of
from bsc.passes.ranges import Range, dense_bounds

Floats = npt.NDArray[np.float32]

BIAS_LINES_MAX = 64
"""Always-on word lines that one layer may spend on its bias; beyond, the layer's scale gives."""

LARGEST_WEIGHT = 64.0
"""Weights beyond this are divided by a power of two, and the neuron multiplies: 16383 codes over
64 still leave 128 codes in one unit of y."""
SMALLEST_WEIGHT = 2.0**-8
"""Weights that are all below this are multiplied likewise, so that S stays below 2**22."""


@dataclass(frozen=True, slots=True)
class LegaliseActivations:
    """Turns activations and the input into probabilities.

    Attributes:
        weights: `keep` keeps what the network computes, `random` takes the rule's neuron for every
            hidden activation, since the chip learns the weights anew.
        input_low: value of the input that never sets a bit; one number, or one an element.
        input_high: value that always sets it.
        ranges: (layer, activation at p = 0, activation at p = 1) from calibration data.
        largest: weights beyond are divided by a power of two; `sgd`'s fixed scale holds 4.
    """

    name: ClassVar[str] = "legalise-activations"

    weights: str = "keep"
    input_low: tuple[float, ...] = (0.0,)
    input_high: tuple[float, ...] = (1.0,)
    ranges: tuple[tuple[str, float, float], ...] = ()
    largest: float = LARGEST_WEIGHT

    def __post_init__(self) -> None:
        """Refuse options that name no network."""
        if self.weights not in ("keep", "random"):
            raise ValueError(f"weights is {self.weights}, expected keep or random")
        low, high = self.input_low, self.input_high
        if not low or not high or not np.isfinite([*low, *high]).all():
            raise ValueError("input_low and input_high hold one finite number or more")
        if (len(low) == len(high) or 1 in (len(low), len(high))) and not np.less(low, high).all():
            raise ValueError("a bound in input_high is not above its bound in input_low")
        if not np.isfinite([bound for _, *bounds in self.ranges for bound in bounds]).all():
            raise ValueError("ranges hold finite numbers")
        if not 0 < self.largest < math.inf:
            raise ValueError(f"largest is {self.largest}, expected a number above 0")

    def run(self, graph: Graph) -> PassResult:
        """Rewrite the chain of layers; the tail stays as it is."""
        done = any(node.op == "neuron" for node in graph.nodes)
        if graph.stage is not Stage.SOURCE or done:
            return PassResult(graph, False)
        backbone = checked_backbone(graph, {len(self.input_low), len(self.input_high)})
        remarks: list[str] = []
        builder = GraphBuilder.of(graph, OPS)
        value = self._input(builder, graph, backbone)
        order = head_permutation(graph, backbone, OPS)
        pending = self._input_range(order)
        known = {name: (low, high) for name, low, high in self.ranges}
        tail_reads = {name for node in backbone.tail for name in node.inputs} | {*graph.outputs}
        for number, layer in enumerate(backbone.layers):
            weights, bias = _parameters(graph, layer)
            if number == 0 and not np.array_equal(order, np.arange(len(order))):
                # Row k of the new matrix belongs to element k of the model's own input.
                moved = np.empty_like(weights)
                moved[order] = weights
                weights = moved
            last = number == len(backbone.layers) - 1
            function, parameters = ("linear", ()) if last else function_of(layer.activation)
            if self.weights == "keep":
                weights, bias = absorb(weights, bias, *pending)
                _refuse_infinite(graph, layer, weights, bias)
            scaling = None
            if self.weights == "keep":
                scaling = fit(function, last, weights, bias, self.largest)
            gain = 1.0
            if scaling is not None:
                weights, bias, gain = scaling.weights, scaling.bias, scaling.gain
            sums = _dense(builder, layer, value, weights, bias)
            _expose(builder, layer, sums, gain, scaling, tail_reads)
            if last:
                break
            neuron = self._neuron(layer, function, parameters, known, weights, bias, gain, remarks)
            value = builder.add(
                "neuron",
                [sums],
                {
                    "function": neuron.function,
                    "parameters": neuron.parameters,
                    "gain": gain,
                    "low": neuron.low,
                    "high": neuron.high,
                },
                name=builder.fresh_name(f"{layer.name}.p"),
                origin=layer.activation.origin if layer.activation else layer.dense.origin,
            )
            pending = (np.float64(neuron.low), np.float64(neuron.high))
        _tail(builder, graph, backbone, tail_reads)
        made = builder.build()
        return PassResult(made.with_nodes(made.nodes), True, tuple(remarks))

    def _input(self, builder: GraphBuilder, graph: Graph, backbone: Backbone) -> str:
        shape = graph.types[backbone.input].shape
        size = math.prod(int(d) for d in shape[1:])
        value = backbone.input
        if len(shape) != 2:
            value = builder.add("reshape", [value], {"shape": (-1, size)}, name=f"{value}.flat")
        return builder.add(
            "normalise",
            [value],
            {"low": self.input_low, "high": self.input_high},
            name=builder.fresh_name(f"{backbone.input}.p"),
        )

    def _input_range(self, order: npt.NDArray[np.int64]) -> tuple[np.float64, np.float64]:
        """Range of each word line of the first layer (in the model's element order) or of all."""
        low = np.asarray(self.input_low, np.float64)
        high = np.asarray(self.input_high, np.float64)
        for given in (low, high):
            if given.size not in (1, len(order)):  # checked_backbone has refused it
                raise ValueError(f"{given.size} input bounds for {len(order)} elements")
        return low, high  # type: ignore[return-value]

    def _neuron(
        self,
        layer: Layer,
        function: str,
        parameters: tuple[float, ...],
        known: dict[str, Range],
        weights: Floats,
        bias: Floats | None,
        gain: float,
        remarks: list[str],
    ) -> Neuron:
        if self.weights != "keep":
            if function != "logistic":
                remarks.append(
                    f"note: {layer.name}: {function} is trained as the rule's logistic neuron "
                    "(a = 4), because the chip learns the weights anew"
                )
            return RULE_NEURON
        with numbers_of(self.name, layer.activation or layer.dense):
            validate(function, parameters)
        natural = natural_range(function, parameters)
        if natural is not None:
            return Neuron(function, parameters, *natural)
        if layer.name in known:
            return Neuron(function, parameters, *widened(*known[layer.name]))
        low, high = dense_bounds(weights, bias)
        with numbers_of(self.name, layer.activation or layer.dense):
            bounds = apply(function, parameters, gain * np.array([low.min(), high.max()]))
        remarks.append(
            f"warning: {layer.name}: without calibration data {function} is bounded by interval "
            f"arithmetic to [{bounds[0]:.3g}, {bounds[1]:.3g}], far wider than what occurs: "
            "stochastic and binary inference will be noisy; give --calibrate DATA"
        )
        return Neuron(function, parameters, *widened(float(bounds[0]), float(bounds[1])))


@dataclass(frozen=True, slots=True)
class Scaling:
    """Weights that fit the codes: model's y = gain * columns * (array's y)."""

    weights: Floats
    bias: Floats | None
    gain: float
    columns: Floats | None


def absorb(
    weights: Floats, bias: Floats | None, low: np.float64, high: np.float64
) -> tuple[Floats, Floats | None]:
    """Weights and bias that read p in place of h = low + (high - low) p."""
    span = np.asarray(high - low)
    if np.any(np.asarray(low) != 0):
        rows = np.broadcast_to(np.asarray(low, np.float64), (len(weights),))
        shift = rows @ weights.astype(np.float64)
        with np.errstate(over="ignore"):
            bias = (shift + (0.0 if bias is None else bias)).astype(np.float32)
    if np.any(span != 1):
        factor = span if span.size == 1 else span[:, None]
        with np.errstate(over="ignore"):  # the pass refuses weights that are infinite then
            weights = (weights * factor).astype(np.float32)
    return weights, bias


def fit(
    function: str, last: bool, weights: Floats, bias: Floats | None, most: float
) -> Scaling | None:
    """Rescale where codes would be too coarse; None where the weights are fine as they are.

    A step does not see the size of its sum, so its columns are scaled one by one: a weight that was
    +-1 before batch norm was folded in is +-1 again, exactly, and a bias that decides alone is cut
    to the least one that still does.
    """
    if function == "sign" and not last:
        columns = np.abs(weights).max(axis=0)
        columns[columns == 0] = 1
        weights = weights / columns
        if bias is not None:
            reach = np.abs(weights).sum(axis=0) + 1
            bias = np.clip(bias / columns, -reach, reach).astype(np.float32)
        return Scaling(weights, bias, 1.0, columns)
    largest = float(np.abs(weights).max(initial=0.0))
    if bias is not None:
        # What one of the bias lines must hold counts like a weight.
        largest = max(largest, float(np.abs(bias).max(initial=0.0)) / BIAS_LINES_MAX)
    if largest == 0 or SMALLEST_WEIGHT <= largest <= most:
        return None
    power = math.ceil(math.log2(largest))
    # ldexp: the largest weights of float32 need 2**128, which is no number of it.
    scaled = None if bias is None else np.ldexp(bias, -power)
    return Scaling(np.ldexp(weights, -power), scaled, 2.0**power, None)


def checked_backbone(graph: Graph, bounds: AbstractSet[int] = frozenset()) -> Backbone:
    """The chain of layers, of which each can be held by an array, behind an input of known extent.

    Args:
        graph: SOURCE graph after folding.
        bounds: numbers of bounds that are given for the input.

    Raises:
        DiagnosticError: BSC3001 to BSC3004, or BSC3006 for what the layers are made of.
    """
    backbone = find_backbone(graph)
    demands = Demands(
        LegaliseActivations.name, graph, "layers have constant weights, at least one by one"
    )
    for layer in backbone.layers:
        demands.layer(layer.dense)
    shape = graph.types[backbone.input].shape
    if not shape or any(isinstance(d, str) for d in shape[1:]):
        demands.lacks(
            backbone.layers[0].dense,
            f"reads the input %{backbone.input} of type {graph.types[backbone.input]}; only the "
            "first of its extents may be open",
        )
    demands.check()
    elements = math.prod(int(d) for d in shape[1:])
    for count in sorted(bounds - {1, elements}):
        raise fail(
            "BSC3006",
            f"{LegaliseActivations.name}: {count} input bounds, the model's input has {elements} "
            "elements",
            help="give one bound for all, or one for each element",
        )
    return backbone


def _refuse_infinite(graph: Graph, layer: Layer, weights: Floats, bias: Floats | None) -> None:
    """Refuse weights that left float32 when a range was taken into them."""
    if np.isfinite(weights).all() and (bias is None or np.isfinite(bias).all()):
        return
    demands = Demands(LegaliseActivations.name, graph, "give the input and activations less range")
    demands.lacks(layer.dense, "would have weights beyond float32 once it reads probabilities")
    demands.check()


def _parameters(graph: Graph, layer: Layer) -> tuple[Floats, Floats | None]:
    names = layer.dense.inputs
    bias = graph.constants[names[2]] if len(names) > 2 and names[2] else None
    return graph.constants[names[1]], bias


def _dense(
    builder: GraphBuilder, layer: Layer, value: str, weights: Floats, bias: Floats | None
) -> str:
    operands = [value]
    for role, data in (("w", weights), ("b", bias)):
        if data is None:
            continue
        place = 1 if role == "w" else 2
        old = layer.dense.inputs[place] if len(layer.dense.inputs) > place else ""
        if old and builder.constants.get(old) is data:
            operands.append(old)
        else:
            operands.append(builder.constant(builder.fresh_name(f"{layer.name}.{role}"), data))
    name = builder.fresh_name(f"{layer.name}.y")
    return builder.add("dense", operands, name=name, origin=layer.dense.origin or layer.name)


def _expose(
    builder: GraphBuilder,
    layer: Layer,
    sums: str,
    gain: float,
    scaling: Scaling | None,
    tail_reads: set[str],
) -> None:
    """The model's own y for the tail: a linear neuron that no layer reads."""
    activation = layer.activation.outputs[0] if layer.activation else None
    if layer.sums not in tail_reads and activation not in tail_reads:
        return
    columns = scaling.columns if scaling is not None else None
    name = layer.sums if columns is None else builder.fresh_name(f"{layer.name}.unscaled")
    builder.add("neuron", [sums], {"function": "linear", "gain": gain}, name=name)
    if columns is not None:
        factor = builder.constant(builder.fresh_name(f"{layer.name}.columns"), columns)
        builder.add("mul", [name, factor], name=layer.sums)


def _tail(builder: GraphBuilder, graph: Graph, backbone: Backbone, tail_reads: set[str]) -> None:
    activations = [
        layer.activation
        for layer in backbone.layers
        if layer.activation is not None and layer.activation.outputs[0] in tail_reads
    ]
    kept: set[int] = {id(node) for node in (*activations, *backbone.tail)}
    for node in graph.nodes:
        if id(node) in kept:
            _copy(builder, node)
    for name in graph.outputs:
        builder.output(name)


def _copy(builder: GraphBuilder, node: Node) -> None:
    builder.add_node(node.op, node.inputs, node.attrs, outputs=node.outputs, origin=node.origin)

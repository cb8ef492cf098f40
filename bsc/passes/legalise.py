"""SOURCE to SOURCE: every signal between layers becomes a probability.

An activation h = g(y) becomes the neuron p = (g(gain y) - low) / (high - low), and the next layer
takes over what that changes: h = low + (high - low) p gives W' = (high - low) W and
b' = b + low sum(W). The input is treated alike. What the graph computes stays the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np

from bsc.diag import did_you_mean, fail
from bsc.hw.plan import Readout
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import AttrValue, Graph
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Stage
from bsc.numerics.functions import apply, validate
from bsc.ops import OPS
from bsc.passes.activations import (
    RULE_SLOPE,
    Neuron,
    function_of,
    natural_range,
    widened,
    written_neuron,
)
from bsc.passes.demands import Demands, numbers_of
from bsc.passes.network import Layer, Network, find_network, in_lines
from bsc.passes.parting import parted
from bsc.passes.ranges import dense_bounds
from bsc.passes.readouts import (
    OWN_SLOPE,
    ends_in_sigmoid,
    legalised,
    read_out_anew,
    readout_of,
)
from bsc.passes.scaling import LARGEST_WEIGHT, Floats, Held, absorb, fit
from bsc.passes.slopes import Slopes, label_of

Bounds: TypeAlias = tuple[str, tuple[float, ...], tuple[float, ...]]
"""An input, the value that never sets a bit, the value that always does: one, or one an element."""


@dataclass(frozen=True, slots=True)
class LegaliseActivations:
    """Turns activations and inputs into probabilities, and says how heads are read out.

    Attributes:
        weights: `keep` keeps what the network computes, `random` takes the rule's neuron for every
            hidden activation, since the chip learns the weights anew.
        inputs: bounds of the inputs; [0, 1] for those not named.
        ranges: (layer, activation at p = 0, activation at p = 1) from calibration data.
        largest: weights beyond are divided by a power of two; `sgd`'s fixed scale holds 4.
        readouts: (output, readout), as `TrainPlan.readouts`.
        slopes: of the model's sigmoids before folding; those not named count as the rule's.
    """

    name: ClassVar[str] = "legalise-activations"

    weights: str = "keep"
    inputs: tuple[Bounds, ...] = ()
    ranges: tuple[tuple[str, float, float], ...] = ()
    largest: float = LARGEST_WEIGHT
    readouts: tuple[tuple[str, str], ...] = ()
    slopes: Slopes = ()

    def __post_init__(self) -> None:
        """Refuse options that name no network."""
        if self.weights not in ("keep", "random"):
            raise ValueError(f"weights is {self.weights}, expected keep or random")
        for name, low, high in self.inputs:
            if not low or not high or not np.isfinite([*low, *high]).all():
                raise ValueError(f"bounds of input {name} hold one finite number or more")
            fit_together = len(low) == len(high) or 1 in (len(low), len(high))
            if fit_together and not np.less(low, high).all():
                raise ValueError(f"input {name}: a bound is not above the one below it")
            with np.errstate(over="ignore"):
                if fit_together and not np.isfinite(np.subtract(high, low)).all():
                    raise ValueError(f"input {name}: a range has no finite width")
        for option, rows in (("ranges", self.ranges), ("slopes", self.slopes)):
            if not np.isfinite([number for _, *ends in rows for number in ends]).all():
                raise ValueError(f"{option} hold finite numbers")
        if not 0 < self.largest < math.inf:
            raise ValueError(f"largest is {self.largest}, expected a number above 0")
        for output, readout in self.readouts:
            if readout not in list(Readout):
                raise ValueError(f"{output} has the readout {readout}: {', '.join(Readout)}")

    def run(self, graph: Graph) -> PassResult:
        """Rewrite the layers; the tail stays as it is. Of a rewritten graph only the readouts."""
        if graph.stage is not Stage.SOURCE:
            return PassResult(graph, False)
        if legalised(graph):
            return read_out_anew(graph, self.readouts)
        sizes = {name: {len(low), len(high)} for name, low, high in self.inputs}
        return _Rewrite(self, graph, checked_network(graph, sizes)).run()


def checked_network(graph: Graph, bounds: Mapping[str, AbstractSet[int]] = {}) -> Network:
    """The layers, of which each can be held by an array, behind inputs of known extent.

    Args:
        graph: SOURCE graph after folding.
        bounds: by input, numbers of bounds that are given for it.

    Raises:
        DiagnosticError: BSC3001 to BSC3004, or BSC3006 for what the layers are made of.
    """
    network = find_network(graph)
    demands = Demands(
        LegaliseActivations.name, graph, "layers have constant weights, at least one by one"
    )
    for layer in network.layers:
        demands.layer(layer.dense)
    demands.check()
    for name, counts in bounds.items():
        if name not in network.inputs:
            raise fail(
                "BSC3006",
                f"{LegaliseActivations.name}: bounds of input {name}, which the model has not",
                help=did_you_mean(name, network.inputs, "inputs"),
            )
        elements = math.prod(int(d) for d in graph.types[name].shape[1:])
        for count in sorted(counts - {1, elements}):
            raise fail(
                "BSC3006",
                f"{LegaliseActivations.name}: {count} bounds for input {name}, which has "
                f"{elements} elements",
                help="give one bound for all, or one for each element",
            )
    return network


class _Rewrite:
    def __init__(self, options: LegaliseActivations, graph: Graph, network: Network) -> None:
        self.options = options
        self.graph = graph
        self.network = network
        self.builder = GraphBuilder.of(graph, OPS)
        self.keep = options.weights == "keep"
        self.known = {name: (low, high) for name, low, high in options.ranges}
        self.slopes = {name: ends for name, *ends in options.slopes}
        self.remarks: list[str] = []
        self.values: dict[str, str] = {}  # signal -> its probabilities
        self.bounds: dict[str, tuple[Floats, Floats]] = {}  # signal -> its values at p = 0 and 1
        self.sizes: dict[str, int] = {}
        self.joined: dict[tuple[str, ...], str] = {}
        self.arrays: dict[str, list[tuple[Layer, Held, list[str]]]] = {}  # by their weights
        read = {name for node in network.tail for name in node.inputs}
        self.tail_reads = read | {*graph.outputs}

    def run(self) -> PassResult:
        bounds = {name: (low, high) for name, low, high in self.options.inputs}
        for name in self.network.inputs:
            self._input(name, *bounds.get(name, ((0.0,), (1.0,))))
        for layer in self.network.layers:
            self._layer(layer)
        self._remark_mixed()
        for node in self.network.tail:
            self.builder.add_node(
                node.op, node.inputs, node.attrs, outputs=node.outputs, origin=node.origin
            )
        for name in self.graph.outputs:
            self.builder.output(name)
        made = self.builder.build()
        return PassResult(made.with_nodes(made.nodes), True, tuple(self.remarks))

    def _input(self, name: str, low: tuple[float, ...], high: tuple[float, ...]) -> None:
        shape = self.graph.types[name].shape
        size = math.prod(int(d) for d in shape[1:])
        value = name
        if len(shape) != 2:
            flat = self.builder.fresh_name(f"{name}.flat")
            value = self.builder.add("reshape", [name], {"shape": (-1, size)}, name=flat)
        self.values[name] = self.builder.add(
            "normalise",
            [value],
            {"low": low, "high": high},
            name=self.builder.fresh_name(f"{name}.p"),
        )
        self._bound(name, np.asarray(low, np.float64), np.asarray(high, np.float64), size)

    def _bound(self, signal: str, low: Floats, high: Floats, size: int) -> None:
        self.bounds[signal] = low, high
        self.sizes[signal] = size

    def _layer(self, layer: Layer) -> None:
        function, parameters = ("linear", ()) if layer.head else function_of(layer.activation)
        made, operands = self._array(layer, function)
        sums = self.builder.add(
            "dense",
            [self._joined(layer), *operands],
            name=self.builder.fresh_name(f"{layer.name}.y"),
            origin=layer.dense.origin or layer.name,
        )
        gain = self._gain(layer, made)
        self._expose(layer, sums, made, gain)
        if layer.head:
            return
        written = written_neuron(layer.activation)
        if written is None:
            neuron = self._neuron(layer, function, parameters, made, gain)
        else:
            neuron, own = written
            gain = own * made.gain
        value = self.builder.add(
            "neuron",
            [sums],
            {
                "function": neuron.function,
                "parameters": neuron.parameters,
                "gain": gain,
                "low": neuron.low,
                "high": neuron.high,
            },
            name=self.builder.fresh_name(f"{layer.name}.p"),
            origin=layer.activation.origin if layer.activation else layer.dense.origin,
        )
        self.values[layer.signal] = value
        columns = int(self.graph.types[layer.sums].shape[1])
        # What a neuron of the model gives is a probability already.
        low, high = (neuron.low, neuron.high) if written is None else (0.0, 1.0)
        self._bound(layer.signal, np.asarray(low), np.asarray(high), columns)

    def _remark_mixed(self) -> None:
        """Say which outputs cannot be learned as they are: a head learns by its own sums."""
        for output, sums in self.network.mixed.items():
            mixed = [layer for layer in self.network.layers if layer.sums in sums]
            learned = [
                self.network.outputs[layer.sums][0]
                for layer in mixed
                if layer.head and self._readout(layer) is not Readout.NONE
            ]
            if learned:
                self.remarks.append(
                    f"warning: output {output} is computed from several layers "
                    f"({', '.join(layer.name for layer in mixed)}), so no targets can be given for "
                    f"it: the chip learns {', '.join(learned)} instead, with targets of their own"
                )

    def _readout(self, head: Layer) -> Readout:
        outputs, own = self.network.outputs[head.sums], ends_in_sigmoid(self.graph, head)
        return readout_of(outputs, self.options.readouts, sigmoid=own)

    def _joined(self, layer: Layer) -> str:
        """The probabilities that a layer reads; layers that read the same share them."""
        parts = layer.parts
        if len(parts) == 1:
            return self.values[parts[0]]
        if parts not in self.joined:
            given = [self.values[name] for name in parts]
            self.joined[parts] = self.builder.add(
                "concat", given, {"axis": 1}, name=self.builder.fresh_name(f"{layer.name}.joined")
            )
        return self.joined[parts]

    def _array(self, layer: Layer, function: str) -> tuple[Held, list[str]]:
        """What the layer's array holds: shared with earlier layers of the same weights."""
        made = self._weights(layer, function)
        there = self.arrays.setdefault(layer.dense.inputs[1], [])
        for other, held, operands in there:
            if other.sharing == layer.sharing and made.same(held):
                return held, operands
        if there:
            self.remarks.append(f"warning: {parted(layer.name, there[0][0].name)}")
        operands = []
        for role, data in (("w", made.weights), ("b", made.bias)):
            if data is None:
                continue
            at = 1 if role == "w" else 2
            old = layer.dense.inputs[at] if len(layer.dense.inputs) > at else ""
            if old and self.builder.constants.get(old) is data:
                operands.append(old)
            else:
                hint = self.builder.fresh_name(f"{layer.name}.{role}")
                operands.append(self.builder.constant(hint, data))
        there.append((layer, made, operands))
        return made, operands

    def _weights(self, layer: Layer, function: str) -> Held:
        names = layer.dense.inputs
        weights = in_lines(layer, self.graph.constants[names[1]])
        bias = self.graph.constants[names[2]] if len(names) > 2 and names[2] else None
        if not self.keep:
            return Held(weights, bias, None)
        weights, bias = absorb(weights, bias, *self._lines(layer.parts))
        self._refuse_infinite(layer, weights, bias)
        scaling = fit(function, layer.head, weights, bias, self.options.largest)
        if scaling is not None:
            weights, bias = scaling.weights, scaling.bias
        return Held(weights, bias, scaling)

    def _refuse_infinite(self, layer: Layer, weights: Floats, bias: Floats | None) -> None:
        """Refuse weights that left float32 when a range was taken into them."""
        if np.isfinite(weights).all() and (bias is None or np.isfinite(bias).all()):
            return
        help_ = "give inputs and activations less range"
        demands = Demands(LegaliseActivations.name, self.graph, help_)
        demands.lacks(layer.dense, "would have weights beyond float32 once it reads probabilities")
        demands.check()

    def _lines(self, parts: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Values at p = 0 and p = 1 of each line, or of all of them."""
        found = [self.bounds[name] for name in parts]
        if len(parts) == 1:
            return found[0]
        low, high = (
            np.concatenate(
                [
                    np.broadcast_to(bound[end], self.sizes[name])
                    for name, bound in zip(parts, found, strict=True)
                ]
            )
            for end in (0, 1)
        )
        return low, high

    def _gain(self, layer: Layer, made: Held) -> float:
        """The model's y over the array's.

        A sigmoid that the model hands out has the rule's slope where weights are learned anew: what
        it says then is what the chip learns with and other layers read, however the plan reads it.
        """
        shown = layer.head or layer.sums in self.tail_reads
        if shown and not self.keep and ends_in_sigmoid(self.graph, layer):
            return RULE_SLOPE
        return made.gain

    def _expose(self, layer: Layer, sums: str, made: Held, gain: float) -> None:
        """The model's own y for the tail: a linear neuron that no layer reads."""
        if layer.sums not in self.tail_reads and not layer.head:
            return
        columns = made.scaling.columns if made.scaling is not None else None
        attrs: dict[str, AttrValue] = {"function": "linear", "gain": gain}
        if layer.head:
            attrs["readout"] = str(self._readout(layer))
            attrs["slope"] = OWN_SLOPE if ends_in_sigmoid(self.graph, layer) else RULE_SLOPE
            attrs["outputs"] = self.network.outputs[layer.sums]
        name = layer.sums if columns is None else self.builder.fresh_name(f"{layer.name}.unscaled")
        self.builder.add("neuron", [sums], attrs, name=name)
        if columns is not None:
            hint = self.builder.fresh_name(f"{layer.name}.columns")
            factor = self.builder.constant(hint, columns)
            self.builder.add("mul", [name, factor], name=layer.sums)

    def _neuron(
        self,
        layer: Layer,
        function: str,
        parameters: tuple[float, ...],
        made: Held,
        gain: float,
    ) -> Neuron:
        if not self.keep:
            was = function if function != "logistic" else self._other_slope(layer)
            if was:
                self.remarks.append(
                    f"note: {layer.name}: {was} is trained as the rule's logistic neuron "
                    "(a = 4), because the chip learns the weights anew"
                )
            return Neuron("logistic", (RULE_SLOPE / gain,), 0.0, 1.0)
        with numbers_of(self.options.name, layer.activation or layer.dense):
            validate(function, parameters)
        natural = natural_range(function, parameters)
        if natural is not None:
            return Neuron(function, parameters, *natural)
        if layer.name in self.known:
            return Neuron(function, parameters, *widened(*self.known[layer.name]))
        low, high = dense_bounds(made.weights, made.bias)
        with numbers_of(self.options.name, layer.activation or layer.dense):
            bounds = apply(function, parameters, made.gain * np.array([low.min(), high.max()]))
        self.remarks.append(
            f"warning: {layer.name}: without calibration data {function} is bounded by interval "
            f"arithmetic to [{bounds[0]:.3g}, {bounds[1]:.3g}], far wider than what occurs: "
            "stochastic and binary inference will be noisy; give --calibrate DATA"
        )
        return Neuron(function, parameters, *widened(float(bounds[0]), float(bounds[1])))

    def _other_slope(self, layer: Layer) -> str:
        """What a layer's sigmoid is where its slope is not the rule's; empty where it is."""
        label = label_of(layer.activation or layer.dense)
        least, greatest = self.slopes.get(label, (RULE_SLOPE, RULE_SLOPE))
        if least == greatest == RULE_SLOPE:
            return ""
        ends = f"{least:g}" if least == greatest else f"{least:g} to {greatest:g}"
        return f"logistic (a = {ends})"

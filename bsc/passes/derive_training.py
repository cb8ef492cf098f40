"""BINARY: adds the backward and update operators of a rule, so that the program trains itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import numpy as np

from bsc.diag import fail
from bsc.hw.device import pulse_tables
from bsc.hw.plan import LayerPlan, Readout, Rule, TrainPlan
from bsc.hw.spec import DeviceSpec
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph, Node
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.numerics import neuron_tables, tables
from bsc.numerics.cells import PULSES_MAX
from bsc.numerics.state import CellStyle
from bsc.ops import OPS
from bsc.passes.binarise import neuron_shape
from bsc.passes.demands import numbers_of
from bsc.passes.trainable import UNREACHED, check_network, rate_of, untrainable

_LARGEST = (1 << 31) - 1
_PULSE_ROLES = ("step_up", "step_down", "noise_up", "noise_down")


@dataclass(frozen=True, slots=True)
class DeriveTraining:
    """Derives error, counts and updates from the reads.

    Attributes:
        rule: `carry`, `online` or `sgd`; `hp` trains on the host and gets no operators.
        batch: B.
        threshold: T.
        pulses: P.
        eta: learning rate of `sgd`.
        refresh_every: checks between refreshes of one-way pairs, 0 for never.
        device: whose pulses move the weights.
        noise_bits: b, resolution of the comparators' thresholds, for a logistic readout.
        layers: arrays that are frozen, or have a device, T or P of their own.
    """

    name: ClassVar[str] = "derive-training"

    rule: str = "carry"
    batch: int = 64
    threshold: int = 64
    pulses: int = 1
    eta: float = 0.1
    refresh_every: int = 0
    device: DeviceSpec | None = field(default=None, repr=False)
    noise_bits: int = 12
    layers: tuple[LayerPlan, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse numbers that counters and rates cannot hold."""
        if self.rule not in list(Rule):
            raise ValueError(f"rule is {self.rule}, expected {' or '.join(Rule)}")
        bounds = [
            ("batch", self.batch, 1, _LARGEST),
            ("threshold", self.threshold, 1, _LARGEST - self.batch + 1),
            ("pulses", self.pulses, 1, PULSES_MAX),
            ("refresh_every", self.refresh_every, 0, _LARGEST),
            ("noise_bits", self.noise_bits, 4, 12),
        ]
        for layer in self.layers:
            own = (
                ("threshold", layer.threshold, _LARGEST - self.batch + 1),
                ("pulses", layer.pulses, PULSES_MAX),
            )
            for name, number, most in own:
                if number is not None:
                    bounds.append((f"{name} of {layer.name}", number, 1, most))
        for name, number, least, most in bounds:
            if not least <= number <= most:
                raise ValueError(f"{name} is {number}, expected {least} to {most}")
        if not 0 < self.eta <= 1000:
            raise ValueError(f"eta is {self.eta}, expected a number above 0, at most 1000")

    @classmethod
    def of(cls, plan: TrainPlan, device: DeviceSpec, noise_bits: int = 12) -> DeriveTraining:
        """The pass for a train plan and a device."""
        return cls(
            str(plan.rule),
            plan.batch,
            plan.threshold,
            plan.pulses,
            plan.eta,
            plan.refresh_every,
            device,
            noise_bits,
            plan.layers,
        )

    def run(self, graph: Graph) -> PassResult:
        """Add the operators; a graph that has them, or cannot have them, comes back as it is."""
        reads = [node for node in graph.nodes if node.op == "read"]
        derived = any(node.op in ("output_error", "target_error") for node in graph.nodes)
        if graph.stage is not Stage.BINARY or derived or not reads:
            return PassResult(graph, False)
        check_network(graph, reads, self.name)
        derivation = _Derivation(self, graph, reads)
        reason = derivation.why_not()
        if reason:
            return PassResult(graph, False, (f"no training steps: {reason}",))
        if self.device is None and self.rule != Rule.SGD:
            raise fail(
                "BSC3006",
                f"{self.name}: rule {self.rule} moves weights with pulses, and has no device",
                help="give a target's device as an option, device=NAME, or a target to bsc opt",
            )
        return PassResult(derivation.run(), True)


class _Derivation:
    """Walks the reads backward: each gets the error of its sums, its counts, and sends sums on."""

    def __init__(self, options: DeriveTraining, graph: Graph, reads: list[Node]) -> None:
        self.options = options
        self.graph = graph
        self.reads = reads
        self.plans = {plan.name: plan for plan in options.layers}
        self.producers = graph.producers()
        self.samples = {n.inputs[0]: n for n in graph.nodes if n.op == "sample"}
        self.heads = {
            n.inputs[0]: n for n in graph.nodes if n.op == "logits" and n.attrs["readout"]
        }
        self.builder = GraphBuilder.of(graph, OPS)
        self.slopes: dict[str, tuple[str, str]] = {}
        self.pulses: dict[str | None, list[str]] = {}
        # For the sums of each read: what comes back to them, (sums, first element).
        self.sent: dict[str, list[tuple[str, int]]] = {}
        self.learning = self._learning()

    def why_not(self) -> str:
        """Why there are no training steps."""
        frozen = [name for name, plan in self.plans.items() if plan.frozen]
        reason = untrainable(self.graph, self.options.rule, frozen)
        asked = [sums for sums, head in self.heads.items() if head.attrs["readout"] != Readout.NONE]
        if not reason and not any(self.learning[sums] for sums in asked):
            return UNREACHED
        return reason

    def run(self) -> Graph:
        builder = self.builder
        targets = {sums: self._target(head) for sums, head in self.heads.items()}
        for node in self.graph.nodes:
            builder.add_node(
                node.op, node.inputs, node.attrs, outputs=node.outputs, origin=node.origin
            )
        for name in self.graph.outputs:
            builder.output(name)
        errors = {
            sums: self._output_error(head, targets[sums])
            for sums, head in self.heads.items()
            if targets[sums]
        }
        counts: dict[str, list[str]] = {}
        for read in reversed(self.reads):
            sums = read.outputs[0]
            error = errors.get(sums) or self._hidden_error(read)
            if error is None or not self.learning[sums]:
                continue
            array = self.producers[read.inputs[0]]
            if not self._plan_of(array).frozen:
                name = builder.fresh_name(f"{self._name(read)}.counts")
                counted = builder.add("count", [*read.inputs, error], name=name, origin=read.origin)
                counts.setdefault(read.inputs[0], []).insert(0, counted)
            self._send(read, array, error)
        for array in self.graph.nodes:
            if array.op == "array" and array.outputs[0] in counts:
                builder.output(self._update(array, counts[array.outputs[0]]))
        return builder.build()

    def _learning(self) -> dict[str, bool]:
        """For the sums of each read: whether an error there moves any weight, here or below."""
        learning: dict[str, bool] = {}
        for read in self.reads:
            below = any(learning[sums] for sums, _ in self._sources(read.inputs[1]))
            array = self.producers[read.inputs[0]]
            learning[read.outputs[0]] = below or not self._plan_of(array).frozen
        return learning

    def _plan_of(self, array: Node) -> LayerPlan:
        name = str(array.attrs["name"])
        return self.plans.get(name, LayerPlan(name))

    def _name(self, read: Node) -> str:
        sums = read.outputs[0]
        user = self.samples.get(sums) or self.heads[sums]
        return str(user.attrs["name"])

    def _sources(self, bits: str, first: int = 0) -> list[tuple[str, int]]:
        """Sums whose neurons make some of these bits, and the first of their elements."""
        node = self.producers[bits]
        if node.op == "sample":
            return [(node.inputs[0], first)]
        found: list[tuple[str, int]] = []
        if node.op == "concat":
            for name in node.inputs:
                found += self._sources(name, first)
                first += int(self.graph.types[name].shape[1])
        return found

    def _target(self, head: Node) -> str:
        """The input that brings what a head should have answered; empty without a readout."""
        logits = self.graph.types[head.outputs[0]]
        outputs = cast("tuple[str, ...]", head.attrs["outputs"])
        several = f"{outputs[0]}." if len(self.heads) > 1 else ""
        match head.attrs["readout"]:
            case Readout.SOFTMAX:
                type_ = TensorType(Encoding.LABEL, logits.shape[:1])
                return self.builder.input(self.builder.fresh_name(f"{several}label"), type_)
            case Readout.LOGISTIC:
                return self.builder.input(self.builder.fresh_name(f"{several}target"), logits)
            case _:
                return ""

    def _output_error(self, head: Node, target: str) -> str:
        builder = self.builder
        sums, name = head.inputs[0], str(head.attrs["name"])
        scale, gain = cast(int, head.attrs["scale"]), cast(float, head.attrs["gain"])
        layer = next(i for i, read in enumerate(self.reads) if read.outputs[0] == sums)
        named = {"name": builder.fresh_name(f"{name}.readout"), "origin": head.origin}
        if head.attrs["readout"] == Readout.SOFTMAX:
            softmax = self._constant("softmax.E", tables.softmax(), Encoding.I64)
            with numbers_of(self.options.name, head):
                reciprocal = tables.softmax_reciprocal(scale, gain=gain)
            attrs: dict[str, Any] = {"layer": layer, "reciprocal": reciprocal}
            bits = builder.add("readout", [sums, softmax], attrs, **named)
            return builder.add(
                "output_error", [bits, target], name=builder.fresh_name(f"{name}.error")
            )
        slope = cast(float, head.attrs["slope"])
        with numbers_of(self.options.name, head):
            table = neuron_tables.neuron(
                "logistic",
                (slope,),
                scale,
                noise_bits=self.options.noise_bits,
                gain=gain,
                low=0.0,
                high=1.0,
            )
        thresholds = self._constant(f"{name}.T", table, Encoding.I32)
        bits = builder.add("logistic_readout", [sums, thresholds], {"layer": layer}, **named)
        return builder.add(
            "target_error",
            [bits, target],
            {"layer": layer},
            name=builder.fresh_name(f"{name}.error"),
        )

    def _constant(self, name: str, data: Any, encoding: Encoding) -> str:
        """A constant table, made once for all that need the same."""
        for other, held in self.builder.constants.items():
            if other.startswith(name) and np.array_equal(held, data):
                return other
        return self.builder.constant(self.builder.fresh_name(name), data, encoding)

    def _send(self, read: Node, array: Node, error: str) -> None:
        """The error goes backward through an array, if anything below learns from it."""
        below = [
            (sums, first) for sums, first in self._sources(read.inputs[1]) if self.learning[sums]
        ]
        if not below:
            return
        backward = self.builder.add(
            "read_transposed",
            [read.inputs[0], error],
            {"inputs": array.attrs["inputs"]},
            name=self.builder.fresh_name(f"{self._name(read)}.transposed"),
            origin=read.origin,
        )
        for sums, first in below:
            self.sent.setdefault(sums, []).append((backward, first))

    def _hidden_error(self, read: Node) -> str | None:
        """E = sign(what comes back) d; None where nothing does."""
        sums = read.outputs[0]
        parts = self.sent.get(sums)
        if not parts:
            return None
        name = self._name(read)
        sample = self.samples[sums]
        size = int(self.graph.types[sums].shape[1])
        value = parts[0][0]
        if len(parts) > 1 or self.builder.type_of(value).shape[1] != size:
            value = self.builder.add(
                "add_parts",
                [each for each, _ in parts],
                {"starts": tuple(start for _, start in parts), "size": size},
                name=self.builder.fresh_name(f"{name}.sent"),
            )
        low, high = self._slope(sample, read)
        gate = self.builder.add(
            "derivative",
            [sums, low, high],
            {"layer": sample.attrs["layer"]},
            name=self.builder.fresh_name(f"{name}.gate"),
            origin=read.origin,
        )
        return self.builder.add(
            "gated_sign", [value, gate], name=self.builder.fresh_name(f"{name}.error")
        )

    def _slope(self, sample: Node, read: Node) -> tuple[str, str]:
        thresholds = sample.inputs[1]
        # Named after the thresholds that they belong to: `neuron0.T`, `neuron0.lo`.
        if thresholds not in self.slopes:
            function, parameters, shape = neuron_shape(sample.attrs)
            scale = cast(int, self.producers[read.inputs[0]].attrs["scale"])
            entries = int(self.graph.types[thresholds].shape[0])
            with numbers_of(self.options.name, sample):
                low, high = neuron_tables.derivative(
                    function, parameters, scale, noise_bits=entries.bit_length() - 1, **shape
                )
            stem = thresholds.rsplit(".", 1)[0]
            fresh, constant = self.builder.fresh_name, self.builder.constant
            self.slopes[thresholds] = (
                constant(fresh(f"{stem}.lo"), low, Encoding.I32),
                constant(fresh(f"{stem}.hi"), high, Encoding.I32),
            )
        return self.slopes[thresholds]

    def _pulse_operands(self, plan: LayerPlan) -> list[str]:
        device = plan.device or self.options.device
        if device is None:  # run() has refused it
            return []
        key = None if plan.device is None else plan.device.model_dump_json()
        if key not in self.pulses:
            made = pulse_tables(device)
            operands = [
                self._constant(role, made[role], Encoding.I32) if role in made else ""
                for role in _PULSE_ROLES
            ]
            while operands and not operands[-1]:
                operands.pop()
            self.pulses[key] = operands
        return self.pulses[key]

    def _update(self, array: Node, counts: list[str]) -> str:
        name = str(array.attrs["name"])
        cells = array.outputs[0]
        options, plan = self.options, self._plan_of(array)
        counted = counts[0]
        if len(counts) > 1:
            hint = self.builder.fresh_name(f"{name}.counts")
            counted = self.builder.add("add_counts", counts, name=hint)
        if options.rule == Rule.SGD:
            return self.builder.add(
                "sgd_step",
                [cells, counted],
                {"rate": rate_of(options.eta, options.batch)},
                name=self.builder.fresh_name(f"{name}.updated"),
            )
        updated = self.builder.add(
            "carry",
            [cells, counted, *self._pulse_operands(plan)],
            {
                "layer": array.attrs["layer"],
                "threshold": options.threshold if plan.threshold is None else plan.threshold,
                "pulses": options.pulses if plan.pulses is None else plan.pulses,
            },
            name=self.builder.fresh_name(f"{name}.updated"),
        )
        device = plan.device or options.device
        one_way = device is not None and device.style in (CellStyle.PAIR_DOWN, CellStyle.PAIR_UP)
        if options.refresh_every and one_way:
            updated = self.builder.add(
                "refresh",
                [updated],
                {"every": options.refresh_every},
                name=self.builder.fresh_name(f"{name}.refreshed"),
            )
        return updated

"""BINARY: adds the backward and update operators of a rule, so that the program trains itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from bsc.diag import fail
from bsc.hw.device import pulse_tables
from bsc.hw.plan import Rule, TrainPlan
from bsc.hw.spec import DeviceSpec
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph, Node
from bsc.ir.pass_manager import PassResult
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.numerics import neuron_tables, tables
from bsc.numerics.cells import PULSES_MAX
from bsc.ops import OPS
from bsc.passes.binarise import neuron_shape
from bsc.passes.demands import Demands, numbers_of

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
    """

    name: ClassVar[str] = "derive-training"

    rule: str = "carry"
    batch: int = 64
    threshold: int = 64
    pulses: int = 1
    eta: float = 0.1
    refresh_every: int = 0
    device: DeviceSpec | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse numbers that counters and rates cannot hold."""
        if self.rule not in list(Rule):
            raise ValueError(f"rule is {self.rule}, expected {' or '.join(Rule)}")
        bounds = (
            ("batch", self.batch, 1, _LARGEST),
            ("threshold", self.threshold, 1, _LARGEST - self.batch + 1),
            ("pulses", self.pulses, 1, PULSES_MAX),
            ("refresh_every", self.refresh_every, 0, _LARGEST),
        )
        for name, number, least, most in bounds:
            if not least <= number <= most:
                raise ValueError(f"{name} is {number}, expected {least} to {most}")
        if not 0 < self.eta <= 1000:
            raise ValueError(f"eta is {self.eta}, expected a number above 0, at most 1000")

    @classmethod
    def of(cls, plan: TrainPlan, device: DeviceSpec) -> DeriveTraining:
        """The pass for a train plan and a device."""
        return cls(
            str(plan.rule),
            plan.batch,
            plan.threshold,
            plan.pulses,
            plan.eta,
            plan.refresh_every,
            device,
        )

    def run(self, graph: Graph) -> PassResult:
        """Add the operators; a graph that has them, or cannot have them, comes back as it is."""
        reads = [node for node in graph.nodes if node.op == "read"]
        derived = any(node.op == "output_error" for node in graph.nodes)
        if graph.stage is not Stage.BINARY or derived or not reads:
            return PassResult(graph, False)
        columns = graph.types[reads[-1].outputs[0]].shape[1]
        reason = untrainable(int(columns), self.rule)
        if reason:
            return PassResult(graph, False, (f"no training steps: {reason}",))
        if self.device is None and self.rule != Rule.SGD:
            raise fail(
                "BSC3006",
                f"{self.name}: rule {self.rule} moves weights with pulses, and has no device",
                help="give a target's device as an option, device=NAME, or a target to bsc opt",
            )
        _check(graph, reads)
        return PassResult(_Derivation(self, graph, reads).run(), True)


def _check(graph: Graph, reads: list[Node]) -> None:
    """Refuse a graph whose reads are no chain of arrays with samples of bits between them."""
    demands = Demands(DeriveTraining.name, graph, "run binarise on the graph before")
    producers = graph.producers()
    for before, read in zip([None, *reads], reads, strict=False):
        cells, bits = (producers.get(name) for name in read.inputs)
        if cells is None or cells.op != "array":
            demands.lacks(read, f"reads %{read.inputs[0]}, which is no array")
        if before is None:
            continue
        if bits is None or bits.op != "sample" or bits.inputs[0] != before.outputs[0]:
            demands.lacks(read, f"reads %{read.inputs[1]}, no sample of the layer before")
    demands.check()


def untrainable(outputs: int, rule: str) -> str:
    """Why a network of so many outputs gets no training steps under a rule; empty when it does."""
    if outputs == 1:
        return "the last layer has one output; the softmax readout needs at least two classes"
    if rule == Rule.HP:
        return "rule hp trains in floating point on the host"
    return ""


def rate_of(eta: float, batch: int) -> int:
    """K of the `sgd` rule: RN(eta 2**24 / B)."""
    return round(eta * (1 << 24) / batch)


class _Derivation:
    def __init__(self, options: DeriveTraining, graph: Graph, reads: list[Node]) -> None:
        self.options = options
        self.graph = graph
        self.reads = reads
        self.producers = graph.producers()
        self.samples = {n.inputs[0]: n for n in graph.nodes if n.op == "sample"}
        self.builder = GraphBuilder.of(graph, OPS)
        self.slopes: dict[tuple[object, ...], tuple[str, str]] = {}

    def run(self) -> Graph:
        builder = self.builder
        last = self.graph.types[self.reads[-1].outputs[0]]
        label = builder.fresh_name("label")
        builder.input(label, TensorType(Encoding.LABEL, last.shape[:1]))
        for node in self.graph.nodes:
            builder.add_node(
                node.op, node.inputs, node.attrs, outputs=node.outputs, origin=node.origin
            )
        for name in self.graph.outputs:
            builder.output(name)
        error = self._output_error(label)
        counts: list[tuple[Node, str, str]] = []
        for index in range(len(self.reads) - 1, -1, -1):
            read = self.reads[index]
            array = self.producers[read.inputs[0]]
            name = str(array.attrs["name"])
            counted = builder.add(
                "count",
                [*read.inputs, error],
                name=builder.fresh_name(f"{name}.counts"),
                origin=read.origin,
            )
            counts.insert(0, (array, read.inputs[0], counted))
            if index:
                error = self._hidden_error(self.reads[index - 1], array, read.inputs[0], error)
        pulses = self._pulse_operands() if self.options.rule != Rule.SGD else []
        for array, cells, counted in counts:
            builder.output(self._update(array, cells, counted, pulses))
        return builder.build()

    def _output_error(self, label: str) -> str:
        read = self.reads[-1]
        array = self.producers[read.inputs[0]]
        scale = int(array.attrs["scale"])  # type: ignore[arg-type]
        gain = float(array.attrs["gain"])  # type: ignore[arg-type]
        softmax = self.builder.constant(
            self.builder.fresh_name("softmax.E"), tables.softmax(), Encoding.I64
        )
        with numbers_of(self.options.name, array):
            reciprocal = tables.softmax_reciprocal(scale, gain=gain)
        name = str(array.attrs["name"])
        bits = self.builder.add(
            "readout",
            [read.outputs[0], softmax],
            {
                "layer": array.attrs["layer"],
                "reciprocal": reciprocal,
            },
            name=self.builder.fresh_name(f"{name}.readout"),
            origin=read.origin,
        )
        return self.builder.add(
            "output_error", [bits, label], name=self.builder.fresh_name(f"{name}.error")
        )

    def _hidden_error(self, read: Node, above: Node, cells: str, error: str) -> str:
        array = self.producers[read.inputs[0]]
        name = str(array.attrs["name"])
        backward = self.builder.add(
            "read_transposed",
            [cells, error],
            {"inputs": above.attrs["inputs"]},
            name=self.builder.fresh_name(f"{above.attrs['name']}.transposed"),
            origin=above.origin,
        )
        low, high = self._slope(array)
        gate = self.builder.add(
            "derivative",
            [read.outputs[0], low, high],
            {"layer": array.attrs["layer"]},
            name=self.builder.fresh_name(f"{name}.gate"),
            origin=read.origin,
        )
        return self.builder.add(
            "gated_sign", [backward, gate], name=self.builder.fresh_name(f"{name}.error")
        )

    def _slope(self, array: Node) -> tuple[str, str]:
        a = array.attrs
        sample = self.samples[self._sums_of(array)]
        entries = self.graph.types[sample.inputs[1]].shape[0]
        key = tuple(a[k] for k in ("function", "parameters", "gain", "low", "high", "scale"))
        if key not in self.slopes:
            function, parameters, shape = neuron_shape(a)
            scale, bits = int(a["scale"]), int(entries).bit_length() - 1  # type: ignore[arg-type]
            with numbers_of(self.options.name, array):
                low, high = neuron_tables.derivative(
                    function, parameters, scale, noise_bits=bits, **shape
                )
            # Named after the thresholds that they belong to: `neuron0.T`, `neuron0.lo`.
            stem = sample.inputs[1].rsplit(".", 1)[0]
            self.slopes[key] = (
                self.builder.constant(self.builder.fresh_name(f"{stem}.lo"), low, Encoding.I32),
                self.builder.constant(self.builder.fresh_name(f"{stem}.hi"), high, Encoding.I32),
            )
        return self.slopes[key]

    def _sums_of(self, array: Node) -> str:
        return next(n.outputs[0] for n in self.reads if n.inputs[0] == array.outputs[0])

    def _pulse_operands(self) -> list[str]:
        if self.options.device is None:  # run() has refused it
            return []
        made = pulse_tables(self.options.device)
        operands = [
            self.builder.constant(self.builder.fresh_name(role), made[role], Encoding.I32)
            if role in made
            else ""
            for role in _PULSE_ROLES
        ]
        while operands and not operands[-1]:
            operands.pop()
        return operands

    def _update(self, array: Node, cells: str, counted: str, pulses: list[str]) -> str:
        name = str(array.attrs["name"])
        options = self.options
        if options.rule == Rule.SGD:
            return self.builder.add(
                "sgd_step",
                [cells, counted],
                {"rate": rate_of(options.eta, options.batch)},
                name=self.builder.fresh_name(f"{name}.updated"),
            )
        updated = self.builder.add(
            "carry",
            [cells, counted, *pulses],
            {
                "layer": array.attrs["layer"],
                "threshold": options.threshold,
                "pulses": options.pulses,
            },
            name=self.builder.fresh_name(f"{name}.updated"),
        )
        if options.refresh_every:
            updated = self.builder.add(
                "refresh",
                [updated],
                {"every": options.refresh_every},
                name=self.builder.fresh_name(f"{name}.refreshed"),
            )
        return updated

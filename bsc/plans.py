"""From what a user asked of training to a train plan whose numbers go together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from bsc.diag import Sink, Span, did_you_mean
from bsc.hw.plan import LayerPlan, Readout, Rule, TrainPlan
from bsc.hw.spec import DeviceSpec, TargetSpec
from bsc.numerics.cells import PULSES_MAX
from bsc.numerics.state import CellStyle
from bsc.passes.readouts import EVERY
from bsc.passes.trainable import rate_of
from bsc.program.counters import COUNTER_MAX, counter_bounds
from bsc.tiling.schedule import Schedule

Plan = TypeVar("Plan")

_LARGEST = (1 << 31) - 1

SGD_BATCH = 100
"""B of `sgd` and `hp` (the paper's software experiment)."""


@dataclass(frozen=True, slots=True)
class LayerOptions:
    """What was asked for one layer; None is what all have.

    Attributes are those of `LayerPlan`.
    """

    frozen: bool | None = None
    device: DeviceSpec | None = None
    threshold: int | None = None
    pulses: int | None = None
    device_of: str = ""

    def over(self, below: LayerOptions) -> LayerOptions:
        """These options, and the others where these say nothing."""
        return LayerOptions(
            _first(self.frozen, below.frozen),
            _first(self.device, below.device),
            _first(self.threshold, below.threshold),
            _first(self.pulses, below.pulses),
            below.device_of if self.device is None else self.device_of,
        )


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What was asked of training; None is the rule's own default.

    Attributes are those of `TrainPlan`; readouts by output, layers by name.
    """

    rule: str | None = None
    batch: int | None = None
    threshold: int | None = None
    pulses: int | None = None
    eta: float | None = None
    refresh_every: int | None = None
    readouts: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, LayerOptions] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: TrainPlan) -> PlanOptions:
        """All that a plan says."""
        return cls(
            str(plan.rule),
            plan.batch,
            plan.threshold,
            plan.pulses,
            plan.eta if plan.rule in (Rule.SGD, Rule.HP) else None,
            plan.refresh_every,
            dict(plan.readouts),
            {
                each.name: LayerOptions(
                    each.frozen, each.device, each.threshold, each.pulses, each.device_of
                )
                for each in plan.layers
            },
        )

    def over(self, below: PlanOptions) -> PlanOptions:
        """These options, and the others where these say nothing.

        Numbers are those of a rule: where these ask for another one, the others' do not count, nor
        T and P of their layers.
        """
        if self.rule not in (None, below.rule or str(Rule.CARRY)):
            kept = {
                name: replace(each, threshold=None, pulses=None)
                for name, each in below.layers.items()
            }
            below = PlanOptions(readouts=below.readouts, layers=kept)
        names = ("rule", "batch", "threshold", "pulses", "eta", "refresh_every")
        numbers = {name: _first(getattr(self, name), getattr(below, name)) for name in names}
        layers = dict(below.layers)
        for name, options in self.layers.items():
            layers[name] = options.over(layers.get(name, LayerOptions()))
        return PlanOptions(**numbers, readouts={**below.readouts, **self.readouts}, layers=layers)

    def plan(self) -> TrainPlan:
        """The plan.

        Raises:
            DiagnosticError: BSC3020 to BSC3022, as `plan_for`.
        """
        return plan_for(
            self.rule or str(Rule.CARRY),
            batch=self.batch,
            threshold=self.threshold,
            pulses=1 if self.pulses is None else self.pulses,
            eta=self.eta,
            refresh_every=self.refresh_every or 0,
            readouts=self.readouts,
            layers=[
                LayerPlan(
                    name,
                    bool(each.frozen),
                    each.device,
                    each.threshold,
                    each.pulses,
                    each.device_of,
                )
                for name, each in self.layers.items()
            ],
        )


def _first(a: Any, b: Any) -> Any:
    return b if a is None else a


def plan_for(
    rule: str = "carry",
    *,
    batch: int | None = None,
    threshold: int | None = None,
    pulses: int = 1,
    eta: float | None = None,
    refresh_every: int = 0,
    readouts: Mapping[str, str] | None = None,
    layers: Sequence[LayerPlan] = (),
) -> TrainPlan:
    """A plan with the rule's own defaults for what is None.

    `readouts` are by output, `*` for every other one; `layers` are what is different for some.

    Raises:
        DiagnosticError: BSC3020 for an unknown rule, BSC3021 for numbers that do not fit it.
    """
    sink = Sink()
    if rule not in list(Rule):
        sink.add(
            "BSC3020",
            f"there is no rule `{rule}`",
            at=_at("rule"),
            help=f"{did_you_mean(rule, list(Rule))}; rules: {', '.join(Rule)}",
        )
        sink.raise_if_errors()
    kind = Rule(rule)
    if kind is Rule.ONLINE:
        for name, value in (("batch", batch), ("threshold", threshold)):
            if value not in (None, 1):
                sink.add(
                    "BSC3021",
                    f"{name} is {value}; rule online is B = T = 1",
                    at=_at(name),
                    help="use rule carry for other numbers",
                )
        batch = threshold = 1
    floating = kind in (Rule.SGD, Rule.HP)
    plan = TrainPlan(
        kind,
        (SGD_BATCH if floating else 64) if batch is None else batch,
        64 if threshold is None else threshold,
        pulses,
        0.1 if eta is None else eta,
        refresh_every,
        tuple((readouts or {}).items()),
        tuple(layers),
    )
    bounds: list[tuple[str, str, int | None, int]] = [
        ("batch", "batch", plan.batch, 1),
        ("threshold", "threshold", plan.threshold, 1),
        ("pulses", "pulses", plan.pulses, 1),
        ("refresh_every", "refresh_every", plan.refresh_every, 0),
    ]
    for layer in plan.layers:
        for what, given in (("threshold", layer.threshold), ("pulses", layer.pulses)):
            bounds.append((f"{what} of {layer.name}", f"layer {layer.name}.{what}", given, 1))
    for name, key, number, least in bounds:
        most = PULSES_MAX if name.startswith("pulses") else _LARGEST
        if number is not None and not least <= number <= most:
            message = f"{name} is {number}, expected {least} to {most}"
            sink.add("BSC3021", message, at=_at(key))
    if not 0 < plan.eta <= 1000:
        sink.add(
            "BSC3021", f"eta is {plan.eta}, expected a number above 0, at most 1000", at=_at("eta")
        )
    elif kind is Rule.SGD and rate_of(plan.eta, plan.batch) > _LARGEST:
        sink.add(
            "BSC3021",
            f"eta {plan.eta} with batch {plan.batch} moves a weight by more than its whole range",
            at=_at("eta"),
        )
    thresholds = {f"layer {each.name}.threshold": each.threshold or 0 for each in plan.layers}
    thresholds["threshold"] = plan.threshold
    largest, key = max((number, key) for key, number in thresholds.items())
    if largest - 1 + plan.batch > _LARGEST:
        sink.add(
            "BSC3021",
            f"threshold {largest} with batch {plan.batch}: a counter may pass 32 bits",
            at=_at(key),
        )
    for output, readout in plan.readouts:
        if readout not in list(Readout):
            sink.add(
                "BSC3022",
                f"there is no readout `{readout}` for output {output}",
                at=_at(f"readout {output}"),
                help=f"{did_you_mean(readout, list(Readout))}; readouts: {', '.join(Readout)}",
            )
    for each in plan.layers if kind is Rule.ONLINE else ():
        if each.threshold not in (None, 1):
            key = f"layer {each.name}.threshold"
            sink.add("BSC3021", "rule online is B = T = 1 for every layer", at=_at(key))
    if eta is not None and not floating:
        sink.add(
            "BSC3021",
            f"rule {kind} has no learning rate: the device's step is its rate",
            at=_at("eta"),
            help="leave eta out, or use rule sgd or hp",
        )
    sink.raise_if_errors()
    return plan


def of_places(layers: Mapping[str, Plan], places: Mapping[str, Sequence[str]]) -> dict[str, Plan]:
    """Plans of layers as plans of all places where a network reads them.

    Whichever of them have an array of their own: each has the plan of its layer, here and where the
    program is compiled again and others part.

    Args:
        layers: plans by the names of layers.
        places: names of places by the same.

    Raises:
        DiagnosticError: BSC3023 for a layer that is read nowhere.
    """
    sink = Sink()
    for layer in layers:
        if layer not in places:
            no_layer(sink, layer, places)
    sink.raise_if_errors()
    return {place: plan for layer, plan in layers.items() for place in places[layer]}


def no_layer(sink: Sink, name: str, known: Collection[str]) -> None:
    """Record BSC3023: a plan names a layer that is none of those known."""
    sink.add(
        "BSC3023",
        f"the plan speaks of layer {name}, which the network does not have",
        at=_at(f"layer {name}"),
        help=did_you_mean(name, known, "layers"),
    )


def _at(key: str) -> Span:
    """A key of the plan, called as `TrainSection.places` calls it."""
    return Span("plan", path=key)


def check_plan(plan: TrainPlan, target: TargetSpec) -> str | None:
    """Reason why a rule is not expected to learn on a target, or None.

    Raises:
        DiagnosticError: BSC3021 where plan and device exclude each other.
    """
    sink = Sink()
    devices = [target.device, *(each.device for each in plan.layers if each.device is not None)]
    one_way = any(d.style in (CellStyle.PAIR_DOWN, CellStyle.PAIR_UP) for d in devices)
    if plan.refresh_every and (not one_way or plan.rule is Rule.SGD):
        sink.add(
            "BSC3021",
            f"refresh_every is for one-way pairs; {target.name} has cells of style "
            f"{target.device.style} under rule {plan.rule}",
            at=_at("refresh_every"),
        )
    sink.raise_if_errors()
    return target.training.unfit.get(str(plan.rule))


def idle_numbers(plan: TrainPlan, network: Schedule) -> list[str]:
    """Remarks on what a plan says of a network's arrays and its rule has no use for."""
    idle: tuple[str, ...]
    match plan.rule:
        case Rule.SGD:
            idle, why = ("device", "threshold", "pulses"), "moves master weights without pulses"
        case Rule.HP:
            idle, why = ("threshold", "pulses"), "trains on the host without pulses"
        case _:
            return []
    found = []
    for layer in (plan.layer(array.name) for array in network.arrays):
        said = [name for name in idle if getattr(layer, name) is not None]
        if said:
            found.append(
                f"note: {layer.name}: {', '.join(said)} of its own count for nothing under rule "
                f"{plan.rule}, which {why}"
            )
    return found


def check_names(plan: TrainPlan, network: Schedule) -> None:
    """Refuse a plan that speaks of layers or outputs that a network does not have.

    A place that shares the array of another one has the plan of that array, and no other.

    Raises:
        DiagnosticError: BSC3022 for an output, BSC3023 for a layer.
    """
    sink = Sink()
    outputs = [name for head in network.heads for name in head.outputs]
    for output, _ in plan.readouts:
        if output not in (*outputs, EVERY):
            sink.add(
                "BSC3022",
                f"the plan reads out {output}, which is no output with a head of its own",
                at=_at(f"readout {output}"),
                help=did_you_mean(output, outputs, "outputs"),
            )
    arrays = [array.name for array in network.arrays]
    arrays_read = {read.name: arrays[read.array] for read in network.reads}
    for layer in plan.layers:
        array = arrays_read.get(layer.name)
        if array is None:
            no_layer(sink, layer.name, arrays)
        elif plan.layer(array) != replace(layer, name=array):
            sink.add(
                "BSC3023",
                f"the plan speaks of layer {layer.name}, which has no array of its own: it shares "
                f"that of {array}",
                at=_at(f"layer {layer.name}"),
                help=f"give {array} this plan: it is one for both",
            )
    sink.raise_if_errors()


def check_counters(plan: TrainPlan, network: Schedule) -> None:
    """Refuse a plan with which a counter of a network may pass 32 bits.

    Raises:
        DiagnosticError: BSC3021.
    """
    sink = Sink()
    bounds = counter_bounds(len(network.arrays), network.training, network.update)
    for array, bound in zip(network.arrays, bounds, strict=True):
        if bound.largest(plan.batch) > COUNTER_MAX:
            sink.add(
                "BSC3021",
                f"threshold {bound.rest + 1} with batch {plan.batch}: a counter of {array.name}, "
                f"which is read in {bound.places} places, may pass 32 bits",
            )
    sink.raise_if_errors()

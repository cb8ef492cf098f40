"""A program as text of the language: the model inside it, its plan, its target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import safetensors.numpy

from bsc.backend.dsl import export_bsc
from bsc.diag import Span, fail
from bsc.frontend.dsl.meaning.sections import LayerOverride, TargetSection, TrainSection
from bsc.hw.plan import LayerPlan, Rule
from bsc.hw.registry import DEFAULT_TARGET, names, resolve
from bsc.hw.spec import TargetSpec
from bsc.hw.toml import settings_over
from bsc.passes.activations import natural_range
from bsc.passes.readouts import EVERY
from bsc.program.model import InputSpec, Program


@dataclass(frozen=True, slots=True)
class Exported:
    """A program in the language.

    Attributes:
        text: of the language.
        tensors: the file that it reads (safetensors); empty where nothing is in it.
        notes: what the program has and the text has not.
    """

    text: str
    tensors: bytes
    notes: tuple[str, ...]


def program_as_bsc(program: Program, weights_file: str) -> Exported:
    """The model of a program as it came in, folded, with the plan and target it was compiled for.

    Weights are the model's, not those of trained cells.

    Args:
        program: a compiled program.
        weights_file: what the text calls the file of its tensors.

    Raises:
        DiagnosticError: BSC2507, the language has no words for something in it.
    """
    ranges = {
        spec.name: (spec.low[0], spec.high[0])
        for spec in program.inputs
        if spec.declared and not _by_element(spec)
    }
    text, tensors = export_bsc(
        program.source,
        ranges=ranges,
        train=_train(program),
        target=_target(program.target),
        weights_file=weights_file,
    )
    data = safetensors.numpy.save(tensors) if tensors else b""
    return Exported(text, data, tuple(_notes(program)))


def _by_element(spec: InputSpec) -> bool:
    return max(len(spec.low), len(spec.high)) > 1


def _notes(program: Program) -> Iterator[str]:
    if program.state is not None and program.state.samples:
        # What `hp` learns becomes weights of the model; others leave theirs as they were.
        lost = "epochs" if program.plan.rule is Rule.HP else "trained cells, epochs"
        yield (
            f"{lost} and seed are not in the text, which says the model, its plan and its target"
        )
    lost_ranges = [
        f"input {spec.name}, which has one for each element"
        for spec in program.inputs
        if _by_element(spec)
    ]
    if program.options.weights == "keep":
        lost_ranges += [
            f"the activation of {read.name}"
            for read in program.reads
            if read.name in program.calibration
            and natural_range(read.function, read.function_parameters) is None
        ]
    if lost_ranges:
        yield (
            f"ranges that calibration learned are not in the text: of {'; of '.join(lost_ranges)}. "
            "Compile it with --calibrate DATA, which learns them again"
        )
    for spec in program.inputs:
        if spec.saturates and not _by_element(spec):
            yield (
                f"the range of input {spec.name} was learned by calibration: the program cuts off "
                "what lies beyond it, what the text compiles to will refuse it"
            )


def _target(target: TargetSpec) -> TargetSection:
    """The target of this name with what was changed of it; a target of a file over the default."""
    name = target.name if target.name in names() else DEFAULT_TARGET
    settings = settings_over(resolve(name), target)
    if settings is None:
        message = f"found a target {target.name} that is not {name} with settings"
        raise fail("BSC2507", message, at=Span("target"))
    return TargetSection(name, settings)


def _readouts(program: Program) -> dict[str, str]:
    """Readouts by output: one for all is written for each, as the language has no other way."""
    named = dict(program.plan.readouts)
    for_all = named.pop(EVERY, None)
    if for_all is not None:
        for head in program.heads:
            if named.keys().isdisjoint(head.outputs):
                named[head.outputs[0]] = for_all
    unnamed = [name for name in named if name not in program.source.outputs]
    if unnamed:
        message = f"found a readout of {unnamed[0]}, of which no output is made alone"
        raise fail("BSC2507", message, at=Span("plan"))
    return named


def _train(program: Program) -> TrainSection:
    plan = program.plan
    online = plan.rule is Rule.ONLINE
    return TrainSection(
        rule=str(plan.rule),
        batch=None if online else plan.batch,
        threshold=None if online or plan.rule in (Rule.SGD, Rule.HP) else plan.threshold,
        pulses=None if plan.pulses == 1 else plan.pulses,
        eta=plan.eta if plan.rule in (Rule.SGD, Rule.HP) else None,
        refresh_every=plan.refresh_every or None,
        weights=program.options.weights,
        readouts=_readouts(program),
        layers=_layers(program),
    )


def _layers(program: Program) -> dict[str, LayerOverride]:
    """What is different for each array.

    In the text a name speaks of all layers inside it too, as `enc` of `enc.out`; a program's plan
    speaks of each alone. What layers inside would wrongly take over is written for them anew.
    """
    plan = program.plan
    arrays = [array.name for array in program.arrays]
    layers: dict[str, LayerOverride] = {}
    for name in sorted(arrays, key=lambda name: name.count(".")):
        own, above = _override(plan.layer(name)), LayerOverride()
        parts = name.split(".")
        for length in range(1, len(parts)):  # the longer name wins
            above = _over(layers.get(".".join(parts[:length]), LayerOverride()), above)
        if above.device is not None and own.device is None:
            own = replace(own, device=_own_device(program, name))
        usual = LayerOverride(
            frozen=False if above.frozen else None,
            threshold=None if above.threshold is None else plan.threshold,
            pulses=None if above.pulses is None else plan.pulses,
        )
        layers[name] = _over(own, usual)
    return {name: layers[name] for name in arrays}


def _over(override: LayerOverride, below: LayerOverride) -> LayerOverride:
    """An override, and the other where it says nothing."""
    said = {f.name: getattr(override, f.name) for f in fields(override)}
    return replace(below, **{name: value for name, value in said.items() if value is not None})


def _override(plan: LayerPlan) -> LayerOverride:
    if plan.device is not None and not plan.device_of:
        raise fail(
            "BSC2507",
            f"found a device of layer {plan.name} that no target is named after",
            at=Span("plan"),
        )
    return LayerOverride(plan.frozen or None, plan.device_of or None, plan.threshold, plan.pulses)


def _own_device(program: Program, layer: str) -> str:
    """What the text calls the program's own device, for a layer inside one that has another."""
    target = program.target
    if target.name in names() and resolve(target.name).device == target.device:
        return target.name
    raise fail(
        "BSC2507",
        f"found layer {layer} inside one with a device of its own, and no name for the target's",
        at=Span("plan"),
    )

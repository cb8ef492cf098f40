"""A program as text of the language: the model inside it, its plan, its target."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from bsc.backend.dsl import export_bsc
from bsc.backend.dsl_tensors import tensor_bytes
from bsc.diag import DiagnosticError, Span, fail
from bsc.frontend.dsl.meaning.sections import LayerOverride, TargetSection, TrainSection
from bsc.hw.plan import LayerPlan, Rule
from bsc.hw.registry import DEFAULT_TARGET, names, names_file, resolve
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


def program_as_bsc(
    program: Program, text: Path, weights_file: str, found_in: Sequence[Path] = ()
) -> Exported:
    """The model of a program as it came in, folded, with the plan and target it was compiled for.

    Weights are the model's, not those of trained cells.

    Args:
        program: a compiled program.
        text: where the text will be.
        weights_file: what the text calls the file of its tensors.
        found_in: folders beside the text's own in which a layer's device is looked for, where it
            is that of a target's file.

    Raises:
        DiagnosticError: BSC2507, the language has no words for something in it.
    """
    ranges = {
        spec.name: (spec.low[0], spec.high[0])
        for spec in program.inputs
        if spec.declared and not _by_element(spec)
    }
    written, tensors = export_bsc(
        program.source,
        ranges=ranges,
        train=_train(program, (text.parent, *found_in)),
        target=_target(program.target),
        weights_file=weights_file,
    )
    return Exported(written, tensor_bytes(tensors, text), tuple(_notes(program)))


def _by_element(spec: InputSpec) -> bool:
    return max(len(spec.low), len(spec.high)) > 1


def _notes(program: Program) -> Iterator[str]:
    if program.state is not None and program.state.samples:
        # What `hp` learns becomes weights of the model; others leave theirs as they were.
        cells = "" if program.plan.rule is Rule.HP else "trained cells are not in the text; "
        yield f"{cells}epochs and seed in it are those that the program was compiled with, if any"
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
        raise _refused(f"a readout of {unnamed[0]}, of which no output is made alone")
    return named


def _train(program: Program, folders: Sequence[Path]) -> TrainSection:
    plan = program.plan
    online = plan.rule is Rule.ONLINE
    return TrainSection(
        rule=str(plan.rule),
        batch=None if online else plan.batch,
        threshold=None if online or plan.rule in (Rule.SGD, Rule.HP) else plan.threshold,
        pulses=None if plan.pulses == 1 else plan.pulses,
        eta=plan.eta if plan.rule in (Rule.SGD, Rule.HP) else None,
        refresh_every=plan.refresh_every or None,
        epochs=program.options.epochs,
        seed=program.options.seed,
        weights=program.options.weights,
        readouts=_readouts(program),
        layers=_layers(program, folders),
    )


def _layers(program: Program, folders: Sequence[Path]) -> dict[str, LayerOverride]:
    """What is different for each array.

    In the text a name speaks of all layers inside it too, as `enc` of `enc.out`; a program's plan
    speaks of each alone. What layers inside would wrongly take over is written for them anew.
    """
    plan = program.plan
    arrays = [array.name for array in program.arrays]
    layers: dict[str, LayerOverride] = {}
    for name in sorted(arrays, key=lambda name: name.count(".")):
        own, above = _override(plan.layer(name), folders), LayerOverride()
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


def _override(plan: LayerPlan, folders: Sequence[Path]) -> LayerOverride:
    device = None if plan.device is None else _device(plan, folders)
    return LayerOverride(plan.frozen or None, device, plan.threshold, plan.pulses)


def _device(plan: LayerPlan, folders: Sequence[Path]) -> str:
    """What a text in the first of the folders calls the device of a layer."""
    if not plan.device_of:
        raise _refused(f"a device of layer {plan.name} that no target is named after")
    for folder in folders:
        try:
            found = resolve(plan.device_of, folder)
        except DiagnosticError:
            continue
        if found.device != plan.device:
            continue
        if not names_file(plan.device_of) or Path(plan.device_of).is_absolute():
            return plan.device_of
        beside = Path(os.path.relpath(folder / plan.device_of, folders[0])).as_posix()
        return beside if names_file(beside) else f"./{beside}"
    raise _refused(
        f"a device of layer {plan.name}, from {plan.device_of}, that no target of this name has",
        help="put the target's file, as it was, beside the text"
        if names_file(plan.device_of)
        else None,
    )


def _refused(what: str, help: str | None = None) -> DiagnosticError:
    return fail("BSC2507", f"found {what}", at=Span("plan"), help=help)


def _own_device(program: Program, layer: str) -> str:
    """What the text calls the program's own device, for a layer inside one that has another."""
    target = program.target
    if target.name in names() and resolve(target.name).device == target.device:
        return target.name
    raise _refused(
        f"layer {layer} inside one with a device of its own, and no name for the target's"
    )

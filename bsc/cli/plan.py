"""From the PLAN options to a target, a train plan and compiler options.

A flag wins over what a program was compiled with, which wins over the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bsc.cli.options import parse_pairs, parse_ranges

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.hw.spec import TargetSpec
    from bsc.models import SourceModel
    from bsc.plans import PlanOptions
    from bsc.program.model import Program

_NUMBERS = ("batch", "threshold", "pulses", "eta", "refresh_every")
_MODEL_ONLY = {"calibrate": "--calibrate", "input_range": "--input-range"}


def typed(**options: Any) -> dict[str, Any]:
    """The options that the user typed: those that are not None."""
    return {name: value for name, value in options.items() if value is not None}


def for_model(source: SourceModel, options: Mapping[str, Any], output: Output) -> dict[str, Any]:
    """Arguments of `bsc.driver.compile_model`: what was typed over what the model says itself.

    Args:
        source: the model.
        options: typed options by their names.
        output: hears that calibration takes its time.
    """
    model = replace(source, plan=_freed(source.plan, options))
    arguments: dict[str, Any] = {"model": model, "plan": _asked(options)}
    if options.keys() & {"target", "noise_bits", "cores"}:
        from bsc.hw.registry import DEFAULT_TARGET

        own = source.target or DEFAULT_TARGET
        arguments["target"] = _target(options.get("target", own), options)
    for name in ("weights", "backend"):
        if name in options:
            arguments[name] = options[name]
    if "input_range" in options:
        arguments["input_range"] = parse_ranges(options["input_range"])
    if "calibrate" in options:
        from bsc_runtime import load_data
        from bsc_runtime.data import calibration_values, find_inputs

        output.progress(f"calibrating on {options['calibrate']}")
        data = load_data(options["calibrate"])
        graph = source.graph
        shapes = {name: tuple(int(n) for n in graph.types[name].shape[1:]) for name in graph.inputs}
        ranges = arguments.get("input_range", source.ranges)
        arguments["calibrate"] = {
            name: calibration_values(
                data.arrays[array], ranges.get(name) if isinstance(ranges, Mapping) else ranges
            )
            for name, array in find_inputs(data, shapes, graph.outputs).items()
        }
    return arguments


def for_program(program: Program, options: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `bsc.driver.recompile`; empty where the program is as the options want it.

    Raises:
        DiagnosticError: BSC7009 for options that only a model has, BSC3023 for an array to be
            frozen that is not there.
    """
    from bsc.diag import fail
    from bsc.plans import PlanOptions, of_places

    for name, flag in _MODEL_ONLY.items():
        if name in options:
            raise fail(
                "BSC7009",
                f"{flag} is decided when a model is compiled, and this is a program",
                help=f"bsc compile MODEL {flag} ... -o OUT.bsp",
            )
    arguments: dict[str, Any] = {}
    if options.keys() & {"target", "noise_bits", "cores"}:
        target = _target(options.get("target", program.target), options)
        if target != program.target:
            arguments["target"] = target
    asked = _asked(options)
    places: dict[str, list[str]] = {array.name: [] for array in program.arrays}
    for read in program.reads:
        places[program.arrays[read.array].name].append(read.name)
    asked = replace(asked, layers=of_places(asked.layers, places))
    plan = asked.over(_freed(PlanOptions.of(program.plan), options)).plan()
    if plan != program.plan:
        arguments["plan"] = plan
    if "weights" in options:
        arguments["weights"] = options["weights"]
    if options.get("backend", program.options.backend) != program.options.backend:
        arguments["backend"] = options["backend"]
    return arguments


def warn(program: Program, output: Output, source: SourceModel | None = None) -> None:
    """Pass on what the compiler remarked, and say where the rule does not learn on the target.

    Args:
        program: as it was compiled or loaded.
        output: hears it.
        source: the model, where it was compiled just now: it has places and help of its notes.
    """
    from bsc.diag import Diagnostic, Severity
    from bsc.driver import remark_of
    from bsc.hw.papercuts import unfit

    notes = source.told(program.options.weights) if source is not None else ()
    for each in notes:
        output.say(each)
    said = {remark_of(each) for each in notes}
    for remark in program.remarks:
        if remark in said:
            continue
        warning = remark.removeprefix("warning: ")
        note = remark.removeprefix("note: ")
        if warning != remark:
            output.say(Diagnostic("BSC3000", warning, Severity.WARNING))
        elif note != remark:
            output.say(Diagnostic("BSC3000", note, Severity.NOTE))
        else:
            output.remark(remark)
    reason = unfit(program.target, program.plan.rule)
    if reason is not None and program.training:
        output.say(reason)


def _asked(options: Mapping[str, Any]) -> PlanOptions:
    """What was typed of a plan; `--freeze none` is about what is below it (`_freed`)."""
    from bsc.plans import LayerOptions, PlanOptions

    names = dict.fromkeys(options.get("freeze", []))
    return PlanOptions(
        options.get("rule"),
        **{name: options.get(name) for name in _NUMBERS},
        readouts=parse_pairs(options.get("readout", []), "[OUTPUT=]READOUT", "*"),
        layers={name: LayerOptions(frozen=True) for name in names if name != "none"},
    )


def _freed(below: PlanOptions, options: Mapping[str, Any]) -> PlanOptions:
    """A plan below the typed one; `--freeze none` frees what it froze, other names add to that."""
    if "none" not in options.get("freeze", []):
        return below
    layers = {name: replace(each, frozen=None) for name, each in below.layers.items()}
    return replace(below, layers=layers)


def _target(name: str | TargetSpec, options: Mapping[str, Any]) -> TargetSpec:
    """The chip, with what other options change of it."""
    from bsc.hw.registry import resolve
    from bsc.hw.spec import TargetSpec

    spec = name if isinstance(name, TargetSpec) else resolve(name)
    if "noise_bits" in options:
        periphery = spec.periphery.model_copy(update={"noise_bits": options["noise_bits"]})
        spec = spec.model_copy(update={"periphery": periphery})
    if "cores" in options:
        chip = spec.chip.model_copy(update={"cores": options["cores"]})
        spec = spec.model_copy(update={"chip": chip})
    return spec

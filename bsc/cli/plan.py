"""From the PLAN options to a target, a train plan and compiler options.

A flag wins over what a program was compiled with, which wins over the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bsc.cli.options import parse_range

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.hw.plan import TrainPlan
    from bsc.hw.spec import TargetSpec
    from bsc.program.model import Program

DEFAULT_TARGET = "oxram-128"

_NUMBERS = ("batch", "threshold", "pulses", "eta", "refresh_every")
_MODEL_ONLY = {"calibrate": "--calibrate", "input_range": "--input-range"}


def typed(**options: Any) -> dict[str, Any]:
    """The options that the user typed: those that are not None."""
    return {name: value for name, value in options.items() if value is not None}


def for_model(options: Mapping[str, Any], output: Output) -> dict[str, Any]:
    """Arguments of `bsc.driver.compile_model`.

    Args:
        options: typed options by their names.
        output: hears that calibration takes its time.
    """
    from bsc.plans import plan_for

    arguments: dict[str, Any] = {
        "target": _target(options.get("target", DEFAULT_TARGET), options),
        "plan": plan_for(
            options.get("rule", "carry"), **{k: options[k] for k in _NUMBERS if k in options}
        ),
    }
    for name in ("weights", "backend"):
        if name in options:
            arguments[name] = options[name]
    if "input_range" in options:
        arguments["input_range"] = parse_range(options["input_range"])
    if "calibrate" in options:
        from bsc_runtime import load_data
        from bsc_runtime.data import calibration_values

        output.progress(f"calibrating on {options['calibrate']}")
        x = load_data(options["calibrate"]).x
        arguments["calibrate"] = calibration_values(x, arguments.get("input_range"))
    return arguments


def for_program(program: Program, options: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `bsc.driver.recompile`; empty where the program is as the options want it.

    Raises:
        DiagnosticError: BSC7009 for options that only a model has.
    """
    from bsc.diag import fail

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
    plan = _plan_over(program.plan, options)
    if plan != program.plan:
        arguments["plan"] = plan
    if "weights" in options:
        arguments["weights"] = options["weights"]
    if options.get("backend", program.options.backend) != program.options.backend:
        arguments["backend"] = options["backend"]
    return arguments


def warn(program: Program, output: Output) -> None:
    """Pass on what the compiler remarked, and say where the rule does not learn on the target."""
    from bsc.diag import Diagnostic, Severity
    from bsc.hw.papercuts import unfit

    for remark in program.remarks:
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


def _plan_over(plan: TrainPlan, options: Mapping[str, Any]) -> TrainPlan:
    from bsc.hw.plan import Rule
    from bsc.plans import plan_for

    rule = options.get("rule", plan.rule.value)
    numbers = {k: options[k] for k in _NUMBERS if k in options}
    if rule == plan.rule.value:
        below = {"batch": plan.batch, "threshold": plan.threshold}
        below |= {"pulses": plan.pulses, "refresh_every": plan.refresh_every}
        if plan.rule in (Rule.SGD, Rule.HP):
            numbers = {"eta": plan.eta} | numbers
        numbers = below | numbers
    return plan_for(rule, **numbers)


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

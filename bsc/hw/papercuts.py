"""What is legal in a target but surely not meant."""

from __future__ import annotations

import numpy as np

from bsc.diag import Diagnostic, Label, Severity, Span, did_you_mean
from bsc.hw.device import initial_codes, pulse_tables, reference_codes
from bsc.hw.plan import Rule
from bsc.hw.spec import DeviceSpec, MeasuredPulse, TargetSpec
from bsc.numerics.state import CODE_MAX, CellStyle

_COARSE = CODE_MAX / 3
"""A step larger than this many codes is surely a wrong unit; real curved devices reach 18 %."""

_FINE = CODE_MAX / 10_000
"""A measured step below this many codes is surely a wrong unit: rules learn with 16 to 1,000."""


def papercuts(spec: TargetSpec, source: str) -> tuple[Diagnostic, ...]:
    """Warnings about a target; `source` is the name or file that the user gave."""
    found = [*_start(spec), *_pulses(spec), *_rules(spec)]
    return tuple(
        Diagnostic("BSC4011", text, Severity.WARNING, (Label(Span(source, path=path)),), help)
        for path, text, help in found
    )


def unfit(spec: TargetSpec, rule: Rule) -> Diagnostic | None:
    """The warning that a rule does not learn on a target; None where nothing speaks against it."""
    reason = spec.training.unfit.get(rule.value)
    if reason is None:
        return None
    return Diagnostic(
        "BSC4010",
        f"rule {rule.value} does not learn on {spec.name}: {reason}",
        Severity.WARNING,
        help=f"rules that learn here: {', '.join(spec.training.rules)}",
    )


_Found = list[tuple[str, str, str | None]]


def _start(spec: TargetSpec) -> _Found:
    found: _Found = []
    device = spec.device
    mean, sd = initial_codes(device)
    reference = reference_codes(device)
    if reference is not None and abs(mean - reference[0]) > max(sd, CODE_MAX / 100):
        found.append(
            (
                "device.initial",
                f"cells start at code {mean:.0f} but references at {reference[0]:.0f}: all weights "
                "begin with the same sign",
                None,
            )
        )
    if device.style is CellStyle.PAIR_DOWN and mean < CODE_MAX / 2:
        found.append(
            (
                "device.initial",
                "pulses only lower a cell, and more than half is gone at the start",
                None,
            )
        )
    if device.style is CellStyle.PAIR_UP and mean > CODE_MAX / 2:
        found.append(
            (
                "device.initial",
                "pulses only raise a cell, and more than half is gone at the start",
                None,
            )
        )
    if sd == 0:
        found.append(
            (
                "device.initial",
                "all cells start equal, so neurons of a layer differ by their draws alone",
                "give sd_codes or sd_siemens; 5 % of the range is usual",
            )
        )
    return found


def _pulses(spec: TargetSpec) -> _Found:
    found: _Found = []
    made = pulse_tables(spec.device)
    for way, key in (("up", "potentiation"), ("down", "depression")):
        step = made.get(f"step_{way}")
        if step is None:
            continue
        largest = float(np.abs(step).max()) / 256
        if largest > _COARSE:
            found.append(
                (
                    f"device.{key}",
                    f"one pulse moves a cell by up to {largest:.0f} codes, "
                    f"{100 * largest / CODE_MAX:.0f} % of its range",
                    "check the unit: dg_siemens is the change by one pulse, in siemens",
                )
            )
        pulse = getattr(spec.device, key)
        if isinstance(pulse, MeasuredPulse) and _misplaced(pulse, spec.device):
            found.append(
                (
                    f"device.{key}.g_siemens",
                    f"the table reaches from {pulse.g_siemens[0]:g} to {pulse.g_siemens[-1]:g} S, "
                    f"the device from {spec.device.g_min_siemens:g} to "
                    f"{spec.device.g_max_siemens:g} S: they share less than half of that range",
                    "check the unit: g_siemens are conductances, in siemens",
                )
            )
        if isinstance(pulse, MeasuredPulse) and 0 < largest < _FINE:
            found.append(
                (
                    f"device.{key}.dg_siemens",
                    f"one pulse moves a cell by at most {largest:.2g} codes: more than "
                    f"{CODE_MAX / largest:.0f} pulses over the range, too many to learn with",
                    "check the unit: dg_siemens is the change by one pulse, in siemens",
                )
            )
        if not np.any(step):
            found.append((f"device.{key}", "no pulse moves any cell by 1/256 code or more", None))
    return found


def _misplaced(pulse: MeasuredPulse, device: DeviceSpec) -> bool:
    """Whether a measured table covers less than half of the device's range."""
    low = max(pulse.g_siemens[0], device.g_min_siemens)
    high = min(pulse.g_siemens[-1], device.g_max_siemens)
    return high - low < (device.g_max_siemens - device.g_min_siemens) / 2


def _rules(spec: TargetSpec) -> _Found:
    found: _Found = []
    known = [rule.value for rule in Rule]
    for rule in spec.training.unfit:
        if rule not in known:
            help = did_you_mean(rule, known, "rules")
            found.append((f"training.unfit.{rule}", f"there is no rule {rule}", help))
        if rule in spec.training.rules:
            found.append((f"training.unfit.{rule}", f"{rule} is listed as fit and as unfit", None))
    return found

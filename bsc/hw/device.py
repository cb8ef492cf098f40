"""From a device's physics to codes: start values, pulse tables, siemens."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.hw.spec import (
    DeviceSpec,
    ExponentialPulse,
    LinearPulse,
    MeasuredPulse,
    Pulse,
    Spread,
)
from bsc.numerics import tables
from bsc.numerics.errors import NumericsError
from bsc.numerics.state import CODE_MAX, CellStyle

Int32Array = npt.NDArray[np.int32]


def siemens(codes: npt.NDArray[Any], device: DeviceSpec) -> npt.NDArray[np.float64]:
    """Conductances in siemens of codes in 0..16383, of the same shape."""
    span = device.g_max_siemens - device.g_min_siemens
    return device.g_min_siemens + codes.astype(np.float64) * (span / CODE_MAX)


def initial_codes(device: DeviceSpec) -> tuple[float, float]:
    """Mean and standard deviation, in codes, of a cell before training."""
    return _in_codes(device.initial, device)


def reference_codes(device: DeviceSpec) -> tuple[float, float] | None:
    """Mean and standard deviation, in codes, of the reference cells; None for pairs."""
    return None if device.reference is None else _in_codes(device.reference, device)


def pulse_tables(device: DeviceSpec) -> dict[str, Int32Array]:
    """What pulses do to a cell, as tables (docs/semantics.md, section 6).

    Returns:
        `step_up`, `step_down`: signed mean change in 1/256 code for each code, int32 [16384], where
        the style uses such a pulse; `noise_up`, `noise_down`: factors in 1/256 for each u12, int32
        [4096], where a pulse needs a draw: not where gamma is 0 and all steps are whole codes.

    Raises:
        DiagnosticError: BSC4006 where a pulse moves a cell by more than its whole range.
    """
    made: dict[str, Int32Array] = {}
    for way, pulse in (("up", device.potentiation), ("down", device.depression)):
        unused = CellStyle.PAIR_DOWN if way == "up" else CellStyle.PAIR_UP
        if pulse is None or device.style is unused:
            continue
        try:
            step = _step(pulse, device, up=way == "up")
        except NumericsError as error:
            raise fail(
                "BSC4006",
                f"device {device.name}, pulse {way}: {error}",
                help="check pulses and curvature, or the measured table",
            ) from error
        made[f"step_{way}"] = step
        if pulse.gamma > 0 or np.any(step & 0xFF):
            made[f"noise_{way}"] = tables.noise(pulse.gamma)
    return made


def _step(pulse: Pulse, device: DeviceSpec, *, up: bool) -> Int32Array:
    match pulse:
        case ExponentialPulse():
            return tables.exponential_step(pulse.curvature, pulse.pulses, up)
        case LinearPulse():
            return tables.linear_step(pulse.step_codes, up)
        case MeasuredPulse():
            return tables.measured_step(
                pulse.g_siemens,
                pulse.dg_siemens,
                device.g_min_siemens,
                device.g_max_siemens,
                up,
            )
        case _:
            assert_never(pulse)


def _in_codes(spread: Spread, device: DeviceSpec) -> tuple[float, float]:
    if spread.mean_codes is not None and spread.sd_codes is not None:
        return spread.mean_codes, spread.sd_codes
    if spread.mean_siemens is None or spread.sd_siemens is None:
        raise ValueError("a spread has codes or siemens")  # the spec's validator saw to it
    codes_per_siemens = CODE_MAX / (device.g_max_siemens - device.g_min_siemens)
    mean = (spread.mean_siemens - device.g_min_siemens) * codes_per_siemens
    return mean, spread.sd_siemens * codes_per_siemens


def weight_limit(device: DeviceSpec) -> int:
    """Largest weight code of `--weights keep`: a pair spans twice what a reference leaves."""
    return CODE_MAX // 2 if device.style is CellStyle.REFERENCE else CODE_MAX

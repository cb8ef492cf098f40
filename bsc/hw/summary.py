"""A target as a person wants to read it: numbers with units, and what they come to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bsc.hw.device import initial_codes, pulse_tables, reference_codes, siemens
from bsc.hw.spec import TargetSpec
from bsc.numerics.state import CODE_MAX

Rows = list[tuple[str, str, str]]

_WALK = 100_000
"""Pulses after which a walk over the range is given up."""


def summary(spec: TargetSpec) -> dict[str, Rows]:
    """Tables of a target by heading: (what, value, remark)."""
    return {"chip": _chip(spec), "device": _device(spec), "pulses": _pulses(spec)}


def pulses_over_range(step: npt.NDArray[np.int32]) -> int | None:
    """Mean pulses from one end of the range to within 1 % of the other; None where none gets there.

    Args:
        step: signed mean change in 1/256 code for each code, int32 [16384].
    """
    up = int(step.sum()) > 0
    code = 0.0 if up else float(CODE_MAX)
    goal = 0.99 * CODE_MAX if up else 0.01 * CODE_MAX
    for count in range(1, _WALK):
        change = float(step[round(code)]) / 256
        code = min(max(code + change, 0.0), float(CODE_MAX))
        if code >= goal if up else code <= goal:
            return count
        if abs(change) < 1 / 256:
            return None
    return None


def quantity(value: float, unit: str) -> str:
    """A number with an SI prefix, such as `237.5 uS`."""
    for factor, prefix in (
        (1e9, "G"),
        (1e6, "M"),
        (1e3, "k"),
        (1.0, ""),
        (1e-3, "m"),
        (1e-6, "u"),
        (1e-9, "n"),
        (1e-12, "p"),
    ):
        if abs(value) >= factor:
            return f"{value / factor:.4g} {prefix}{unit}"
    return f"{value:.4g} {unit}"


def _chip(spec: TargetSpec) -> Rows:
    exact = "exact: results do not depend on the tile size"
    return [
        ("name", spec.name, spec.description),
        ("tile", f"{spec.array.rows} x {spec.array.columns}", "word lines x bit lines"),
        ("partial sums", spec.periphery.partial_sums, exact),
        ("noise bits", str(spec.periphery.noise_bits), "of a comparator's random threshold"),
        ("cores", str(spec.chip.cores), "of the instruction set, docs/isa.md"),
        ("clock", quantity(spec.chip.clock_hertz, "Hz"), ""),
        ("rules", ", ".join(spec.training.rules), "seen to learn"),
    ]


def _device(spec: TargetSpec) -> Rows:
    device = spec.device
    rows = [
        ("name", device.name, device.source),
        ("cells of a weight", str(device.style), ""),
        ("Gmin", quantity(device.g_min_siemens, "S"), "code 0"),
        ("Gmax", quantity(device.g_max_siemens, "S"), f"code {CODE_MAX}"),
        ("read voltage", quantity(device.v_read_volt, "V"), ""),
    ]
    starts = (("start", initial_codes(device)), ("references", reference_codes(device)))
    for what, start in starts:
        if start is not None:
            mean, sd = start
            g_mean = float(siemens(np.array(mean), device))
            g_sd = sd * (device.g_max_siemens - device.g_min_siemens) / CODE_MAX
            text = f"{quantity(g_mean, 'S')} +- {quantity(g_sd, 'S')}"
            rows.append((what, text, f"codes {mean:.0f} +- {sd:.0f}"))
    return rows


def _pulses(spec: TargetSpec) -> Rows:
    made = pulse_tables(spec.device)
    rows: Rows = []
    for way, pulse in (("up", spec.device.potentiation), ("down", spec.device.depression)):
        step = made.get(f"step_{way}")
        if step is None or pulse is None:
            rows.append((way, "none", "a pair's other cell takes its place"))
            continue
        walk = pulses_over_range(step)
        largest = int(np.abs(step).max()) / 256
        rows.append(
            (
                way,
                f"{pulse.model}, spread {100 * pulse.gamma:.0f} %",
                f"{walk if walk is not None else 'never'} pulses to 99 % of the range, "
                f"largest {largest:.0f} codes ({100 * largest / CODE_MAX:.2g} % of the range)",
            )
        )
    return rows

"""A measured table in a wrong unit is legal, but `bsc targets check` does not call it fine."""

import pytest

from bsc.hw.papercuts import papercuts
from bsc.hw.registry import resolve
from bsc.hw.spec import MeasuredPulse, TargetSpec


def _measured(table: float, step: float) -> TargetSpec:
    """oxram-64 with a table over its range; both factors are 1 where the unit is right."""
    spec = resolve("oxram-64")
    low, high = spec.device.g_min_siemens, spec.device.g_max_siemens
    change = (high - low) / 30 * step
    pulse = MeasuredPulse(
        model="measured", g_siemens=(low * table, high * table), dg_siemens=(change, change)
    )
    device = spec.device.model_copy(update={"potentiation": pulse, "depression": pulse})
    return spec.model_copy(update={"device": device})


@pytest.mark.parametrize(
    ("table", "step", "said"),
    [(1.0, 1.0, ""), (1e6, 1.0, "they share less than half"), (1.0, 1e-3, "too many to learn")],
)
def test_wrong_units_are_said(table: float, step: float, said: str) -> None:
    found = [d.message for d in papercuts(_measured(table, step), "chip.toml")]
    assert bool(found) == bool(said)
    assert all(said in message for message in found)

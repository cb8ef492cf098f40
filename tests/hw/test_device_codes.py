"""From siemens to codes: the start values and pulse tables of docs/semantics.md, section 6."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bsc.diag import DiagnosticError
from bsc.hw.device import initial_codes, pulse_tables, reference_codes, siemens
from bsc.hw.papercuts import papercuts, unfit
from bsc.hw.plan import Rule
from bsc.hw.registry import names, resolve
from bsc.hw.spec import DeviceSpec, ExponentialPulse
from bsc.hw.summary import pulses_over_range, quantity, summary
from bsc_runtime.samples import samples_folder


@pytest.mark.parametrize(
    ("target", "start", "reference"),
    [
        # 16383 (237.5 - 20) / 230 and 16383 * 12.5 / 230
        ("oxram-128", (15492.619565217392, 890.3804347826087), None),
        ("ideal-128", (8191.5, 819.0), (8191.5, 0.0)),
        ("ecram-128", (8191.5, 819.15), (8191.5, 0.0)),
        ("ecram-paper", (8191.5, 1638.3), (8191.5, 1638.3)),
        ("pcmo-paper", (8191.5, 1277.874), (8191.5, 1277.874)),
        ("pcm-128", (0.0, 1638.3), None),
    ],
)
def test_start_values_in_codes(
    target: str, start: tuple[float, float], reference: tuple[float, float] | None
) -> None:
    device = resolve(target).device
    # m and s of the contract are RN(256 x codes): they must be those of the exact fraction
    assert [round(256 * v) for v in initial_codes(device)] == [round(256 * v) for v in start]
    got = reference_codes(device)
    assert (got is None) == (reference is None)
    if got is not None and reference is not None:
        assert [round(256 * v) for v in got] == [round(256 * v) for v in reference]


def test_which_tables_a_device_has() -> None:
    assert sorted(pulse_tables(resolve("oxram-128").device)) == ["noise_down", "step_down"]
    assert sorted(pulse_tables(resolve("pcm-128").device)) == ["noise_up", "step_up"]
    assert sorted(pulse_tables(resolve("ideal-128").device)) == ["step_down", "step_up"]
    assert sorted(pulse_tables(resolve("ecram-128").device)) == [
        "noise_down",
        "noise_up",
        "step_down",
        "step_up",
    ]


def test_a_device_without_spread_still_draws_where_its_steps_are_fractions_of_a_code() -> None:
    device = resolve("ecram-128").device
    pulse = ExponentialPulse(model="exponential", pulses=55, curvature=0.5)
    smooth = device.model_copy(update={"potentiation": pulse, "depression": pulse})
    made = pulse_tables(smooth)
    assert set(made["noise_up"].tolist()) == {256}


@pytest.mark.parametrize("target", ["ecram-128", "pcmo-128", "oxram-128", "pcm-128"])
def test_steps_are_the_published_fit(target: str) -> None:
    """Each entry against the formula of the papers, in conductance, with the standard library."""
    device = resolve(target).device
    made = pulse_tables(device)
    span = device.g_max_siemens - device.g_min_siemens
    for key, pulse in (("step_up", device.potentiation), ("step_down", device.depression)):
        if key not in made or not isinstance(pulse, ExponentialPulse):
            continue
        a, n = pulse.curvature, pulse.pulses
        for code in (0, 1, 5000, 8191, 12000, 16382, 16383):
            g = device.g_min_siemens + code * span / 16383
            rise, fall = g - device.g_min_siemens, device.g_max_siemens - g
            way = rise if key == "step_up" else fall
            change = (span / (1 - math.exp(-a)) - way) * (1 - math.exp(-a / n))
            codes = (1 if key == "step_up" else -1) * change * 16383 / span
            # the formula in another order of operations: equal but for ties, hence 1/256 code
            assert abs(int(made[key][code]) - 256 * codes) <= 0.5 + 1e-6


def test_siemens_of_the_end_codes_are_the_ends_of_the_range() -> None:
    device = resolve("oxram-128").device
    got = siemens(np.array([0, 16383]), device)
    assert got[0] == 20e-6
    assert got[1] == pytest.approx(250e-6, rel=1e-15)


def test_a_pulse_larger_than_the_range_is_refused() -> None:
    device = resolve("ecram-128").device
    pulse = ExponentialPulse(model="exponential", pulses=0.5, curvature=0.01)
    wild: DeviceSpec = device.model_copy(update={"potentiation": pulse})
    with pytest.raises(DiagnosticError) as caught:
        pulse_tables(wild)
    assert [d.code for d in caught.value.diagnostics] == ["BSC4006"]


def test_pulses_that_cross_the_range() -> None:
    made = pulse_tables(resolve("ideal-128").device)
    assert pulses_over_range(made["step_up"]) == 16
    assert pulses_over_range(made["step_down"]) == 16
    assert pulses_over_range(np.zeros(16384, np.int32)) is None


def test_no_built_in_target_has_papercuts_and_every_one_has_a_summary() -> None:
    for name in names():
        spec = resolve(name)
        assert papercuts(spec, name) == ()
        assert {"chip", "device", "pulses"} == set(summary(spec))


def test_the_sample_device_is_fine() -> None:
    path = samples_folder() / "my_device.toml"
    assert papercuts(resolve(path), str(path)) == ()


def test_papercuts_are_found() -> None:
    spec = resolve("my-device" if "my-device" in names() else samples_folder() / "my_device.toml")
    device = spec.device
    shifted = device.initial.model_copy(update={"mean_siemens": 5e-6, "sd_siemens": 0.0})
    training = spec.training.model_copy(update={"unfit": {"onlin": "x", "carry": "y"}})
    strange = spec.model_copy(
        update={"device": device.model_copy(update={"initial": shifted}), "training": training}
    )
    places = [w.labels[0].span.path for w in papercuts(strange, "t.toml")]
    assert places == [
        "device.initial",
        "device.initial",
        "training.unfit.onlin",
        "training.unfit.carry",
    ]


def test_the_warning_of_an_unfit_rule_has_the_reason() -> None:
    warning = unfit(resolve("oxram-128"), Rule.ONLINE)
    assert warning is not None
    assert warning.code == "BSC4010"
    assert "13 %" in warning.message
    assert unfit(resolve("oxram-128"), Rule.CARRY) is None
    assert unfit(resolve("ideal-fine-128"), Rule.ONLINE) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(237.5e-6, "237.5 uS"), (3e-9, "3 nS"), (0.0022, "2.2 mS"), (0.0, "0 S"), (1e-15, "1e-15 S")],
)
def test_quantities_have_prefixes(value: float, text: str) -> None:
    assert quantity(value, "S") == text

"""Integer tables: exact values, symmetries, distance from a tie, hashes of section 5."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.special import ndtri

from bsc.numerics import tables
from bsc.numerics.errors import NumericsError

EXPECTED = {
    "gaussian": "c2694dd2dad7ad18",
    "softmax": "d4fed58ec38b4f52",
    "neuron": "2bd9c3d241109eed",
    "low": "d4797000bed54a67",
    "high": "8e814301aeb2730c",
    "pixels": "ef7ad69a755ca2d5",
}


def _hash(table: np.ndarray) -> str:
    return hashlib.sha256(table.astype("<i8").tobytes()).hexdigest()[:16]


def test_hashes_of_the_default_tables() -> None:
    low, high = tables.derivative("logistic", (4.0,), 16383)
    found = {
        "gaussian": _hash(tables.gaussian()),
        "softmax": _hash(tables.softmax()),
        "neuron": _hash(tables.neuron("logistic", (4.0,), 16383)),
        "low": _hash(low),
        "high": _hash(high),
        "pixels": _hash(tables.pixel_levels()),
    }
    assert found == EXPECTED


def test_gaussian_agrees_with_scipy_and_is_far_from_ties() -> None:
    exact = 256 * ndtri((2 * np.arange(4096) + 1) / 8192)
    assert np.array_equal(tables.gaussian(), np.rint(exact))
    # No entry is so near a half that another double precision inverse could round it elsewhere.
    assert np.abs(np.abs(exact - np.floor(exact)) - 0.5).min() > 1e-9
    assert np.array_equal(tables.gaussian(), -tables.gaussian()[::-1])


def test_shared_table_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        tables.gaussian()[0] = 0


def test_softmax_table_is_far_from_ties() -> None:
    exact = [65536 * math.exp(-k / 256) for k in range(4096)]
    assert min(abs(x - math.floor(x) - 0.5) for x in exact) > 1e-9
    assert tables.softmax()[0] == 65536


def test_default_neuron_table_is_far_from_integers() -> None:
    """So T, lo and hi do not depend on how logarithms are computed, in double precision."""
    v = (2 * np.arange(4096) + 1) / 8192
    for scale in (16383, 4096):
        thresholds = scale * np.log(v / (1 - v)) / 4
        widths = scale * (2 * np.log1p(np.sqrt(1 - v)) - np.log(v)) / 4
        for exact in (thresholds, widths):
            assert np.abs(exact - np.rint(exact)).min() > 1e-7


@pytest.mark.parametrize(("curvature", "pulses"), [(0.5, 55), (6, 30), (6, 100), (15, 100)])
def test_steps_of_the_built_in_devices_are_far_from_ties(curvature: float, pulses: float) -> None:
    """So they do not depend on whether exp or expm1 computed them."""
    reach = 16383 / (1 - math.exp(-curvature))
    exact = 256 * (reach - np.arange(16384)) * (1 - math.exp(-curvature / pulses))
    assert np.abs(exact - np.floor(exact) - 0.5).min() > 1e-7
    assert np.array_equal(tables.exponential_step(curvature, pulses, True), np.rint(exact))


def test_noise_is_one_product_in_double_precision() -> None:
    """0.3 x 5 is a tie in doubles (and rounds to 2), though the double 0.3 is below 3/10."""
    tied = tables.gaussian() == 5
    assert set(tables.noise(0.3)[tied]) == {258}


def test_softmax_reciprocal_is_rounded_exactly() -> None:
    assert tables.softmax_reciprocal(16383) == 67112960
    assert tables.softmax_reciprocal(1) == 1 << 40
    for scale in (3, 4096, 12345):
        value = Fraction((1 << 40) * 3, scale * 2)
        assert abs(tables.softmax_reciprocal(scale, gain=1.5) - value) <= Fraction(1, 2)
    for bad in ({"scale": 0}, {"scale": 1, "gain": -1.0}, {"scale": 1, "gain": math.nan}):
        with pytest.raises(NumericsError):
            tables.softmax_reciprocal(**bad)


def test_pixels_and_the_probabilities_they_stand_for_have_the_same_thresholds() -> None:
    """Section 5 has two formulas: one for bytes, one for reals. They agree on x = p / 255."""
    assert np.array_equal(tables.pixel_levels(), tables.real_thresholds(np.arange(256) / 255))


@pytest.mark.parametrize("bad", [-1e-9, 1.0000001, math.nan])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    with pytest.raises(NumericsError):
        tables.real_thresholds(np.array([0.5, bad]))


@pytest.mark.parametrize(
    ("curvature", "pulses"), [(0.5, 55), (6, 30), (6, 100), (15, 100), (20, 100)]
)
def test_pulses_of_a_device_are_mirror_images_and_lose_strength(
    curvature: float, pulses: float
) -> None:
    up = tables.exponential_step(curvature, pulses, True)
    down = tables.exponential_step(curvature, pulses, False)
    assert np.array_equal(up, -down[::-1])
    assert np.all(np.diff(up) <= 0)
    assert up[16383] >= 0


def test_n_pulses_cross_the_range() -> None:
    """The meaning of N in the fit: from Gmin, N mean pulses end at Gmax."""
    for curvature, pulses in [(0.5, 55), (6.0, 100)]:
        step, code = tables.exponential_step(curvature, pulses, True), 0.0
        for _ in range(pulses):
            code += float(np.interp(code, np.arange(16384), step)) / 256
        assert 16383 - 2 < code < 16383 + 2


def test_linear_steps() -> None:
    assert set(tables.linear_step(1024, True)) == {262144}
    assert set(tables.linear_step(1024, False)) == {-262144}


def test_measured_steps_hold_the_points_and_are_constant_outside() -> None:
    unit = 1e-9  # siemens a code
    step = tables.measured_step(
        [1000 * unit, 2000 * unit], [100 * unit, 50 * unit], 0.0, 16383 * unit, True
    )
    assert [int(step[c]) for c in (0, 1000, 1500, 2000, 16383)] == [
        25600,
        25600,
        19200,
        12800,
        12800,
    ]
    down = tables.measured_step(
        [1000 * unit, 2000 * unit], [100 * unit, 50 * unit], 0.0, 16383 * unit, False
    )
    assert np.array_equal(step, -down)


@pytest.mark.parametrize(
    "call",
    [
        lambda: tables.exponential_step(0.0, 10, True),
        lambda: tables.exponential_step(1.0, math.inf, True),
        lambda: tables.linear_step(20000, True),
        lambda: tables.measured_step([1.0], [1.0], 0.0, 1.0, True),
        lambda: tables.measured_step([1.0, 1.0], [1.0, 1.0], 0.0, 1.0, True),
        lambda: tables.measured_step([0.0, 1.0], [-1.0, 1.0], 0.0, 1.0, True),
        lambda: tables.measured_step([0.0, 1.0], [5.0, 1.0], 0.0, 1.0, True),
        lambda: tables.measured_step([0.0, 1.0], [math.nan, 1.0], 0.0, 1.0, True),
        lambda: tables.noise(-0.1),
        lambda: tables.noise(math.nan),
    ],
)
def test_devices_without_meaning_are_refused(call) -> None:
    with pytest.raises(NumericsError):
        call()


def test_noise_may_go_below_zero_and_is_256_without_spread() -> None:
    assert set(tables.noise(0.0)) == {256}
    assert tables.noise(1.0).min() < 0
    assert int(tables.noise(1.0).sum()) == 4096 * 256

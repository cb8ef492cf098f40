"""Neuron functions and their tables: T, lo and hi are what section 5 defines, at any parameters."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsc.numerics import functions, tables
from bsc.numerics.encode import derivative_bits, sample_bits
from bsc.numerics.errors import NumericsError
from bsc.numerics.polyline import Polyline

EVERY_U12 = (np.arange(4096, dtype=np.uint16) << 4)[:, None]

# Multiples of 1/8 hit integers, where rounding would show; the others do not.
numbers = st.one_of(st.integers(1, 40).map(lambda n: n / 8), st.floats(0.05, 5.0, allow_nan=False))
ranges = st.tuples(st.integers(-24, 24).map(lambda n: n / 8), numbers).map(
    lambda r: (r[0], r[0] + r[1])
)
linear_pieces = st.one_of(
    st.just(("relu", ())),
    st.just(("linear", ())),
    st.tuples(st.just("leaky_relu"), st.tuples(st.one_of(st.just(0.0), numbers))),
    st.tuples(st.just("hard_sigmoid"), st.tuples(numbers, numbers)),
    st.tuples(st.just("clip"), ranges),
)
scales = st.integers(1, 16383)


def _exact(function: str, parameters: tuple[float, ...], x: Fraction) -> Fraction:
    """The piecewise linear functions again, from their definitions."""
    p = [Fraction(n) for n in parameters]
    match function:
        case "relu":
            return max(Fraction(0), x)
        case "leaky_relu":
            return x if x >= 0 else p[0] * x
        case "hard_sigmoid":
            return min(max(p[0] * x + p[1], Fraction(0)), Fraction(1))
        case "clip":
            return min(max(x, p[0]), p[1])
        case _:
            return x


@settings(max_examples=150, deadline=None)
@given(linear_pieces, scales, numbers, ranges)
def test_thresholds_of_piecewise_linear_functions_are_exact(
    function: tuple[str, tuple[float, ...]],
    scale: int,
    gain: float,
    low_high: tuple[float, float],
) -> None:
    """T[u] is the last integer with p <= v_u: p(T) <= v_u < p(T + 1), in fractions."""
    low, high = low_high
    table = tables.neuron(*function, scale, gain=gain, low=low, high=high, noise_bits=4)

    def probability(y: int) -> Fraction:
        value = _exact(*function, Fraction(gain) * y / scale)
        return (value - Fraction(low)) / (Fraction(high) - Fraction(low))

    for u, t in enumerate(table.tolist()):
        v = Fraction(2 * u + 1, 32)
        if t == -(2**31):
            assert probability(-(2**31)) > v
        elif t == 2**31 - 1:
            assert probability(2**31 - 1) <= v
        else:
            assert probability(t) <= v < probability(t + 1)


@settings(max_examples=100, deadline=None)
@given(linear_pieces, scales, numbers, ranges)
def test_derivative_intervals_of_piecewise_linear_functions_are_exact(
    function: tuple[str, tuple[float, ...]],
    scale: int,
    gain: float,
    low_high: tuple[float, float],
) -> None:
    """Just inside of (lo, hi) f' exceeds v_u, at lo and hi it does not.

    f' is taken from differences: p is linear within a step that is fine enough, and the
    slope at a point is the smaller one of both sides.
    """
    low, high = low_high
    lo, hi = tables.derivative(*function, scale, gain=gain, low=low, high=high, noise_bits=4)
    fine = Fraction(1, 10**80)  # less than any knot made of doubles can be from an integer

    def slope(y: int) -> Fraction:
        def p(at: Fraction) -> Fraction:
            value = _exact(*function, Fraction(gain) * at / scale)
            value = (value - Fraction(low)) / (Fraction(high) - Fraction(low))
            return min(max(value, Fraction(0)), Fraction(1))

        sides = ((p(y + fine) - p(Fraction(y))) / fine, (p(Fraction(y)) - p(y - fine)) / fine)
        return min(sides) * scale

    for u in range(16):
        v, below, above = Fraction(2 * u + 1, 32), int(lo[u]), int(hi[u])
        if below == above == 0:
            assert slope(0) <= v
            continue
        assert slope(below) <= v
        assert slope(above) <= v
        assert slope(below + 1) > v
        assert slope(above - 1) > v


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["logistic", "tanh"]),
    numbers,
    scales,
    numbers,
    st.one_of(st.just(None), st.tuples(st.floats(-0.9, 0.4), st.floats(0.45, 0.95))),
)
def test_thresholds_of_logistic_functions(
    function: str, a: float, scale: int, gain: float, inner: tuple[float, float] | None
) -> None:
    """p(T) <= v_u < p(T + 1), with 1e-12 of slack for the float p of this test."""
    low, high = inner or ((0.0, 1.0) if function == "logistic" else (-1.0, 1.0))
    shape = {"gain": gain, "low": low, "high": high}
    table = tables.neuron(function, (a,), scale, noise_bits=6, **shape).astype(np.float64)
    assert np.all(np.diff(table) >= 0)
    v = (2 * np.arange(64) + 1) / 128
    at = functions.probability(function, (a,), table / scale, **shape)
    above = functions.probability(function, (a,), (table + 1) / scale, **shape)
    real = (table > -(2**31)) & (table < 2**31 - 1)
    assert np.all(at[real] <= v[real] + 1e-12)
    assert np.all(above[real] > v[real] - 1e-12)


@pytest.mark.parametrize("scale", [4096, 8191, 16383])
def test_logistic_bits_have_the_probabilities_of_f_and_its_derivative(scale: int) -> None:
    """Over all draws, P(z) and P(d) are f and f' to half a step of the noise."""
    y = np.arange(-3 * scale, 3 * scale, 997)
    f = functions.apply("logistic", (4.0,), y / scale)
    t = tables.neuron("logistic", (4.0,), scale)
    lo, hi = tables.derivative("logistic", (4.0,), scale)
    sums = np.broadcast_to(y, (4096, len(y)))
    u16 = np.broadcast_to(EVERY_U12, sums.shape)
    z, d = sample_bits(sums, t, u16, 12), derivative_bits(sums, lo, hi, u16, 12)
    assert np.abs(z.mean(axis=0) - f).max() <= 0.5 / 4096 + 1e-12
    assert np.abs(d.mean(axis=0) - 4 * f * (1 - f)).max() <= 0.5 / 4096 + 1e-12


def test_truncated_relu_is_the_interval_of_the_contract() -> None:
    for function, parameters in [("clip", (0.0, 1.0)), ("relu", ()), ("linear", ())]:
        lo, hi = tables.derivative(function, parameters, 16383)
        assert set(lo) == {0}
        assert set(hi) == {16383}


def test_tanh_is_a_logistic_of_twice_the_factor() -> None:
    plain = tables.neuron("tanh", (1.5,), 9000, low=-1.0)
    assert np.array_equal(plain, tables.neuron("logistic", (3.0,), 9000))
    pairs = zip(
        tables.derivative("tanh", (1.5,), 9000, low=-1.0),
        tables.derivative("logistic", (3.0,), 9000),
        strict=True,
    )
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_gain_is_a_factor_of_the_scale() -> None:
    a = tables.neuron("relu", (), 8000, gain=2.0, high=3.0)
    assert np.array_equal(a, tables.neuron("relu", (), 4000, high=3.0))


def test_sign_is_a_coin_at_zero_and_passes_errors_in_its_window() -> None:
    t = tables.neuron("sign", (), 16383, low=-1.0)
    lo, hi = tables.derivative("sign", (), 16383, low=-1.0)
    sums = np.broadcast_to(np.array([-1, 0, 1]), (4096, 3))
    z = sample_bits(sums, t, np.broadcast_to(EVERY_U12, sums.shape), 12)
    assert z.mean(axis=0).tolist() == [0.0, 0.5, 1.0]
    assert set(lo) == {-16383}
    assert set(hi) == {16383}


def test_a_leaky_relu_has_two_nested_intervals() -> None:
    """From -2 to 2, alpha 1/4: slope 1/4 in units of the range below 0, 1 above."""
    lo, hi = tables.derivative("leaky_relu", (0.25,), 1000, low=-0.5, high=0.5, noise_bits=4)
    assert lo.tolist() == [-2000] * 4 + [0] * 12
    assert hi.tolist() == [500] * 16


def test_mode_binary_decides_at_one_half() -> None:
    assert tables.binary_threshold("logistic", (4.0,), 16383) == 0
    assert tables.binary_threshold("tanh", (1.0,), 16383, low=-1.0) == 0
    assert tables.binary_threshold("sign", (), 16383, low=-1.0) == 0
    assert tables.binary_threshold("relu", (), 100, high=3.0) == 150
    assert tables.binary_threshold("clip", (0.0, 1.0), 101) == 50


def test_superlevel_sets_that_are_no_intervals_are_refused() -> None:
    two_slopes = Polyline(
        tuple((Fraction(x), Fraction(v)) for x, v in [(0, 0), (1, 2), (2, 3), (3, 5)])
    )
    assert two_slopes.steeper_than(Fraction(1)) == (0, 3)
    assert two_slopes.steeper_than(Fraction(3)) is None
    with pytest.raises(NumericsError):
        two_slopes.steeper_than(Fraction(2))


def test_an_activation_that_never_moves_has_a_table_all_the_same() -> None:
    """Calibration can find a range that the function does not reach: p is 0 or 1 throughout."""
    never = tables.neuron("clip", (-2.0, -1.0), 100, low=0.0, high=1.0)
    always = tables.neuron("clip", (2.0, 3.0), 100, low=0.0, high=1.0)
    assert set(never) == {2**31 - 1}
    assert set(always) == {-(2**31)}
    for part in tables.derivative("clip", (2.0, 3.0), 100):
        assert set(part) == {0}


def test_clip_with_one_bound() -> None:
    relu = tables.neuron("relu", (), 500, high=2.0)
    assert np.array_equal(tables.neuron("clip", (0.0, math.inf), 500, high=2.0), relu)
    assert np.array_equal(tables.neuron("clip", (0.0, 3.4e38), 500, high=2.0), relu)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [(n, (0.5,) * len(p)) for n, p in functions.PARAMETERS.items() if n != "clip"]
    + [("clip", (-0.5, 0.5))],
)
def test_functions_do_not_decrease_and_keep_precision(name: str, parameters) -> None:
    y = np.linspace(-1000, 1000, 4001)
    value = functions.apply(name, parameters, y)
    assert np.all(np.diff(value) >= 0)
    low, high = functions.natural_range(name, parameters)
    assert low <= value.min()
    assert value.max() <= high
    assert functions.apply(name, parameters, y.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("softplus", ()),
        ("relu", (1.0,)),
        ("logistic", (0.0,)),
        ("logistic", (-4.0,)),
        ("logistic", (math.inf,)),
        ("leaky_relu", (-0.1,)),
        ("leaky_relu", (math.nan,)),
        ("hard_sigmoid", (0.0, 0.5)),
        ("clip", (1.0, 1.0)),
        ("clip", (2.0, 1.0)),
    ],
)
def test_functions_without_a_table_are_refused(name: str, parameters) -> None:
    for call in (tables.neuron, tables.derivative):
        with pytest.raises(NumericsError):
            call(name, parameters, 16383)
    with pytest.raises(NumericsError):
        functions.apply(name, parameters, np.zeros(1))


@pytest.mark.parametrize(
    "bad",
    [
        {"gain": 0.0},
        {"gain": math.inf},
        {"low": 1.0},
        {"high": math.inf},
        {"low": math.nan},
        {"noise_bits": 3},
        {"noise_bits": 13},
    ],
)
def test_numbers_without_meaning_are_refused(bad) -> None:
    with pytest.raises(NumericsError):
        tables.neuron("relu", (), 16383, **bad)
    with pytest.raises(NumericsError):
        tables.derivative("relu", (), 0)

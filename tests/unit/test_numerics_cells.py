"""Cells and counters: what a check, a step of sgd, a refresh and kept weights do to them."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsc.numerics import cells, tables
from bsc.numerics.cells import PulseModel
from bsc.numerics.errors import NumericsError
from bsc.numerics.state import CODE_MAX, ArrayState, CellStyle

DEVICES = [CellStyle.REFERENCE, CellStyle.PAIR_DOWN, CellStyle.PAIR_UP]


def _array(style: CellStyle, rows: int = 8, columns: int = 5, sd: float = 500.0) -> ArrayState:
    reference = (8191.5, 100.0) if style is CellStyle.REFERENCE else (None, None)
    return cells.initial_array("a", style, rows, columns, 0, 3, 8191.5, sd, *reference)


def _model(style: CellStyle, *, whole: bool = False) -> PulseModel:
    if whole:
        return PulseModel(style, tables.linear_step(1024, True), tables.linear_step(1024, False))
    up, down = (tables.exponential_step(5.0, 60, way) for way in (True, False))
    return PulseModel(style, up, down, tables.noise(0.3), tables.noise(0.3))


def _check(array: ArrayState, model: PulseModel, **changes: int) -> int:
    given_numbers = {"layer": 0, "seed": 3, "g": 0, "threshold": 64, "pulses": 1, **changes}
    return cells.check(array, model, **given_numbers)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(DEVICES),
    st.lists(st.integers(-300_000, 300_000), min_size=6, max_size=6),
    st.integers(1, 200),
    st.integers(1, 3),
)
def test_a_check_keeps_the_remainder_and_counts_its_pulses(
    style: CellStyle, counts: list[int], threshold: int, pulses: int
) -> None:
    array = _array(style, 3, 2)
    array.wear = np.ones((3, 2), np.int32)
    before = np.array(counts).reshape(3, 2)
    array.counters[...] = before
    total = _check(array, _model(style), threshold=threshold, pulses=pulses)
    left = array.counters
    assert np.all(np.abs(left) < threshold)
    assert np.all((before - left) % threshold == 0)
    assert np.all((left == 0) | (np.sign(left) == np.sign(before)))
    expected = np.minimum(np.abs(before) // threshold, pulses)
    assert total == expected.sum()
    assert np.array_equal(array.wear, 1 + expected)


@pytest.mark.parametrize("style", DEVICES)
def test_positive_counts_lower_the_weight_and_negative_ones_raise_it(style: CellStyle) -> None:
    """Descent: A > 0 says that the error grew with the weight."""
    array = _array(style)
    array.counters[0], array.counters[1] = 64, -64
    before = cells.forward_weights(array)
    assert _check(array, _model(style, whole=True)) == 10
    moved = cells.forward_weights(array) - before
    assert set(moved[0]) == {-1024}
    assert set(moved[1]) == {1024}
    assert not moved[2:].any()


@pytest.mark.parametrize("style", DEVICES)
def test_whole_code_steps_need_no_draws(style: CellStyle) -> None:
    """With N = 256 and whole codes, rounding draws change nothing; so skipping them is exact."""
    silent, drawn = _array(style), _array(style)
    noise = tables.noise(0.0)
    steps = tables.linear_step(16, True), tables.linear_step(16, False)
    for array in (silent, drawn):
        array.counters[...] = np.arange(-20, 20).reshape(8, 5) * 40
    _check(silent, PulseModel(style, *steps), pulses=9)
    _check(drawn, PulseModel(style, *steps, noise, noise), pulses=9)
    assert np.array_equal(silent.cells, drawn.cells)


def test_a_batch_without_full_counters_changes_nothing() -> None:
    array = _array(CellStyle.PAIR_DOWN)
    array.counters[...] = np.arange(40).reshape(8, 5) - 20
    before = copy.deepcopy(array)
    assert _check(array, _model(CellStyle.PAIR_DOWN)) == 0
    assert np.array_equal(array.cells, before.cells)
    assert np.array_equal(array.counters, before.counters)


def test_several_pulses_each_start_from_the_last_code() -> None:
    """P pulses at once are P single ones, but for the ordinals of their draws."""
    style = CellStyle.REFERENCE
    steps = tables.exponential_step(5.0, 60, True), tables.exponential_step(5.0, 60, False)
    whole = [(table >> 8) << 8 for table in steps]  # no fraction, no draw, no ordinal
    together, apart = _array(style), _array(style)
    together.counters[...] = -4
    _check(together, PulseModel(style, *whole), threshold=1, pulses=4)
    for _ in range(4):
        apart.counters[...] = -1
        _check(apart, PulseModel(style, *whole), threshold=1)
    assert np.array_equal(together.cells, apart.cells)


def test_pulses_of_one_check_draw_anew() -> None:
    array = _array(CellStyle.REFERENCE, 1, 1)
    cells_seen = set()
    for g in range(8):
        array.cells[...] = 8000
        array.counters[...] = 64
        _check(array, _model(CellStyle.REFERENCE), g=g)
        cells_seen.add(int(array.cells[0, 0]))
    assert len(cells_seen) > 1


def test_the_mean_change_is_the_table_entry() -> None:
    """40,000 cells at one code; the mean is within 5 standard errors (false alarm 6e-7)."""
    style, code = CellStyle.REFERENCE, 5000
    array = _array(style, 200, 200)
    array.cells[...], array.counters[...] = code, -64
    model = _model(style)
    _check(array, model)
    change = array.cells.astype(np.float64) - code
    assert model.step_up is not None
    expected = model.step_up[code] / 256
    assert abs(change.mean() - expected) < 5 * change.std() / 200
    assert 0.28 < change.std() / expected < 0.32  # gamma; its standard error is 0.001


def test_codes_stay_in_their_range() -> None:
    array = _array(CellStyle.REFERENCE)
    array.cells[:4], array.cells[4:] = 3, CODE_MAX - 3
    array.counters[:4], array.counters[4:] = 640, -640
    _check(array, _model(CellStyle.REFERENCE, whole=True), pulses=10)
    assert set(array.cells[:4].flat) == {0}
    assert set(array.cells[4:].flat) == {CODE_MAX}


def test_what_the_device_lacks_is_refused() -> None:
    array = _array(CellStyle.REFERENCE)
    array.counters[...] = 64
    up_only = PulseModel(CellStyle.REFERENCE, tables.linear_step(16, True), None)
    with pytest.raises(NumericsError, match="lowers"):
        _check(array, up_only)
    with pytest.raises(NumericsError, match="style"):
        _check(_array(CellStyle.PAIR_UP), up_only)
    with pytest.raises(NumericsError, match="fraction"):
        PulseModel(CellStyle.PAIR_UP, tables.linear_step(0.5, True), None)
    for bad in ({"threshold": 0}, {"pulses": 0}, {"pulses": 4097}):
        with pytest.raises(NumericsError):
            _check(array, up_only, **bad)


def test_initial_codes_have_the_mean_and_spread_asked_for() -> None:
    """Pairs draw both cells; 5 standard errors, false alarm 6e-7 each."""
    array = cells.initial_array("a", CellStyle.PAIR_DOWN, 300, 200, 0, 5, 9000.0, 700.0)
    for plane in array.cells.astype(np.float64):
        assert abs(plane.mean() - 9000) < 5 * 700 / 60_000**0.5
        assert abs(plane.std() - 700) < 5 * 700 / 120_000**0.5
    assert abs(np.corrcoef(array.cells[0].flat, array.cells[1].flat)[0, 1]) < 5 / 60_000**0.5


def test_initial_codes_do_not_depend_on_the_memory_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [_array(style).cells for style in DEVICES]
    direct = cells.initial_direct("d", 8, 5, 7, 0, 3).cells
    monkeypatch.setattr(cells, "_DRAWN_CELLS", 7)
    for style, expected in zip(DEVICES, whole, strict=True):
        assert np.array_equal(_array(style).cells, expected)
    assert np.array_equal(cells.initial_direct("d", 8, 5, 7, 0, 3).cells, direct)


def test_trimmed_cells_are_all_equal() -> None:
    array = _array(CellStyle.REFERENCE, sd=0.0)
    assert set(array.cells.flat) == {8192}  # 8191.5 + 1/2, rounded down


def test_a_reference_style_reads_against_its_row_forward_and_its_column_backward() -> None:
    array = _array(CellStyle.REFERENCE, 2, 3)
    assert array.row_reference is not None
    assert array.column_reference is not None
    array.cells[...], array.row_reference[...] = 100, [1, 2]
    array.column_reference[...] = [3, 4, 5]
    assert cells.forward_weights(array).tolist() == [[99] * 3, [98] * 3]
    assert cells.backward_weights(array).tolist() == [[97, 96, 95]] * 2


@pytest.mark.parametrize("style", [CellStyle.PAIR_DOWN, CellStyle.PAIR_UP])
def test_refresh_gives_range_back_and_keeps_the_weights(style: CellStyle) -> None:
    array = _array(style)
    before = cells.forward_weights(array)
    cells.refresh(array)
    assert np.array_equal(cells.forward_weights(array), before)
    if style is CellStyle.PAIR_DOWN:
        assert set(array.cells.max(axis=0).flat) == {CODE_MAX}
    else:
        assert set(array.cells.min(axis=0).flat) == {0}
    assert array.cells.dtype == np.int16


def test_only_pairs_are_refreshed() -> None:
    with pytest.raises(NumericsError):
        cells.refresh(_array(CellStyle.REFERENCE))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([*DEVICES, CellStyle.DIRECT]),
    st.lists(st.integers(-40_000, 40_000), min_size=6, max_size=6),
)
def test_kept_weights_are_read_back(style: CellStyle, wanted: list[int]) -> None:
    array = cells.blank_array("a", style, 3, 2, 0, 3, (8191.5, 300.0))
    weights = np.array(wanted, np.int32).reshape(3, 2)
    clipped = cells.keep_codes(weights, style, array)
    read = cells.forward_weights(array)
    assert clipped == np.count_nonzero(read != weights)
    assert np.all((read == weights) | (np.abs(read) < np.abs(weights)))
    assert array.cells.min() >= (-cells.MASTER_MAX if style is CellStyle.DIRECT else 0)
    if style is CellStyle.REFERENCE:
        assert array.row_reference is not None
        low = -array.row_reference.astype(np.int32)[:, None]
        assert np.array_equal(read, np.clip(weights, low, low + CODE_MAX))
    else:
        assert np.array_equal(read, np.clip(weights, -CODE_MAX, CODE_MAX))


def test_kept_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(NumericsError):
        cells.keep_codes(np.zeros((2, 2), np.int32), CellStyle.PAIR_UP, _array(CellStyle.PAIR_UP))


def test_sgd_moves_masters_and_clears_counts() -> None:
    array = cells.initial_direct("d", 2, 2, 2, 0, 3)
    array.cells[...] = [[0, 4096], [cells.MASTER_MAX, -cells.MASTER_MAX]]
    array.counters[...] = [[3, -1], [-5, 5]]
    cells.sgd_step(array, 4096)
    assert array.cells.tolist() == [[-12288, 8192], [cells.MASTER_MAX, -cells.MASTER_MAX]]
    assert not array.counters.any()
    assert cells.forward_weights(array).tolist() == [[-3, 2], [CODE_MAX, -CODE_MAX]]
    with pytest.raises(NumericsError):
        cells.sgd_step(_array(CellStyle.PAIR_UP), 1)
    with pytest.raises(NumericsError):
        _check(array, PulseModel(CellStyle.DIRECT, None, None))


def test_no_count_can_overflow_a_step_of_sgd() -> None:
    array = cells.initial_direct("d", 1, 2, 2, 0, 3)
    array.counters[...] = [[2**31 - 1, -(2**31)]]
    cells.sgd_step(array, 1 << 24)
    assert array.cells.tolist() == [[-cells.MASTER_MAX, cells.MASTER_MAX]]


@pytest.mark.parametrize(
    ("style", "codes", "share"),
    [
        (CellStyle.PAIR_DOWN, [[[0, 5]], [[CODE_MAX, 0]]], 0.5),
        (CellStyle.PAIR_UP, [[[0, 5]], [[CODE_MAX, 0]]], 0.25),
        (CellStyle.REFERENCE, [[0, CODE_MAX, 7, 8]], 0.5),
        (CellStyle.DIRECT, [[0, cells.MASTER_MAX, -cells.MASTER_MAX, 1]], 0.5),
    ],
)
def test_saturated_cells_stand_where_their_pulses_end(style, codes, share: float) -> None:
    kind = np.int32 if style is CellStyle.DIRECT else np.int16
    data = np.array(codes, kind)
    array = ArrayState("a", style, data, None, None, np.zeros(data.shape[-2:], np.int32))
    assert cells.saturated_share(array) == share


def test_styles_and_constructors_that_do_not_fit_are_refused() -> None:
    with pytest.raises(NumericsError):
        cells.initial_array("a", CellStyle.DIRECT, 2, 2, 0, 0, 0.0, 0.0)
    with pytest.raises(NumericsError):
        cells.initial_array("a", CellStyle.REFERENCE, 2, 2, 0, 0, 0.0, 0.0)
    bare = ArrayState(
        "a", CellStyle.REFERENCE, np.zeros((1, 1), np.int16), None, None, np.zeros((1, 1), np.int32)
    )
    with pytest.raises(NumericsError):
        cells.forward_weights(bare)

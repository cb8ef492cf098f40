"""The kernels' vector instructions do what a line of numpy does, at every width and rest."""

import numpy as np
import pytest
from numba import njit

from bsc_runtime.kernels import backward, forward, update
from bsc_runtime.kernels.vectors import (
    PLACES,
    accumulate_16,
    accumulate_64,
    at_least,
    at_most,
    lowest_bit,
    move_cells_16,
    move_cells_32,
    store_set,
)

CODE_MAX = 16383


# Kernels call these functions, Python does not: each needs an entry of its own here.
@njit
def add_rows(codes, base, stride, width, lists, start, count, sums, at):
    forward.add_rows(codes, base, stride, width, lists, start, count, sums, at)


@njit
def subtract_rows(codes, base, stride, width, lists, start, count, sums, at):
    backward.subtract_rows(codes, base, stride, width, lists, start, count, sums, at)


@njit
def list_signs(dense, origin, size, lists, at, half):
    return backward.list_signs(dense, origin, size, lists, at, half)


@njit
def find(counters, base, columns, threshold, found, worker):
    return update.find(counters, base, columns, threshold, found, worker)


@njit
def find_moved(counters, base, columns, found, worker):
    return update.find_moved(counters, base, columns, found, worker)


@pytest.mark.parametrize("sums_type", [np.int32, np.int64])
@pytest.mark.parametrize("stride", [16, 32, 96, 128, 336])
def test_listed_rows_are_added_and_subtracted(stride, sums_type):
    random = np.random.default_rng(stride)
    codes = random.integers(-CODE_MAX, CODE_MAX + 1, (40, stride)).astype(np.int16)
    # The extremes meet: a pair of rows must not overflow 16 bits.
    codes[:2] = CODE_MAX
    codes[2:4] = -CODE_MAX
    for count in (0, 1, 2, 3, 8, 39):
        lists = np.concatenate([[7], np.sort(random.permutation(40)[:count])]).astype(np.int32)
        lists[1 : min(count, 4) + 1] = np.arange(min(count, 4))
        expected = codes[lists[1:]].astype(np.int64).sum(axis=0)
        for first, width in ((0, stride), (0, 16), (stride - 16, 16), (0, stride - stride % 48)):
            sums = np.full(width + 6, 5, sums_type)
            add_rows(codes.reshape(-1), first, stride, width, lists, 1, count, sums, 3)
            part = expected[first : first + width] + 5
            np.testing.assert_array_equal(sums, [5, 5, 5, *part, 5, 5, 5])
            subtract_rows(codes.reshape(-1), first, stride, width, lists, 1, count, sums, 3)
            np.testing.assert_array_equal(sums, 5)


@njit
def _masks(counters, at, bound):
    return at_least(counters, at, bound), at_most(counters, at, -bound)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_masks_show_which_counters_reach_a_bound(kind):
    counters = np.random.default_rng(1).integers(-127, 128, 300).astype(kind)
    for at in (0, 1, 17, 200):
        for bound in (1, 64, 127):
            above, below = _masks(counters, at, bound)
            window = counters[at : at + 64]
            weights = 1 << np.arange(64, dtype=np.uint64)
            assert above == weights[window >= bound].sum()
            assert below == weights[window <= -bound].sum()


@pytest.mark.parametrize("columns", [1, 10, 63, 64, 65, 130])
def test_columns_over_the_threshold_are_found(columns):
    counters = np.random.default_rng(columns).integers(-20, 21, columns + 64).astype(np.int8)
    row = counters[:columns]
    found = np.zeros((1, 4 * 200), np.int64)
    plus, minus = find(counters, 0, columns, 15, found, 0)
    np.testing.assert_array_equal(found[0, :plus], np.flatnonzero(row >= 15))
    np.testing.assert_array_equal(found[0, 200 : 200 + minus], np.flatnonzero(row <= -15))
    moved = find_moved(counters, 0, columns, found, 0)
    np.testing.assert_array_equal(found[0, :moved], np.flatnonzero(row))


@pytest.mark.parametrize("size", [1, 7, 8, 9, 64, 100])
def test_signs_are_listed(size):
    dense = np.zeros(size + 64, np.int8)
    dense[:] = np.random.default_rng(size).integers(-1, 2, dense.size)
    lists = np.zeros(2 * (size + 8), np.int32)
    plus, minus = list_signs(dense, 0, size, lists, 0, size + 8)
    np.testing.assert_array_equal(lists[:plus], np.flatnonzero(dense[:size] == 1))
    np.testing.assert_array_equal(
        lists[size + 8 : size + 8 + minus], np.flatnonzero(dense[:size] == -1)
    )


@njit
def _set_bits(mask):
    lists = np.zeros(8, np.int32)
    count = store_set(lists, 0, PLACES, np.uint64(mask), 100)
    return count, lists


def test_set_bits_become_places():
    for mask in range(256):
        count, lists = _set_bits(mask)
        assert lists[:count].tolist() == [100 + k for k in range(8) if mask >> k & 1]


@njit
def _lowest(mask):
    return lowest_bit(np.uint64(mask))


def test_lowest_bit():
    assert [_lowest(1 << k | 1 << 63) for k in range(64)] == list(range(64))


@njit
def _accumulate(counters, errors):
    accumulate_64(counters, 0, errors, 16)
    accumulate_16(counters, 64, errors, 0)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_errors_are_added_to_counters(kind):
    random = np.random.default_rng(3)
    counters = random.integers(-100, 100, 96).astype(kind)
    errors = random.integers(-1, 2, 80).astype(np.int8)
    expected = counters.copy()
    expected[:64] += errors[16:]
    expected[64:80] += errors[:16]
    _accumulate(counters, errors)
    np.testing.assert_array_equal(counters, expected)


@njit
def _move(codes, counters, up, down):
    total = move_cells_32(codes, 0, counters, 0, up, down)
    return total + move_cells_16(codes, 32, counters, 32, up, down)


@pytest.mark.parametrize(("up", "down"), [(16, 16), (1024, 3), (16383, 16383)])
def test_even_steps_move_cells_and_stop_at_the_limits(up, down):
    random = np.random.default_rng(up)
    codes = random.integers(0, CODE_MAX + 1, 48).astype(np.int16)
    codes[:4] = (0, 0, CODE_MAX, CODE_MAX)
    counters = random.integers(-1, 2, 48).astype(np.int8)
    counters[:4] = (1, -1, 1, -1)
    change = np.where(counters > 0, -down, np.where(counters < 0, up, 0))
    expected = np.clip(codes.astype(np.int64) + change, 0, CODE_MAX)
    assert _move(codes, counters, up, down) == np.count_nonzero(change)
    np.testing.assert_array_equal(codes, expected)
    assert not counters.any()

"""Comparators and readout: exact at their edges, right in distribution over all draws."""

from __future__ import annotations

import numpy as np
import pytest

from bsc.numerics import encode, readout, tables

EVERY_U16 = np.arange(65536, dtype=np.uint16)


@pytest.mark.parametrize("t", [0, 1, 32768, 65535, 65536])
def test_an_input_bit_is_1_for_exactly_t_of_the_draws(t: int) -> None:
    bits = encode.encode_bits(np.full((65536, 1), t, np.int32), EVERY_U16[:, None])
    assert bits.dtype == np.uint8
    assert int(bits.sum()) == t


def test_a_neuron_compares_strictly() -> None:
    table = tables.neuron("logistic", (4.0,), 16383, noise_bits=8)
    u16 = np.array([[70 << 8]], np.uint16)
    t = int(table[70])
    for reads in (1, 3):
        assert encode.sample_bits(np.array([[reads * t]]), table, u16, 8, reads).item() == 0
        assert encode.sample_bits(np.array([[reads * t + 1]]), table, u16, 8, reads).item() == 1


def test_limits_of_a_table_decide_whatever_the_sum_is() -> None:
    """Thresholds at the 32-bit limits, times reads, must not wrap."""
    sums = np.array([[-(2**31) + 1, 0, 2**31 - 2]], np.int64)
    u16 = np.zeros((1, 3), np.uint16)
    for limit, bit in ((-(2**31), 1), (2**31 - 1, 0)):
        table = np.full(16, limit, np.int32)
        for reads in (1, 100):
            assert set(encode.sample_bits(reads * sums, table, u16, 4, reads)[0]) == {bit}
    low, high = np.full(16, -(2**31), np.int32), np.full(16, 2**31 - 1, np.int32)
    assert set(encode.derivative_bits(sums, low, high, u16, 4)[0]) == {1}
    none = np.zeros(16, np.int32)
    assert set(encode.derivative_bits(sums, none, none, u16, 4)[0]) == {0}


@pytest.mark.parametrize("noise_bits", [4, 8, 12])
def test_analog_levels_are_the_mean_of_all_bits(noise_bits: int) -> None:
    table = tables.neuron("logistic", (4.0,), 4096, noise_bits=noise_bits)
    sums = np.arange(-9000, 9000, 613)[None, :]
    every = (np.arange(1 << noise_bits) << (16 - noise_bits)).astype(np.uint16)[:, None]
    bits = encode.sample_bits(
        np.repeat(sums, len(every), axis=0), table, np.repeat(every, sums.size, axis=1), noise_bits
    )
    assert np.array_equal(encode.analog_levels(sums, table, 1)[0], bits.sum(axis=0))
    assert np.array_equal(
        encode.analog_levels(sums * 65536, table, 65536), encode.analog_levels(sums, table, 1)
    )


def test_readout_bits_have_the_softmax_probabilities() -> None:
    """Over all draws: the k of a class is within 1/512 of y, so p is within 0.2 %."""
    y = np.array([0.3, -1.2, 0.0, 0.25])
    sums = np.rint(16383 * y).astype(np.int64)
    reciprocal = tables.softmax_reciprocal(16383)
    every = np.repeat(EVERY_U16[:, None], 4, axis=1)
    bits = readout.readout_bits(
        np.broadcast_to(sums, every.shape), tables.softmax(), reciprocal, every
    )
    p = np.exp(y) / np.exp(y).sum()
    assert np.abs(bits.mean(axis=0) / p - 1).max() < 2 / 512 + 4 / 65536


def test_one_class_is_always_chosen_and_a_tie_is_fair() -> None:
    reciprocal = tables.softmax_reciprocal(16383)
    one = readout.readout_bits(
        np.zeros((65536, 1), np.int64), tables.softmax(), reciprocal, EVERY_U16[:, None]
    )
    assert one.all()
    tie = readout.readout_bits(
        np.full((65536, 2), -77, np.int64),
        tables.softmax(),
        reciprocal,
        np.repeat(EVERY_U16[:, None], 2, axis=1),
    )
    assert tie.sum(axis=0).tolist() == [32768, 32768]


@pytest.mark.parametrize("scale", [1, 5, 4096, 16383, 4_000_000])
@pytest.mark.parametrize("reads", [1, 7, 65535])
def test_softmax_levels_are_exact_for_any_sum(scale: int, reads: int) -> None:
    """Against Python's integers, from equal sums to the largest that a program may have."""
    reciprocal = tables.softmax_reciprocal(scale)
    behind = [0, 1, scale // 512, scale // 2, 7 * scale, 16 * scale - 1, 16 * scale, 2**40, 2**52]
    behind = [b * reads for b in behind if b * reads < 2**62]
    levels = readout.softmax_levels(-np.array([behind], np.int64), reciprocal, reads)
    exact = [min(4095, (b * reciprocal + reads * 2**31) // (reads * 2**32)) for b in behind]
    assert levels[0].tolist() == exact


def test_reads_change_no_probability_when_all_reads_agree() -> None:
    sums = np.array([[100, 5000, -7000]], np.int64)
    reciprocal = tables.softmax_reciprocal(16383)
    single = readout.softmax_levels(sums, reciprocal)
    assert np.array_equal(readout.softmax_levels(sums * 9, reciprocal, 9), single)

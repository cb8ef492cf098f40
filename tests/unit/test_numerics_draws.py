"""Draws are where section 3 says, whatever is asked for together, and look uniform."""

from __future__ import annotations

import numpy as np
import pytest

from bsc.numerics import draws
from bsc.numerics.draws import Purpose, element_draws, epoch_order, lane_draws
from bsc.numerics.errors import NumericsError
from bsc.numerics.philox import philox4x32


def test_an_element_is_where_the_contract_says() -> None:
    seed, index, element = 0x0123456789ABCDEF, (5 << 32) + 17, 21
    u16 = element_draws(seed, Purpose.Z, 3, np.array([index]), 40, pass_=9, inference=True)
    words = philox4x32(0x89ABCDEF, 0x01234567, element >> 3, 0x82 << 24 | 3, 17, 9 << 16 | 5)
    k = element & 7
    assert int(u16[0, element]) == int(words[k >> 1]) >> 16 * (k & 1) & 0xFFFF


def test_a_draw_does_not_depend_on_what_is_drawn_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    indices = np.arange(100, 137)
    whole = element_draws(1, Purpose.ENCODE, 0, indices, 29)
    monkeypatch.setattr(draws, "_CHUNK_BLOCKS", 7)
    assert np.array_equal(element_draws(1, Purpose.ENCODE, 0, indices, 29), whole)
    assert np.array_equal(element_draws(1, Purpose.ENCODE, 0, indices[::-1], 11), whole[::-1, :11])
    blocks = np.arange(60).reshape(12, 5)
    lanes = lane_draws(1, Purpose.PULSE, 0, blocks, index=4)
    single = lane_draws(1, Purpose.PULSE, 0, np.array([37]), index=4)
    assert [lane[7, 2] for lane in lanes] == [lane[0] for lane in single]


def test_every_part_of_the_address_matters() -> None:
    base = {"seed": 1, "purpose": Purpose.Z, "layer": 0, "indices": np.array([5]), "elements": 64}
    plain = element_draws(**base)
    for change in (
        {"seed": 2},
        {"seed": 1 + (1 << 32)},
        {"purpose": Purpose.D},
        {"layer": 1},
        {"indices": np.array([6])},
        {"indices": np.array([5 + (1 << 32)])},
        {"pass_": 1},
        {"inference": True},
    ):
        assert not np.array_equal(element_draws(**{**base, **change}), plain), change


def test_draws_are_uniform() -> None:
    """Chi-square over the 4096 values of u12; seed fixed, false alarm below 1e-6 (5 sigma)."""
    u12 = element_draws(11, Purpose.Z, 0, np.arange(1000), 1024) >> 4
    counts = np.bincount(u12.reshape(-1), minlength=4096)
    expected = u12.size / 4096
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    assert abs(chi_square - 4095) < 5 * (2 * 4095) ** 0.5


def test_an_epoch_is_a_permutation_and_each_epoch_another() -> None:
    first, second = epoch_order(3, 0, 1000), epoch_order(3, 1, 1000)
    assert sorted(first) == sorted(second) == list(range(1000))
    assert not np.array_equal(first, second)
    assert first.dtype == np.int64
    assert epoch_order(3, 0, 0).shape == (0,)


def test_equal_shuffle_bits_keep_the_order_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "philox4x32", lambda *a: np.zeros((np.size(a[2]), 4), np.uint32))
    assert epoch_order(3, 0, 50).tolist() == list(range(50))


@pytest.mark.parametrize(
    "call",
    [
        lambda: element_draws(-1, Purpose.Z, 0, np.array([0]), 8),
        lambda: element_draws(1 << 64, Purpose.Z, 0, np.array([0]), 8),
        lambda: element_draws(0, Purpose.Z, 1 << 24, np.array([0]), 8),
        lambda: element_draws(0, Purpose.Z, 0, np.array([1 << 48]), 8),
        lambda: element_draws(0, Purpose.Z, 0, np.array([-1]), 8),
        lambda: element_draws(0, Purpose.Z, 0, np.array([0]), 8, pass_=1 << 16),
        lambda: lane_draws(0, Purpose.PULSE, 0, np.array([1 << 32])),
        lambda: lane_draws(0, Purpose.PULSE, 0, np.array([0]), index=1 << 48),
    ],
)
def test_what_does_not_fit_its_field_is_refused(call) -> None:
    """A field that overflowed would silently meet another purpose's draws."""
    with pytest.raises(NumericsError):
        call()

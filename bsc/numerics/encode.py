"""Comparators: encode, neuron, derivative and analog levels (sections 5 and 7)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def encode_bits(t: npt.NDArray[np.int32], u16: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Bits of the input: 1 with probability t / 65536.

    Args:
        t: thresholds 0..65536, int32 [N, K].
        u16: draws of purpose ENCODE, [N, K].
    """
    return (u16.astype(np.int32) < t).astype(np.uint8)


def noise_bits_of(table: npt.NDArray[Any]) -> int:
    """B of the comparators that a table is made for: it has an entry for each of 2**b noises."""
    return len(table).bit_length() - 1


def sample_bits(
    sums: npt.NDArray[Any],
    thresholds: npt.NDArray[np.int32],
    u16: npt.NDArray[np.uint16],
    noise_bits: int,
    reads: int = 1,
) -> npt.NDArray[np.uint8]:
    """Bits z of neurons.

    Args:
        sums: y in codes, [N, M]; the sum over all reads.
        thresholds: T of `tables.neuron`, int32 [2**noise_bits].
        u16: draws of purpose Z, [N, M].
        noise_bits: b of the target's comparators.
        reads: s, reads that were added up in sums.
    """
    chosen = thresholds.astype(np.int64)[u16 >> (16 - noise_bits)]
    return np.asarray(sums.astype(np.int64) > reads * chosen, dtype=np.uint8)


def derivative_bits(
    sums: npt.NDArray[Any],
    low: npt.NDArray[np.int32],
    high: npt.NDArray[np.int32],
    u16: npt.NDArray[np.uint16],
    noise_bits: int,
) -> npt.NDArray[np.uint8]:
    """Bits d that gate errors.

    Args:
        sums: y in codes, [N, M].
        low: lo of `tables.derivative`, int32 [2**noise_bits].
        high: hi of `tables.derivative`.
        u16: draws of purpose D, [N, M].
        noise_bits: b of the target's comparators.
    """
    u = u16 >> (16 - noise_bits)
    return np.asarray((low[u] < sums) & (sums < high[u]), dtype=np.uint8)


def analog_levels(
    sums: npt.NDArray[Any], thresholds: npt.NDArray[np.int32], unit: int
) -> npt.NDArray[np.int64]:
    """Expectation of z in units of 2**-b: q = how many u have T[u] < y.

    Args:
        sums: y in units of 1/unit code, int64 [N, M].
        thresholds: T of `tables.neuron`, non-decreasing.
        unit: units of sums in one code: 65536 behind encoded inputs, 2**b behind levels.
    """
    scaled = thresholds.astype(np.int64) * unit
    return np.searchsorted(scaled, sums.astype(np.int64), side="left").astype(np.int64)

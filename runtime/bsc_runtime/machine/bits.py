"""Bit vectors in 64-bit words, at any bit: what encoders, comparators and links do with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bsc_runtime.kernels.jit import merged, wide
from bsc_runtime.kernels.vectors import PLACES, at_least, store_set

Words = npt.NDArray[np.uint64]


@merged
def get_bits(bits: Words, place: int, count: int) -> Any:
    """`count` (1 to 64) bits from a bit on, as a number."""
    word, shift = place >> 6, np.uint64(place & 63)
    value = bits[word] >> shift
    if (place & 63) + count > 64:
        value |= bits[word + 1] << (np.uint64(64) - shift)
    return value & (~np.uint64(0) >> np.uint64(64 - count))


@merged
def put_bits(bits: Words, place: int, count: int, value: Any) -> None:
    """Write `count` (1 to 64) bits from a bit on; others stay."""
    word, shift = place >> 6, np.uint64(place & 63)
    mask = ~np.uint64(0) >> np.uint64(64 - count)
    bits[word] = (bits[word] & ~(mask << shift)) | (value & mask) << shift
    if (place & 63) + count > 64:
        rest = np.uint64(64) - shift
        bits[word + 1] = (bits[word + 1] & ~(mask >> rest)) | (value & mask) >> rest


@merged
def copy_bits(source: Words, start: int, target: Words, at: int, count: int) -> bool:
    """Copy bits; returns whether one is set."""
    found = np.uint64(0)
    for k in range(0, count, 64):
        size = min(64, count - k)
        value = get_bits(source, start + k, size)
        put_bits(target, at + k, size, value)
        found |= value
    return bool(found != 0)


@merged
def put_dense(
    bits: Words, place: int, dense: npt.NDArray[np.int8], origin: int, count: int
) -> None:
    """Write a bit for each byte: 1 where it is above 0. The bytes may be read beyond the end."""
    for k in range(0, count, 64):
        put_bits(bits, place + k, min(64, count - k), at_least(dense, origin + k, 1))


@merged
def get_dense(
    bits: Words, place: int, dense: npt.NDArray[np.int8], origin: int, count: int
) -> None:
    """Write a byte for each bit: 0 or 1."""
    for k in range(0, count, 64):
        size = min(64, count - k)
        value = get_bits(bits, place + k, size)
        part = dense[origin + k : origin + k + size]
        for j in range(size):
            part[j] = np.int8((value >> np.uint64(j)) & np.uint64(1))


@merged
def list_bits(
    bits: Words, place: int, count: int, lists: npt.NDArray[np.int32], at: int, first: int
) -> int:
    """List the set bits, ascending, counted from `first`; needs room for 8 entries more."""
    end = wide(at)
    for k in range(0, count, 64):
        value = get_bits(bits, place + k, min(64, count - k))
        eight = first + k
        while value != 0:
            end += store_set(lists, end, PLACES, value & np.uint64(255), eight)
            value >>= np.uint64(8)
            eight += 8
    return end - at

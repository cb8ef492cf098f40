"""Section 3 of docs/semantics.md in plain Python: Philox4x32-10, addresses of draws."""

from __future__ import annotations

from functools import lru_cache

MASK = 0xFFFFFFFF
ENCODE, Z, D, READOUT, PULSE, TARGET = 1, 2, 3, 4, 5, 17
INFERENCE = 0x80


@lru_cache(maxsize=1 << 16)
def philox(seed: int, c0: int, c1: int, c2: int, c3: int) -> tuple[int, int, int, int]:
    """The four words of a counter."""
    k0, k1 = seed & MASK, seed >> 32
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c0, 1 << 32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 1 << 32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def _words(seed: int, purpose: int, layer: int, block: int, index: int, pass_: int) -> tuple:
    """Indices are taken modulo 2^48, passes modulo 2^16 (docs/isa.md, section 2)."""
    index, pass_ = index % (1 << 48), pass_ % (1 << 16)
    return philox(seed, block, purpose << 24 | layer, index & MASK, pass_ << 16 | index >> 32)


def of_element(seed: int, purpose: int, layer: int, element: int, index: int, pass_: int) -> int:
    """u16 of an element of a sample: eight to a block."""
    words, k = _words(seed, purpose, layer, element >> 3, index, pass_), element & 7
    return words[k >> 1] >> 16 * (k & 1) & 0xFFFF


def lanes(
    seed: int, purpose: int, layer: int, block: int, index: int, pass_: int
) -> tuple[int, int]:
    """u12 of lane 0 and u16 of lane 1: the halves of the first word."""
    word = _words(seed, purpose, layer, block, index, pass_)[0]
    return (word & 0xFFFF) >> 4, word >> 16

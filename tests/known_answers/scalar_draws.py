"""Sections 3 and 4 in plain Python, one number at a time: generator, draws, order, digest."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

MASK = 0xFFFFFFFF


def philox4x32_10(key: list[int], counter: list[int]) -> list[int]:
    k0, k1 = key
    x = list(counter)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * x[0], 1 << 32)
        high1, low1 = divmod(0xCD9E8D57 * x[2], 1 << 32)
        x = [high1 ^ x[1] ^ k0, low1, high0 ^ x[3] ^ k1, low0]
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return x


def words(seed: int, purpose: int, layer: int, block: int, index: int, pass_: int) -> list[int]:
    counter = [block, purpose << 24 | layer, index & MASK, pass_ << 16 | (index >> 32) & 0xFFFF]
    return philox4x32_10([seed & MASK, seed >> 32], counter)


def element(w: list[int], k: int) -> int:
    """Draw k of the eight in four words."""
    return w[k >> 1] >> (16 * (k & 1)) & 0xFFFF


def check_philox(case: dict[str, Any]) -> bool:
    return philox4x32_10(case["key"], case["counter"]) == case["words"]


def check_element_draws(case: dict[str, Any]) -> bool:
    purpose = case["purpose"] | (0x80 if case["inference"] else 0)
    return all(
        u16
        == element(
            words(case["seed"], purpose, case["layer"], e >> 3, case["index"], case["pass"]), e & 7
        )
        for e, u16 in enumerate(case["u16"])
    )


def check_lane_draws(case: dict[str, Any]) -> bool:
    w = words(*(case[k] for k in ("seed", "purpose", "layer", "block", "index", "pass")))
    return case["lanes"] == [element(w, 0), element(w, 1)]


def check_shuffle(case: dict[str, Any]) -> bool:
    keyed = []
    for index in range(case["count"]):
        w = words(case["seed"], 9, 0, index, case["epoch"], 0)
        keyed.append((w[1] << 32 | w[0], index))
    return case["order"] == [index for _, index in sorted(keyed)]


def flat(nested: Any) -> list[int]:
    """All numbers of nested lists in order."""
    return [n for part in nested for n in flat(part)] if isinstance(nested, list) else [nested]


def check_digest(case: dict[str, Any]) -> bool:
    data = b""
    for array in case["arrays"]:
        cells = flat(array["cells"])
        data += struct.pack(f"<{len(cells)}{'i' if array['style'] == 'direct' else 'h'}", *cells)
        for reference in (array.get("row_reference"), array.get("column_reference")):
            if reference is not None:
                data += struct.pack(f"<{len(reference)}h", *reference)
        for counts in (array["counters"], array["wear"]):
            if counts is not None:
                data += struct.pack(f"<{len(flat(counts))}i", *flat(counts))
    data += struct.pack("<4Q", *(case[k] for k in ("samples", "checks", "epochs", "seed")))
    return hashlib.sha256(data).hexdigest() == case["digest"]

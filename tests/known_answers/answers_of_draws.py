"""Known answers of the generator and of keyed draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from bsc.numerics import draws
from bsc.numerics.draws import Purpose
from bsc.numerics.philox import philox4x32

Case = dict[str, Any]


def philox() -> list[Case]:
    counters = [
        (0, 0, 0, 0, 0, 0),
        (0xFFFFFFFF,) * 6,
        (0xA4093822, 0x299F31D0, 0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (7, 0, 3, 2 << 24 | 1, 1000, 0),
    ]
    return [{"key": c[:2], "counter": c[2:], "words": philox4x32(*c).tolist()} for c in counters]


def element_draws() -> list[Case]:
    made = []
    for purpose, seed, layer, index, pass_, inference, elements in [
        (Purpose.ENCODE, 7, 0, 0, 0, False, 19),
        (Purpose.Z, 7, 0, 59_999, 0, False, 9),
        (Purpose.Z, 7, 1, 59_999, 0, False, 9),
        (Purpose.D, 7, 0, 59_999, 0, False, 9),
        (Purpose.READOUT, 7, 2, 59_999, 0, False, 10),
        (Purpose.ENCODE, 7, 0, 0, 0, True, 9),
        (Purpose.Z, 7, 0, 12, 24, True, 9),
        (Purpose.TARGET, 7, 4, 59_999, 0, False, 11),
        (Purpose.READOUT, (1 << 64) - 2, 2, (1 << 40) + 5, 65535, True, 10),
    ]:
        u16 = draws.element_draws(
            seed, purpose, layer, np.array([index]), elements, pass_=pass_, inference=inference
        )
        made.append(
            {
                "seed": seed,
                "purpose": int(purpose),
                "layer": layer,
                "index": index,
                "pass": pass_,
                "inference": inference,
                "u16": u16[0].tolist(),
            }
        )
    return made


def lane_draws() -> list[Case]:
    made = []
    for purpose, seed, layer, block, index, pass_ in [
        (Purpose.PULSE, 7, 0, 391_999, 0, 0),
        (Purpose.PULSE, 7, 0, 391_999, 14_069, 1 << 12),
        (Purpose.PULSE, 7, 1, 5, (1 << 32) + 1, 1 << 12 | 3),
        (Purpose.INITIAL, 7, 0, 0, 0, 0),
        (Purpose.INITIAL, 7, 0, (1 << 32) - 1, 0, 0),
        (Purpose.ROW_REFERENCE, 7, 0, 784, 0, 0),
        (Purpose.COLUMN_REFERENCE, 7, 2, 9, 0, 0),
        (Purpose.FLOAT_INITIAL, (1 << 64) - 1, 2, 2009, 0, 0),
    ]:
        lanes = draws.lane_draws(seed, purpose, layer, np.array([block]), index=index, pass_=pass_)
        made.append(
            {
                "seed": seed,
                "purpose": int(purpose),
                "layer": layer,
                "block": block,
                "index": index,
                "pass": pass_,
                "lanes": [int(lane[0]) for lane in lanes],
            }
        )
    return made


def shuffle() -> list[Case]:
    return [
        {
            "seed": seed,
            "epoch": epoch,
            "count": count,
            "order": draws.epoch_order(seed, epoch, count).tolist(),
        }
        for seed, epoch, count in [(0, 0, 12), (0, 1, 12), (1 << 63, (1 << 33) + 1, 9), (3, 0, 1)]
    ]


def sums_and_draws(key: int, count: int, reach: int) -> tuple[list[int], list[int]]:
    """Sums in +-reach and draws, both from the generator, so that no other one is needed."""
    words = philox4x32(key, 0, np.arange(count), 0, 0, 0).astype(np.int64)
    return (words[:, 0] % (2 * reach + 1) - reach).tolist(), (words[:, 1] & 0xFFFF).tolist()

"""Weights made from keyed draws: the same numbers on every machine, in whatever order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.frontend.dsl.meaning.values import Initialiser
from bsc.ir.graph import Array
from bsc.numerics import tables
from bsc.numerics.draws import Purpose, lane_draws

MAX_DRAWN = 1 << 28
"""Numbers that one program may have drawn: 1 GiB of weights."""

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Pending:
    """A constant to be drawn.

    Attributes:
        name: of the constant.
        shape: of its data.
        initialiser: how it is drawn.
        fans: numbers that flow into and out of one unit, for glorot and he.
        ordinal: number among those of the model, from 0: each has a stream of draws of its own.
    """

    name: str
    shape: tuple[int, ...]
    initialiser: Initialiser
    fans: tuple[int, int]
    ordinal: int

    @property
    def elements(self) -> int:
        """Numbers to be kept in memory; `device`, zeros and constants take none."""
        drawn = self.initialiser.kind in ("uniform", "normal", "glorot", "he")
        return math.prod(self.shape) if drawn else 0


def draw(pending: Pending) -> Array:
    """Data of a constant: float32 of its shape.

    Uniform numbers have 32 bits. Those of a bell curve are the sum of two of 4096 quantiles each,
    scaled: exact arithmetic on a table, where logarithms differ between machines.
    """
    kind, numbers = pending.initialiser.kind, pending.initialiser.numbers
    inputs, outputs = (max(fan, 1) for fan in pending.fans)
    match kind:
        case "uniform":
            return _uniform(pending, *numbers)
        case "glorot":
            limit = math.sqrt(6.0 / (inputs + outputs))
            return _uniform(pending, -limit, limit)
        case "normal":
            return _normal(pending, *numbers)
        case "he":
            return _normal(pending, math.sqrt(2.0 / inputs), 0.0)
        case _:
            value = {"ones": 1.0, "constant": numbers[0] if numbers else 0.0}.get(kind, 0.0)
            return np.broadcast_to(np.asarray(value, np.float32), pending.shape)


def _lanes(
    pending: Pending,
) -> Iterator[tuple[slice, npt.NDArray[np.uint16], npt.NDArray[np.uint16]]]:
    """Both draws of each element, a bounded number at a time."""
    count, seed = math.prod(pending.shape), pending.initialiser.seed
    for start in range(0, count, _CHUNK):
        stop = min(start + _CHUNK, count)
        blocks = np.arange(start, stop, dtype=np.int64)
        low, high = lane_draws(seed, Purpose.FLOAT_INITIAL, pending.ordinal, blocks)
        yield slice(start, stop), low, high


def _uniform(pending: Pending, low: float, high: float) -> Array:
    made = np.empty(math.prod(pending.shape), np.float32)
    for part, first, second in _lanes(pending):
        u32 = first.astype(np.float64) + 65536.0 * second
        made[part] = low + (u32 + 0.5) / 2.0**32 * (high - low)
    return made.reshape(pending.shape)


def _normal(pending: Pending, deviation: float, mean: float) -> Array:
    curve = tables.gaussian().astype(np.float64)
    scale = deviation / (256.0 * math.sqrt(2.0))
    made = np.empty(math.prod(pending.shape), np.float32)
    for part, first, second in _lanes(pending):
        made[part] = mean + scale * (curve[first >> 4] + curve[second >> 4])
    return made.reshape(pending.shape)

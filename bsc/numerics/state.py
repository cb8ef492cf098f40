"""The state of a chip as plain data: what files store, digests cover and executors exchange."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

CODE_MAX = 16383
"""Largest conductance code; 0 is Gmin, CODE_MAX is Gmax."""


class CellStyle(StrEnum):
    """How a weight is made of cells (docs/semantics.md, section 2)."""

    REFERENCE = "reference"  # one cell against its row's (forward) or column's (backward) reference
    PAIR_DOWN = "pair-down"  # c+ minus c-, pulses only lower a code
    PAIR_UP = "pair-up"  # c+ minus c-, pulses only raise a code
    DIRECT = "direct"  # no device: the `sgd` rule's master weights


@dataclass(slots=True)
class ArrayState:
    """Cells and counters of one logical array of K word lines and M bit lines.

    Attributes:
        name: the array's name, the model's layer.
        style: how weights are made of cells.
        cells: int16 codes, [K, M] (reference) or [2, K, M] (pairs: c+, c-); int32 master weights in
            units of 2**-24, [K, M], for the `sgd` rule.
        row_reference: int16 [K], reference style only, else None.
        column_reference: int16 [M], reference style only, else None.
        counters: int32 [K, M], the counters A.
        wear: int32 [K, M] pulses received, or None where it is not kept.
    """

    name: str
    style: CellStyle
    cells: npt.NDArray[Any]
    row_reference: npt.NDArray[np.int16] | None
    column_reference: npt.NDArray[np.int16] | None
    counters: npt.NDArray[np.int32]
    wear: npt.NDArray[np.int32] | None = None


@dataclass(slots=True)
class ChipState:
    """Everything that training changes.

    Attributes:
        arrays: arrays in layer order.
        seed: 64-bit key of all draws.
        samples: n, samples presented for training so far.
        checks: g, threshold checks done so far.
        epochs: ep, whole epochs done so far.
        place: samples of the running epoch already presented; 0 between epochs. Not in the digest.
        pulses: pulses given since the initial state, for reports. Not in the digest.
    """

    arrays: list[ArrayState] = field(default_factory=list)
    seed: int = 0
    samples: int = 0
    checks: int = 0
    epochs: int = 0
    place: int = 0
    pulses: int = 0

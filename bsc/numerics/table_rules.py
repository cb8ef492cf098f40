"""What integer tables must be like, by the role they are used in; products then fit 64 bits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.numerics.state import CODE_MAX, CellStyle

CODES = CODE_MAX + 1
"""Entries of a table of steps: one for each code."""

DRAWS = 4096
"""Entries of a table of noise factors: one for each u12."""

EXPONENTIALS = 4096
"""Entries of a readout's table."""

RECIPROCAL_MAX = 1 << 62
"""Largest R of a readout."""

SUM_LINES = (2**31 - 1) // CODE_MAX
"""So many lines at full code and no more, or the sum of one read could exceed 32 bits."""

NOISE_BITS = (4, 12)
"""Least and most resolution of comparators."""

ROLES = (
    "threshold",
    "low",
    "high",
    "softmax",
    "step_up",
    "step_down",
    "noise_up",
    "noise_down",
)
"""What tables are for."""

WAYS: Mapping[CellStyle, tuple[str, ...]] = MappingProxyType(
    {
        CellStyle.REFERENCE: ("up", "down"),
        CellStyle.PAIR_DOWN: ("down",),
        CellStyle.PAIR_UP: ("up",),
    }
)
"""Ways in which pulses move a cell: each needs its steps and may have its noise."""

PAIRS = frozenset({CellStyle.PAIR_DOWN, CellStyle.PAIR_UP})
"""Styles whose cells are refreshed."""

Table = npt.NDArray[np.integer[Any]]


def entries(role: str, noise_bits: int) -> int:
    """How many entries a table has in a role.

    Args:
        role: one of ROLES.
        noise_bits: b of the comparators.
    """
    if role in ("threshold", "low", "high"):
        return 1 << noise_bits
    if role == "softmax":
        return EXPONENTIALS
    return CODES if role.startswith("step") else DRAWS


def value_problem(role: str, table: Table) -> str:
    """What is wrong with a table's numbers in a role; empty where nothing is.

    Args:
        role: one of ROLES.
        table: as many integers as the role wants, all of which fit 32 bits.
    """
    match role:
        case "threshold":
            if (table[1:] < table[:-1]).any():
                return "thresholds must not decrease"
        case "softmax":
            if table[0] < 1 or table.min() < 0 or table.max() > 65536:
                return "exponentials must lie in 0..65536, the first above 0"
            if (table[1:] > table[:-1]).any():
                return "exponentials must not increase"
        case "step_up":
            if table.min() < 0 or table.max() > 256 * CODES:
                return "a pulse up moves a cell by 0 codes to its whole range"
        case "step_down":
            if table.max() > 0 or table.min() < -256 * CODES:
                return "a pulse down moves a cell by 0 codes to its whole range"
        case "noise_up" | "noise_down":
            if abs(int(table.min())) > 2**15 or abs(int(table.max())) > 2**15:
                return "factors of the noise must lie within 2**15"
    return ""


def crossed(low: Table, high: Table) -> bool:
    """Whether an interval of a derivative ends before it begins."""
    return low.shape == high.shape and bool((low > high).any())


def draws_needed(step: Table) -> bool:
    """Whether a table of steps has fractions of codes, so that its pulses need draws."""
    return bool(np.any(step & 0xFF))

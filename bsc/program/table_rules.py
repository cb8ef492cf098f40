"""What tables must be like, whichever step uses them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bsc.ir.graph import Array
from bsc.numerics.table_rules import crossed, draws_needed, entries, value_problem

Wrong = Callable[[str, str], None]
"""Called with the place in the program and what is wrong there."""


def check_table(name: str, table: Array, wrong: Wrong) -> None:
    """A table is a vector of 32- or 64-bit integers, and all of them fit 32 bits."""
    path = f"table {name}"
    if table.ndim != 1 or table.dtype not in (np.dtype(np.int32), np.dtype(np.int64)):
        wrong(path, f"{table.dtype} {list(table.shape)}, expected a vector of int32 or int64")
    elif table.size == 0:
        wrong(path, "is empty")
    elif table.min() < -(2**31) or table.max() >= 2**31:
        wrong(path, "holds numbers that exceed 32 bits")
    elif name == "levels":
        _levels(path, table, wrong)


def check_role(role: str, name: str, table: Array, noise_bits: int, wrong: Wrong) -> bool:
    """Whether a table fits the role it is used in.

    Args:
        role: `threshold`, `low`, `high`, `softmax`, or one of the pulse tables.
        name: the table's name.
        table: a table that `check_table` passed.
        noise_bits: b of the target.
        wrong: told what is wrong.
    """
    path = f"table {name}"
    size = entries(role, noise_bits)
    if table.ndim != 1 or table.size != size:
        wrong(path, f"{list(table.shape)} entries as {role}, expected {size}")
        return False
    kind = np.int64 if role == "softmax" else np.int32
    if table.dtype != np.dtype(kind):
        wrong(path, f"{table.dtype} as {role}, expected {np.dtype(kind)}")
        return False
    problem = value_problem(role, table)
    if problem:
        wrong(path, problem)
    return not problem


def check_intervals(low: str, high: str, tables: tuple[Array, Array], wrong: Wrong) -> None:
    """The intervals of a derivative hold 0 or nothing, and shrink: they are superlevel sets."""
    if crossed(*tables):
        wrong(f"table {low}", f"lies above table {high}, the other end of its intervals")


def check_steps(way: str, step: str, table: Array, wrong: Wrong) -> None:
    """Steps of pulses that draw nothing are whole codes."""
    if draws_needed(table):
        wrong(f"table {step}", f"has fractions of a code and so needs the table noise_{way}")


def _levels(path: str, table: Array, wrong: Wrong) -> None:
    if table.size != 256 or table.min() < 0 or table.max() > 65536:
        wrong(path, "expected 256 thresholds in 0..65536, one for each pixel value")

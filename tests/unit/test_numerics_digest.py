"""Equal digests mean equal chips: each part of the state counts, and nothing else does."""

from __future__ import annotations

import copy

import numpy as np

from bsc.numerics import cells
from bsc.numerics.digest import digest
from bsc.numerics.state import CellStyle, ChipState


def _chip() -> ChipState:
    first = cells.initial_array("a", CellStyle.REFERENCE, 4, 3, 0, 1, 8191.5, 819.0, 8191.5, 819.0)
    second = cells.initial_array("b", CellStyle.PAIR_DOWN, 3, 2, 1, 1, 15000.0, 800.0)
    second.wear = np.zeros((3, 2), np.int32)
    return ChipState([first, second], seed=1, samples=2, checks=3, epochs=4)


def test_every_part_of_the_state_is_in_the_digest() -> None:
    seen = {digest(_chip())}

    def changed(change) -> None:
        chip = _chip()
        change(chip)
        found = digest(chip)
        assert found not in seen
        seen.add(found)

    def bump(array: np.ndarray) -> None:
        array.flat[-1] += 1

    changed(lambda c: bump(c.arrays[0].cells))
    changed(lambda c: bump(c.arrays[0].row_reference))
    changed(lambda c: bump(c.arrays[0].column_reference))
    changed(lambda c: bump(c.arrays[0].counters))
    changed(lambda c: bump(c.arrays[1].cells[0]))
    changed(lambda c: bump(c.arrays[1].cells[1]))
    changed(lambda c: bump(c.arrays[1].wear))
    changed(lambda c: setattr(c.arrays[1], "wear", None))
    changed(lambda c: c.arrays.reverse())
    for clock in ("seed", "samples", "checks", "epochs"):
        changed(lambda c, clock=clock: setattr(c, clock, getattr(c, clock) + 1))
    changed(lambda c: setattr(c, "seed", (1 << 64) - 1))


def test_names_reports_and_memory_layout_are_not_in_it() -> None:
    plain, other = _chip(), copy.deepcopy(_chip())
    other.pulses, other.place = 99, 7
    for array in other.arrays:
        array.name += "x"
        array.cells = np.asfortranarray(array.cells)
        array.counters = array.counters.astype(">i4")
    assert digest(other) == digest(plain)


def test_an_empty_chip_has_a_digest() -> None:
    assert len(digest(ChipState())) == 64

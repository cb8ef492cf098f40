"""The verifier's rules of data: memories, arrays, tiles, tables, state."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from bsc.diag import DiagnosticError, render_all
from bsc.isa.image import Table
from bsc.isa.kinds import VectorKind
from bsc.isa.records import NO_PARENT, NONE_16, LogicalArray, TilePlace, Vector
from bsc.isa.verify import verify_image
from bsc.isa.verify.data import cover_problem
from bsc.numerics.state import ArrayState, CellStyle, ChipState
from bsc.testing.verified_images import CoreText, assembled

IMAGE = assembled([CoreText("y kind=sum length=4 base=0\n", "halt")])


def refused(image, code="BSC5231"):
    with pytest.raises(DiagnosticError) as caught:
        verify_image(image, "<test>")
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {code}
    return render_all(caught.value.diagnostics)


def with_vectors(*vectors):
    return replace(IMAGE, cores=(replace(IMAGE.cores[0], vectors=vectors),))


def with_tiles(**changes):
    tiles = list(IMAGE.cores[0].tiles)
    tiles[0] = replace(tiles[0], **changes)
    return replace(IMAGE, cores=(replace(IMAGE.cores[0], tiles=tuple(tiles)),))


def with_record(member, place, **changes):
    rows = list(getattr(IMAGE, member))
    rows[place] = replace(rows[place], **changes)
    return replace(IMAGE, **{member: tuple(rows)})


def with_table(name, values):
    tables = tuple(Table(name, np.asarray(values)) if t.name == name else t for t in IMAGE.tables)
    return replace(IMAGE, tables=tables)


def test_the_image_of_these_tests_is_accepted():
    verify_image(IMAGE, "<test>")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"length": 0}, "length 0, 1 slots"),
        ({"slots": 0}, "0 slots"),
        ({"slots": 2, "length": 2048, "base": 1}, "takes sum memory up to 4097"),
        ({"base": 4093}, "takes sum memory up to 4097, the chip has 4096 elements"),
        ({"first": 2**31 - 3}, "exceed 2**31"),
        ({"first": -1}, "first is -1"),
        ({"base": -4}, "base is -4"),
        ({"slots": 1 << 16}, "slots is 65536"),
        ({"length": np.int64(4)}, "length is 4, expected"),
        ({"kind": 9}, "there is no kind 9"),
        ({"parent": 0}, "is a view of vector 0, which does not come before it"),
        ({"parent": 7}, "is a view of vector 7"),
    ],
)
def test_vectors_lie_in_memory(change, found):
    vector = Vector("y", VectorKind.SUM, 4, 0)
    assert found in refused(with_vectors(replace(vector, **change)))


def test_vectors_that_just_fit():
    verify_image(with_vectors(Vector("y", VectorKind.SUM, 2048, 0, slots=2)), "<test>")
    verify_image(with_vectors(Vector("y", VectorKind.SUM, 4, 0, first=2**31 - 4)), "<test>")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"base": 5}, "takes elements up to 9 of y, which has 8"),
        ({"kind": VectorKind.BIT}, "has not the kind and the slots of y"),
        ({"slots": 1}, "has not the kind and the slots of y"),
    ],
)
def test_views_lie_in_their_parents(change, found):
    root = Vector("y", VectorKind.SUM, 8, 0, slots=2)
    view = Vector("v", VectorKind.SUM, 4, 4, slots=2, parent=0)
    verify_image(with_vectors(root, view), "<test>")
    assert found in refused(with_vectors(root, replace(view, **change)))


def test_views_of_views_and_too_many_vectors():
    root = Vector("y", VectorKind.SUM, 8, 0)
    view = Vector("v", VectorKind.SUM, 4, 0, parent=0)
    assert "which is a view itself" in refused(with_vectors(root, view, replace(view, parent=1)))
    verify_image(with_vectors(*[root] * NO_PARENT), "<test>")
    assert "4096 vectors" in refused(with_vectors(*[root] * (NO_PARENT + 1)))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"inputs": 10}, "9 rows, 10 inputs"),
        ({"inputs": 0}, "0 inputs"),
        ({"columns": 0}, "0 columns"),
        ({"rows": 131_081}, "sums over 131081 lines may exceed 32 bits"),
        ({"columns": 131_081}, "sums over 131081 lines may exceed 32 bits"),
        ({"rows": 131_080, "columns": 40_000}, "draws tell 2**32 apart"),
        ({"scale": 0}, "scale is 0"),
        ({"wear": 2}, "wear is 2"),
        ({"style": "pair-down"}, "there is no style pair-down"),
        ({"layer": 1 << 24}, "layer is 16777216"),
    ],
)
def test_arrays_have_sizes_that_sums_and_draws_can_hold(change, found):
    assert found in refused(with_record("arrays", 0, **change))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"row_stop": 5}, "holds cells that another tile holds too"),
        ({"row_stop": 3}, "no tile holds 4 of its cells"),
        ({"row_stop": 0}, "0 x 4 cells, expected 1 to 1024"),
        ({"row_stop": 1025}, "1025 x 4 cells"),
        ({"column_stop": 5}, "lies outside of 9 x 4"),
        ({"column_start": 4, "column_stop": 8}, "lies outside of 9 x 4"),
        ({"array": 3}, "there is no array 3"),
        ({"array": 1}, "holds cells that another tile holds too"),
        ({"number": 4}, "another tile has the number 4 on the chip too"),
        ({"row_start": -1}, "row_start is -1"),
    ],
)
def test_tiles_hold_each_cell_once(change, found):
    assert found in refused(with_tiles(**change))


def test_tiles_of_other_cores_count_too():
    core = IMAGE.cores[0]
    halves = replace(core, tiles=core.tiles[:3]), replace(core, tiles=core.tiles[3:])
    entries = (IMAGE.entries[0], replace(IMAGE.entries[0], core=1))
    verify_image(replace(IMAGE, cores=halves, entries=entries), "<test>")
    text = refused(replace(IMAGE, cores=(core, core), entries=entries))
    assert "holds cells that another tile holds too" in text


def painted(array, tiles):
    """Whether tiles hold each cell once, found out cell by cell."""
    cells = np.zeros((40, 40), int)
    for tile in tiles:
        cells[tile.row_start : tile.row_stop, tile.column_start : tile.column_stop] += 1
    whole = np.zeros((40, 40), int)
    whole[: array.rows, : array.columns] = 1
    return bool((cells == whole).all())


def test_the_sweep_over_tiles_agrees_with_painting_their_cells():
    draw = Random(5)
    agreed = {True: 0, False: 0}
    for _ in range(3000):
        rows, columns = draw.randint(1, 12), draw.randint(1, 12)
        array = LogicalArray("a", 0, CellStyle.DIRECT, rows, rows, columns, 1)
        pieces = [(0, rows, 0, columns)]
        for _ in range(draw.randint(0, 6)):
            a, b, c, d = pieces.pop(draw.randrange(len(pieces)))
            if draw.random() < 0.5 and b - a > 1:
                cut = draw.randint(a + 1, b - 1)
                pieces += [(a, cut, c, d), (cut, b, c, d)]
            elif d - c > 1:
                cut = draw.randint(c + 1, d - 1)
                pieces += [(a, b, c, cut), (a, b, cut, d)]
            else:
                pieces.append((a, b, c, d))
        if draw.random() < 0.6:
            piece = list(pieces.pop(draw.randrange(len(pieces))))
            piece[draw.randrange(4)] += draw.choice((-1, 1))
            if piece[0] >= 0 and piece[2] >= 0 and piece[0] < piece[1] and piece[2] < piece[3]:
                pieces.append(tuple(piece))
        draw.shuffle(pieces)
        tiles = [TilePlace(0, k, *piece) for k, piece in enumerate(pieces)]
        covered = cover_problem(array, tiles) == ""
        assert covered == painted(array, tiles)
        agreed[covered] += 1
    assert min(agreed.values()) > 500


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"noise_bits": 3}, "noise_bits is 3, expected 4 to 12"),
        ({"noise_bits": 13}, "noise_bits is 13"),
        ({"channel_depth": 0}, "channel_depth is 0"),
        ({"channel_depth": 256}, "channel_depth is 256"),
        ({"batch": 0}, "batch is 0"),
    ],
)
def test_chips_have_comparators_and_channels(change, found):
    text = refused(replace(IMAGE, chip=replace(IMAGE.chip, **change)))
    assert found in text


def test_times_are_no_zeros():
    for name in ("issue", "host_bits", "pulse_lanes", "link_latency"):
        image = replace(IMAGE, timing=replace(IMAGE.timing, **{name: 0}))
        assert f"{name} is 0, expected 1 or more" in refused(image)
    assert "target" in refused(replace(IMAGE, target=b""))


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("n.T", np.zeros(8, np.int32), "8 entries as threshold, expected 16"),
        ("n.T", np.arange(16, 0, -1, dtype=np.int32), "thresholds must not decrease"),
        ("n.T", np.zeros(16, np.int64), "int64 [16], expected a vector of int32"),
        ("n.T", np.zeros((4, 4), np.int32), "int32 [4, 4], expected a vector of int32"),
        ("n.T", np.zeros(0, np.int32), "int32 [0]"),
        ("n.lo", np.full(16, 51, np.int32), "lies above n.hi"),
        ("r.E", np.full(4096, 65537, np.int32), "exponentials must lie in 0..65536"),
        ("r.E", np.zeros(4096, np.int32), "the first above 0"),
        ("r.E", np.arange(1, 4097, dtype=np.int32), "exponentials must not increase"),
        ("up", np.full(16384, -256, np.int32), "a pulse up moves a cell by 0 codes"),
        ("up", np.full(16384, 2**31 - 1, np.int32), "a pulse up moves a cell by 0 codes"),
        ("down", np.full(16384, -(2**31), np.int32), "a pulse down moves a cell by 0 codes"),
        ("down", np.full(16384, -1, np.int32), "has fractions of a code"),
        ("noise", np.full(4096, 2**15 + 1, np.int32), "factors of the noise must lie within"),
        ("noise", np.zeros(4095, np.int32), "4095 entries as noise_up"),
    ],
)
def test_tables_fit_their_roles(name, values, found):
    assert found in refused(with_table(name, values), "BSC5232")


@pytest.mark.parametrize(
    ("member", "place", "change", "found"),
    [
        ("neurons", 0, {"threshold": 99}, "threshold is table 99, which does not exist"),
        ("neurons", 0, {"low": NONE_16}, "has one of the tables low and high"),
        ("neurons", 0, {"half": 2**31}, "half is 2147483648"),
        ("readouts", 0, {"softmax": NONE_16}, "lacks the table softmax"),
        ("readouts", 0, {"reciprocal": 0}, "reciprocal is 0, expected 1 to 2**62"),
        ("readouts", 0, {"reciprocal": 2**62 + 1}, "expected 1 to 2**62"),
        ("updates", 0, {"pulses": 4097}, "pulses is 4097, expected at most 4096"),
        ("updates", 0, {"threshold": 2**31}, "threshold is 2147483648"),
        ("updates", 0, {"rate": 2**31}, "rate is 2147483648"),
        ("updates", 0, {"every": 2**31}, "every is 2147483648"),
        ("updates", 0, {"noise_up": 6}, "has the table noise_up, but no step_up"),
        ("updates", 1, {"noise_up": NONE_16}, "needs the table noise_up"),
        ("updates", 1, {"step_up": 99}, "step_up is table 99, which does not exist"),
        ("updates", 1, {"step_up": -1}, "step_up is -1"),
    ],
)
def test_neurons_readouts_and_updates(member, place, change, found):
    assert found in refused(with_record(member, place, **change), "BSC5232")


def state_of(image):
    arrays = []
    for array in image.arrays:
        shape = (array.rows, array.columns)
        direct, single = array.style is CellStyle.DIRECT, array.style is CellStyle.REFERENCE
        cells = np.zeros(
            shape if direct or single else (2, *shape), np.int32 if direct else np.int16
        )
        lines = [np.zeros(n, np.int16) if single else None for n in shape]
        arrays.append(ArrayState(array.name, array.style, cells, *lines, np.zeros(shape, np.int32)))
    return ChipState(arrays)


def broken(change):
    state = state_of(IMAGE)
    change(state)
    return replace(IMAGE, state=state)


def set_cells(place, value):
    def change(state):
        state.arrays[place].cells.reshape(-1)[-1] = value

    return change


def set_member(place, **members):
    def change(state):
        for name, value in members.items():
            setattr(state if place is None else state.arrays[place], name, value)

    return change


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (set_cells(0, -1), "cells lie in -1..0, expected 0..16383"),
        (set_cells(1, 16384), "cells lie in 0..16384"),
        (set_cells(2, 16383 * 4096 + 1), "master weights lie in"),
        (set_member(0, cells=np.zeros((9, 4), np.int16)), "int16 [9, 4], expected int16 [2, 9, 4]"),
        (set_member(0, cells=np.zeros((2, 9, 4), np.int32)), "cells are int32"),
        (set_member(0, counters=np.zeros((9, 4), np.int64)), "counters are int64"),
        (set_member(0, row_reference=np.zeros(9, np.int16)), "row references are not of this"),
        (set_member(1, column_reference=None), "column references are missing"),
        (set_member(1, row_reference=np.full(4, -1, np.int16)), "row references lie in -1..-1"),
        (set_member(1, style=CellStyle.DIRECT), "cells are of style direct"),
        (set_member(0, wear=np.zeros((9, 4), np.int32)), "wear is not kept by this array"),
        (set_member(None, samples=2**48), "samples is 281474976710656"),
        (set_member(None, checks=-1), "checks is -1"),
        (set_member(None, seed=2**64), "seed is 18446744073709551616"),
        (set_member(None, arrays=[]), "0 arrays, the image has 3"),
    ],
)
def test_state_fits_its_arrays(change, found):
    assert found in refused(broken(change), "BSC5233")


def test_a_state_that_fits_and_wear_that_is_kept():
    def counted(state):
        state.arrays[0].counters[0, 0] = -(2**31)
        state.seed, state.samples = 2**64 - 1, 2**48 - 1

    verify_image(broken(counted), "<test>")
    image = with_record("arrays", 0, wear=1)
    assert "wear is missing" in refused(replace(image, state=state_of(image)), "BSC5233")

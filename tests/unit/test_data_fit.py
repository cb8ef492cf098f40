"""Fitting and encoding: shapes into each other, pixels and floats to the same thresholds."""

from __future__ import annotations

import numpy as np
import pytest

from bsc.diag import Diagnostic
from bsc.numerics.tables import pixel_levels
from bsc.program.model import InputSpec
from bsc_runtime.data import calibration_values, class_indices, encode, fit_input
from bsc_runtime.data.encode import as_pixels, probabilities
from bsc_runtime.notes import Notes

IMAGE = InputSpec("image", (1, 3, 2), 6)
FLAT = InputSpec("flat", (6,), 6)


def collected() -> tuple[Notes, list[Diagnostic]]:
    heard: list[Diagnostic] = []
    return Notes(heard.append), heard


@pytest.mark.parametrize("spec", [IMAGE, FLAT])
@pytest.mark.parametrize("shape", [(5, 6), (5, 3, 2), (5, 1, 3, 2), (5, 3, 2, 1)])
def test_images_and_vectors_become_each_other(spec: InputSpec, shape: tuple[int, ...]) -> None:
    x = np.arange(30, dtype=np.uint8).reshape(shape)
    fitted = fit_input(spec, x)
    np.testing.assert_array_equal(fitted, np.arange(30).reshape(5, 6))
    assert np.shares_memory(fitted, x)


def test_a_reshape_is_said_once() -> None:
    notes, heard = collected()
    for _ in range(3):
        fit_input(IMAGE, np.zeros((5, 3, 2)), notes)
    assert [d.code for d in heard] == ["BSC6020"]
    fit_input(IMAGE, np.zeros((5, 6)), notes)
    fit_input(IMAGE, np.zeros((5, 1, 3, 2)), notes)
    assert len(heard) == 1


def test_thresholds_of_pixels_do_not_depend_on_how_they_are_written() -> None:
    """Each of the 256 pixels gives one threshold as uint8, as k/255 in either float type."""
    spec = InputSpec("x", (256,), 256)
    k = np.arange(256, dtype=np.uint8)[None]
    levels = pixel_levels()
    for x in (k, (k / 255).astype(np.float32), k / np.float32(255), k / 255.0):
        data = encode(spec, x)
        np.testing.assert_array_equal(data.values, k)
        np.testing.assert_array_equal(data.levels, levels)
        exact = np.floor(65536 * probabilities(spec, x) + 0.5)
        np.testing.assert_array_equal(exact[0], levels)


def test_floats_that_are_no_pixels_become_thresholds() -> None:
    x = np.array([[0.0, 0.25, 1.0, 1 / 3, 0.5, 1e-6]], np.float32)
    assert as_pixels(x) is None
    data = encode(FLAT, x)
    assert data.values.dtype == np.int32
    assert data.levels.size == 0
    assert data.values.tolist() == [[0, 16384, 65536, 21845, 32768, 0]]


def test_declared_range_scales() -> None:
    spec = InputSpec("x", (3,), 3, (-1.0,), (3.0,), declared=True)
    assert encode(spec, np.array([[-1.0, 0.0, 3.0]])).values.tolist() == [[0, 16384, 65536]]


def test_each_element_may_have_its_own_range() -> None:
    spec = InputSpec("x", (3,), 3, (0.0, -1.0, 5.0), (2.0, 1.0, 5.0), declared=True)
    thresholds = encode(spec, np.array([[1.0, 1.0, 5.0]])).values.tolist()
    assert thresholds == [[32768, 65536, 0]]


def test_rounding_of_single_precision_is_forgiven_at_the_ends() -> None:
    spec = InputSpec("x", (2,), 2, (-0.4242,), (2.8215,), declared=True)
    x = np.array([[-0.42420003, 2.8215002]], np.float32)
    assert encode(spec, x).values.tolist() == [[0, 65536]]


def test_ranges_learned_from_data_clip_and_count() -> None:
    notes, heard = collected()
    spec = InputSpec("x", (3,), 3, (0.0,), (2.0,), declared=True, saturates=True)
    data = encode(spec, np.array([[-1.0, 1.0, 5.0]]), notes)
    assert data.values.tolist() == [[0, 32768, 65536]]
    assert heard[0].code == "BSC6022"
    assert heard[0].message.startswith("2 of 3 values of input `x`")


def test_bytes_enter_a_wide_declared_range_unscaled() -> None:
    notes, heard = collected()
    spec = InputSpec("x", (3,), 3, (0.0,), (255.0,), declared=True)
    data = encode(spec, np.array([[0, 51, 255]], np.uint8), notes)
    assert data.values.tolist() == [[0, 13107, 65536]]
    assert [d.code for d in heard] == ["BSC6021"]


def test_bytes_in_a_narrow_declared_range_are_scaled_by_255() -> None:
    spec = InputSpec("x", (2,), 2, (-1.0,), (1.0,), declared=True)
    assert encode(spec, np.array([[0, 255]], np.uint8)).values.tolist() == [[32768, 65536]]


def test_labels_in_their_many_forms() -> None:
    wanted = [2, 0, 1]
    for y in ([2, 0, 1], [[2], [0], [1]], [2.0, 0.0, 1.0], np.array([2, 0, 1], np.uint8)):
        found = class_indices(y, 3, 3)
        assert found.tolist() == wanted
        assert found.dtype == np.int32
    assert class_indices(["c", "a", "b"], 3, 3, ("a", "b", "c")).tolist() == wanted
    assert class_indices([9, 5, 7], 3, 3, (5, 7, 9)).tolist() == wanted
    assert class_indices([5, 9, 7], 3, 3, (9, 7, 5)).tolist() == [2, 0, 1]
    assert class_indices([2, 0, 1], 3, 3, ("a", "b", "c")).tolist() == wanted


def test_calibration_sees_what_the_model_sees() -> None:
    """Bytes count as k/255, unless the declared range says that the model scales them itself."""
    k = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    np.testing.assert_array_equal(calibration_values(k), k / np.float32(255))
    np.testing.assert_array_equal(calibration_values(k, (-0.5, 3.0)), k / np.float32(255))
    assert calibration_values(k, (0.0, 255.0)) is k
    floats = k.astype(np.float32)
    assert calibration_values(floats) is floats


def test_bytes_that_are_no_pixels_are_noticed() -> None:
    notes, heard = collected()
    encode(FLAT, np.array([[0, 1, 1, 0, 1, 0]], np.uint8), notes)
    assert [d.code for d in heard] == ["BSC6024"]
    encode(FLAT, np.array([[0, 200, 1, 0, 1, 0]], np.uint8), notes)
    encode(FLAT, np.array([[0, 1, 1, 0, 1, 0]], np.float32), notes)
    assert len(heard) == 1

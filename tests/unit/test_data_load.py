"""Data sets: what `load_data` accepts, and that what it hands out is what was stored."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bsc.diag import DiagnosticError
from bsc.program.model import InputSpec
from bsc_runtime import load_data

SPEC = InputSpec("pixels", (4,), 4)


def idx_bytes(array: npt.NDArray[np.uint8]) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


def write_idx_folder(folder: Path, zipped: bool) -> tuple[npt.NDArray[np.uint8], ...]:
    rng = np.random.default_rng(5)
    parts = {
        "train-images-idx3-ubyte": rng.integers(0, 256, (7, 3, 2), np.uint8),
        "train-labels-idx1-ubyte": rng.integers(0, 10, 7).astype(np.uint8),
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (4, 3, 2), np.uint8),
        "t10k-labels-idx1-ubyte": rng.integers(0, 10, 4).astype(np.uint8),
    }
    for name, array in parts.items():
        content = idx_bytes(array)
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return tuple(parts.values())


@pytest.mark.parametrize("zipped", [False, True])
def test_idx_folder_gives_back_what_was_written(tmp_path: Path, zipped: bool) -> None:
    written = write_idx_folder(tmp_path, zipped)
    data = load_data(tmp_path)
    for found, array in zip((data.x, data.y, data.x_test, data.y_test), written, strict=True):
        assert found is not None
        np.testing.assert_array_equal(found, array)
    assert data.x.dtype == np.uint8


def test_a_plain_idx_file_goes_before_a_gzipped_one(tmp_path: Path) -> None:
    written = write_idx_folder(tmp_path, zipped=False)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"never read")
    np.testing.assert_array_equal(load_data(tmp_path).x, written[0])


@pytest.mark.parametrize(
    ("code", "dtype"),
    [(8, ">u1"), (9, ">i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")],
)
def test_every_idx_element_type(tmp_path: Path, code: int, dtype: str) -> None:
    values = np.array([[1, 2, 3], [4, 5, 100]], dtype)
    head = bytes([0, 0, code, 2]) + struct.pack(">2I", 2, 3)
    (tmp_path / "train-images-idx2").write_bytes(head + values.tobytes())
    x = load_data(tmp_path).x
    np.testing.assert_array_equal(x, values)
    assert x.dtype.isnative


def test_npz_parts_and_keras_names(tmp_path: Path) -> None:
    x, y = np.arange(12.0).reshape(3, 4), np.array([2, 0, 1])
    np.savez(tmp_path / "a.npz", x=x, y=y, x_test=x[:1], y_test=y[:1])
    np.savez_compressed(tmp_path / "b.npz", x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    for name in ("a.npz", "b.npz"):
        data = load_data(tmp_path / name)
        np.testing.assert_array_equal(data.x, x)
        np.testing.assert_array_equal(data.labels(), y)
        assert data.x_test is not None
        assert data.evaluation(SPEC)[2] == "test"


def test_inputs_by_the_models_name(tmp_path: Path) -> None:
    pixels, other = np.zeros((2, 4)), np.ones((2, 3))
    np.savez(tmp_path / "a.npz", pixels=pixels, other=other, pixels_test=pixels[:1], y=[0, 1])
    data = load_data(tmp_path / "a.npz")
    np.testing.assert_array_equal(data.input_for(SPEC), pixels)
    found = data.test_input_for(SPEC)
    assert found is not None
    assert found.shape == (1, 4)
    with pytest.raises(DiagnosticError) as caught:
        data.evaluation(SPEC)  # training samples in their place would look like a test
    assert [d.code for d in caught.value.diagnostics] == ["BSC6006"]


def test_data_without_labels_load_for_calibration(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 4)))
    assert load_data(tmp_path / "a.npz").y is None


def test_mnist_ships() -> None:
    data = load_data("mnist")
    assert data.x.shape == (60000, 28, 28)
    assert data.x_test is not None
    assert data.x_test.shape == (10000, 28, 28)
    assert data.labels()[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.unique(data.labels()).tolist() == list(range(10))


def test_digits_ship_raw() -> None:
    data = load_data("digits")
    assert data.x.shape == (1437, 64)
    assert data.x_test is not None
    assert len(data.x_test) == 360
    assert (data.x.dtype, data.x.min(), data.x.max()) == (np.float32, 0.0, 16.0)


def test_fashion_mnist_is_found_through_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fashion-mnist").mkdir()
    written = write_idx_folder(tmp_path / "fashion-mnist", zipped=True)
    monkeypatch.setenv("BSC_DATA", str(tmp_path))
    np.testing.assert_array_equal(load_data("fashion-mnist").x, written[0])
    monkeypatch.setenv("BSC_DATA", str(tmp_path / "fashion-mnist"))
    np.testing.assert_array_equal(load_data("fashion-mnist").x, written[0])

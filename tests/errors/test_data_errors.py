"""Wrong data: one diagnostic with a code each, and no more memory than the file is worth."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest

from bsc.diag import DiagnosticError
from bsc.program.model import InputSpec
from bsc.testing.broken_npz import HEADER, WRONG_HEADERS, archive_of
from bsc_runtime import load_data
from bsc_runtime.data import class_indices, encode, fit_input

SPEC = InputSpec("pixels", (4,), 4)
IMAGES = "train-images-idx3-ubyte"


def caught(call: Callable[[], object]) -> str:
    with pytest.raises(DiagnosticError) as error:
        call()
    assert len(error.value.diagnostics) == 1
    found = error.value.diagnostics[0]
    return f"{found.code} {found.message} | {found.help or ''}"


def header(*shape: int, code: int = 8) -> bytes:
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


def test_missing_file(tmp_path: Path) -> None:
    assert caught(lambda: load_data(tmp_path / "none.npz")).startswith("BSC6001")


def test_unknown_name_offers_the_nearest() -> None:
    text = caught(lambda: load_data("mnits"))
    assert text.startswith("BSC6002")
    assert "mnist" in text.split("|")[1]


def test_fashion_mnist_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BSC_DATA", str(tmp_path))
    monkeypatch.setattr("bsc_runtime.data.load._DEBIAN", tmp_path / "nowhere")
    text = caught(lambda: load_data("fashion-mnist"))
    assert text.startswith("BSC6001")
    assert "BSC_DATA" in text


@pytest.mark.parametrize("content", [b"", b"hello, world", b"\x93NUMPY\x01\x00"])
def test_not_an_npz(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    assert caught(lambda: load_data(tmp_path / "a.npz")).startswith("BSC6003")


def test_truncated_npz(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros((9, 4)), y=np.zeros(9, np.int64))
    whole = path.read_bytes()
    for length in (30, 200, len(whole) - 10):
        path.write_bytes(whole[:length])
        assert caught(lambda: load_data(path)).startswith("BSC6004")


@pytest.mark.parametrize("name", WRONG_HEADERS)
def test_npz_headers_that_are_no_headers(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.npz").write_bytes(archive_of(WRONG_HEADERS[name]))
    assert caught(lambda: load_data(tmp_path / "a.npz")).startswith("BSC6004")


def test_npz_with_flipped_bytes_is_read_or_told(tmp_path: Path) -> None:
    whole, draw, path = archive_of(HEADER), Random(1), tmp_path / "a.npz"
    told = 0
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(draw.randint(1, 3)):
            content[draw.randrange(len(content))] = draw.randrange(256)
        path.write_bytes(content)
        try:
            load_data(path)
        except DiagnosticError:
            told += 1
    assert told > 200


def test_npz_with_a_flipped_bit(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros((9, 4)), y=np.zeros(9, np.int64))
    content = bytearray(path.read_bytes())
    content[250] ^= 4
    path.write_bytes(content)
    assert caught(lambda: load_data(path)).startswith("BSC6004")


def test_pickles_are_refused(tmp_path: Path) -> None:
    ragged = np.empty(2, object)
    ragged[0], ragged[1] = [1, 2], [3]
    np.savez(tmp_path / "a.npz", x=ragged, y=[0, 1])
    assert caught(lambda: load_data(tmp_path / "a.npz")).startswith("BSC6005")


def test_records_are_no_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(3, [("a", np.int32)]), y=[0, 1, 2])
    assert caught(lambda: load_data(tmp_path / "a.npz")).startswith("BSC6013")


@pytest.mark.parametrize("point", [0xFFFFFFFF, 0x110000, 0xDC80])
@pytest.mark.parametrize("order", "<>")
def test_labels_that_are_no_text(tmp_path: Path, point: int, order: str) -> None:
    labels = np.array([0x61, point], f"{order}u4").view(f"{order}U1")
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 4)), y=labels)
    text = caught(lambda: load_data(tmp_path / "a.npz"))
    assert text.startswith("BSC6004 the data file is damaged: y.npy holds characters")
    np.savez(tmp_path / "b.npz", x=np.zeros((2, 4)), y=np.array(["\U0010ffff", "\ue000"]))
    load_data(tmp_path / "b.npz")


def test_npz_header_that_claims_terabytes_takes_no_memory(tmp_path: Path) -> None:
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    text = text.ljust(117) + b"\n"
    member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(64)
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", member)
    tracemalloc.start()
    text_of_error = caught(lambda: load_data(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert text_of_error.startswith("BSC6004")
    assert peak < 1 << 22


def test_missing_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", y=[0, 1])
    assert caught(lambda: load_data(tmp_path / "a.npz")).startswith("BSC6006")
    np.savez(tmp_path / "b.npz", x=np.zeros((2, 4)))
    assert caught(lambda: load_data(tmp_path / "b.npz").labels()).startswith("BSC6006")
    np.savez(tmp_path / "d.npz", x=np.zeros((2, 4)), labels=[0, 1])
    text = caught(lambda: load_data(tmp_path / "d.npz").labels())
    assert "is `labels` meant to be `y`?" in text
    np.savez(tmp_path / "c.npz", a=np.zeros((2, 4)), b=np.zeros((2, 4)))
    text = caught(lambda: load_data(tmp_path / "c.npz").input_for(SPEC))
    assert text.startswith("BSC6006")
    assert "pixels" in text


@pytest.mark.parametrize("given", ["x_test", "y_test"])
def test_half_a_test_set_is_not_replaced_by_training_samples(tmp_path: Path, given: str) -> None:
    half = {"x_test": np.zeros((2, 4)), "y_test": np.array([0, 1])}
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 4)), y=[0, 1], **{given: half[given]})
    text = caught(lambda: load_data(tmp_path / "a.npz").evaluation(SPEC))
    assert text.startswith("BSC6006")
    assert f"has {given}, but no" in text


def test_folder_without_idx_files(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"")
    text = caught(lambda: load_data(tmp_path))
    assert text.startswith("BSC6006")
    assert "photo.png" in text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "BSC6004"),
        (b"\0\0", "BSC6004"),
        (b"MZ\x90\0", "BSC6003"),
        (b"\0\0\x07\x01\0\0\0\1", "BSC6003"),
        (b"\0\0\x08\0\0\0\0\1", "BSC6003"),
        (header(3, 2, 2)[:9], "BSC6004"),
        (header(3, 2, 2) + bytes(11), "BSC6004"),
        (header(3, 2, 2) + bytes(13), "BSC6004"),
        (header(4294967295, 28, 28), "BSC6004"),
        (header(0, 28, 28), "BSC6007"),
        (header(0, 4294967295, 4294967295, 4294967295), "BSC6007"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_broken_idx(tmp_path: Path, content: bytes, code: str, zipped: bool) -> None:
    path = tmp_path / (IMAGES + ".gz" * zipped)
    path.write_bytes(gzip.compress(content) if zipped else content)
    assert caught(lambda: load_data(tmp_path)).startswith(code)


def test_truncated_gzip(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, 400, np.uint8).tobytes()
    whole = gzip.compress(header(100, 2, 2) + noise)
    for length in (12, len(whole) // 2, len(whole) - 4):
        (tmp_path / (IMAGES + ".gz")).write_bytes(whole[:length])
        assert caught(lambda: load_data(tmp_path)).startswith("BSC6004")


def test_empty_data(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((0, 4)), y=np.zeros(0, np.int64))
    assert caught(lambda: load_data(tmp_path / "a.npz")).startswith("BSC6007")
    assert caught(lambda: fit_input(SPEC, np.zeros((0, 4)))).startswith("BSC6007")
    assert caught(lambda: fit_input(SPEC, 3.0)).startswith("BSC6007")


def test_lengths_differ(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 4)), y=[0, 1])
    assert caught(lambda: load_data(tmp_path / "a.npz")).startswith("BSC6011")
    assert caught(lambda: class_indices([0, 1], 3, 3)).startswith("BSC6011")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(bad: float) -> None:
    x = np.zeros((3, 4), np.float32)
    x[1, 2] = bad
    text = caught(lambda: fit_input(SPEC, x))
    assert text.startswith("BSC6008 1 values")
    assert "[1, 2]" in text


def test_infinities_that_cancel_are_found() -> None:
    x = np.zeros((3, 4))
    x[0, 0], x[1, 1] = np.inf, -np.inf
    assert caught(lambda: fit_input(SPEC, x)).startswith("BSC6008 2 values")


def test_wrong_width() -> None:
    text = caught(lambda: fit_input(InputSpec("i", (28, 28), 784), np.zeros((5, 64))))
    assert text.startswith("BSC6009")
    assert "64" in text
    assert "28 x 28 (784 values)" in text


def test_one_sample_alone_and_swapped_axes_get_their_own_help() -> None:
    assert "x[None]" in caught(lambda: fit_input(SPEC, np.zeros(4)))
    spec = InputSpec("i", (3, 8, 4), 96)
    assert "transpose" in caught(lambda: fit_input(spec, np.zeros((5, 8, 4, 3))))


def test_text_as_input() -> None:
    assert caught(lambda: fit_input(SPEC, np.array([["a"] * 4]))).startswith("BSC6013")


@pytest.mark.parametrize("y", [[0, 3, 1], [0, -1, 2], [0.5, 1.0, 2.0], [0, 2**40, 1]])
def test_labels_out_of_range_or_no_integers(y: list[float]) -> None:
    assert caught(lambda: class_indices(y, 3, 3)).startswith("BSC6010")


def test_labels_that_are_one_hot_or_unknown_words() -> None:
    assert "argmax" in caught(lambda: class_indices(np.eye(3), 3, 3))
    assert "`d`" in caught(lambda: class_indices(["a", "d", "b"], 3, 3, ("a", "b", "c")))
    assert caught(lambda: class_indices(["a"], 1, 3)).startswith("BSC6010")
    assert "count from 0" in caught(lambda: class_indices([1, 2, 3], 3, 3))


def test_labels_with_nan() -> None:
    assert caught(lambda: class_indices([0.0, np.nan], 2, 3)).startswith("BSC6008")


def test_values_outside_an_assumed_range_name_the_ways_out() -> None:
    text = caught(lambda: encode(SPEC, np.array([[0.0, 16.0, 3.0, -1.0]])))
    assert text.startswith("BSC6012 3 of 4 values")
    assert "--calibrate" in text
    assert "--input-range=-1:16" in text


def test_values_outside_a_declared_range() -> None:
    spec = InputSpec("x", (4,), 4, (0.0,), (2.0,), declared=True)
    text = caught(lambda: encode(spec, np.array([[0.0, 1.0, 2.0, 2.1]])))
    assert text.startswith("BSC6012 1 of 4 values")
    assert "[0, 2]" in text


def test_an_archive_member_that_is_no_array(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", b"this is no array at all")
    assert caught(lambda: load_data(path)).startswith("BSC6004")


@pytest.mark.parametrize(
    ("descr", "shape"),
    [
        ("<U0", "(3000000000,)"),
        ("<U0", "(3,)"),
        ("<f4", "(True,)"),
        ("<f4", "(-1,)"),
        ("<f4", "(-1, -1)"),
        ("<f4", "(0, 4000000000, 4000000000, 4000000000)"),
        ("<f4", "(1" + "0" * 4000 + ",)"),
        ("<f4", "(" + "1" + "0" * 4000 + ", 1" + "0" * 4000 + ")"),
    ],
)
def test_npz_headers_of_impossible_arrays(tmp_path: Path, descr: str, shape: str) -> None:
    """Elements of no length and extents that are no counts: refused by the header alone."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}".encode()
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1) + text + b"\n" + bytes(4)
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", array)
        archive.writestr("y.npy", array)
    assert caught(lambda: load_data(path)).startswith("BSC6004")


def test_npz_deflate_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    """The directory claims 1 TB from a few bytes; deflate cannot do that, so nothing is read."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(1000))
    content = stream.getvalue().replace(struct.pack("<I", 1000), struct.pack("<I", 4000000000))
    (tmp_path / "a.npz").write_bytes(content)
    assert caught(lambda: load_data(tmp_path / "a.npz")).startswith("BSC6004")

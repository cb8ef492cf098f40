"""Weights of programs: from files of three kinds, written out, drawn, left to the device."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from safetensors.numpy import save_file

from bsc.diag import DiagnosticError
from bsc.testing.broken_npz import HEADER, WRONG_HEADERS, archive_of
from bsc.testing.dsl_programs import body_of, model_of

W = np.arange(12, dtype=np.float32).reshape(4, 3)
B = np.array([1, 2, 3], np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same tensors in files of each kind, beside some of other types."""
    save_file({"a/w": W, "b": B, "wt": np.ascontiguousarray(W.T)}, tmp_path / "n.safetensors")
    np.savez(tmp_path / "n.npz", **{"a/w": W, "b": B, "wt": W.T})
    np.savez_compressed(tmp_path / "wide.npz", w=W.astype(np.float64), h=W.astype(np.float16))
    tensors = [numpy_helper.from_array(t, n) for n, t in (("a/w", W), ("b", B), ("wt", W.T))]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, [1])],
        [helper.make_tensor_value_info("y", 1, [1])],
        tensors,
    )
    (tmp_path / "n.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    return tmp_path


@pytest.mark.parametrize("kind", ["safetensors", "npz", "onnx"])
def test_tensors_of_files(kind: str, folder: Path) -> None:
    graph = body_of(
        f'weights w = "n.{kind}"',
        'a = x -> dense(3, weights = w["a/w"], bias = w["b"])',
        'output y = x -> dense(weights = transpose(w["wt"]), bias = false) -> add(a)',
        folder=folder,
    ).graph
    np.testing.assert_array_equal(graph.constants["a/w"], W)
    np.testing.assert_array_equal(graph.constants["wt.transposed"], W)
    assert graph.constants["wt.transposed"].flags.c_contiguous


def test_data_beside_an_onnx_file_are_read_in_its_folder_alone(folder: Path) -> None:
    model = onnx.load(folder / "n.onnx")
    onnx.save(
        model, folder / "e.onnx", save_as_external_data=True, size_threshold=0, location="e.bin"
    )
    lines = ('weights w = "e.onnx"', 'output y = x -> dense(weights = w["a/w"], bias = w["b"])')
    graph = body_of(*lines, folder=folder).graph
    np.testing.assert_array_equal(graph.constants["a/w"], W)
    (folder / "e.bin").rename(folder / "e2.bin")
    (folder / "e.bin").symlink_to(folder / "e2.bin")
    with pytest.raises(DiagnosticError, match=r"BSC2402: e.onnx: .*symbolic link"):
        body_of(*lines, folder=folder)


def test_floats_of_every_width_become_float32(folder: Path) -> None:
    graph = body_of(
        'weights w = "wide.npz"',
        'output y = x -> dense(weights = w["w"], bias = false)',
        'output z = x -> dense(weights = w["h"], bias = false)',
        folder=folder,
    ).graph
    assert {array.dtype for array in graph.constants.values()} == {np.dtype(np.float32)}


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    halves = (W.view(np.uint32) >> 16).astype("<u2")
    header = json.dumps({"w": {"dtype": "BF16", "shape": [4, 3], "data_offsets": [0, 24]}}).encode()
    (tmp_path / "b.safetensors").write_bytes(
        len(header).to_bytes(8, "little") + header + halves.tobytes()
    )
    graph = body_of(
        'weights w = "b.safetensors"',
        'output y = x -> dense(weights = w["w"], bias = false)',
        folder=tmp_path,
    ).graph
    np.testing.assert_array_equal(graph.constants["w"], W)


def test_one_name_is_one_constant(folder: Path) -> None:
    graph = body_of(
        'weights w = "n.npz"',
        "let b = [1, 2, 3]",
        'a = x -> dense(3, weights = w["a/w"], bias = b)',
        'output y = x -> dense(3, weights = w["a/w"], bias = b) -> add(a)',
        'c = x -> matmul(transpose(w["wt"]))',
        'output z = x -> matmul(transpose(w["wt"])) -> add(c)',
        folder=folder,
    ).graph
    assert len(graph.constants) == 3


def test_a_path_that_is_relative_needs_a_folder(folder: Path) -> None:
    text = 'weights w = "n.npz"\nmodel m {{ input x: f32[4]; output y = x + w["b"][0] }}\n'
    with pytest.raises(DiagnosticError, match=r"BSC2401.* no folder to look in"):
        model_of(text.format())
    body = f'model m {{ weights w = "{folder / "n.npz"}"; input x: f32[3]; output y = x + w["b"] }}'
    assert model_of(body.replace("; ", "\n")).graph.nodes[0].op == "add"


def test_weights_written_out() -> None:
    graph = body_of(
        "let w = [[1, 2], [3, 4], [5, 6], [7, 8]]",
        "h = x -> dense(2, weights = w, bias = [0.5, -0.5])",
        "output y = h -> dense(2, weights = reshape(f32([1, 0, 0, 1]), [2, 2]) * 2, bias = false)",
        "output z = h -> gather(i32([1, 0]))",
    ).graph
    dense, second, gather = graph.nodes
    assert graph.constants[dense.inputs[1]].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert graph.constants[dense.inputs[2]].tolist() == [0.5, -0.5]
    assert graph.constants[second.inputs[1]].tolist() == [[2, 0], [0, 2]]
    assert graph.constants[gather.inputs[1]].dtype == np.int32


def test_weights_of_the_device_take_no_memory() -> None:
    tracemalloc.start()
    model = body_of("output y = x -> dense(1000000) -> dense(2000)")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    assert model.weights == "random"
    assert all(not any(array.strides) for array in model.graph.constants.values())


def test_initialisers_are_the_same_everywhere() -> None:
    """Golden numbers: keyed draws do not depend on the machine, nor on what was drawn before."""
    graph = body_of(
        "a = x -> dense(2, weights = uniform(-1, 1, seed = 3))",
        "b = x -> dense(2, weights = normal(0.5, mean = 1, seed = 3), bias = ones)",
        "c = x -> dense(2, weights = glorot(seed = 3), bias = constant(0.25))",
        "d = x -> dense(2, weights = he(seed = 3), bias = zeros)",
        "output y = a + b + c + d",
    ).graph
    first = {n: np.asarray(c).reshape(-1)[:2].tolist() for n, c in graph.constants.items()}
    assert first == {
        "dense1.weight": UNIFORM,
        "dense1.bias": [0.0, 0.0],
        "dense2.weight": NORMAL,
        "dense2.bias": [1.0, 1.0],
        "dense3.weight": GLOROT,
        "dense3.bias": [0.25, 0.25],
        "dense4.weight": HE,
        "dense4.bias": [0.0, 0.0],
    }


UNIFORM = [-0.24649816751480103, 0.18920882046222687]
NORMAL = [0.9696165323257446, 1.2278761863708496]
GLOROT = [-0.5833306312561035, 0.7079251408576965]
HE = [-1.01171875, 1.76171875]


def test_draws_have_the_spread_that_they_say() -> None:
    """Means of 2^16 draws: six standard errors, a false alarm in 10^8 runs; the seed is fixed."""
    graph = body_of(
        "a = x -> dense(256, weights = uniform(-1, 3))",
        "b = x -> dense(256, weights = normal(2, mean = 5))",
        "c = x -> dense(256, weights = glorot)",
        "output y = x -> dense(256, weights = he) -> add(a + b + c)",
        inputs="x: f32[256]",
    ).graph
    count = 1 << 16
    expected = {
        "dense1.weight": (1.0, 4 / np.sqrt(12)),
        "dense2.weight": (5.0, 2.0),
        "dense3.weight": (0.0, np.sqrt(2 / 512)),
        "dense4.weight": (0.0, np.sqrt(2 / 256)),
    }
    for name, (mean, deviation) in expected.items():
        drawn = graph.constants[name].astype(np.float64)
        assert abs(drawn.mean() - mean) < 6 * deviation / np.sqrt(count), name
        assert abs(drawn.std() / deviation - 1) < 6 / np.sqrt(2 * count) + 0.002, name


def test_layers_left_to_the_device_beside_others_are_drawn_and_a_note_says_so() -> None:
    model = body_of("output y = x -> dense(3) as left -> dense(2, weights = he(seed = 1))")
    assert model.weights == "keep"
    assert [note.code for note in model.notes] == ["BSC2409"]
    assert "left" in model.notes[0].message
    assert len(np.unique(model.graph.constants["left.weight"])) == 12


@pytest.mark.parametrize(
    ("bias", "mode"),
    [
        ("[1, 0, 0]", "keep"),
        ("ones", "keep"),
        ("constant(2)", "keep"),
        ("uniform(0, 1)", "keep"),
        ("normal(0, mean = 1)", "keep"),
        ("[0, 0, 0]", "random"),
        ("zeros", "random"),
        ("constant(0)", "random"),
        ("uniform(0, 0)", "random"),
        ("device", "random"),
        ("false", "random"),
    ],
)
def test_a_bias_that_is_given_is_kept(bias: str, mode: str) -> None:
    model = body_of(f"output y = x -> dense(3, bias = {bias}) as left -> dense(2)")
    assert model.weights == mode
    assert [note.code for note in model.notes] == ["BSC2409"] * (mode == "keep")
    constants = model.graph.constants
    drawn = len(np.unique(constants["left.weight"])) == 12
    assert drawn == (mode == "keep")
    if mode == "keep":
        assert np.any(constants["left.bias"])


def test_weights_of_a_file_without_bias_give_a_note(folder: Path) -> None:
    model = body_of(
        'weights w = "n.npz"', 'output y = x -> dense(weights = w["a/w"])', folder=folder
    )
    assert [note.code for note in model.notes] == ["BSC2410"]
    assert not model.graph.constants["dense1.bias"].any()


@pytest.mark.parametrize("name", WRONG_HEADERS)
def test_headers_of_arrays_that_are_no_headers(name: str, tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_bytes(archive_of(WRONG_HEADERS[name]))
    with pytest.raises(DiagnosticError, match=r"BSC2402: w.npz: a.npy is no numpy array"):
        body_of('weights w = "w.npz"', 'output y = x -> dense(4, w["a"])', folder=tmp_path)


def test_characters_that_unicode_does_not_have(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([0x61, 0xFFFFFFFF], "<u4").view("<U1"))
    lines = ("h = x -> argmax(keepdims = false)", 'output y = h -> gather(of = w["a"])')
    with pytest.raises(DiagnosticError, match=r"BSC2402: w.npz: a.npy holds characters"):
        body_of('weights w = "w.npz"', *lines, folder=tmp_path)


def test_a_name_in_an_archive_that_is_no_text(tmp_path: Path) -> None:
    raw = bytearray(archive_of(HEADER))
    entry = raw.find(b"PK\x01\x02")
    raw[entry + 9] |= 8  # names are UTF-8, as it says
    raw[raw.find(b"a.npy", entry)] = 0xFF
    (tmp_path / "w.npz").write_bytes(raw)
    with pytest.raises(DiagnosticError, match=r"BSC2402: w.npz: is no .npz archive"):
        body_of('weights w = "w.npz"', 'output y = x -> dense(4, w["a"])', folder=tmp_path)


def test_too_many_draws_are_refused_before_memory_is_taken() -> None:
    tracemalloc.start()
    with pytest.raises(DiagnosticError, match=r"BSC2306.* to be drawn"):
        body_of("output y = x -> dense(2 ** 25, weights = he) -> dense(8, weights = he)")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20

"""Damaged and forged program files: diagnostics, never a traceback."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from bsc.diag import DiagnosticError, render_all
from bsc.driver import compile_model
from bsc.program.file import load, save
from bsc.testing.networks import dense_network

MANIFEST = "manifest.json"
FROZEN = {"name": "layer0", "frozen": True, "device": None, "threshold": None, "pulses": None}
REFRESH = {"op": "refresh", "layer": -1, "tables": [], "numbers": [["every", 1]]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Bytes of a small program with weights, cells and Python."""
    path = tmp_path_factory.mktemp("whole") / "whole.bsp"
    program = compile_model(dense_network([6, 20, 3], "relu"), target="ideal-64")
    save(program, path, python_source="# text\n")
    return path.read_bytes()


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(parts: dict[str, bytes], *, seal: bool = True, kind: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of parts; `seal` makes sizes and checksums of the manifest agree with them."""
    if seal:
        manifest = json.loads(parts[MANIFEST])
        manifest["members"] = {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in parts.items()
            if name != MANIFEST
        }
        parts = {**parts, MANIFEST: json.dumps(manifest).encode()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def refused(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "bad.bsp"
    path.write_bytes(data)
    with pytest.raises(DiagnosticError) as caught:
        load(path)
    text = render_all(caught.value.diagnostics)
    assert all(d.code.startswith("BSC50") for d in caught.value.diagnostics), text
    assert all(d.labels and str(path) in str(d.labels[0].span) for d in caught.value.diagnostics)
    return text


def test_the_whole_file_loads(tmp_path, whole) -> None:
    path = tmp_path / "good.bsp"
    path.write_bytes(pack(parts_of(whole)))
    assert load(path).name == "net"


def test_a_file_cut_off_anywhere_is_refused(tmp_path, whole) -> None:
    offsets = {*range(0, 60), *np.linspace(0, len(whole) - 1, 120).astype(int).tolist()}
    offsets |= set(range(len(whole) - 100, len(whole)))
    for offset in sorted(offsets):
        assert "BSC5002]: no program file" in refused(tmp_path, whole[:offset])


def test_a_flipped_bit_anywhere_is_refused_or_harmless(tmp_path, whole) -> None:
    """Bits that no reader looks at (times, attributes, padding) may flip; nothing else may."""
    rng = np.random.default_rng(3)
    path = tmp_path / "flipped.bsp"
    good = parts_of(whole)
    for place in rng.integers(0, 8 * len(whole), 400).tolist():
        data = bytearray(whole)
        data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)
        try:
            load(path)
        except DiagnosticError as error:
            codes = {d.code[:5] for d in error.diagnostics}
        else:
            codes = {"BSC50"}
            assert parts_of(bytes(data)) == good
        assert codes == {"BSC50"}


def test_every_byte_of_the_directory_may_break(tmp_path, whole) -> None:
    path = tmp_path / "flipped.bsp"
    start = whole.index(b"PK\x01\x02")
    for place in range(start, len(whole)):
        data = bytearray(whole)
        data[place] ^= 0xFF
        path.write_bytes(data)
        try:
            load(path)
        except DiagnosticError as error:
            codes = {d.code[:5] for d in error.diagnostics}
        else:
            codes = {"BSC50"}
        assert codes == {"BSC50"}


@pytest.mark.parametrize("data", [b"", b"garbage" * 99, b"PK\x05\x06" + bytes(18), bytes(4096)])
def test_what_is_no_program_file_is_named_so(tmp_path, data) -> None:
    assert "BSC5002]: no program file" in refused(tmp_path, data)


def test_other_archives_are_no_program_files(tmp_path) -> None:
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = pack({"x.npy": bytes(1000)}, seal=False, kind=kind)
        assert "the manifest is missing" in refused(tmp_path, data)
    many = pack({f"{i}": b"" for i in range(20)}, seal=False)
    assert "an archive of 20 parts" in refused(tmp_path, many)


def test_missing_files_and_folders_are_named(tmp_path) -> None:
    with pytest.raises(DiagnosticError, match="BSC5001: no such file"):
        load(tmp_path / "none.bsp")
    with pytest.raises(DiagnosticError, match="BSC5001: is a directory"):
        load(tmp_path)


def edit(whole: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    parts = parts_of(whole)
    manifest = json.loads(parts[MANIFEST])
    change(manifest)
    parts[MANIFEST] = json.dumps(manifest).encode()
    return pack(parts, seal=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(version=3), "BSC5004]: the file has version 3"),
        (lambda m: m.update(version=0), "BSC5004]: the file has version 0, this bsc reads 1 to 2"),
        (lambda m: m.update(version=-1), "BSC5004]: the file has version -1"),
        (lambda m: m.update(format="else"), "BSC5002]: no program file: its format is 'else'"),
        (lambda m: m.pop("version"), "BSC5005]: version: field required"),
        (lambda m: m.pop("tiles"), "BSC5005]: tiles: field required"),
        (lambda m: m.update(extra=1), "BSC5005]: extra: extra inputs are not permitted"),
        (lambda m: m["buffers"][0].update(size="7"), "BSC5005]: buffers.0.size: input should"),
        (lambda m: m["buffers"][0].update(colour=1), "BSC5005]: buffers.0.colour"),
        (lambda m: m["training"][0].update(op="explode"), "BSC5005]: training.0.op: input sh"),
        (lambda m: m["plan"].update(rule="magic"), "BSC5005]: plan.rule: input should be"),
        (lambda m: m["options"].update(epochs=True), "BSC5005]: options.epochs: input should be"),
        (lambda m: m["options"].update(epochs=-1), "BSC5010]: epochs is -1, expected 0 to"),
        (lambda m: m["options"].update(seed=1 << 64), "BSC5010]: seed is 18446744073709551616"),
        (lambda m: m["target"]["array"].update(rows=0), "BSC5005]: target.array.rows"),
        (lambda m: m["members"].pop("source.bsir"), "BSC5006]: the manifest does not list"),
        (lambda m: m["members"].update(x=m["members"]["program.py"]), "a part that has no use"),
        (lambda m: m["members"]["tail.bsir"].update(size=1), "BSC5003]: "),
        (lambda m: m["members"]["tail.bsir"].update(sha256="0" * 64), "have the checksum"),
        (lambda m: m.update(state=None), "BSC5006]: the manifest lists a part that has no"),
        (lambda m: m["state"]["arrays"].pop(), "BSC5003]: no array has the tensor '1.cells'"),
        (lambda m: m["state"]["arrays"][0].update(counters=True), "no tensor with counters"),
    ],
)
def test_manifests_that_are_not_valid_are_refused(tmp_path, whole, change, message) -> None:
    assert message in refused(tmp_path, edit(whole, change))


def test_a_manifest_from_before_epochs_and_seed_were_in_it_is_read(tmp_path, whole) -> None:
    def older(manifest: dict[str, Any]) -> None:
        for name in ("epochs", "seed"):
            del manifest["options"][name]

    path = tmp_path / "older.bsp"
    path.write_bytes(edit(whole, older))
    options = load(path).options
    assert (options.epochs, options.seed) == (None, None)


def test_manifests_that_are_no_json_are_refused(tmp_path, whole) -> None:
    for text in (b"", b"[", b"[" * 100_000, b"{}", b'{"format":1}', b"\xff", b"null"):
        parts = {**parts_of(whole), MANIFEST: text}
        assert f"[{MANIFEST}]" in refused(tmp_path, pack(parts, seal=False))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["inputs"][0].update(size=7), "BSC5010]: shape [6] has not 7 elements"),
        (lambda m: m["inputs"][0].update(low=[2.0]), "low must be below high"),
        (lambda m: m["inputs"][0].update(low=[-1e308], high=[1e308]), "by a finite width"),
        (lambda m: m["inputs"].append(m["inputs"][0]), "names must differ and not be empty"),
        (lambda m: m["inputs"].clear(), "the program has no input"),
        (lambda m: m["reads"].reverse(), "first reads are of arrays [1, 0], expected all"),
        (lambda m: m["reads"][1].update(array=5), "first reads are of arrays [0, 5], expected"),
        (lambda m: m["reads"][1].update(name=m["reads"][0]["name"]), "reads]"),
        (lambda m: m["reads"][0].update(gain=0.0), "gain is 0.0, expected a positive number"),
        (lambda m: m["heads"].clear(), "reads [], expected some of the reads"),
        (lambda m: m["heads"][0].update(read=0), "its array has 20"),
        (lambda m: m["heads"][0].update(outputs=[]), "each needs outputs of its own"),
        (lambda m: m["heads"][0].update(classes=[1]), "1 labels for 3 outputs"),
        (lambda m: m["heads"][0].update(readout="logistic"), "its function is none, expected log"),
        (lambda m: m["heads"][0].update(readout="none"), "readouts of reads [1], expected []"),
        (lambda m: m["training"][5].update(numbers=[["target", 1]]), "takes targets of another"),
        (lambda m: m["training"][5].update(numbers=[]), "error has the numbers none, expected tar"),
        (lambda m: m["training"][-1].update(array=9), "count works on array 9, which does not"),
        (lambda m: m["training"][4].update(layer=0), "draws for layer 0, its sums are read 1"),
        (lambda m: m["plan"].update(layers=[FROZEN]), "moves array 0, which the plan keeps frozen"),
        (lambda m: m["plan"].update(batch=0), "batch is 0, expected 1 to"),
        (lambda m: m["arrays"][0].update(columns=21), "buffer 1 is sum[20], expected sum[21]"),
        (lambda m: m["arrays"][0].update(scale=0), "scale is 0"),
        (lambda m: m["reads"][0].update(function="evil"), "unknown neuron function 'evil'"),
        (lambda m: m["reads"][0].update(function="none"), "a neuron follows, but no function"),
        (lambda m: m["arrays"][1].update(layer=0), "its layer is 0"),
        (lambda m: m["arrays"].clear(), "the program has no array"),
        (lambda m: m["tiles"].pop(), "its tiles do not cover 21 x 3 cells once each"),
        (lambda m: m["tiles"][1].update(row_start=-64), "tile 1 is 85 x 3, the target's 64 x 64"),
        (lambda m: m["tiles"][0].update(array=9), "there is no array 9"),
        (lambda m: m["tiles"][0].update(index=4), "its index is 4"),
        (lambda m: m["buffers"][0].update(size=7), "encode: buffer 0 is bit[7], expected bit[6]"),
        (lambda m: m["buffers"][1].update(kind="bit"), "is bit[20], expected sum[20]"),
        (lambda m: m["inference"][1].update(target=99), "read names buffer 99, which does not"),
        (lambda m: m["inference"][1].update(array=-2), "read works on array -2, which does not"),
        (lambda m: m["inference"][1].update(sources=[]), "read reads 0 buffers, expected 1"),
        (lambda m: m["inference"][1].update(tiles=[]), "read does not name each tile of array 0"),
        (lambda m: m["inference"][2].update(layer=7), "sample draws for layer 7, which no read"),
        (lambda m: m["inference"][2].update(tables=[["threshold", "x"]]), "there is no table 'x'"),
        (lambda m: m["inference"][2].update(tables=[]), "sample has the tables none, expected"),
        (lambda m: m["inference"].pop(0), "read reads buffer 0 before it is written"),
        (lambda m: m["inference"].append(m["inference"][1]), "writes buffer 1 a second time"),
        (lambda m: m["inference"].pop(), "reads arrays [0], expected [0, 1], the last"),
        (lambda m: m["training"].pop(0), "its first steps are not those of inference"),
        (lambda m: m["inference"][3].update(sources=[0]), "buffer 0 is bit[6], expected bit[20]"),
        (
            lambda m: m["training"][-1].update(sources=[7, 8]),
            "count reads a buffer that derivative",
        ),
        (lambda m: m["training"][4].update(sources=[1]), "is bit[3], expected bit[20]"),
        (lambda m: m["training"].clear(), "there are no steps, and no reason why"),
        (lambda m: m["training"].pop(), "steps arrays [0, 1], counted are [1]"),
        (lambda m: m["update"].pop(), "steps arrays [0], counted are [0, 1]"),
        (lambda m: m["update"][0].update(numbers=[["threshold", 0], ["pulses", 1]]), "is 0, exp"),
        (lambda m: m["update"][0].update(tables=[]), "carry lacks the table step_up, which ref"),
        (lambda m: m["update"][0].update(numbers=[]), "carry has the numbers none, expected pul"),
        (lambda m: m["update"][0]["numbers"][1].__setitem__(1, 4097), "pulses is 4097, expected 1"),
        (lambda m: m["plan"].update(pulses=4097), "pulses is 4097, expected 1 to 4096"),
        (lambda m: m["update"].append(m["update"][0]), "steps arrays [0, 0, 1], counted are"),
        (
            lambda m: m["update"].append({**m["update"][0], **REFRESH}),
            "the array's are reference",
        ),
        (lambda m: m["state"].update(seed=2**64), "seed is 18446744073709551616, expected 0"),
        (lambda m: m["state"]["arrays"][0].update(style="pair-up"), "are of style pair-up"),
        (lambda m: m["state"]["arrays"][0].update(name="x"), "belongs to 'x', expected"),
        (lambda m: m["plan"].update(rule="sgd"), "style reference, the program's are direct"),
    ],
)
def test_programs_that_break_a_rule_are_refused(tmp_path, whole, change, message) -> None:
    assert message in refused(tmp_path, edit(whole, change))


def with_tensor(whole: bytes, member: str, name: str, value: np.ndarray | None) -> bytes:
    parts = parts_of(whole)
    tensors = safetensors.numpy.load(parts[member])
    tensors.pop(name) if value is None else tensors.update({name: value})
    parts[member] = safetensors.numpy.save(tensors)
    return pack(parts)


@pytest.mark.parametrize(
    ("member", "name", "value", "message"),
    [
        ("state", "0.cells", np.full((7, 20), 16384, np.int16), "cells lie in 16384..16384"),
        ("state", "0.cells", np.zeros((8, 20), np.int16), "int16 [8, 20], expected int16 [7, 20]"),
        ("state", "0.cells", np.zeros((7, 20), np.int32), "cells are int32 [7, 20], expected"),
        ("state", "0.cells", np.zeros(7, np.int16), "there are no cells of array"),
        ("state", "0.cells", None, "there are no cells of array"),
        ("state", "0.row_reference", None, "row references are missing"),
        ("state", "0.row_reference", np.full(7, -1, np.int16), "row references lie in -1..-1"),
        ("state", "9.cells", np.zeros(3, np.int16), "no array has the tensor '9.cells'"),
        ("tables", "levels", np.full(256, 65537, np.int32), "expected 256 thresholds in 0..65536"),
        ("tables", "levels", np.zeros((2, 2), np.int32), "expected a vector of int32 or int64"),
        ("tables", "levels", None, "the encoder's table `levels` is missing"),
        ("tables", "neuron0.T", np.zeros(16, np.int32), "[16] entries as threshold, expected 4096"),
        ("tables", "neuron0.T", np.arange(4096, 0, -1, np.int32), "thresholds must not decrease"),
        ("tables", "step_up", np.full(16384, -1, np.int32), "a pulse up moves a cell by 0"),
        ("tables", "step_up", np.zeros(16384, np.float32), "expected a vector of int32 or int64"),
        ("tables", "softmax.E", np.zeros(4096, np.int64), "the first above 0"),
        ("tables", "softmax.E", np.full(4096, 2**40, np.int64), "exceed 32 bits"),
        ("tables", "odd", np.zeros(3, np.float32), "expected a vector of int32 or int64"),
        ("source", "odd", np.zeros(3, np.float32), "BSC5008]: the graph has no constant 'odd'"),
        ("source", "w0", None, "BSC5008]: the data is kept elsewhere"),
        ("source", "w0", np.zeros((6, 20)), "BSC5008]: the data kept elsewhere is float64"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(tmp_path, whole, member, name, value, message) -> None:
    data = with_tensor(whole, f"{member}.safetensors", name, value)
    assert message in refused(tmp_path, data)


def header(text: str | bytes, data: bytes = b"") -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return len(raw).to_bytes(8, "little") + raw + data


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"\xff" * 8,
        header("{"),
        header("[" * 50_000),
        header('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}', bytes(8)),
        header('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(4)),
        header('{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}', bytes(16)),
        header('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(12)),
        header('{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}', bytes(8)),
        header('{"a":{"dtype":"F8","shape":[2],"data_offsets":[0,8]}}', bytes(8)),
        header(f'{{"a":{{"dtype":"F32","shape":[0,{10**30}],"data_offsets":[0,0]}}}}'),
        header(f'{{"a":{{"dtype":"F32","shape":{[1] * 70},"data_offsets":[0,4]}}}}', bytes(4)),
        header(f'{{"a":{{"dtype":"F32","shape":[{2**40}],"data_offsets":[0,{2**42}]}}}}'),
        header('{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}', b"\x07"),
    ],
)
def test_forged_tensors_are_refused_before_memory_is_taken(tmp_path, whole, forged) -> None:
    parts = {**parts_of(whole), "tables.safetensors": forged}
    assert "BSC5003]: the part is damaged" in refused(tmp_path, pack(parts))


def test_compressed_and_doubled_and_surplus_parts_are_refused(tmp_path, whole) -> None:
    parts = parts_of(whole)
    bomb = {**parts, "program.py": bytes(50_000_000)}
    assert "not stored as it is" in refused(tmp_path, pack(bomb, kind=zipfile.ZIP_DEFLATED))
    assert "does not list this part" in refused(tmp_path, pack({**parts, "x": b""}, seal=False))
    del parts["tail.bsir"]
    assert "the part is missing" in refused(tmp_path, pack(parts, seal=False))
    stream = io.BytesIO(whole)
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("tail.bsir", b"")
    assert "the part is there twice" in refused(tmp_path, stream.getvalue())


def test_broken_text_inside_is_shown_with_its_line(tmp_path, whole) -> None:
    parts = parts_of(whole)
    parts["source.bsir"] = parts["source.bsir"].replace(b"relu(", b"evil(")
    text = refused(tmp_path, pack(parts))
    assert "BSC5008]: evil %relu (from" in text or "BSC5008]: evil %relu: unknown operator" in text
    assert "[source.bsir]" in text
    parts["source.bsir"] = b"\xff"
    assert "BSC5003]: no UTF-8 at byte 0" in refused(tmp_path, pack(parts))

"""A program comes back from its file as it was, in the same bytes, without copies in memory."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest
import safetensors.numpy

from bsc.driver import compile_model
from bsc.ir.graph import same_graph
from bsc.numerics.digest import digest
from bsc.numerics.state import ArrayState, CellStyle, ChipState
from bsc.plans import plan_for
from bsc.program.file import load, save
from bsc.program.model import Program
from bsc.program.tensors import read_tensors, tensor_chunks
from bsc.testing.networks import dense_network

NETWORK = dense_network([20, 150, 3], "relu")


def assert_same(a: Program, b: Program) -> None:
    assert same_graph(a.source, b.source)
    assert same_graph(a.tail, b.tail)
    for field in fields(Program):
        if field.name not in ("source", "tail", "tables", "state"):
            assert getattr(a, field.name) == getattr(b, field.name), field.name
    assert a.tables.keys() == b.tables.keys()
    for name, table in a.tables.items():
        assert table.dtype == b.tables[name].dtype
        assert np.array_equal(table, b.tables[name])
    assert (a.state is None) == (b.state is None)
    if a.state is not None and b.state is not None:
        assert digest(a.state) == digest(b.state)
        for clock in ("place", "pulses"):
            assert getattr(a.state, clock) == getattr(b.state, clock)


def trained(program: Program) -> Program:
    """The program with counters, wear and clocks that are not zero."""
    assert program.state is not None
    rng = np.random.default_rng(5)
    arrays = [
        replace(
            array,
            counters=rng.integers(-60, 60, array.counters.shape, np.int32),
            wear=rng.integers(0, 99, array.counters.shape, np.int32) * (index % 2),
        )
        for index, array in enumerate(program.state.arrays)
    ]
    state = ChipState(arrays, 2**64 - 1, 1 << 47, 3, 4, 5, 2**62)
    return replace(program, state=state)


@pytest.mark.parametrize("weights", ["keep", "random"])
@pytest.mark.parametrize("rule", ["carry", "sgd", "hp"])
@pytest.mark.parametrize("target", ["oxram-64", "ideal-128", "ecram-128"])
def test_programs_come_back_as_they_were(tmp_path, target, rule, weights) -> None:
    program = compile_model(NETWORK, target=target, plan=plan_for(rule), weights=weights)
    save(program, tmp_path / "a.bsp")
    again = load(tmp_path / "a.bsp")
    assert_same(again, program)
    save(again, str(tmp_path / "b.bsp"))
    assert (tmp_path / "a.bsp").read_bytes() == (tmp_path / "b.bsp").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.bsp", "b.bsp"]


@pytest.mark.parametrize("target", ["oxram-64", "ideal-128"])
def test_counters_wear_and_clocks_come_back(tmp_path, target) -> None:
    program = trained(compile_model(NETWORK, target=target))
    save(program, tmp_path / "a.bsp")
    assert_same(load(tmp_path / "a.bsp"), program)


def test_counters_that_are_zero_take_no_room(tmp_path) -> None:
    program = compile_model(NETWORK, target="ideal-128")
    save(program, tmp_path / "a.bsp")
    with zipfile.ZipFile(tmp_path / "a.bsp") as archive:
        stored = safetensors.numpy.load(archive.read("state.safetensors"))
    assert "0.cells" in stored
    assert not any("counters" in name or "wear" in name for name in stored)


def test_the_readable_python_is_kept_as_text(tmp_path) -> None:
    program = compile_model(NETWORK, weights="random")
    save(program, tmp_path / "a.bsp")
    with zipfile.ZipFile(tmp_path / "a.bsp") as archive:
        assert "program.py" not in archive.namelist()
    save(program, tmp_path / "a.bsp", python_source="print('é')\n")
    with zipfile.ZipFile(tmp_path / "a.bsp") as archive:
        assert archive.read("program.py").decode() == "print('é')\n"
    assert_same(load(tmp_path / "a.bsp"), program)


def test_a_link_keeps_pointing_at_its_file_and_modes_stay(tmp_path) -> None:
    program = compile_model(NETWORK, weights="random")
    real, link = tmp_path / "real.bsp", tmp_path / "link.bsp"
    save(program, real)
    real.chmod(0o640)
    link.symlink_to(real)
    save(program, link)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert_same(load(link), program)


def test_the_safetensors_library_reads_our_tensors_and_we_read_its() -> None:
    tensors = {
        "a b": np.arange(6, dtype=np.int16).reshape(2, 3).T,
        "empty": np.zeros((0, 4), np.float64),
        "number": np.array(3.5, np.float32),
        "truth": np.array([True, False]),
        "big": np.arange(3_000_000, dtype=np.int64),
    }
    ours = b"".join(bytes(chunk) for chunk in tensor_chunks(tensors))
    theirs = safetensors.numpy.load(ours)

    class Source:
        place = 0

        def read(self, size: int = -1, /) -> bytes:
            data = foreign[self.place : len(foreign) if size < 0 else self.place + size]
            self.place += len(data)
            return data

    contiguous = {name: np.ascontiguousarray(a).reshape(a.shape) for name, a in tensors.items()}
    foreign = safetensors.numpy.save(contiguous)
    ours_of_theirs = read_tensors(Source(), len(foreign))
    for name, array in tensors.items():
        for other in (theirs[name], ours_of_theirs[name]):
            assert (other.dtype, other.shape) == (array.dtype, array.shape)
            assert np.array_equal(other, array)


_MEMORY = """
import resource, sys
import numpy as np
from bsc.ir.builder import GraphBuilder
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.driver import compile_model
from bsc.program.file import load, save

width, path = int(sys.argv[1]), sys.argv[2]
b = GraphBuilder("wide", Stage.SOURCE, OPS)
b.input("x", TensorType(Encoding.F32, ("N", width)))
b.constant("w", np.full((width, width), 0.5, np.float32))
b.add("dense", ["x", "w"], name="y")
b.output("y")
program = compile_model(b.build(), target="ideal-128", weights="random")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
save(program, path)
saved = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
del program, b
load(path)
loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(saved - before, loaded - before)
"""


def test_saving_and_loading_take_no_copy_of_the_weights(tmp_path) -> None:
    """40 MB of weights: saving adds no copy; loading fits into what was freed, and some."""
    command = [sys.executable, "-c", _MEMORY, "3200", str(tmp_path / "wide.bsp")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    saved, loaded = map(int, done.stdout.split())
    assert saved < 12_000, "KiB beyond the compiled program while saving"
    assert loaded < 12_000, "KiB beyond the compiled program while loading it again"


def test_direct_style_keeps_master_weights(tmp_path) -> None:
    program = compile_model(NETWORK, plan=plan_for("sgd"))
    save(program, tmp_path / "a.bsp")
    state = load(tmp_path / "a.bsp").state
    assert state is not None
    assert all(isinstance(a, ArrayState) and a.style is CellStyle.DIRECT for a in state.arrays)
    assert state.arrays[0].cells.dtype == np.int32

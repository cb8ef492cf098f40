"""Program files that version 1 of the format wrote, in `version_1/`, read as they were meant.

They hold a network of 6, 5 and 3 neurons, after two epochs of 40 samples, seed 5, B = 4, T = 3;
for both backends, and by rule `hp`.
"""

import io
import json
import zipfile
from pathlib import Path

import pytest

from bsc.diag import DiagnosticError
from bsc.driver import recompile
from bsc.hw.plan import Readout
from bsc.numerics.digest import digest
from bsc.plans import plan_for
from bsc.program.file import load, save

FOLDER = Path(__file__).parent / "version_1"
DIGEST = "f3ab1fb9995969675854dbec7f72cce3e1405b3f0d64fe474d024b0152f25e95"


@pytest.mark.parametrize("backend", ["python", "isa"])
def test_a_file_of_version_1_is_read_and_written_as_the_present_one(tmp_path, backend):
    program = load(FOLDER / f"{backend}.bsp")
    assert program.state is not None
    assert digest(program.state) == DIGEST
    assert [spec.name for spec in program.inputs] == ["x"]
    assert [read.name for read in program.reads] == ["hidden", "answer"]
    (head,) = program.heads
    assert (head.readout, head.outputs, head.classes) == (
        Readout.SOFTMAX,
        ("p", "label"),
        ("a", "b", "c"),
    )
    save(program, tmp_path / "now.bsp")
    again = load(tmp_path / "now.bsp")
    assert again.heads == program.heads
    assert again.training == program.training
    assert digest(again.state) == DIGEST


def test_a_network_that_hp_trained_is_compiled_again_and_keeps_its_cells():
    program = load(FOLDER / "hp.bsp")
    assert any(node.op == "neuron" for node in program.source.nodes)
    again = recompile(program, plan=plan_for("carry"))
    assert again.training
    assert again.heads == program.heads
    assert again.heads[0].outputs == ("p", "label")
    assert digest(again.state) == digest(program.state)


@pytest.mark.parametrize("lost", ["input", "arrays", "classes", "training", "plan"])
def test_a_damaged_manifest_of_version_1_is_refused(tmp_path, lost):
    with zipfile.ZipFile(FOLDER / "python.bsp") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    del manifest[lost]
    parts["manifest.json"] = json.dumps(manifest).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    path = tmp_path / "bad.bsp"
    path.write_bytes(stream.getvalue())
    with pytest.raises(DiagnosticError) as caught:
        load(path)
    assert {d.code for d in caught.value.diagnostics} == {"BSC5005"}

"""The published cases of the instruction set: three executors that share no code agree on them.

The reference executor knows programs and no words; the interpreter in plain Python was written from
docs/isa.md; the machine is compiled. What files say came from the first two.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from bsc.isa.assemble import assemble
from bsc.isa.binary import decode, encode
from bsc.isa.disassemble import disassemble
from bsc.isa.instructions import BY_NAME, TABLE
from bsc.isa.kinds import EntryKind
from bsc.isa.words import decode_word
from bsc.numerics.digest import digest
from bsc.numerics.state import CellStyle
from bsc.testing.isa_examples import SAMPLES, prelude, setting
from bsc_runtime.machine import Machine

FOLDER = Path(__file__).parent / "isa"
NAMES = sorted(path.name for path in (FOLDER / "cases").iterdir())
WRITTEN = ["edges", "messages", "moving", "targets", "tiles", "trap"]
"""Cases written by hand, for which there is no program."""

MOST_BYTES = 2_000_000

_OWN = ("case_files", "check", "interpreter", "compiled_cases", "assembly_cases", "make")
_OWN += ("machine_check",)


@pytest.fixture(scope="module")
def tools():
    """Scripts of the folder; other folders have a `make` and a `check` of their own."""
    before = {name: sys.modules.pop(name, None) for name in _OWN}
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in _OWN}
    finally:
        sys.path.remove(str(FOLDER))
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


@pytest.mark.parametrize("name", NAMES)
def test_the_interpreter_finds_what_the_files_say(tools, name):
    assert list(tools["check"].problems(tools["case_files"].read(name))) == []


@pytest.mark.parametrize("deferred", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_machine_finds_what_the_files_say(tools, name, deferred):
    case = tools["case_files"].read(name)
    assert list(tools["machine_check"].problems(case, deferred=deferred)) == []


@pytest.mark.parametrize("name", NAMES)
def test_text_and_file_are_the_same_image(tools, name):
    case = tools["case_files"].read(name)
    assert encode(assemble(case.text, "image.s")) == case.image
    assert disassemble(decode(case.image, "image.bin")) == case.text


@pytest.mark.parametrize("name", WRITTEN)
def test_the_files_of_written_cases_are_what_make_writes(tools, name):
    made = tools["case_files"].files_of(tools["make"].make(name))
    folder = FOLDER / "cases" / name
    assert sorted(made) == sorted(path.name for path in folder.iterdir())
    assert [f for f, content in made.items() if (folder / f).read_bytes() != content] == []


@pytest.mark.parametrize("name", sorted({*NAMES} - {*WRITTEN}))
def test_the_reference_executor_finds_what_the_files_say(tools, name):
    """Of the same cells and streams; what code the compiler makes today does not matter."""
    case = tools["case_files"].read(name)
    image, runs = tools["compiled_cases"].made(tools["compiled_cases"].COMPILED[name])
    assert digest(image.state) == case.digest
    for made, run in zip(runs, case.runs, strict=True):
        assert made.rows() == run.rows()
        assert made.labels == run.labels
        found, said = made.expected, run.expected
        assert (found.digest, found.clocks) == (said.digest, said.clocks)
        assert list(found.outputs.values()) == list(said.outputs.values())


def test_make_knows_every_case_and_they_are_small(tools):
    assert sorted(tools["make"].NAMES) == NAMES
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"| `{name}` | {tools['case_files'].read(name).about} |" in readme
    sizes = [path.stat().st_size for path in (FOLDER / "cases").rglob("*.*")]
    assert sum(sizes) < MOST_BYTES


def test_the_checker_runs_with_nothing_but_python():
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-S", str(FOLDER / "check.py")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("agrees") == len(NAMES)


def test_the_interpreter_shares_no_code_with_the_package():
    for path in [FOLDER / "check.py", FOLDER / "case_files.py", *FOLDER.glob("interpreter*.py")]:
        text = path.read_text(encoding="utf-8")
        for word in ("import bsc", "from bsc", "numpy"):
            assert word not in text, path


def test_cases_have_every_instruction_style_and_entry(tools):
    images = [decode(tools["case_files"].read(name).image, name) for name in NAMES]
    words = {w for image in images for core in image.cores for w in core.code}
    assert {decode_word(word).name for word in words} == {row.name for row in TABLE}
    assert {array.style for image in images for array in image.arrays} == set(CellStyle)
    runs = [run for name in NAMES for run in tools["case_files"].read(name).runs]
    assert {run.entry for run in runs} == {kind.name.lower() for kind in EntryKind}
    assert {len(image.cores) for image in images} >= {1, 2, 4}


@pytest.mark.parametrize("name", [row.name for row in TABLE])
def test_the_interpreter_finds_what_the_examples_of_the_page_say(tools, name):
    """And as many cycles as the machine."""
    interpreter, example = tools["interpreter"], BY_NAME[name].example
    image = assemble(prelude(example.code, example.other), "<example>")
    around = setting(example)
    chip = interpreter.Chip(encode(image))
    for core, words in around.backing.items():
        chip.backing[core] = words.tolist()
    inputs, labels = around.inputs.tolist(), around.labels.tolist()
    run = interpreter.Run("infer", SAMPLES, 1, 0, inputs=inputs, labels=labels)
    if name == "trap":
        with pytest.raises(interpreter.Trapped, match="7"):
            chip.run(run)
        return
    found = chip.run(run)
    for place, elements in example.found.items():
        if place == "out":
            assert found.outputs[0] == list(elements)
            continue
        core, vector = (1, place[2:]) if place.startswith("1.") else (0, place)
        numbers = [v.name for v in image.cores[core].vectors]
        assert chip.cores[core].get(numbers.index(vector)) == list(elements), place
    machine = Machine(image, backing=around.backing)
    machine.start(EntryKind.INFER, around.inputs, around.labels, samples=SAMPLES)
    machine.run()
    assert machine.cycles == found.cycles

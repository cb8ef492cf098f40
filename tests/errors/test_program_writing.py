"""Program files that cannot be written: diagnostics, and never a loss."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys

import pytest

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.program.archive import ArchiveWriter, replacing
from bsc.program.file import load, save
from bsc.testing.networks import dense_network


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Bytes of a small program with weights, cells and Python."""
    path = tmp_path_factory.mktemp("whole") / "whole.bsp"
    program = compile_model(dense_network([6, 20, 3], "relu"), target="ideal-64")
    save(program, path, python_source="# text\n")
    return path.read_bytes()


def test_a_full_disk_leaves_the_old_file(tmp_path, whole, monkeypatch) -> None:
    path = tmp_path / "a.bsp"
    path.write_bytes(whole)
    program = load(path)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiagnosticError, match="BSC5011: no space left on device; nothing was"):
        save(program, path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bsp"]
    assert path.read_bytes() == whole


def test_a_write_that_stops_midway_leaves_the_old_file(tmp_path, whole) -> None:
    """A real limit of the system on the size of files, hit while tensors are written."""
    path = tmp_path / "a.bsp"
    path.write_bytes(whole)
    script = (
        "import resource, sys\n"
        "from bsc.diag import DiagnosticError\n"
        "from bsc.program.file import load, save\n"
        "program = load(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n"
        "    save(program, sys.argv[1])\n"
        "except DiagnosticError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()[0]
    assert said == "BSC5011: file too large; nothing was changed"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bsp"]
    assert path.read_bytes() == whole


def test_places_that_cannot_be_written_are_named(tmp_path, whole) -> None:
    (tmp_path / "a.bsp").write_bytes(whole)
    program = load(tmp_path / "a.bsp")
    with pytest.raises(DiagnosticError, match="BSC5011: no such file or directory"):
        save(program, tmp_path / "none" / "b.bsp")
    (tmp_path / "folder.bsp").mkdir()
    with pytest.raises(DiagnosticError, match="it is there already, and is no file"):
        save(program, tmp_path / "folder.bsp")
    with pytest.raises(DiagnosticError, match="it is there already, and is no file"):
        save(program, "/dev/null")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.bsp", "folder.bsp"]


def test_a_failure_between_two_parts_is_told_alone(tmp_path, monkeypatch) -> None:
    """An archive that is given up must not try to end itself when it is collected."""
    heard: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)

    def write() -> None:
        with replacing(tmp_path / "a.bsp") as stream, ArchiveWriter(stream) as writer:
            writer.add("part", [b"bytes"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    gc.collect()
    assert heard == []
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_nothing_behind(tmp_path) -> None:
    path = tmp_path / "a.bsp"
    path.write_bytes(b"old")

    def write() -> None:
        with replacing(path) as stream:
            stream.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert [p.name for p in tmp_path.iterdir()] == ["a.bsp"]
    assert path.read_bytes() == b"old"

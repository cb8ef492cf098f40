"""Text in program files: too many bytes or words of it are refused before they are read."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.program.file import load, save
from bsc.testing.networks import dense_network

MANIFEST = "manifest.json"


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.bsp"
    save(compile_model(dense_network([6, 20, 3], "relu"), target="ideal-64"), path)
    return path


@pytest.mark.parametrize("name", ["source.bsir", MANIFEST])
def test_text_of_many_megabytes_is_refused_unread(whole: Path, name: str) -> None:
    with zipfile.ZipFile(whole) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    parts[name] += b" " * (16 << 20)
    manifest = json.loads(parts[MANIFEST])
    if name != MANIFEST:
        sha = hashlib.sha256(parts[name]).hexdigest()
        manifest["members"][name] = {"size": len(parts[name]), "sha256": sha}
        parts[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(whole, "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    with pytest.raises(DiagnosticError, match=r"BSC5007.* of text, at most 16 MiB"):
        load(whole)


def test_a_graph_of_too_many_words_is_refused(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bsc.ir.parser.MAX_TOKENS", 20)
    with pytest.raises(DiagnosticError, match=r"BSC5008: more than 20 words and signs \(BSC2012\)"):
        load(whole)

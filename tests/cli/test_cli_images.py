"""`bsc asm` and `bsc dis`: both ways without loss, nothing written over, mistakes in words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from bsc.testing.isa_examples import prelude


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "net.s"
    path.write_text(prelude("clear y\nadd y, s"), encoding="utf-8")
    return path


def test_assembly_becomes_an_image_and_assembly_again(bsc: Callable, source: Path) -> None:
    ran = bsc("asm", "net.s", "--json")
    assert ran.code == 0, ran.err
    data = Path("net.bin").read_bytes()
    assert len(ran.out.splitlines()) == 1
    words = ran.json.pop("code_bytes")
    assert words % 8 == 0
    assert ran.json == {
        "image": "net.bin",
        "words": len(data) // 8,
        "cores": 2,
        "code_bytes": words,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    ran = bsc("dis", "net.bin", "-o", "again.s", "--json")
    assert ran.code == 0, ran.err
    text = Path("again.s").read_text(encoding="utf-8")
    assert ran.json == {"assembly": "again.s", "lines": len(text.splitlines())}
    assert bsc("dis", "net.bin").out == text
    assert bsc("asm", "again.s", "-o", "again.bin").code == 0
    assert Path("again.bin").read_bytes() == data


def test_without_a_file_the_assembly_goes_where_people_read(bsc: Callable, source: Path) -> None:
    assert "wrote net.bin: 18 words of code on 2 cores" in bsc("asm", "net.s").out
    ran = bsc("dis", "net.bin", "--json")
    assert ran.err.startswith(".isa      1.1\n")
    assert ran.json == {"assembly": None, "lines": len(ran.err.splitlines())}


def test_what_is_read_is_never_written_over(bsc: Callable, source: Path) -> None:
    text = source.read_bytes()
    source.rename("net.bin")  # assembly of that name: the default output is the input
    for arguments in (["asm", "net.bin"], ["asm", "net.bin", "-o", "./net.bin"]):
        ran = bsc(*arguments)
        assert (ran.code, "BSC7010" in ran.err) == (1, True)
    assert Path("net.bin").read_bytes() == text
    assert bsc("asm", "net.bin", "-o", "image").code == 0
    data = Path("image").read_bytes()
    assert "BSC7010" in bsc("dis", "image", "-o", "image").err
    assert Path("image").read_bytes() == data


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["asm", "none.s"], "BSC5220", "no such file"),
        (["asm", "."], "BSC5220", "is a directory"),
        (["dis", "none.bin"], "BSC5209", "no such file"),
        (["dis", "net.s"], "BSC5201", "`bsc asm` makes an image of it"),
        (["asm", "net.s", "-o", "nowhere/net.bin"], "BSC5011", "nothing was changed"),
    ],
)
def test_mistakes_leave_with_1_and_a_code(
    bsc: Callable, source: Path, arguments: list[str], code: str, said: str
) -> None:
    ran = bsc(*arguments)
    assert ran.code == 1
    assert code in ran.err
    assert said in ran.err


def test_a_wrong_line_is_shown_with_a_caret_and_nothing_is_written(
    bsc: Callable, source: Path
) -> None:
    text = source.read_text(encoding="utf-8").replace("clear ", "claer ")
    source.write_text(text, encoding="utf-8")
    ran = bsc("asm", "net.s")
    assert ran.code == 1
    assert "claer   y" in ran.err or "claer y" in ran.err
    assert "^^^^^" in ran.err
    assert "did you mean clear" in ran.err
    assert not Path("net.bin").exists()

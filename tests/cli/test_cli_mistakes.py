"""What goes wrong ends in a message and an exit code: never in a traceback, never in harm."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BSC = [sys.executable, "-m", "bsc"]


@pytest.mark.parametrize(
    ("arguments", "offered"),
    [
        (["trian"], "train"),
        (["compile", "m.onnx", "--taret", "x"], "--target"),
        (["compile", "m.onnx", "--rule", "cary"], "carry"),
        (["compile", "m.onnx", "--weights", "kep"], "keep"),
        (["eval", "m.bsp", "--data", "mnist", "--mode", "stochastik"], "stochastic"),
        (["compile", "m.onnx", "--input-range", "1:0"], "lo"),
        (["compile", "m.onnx", "--input-range=-1e308:1e308"], "finite"),
        (["compile", "m.onnx", "--batch", "0"], "1"),
        (["export", "m.bsp", "--onnx", "o.onnx", "--seed", str(1 << 64)], str((1 << 64) - 1)),
        (["train", "m.onnx", "--data", "mnist", "--seed", str(1 << 64)], str((1 << 64) - 1)),
        (["machine", "m.bsp", "--seed", str(1 << 64)], str((1 << 64) - 1)),
        (["compile"], "MODEL"),
        (["export", "m.bsp"], "--python"),
    ],
)
def test_usage_errors_leave_with_2_and_offer_the_nearest(
    bsc: Callable, arguments: list[str], offered: str
) -> None:
    ran = bsc(*arguments)
    assert ran.code == 2
    assert offered in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["compile", "none.onnx"], "BSC1", "none.onnx"),
        (["compile", "{net}", "--target", "oxram128"], "BSC4007", "did you mean oxram-128"),
        (["compile", "{net}", "--target", "none.toml"], "BSC4001", "none.toml"),
        (["compile", "{net}", "-o", "nowhere/a.bsp"], "BSC", "nowhere"),
        (
            ["compile", "{net}", "--threshold", "1", "--rule", "sgd", "--eta", "5000"],
            "BSC3021",
            "eta",
        ),
        (["compile", "{net}", "--eta", "0.1"], "BSC3021", "eta"),
        (
            ["compile", "{net}", "--refresh-every", "9", "--target", "ideal-64"],
            "BSC3021",
            "ideal-64",
        ),
        (["train", "{net}", "--data", "mnits"], "BSC6002", "did you mean mnist?"),
        (["train", "{net}", "--data", "none.npz"], "BSC6001", "none.npz"),
        (["train", "{net}", "--data", "{data}", "-o", "nowhere/a.bsp"], "BSC5011", "nowhere"),
        (["eval", "none.bsp", "--data", "{data}"], "BSC5", "none.bsp"),
        (["eval", "{net}", "--data", "{data}"], "BSC5002", "bsc compile tiny.onnx"),
        (["compile", "{program}"], "BSC1001", "a program of bsc"),
        (["inspect", "{data}"], "BSC5", "data.npz"),
        (["opt", "{program}"], "BSC2010", "p.bsp"),
        (["run", "{program}", "--input", "none.npy", "-o", "y.npz"], "BSC7008", "none.npy"),
        (["run", "{program}", "--input", "x={data}", "-o", "y.npz"], "BSC7008", "data.npz"),
        (["run", "{program}", "--input", "q={data}", "-o", "y.npz"], "BSC7007", "inputs: x"),
        (["train", "{program}", "--data", "{data}", "--input-range", "0:2"], "BSC7009", "--input"),
        (["eval", "{program}", "--data", "digits"], "BSC6", "64"),
    ],
)
def test_mistakes_leave_with_1_a_code_and_what_to_do(
    bsc: Callable, net: Path, data: Path, arguments: list[str], code: str, said: str
) -> None:
    assert bsc("compile", net, "-o", "p.bsp").code == 0
    places = {"net": str(net), "data": str(data), "program": "p.bsp"}
    ran = bsc(*(a.format(**places) for a in arguments))
    assert ran.code == 1, ran.err
    assert f"error[{code}" in ran.err
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_pickle_in_an_input_is_refused(bsc: Callable, net: Path) -> None:
    assert bsc("compile", net, "-o", "p.bsp").code == 0
    np.save("evil.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    ran = bsc("run", "p.bsp", "--input", "evil.npy", "-o", "y.npz")
    assert ran.code == 1
    assert "BSC7008" in ran.err


def test_a_failed_save_leaves_the_old_program(
    bsc: Callable, net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bsc("compile", net, "-o", "p.bsp").code == 0
    before = Path("p.bsp").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(Path, "replace", full)
    ran = bsc("compile", net, "-o", "p.bsp", "--weights", "random")
    assert ran.code == 1
    assert "no space left on device" in ran.err.lower()
    monkeypatch.undo()
    assert (net.parent / "p.bsp").read_bytes() == before
    assert [p.name for p in net.parent.iterdir() if p.name.startswith(".")] == []


def test_a_bug_leaves_with_70_and_a_file_with_the_traceback(
    bsc: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import tempfile

    import bsc.hw.registry as registry

    def broken() -> list[str]:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(registry, "names", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ran = bsc("targets", "list")
    assert ran.code == 70
    assert "error[BSC9001]: internal error: ZeroDivisionError: a bug" in ran.err
    assert "Traceback" not in ran.err
    (report,) = tmp_path.glob("bsc-bug-*.txt")
    text = report.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "bsc targets list" in text
    monkeypatch.setenv("BSC_DEBUG", "1")
    assert "Traceback" in bsc("targets", "list").err


def test_a_reader_that_goes_away_is_no_error() -> None:
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shlex.join(BSC)} explain | head -1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("BSC1001")


def test_ctrl_c_saves_and_says_where(net: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    np.savez(
        tmp_path / "d.npz", x=rng.integers(0, 256, (4096, 16), np.uint8), y=rng.integers(0, 3, 4096)
    )
    process = subprocess.Popen(
        [*BSC, "train", str(net), "--data", "d.npz", "--epochs", "100000", "-o", "t.bsp"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("training 2/"):
            break
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(timeout=60) == 130
    assert "saved to t.bsp" in rest
    assert "Traceback" not in rest
    assert (tmp_path / "t.bsp").is_file()


@pytest.mark.parametrize("rule", ["carry", "hp"])
def test_ctrl_c_waits_for_the_save_at_the_end(
    bsc: Callable, net: Path, data: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    from bsc.program import file

    save = file.save

    def pressed(*given: Any, **options: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        save(*given, **options)

    monkeypatch.setattr(file, "save", pressed)
    words = ["--data", data, "--rule", rule, "--epochs", "1", "-o", "t.bsp"]
    ran = bsc("train", net, *words)
    assert (ran.code, "wrote t.bsp" in ran.out) == (0, True)
    assert Path("t.bsp").is_file()


@pytest.mark.parametrize("arguments", [["--help"], ["opt", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """Commands import what they need when they run; how long that takes, benchmarks measure."""
    heavy = {"numpy", "numba", "onnx", "lark", "scipy", "bsc.driver", "bsc.hw.spec", "bsc.ops"}
    code = (
        "import sys\nfrom bsc.cli.guard import run\n"
        f"code = run({arguments!r})\n"
        f"sys.stderr.write(repr((code, sorted({heavy!r} & set(sys.modules)))))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == "(0, [])"


def test_what_is_no_file_is_never_replaced(bsc: Callable, net: Path, tmp_path: Path) -> None:
    """Moving a new file into place would destroy a device or a pipe of that name."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert bsc("compile", net, "-o", pipe).code == 1
        ran = bsc("train", net, "--data", "not-read.npz", "-o", pipe)  # said before all else
        assert (ran.code, "error[BSC5011]: it is there already" in ran.err) == (1, True)
        assert bsc("compile", net, "--stop-after", "binarise", "-o", pipe).code == 0
        assert os.read(reader, 6) == b"bsir 1"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "pipe.onnx"], "BSC1002"),
        (["inspect", "pipe.bsp"], "BSC5001"),
        (["dis", "pipe.bsi"], "BSC5209"),
        (["targets", "check", "pipe.toml"], "BSC4001"),
        (["train", "{net}", "--data", "pipe.npz"], "BSC6001"),
        (["run", "{program}", "--input", "pipe.npy", "-o", "y.npy"], "BSC7008"),
        (["run", "{program}", "--input", "pipe.npz", "-o", "y.npy"], "BSC6001"),
    ],
)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(
    bsc: Callable, net: Path, tmp_path: Path, arguments: list[str], code: str
) -> None:
    for ending in ("onnx", "bsp", "bsi", "toml", "npy", "npz"):
        os.mkfifo(tmp_path / f"pipe.{ending}")
    assert bsc("compile", net, "-o", "p.bsp").code == 0
    ran = bsc(*(a.format(net=net, program="p.bsp") for a in arguments))
    assert ran.code == 1
    assert f"error[{code}" in ran.err


def test_a_device_that_never_ends_is_not_read(bsc: Callable, tmp_path: Path) -> None:
    (tmp_path / "zero.onnx").symlink_to("/dev/zero")
    ran = bsc("check", "zero.onnx")
    assert (ran.code, "it is no regular file" in ran.err) == (1, True)


@pytest.mark.parametrize("text", ["model x {\n bad bad\n}\n", "model x {}\n"])
def test_a_text_from_a_pipe_is_read_once(tmp_path: Path, text: str) -> None:
    """For carets it would be read again, and nobody writes to it any more."""
    os.mkfifo(tmp_path / "p.bsc")
    process = subprocess.Popen(
        [*BSC, "check", "p.bsc"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    (tmp_path / "p.bsc").write_text(text, encoding="utf-8")
    try:
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "--> p.bsc:" in said


def npy_of(shape: str) -> bytes:
    """A file of 100 bytes of numbers whose header claims a shape."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(100)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "content",
    [
        npy_of("(100000000000, 784)"),
        npy_of(f"({2**31}, {2**31})"),
        npy_of(f"({10**30}, 2)"),
        npy_of(f"({hex(1 << 20000)}, 2)"),
        npy_of("(True, 2)"),
        npy_of("(30, 2)"),
        npy_of("(" * 3000),
        b"PK\x03\x04garbage",
        b"",
    ],
    ids=["large", "too many", "no size", "many digits", "no number", "short", "(((", "PK", "empty"],
)
def test_a_damaged_array_is_refused_unread(
    bsc: Callable, net: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    assert bsc("compile", net, "-o", "p.bsp").code == 0
    ran = bsc("run", "p.bsp", "--input", "x.npy", "-o", "y.npy")
    assert ran.code == 1
    assert "BSC7008" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["compile", "net.onnx", "-o", "./net.onnx"],
        ["train", "net.onnx", "--data", "d.npz", "-o", "net.onnx"],
        ["export", "p.bsp", "--python", "p.bsp"],
        ["export", "p.bsp", "--onnx", "p.bsp"],
        ["run", "p.bsp", "--input", "x.npy", "-o", "x.npy"],
        ["run", "p.bsp", "--input", "x.npy", "-o", "p.bsp"],
        ["compile", "net.onnx", "--stop-after", "binarise", "-o", "net.onnx"],
        ["compile", "net.onnx", "--calibrate", "d.npz", "-o", "./d.npz"],
        ["compile", "net.onnx", "--target", "own.toml", "-o", "own.toml"],
        ["compile", "net.bsc", "-o", "w.npz"],
        ["compile", "net.bsc", "-o", "w2.npz"],
        ["compile", "net.bsc", "-o", "own.toml"],
        ["train", "net.bsc", "--data", "d.npz", "-o", "w.npz"],
        ["train", "net.onnx", "--data", "d.npz", "-o", "d.npz"],
        ["train", "p.bsp", "--data", "d.npz", "-o", "d.npz"],
        ["train", "p.bsp", "--data", "idx", "-o", "idx/train-images-idx3-ubyte"],
        ["machine", "p.bsp", "--data", "d.npz", "--trace", "d.npz"],
        ["opt", "net.onnx", "--target", "own.toml", "-o", "own.toml"],
    ],
)
def test_what_is_read_is_not_written_over(
    bsc: Callable, net: Path, tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "net.onnx").write_bytes(net.read_bytes())
    assert bsc("compile", "net.onnx", "-o", "p.bsp").code == 0
    np.save(tmp_path / "x.npy", np.zeros((3, 16), np.float32))
    np.savez(tmp_path / "d.npz", x=np.zeros((9, 16), np.float32), y=np.arange(9) % 3)
    for name in ("w.npz", "w2.npz"):
        np.savez(tmp_path / name, w=np.zeros((16, 3), np.float32))
    (tmp_path / "net.bsc").write_text(_TEXT)
    assert bsc("targets", "new", "own", "-o", "own.toml").code == 0
    (tmp_path / "idx").mkdir()
    (tmp_path / "idx" / "train-images-idx3-ubyte").write_bytes(b"images")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    ran = bsc(*arguments)
    assert ran.code == 1
    assert "BSC7010" in ran.err
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


_TEXT = """
weights f = "w.npz"

model net {
  weights inner = "w2.npz"
  input x: f32[16]
  output y = x -> dense(3, weights = f["w"]) -> softmax
}

target "own.toml"
"""


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-", ">&- 2>&-", "2>&1 | head -1"])
def test_a_run_goes_on_when_nobody_can_hear_it(net: Path, tmp_path: Path, stderr: str) -> None:
    np.savez(tmp_path / "d.npz", x=np.zeros((9, 16), np.float32), y=np.arange(9) % 3)
    words = ["train", str(net), "--data", "d.npz", "--epochs", "2", "-o", "t.bsp"]
    line = " ".join(shlex.quote(word) for word in [*BSC, *words])
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line} {stderr}"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0
    assert (tmp_path / "t.bsp").is_file()


@pytest.mark.parametrize(
    ("arguments", "code"), [(["fmt", "-"], 0), (["opt", "-"], 1), (["lsp"], 1)]
)
def test_a_closed_standard_input_is_an_empty_one(arguments: list[str], code: int) -> None:
    if arguments == ["lsp"]:
        pytest.importorskip("pygls")
    line = shlex.join([*BSC, *arguments])
    for given in ("<&-", "</dev/null"):
        ran = subprocess.run(
            ["bash", "-c", f"{line} {given}"], capture_output=True, text=True, check=False
        )
        assert ran.returncode == code, ran.stderr
        assert "Traceback" not in ran.stderr

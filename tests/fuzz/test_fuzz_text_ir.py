"""Whatever text comes: a graph that comes back, or diagnostics with a place; soon, and in bounds.

BSC_FUZZ_SECONDS is how long; `fuzz_text_ir.py` says how to let it run for hours. Texts of many
megabytes, which no mutation makes, have tests of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bsc.diag import DiagnosticError, render_all
from bsc.diag.render import read_sources
from bsc.ir.parser import read_graph
from bsc.ops import OPS

SECONDS = float(os.environ.get("BSC_FUZZ_SECONDS", "20"))
SCRIPT = Path(__file__).parent / "fuzz_text_ir.py"

HEAD = 'bsir 1\ngraph "g" at source {\n'
LENGTH = 1 << 24
LONG: dict[str, Callable[[], str | bytes]] = {
    "brackets": lambda: "[" * LENGTH,
    "a list in a list": lambda: HEAD + "%y = relu(%x) {a = " + "[" * LENGTH,
    "a whole number": lambda: HEAD + "%y = relu(%x) {a = " + "9" * LENGTH,
    "a number": lambda: HEAD + "%y = relu(%x) {a = 1." + "9" * LENGTH + "}",
    "an exponent": lambda: HEAD + "%y = relu(%x) {a = 1e" + "9" * LENGTH + "}",
    "bits of NaN": lambda: HEAD + "constant %c : f32[1] = [nan:0x" + "f" * LENGTH + "] }",
    "blanks": lambda: " " * LENGTH,
    "line ends": lambda: "\r\n" * (LENGTH // 2),
    "tabs": lambda: HEAD + "\t" * LENGTH + "\x0c",
    "a comment": lambda: "#" * LENGTH,
    "comments": lambda: "#\n" * (LENGTH // 2),
    "a string without end": lambda: HEAD + '%y = relu(%x) {a = "' + "x" * LENGTH,
    "escapes without end": lambda: HEAD + '%y = relu(%x) {a = "' + "\\n" * (LENGTH // 2),
    "a name": lambda: HEAD + "%" + "x" * LENGTH,
    "no base64": lambda: HEAD + 'constant %c : f32[9] = zlib "' + "=" * LENGTH + '" }',
    "no packed data": lambda: HEAD + 'constant %c : f32[9] = zlib "' + "A" * LENGTH + '" }',
    "zeros": lambda: "\0" * LENGTH,
    "no UTF-8": lambda: b"\xff" * LENGTH,
    "no UTF-8 at the end": lambda: HEAD.encode() + b" " * LENGTH + b"\xff",
}


def test_no_text_does_harm(tmp_path: Path) -> None:
    """In a process of its own, whose memory is bounded."""
    command = [sys.executable, str(SCRIPT), "--seconds", str(SECONDS), "--corpus", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "things reached" in done.stdout


@pytest.mark.parametrize("name", LONG)
def test_long_texts_are_refused_in_one_walk(name: str, tmp_path: Path) -> None:
    """16 MiB take about a tenth of a second; what walks twice for each character takes an hour.

    The bound is on the processor's time of this process, and fifty times what is needed.
    """
    data = LONG[name]()
    path = tmp_path / "long.bsir"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    start = time.process_time()
    with pytest.raises(DiagnosticError) as caught:
        read_graph(path, OPS)
    found = caught.value.diagnostics
    shown = render_all(found, read_sources(found))
    assert time.process_time() - start < 5
    assert len(shown) < 3000

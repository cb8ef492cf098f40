"""Whatever text comes: a tree whose text is read as the same tree, or a report; in bounded time.

BSC_FUZZ_SECONDS is how long; `fuzz_language.py` says how to let it run for hours.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SECONDS = float(os.environ.get("BSC_FUZZ_SECONDS", "30"))
SCRIPT = Path(__file__).parent / "fuzz_language.py"


def test_no_text_of_the_language_does_harm(tmp_path):
    command = [sys.executable, str(SCRIPT), "--seconds", str(SECONDS), "--corpus", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "no faults" in done.stdout

"""Whatever bytes and texts come: a diagnostic, a run that ends, or a trap; never anything else.

And where an image runs, the machine and the interpreter in plain Python find the same results and
as many cycles. BSC_FUZZ_SECONDS is how long; `fuzz_images.py` says how to let it run for hours.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SECONDS = float(os.environ.get("BSC_FUZZ_SECONDS", "30"))
SCRIPT = Path(__file__).parent / "fuzz_images.py"


def test_no_image_and_no_text_does_harm(tmp_path):
    """In a process of its own: a wild access in compiled code would end this one."""
    command = [sys.executable, str(SCRIPT), "--seconds", str(SECONDS), "--corpus", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "things reached" in done.stdout

"""What a first training costs before it trains: compilation of the kernels, cached afterwards.

    python benchmarks/warm_up.py

Two processes train 640 images, the first with an empty cache of compiled kernels, the second with
what the first one left. Also the bytes that the chip's state takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

CHILD = """
import json, time
import bsc
from bsc_runtime import Session
from bsc_runtime.chip import initial_state
from bsc_runtime.data.load import load_data
from bsc_runtime.sim import Simulator
from rounds import ROOT
data = load_data("mnist")
start = time.perf_counter()
program = bsc.compile(ROOT / "samples" / "mnist_mlp.onnx", "oxram-128", weights="random")
compiled = time.perf_counter()
Session(program).train(data.x[:640], data.y[:640], x_test=data.x[:64], y_test=data.y[:64])
trained = time.perf_counter()
held = Simulator(program, initial_state(program, 0)).state_bytes / program.weight_count
print(json.dumps([compiled - start, trained - compiled, held]))
"""


def main() -> None:
    """Run both processes."""
    with tempfile.TemporaryDirectory() as cache:
        path = os.pathsep.join([os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")])
        env = {**os.environ, "NUMBA_CACHE_DIR": cache, "PYTHONPATH": path}
        for name in ("empty cache", "full cache"):
            done = subprocess.run(
                [sys.executable, "-c", CHILD], env=env, capture_output=True, text=True, check=True
            )
            compiled, trained, held = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{name}: program compiled in {compiled:.2f} s, first 640 images trained after "
                f"{trained:.2f} s; state {held:.1f} bytes a weight"
            )


if __name__ == "__main__":
    main()

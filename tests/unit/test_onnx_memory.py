"""Weights pass through the importer once: peaks of whole processes, against a tiny model's."""

import subprocess
import sys

import numpy as np
import onnx
import pytest

from bsc.testing.onnx_models import ModelWriter

MEASURE = """
import sys
from bsc.frontend.onnx import import_model
from bsc.ir.pass_manager import run_passes
from bsc.ops import OPS
from bsc.pipelines import source_passes
graph = run_passes(import_model(sys.argv[1]), source_passes(), OPS).graph
assert [node.op for node in graph.nodes] == ["dense", "sigmoid", "dense"]
# Not getrusage: its peak counts what the parent held when this process was forked.
status = dict(line.split(":") for line in open("/proc/self/status"))
print(*(int(status[key].split()[0]) * 1024 for key in ("VmHWM", "VmRSS")))
"""

KERNEL = 784
WIDE = 16_000  # 51 MB of weights: above 32 MB malloc always gives a block of its own


def peak_and_rest(path) -> np.ndarray:
    command = [sys.executable, "-c", MEASURE, str(path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return np.array(out.split(), np.int64)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("transposed", "external"), [(True, False), (False, True)])
def test_peak_is_twice_the_weights_and_one_copy_stays(tmp_path, transposed, external):
    measured = []
    for width in (16, WIDE):
        m = ModelWriter(0)
        shapes = [(width, KERNEL), (10, width)] if transposed else [(KERNEL, width), (width, 10)]
        x = m.node("Gemm", ["x", m.weights("a", *shapes[0])], "h", transB=int(transposed))
        x = m.node("Sigmoid", [x], "s")
        m.node("Gemm", [x, m.weights("b", *shapes[1])], "y", transB=int(transposed))
        path = tmp_path / f"{width}.onnx"
        model = m.model(["N", KERNEL], [("y", 1, ["N", 10])], 17)
        onnx.save(model, path, save_as_external_data=external)
        measured.append(peak_and_rest(path))
    weights = 4 * WIDE * (KERNEL + 10)
    peak, rest = (measured[1] - measured[0]) / weights
    # A tenth for the allocator.
    assert peak < 2.1
    assert rest < 1.1

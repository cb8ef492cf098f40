"""What the peers' scripts share: MNIST from IDX files, and a timed loop. Imports nothing of bsc."""

import argparse
import gzip
import json
import time
from pathlib import Path

import numpy as np


def options(doc):
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--mnist", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--model", type=Path, help="an ONNX file")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--sizes", type=lambda t: [int(s) for s in t.split("-")])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0)
    return parser.parse_args()


def mnist(folder, part):
    """Images in 0 to 1, float32 [N, 784], and labels, int64 [N]."""
    found = []
    for kind in ("images-idx3", "labels-idx1"):
        data = gzip.decompress((folder / f"{part}-{kind}-ubyte.gz").read_bytes())
        found.append(np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]))
    return found[0].reshape(-1, 784).astype(np.float32) / 255, found[1].astype(np.int64)


def speed(call, samples, seconds):
    """Run a call for a warm-up, then for `seconds`; print samples a second."""
    start = time.perf_counter()
    while time.perf_counter() - start < seconds / 2:
        call()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        call()
        done += samples
    print(json.dumps({"samples_per_second": done / (time.perf_counter() - start)}))

"""Cases that were written by hand: results come from the interpreter, cells from a seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from case_files import CaseRun

from bsc.isa.assemble import assemble
from bsc.isa.image import Image
from bsc.isa.state_bytes import parts
from bsc.numerics.cells import MASTER_MAX
from bsc.numerics.state import CODE_MAX, ArrayState, ChipState

FOLDER = Path(__file__).parent / "assembly"

WRITTEN: dict[str, tuple[str, tuple[dict[str, Any], ...]]] = {
    "moving": (
        "By hand: load, store, fetch, place, views, wait, trace; what code generation never uses.",
        ({"entry": "infer", "samples": 8, "seed": 1 << 63, "first_index": (1 << 32) - 3},) * 2,
    ),
    "messages": (
        "By hand: a ring of cores with channels of one message, barriers, sums of 64 bits.",
        ({"entry": "infer", "samples": 5, "seed": 99},),
    ),
    "tiles": (
        "By hand: masks of some tiles, tiles that are not aligned, two thresholds, step, refresh.",
        (
            {"entry": "train", "samples": 23, "batch": 5, "seed": 5, "check": 1},
            {"entry": "vote", "samples": 6, "repeats": 3, "reads": 2, "seed": 6, "check": 1},
            {"entry": "train", "samples": 4, "batch": 9, "seed": 5, "check": 6, "first_index": 23},
        ),
    ),
    "edges": (
        "By hand: numbers at their ends, counters that wrap, tiles like a staircase of two cores.",
        (
            {
                "entry": "vote",
                "samples": 3,
                "repeats": 2,
                "reads": 3,
                "seed": (1 << 64) - 1,
                "first_index": (1 << 48) - 4,
                "check": (1 << 48) - 2,
            },
        )
        * 2,
    ),
    "targets": (
        "By hand: several labels a sample, drawn targets, logistic readout, copies, on two cores.",
        (
            {"entry": "train", "samples": 11, "batch": 3, "seed": 5, "first_index": 2},
            {"entry": "vote", "samples": 7, "repeats": 3, "reads": 2, "seed": 6},
        ),
    ),
    "trap": (
        "By hand: a trap ends the run.",
        ({"entry": "binary", "samples": 1},),
    ),
}
"""Words about each case, and its runs: registers and entry."""


def _state(image: Image, random: np.random.Generator) -> ChipState:
    """Any codes, counters and wear."""
    arrays = []
    for array in image.arrays:
        ranges = {"counters": (-12, 13), "wear": (0, 9)}
        direct = array.style.value == "direct"
        cells = (-MASTER_MAX // 4, MASTER_MAX // 4) if direct else (4000, CODE_MAX - 4000)
        found = {
            part.field: random.integers(*ranges.get(part.field, cells), part.shape).astype(
                part.dtype[1:]
            )
            for part in parts(array)
        }
        arrays.append(
            ArrayState(
                array.name, array.style, found["cells"], found.get("row_reference"),
                found.get("column_reference"), found["counters"], found.get("wear"),
            )
        )  # fmt: skip
    return ChipState(arrays, samples=0, checks=1, epochs=0, seed=5)


def _words(name: str, backing: int, random: np.random.Generator) -> list[int]:
    """What the host writes into backing memory."""
    if name != "edges":
        return random.integers(0, 1 << 32, backing // 3).tolist()
    ends = np.array([0, 1, 1 << 31, (1 << 31) - 1, (1 << 32) - 1, 0x55555555])
    return ends[random.integers(0, len(ends), backing)].tolist()


def _labels(image: Image, samples: int, random: np.random.Generator) -> list[Any]:
    """Classes; where samples have several labels, classes and targets up to what 31 bits hold."""
    lengths = (v.length for core in image.cores for v in core.vectors if v.kind.name == "LABEL")
    width = max(lengths, default=1)
    if width == 1:
        return random.integers(0, 5, samples).tolist()
    wanted = random.integers(0, 65537, (samples, width))
    ends = np.array([0, 1, 65535, 65536, 65537, (1 << 31) - 1])
    some = random.random(wanted.shape) < 0.3
    wanted = np.where(some, ends[random.integers(0, len(ends), wanted.shape)], wanted)
    wanted[:, 0] = random.integers(12, 19, samples)
    return wanted.tolist()


def made(name: str) -> tuple[Image, list[CaseRun]]:
    """The image with its state, and runs without what is expected of them."""
    image = assemble((FOLDER / f"{name}.s").read_text(encoding="utf-8"), f"{name}.s")
    random = np.random.default_rng(len(name))
    if image.arrays:
        image = replace(image, state=_state(image, random))
    width = max((v.length for v in image.cores[0].vectors if v.kind.name == "LEVEL"), default=0)
    runs = []
    for number, registers in enumerate(WRITTEN[name][1]):
        run = CaseRun(**{"batch": image.chip.batch} | registers)
        if width:
            levels = random.integers(0, 65537, (run.samples, width))
            run.inputs = (levels * (random.random(levels.shape) < 0.8)).tolist()
            run.labels = _labels(image, run.samples, random)
        if image.chip.backing > 1 and number == 0:
            for core in range(2 if len(image.cores) > 1 else 1):
                run.backing[core] = _words(name, image.chip.backing, random)
        runs.append(run)
    return image, runs

"""Simulated cycles of a training sample over cores, and what the run's length is made of.

    python benchmarks/cores.py

784-500-200-10 on the machine of the instruction set (docs/isa.md), for two tile sizes. Early
samples have the most errors, so cells come from two epochs of training on the simulator. The
critical path is that of a trace of 128 samples, two batches. Cycles are counted, not measured:
every computer prints the same table.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np
from rounds import ROOT

import bsc
from bsc.backend.isa import emit_image
from bsc.driver import recompile
from bsc.hw.registry import resolve
from bsc.hw.spec import TargetSpec
from bsc.isa.kinds import EntryKind
from bsc.program.model import Program
from bsc_runtime import Session
from bsc_runtime.data.load import load_data
from bsc_runtime.machine import Machine, critical_path
from bsc_runtime.notes import Notes
from bsc_runtime.train.material import Material, material

PAPER = ROOT / "samples" / "mnist_mlp.onnx"  # 784-500-200-10
TARGETS = ("oxram-128", "oxram-64")
CORES = (1, 2, 4, 8, 16)
PARTS = 4
"""Parts of a critical path that are printed."""


@dataclass(frozen=True)
class Count:
    """One line of the table.

    Attributes:
        cycles: of a training sample.
        used: cores with work.
        busiest: unit that is at work the longest, its core, and its share of the run.
        path: largest parts of the critical path, by instruction and layer, with their shares.
    """

    cycles: float
    used: int
    busiest: str
    path: str


def on_cores(target: TargetSpec, cores: int) -> TargetSpec:
    """The same chip with so many cores."""
    return target.model_copy(update={"chip": target.chip.model_copy(update={"cores": cores})})


def count(program: Program, lesson: Material, samples: int, traced: int) -> Count:
    """Train on the first samples from the program's cells, and trace fewer of them."""
    image = emit_image(program).image

    def run(machine: Machine, number: int) -> Machine:
        order = np.arange(number, dtype=np.int64)
        machine.start(EntryKind.TRAIN, lesson.data, lesson.labels, order=order)
        machine.run()
        return machine

    machine = run(Machine(image, program.state), samples)
    unit, busy = max(machine.busy().items(), key=lambda item: max(item[1]))
    core = busy.index(max(busy))
    rows = run(Machine(image, program.state, trace=True), traced).trace()
    spent: Counter[str] = Counter()
    for part in critical_path(rows):
        spent[f"{part.name} {part.origin.strip('/').split('/')[0]}".strip()] += part.cycles
    total = sum(spent.values())
    path = ", ".join(f"{name} {cycles / total:.0%}" for name, cycles in spent.most_common(PARTS))
    return Count(
        machine.cycles / samples,
        sum(bool(core.tiles) for core in image.cores),
        f"{unit} of core {core} {max(busy) / machine.cycles:.0%}",
        path,
    )


def main() -> None:
    """Count all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=1000, help="counted on")
    parser.add_argument("--traced", type=int, default=128, help="samples of the critical path")
    parser.add_argument("--epochs", type=int, default=2, help="of training before")
    options = parser.parse_args()
    data = load_data("mnist")
    trained = Session(bsc.compile(PAPER, TARGETS[0], weights="random"), seed=0)
    trained.train(data.x, data.y, epochs=options.epochs)
    lesson = material(trained.program, data.x, data.y, None, None, None, Notes(None))
    for name in TARGETS:
        print(f"\n784-500-200-10 on {name}: cycles of a training sample, {options.samples} samples")
        print(f"{'cores':>6}{'used':>6}{'cycles':>9}{'speed':>7}  {'busiest unit':28}critical path")
        single = None
        for cores in CORES:
            program = recompile(trained.program, target=on_cores(resolve(name), cores))
            found = count(program, lesson, options.samples, options.traced)
            single = single or found.cycles
            print(
                f"{cores:6d}{found.used:6d}{found.cycles:9.1f}{single / found.cycles:7.2f}  "
                f"{found.busiest:28}{found.path}"
            )


if __name__ == "__main__":
    main()

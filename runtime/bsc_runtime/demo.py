"""The demonstration: a perceptron of 494,000 weights learns MNIST on a simulated OxRAM chip.

Then the words of the same program learn on the machine of the instruction set, and end in the same
cells.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.backend.python import emit
from bsc.driver import compile_model
from bsc.isa.binary import encode
from bsc.isa.disassemble import disassemble
from bsc.isa.image import Image
from bsc.numerics.cells import forward_weights
from bsc.numerics.state import ChipState
from bsc.plans import plan_for
from bsc.program.archive import replacing
from bsc.program.model import Program
from bsc_runtime.data.dataset import DataSet
from bsc_runtime.data.load import load_data
from bsc_runtime.machine import MachineExecutor
from bsc_runtime.metrics import pulses_per_weight, saturated
from bsc_runtime.notes import Listener
from bsc_runtime.plots import Curve, WeightChange, learning_curve, weight_histograms
from bsc_runtime.samples import samples_folder
from bsc_runtime.session import Session
from bsc_runtime.train.callbacks import TrainCallback
from bsc_runtime.train.history import History

MODEL = "mnist_mlp.onnx"
TARGET = "oxram-128"
RULE = "carry"
BASELINE_RATES = (0.1, 0.5)
"""Learning rates of the float baseline: the paper's, and the best of those tried on held-back
training images (docs/semantics.md, section 7)."""

REPEATS = (1, 5, 25)

_WATCHED = 1000
"""Test samples that the machine is asked while it trains, for the progress line alone."""

Watch = Callable[[str], AbstractContextManager[TrainCallback]]


@dataclass(frozen=True, slots=True)
class Row:
    """One accuracy, with all that it depends on.

    Attributes:
        network: what was trained, and on what.
        rule: carry or hp.
        eta: learning rate of hp; carry has none.
        mode: how it was asked: analog, binary, stochastic, or float on the host.
        repeats: passes of the stochastic mode.
        seed: key of all draws.
        epochs: times through the training images.
        accuracy: on the 10,000 test images, 0 to 1.
    """

    network: str
    rule: str
    eta: float | None
    mode: str
    repeats: int | None
    seed: int
    epochs: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a demonstration found and left behind.

    Attributes:
        model: the model's name and layer widths.
        target: the chip.
        weights: weights on the chip.
        tiles: tiles that they take.
        digest: of the trained chip.
        machine_digest: of the chip that the words of the program have trained as long.
        machine_cycles: simulated cycles of a training sample, in the last call.
        code_bytes: code of the image.
        samples_per_second: training speed, without compilation and evaluation.
        pulses_per_weight: since the initial state.
        saturated: share of cells at a limit, 0 to 1.
        rows: accuracies.
        files: what lies in the folder.
        seconds: of the whole demonstration.
    """

    model: str
    target: str
    weights: int
    tiles: int
    digest: str
    machine_digest: str
    machine_cycles: float
    code_bytes: int
    samples_per_second: float
    pulses_per_weight: float
    saturated: float
    rows: tuple[Row, ...]
    files: tuple[str, ...]
    seconds: float


def run_demo(
    folder: Path,
    *,
    epochs: int,
    seed: int,
    threads: int,
    watch: Watch,
    on_note: Listener | None = None,
) -> Report:
    """Train, evaluate, compare, draw, and write everything into a folder.

    Args:
        folder: made if needed; files of an earlier demonstration are replaced.
        epochs: of the chip and of each baseline.
        seed: key of all draws.
        threads: of the simulator.
        watch: makes a callback for a run of this name, entered while it lasts.
        on_note: hears warnings and notes.
    """
    start = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    data = load_data("mnist")
    program = compile_model(samples_folder() / MODEL, target=TARGET, weights="random")
    name = "-".join(str(n) for n in (program.input_size, *(a.columns for a in program.arrays)))
    chip = Session(program, seed=seed, threads=threads, on_note=on_note)
    before = _weights(chip)
    with watch(f"{RULE} on {TARGET}") as callback:
        history = _train(chip, data, epochs, callback)
    rows = _chip_rows(chip, data, f"{name} on {TARGET}", epochs, seed)
    curves = [Curve(f"{RULE} on {TARGET}, analog", _accuracies(history))]
    for eta in BASELINE_RATES:
        with watch(f"hp, eta {eta}") as callback:
            baseline = _baseline(data, epochs, seed, eta, threads, callback)
        curves.append(Curve(f"float hp, eta {eta}", _accuracies(baseline), dashed=True))
        accuracy = baseline.accuracy or 0.0
        rows.append(Row(f"{name} in float32", "hp", eta, "float", None, seed, epochs, accuracy))
    with watch(f"{RULE} on the machine") as callback:
        words = _on_machine(program, data, epochs, seed, callback)
    files = _write(folder, chip, before, curves, name)
    files += _write_words(folder, words.image)
    report = Report(
        model=name,
        target=TARGET,
        weights=program.weight_count,
        tiles=len(program.tiles),
        digest=chip.digest(),
        machine_digest=words.digest,
        machine_cycles=words.cycles,
        code_bytes=8 * sum(len(core.code) for core in words.image.cores),
        samples_per_second=history.samples_per_second,
        pulses_per_weight=pulses_per_weight(chip.state),
        saturated=saturated(chip.state),
        rows=tuple(rows),
        files=(*files, "report.json"),
        seconds=time.perf_counter() - start,
    )
    with replacing(folder / "report.json") as stream:
        stream.write(json.dumps(asdict(report), indent=2).encode() + b"\n")
    return report


@dataclass(frozen=True, slots=True)
class _Words:
    """What the machine made of the program's words."""

    image: Image
    digest: str
    cycles: float


def _on_machine(
    program: Program, data: DataSet, epochs: int, seed: int, callback: TrainCallback
) -> _Words:
    """Train the same chip once more, by the words of the program."""
    last: list[MachineExecutor] = []

    def executor(program: Program, state: ChipState, *, threads: int) -> MachineExecutor:
        last[:] = [MachineExecutor(program, state, threads=threads)]
        return last[0]

    chip = Session(program, seed=seed, executor=executor)
    x, y, _ = data.evaluation(program.inputs[0])
    chip.train(
        data.x,
        data.labels(),
        epochs=epochs,
        x_test=x[:_WATCHED],
        y_test=y[:_WATCHED],
        callbacks=[callback],
    )
    machine = last[0].machine
    samples = sum(machine.events()["input_bits"]) / (8 * program.input_size)
    return _Words(machine.image, chip.digest(), machine.cycles / samples)


def _write_words(folder: Path, image: Image) -> tuple[str, ...]:
    with replacing(folder / "program.bin") as stream:
        stream.write(encode(image))
    with replacing(folder / "program.s") as stream:
        stream.write(disassemble(image).encode())
    return "program.bin", "program.s"


def _train(chip: Session, data: DataSet, epochs: int, callback: TrainCallback) -> History:
    return chip.train(
        data.x,
        data.labels(),
        epochs=epochs,
        x_test=data.x_test,
        y_test=data.y_test,
        callbacks=[callback],
    )


def _baseline(
    data: DataSet, epochs: int, seed: int, eta: float, threads: int, callback: TrainCallback
) -> History:
    """The same network in float32 on the host, trained as long."""
    plan = plan_for("hp", eta=eta)
    program = compile_model(samples_folder() / MODEL, target=TARGET, plan=plan, weights="random")
    return _train(Session(program, seed=seed, threads=threads), data, epochs, callback)


def _chip_rows(chip: Session, data: DataSet, network: str, epochs: int, seed: int) -> list[Row]:
    x, y, _ = data.evaluation(chip.program.inputs[0])
    asked: list[tuple[str, int | None]] = [("analog", None), ("binary", None)]
    asked += [("stochastic", repeats) for repeats in REPEATS]
    rows = []
    for mode, repeats in asked:
        found = chip.evaluate(x, y, mode=mode, repeats=repeats or 1, seed=seed)
        rows.append(Row(network, RULE, None, mode, repeats, seed, epochs, found.accuracy or 0.0))
    return rows


def _accuracies(history: History) -> list[float]:
    return [r.accuracy for r in history.records if r.accuracy is not None]


def _weights(chip: Session) -> list[npt.NDArray[Any]]:
    """Forward weights of each array, in units of Gmax - Gmin."""
    specs = chip.program.arrays
    arrays = chip.state.arrays
    return [
        (forward_weights(state) / spec.scale).astype(np.float32)
        for spec, state in zip(specs, arrays, strict=True)
    ]


def _write(
    folder: Path,
    chip: Session,
    before: list[npt.NDArray[Any]],
    curves: list[Curve],
    name: str,
) -> tuple[str, ...]:
    program: Program = chip.program
    changes = [
        WeightChange(spec.name, initial, trained)
        for spec, initial, trained in zip(program.arrays, before, _weights(chip), strict=True)
    ]
    title = f"Weights of {name} on {TARGET}, before and after training"
    chip.save(folder / "program.bsp")
    with replacing(folder / "program.py") as stream:
        stream.write(emit(program, "program.bsp").encode())
    with replacing(folder / "learning_curve.png") as stream:
        learning_curve(stream, curves, f"{name} learns MNIST on {TARGET}")
    with replacing(folder / "weights.png") as stream:
        weight_histograms(stream, changes, title)
    return "program.bsp", "program.py", "learning_curve.png", "weights.png"

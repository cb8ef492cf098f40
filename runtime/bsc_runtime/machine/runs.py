"""A run of an image on a data set, and what it cost: what `bsc machine` shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bsc.diag import Span, fail
from bsc.isa.binary import read_image
from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind
from bsc.isa.verify import verify_image
from bsc.isa.words import decode_word
from bsc.numerics.digest import digest
from bsc.numerics.draws import epoch_order
from bsc.numerics.state import ChipState
from bsc.program.executor import EncodedData
from bsc.program.file import load
from bsc.program.model import InputSpec
from bsc_runtime.chip import starting_state
from bsc_runtime.data.dataset import DataSet
from bsc_runtime.data.encode import encode
from bsc_runtime.data.fit import class_indices, fit_input
from bsc_runtime.machine.executor import image_of
from bsc_runtime.machine.layout import Stop
from bsc_runtime.machine.machine import CYCLES_MAX, Machine
from bsc_runtime.machine.trace import PathPart, TraceRow, critical_path
from bsc_runtime.metrics import winners
from bsc_runtime.notes import Notes

_SHORT = 50_000
"""Instructions of a run that a trace is kept of though nobody asked."""

_SLICE = 2_000_000
"""Instructions between two looks at the clock on the wall."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """An image ready to run.

    Attributes:
        image: the image.
        input: how data become levels; of size 0 where no entry takes inputs.
        state: cells, counters and clocks; None where the image has none: then all are 0.
        clock_hertz: cycles a second.
        source: what diagnostics call it.
        classes: labels of the results, where the model has its own.
    """

    image: Image
    input: InputSpec
    state: ChipState | None
    clock_hertz: float
    source: str
    classes: tuple[int, ...] | tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    Attributes:
        entry: which entry ran.
        samples: how many went through.
        cycles: until the last unit was free.
        busy: cycles at work by unit, a number for each core.
        events: what happened by name, a number for each core.
        executed: instructions by mnemonic.
        accuracy: share of right answers, None where there is no one result for a sample.
        digest: of cells, counters and clocks after the run.
        path: the critical path, empty where no trace was kept.
        trace: rows of the trace, empty where none was kept.
    """

    entry: str
    samples: int
    cycles: int
    busy: dict[str, list[int]]
    events: dict[str, list[int]]
    executed: dict[str, int]
    accuracy: float | None
    digest: str
    path: tuple[PathPart, ...]
    trace: list[TraceRow]


def load_image(
    path: Path, clock_hertz: float, input_range: tuple[float, float] | None = None
) -> Loaded:
    """An image file, or the image of a program file.

    Args:
        path: `.bin`, or `.bsp`.
        clock_hertz: of images, which do not say it; a program's target does.
        input_range: values that mean 0 and 1, of images, which do not say it either; None is 0, 1.
    """
    if path.suffix == ".bsp":
        program = load(path)
        state = starting_state(program, None)
        clock = program.target.chip.clock_hertz
        image = image_of(program)
        return Loaded(image, program.input, state, clock, str(path), program.classes)
    image = read_image(path)
    verify_image(image, str(path))
    size = _input_length(image)
    low, high = input_range or (0.0, 1.0)
    spec = InputSpec("x", (size,), size, (low,), (high,), declared=input_range is not None)
    return Loaded(image, spec, image.state, clock_hertz, str(path))


def run_image(
    loaded: Loaded,
    kind: EntryKind,
    data: DataSet,
    *,
    samples: int,
    batch: int | None = None,
    repeats: int = 1,
    reads: int = 1,
    seed: int | None = None,
    trace: bool | None = False,
    max_cycles: int = CYCLES_MAX,
    notes: Notes,
    progress: Callable[[int], None] = lambda cycles: None,
) -> RunReport:
    """Run an entry on the first samples of a data set: for training in the order of an epoch.

    Args:
        loaded: the image.
        kind: the entry.
        data: training samples for TRAIN, test samples otherwise.
        samples: at most so many.
        batch: the register BATCH; None is the image's.
        repeats: the register REPEATS.
        reads: the register READS.
        seed: key of draws; None is the state's.
        trace: whether a trace is kept; None keeps one of runs that are short.
        max_cycles: runs that could take longer are refused.
        notes: hears how data are fitted.
        progress: told the cycles so far, now and then.
    """
    train = kind is EntryKind.TRAIN
    before = loaded.state or ChipState()
    key = before.seed if seed is None else seed
    inputs, labels, last = _streams(loaded, data, samples, key, kind, notes)
    machine = Machine(loaded.image, loaded.state, source=loaded.source, max_cycles=max_cycles)
    count = samples if inputs is None else len(inputs)
    machine.tracing = bool(trace)
    if trace is None and kind in loaded.image.kinds():
        once = {"samples": count, "batch": batch or loaded.image.chip.batch}
        executed = machine.proof.instructions(kind, **once, repeats=repeats, reads=reads)
        machine.tracing = executed <= _SHORT
    machine.start(
        kind,
        inputs,
        labels,
        samples=count,
        batch=batch,
        repeats=repeats,
        reads=reads,
        seed=key,
    )
    while machine.run(_SLICE) is Stop.LIMIT:
        progress(machine.cycles)
    rows = machine.trace() if machine.tracing else []
    return RunReport(
        entry=kind.name.lower(),
        samples=count,
        cycles=machine.cycles,
        busy=machine.busy(),
        events=machine.events(),
        executed=machine.executed(),
        accuracy=None if train or labels is None else _accuracy(machine, labels),
        digest=digest(_after(machine, before, key, count if train else 0, last)),
        path=critical_path(rows),
        trace=rows,
    )


def _streams(
    loaded: Loaded, data: DataSet, samples: int, seed: int, kind: EntryKind, notes: Notes
) -> tuple[EncodedData | None, npt.NDArray[np.int32] | None, bool]:
    """Inputs and labels in the order of the run, and whether they end an epoch.

    Training goes on where the state stands in its epoch. There are no labels where there is nothing
    to compare with them.
    """
    if loaded.input.size == 0:
        return None, None, False
    train = kind is EntryKind.TRAIN
    x, y = (data.input_for(loaded.input), data.labels()) if train else _asked(data, loaded.input)
    if not len(x):
        raise fail("BSC6007", "the data are empty", at=Span(data.name))
    values = fit_input(loaded.input, x, notes, what="x")
    order, start = np.arange(len(values), dtype=np.int64), 0
    if train:
        before = loaded.state or ChipState()
        order, start = epoch_order(seed, before.epochs, len(values)), before.place
    chosen = order[start : start + samples]
    if not len(chosen):
        raise fail("BSC6007", "the state has seen all samples of this epoch", at=Span(data.name))
    columns = loaded.image.arrays[-1].columns if loaded.image.arrays else 0
    labels = None
    if columns > 1:
        labels = class_indices(y, len(values), columns, loaded.classes)[chosen]
    return encode(loaded.input, values[chosen]), labels, start + len(chosen) == len(values)


def _input_length(image: Image) -> int:
    for core in image.cores:
        for decoded in map(decode_word, core.code):
            if decoded.name == "in":
                return core.vectors[decoded.operands["level"]].length
    return 0


def _asked(
    data: DataSet, spec: InputSpec
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    x, y, _ = data.evaluation(spec)
    return x, y


def _accuracy(machine: Machine, labels: npt.NDArray[np.generic]) -> float | None:
    """Share of samples whose largest result is at their label, where results are like that."""
    given = [machine.output(core) for core in range(len(machine.image.cores))]
    given = [out for out in given if out.size]
    if len(given) != 1 or given[0].ndim != 2 or len(given[0]) != len(labels):
        return None
    return float(np.mean(winners(given[0]) == labels))


def _after(
    machine: Machine, before: ChipState, seed: int, samples: int, ends_epoch: bool
) -> ChipState:
    """The chip's state when the run is over."""
    checks = [machine.registers(core)["check"] for core in range(len(machine.image.cores))]
    return ChipState(
        machine.arrays(),
        seed,
        before.samples + samples,
        max(checks) if samples else before.checks,
        before.epochs + (samples > 0 and ends_epoch),
    )

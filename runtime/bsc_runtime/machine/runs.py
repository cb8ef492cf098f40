"""A run of an image on a data set, and what it cost: what `bsc machine` shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from bsc.isa.binary import read_image
from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind
from bsc.isa.verify import verify_image
from bsc.numerics.digest import digest
from bsc.numerics.state import ChipState
from bsc.program.file import load
from bsc.program.model import InputSpec, Program
from bsc_runtime.chip import starting_state
from bsc_runtime.data.dataset import DataSet
from bsc_runtime.machine.executor import image_of
from bsc_runtime.machine.layout import Stop
from bsc_runtime.machine.machine import CYCLES_MAX, Machine
from bsc_runtime.machine.streams import Streams, image_streams, input_length, program_streams
from bsc_runtime.machine.trace import PathPart, TraceRow, critical_path
from bsc_runtime.metrics import Marks, OutputScore, winners
from bsc_runtime.notes import Notes
from bsc_runtime.scoring import head_scores, mark

_SHORT = 50_000
"""Instructions of a run that a trace is kept of though nobody asked."""

_SLICE = 2_000_000
"""Instructions between two looks at the clock on the wall."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """An image ready to run.

    Attributes:
        image: the image.
        input: how data become levels where there is no program; of size 0 where no entry takes any.
        state: cells, counters and clocks; None where the image has none: then all are 0.
        clock_hertz: cycles a second.
        source: what diagnostics call it.
        program: what it is the image of, where that is known.
    """

    image: Image
    input: InputSpec
    state: ChipState | None
    clock_hertz: float
    source: str
    program: Program | None = None


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
        marks: how well outputs answer, those that were compared with something.
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
    marks: Marks
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
        return Loaded(image, program.inputs[0], state, clock, str(path), program)
    image = read_image(path)
    verify_image(image, str(path))
    size = input_length(image)
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
    answers: Mapping[str, str] = MappingProxyType({}),
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
        answers: output of a program -> array that it should answer, where its name does not say it.
        progress: told the cycles so far, now and then.
    """
    train = kind is EntryKind.TRAIN
    before = loaded.state or ChipState()
    key = before.seed if seed is None else seed
    streams = _streams(loaded, data, answers, samples, key, train, notes)
    machine = Machine(loaded.image, loaded.state, source=loaded.source, max_cycles=max_cycles)
    count = samples if streams.inputs is None else len(streams.inputs)
    machine.tracing = bool(trace)
    if trace is None and kind in loaded.image.kinds():
        once = {"samples": count, "batch": batch or loaded.image.chip.batch}
        executed = machine.proof.instructions(kind, **once, repeats=repeats, reads=reads)
        machine.tracing = executed <= _SHORT
    machine.start(
        kind,
        streams.inputs,
        streams.labels,
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
        marks=Marks({}) if train else _marks(loaded, machine, streams, kind, repeats, reads),
        digest=digest(_after(machine, before, key, count if train else 0, streams.ends_epoch)),
        path=critical_path(rows),
        trace=rows,
    )


def _streams(
    loaded: Loaded,
    data: DataSet,
    answers: Mapping[str, str],
    samples: int,
    seed: int,
    train: bool,
    notes: Notes,
) -> Streams:
    before = (loaded.state or ChipState()) if train else None
    if loaded.program is not None:
        return program_streams(loaded.program, data, answers, before, samples, seed, notes)
    return image_streams(loaded.image, loaded.input, data, before, samples, seed, notes)


def _marks(
    loaded: Loaded, machine: Machine, streams: Streams, kind: EntryKind, repeats: int, reads: int
) -> Marks:
    """Answers compared with targets, where there is one result for each sample."""
    given = [machine.output(core) for core in range(len(machine.image.cores))]
    given = [out for out in given if out.size]
    if streams.inputs is None or len(given) != 1 or given[0].ndim != 2:
        return Marks({})
    sums, program = given[0], loaded.program
    if len(sums) != len(streams.inputs):
        return Marks({})
    if program is None:
        return _accuracy(sums, streams.labels)
    if streams.wanted is None or sums.shape[1] != program.sum_width:
        return Marks({})
    units = [repeats * reads] * len(program.reads)
    scores = head_scores(program, sums, units, repeats if kind is EntryKind.VOTE else 0)
    return mark(program, scores, streams.wanted)


def _accuracy(sums: npt.NDArray[np.int64], labels: npt.NDArray[np.int32] | None) -> Marks:
    """Share of samples whose largest result is at their label; an image has no names."""
    if labels is None or labels.shape[1] != 1:
        return Marks({})
    return Marks({"": OutputScore("softmax", float(np.mean(winners(sums) == labels[:, 0])))})


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

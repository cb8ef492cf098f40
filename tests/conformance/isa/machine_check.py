"""Runs a case on the machine of bsc, as `check.py` does on the interpreter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from case_files import Case, CaseRun, Expected
from check import clocks_after

from bsc.diag import DiagnosticError
from bsc.isa.binary import decode
from bsc.isa.kinds import EntryKind
from bsc.numerics.digest import digest
from bsc.numerics.state import ChipState
from bsc.program.executor import EncodedData
from bsc_runtime.machine import Machine


def data_of(run: CaseRun) -> EncodedData | None:
    """Inputs of a run for executors of bsc."""
    if not run.inputs:
        return None
    kind = np.uint8 if run.levels else np.int32
    return EncodedData(np.array(run.inputs, kind), np.array(run.levels, np.int32))


def found_by(machine: Machine, state: ChipState, run: CaseRun) -> tuple[Expected, ChipState]:
    """What the machine makes of a run, and the clocks after it."""
    cores = range(len(machine.image.cores))
    for core, words in run.backing.items():
        machine.backing(core)[: len(words)] = words
    before = [machine.backing(core).copy() for core in cores]
    machine.start(
        EntryKind[run.entry.upper()],
        data_of(run),
        np.array(run.labels, np.int32) if run.labels else None,
        samples=run.samples,
        batch=run.batch,
        repeats=run.repeats,
        reads=run.reads,
        seed=run.seed,
        first_index=run.first_index,
        check=run.check,
    )
    try:
        machine.run()
    except DiagnosticError as error:
        return Expected(trap=_trap(error)), state
    clocks = {name: getattr(state, name) for name in ("samples", "checks", "epochs", "seed")}
    state = replace(state, arrays=machine.arrays(), **clocks_after(clocks, run))
    outputs = {core: machine.output(core).tolist() for core in cores if machine.output(core).size}
    changed = {
        core: machine.backing(core).tolist()
        for core in cores
        if not np.array_equal(machine.backing(core), before[core])
    }
    return Expected(
        machine.cycles,
        outputs,
        digest(state),
        clocks_after(clocks, run),
        changed,
        # core by core, as files have them
        sorted((r.core, r.start, r.sample) for r in machine.trace() if r.name == "trace"),
    ), state


def _trap(error: DiagnosticError) -> tuple[int, int, int]:
    """Core, address and number of BSC5254."""
    (found,) = error.diagnostics
    place = re.match(r"core (\d+) at (\d+): trap", found.labels[0].span.path or "")
    number = re.fullmatch(r"trap (\d+)", found.message)
    if found.code != "BSC5254" or place is None or number is None:
        raise error
    return int(place[1]), int(place[2]), int(number[1])


def problems(case: Case, *, deferred: bool = False) -> Iterator[str]:
    """Where the machine finds something else than the files say."""
    image = decode(case.image, case.name)
    machine = Machine(image, trace=True, deferred=deferred)
    state = image.state or ChipState()
    for number, run in enumerate(case.runs):
        found, state = found_by(machine, state, run)
        for name, expected in vars(run.expected).items():
            if getattr(found, name) != expected:
                yield f"{name} of run {number}: {getattr(found, name)}, expected {expected}"

"""A run's records: begun anew, or found in a folder of checkpoints and continued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bsc.diag import Sink, Span, fail
from bsc.numerics.state import ChipState
from bsc.program.model import Program
from bsc.program.state_rules import check_state
from bsc_runtime.chip import Chip
from bsc_runtime.notes import Notes
from bsc_runtime.train.checkpoint import Checkpoint, CheckpointFolder, Identity
from bsc_runtime.train.history import History
from bsc_runtime.train.identity import data_fingerprint, plan_json, program_fingerprint
from bsc_runtime.train.material import Material


@dataclass(frozen=True, slots=True)
class Records:
    """Where a run stands.

    Attributes:
        chip: what learns: the one given, or one with a checkpoint's state.
        history: epochs so far.
        last_epoch: epochs done, since the initial state, when the run is over.
        folder: where states are kept, None where they are not.
    """

    chip: Chip
    history: History
    last_epoch: int
    folder: CheckpointFolder | None


def begin(chip: Chip, samples: int, epochs: int) -> Records:
    """A run that keeps no checkpoints."""
    _leave_longer_epoch(chip, samples)
    return Records(chip, History(), chip.epochs + epochs, None)


def begin_in(path: Path, chip: Chip, material: Material, epochs: int, notes: Notes) -> Records:
    """A new run that keeps checkpoints; the first one at once, so that a full disk shows early."""
    folder = _folder(path, chip, material, notes)
    folder.require_fresh()
    _leave_longer_epoch(chip, len(material.data))
    folder.first_epoch = chip.epochs
    history = History()
    folder.keep(chip.state(), history)
    return Records(chip, history, chip.epochs + epochs, folder)


def resume_in(
    path: Path,
    chip: Chip,
    material: Material,
    epochs: int,
    notes: Notes,
    place: Callable[[ChipState], Chip],
    seed: int | None,
) -> Records:
    """A run that goes on from the newest whole checkpoint.

    Args:
        path: folder of the checkpoints.
        chip: tells program and plan.
        material: what is learned.
        epochs: of the whole run, those before the stop included.
        notes: hears of damaged checkpoints.
        place: puts a state on a chip.
        seed: the seed asked for, None for the checkpoint's own.
    """
    folder = _folder(path, chip, material, notes)
    found = folder.latest()
    folder.check(found)
    if seed is not None and found.state.seed != seed:
        raise fail(
            "BSC6105",
            f"the checkpoint was made with seed {found.state.seed}, not {seed}",
            at=Span(str(found.path)),
            help="leave --seed out when resuming",
        )
    _require_fit(found, chip.program)
    folder.first_epoch = found.first_epoch
    return Records(place(found.state), found.history, found.first_epoch + epochs, folder)


def _require_fit(found: Checkpoint, program: Program) -> None:
    """Refuse a state that no honest run of this program can have left."""
    sink = Sink()

    def wrong(where: str, message: str) -> None:
        sink.add("BSC6102", f"the checkpoint is damaged: {where}: {message}", at=place)

    place = Span(str(found.path))
    check_state(found.state, program, wrong)
    sink.raise_if_errors()


def _folder(path: Path, chip: Chip, material: Material, notes: Notes) -> CheckpointFolder:
    identity = Identity(
        program_fingerprint(chip.program),
        data_fingerprint(material.data, material.targets),
        plan_json(chip.program.plan),
    )
    return CheckpointFolder(path, identity, notes)


def _leave_longer_epoch(chip: Chip, samples: int) -> None:
    """A program that was stopped inside an epoch of a longer data set begins the next one."""
    if chip.place >= samples:
        chip.end_epoch()

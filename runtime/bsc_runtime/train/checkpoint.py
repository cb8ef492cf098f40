"""Checkpoints: folders that appear whole or not at all, and are verified before they are used.

`<folder>/epoch-00003-place-00012800/` holds `state.safetensors` (cells, references, counters) and
`manifest.json` (clocks, digest, fingerprints, plan, history). A checkpoint is written beside its
name and renamed; the last two are kept, so that a damaged one costs an interval and no more.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bsc.diag import Diagnostic, DiagnosticError, Label, Severity, Span, fail
from bsc.numerics.digest import digest
from bsc.numerics.state import ChipState
from bsc.program.archive import sync_folder
from bsc.program.tensors import read_tensors, tensor_chunks
from bsc_runtime.notes import Notes
from bsc_runtime.train.history import History
from bsc_runtime.train.manifest import FORMAT, VERSION, OtherVersionError, read_manifest
from bsc_runtime.train.state_file import StateError, clocks_of, state_of, styles_of, tensors_of

KEPT = 2
_STATE = "state.safetensors"
_MANIFEST = "manifest.json"
_NAME = re.compile(r"epoch-(\d+)-place-(\d+)")
_SECONDS_BETWEEN = 60.0
_MANIFEST_LIMIT = 1 << 26


@dataclass(frozen=True, slots=True)
class Identity:
    """What a run is made of; a checkpoint resumes only where all of it is equal.

    Attributes:
        program: fingerprint of the program.
        data: fingerprint of the training data.
        plan: the train plan as plain data.
    """

    program: str
    data: str
    plan: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A verified checkpoint.

    Attributes:
        path: its folder.
        state: the chip.
        history: epochs so far.
        identity: what it was made with.
        first_epoch: epochs done when the run began.
    """

    path: Path
    state: ChipState
    history: History
    identity: Identity
    first_epoch: int


@dataclass(slots=True)
class CheckpointFolder:
    """A folder that keeps the last states of one run.

    Attributes:
        folder: where; made when the first state is kept.
        identity: what the run is made of.
        first_epoch: epochs done when the run began.
        notes: hears of damaged checkpoints.
        seconds_between: longest time between two states inside an epoch.
    """

    folder: Path
    identity: Identity
    notes: Notes
    first_epoch: int = 0
    seconds_between: float = _SECONDS_BETWEEN
    _kept_at: float = field(default_factory=time.monotonic)
    _last: Path | None = None
    _refused: set[Path] = field(default_factory=set)

    @property
    def last(self) -> Path | None:
        """The checkpoint written last by this object."""
        return self._last

    @property
    def overdue(self) -> bool:
        """Whether a state should be kept although the epoch is not over."""
        return time.monotonic() - self._kept_at > self.seconds_between

    def require_fresh(self) -> None:
        """Refuse to begin a new run where another one has left its checkpoints."""
        found = _checkpoints(self.folder)
        if found:
            raise fail(
                "BSC6107",
                f"the folder already holds checkpoints, the newest is {found[-1].name}",
                at=Span(str(self.folder)),
                help="add --resume to go on from it, or give another folder",
            )

    def keep(self, state: ChipState, history: History) -> None:
        """Write a checkpoint.

        Raises:
            DiagnosticError: BSC6106, the disk is full or may not be written; older ones stay.
        """
        final = self.folder / f"epoch-{state.epochs:05d}-place-{state.place:010d}"
        if final == self._last:
            return
        partial = self.folder / f".writing-{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(self.folder)
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            self._write(partial, state, history)
            if final.exists():  # of an earlier process that came as far: the same, or damaged
                shutil.rmtree(final)
            partial.rename(final)
            sync_folder(self.folder)
            self._remove_old(final)
        except OSError as error:
            raise fail(
                "BSC6106",
                f"cannot write the checkpoint: {error.strerror or error}",
                at=Span(str(final)),
                help="earlier checkpoints are untouched; make room and add --resume",
            ) from None
        finally:  # also after a second Ctrl-C; once renamed, there is none
            shutil.rmtree(partial, ignore_errors=True)
        self._last = final
        self._kept_at = time.monotonic()

    def latest(self) -> Checkpoint:
        """The newest checkpoint that is whole.

        Raises:
            DiagnosticError: BSC6101 there is none, BSC6102 or BSC6109 none can be read.
        """
        found = _checkpoints(self.folder)
        if not found:
            raise fail(
                "BSC6101",
                "there is no checkpoint to resume from",
                at=Span(str(self.folder)),
                help="leave --resume out to begin",
            )
        damaged: list[Diagnostic] = []
        for path in reversed(found):
            try:
                checkpoint = read_checkpoint(path)
            except DiagnosticError as error:
                damaged.extend(error.diagnostics)
                self._refused.add(path)
                continue
            for diagnostic in damaged:
                self.notes.say(
                    Diagnostic(
                        diagnostic.code,
                        f"{diagnostic.message}; going back to {path.name}",
                        Severity.WARNING,
                        diagnostic.labels,
                    )
                )
            return checkpoint
        raise DiagnosticError(damaged)

    def check(self, checkpoint: Checkpoint) -> None:
        """Refuse a checkpoint of another program, other data or another plan: all told at once."""
        there, here = checkpoint.identity, self.identity
        place = (Label(Span(str(checkpoint.path))),)
        wrong: list[Diagnostic] = []
        if there.program != here.program:
            wrong.append(
                Diagnostic(
                    "BSC6103",
                    "the checkpoint was made by another program",
                    labels=place,
                    help="resume with the model and target that it was begun with",
                )
            )
        if there.data != here.data:
            wrong.append(
                Diagnostic(
                    "BSC6104",
                    "the checkpoint was made with other training data (or another --validation)",
                    labels=place,
                    help="resume with the data that it was begun with",
                )
            )
        changed = [
            f"{key} was {there.plan.get(key)}, is now {here.plan.get(key)}"
            for key in {**here.plan, **there.plan}
            if there.plan.get(key) != here.plan.get(key)
        ]
        if changed:
            wrong.append(
                Diagnostic(
                    "BSC6105",
                    f"the checkpoint was made with another plan: {', '.join(changed)}",
                    labels=place,
                    help="resume with the options that it was begun with",
                )
            )
        if wrong:
            raise DiagnosticError(wrong)

    def _write(self, partial: Path, state: ChipState, history: History) -> None:
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "digest": digest(state),
            "clocks": clocks_of(state),
            "arrays": styles_of(state),
            "program": self.identity.program,
            "data": self.identity.data,
            "plan": dict(self.identity.plan),
            "first_epoch": self.first_epoch,
            "history": history.to_json(),
        }
        _write_file(partial / _STATE, tensor_chunks(tensors_of(state)))
        _write_file(partial / _MANIFEST, [json.dumps(manifest, indent=1).encode()])
        sync_folder(partial)

    def _remove_old(self, newest: Path) -> None:
        """Leave the last whole ones; one that `latest` refused is none, until it is overtaken."""
        self._refused.discard(newest)
        found = _checkpoints(self.folder)
        kept = [path for path in found if path not in self._refused][-KEPT:]
        for path in found[: found.index(kept[0])]:
            shutil.rmtree(path, ignore_errors=True)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read and verify one checkpoint.

    Raises:
        DiagnosticError: BSC6102 it is damaged, BSC6109 it is of another version.
    """
    try:
        text = path / _MANIFEST
        if text.stat().st_size > _MANIFEST_LIMIT:
            raise StateError("its manifest is larger than any real one")
        manifest = read_manifest(text.read_bytes())
        with (path / _STATE).open("rb") as stream:
            tensors = read_tensors(stream, (path / _STATE).stat().st_size)
        state = state_of(
            tensors,
            manifest.clocks.model_dump(),
            [{"name": row.name, "style": str(row.style)} for row in manifest.arrays],
        )
        if digest(state) != manifest.digest:
            raise StateError("its digest does not match its cells and counters")
        return Checkpoint(
            path,
            state,
            manifest.records(),
            Identity(manifest.program, manifest.data, manifest.plan),
            manifest.first_epoch,
        )
    except OtherVersionError as error:
        raise fail(
            "BSC6109",
            str(error),
            at=Span(str(path)),
            help="finish the run with the bsc that began it, or begin anew in another folder",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise fail("BSC6102", f"the checkpoint is damaged: {error}", at=Span(str(path))) from None


def _checkpoints(folder: Path) -> list[Path]:
    """Checkpoints of a folder, the oldest first."""
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        name = _NAME.fullmatch(path.name)
        if name:
            found.append((int(name[1]), int(name[2]), path))
    return [path for _, _, path in sorted(found)]


def _remove_abandoned(folder: Path) -> None:
    """Remove what processes left that were killed while they wrote."""
    for path in folder.glob(".writing-*"):
        number = path.name.removeprefix(".writing-")
        if number.isdecimal() and not _runs(int(number)):
            shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    """Whether a process of that number may still be there."""
    if os.name != "posix":
        return True  # elsewhere, signal 0 is no question
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # another user's
    return True


def _write_file(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    with path.open("wb") as stream:
        for chunk in chunks:
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())

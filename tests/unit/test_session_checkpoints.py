"""Checkpoints: a stopped run ends as one that was never stopped; nothing saved is ever harmed."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bsc.diag import Diagnostic, DiagnosticError
from bsc.driver import compile_model
from bsc.plans import plan_for
from bsc.program.model import Program
from bsc.testing.networks import dense_network
from bsc_runtime import Callback, Interrupted, Progress, Session
from bsc_runtime.notes import Notes
from bsc_runtime.train import checkpoint as checkpoints
from bsc_runtime.train import pace
from bsc_runtime.train.history import History

EPOCHS = 4


@cache
def program(target: str = "oxram-64", rule: str = "carry", threshold: int = 3) -> Program:
    numbers = {"batch": 8, "threshold": threshold} if rule == "carry" else {"batch": 8}
    plan = plan_for(rule, **numbers)  # type: ignore[arg-type]
    return compile_model(dense_network((12, 9, 3)), target=target, weights="random", plan=plan)


def problem() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(3)
    x = rng.random((101, 12), np.float32)
    return x, x.reshape(101, 3, 4).sum(axis=2).argmax(axis=1)


def session(made: Program | None = None, **options: object) -> Session:
    return Session(made or program(), executor="reference", **options)  # type: ignore[arg-type]


@cache
def uninterrupted(target: str = "oxram-64", rule: str = "carry") -> str:
    whole = session(program(target, rule), seed=5)
    whole.train(*problem(), epochs=EPOCHS)
    return whole.digest()


class StopAfter(Callback):
    """Presses Ctrl-C when so many calls of the executor are done."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def on_progress(self, progress: Progress) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.fixture
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of one batch each, so that a run can stop at every batch boundary."""
    monkeypatch.setattr(pace, "_SECONDS", 0.0)
    monkeypatch.setattr(pace, "_FIRST_SAMPLES", 1)


def stop(
    folder: Path, calls: int, made: Program | None = None, resume: bool = False
) -> Interrupted:
    watch = [StopAfter(calls)]
    with pytest.raises(Interrupted) as stopped:
        session(made, seed=5).train(
            *problem(), epochs=EPOCHS, checkpoint=folder, resume=resume, callbacks=watch
        )
    return stopped.value


@pytest.mark.usefixtures("short_calls")
@pytest.mark.parametrize("calls", [1, 5, 12, 13, 14, 30])
@pytest.mark.parametrize(
    ("target", "rule"), [("oxram-64", "carry"), ("ecram-64", "carry"), ("ideal-64", "sgd")]
)
def test_a_resumed_run_ends_like_one_that_never_stopped(
    tmp_path: Path, calls: int, target: str, rule: str
) -> None:
    """13 calls make an epoch: stopped at its start, inside, before its end, at it, behind it."""
    made = program(target, rule)
    stopped = stop(tmp_path, calls, made)
    assert stopped.path is not None
    assert stopped.path.parent == tmp_path
    resumed = session(made)
    history = resumed.train(*problem(), epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert resumed.digest() == uninterrupted(target, rule)
    assert [r.epoch for r in history.records] == [1, 2, 3, 4]


@pytest.mark.usefixtures("short_calls")
def test_a_run_may_be_stopped_again_and_again(tmp_path: Path) -> None:
    stop(tmp_path, 3)
    for calls in (4, 20):
        stop(tmp_path, calls, resume=True)
    resumed = session()
    resumed.train(*problem(), epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert resumed.digest() == uninterrupted()


def test_resuming_a_finished_run_does_nothing_and_more_epochs_go_on(tmp_path: Path) -> None:
    session(seed=5).train(*problem(), epochs=2, checkpoint=tmp_path)
    again = session()
    assert len(again.train(*problem(), epochs=2, checkpoint=tmp_path, resume=True).records) == 2
    longer = session()
    longer.train(*problem(), epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert longer.digest() == uninterrupted()


def test_tiles_may_change_between_stop_and_resume(tmp_path: Path) -> None:
    session(seed=5).train(*problem(), epochs=2, checkpoint=tmp_path)
    resumed = session(program("oxram-128"))
    resumed.train(*problem(), epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert resumed.digest() == uninterrupted()


def test_the_last_two_are_kept_and_verify(tmp_path: Path) -> None:
    trained = session(seed=5)
    trained.train(*problem(), epochs=EPOCHS, checkpoint=tmp_path)
    found = sorted(p.name for p in tmp_path.iterdir())
    assert found == ["epoch-00003-place-0000000000", "epoch-00004-place-0000000000"]
    last = checkpoints.read_checkpoint(tmp_path / found[-1])
    assert last.state.epochs == EPOCHS
    manifest = json.loads((tmp_path / found[-1] / "manifest.json").read_text())
    assert manifest["digest"] == trained.digest()
    assert manifest["plan"]["rule"] == "carry"


def test_states_are_kept_inside_long_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short_calls: None
) -> None:
    monkeypatch.setattr(checkpoints.CheckpointFolder, "overdue", property(lambda self: True))
    seen: set[str] = set()

    class Look(Callback):
        def on_progress(self, progress: Progress) -> None:
            seen.update(p.name for p in tmp_path.iterdir())

    session(seed=5).train(*problem(), checkpoint=tmp_path, callbacks=[Look()])
    assert "epoch-00000-place-0000000016" in seen


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [_flip, _cut, _empty, Path.unlink])
@pytest.mark.parametrize("file", ["state.safetensors", "manifest.json"])
def test_a_damaged_newest_falls_back_with_a_warning(
    tmp_path: Path, harm: object, file: str
) -> None:
    session(seed=5).train(*problem(), epochs=3, checkpoint=tmp_path)
    newest = sorted(tmp_path.iterdir())[-1]
    if harm is _flip and file == "manifest.json":
        text = (newest / file).read_text()
        (newest / file).write_text(text.replace('"samples": 303', '"samples": 304'))
    else:
        harm(newest / file)  # type: ignore[operator]
    heard: list[Diagnostic] = []
    resumed = session(on_note=heard.append)
    resumed.train(*problem(), epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert [d.code for d in heard] == ["BSC6102"]
    assert "going back to epoch-00002" in heard[0].message
    assert resumed.digest() == uninterrupted()


def test_a_damaged_one_is_none_of_the_two_that_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short_calls: None
) -> None:
    session(seed=5).train(*problem(), epochs=3, checkpoint=tmp_path)
    damaged = tmp_path / "epoch-00003-place-0000000000"
    _flip(damaged / "state.safetensors")
    monkeypatch.setattr(checkpoints.CheckpointFolder, "overdue", property(lambda self: True))
    stop(tmp_path, 3, resume=True)
    names = [f"epoch-00002-place-{place:010}" for place in (16, 24)]
    assert sorted(p.name for p in tmp_path.iterdir()) == [*names, damaged.name]
    session().train(*problem(), epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert damaged not in tmp_path.iterdir()


def test_all_damaged_is_an_error_and_harms_nothing(tmp_path: Path) -> None:
    session(seed=5).train(*problem(), epochs=3, checkpoint=tmp_path)
    for path in tmp_path.iterdir():
        _flip(path / "state.safetensors")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DiagnosticError) as error:
        session().train(*problem(), epochs=3, checkpoint=tmp_path, resume=True)
    assert {d.code for d in error.value.diagnostics} == {"BSC6102"}
    assert sorted(tmp_path.rglob("*")) == before


def codes(error: DiagnosticError) -> list[str]:
    return [d.code for d in error.diagnostics]


def test_other_programs_data_plans_and_seeds_are_refused(tmp_path: Path) -> None:
    session(seed=5).train(*problem(), epochs=1, checkpoint=tmp_path)
    x, y = problem()
    swapped = y.copy()
    swapped[:2] = (y[:2] + 1) % 3
    darker = x.copy()
    darker[0, 0] = 0.25
    other = compile_model(
        dense_network((12, 8, 3)), target="oxram-64", weights="random", plan=program().plan
    )
    cases = [
        (session(other), x, y, None, ["BSC6103"]),
        (session(program("pcm-64")), x, y, None, ["BSC6103"]),
        (session(), x, swapped, None, ["BSC6104"]),
        (session(), darker, y, None, ["BSC6104"]),
        (session(), x, y, 20, ["BSC6104"]),
        (session(program(threshold=4)), x, y, None, ["BSC6105"]),
        (session(program(threshold=4)), x, swapped, None, ["BSC6104", "BSC6105"]),
        (session(seed=6), x, y, None, ["BSC6105"]),
    ]
    for chip, inputs, labels, validation, wanted in cases:
        with pytest.raises(DiagnosticError) as error:
            chip.train(
                inputs,
                labels,
                epochs=2,
                validation=validation,
                checkpoint=tmp_path,
                resume=True,
            )
        assert codes(error.value) == wanted
    resumed = session(seed=5)
    resumed.train(x, y, epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert resumed.digest() == uninterrupted()


def test_nothing_to_resume_and_a_folder_in_use(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError, match="BSC6101"):
        session().train(*problem(), checkpoint=tmp_path / "none", resume=True)
    session(seed=5).train(*problem(), checkpoint=tmp_path)
    with pytest.raises(DiagnosticError, match="BSC6107"):
        session(seed=5).train(*problem(), checkpoint=tmp_path)


def test_a_full_disk_is_one_diagnostic_and_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session(seed=5).train(*problem(), epochs=2, checkpoint=tmp_path)
    before = sorted(tmp_path.rglob("*"))

    def full(path: Path, chunks: Iterable[bytes]) -> None:
        path.write_bytes(b"some of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "_write_file", full)
        with pytest.raises(DiagnosticError) as error:
            session().train(*problem(), epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert codes(error.value) == ["BSC6106"]
    assert "No space left" in error.value.diagnostics[0].message
    assert sorted(tmp_path.rglob("*")) == before
    resumed = session()
    resumed.train(*problem(), epochs=EPOCHS, checkpoint=tmp_path, resume=True)
    assert resumed.digest() == uninterrupted()


def test_a_second_ctrl_c_while_a_checkpoint_is_written_leaves_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: Path, chunks: Iterable[bytes]) -> None:
        path.write_bytes(b"some of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "_write_file", interrupted)
    folder = checkpoints.CheckpointFolder(tmp_path, checkpoints.Identity("", "", {}), Notes())
    with pytest.raises(KeyboardInterrupt):
        folder.keep(session(seed=5).state, History())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="asks for processes by signal 0")
def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(
    tmp_path: Path,
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = (f".writing-{dead.pid}", f".writing-{10**30}", f".writing-{os.getppid()}", ".writing-x")
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.safetensors").write_bytes(b"half")
    session(seed=5).train(*problem(), epochs=0, checkpoint=tmp_path)
    left = sorted(p.name for p in tmp_path.iterdir())
    assert left == sorted([*names[2:], "epoch-00000-place-0000000000"])


def test_a_folder_that_cannot_be_made_is_told_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DiagnosticError, match="BSC6106"):
        session().train(*problem(), checkpoint=tmp_path / "file" / "folder")


@pytest.mark.usefixtures("short_calls")
def test_ctrl_c_without_a_folder_saves_nothing_and_says_so() -> None:
    stopped = session(seed=5)
    with pytest.raises(Interrupted) as error:
        stopped.train(*problem(), epochs=2, callbacks=[StopAfter(1)])
    assert error.value.path is None
    assert stopped.state.place > 0


def forge(folder: Path, **changes: object) -> None:
    manifest = sorted(folder.iterdir())[-1] / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes))


def test_forged_states_never_reach_a_chip(tmp_path: Path) -> None:
    """Codes out of range, or cells of another shape, under a manifest that fits to the letter."""
    trained = session(seed=5)
    trained.train(*problem(), epochs=1, checkpoint=tmp_path / "mine")
    honest = checkpoints.read_checkpoint(sorted((tmp_path / "mine").iterdir())[-1])
    state = trained.state
    state.arrays[0].cells[0, 0, 0] = -1
    other = compile_model(
        dense_network((12, 8, 3)), target="oxram-64", weights="random", plan=program().plan
    )
    for name, forged in (("codes", state), ("shape", session(other, seed=5).state)):
        folder = tmp_path / name
        checkpoints.CheckpointFolder(folder, honest.identity, Notes()).keep(forged, History())
        with pytest.raises(DiagnosticError, match="BSC6102"):
            session().train(*problem(), epochs=2, checkpoint=folder, resume=True)


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[" * 100_000,
        "[]",
        "null",
        '{"format": "bsc-checkpoint", "version": 2}',
        '{"format": "else", "version": 1}',
    ],
)
def test_manifests_that_are_none(tmp_path: Path, manifest: str) -> None:
    session(seed=5).train(*problem(), epochs=1, checkpoint=tmp_path)
    for path in tmp_path.iterdir():
        (path / "manifest.json").write_text(manifest)
    with pytest.raises(DiagnosticError, match="BSC6102"):
        session().train(*problem(), epochs=2, checkpoint=tmp_path, resume=True)


@pytest.mark.parametrize("version", [1, 3])
def test_checkpoints_of_another_version_are_no_other_program(tmp_path: Path, version: int) -> None:
    session(seed=5).train(*problem(), epochs=0, checkpoint=tmp_path)
    forge(tmp_path, version=version)
    with pytest.raises(DiagnosticError) as error:
        session().train(*problem(), epochs=2, checkpoint=tmp_path, resume=True)
    assert {d.code for d in error.value.diagnostics} == {"BSC6109"}
    said = f"the checkpoint has format version {version}, this bsc reads 2"
    assert error.value.diagnostics[0].message == said


def test_impossible_clocks(tmp_path: Path) -> None:
    session(seed=5).train(*problem(), epochs=0, checkpoint=tmp_path)
    good = {"seed": 5, "samples": 0, "checks": 0, "epochs": 0, "place": 0, "pulses": 0}
    for bad in ({"epochs": -1}, {"seed": 1 << 64}, {"samples": 0.5}, {"place": None}):
        forge(tmp_path, clocks=good | bad)
        with pytest.raises(DiagnosticError, match="BSC6102"):
            session().train(*problem(), epochs=2, checkpoint=tmp_path, resume=True)


@pytest.mark.usefixtures("short_calls")
def test_a_saved_program_resumes_where_it_stopped() -> None:
    """Without checkpoints: the program's own state knows the place inside the epoch."""
    stopped = session(seed=5)
    with pytest.raises(Interrupted):
        stopped.train(*problem(), epochs=2, callbacks=[StopAfter(1)])
    resumed = session(replace(stopped.program))
    resumed.train(*problem(), epochs=EPOCHS)
    assert resumed.digest() == uninterrupted()

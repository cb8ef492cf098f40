"""Training in a session: what decides the digest, what is reported, what is refused."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bsc.diag import Diagnostic, DiagnosticError
from bsc.driver import compile_model
from bsc.hw.device import siemens
from bsc.numerics.digest import digest
from bsc.numerics.draws import epoch_order
from bsc.numerics.state import ChipState
from bsc.plans import plan_for
from bsc.program.file import load
from bsc.program.model import Program
from bsc.testing.networks import dense_network
from bsc_runtime import Callback, EpochRecord, Progress, Session
from bsc_runtime.data import encode
from bsc_runtime.reference import ReferenceExecutor
from bsc_runtime.train import pace

SIZES = (12, 9, 7, 3)


@cache
def program(target: str = "oxram-64", rule: str = "carry", batch: int | None = 8) -> Program:
    threshold = None if rule != "carry" else 3
    plan = plan_for(rule, batch=batch, threshold=threshold)
    return compile_model(dense_network(SIZES), target=target, weights="random", plan=plan)


def problem(samples: int = 101) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Three classes: the third of the input that is brightest."""
    rng = np.random.default_rng(3)
    x = rng.random((samples, 12), np.float32)
    y = x.reshape(samples, 3, 4).sum(axis=2).argmax(axis=1)
    return x, y


def trained(
    made: Program, epochs: int = 3, executor: object = "reference", seed: int = 7
) -> Session:
    session = Session(made, seed=seed, executor=executor)  # type: ignore[arg-type]
    x, y = problem()
    session.train(x, y, epochs=epochs)
    return session


class Watch(Callback):
    def __init__(self) -> None:
        self.records: list[EpochRecord] = []
        self.steps: list[Progress] = []

    def on_epoch(self, record: EpochRecord) -> None:
        self.records.append(record)

    def on_progress(self, progress: Progress) -> None:
        self.steps.append(progress)


@pytest.mark.parametrize("target", ["oxram-64", "ideal-64", "ecram-64", "pcm-64"])
def test_how_memory_and_calls_are_cut_does_not_matter(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests agree for blocks of 1, 5 and all samples, and for calls of one batch each."""
    made = program(target)
    whole = trained(made).digest()
    for cut in (1, 5):
        assert trained(made, executor=partial(ReferenceExecutor, memory_cut=cut)).digest() == whole
    monkeypatch.setattr(pace, "_FIRST_SAMPLES", 1)
    monkeypatch.setattr(pace, "_SECONDS", 0.0)
    assert trained(made).digest() == whole


@pytest.mark.parametrize("rule", ["carry", "online", "sgd"])
@pytest.mark.parametrize("target", ["oxram-64", "ideal-fine-64"])
def test_simulator_and_reference_agree(rule: str, target: str) -> None:
    made = program(target, rule, None if rule == "online" else 8)
    assert trained(made, executor="simulator").digest() == trained(made).digest()


def test_epochs_one_by_one_are_epochs_at_once() -> None:
    x, y = problem()
    session = Session(program(), seed=7, executor="reference")
    for _ in range(3):
        session.train(x, y)
    assert session.digest() == trained(program()).digest()
    assert session.state.epochs == 3


def test_seeds_matter_and_are_kept() -> None:
    assert trained(program(), seed=7).digest() != trained(program(), seed=8).digest()
    saved = trained(program(), seed=7).program
    assert Session(saved, executor="reference").seed == 7
    again = Session(saved, seed=9, executor="reference")
    assert again.seed == 9
    assert digest(again.state) != digest(saved.state)  # type: ignore[arg-type]
    np.testing.assert_array_equal(again.state.arrays[0].cells, saved.state.arrays[0].cells)  # type: ignore[union-attr]


def test_held_back_samples_are_never_trained_on() -> None:
    x, y = problem()
    held = Session(program(), seed=7, executor="reference")
    history = held.train(x, y, epochs=2, validation=20)
    short = Session(program(), seed=7, executor="reference")
    short.train(x[:-20], y[:-20], epochs=2)
    assert held.digest() == short.digest()
    assert {r.accuracy_on for r in history.records} == {"validation"}
    assert history.accuracy == held.evaluate(x[-20:], y[-20:]).accuracy


def test_what_accuracy_is_measured_on() -> None:
    x, y = problem()
    session = Session(program(), seed=7, executor="reference")
    assert session.train(x, y).records[0].accuracy_on == "train"
    history = session.train(x, y, x_test=x[:30], y_test=y[:30])
    assert history.records[0].accuracy_on == "test"
    assert history.records[0].accuracy == session.evaluate(x[:30], y[:30]).accuracy


def test_records_and_progress() -> None:
    x, y = problem()
    session, watch = Session(program(), seed=7, executor="reference"), Watch()
    history = session.train(x, y, epochs=2, callbacks=[watch])
    assert [r.epoch for r in watch.records] == [1, 2]
    assert watch.records == history.records
    assert history.samples == 202
    assert history.samples_per_second > 0
    last = watch.steps[-1]
    assert (last.epoch, last.epochs, last.samples, last.samples_in_epoch) == (2, 2, 101, 101)
    assert last.accuracy == history.records[0].accuracy
    state = session.state
    assert history.records[-1].pulses_per_weight == state.pulses / session.program.weight_count
    assert (state.samples, state.checks, state.epochs) == (202, 26, 2)


def test_a_run_learns() -> None:
    """The classes are the brightest of three blocks: chance is 1/3, linear networks reach 1."""
    x, y = problem(400)
    plan = plan_for("carry", batch=16, threshold=16)
    made = compile_model(dense_network(SIZES), target="ideal-64", weights="random", plan=plan)
    session = Session(made, seed=1, executor="reference")
    session.train(x, y, epochs=30)
    correct = session.evaluate(x, y).correct
    assert correct is not None
    assert correct > 280  # seeded: a fixed number, not a statistic


def test_saturated_cells_are_told_once() -> None:
    heard: list[Diagnostic] = []
    x, y = problem()
    made = program("ideal-64")
    start = Session(made, seed=7, executor="reference").state
    for array in start.arrays:
        array.cells[...] = 16383
    session = Session(_with(made, start), executor="reference", on_note=heard.append)
    history = session.train(x, y, epochs=2)
    assert history.records[0].saturated > 0.5
    assert [d.code for d in heard] == ["BSC6034"]


def test_a_program_stopped_inside_an_epoch_goes_on_there() -> None:
    x, y = problem()
    session = Session(program(), seed=7, executor="reference")
    state = session.state
    executor = ReferenceExecutor(program(), state)
    data = encode(program().inputs[0], x)
    executor.train(data, y.astype(np.int32)[:, None], epoch_order(7, 0, 101)[:40], 8)
    middle = executor.state()
    middle.place = 40
    resumed = Session(_with(program(), middle), executor="reference")
    resumed.train(x, y, epochs=3)
    assert resumed.digest() == trained(program()).digest()


def test_conductances_are_the_cells_tile_by_tile() -> None:
    for target in ("oxram-64", "ecram-64"):
        made = compile_model(dense_network((100, 70, 3)), target=target, weights="random")
        session = Session(made, seed=3, executor="reference")
        found = session.conductances()
        device = made.target.device
        array = session.state.arrays[0]
        whole = siemens(array.cells, device)
        rows = [
            [
                found[f"layer0/tile_{r}_{c}/{'cell' if whole.ndim == 2 else 'negative'}"]
                for c in range(2)
            ]
            for r in range(2)
        ]
        wanted = whole if whole.ndim == 2 else whole[1]
        np.testing.assert_array_equal(np.block(rows), wanted)
        if array.row_reference is not None:
            reference = np.concatenate([found[f"layer0/tile_{r}_1/row_reference"] for r in (0, 1)])
            np.testing.assert_array_equal(reference, siemens(array.row_reference, device))


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda s, x, y: s.train(x, y, epochs=-1), "BSC6033"),
        (lambda s, x, y: s.train(x, y, validation=101), "BSC6014"),
        (lambda s, x, y: s.train(x, y, validation=-1), "BSC6014"),
        (lambda s, x, y: s.train(x, y, resume=True), "BSC6101"),
        (lambda s, x, y: s.train(x[:, :5], y), "BSC6009"),
        (lambda s, x, y: s.train(x, y + 1), "BSC6010"),
        (lambda s, x, y: s.train(x * 2, y), "BSC6012"),
        (lambda s, x, y: s.evaluate(x, y, mode="analogue"), "BSC6030"),
        (lambda s, x, y: s.evaluate(x, y, repeats=5), "BSC6030"),
        (lambda s, x, y: s.evaluate(x, y, mode="stochastic", repeats=0), "BSC6030"),
        (lambda s, x, y: s.evaluate(x, y, mode="stochastic", repeats=300, reads=300), "BSC6030"),
        (lambda s, x, y: s.evaluate(x, y, seed=-1), "BSC6033"),
    ],
)
def test_what_is_refused(call: object, code: str) -> None:
    session = Session(program(), seed=7, executor="reference")
    before = session.digest()
    with pytest.raises(DiagnosticError) as error:
        call(session, *problem())  # type: ignore[operator]
    assert [d.code for d in error.value.diagnostics] == [code]
    assert session.digest() == before


def test_unknown_executors_are_told_the_nearest() -> None:
    with pytest.raises(DiagnosticError, match="BSC6032") as error:
        Session(program(), executor="simulater")
    assert "simulator" in str(error.value.diagnostics[0].help)
    with pytest.raises(DiagnosticError, match="BSC6033"):
        Session(program(), threads=0, executor="reference")


def _with(made: Program, state: ChipState) -> Program:
    return replace(made, state=state)


@pytest.mark.parametrize("rule", ["carry", "sgd", "hp"])
def test_a_saved_session_goes_on_as_if_nothing_had_happened(tmp_path: Path, rule: str) -> None:
    x, y = problem()
    session = Session(program("oxram-64", rule), seed=7, executor="reference")
    session.train(x, y, epochs=2)
    saved = session.save(tmp_path / "chip.bsp")
    with zipfile.ZipFile(saved) as archive:
        assert archive.read("program.py")
    again = Session(load(saved), executor="reference")
    assert again.digest() == session.digest()
    np.testing.assert_array_equal(again.infer(x)["y"], session.infer(x)["y"])
    if rule != "hp":  # the baseline begins anew each time
        session.train(x, y)
        again.train(x, y)
        assert again.digest() == session.digest()


def test_master_weights_have_no_conductances() -> None:
    with pytest.raises(DiagnosticError, match="BSC6036"):
        Session(program("oxram-64", "sgd"), executor="reference").conductances()


def test_a_program_without_training_steps_is_refused_with_the_reason() -> None:
    made = replace(program(), training=(), update=(), untrainable="its readout is no softmax")
    session = Session(made, executor="reference")
    with pytest.raises(DiagnosticError, match=r"BSC6031.*its readout is no softmax"):
        session.train(*problem())
    with pytest.raises(DiagnosticError, match="BSC6030"):
        session.infer(problem()[0], mode="vote")
    assert session.evaluate(*problem()).samples == 101

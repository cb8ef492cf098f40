"""A run of the float baseline inside a session: trained on the host, then mapped to cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bsc.driver import recompile, with_weights
from bsc.numerics.state import ChipState
from bsc.program.model import Program
from bsc_runtime.train.callbacks import Callbacks, Progress
from bsc_runtime.train.history import EpochRecord, History
from bsc_runtime.train.hp import Weights, hp_marks, train_hp
from bsc_runtime.train.interrupt import InterruptWatch
from bsc_runtime.train.material import Material


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run of the baseline gives.

    Attributes:
        program: the network with the trained weights in its cells.
        state: those cells, with the run's clocks.
        history: its epochs; accuracy is that of the float network.
        done: False where Ctrl-C stopped it.
    """

    program: Program
    state: ChipState
    history: History
    done: bool


def run_baseline(
    program: Program,
    material: Material,
    *,
    epochs: int,
    seed: int,
    callbacks: Callbacks,
    save: Callable[[Baseline], None],
) -> Baseline:
    """Train the float network anew and write its weights into cells.

    Args:
        program: compiled for the rule `hp`; its state has the cells of frozen arrays.
        material: what it learns from and is examined on.
        epochs: how many.
        seed: key of initial weights and of the order of samples.
        callbacks: watch.
        save: keeps what was learned; Ctrl-C waits for it.

    Raises:
        DiagnosticError: BSC6012, values outside the input's range.
    """
    asked = material.asked.encoded
    if asked is None:
        raise material.asked.refusal(program)
    frozen = any(program.frozen(number) for number in range(len(program.arrays)))
    # The baseline has the rule's own neurons; frozen weights mean something with their own alone.
    if program.options.weights != "random" and not frozen:
        program = recompile(program, weights="random")
    plan = program.plan
    history = History()
    weights: Weights = []
    run = train_hp(
        program,
        material.data,
        material.targets,
        epochs=epochs,
        eta=plan.eta,
        seed=seed,
        batch=plan.batch,
    )
    with InterruptWatch() as watch:
        for epoch in run:
            weights = epoch.weights
            history.samples += epoch.samples
            history.seconds += epoch.seconds
            marks = hp_marks(program, weights, asked, material.answers)
            record = EpochRecord(
                epoch=epoch.epoch,
                accuracy=marks.accuracy,
                accuracy_on=material.asked_on,
                samples=epoch.samples,
                seconds=epoch.seconds,
                loss=epoch.loss,
                squared_error=marks.squared_error,
                outputs=dict(marks.outputs),
            )
            history.records.append(record)
            speed = history.samples_per_second
            left = (epochs - epoch.epoch) * epoch.samples
            progress = Progress(
                epoch=epoch.epoch,
                epochs=epochs,
                samples=epoch.samples,
                samples_in_epoch=epoch.samples,
                samples_per_second=speed,
                accuracy=record.accuracy,
                seconds_left=left / speed if speed else 0.0,
                marks=record.marks,
            )
            watch.guard(lambda progress=progress: callbacks.on_progress(progress))  # type: ignore[misc]
            watch.guard(lambda record=record: callbacks.on_epoch(record))  # type: ignore[misc]
            if watch.asked:
                break
        mapped = with_weights(program, list(weights))
        if mapped.state is None:
            raise ValueError("a program with kept weights has no state")
        epochs_done = len(history.records)
        state = replace(mapped.state, seed=seed, epochs=epochs_done, samples=history.samples)
        made = Baseline(mapped, state, history, epochs_done == epochs)
        save(made)
    return made

"""What a user holds: a program on a chip, to train, evaluate, run and save."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.diag.arguments import checked_path, is_whole, misfit
from bsc.hw.plan import Readout, Rule
from bsc.numerics.digest import digest
from bsc.numerics.state import ChipState
from bsc.program.archive import require_writable
from bsc.program.model import Program
from bsc.tiling.plan import Head
from bsc_runtime.chip import Chip, starting_state
from bsc_runtime.conductances import conductances
from bsc_runtime.data.match import learning_heads
from bsc_runtime.executors import ExecutorFactory
from bsc_runtime.inference import Request, needs_inner, outputs, score
from bsc_runtime.inputs import Given, Inputs, inputs_of, targets_of
from bsc_runtime.metrics import Evaluation, winners
from bsc_runtime.notes import Listener, Notes
from bsc_runtime.scoring import HeadScores, mark
from bsc_runtime.train.callbacks import Callbacks, TrainCallback
from bsc_runtime.train.history import History
from bsc_runtime.train.hp import learns
from bsc_runtime.train.interrupt import Interrupted
from bsc_runtime.train.loop import Lesson, run_lesson
from bsc_runtime.train.material import Material, material
from bsc_runtime.train.records import Records, begin, begin_in, resume_in


class Session:
    """A program on a chip.

    Args:
        program: what runs. Its own state is where the chip starts; a program without one starts
            from its device's initial cells, drawn from the seed.
        seed: 64-bit key of all draws; None keeps the state's own, 0 for a new chip. A state that is
            already there goes on with the new key.
        threads: threads of the executor; no result depends on them.
        executor: `simulator`, `machine`, `reference`, the name of a plug-in, or a factory; None is
            the machine for programs of the ISA backend, else the simulator.
        on_note: hears warnings and notes; None sends them to the logger `bsc_runtime`.
    """

    def __init__(
        self,
        program: Program,
        *,
        seed: int | None = None,
        threads: int = 1,
        executor: str | ExecutorFactory | None = None,
        on_note: Listener | None = None,
    ) -> None:
        if not isinstance(program, Program):
            raise misfit(
                "BSC6033",
                "program",
                program,
                "a Program",
                help="bsc.compile(MODEL) makes one, bsc.load(FILE) reads one from a .bsp file",
            )
        if not is_whole(threads) or threads < 1:
            raise misfit("BSC6033", "threads", threads, "a whole number from 1")
        _check_seed(seed)
        self._program = program
        self._seed_given = seed is not None
        self._threads = threads
        by_backend = "machine" if program.options.backend == "isa" else "simulator"
        self._executor = by_backend if executor is None else executor
        self._notes = Notes(on_note)
        self._chip = self._place(program, starting_state(program, seed))

    @property
    def program(self) -> Program:
        """The program with the chip's present state."""
        return replace(self._program, state=self.state)

    @property
    def state(self) -> ChipState:
        """A copy of cells, counters and clocks now."""
        return self._chip.state()

    @property
    def seed(self) -> int:
        """The key of all draws."""
        return self._chip.seed

    def digest(self) -> str:
        """SHA-256 of the state (docs/semantics.md, section 4), hex."""
        return digest(self.state)

    def save(self, path: str | Path) -> Path:
        """Write the program, its present state and readable source, wholly or not at all."""
        from bsc.backend.python import emit
        from bsc.program.file import save

        program, place = self.program, checked_path("BSC6033", "path", path)
        save(program, place, python_source=emit(program, place.name))
        return place

    def conductances(self) -> dict[str, npt.NDArray[np.float64]]:
        """Conductances in siemens by `<array>/tile_<row>_<column>/<what>`; see `conductances`."""
        return conductances(self._program, self.state)

    def train(
        self,
        x: Given,
        y: Given,
        *,
        epochs: int = 1,
        validation: int | None = None,
        x_test: Given | None = None,
        y_test: Given | None = None,
        callbacks: Iterable[TrainCallback] = (),
        checkpoint: str | Path | None = None,
        resume: bool = False,
        output: str | Path | None = None,
    ) -> History:
        """Train the chip.

        Args:
            x: inputs, samples first; see `fit_input` for shapes, `encode` for values. A mapping of
                the model's inputs to arrays, or one array where there is one input.
            y: targets, see `fit_targets`: labels [N], or for a logistic readout also numbers from 0
                to 1 [N, columns]. A mapping of the model's outputs to arrays, or one array where
                one output learns.
            epochs: whole epochs; an epoch that a saved program was stopped in counts as the first.
            validation: hold the last so many samples back, never train on them, and measure
                accuracy or squared error on them after each epoch.
            x_test: test inputs that are measured on otherwise.
            y_test: their targets.
            callbacks: watch progress and epochs.
            checkpoint: folder for checkpoints, one an epoch and one a minute, the last two kept.
            resume: go on from the folder's newest whole checkpoint; `epochs` are those of the whole
                run. The result is that of a run that was never stopped.
            output: where the program is saved when the run is over, and at Ctrl-C.

        Returns:
            The epochs' records, those before a resume included.

        Raises:
            DiagnosticError: data, targets, options or checkpoints are at fault; BSC6031 the program
                cannot be trained.
            Interrupted: Ctrl-C, after saving to `checkpoint` and `output`.
        """
        self._check_trainable(epochs)
        watchers = Callbacks.of(callbacks)
        if validation is not None and not is_whole(validation):
            raise misfit("BSC6033", "validation", validation, "a whole number of samples")
        for name, path in (("checkpoint", checkpoint), ("output", output)):
            if path is not None:
                checked_path("BSC6033", name, path)  # now, and not when hours are to be saved
        if output is not None:
            require_writable(Path(output))
        learned = material(self._program, x, y, validation, x_test, y_test, self._notes)
        if self._program.plan.rule is Rule.HP:
            if checkpoint is not None or resume:
                raise fail("BSC6108", "the rule hp keeps no checkpoints: it is short, begin anew")
            return self._train_hp(learned, epochs, watchers, output)
        records = self._records(learned, epochs, checkpoint, resume)
        self._chip = records.chip
        request = Request(seed=self._chip.seed)
        lesson = Lesson(
            learned.data,
            learned.targets,
            lambda: mark(self._program, self._score(learned.asked, request), learned.answers),
            learned.asked_on,
        )
        done = run_lesson(
            self._chip,
            lesson,
            records.last_epoch,
            records.history,
            callbacks=watchers,
            notes=self._notes,
            save=lambda: self._save_to(output),
            keeper=records.folder,
        )
        if not done:
            kept = records.folder.last if records.folder is not None else None
            raise Interrupted(kept if output is None else Path(output), records.history)
        return records.history

    def evaluate(
        self,
        x: Given,
        y: Given,
        *,
        mode: str = "analog",
        repeats: int = 1,
        reads: int = 1,
        seed: int | None = None,
    ) -> Evaluation:
        """How well the outputs answer: accuracy, or squared error.

        Args:
            x: inputs, samples first, as for `train`.
            y: targets as for `train`; outputs that a mapping leaves out are not examined.
            mode: analog, binary, stochastic or vote (docs/semantics.md, section 7).
            repeats: passes with new draws.
            reads: bit vectors that each layer sends in a pass.
            seed: key of the draws; None takes the session's.
        """
        request = self._request(mode, repeats, reads, seed)
        inputs = inputs_of(self._program, x, self._notes)
        targets = targets_of(self._program, y, len(inputs), self._notes, every=False)
        start = time.perf_counter()
        scores = self._score(inputs, request)
        seconds = time.perf_counter() - start
        marks = mark(self._program, scores, targets)
        accuracy = marks.accuracy
        return Evaluation(
            accuracy=accuracy,
            correct=None if accuracy is None else round(accuracy * len(inputs)),
            samples=len(inputs),
            mode=mode,
            repeats=repeats,
            reads=reads,
            seed=request.seed,
            seconds=seconds,
            squared_error=marks.squared_error,
            outputs=marks.outputs,
        )

    def infer(
        self,
        x: Given,
        *,
        mode: str = "analog",
        repeats: int = 1,
        reads: int = 1,
        seed: int | None = None,
    ) -> dict[str, npt.NDArray[Any]]:
        """Every output of the model by name.

        In mode vote the votes [N, columns] alone: `votes`, or `<output>.votes` of each of several.
        """
        request = self._request(mode, repeats, reads, seed)
        inputs = inputs_of(self._program, x, self._notes)
        inner = needs_inner(self._program)
        scores = score(
            self._program, self._chip.executor, inputs, request, self._notes, inner=inner
        )
        return outputs(self._program, scores, self._notes)

    def predict(
        self,
        x: Given,
        *,
        mode: str = "analog",
        repeats: int = 1,
        reads: int = 1,
        seed: int | None = None,
    ) -> npt.NDArray[Any] | dict[str, npt.NDArray[Any]]:
        """The class of each sample: the model's own label where it has some, else an index.

        By the output's name where several outputs learn.
        """
        request = self._request(mode, repeats, reads, seed)
        scores = self._score(inputs_of(self._program, x, self._notes), request)
        heads = self._program.heads
        asked = learning_heads(self._program)
        found = {
            head.name: _classes(head, given)
            for head, given in zip(heads, scores, strict=True)
            if head in asked
        }
        return found if len(found) > 1 else next(iter(found.values()))

    def _place(self, program: Program, state: ChipState) -> Chip:
        return Chip(program, state, self._executor, self._threads)

    def _check_trainable(self, epochs: int) -> None:
        if not is_whole(epochs) or epochs < 0:
            raise misfit("BSC6033", "epochs", epochs, "a whole number from 0")
        on_host = self._program.plan.rule is Rule.HP and learns(self._program)
        if not self._program.training and not on_host:
            why = self._program.untrainable or "it was compiled for inference alone"
            single = any(
                head.columns == 1 and head.readout is Readout.SOFTMAX
                for head in self._program.heads
            )
            way_out = (
                "give the network an output for each class, two for yes and no; or read it as "
                "logistic: --readout logistic"
            )
            raise fail(
                "BSC6031",
                f"the program cannot be trained: {why}",
                help=way_out if single else None,
            )

    def _request(self, mode: str, repeats: int, reads: int, seed: int | None) -> Request:
        _check_seed(seed)
        if not isinstance(mode, str):
            raise misfit("BSC6033", "mode", mode, "a word")
        for name, number in (("repeats", repeats), ("reads", reads)):
            if not is_whole(number):
                raise misfit("BSC6033", name, number, "a whole number")
        return Request(mode, repeats, reads, self._chip.seed if seed is None else seed)

    def _score(self, inputs: Inputs, request: Request) -> tuple[HeadScores, ...]:
        return score(self._program, self._chip.executor, inputs, request, self._notes).heads

    def _records(
        self, learned: Material, epochs: int, checkpoint: str | Path | None, resume: bool
    ) -> Records:
        if checkpoint is None:
            if resume:
                raise fail("BSC6101", "nothing to resume from: --resume needs --checkpoint FOLDER")
            return begin(self._chip, len(learned.data), epochs)
        path = Path(checkpoint)
        if not resume:
            return begin_in(path, self._chip, learned, epochs, self._notes)
        return resume_in(
            path,
            self._chip,
            learned,
            epochs,
            self._notes,
            lambda state: self._place(self._program, state),
            self._chip.seed if self._seed_given else None,
        )

    def _train_hp(
        self, learned: Material, epochs: int, watchers: Callbacks, output: str | Path | None
    ) -> History:
        from bsc_runtime.train.baseline import Baseline, run_baseline

        def save(made: Baseline) -> None:
            self._program = made.program
            self._chip = self._place(made.program, made.state)
            self._save_to(output)

        if not epochs:
            self._save_to(output)
            return History()
        made = run_baseline(
            self.program,
            learned,
            epochs=epochs,
            seed=self._chip.seed,
            callbacks=watchers,
            save=save,
        )
        if not made.done:
            raise Interrupted(None if output is None else Path(output), made.history)
        return made.history

    def _save_to(self, output: str | Path | None) -> None:
        if output is not None:
            self.save(output)


def _classes(head: Head, scores: HeadScores) -> npt.NDArray[Any]:
    index = winners(scores.values, votes=scores.votes)
    return np.array(head.classes)[index] if head.classes else index


def _check_seed(seed: object) -> None:
    if seed is None:
        return
    if not isinstance(seed, (int, np.integer)) or not is_whole(seed) or not 0 <= seed < 1 << 64:
        raise misfit("BSC6033", "seed", seed, "a whole number in 0..2^64-1")

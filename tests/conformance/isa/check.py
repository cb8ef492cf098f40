"""Checks all cases with the interpreter beside it; `python check.py` prints one line a case.

Nothing but Python is needed. Take it as the example for a simulator in another language.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import case_files
import interpreter
from case_files import Case, CaseRun, Expected


def clocks_after(clocks: dict[str, int], run: CaseRun) -> dict[str, int]:
    """What the host makes of n and g (docs/isa.md, section 9); ep is its own."""
    if run.entry != "train":
        return clocks
    return clocks | {
        "samples": clocks["samples"] + run.samples,
        "checks": clocks["checks"] + -(-run.samples // run.batch),
    }


def found_by(chip: interpreter.Chip, run: CaseRun) -> Expected:
    """What the interpreter makes of a run."""
    for core, words in run.backing.items():
        chip.backing[core][: len(words)] = words
    before = [list(words) for words in chip.backing]
    started = interpreter.Run(
        run.entry, run.samples, run.batch, run.seed, run.repeats, run.reads, run.first_index,
        run.check, run.rows(), run.targets(), bool(run.levels),
    )  # fmt: skip
    try:
        found = chip.run(started)
    except interpreter.Trapped as trap:
        return Expected(trap=trap.args)
    outputs = {}
    for core, stream in enumerate(found.outputs):
        if stream:
            width = output_width(chip, core)
            outputs[core] = [stream[at : at + width] for at in range(0, len(stream), width)]
    chip.state.clocks = clocks_after(chip.state.clocks, run)
    changed = {
        core: list(words) for core, words in enumerate(chip.backing) if words != before[core]
    }
    return Expected(
        found.cycles,
        outputs,
        chip.state.digest(),
        dict(chip.state.clocks),
        changed,
        found.marks,
    )


def output_width(chip: interpreter.Chip, core: int) -> int:
    """Elements of a core's `out`: the verifier lets all of a run be alike."""
    own = chip.image.cores[core]
    widths = {
        own.vectors[word.operands["sum"]]["length"] for word in own.code if word.name == "out"
    }
    return widths.pop()


def problems(case: Case) -> Iterator[str]:
    """Where the interpreter finds something else than the files say."""
    chip = interpreter.Chip(case.image)
    if chip.state.digest() != case.digest:
        yield "digest before the first run"
    for number, run in enumerate(case.runs):
        found = found_by(chip, run)
        for name, expected in vars(run.expected).items():
            if getattr(found, name) != expected:
                yield f"{name} of run {number}"


if __name__ == "__main__":
    wrong = {name: list(problems(case_files.read(name))) for name in case_files.names()}
    for name, found in wrong.items():
        sys.stdout.write(f"{name}: {', '.join(found) if found else 'agrees'}\n")
    sys.exit(any(wrong.values()))

"""What a case is on disk: `case.json` and the plain files that it names. Needs Python only."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
LETTERS = {"u8": "B", "i32": "i", "u32": "I", "i64": "q"}
"""Types of plain files, little-endian."""


@dataclass
class Expected:
    """What a run must leave.

    Attributes:
        cycles: of the run.
        outputs: output stream by core, rows of one sample.
        digest: SHA-256 of the STATE bytes after it.
        clocks: samples, checks, epochs and seed in these bytes.
        backing: backing memory by core, where it changed.
        trace: (core, cycle, number) of each `trace`, core by core.
        trap: core, address and number, where the run ends so; then only outputs so far count.
    """

    cycles: int = 0
    outputs: dict[int, list[list[int]]] = field(default_factory=dict)
    digest: str = ""
    clocks: dict[str, int] = field(default_factory=dict)
    backing: dict[int, list[int]] = field(default_factory=dict)
    trace: list[tuple[int, int, int]] = field(default_factory=list)
    trap: tuple[int, int, int] | None = None


@dataclass
class CaseRun:
    """A run of a case: registers, streams in the order of the run, and what must come of them.

    Attributes:
        inputs: rows of levels, or of bytes where there are `levels` for the 256 of them.
        labels: a number for each sample, or rows of several.
    """

    entry: str
    samples: int
    batch: int
    repeats: int = 1
    reads: int = 1
    seed: int = 0
    first_index: int = 0
    check: int = 0
    inputs: list[list[int]] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    backing: dict[int, list[int]] = field(default_factory=dict)
    expected: Expected = field(default_factory=Expected)

    def rows(self) -> list[list[int]]:
        """Inputs as levels."""
        if not self.levels:
            return self.inputs
        return [[self.levels[byte] for byte in row] for row in self.inputs]

    def targets(self) -> list[list[int]]:
        """Labels as rows."""
        return [row if isinstance(row, list) else [row] for row in self.labels]


@dataclass
class Case:
    """A case: an image with its state, and runs one after the other on one chip."""

    name: str
    about: str
    image: bytes
    text: str
    digest: str
    runs: list[CaseRun]


def names() -> list[str]:
    """All cases on disk."""
    return sorted(path.name for path in CASES.iterdir())


_REGISTERS = ("samples", "batch", "repeats", "reads", "seed", "first_index", "check")


def files_of(case: Case) -> dict[str, bytes]:
    """Every file of a case by name."""
    files = {"image.bin": case.image, "image.s": case.text.encode("utf-8")}
    runs = []
    for number, run in enumerate(case.runs):
        found: dict[str, Any] = {"entry": run.entry}
        found |= {name: getattr(run, name) for name in _REGISTERS}
        stem, expected = f"run{number}", run.expected

        def put(name: str, kind: str, rows: Sequence[Any], stem: str = stem) -> dict[str, Any]:
            matrix = bool(rows) and isinstance(rows[0], list)
            flat = [n for row in rows for n in row] if matrix else list(rows)
            files[f"{stem}.{name}.{kind}"] = struct.pack(f"<{len(flat)}{LETTERS[kind]}", *flat)
            shape = [len(rows), len(rows[0])] if matrix else [len(rows)]
            return {"file": f"{stem}.{name}.{kind}", "shape": shape}

        if run.inputs:
            found["inputs"] = put("inputs", "u8" if run.levels else "i32", run.inputs)
        if run.levels:
            found["levels"] = put("levels", "i32", run.levels)
        if run.labels:
            found["labels"] = put("labels", "i32", run.labels)
        for core, words in run.backing.items():
            found.setdefault("backing", {})[str(core)] = put(f"backing{core}", "u32", words)
        after: dict[str, Any] = {}
        for core, words in expected.backing.items():
            after.setdefault("backing", {})[str(core)] = put(f"backing{core}.after", "u32", words)
        for core, rows in expected.outputs.items():
            after.setdefault("outputs", {})[str(core)] = put(f"output{core}", "i64", rows)
        if expected.trap is not None:
            after["trap"] = dict(zip(("core", "address", "number"), expected.trap, strict=True))
        else:
            after |= {"cycles": expected.cycles, "clocks": expected.clocks}
            after["digest"] = expected.digest
        if expected.trace:
            after["trace"] = expected.trace
        runs.append(found | {"expected": after})
    described = {"about": case.about, "digest": case.digest, "runs": runs}
    files["case.json"] = (json.dumps(described, indent=1) + "\n").encode("utf-8")
    return files


def read(name: str) -> Case:
    """A case from disk."""
    folder = CASES / name
    described = json.loads((folder / "case.json").read_text(encoding="utf-8"))

    def numbers(entry: dict[str, Any] | None) -> list[Any]:
        if entry is None:
            return []
        data, shape = (folder / entry["file"]).read_bytes(), entry["shape"]
        letter = LETTERS[entry["file"].rpartition(".")[2]]
        flat = list(struct.unpack(f"<{len(data) // struct.calcsize(letter)}{letter}", data))
        if len(shape) == 1:
            return flat
        return [flat[shape[1] * row : shape[1] * (row + 1)] for row in range(shape[0])]

    def by_core(entry: dict[str, Any] | None) -> dict[int, list[Any]]:
        return {int(core): numbers(found) for core, found in (entry or {}).items()}

    runs = []
    for found in described["runs"]:
        after = found["expected"]
        trap = after.get("trap")
        expected = Expected(
            after.get("cycles", 0),
            by_core(after.get("outputs")),
            after.get("digest", ""),
            after.get("clocks", {}),
            by_core(after.get("backing")),
            [tuple(mark) for mark in after.get("trace", [])],
            (trap["core"], trap["address"], trap["number"]) if trap else None,
        )
        runs.append(
            CaseRun(
                found["entry"],
                **{register: found[register] for register in _REGISTERS},
                inputs=numbers(found.get("inputs")),
                levels=numbers(found.get("levels")),
                labels=numbers(found.get("labels")),
                backing=by_core(found.get("backing")),
                expected=expected,
            )
        )
    image = (folder / "image.bin").read_bytes()
    text = (folder / "image.s").read_text(encoding="utf-8")
    return Case(name, described["about"], image, text, described["digest"], runs)

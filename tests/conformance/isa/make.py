"""Writes the cases of this folder anew; `python make.py` in an environment that has bsc.

Results and digests of compiled cases come from bsc's reference executor, which knows no words;
those of cases written by hand from the interpreter, and so do all cycles. Nothing comes from the
machine that is to be tested. Files change only when the contract does.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import assembly_cases
import case_files
import check
import compiled_cases
import interpreter
from case_files import Case, CaseRun, Expected

from bsc.isa.binary import encode
from bsc.isa.disassemble import disassemble
from bsc.isa.image import Image
from bsc.isa.verify import verify_image

NAMES = (*compiled_cases.COMPILED, *assembly_cases.WRITTEN)


def make(name: str) -> Case:
    """A case with all that is expected.

    Raises:
        ValueError: the interpreter does not find what the reference executor found.
    """
    if name in compiled_cases.COMPILED:
        about = compiled_cases.COMPILED[name].about
        image, runs = compiled_cases.made(compiled_cases.COMPILED[name])
    else:
        about = assembly_cases.WRITTEN[name][0]
        image, runs = assembly_cases.made(name)
    return _case(name, about, image, runs)


def _case(name: str, about: str, image: Image, runs: list[CaseRun]) -> Case:
    verify_image(image, name)
    data = encode(image)
    chip = interpreter.Chip(data)
    case = Case(name, about, data, disassemble(image), chip.state.digest(), runs)
    for number, run in enumerate(runs):
        found = check.found_by(chip, run)
        for problem in _differences(run.expected, found):
            raise ValueError(f"{name}, run {number}: {problem} is not the reference's")
        run.expected = found
    return case


def _differences(reference: Expected, found: Expected) -> Iterator[str]:
    if reference.digest:  # else there is no reference
        yield from (
            field
            for field in ("outputs", "digest", "clocks")
            if getattr(reference, field) != getattr(found, field)
        )


def main() -> None:
    shutil.rmtree(case_files.CASES, ignore_errors=True)
    total = 0
    for name in NAMES:
        files = case_files.files_of(make(name))
        folder = case_files.CASES / name
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        size = sum(map(len, files.values()))
        total += size
        sys.stdout.write(f"{name}: {size >> 10} KiB\n")
    sys.stdout.write(f"in all {total >> 10} KiB\n")


if __name__ == "__main__":
    main()

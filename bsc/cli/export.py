"""`bsc export`: a program as Python source, or as what each cell should conduct."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bsc.cli import options as o


def export(
    program: o.ProgramFile,
    python: Annotated[
        Path | None,
        typer.Option("--python", metavar="OUT.py", help="Readable source that runs by itself."),
    ] = None,
    conductances: Annotated[
        Path | None,
        typer.Option(
            "--conductances", metavar="OUT.npz", help="Siemens of each cell, tile by tile."
        ),
    ] = None,
    seed: o.Seed = 0,
    json: o.Json = False,
) -> None:
    """Write a program in other forms."""
    import os

    import bsc
    from bsc.cli.files import write_arrays, write_text
    from bsc.cli.output import Output

    output = Output(json)
    if python is None and conductances is None:
        raise typer.BadParameter("say what to write: --python OUT.py, --conductances OUT.npz")
    loaded = bsc.load(program)
    written: dict[str, str] = {}
    if python is not None:
        from bsc.backend.python import emit

        beside = Path(os.path.relpath(program.resolve(), python.resolve().parent)).as_posix()
        write_text(python, emit(loaded, beside))
        written["python"] = str(python)
    if conductances is not None:
        from bsc_runtime import Session

        write_arrays(conductances, Session(loaded, seed=seed).conductances())
        written["conductances"] = str(conductances)
    for path in written.values():
        output.line(f"wrote {path}")
    output.result(written)

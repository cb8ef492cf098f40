"""`bsc export`: a program as Python source, as what each cell should conduct, or as ONNX."""

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
    onnx: Annotated[
        Path | None,
        typer.Option(
            "--onnx", metavar="OUT.onnx", help="Float model of what the cells compute in the mean."
        ),
    ] = None,
    seed: o.Seed = 0,
    json: o.Json = False,
) -> None:
    """Write a program in other forms."""
    import os

    import bsc
    from bsc.cli.files import keep_inputs, write_arrays, write_text
    from bsc.cli.output import Output

    output = Output(json)
    if python is None and conductances is None and onnx is None:
        raise typer.BadParameter(
            "say what to write: --python OUT.py, --conductances OUT.npz, --onnx OUT.onnx"
        )
    for out in (python, conductances, onnx):
        if out is not None:
            keep_inputs(out, program)
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
    if onnx is not None:
        from bsc.backend.onnx import to_onnx
        from bsc.cli.files import write_bytes
        from bsc_runtime.chip import starting_state

        model = to_onnx(loaded, starting_state(loaded, seed if loaded.state is None else None))
        write_bytes(onnx, model.SerializeToString())
        written["onnx"] = str(onnx)
    for path in written.values():
        output.line(f"wrote {path}")
    output.result(written)

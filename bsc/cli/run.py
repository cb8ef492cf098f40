"""`bsc run`: a program on inputs from a file, its outputs into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bsc.cli import options as o


def run_program(
    program: o.ProgramFile,
    input: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="[NAME=]X.npy",
            help="Inputs, one sample a row; in the model's shape.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="Y.npy|Y.npz",
            help="Outputs: .npz holds all by name, .npy the first.",
        ),
    ],
    mode: o.Mode = "analog",
    repeats: o.Repeats = 1,
    reads: o.Reads = 1,
    seed: o.Seed = 0,
    threads: o.Threads = None,
    executor: o.Executor = None,
    json: o.Json = False,
) -> None:
    """Run a program on inputs and write its outputs."""
    import time

    from bsc.cli.files import keep_inputs, read_input, write_outputs
    from bsc.cli.output import Output
    from bsc.cli.sessions import open_session

    output = Output(json)
    keep_inputs(out, program, Path(input), Path(input.partition("=")[2] or input))
    session = open_session(program, output, threads=threads, executor=executor)
    x = read_input(input, session.program.input.name)
    start = time.perf_counter()
    outputs = session.infer(x, mode=mode, repeats=repeats, reads=reads, seed=seed)
    seconds = time.perf_counter() - start
    shapes = write_outputs(out, outputs)
    for name, shape in shapes.items():
        output.line(f"{name}: {shape}")
    output.line(f"wrote {out}")
    output.result({"outputs": str(out), "shapes": shapes, "seconds": seconds})

"""`bsc run`: a program on inputs from a file, its outputs into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bsc.cli import options as o


def run_program(
    program: o.ProgramFile,
    input: Annotated[
        list[str],
        typer.Option(
            "--input",
            metavar="[NAME=]X.npy|X.npz",
            help="An input, one sample a row, in the model's shape. Repeatable, with names. "
            "An .npz gives all inputs that its arrays are named as.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="Y.npy|Y.npz",
            help="Outputs: .npz holds all by name, .npy the only one.",
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

    from bsc.cli.files import keep_inputs, one_output, read_inputs, write_outputs
    from bsc.cli.output import Output
    from bsc.cli.sessions import open_session
    from bsc_runtime.data import placed

    output = Output(json)
    paths = [Path(part) for text in input for part in (text, text.rpartition("=")[2])]
    keep_inputs(out, program, *paths)
    session = open_session(program, output, threads=threads, executor=executor)
    if out.suffix != ".npz":
        one_output(out, session.program, mode)
    x, places = read_inputs(input, [spec.name for spec in session.program.inputs])
    start = time.perf_counter()
    with placed(places):
        outputs = session.infer(x, mode=mode, repeats=repeats, reads=reads, seed=seed)
    seconds = time.perf_counter() - start
    shapes = write_outputs(out, outputs)
    for name, shape in shapes.items():
        output.line(f"{name}: {shape}")
    output.line(f"wrote {out}")
    output.result({"outputs": str(out), "shapes": shapes, "seconds": seconds})

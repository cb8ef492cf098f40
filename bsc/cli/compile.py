"""`bsc compile`: a model becomes a program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bsc.cli import options as o

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.cli.seeing import Reached, Seeing
    from bsc.models import SourceModel
    from bsc.program.model import Program


def compile_model(
    model: o.Model,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT.bsp", help="Default: the model's name."),
    ] = None,
    target: o.Target = None,
    backend: o.Backend = None,
    weights: o.Weights = None,
    calibrate: o.Calibrate = None,
    input_range: o.InputRange = None,
    rule: o.RuleName = None,
    readout: o.Readouts = None,
    freeze: o.Freeze = None,
    batch: o.Batch = None,
    threshold: o.Threshold = None,
    pulses: o.Pulses = None,
    eta: o.Eta = None,
    refresh_every: o.RefreshEvery = None,
    noise_bits: o.NoiseBits = None,
    cores: o.Cores = None,
    print_ir_before: o.PrintBefore = None,
    print_ir_after: o.PrintAfter = None,
    print_ir_after_change: o.PrintChanged = False,
    dump_dir: o.DumpDir = None,
    stop_after: Annotated[
        str | None,
        typer.Option(
            "--stop-after",
            metavar="PASS",
            help="End after a pass and write its graph to -o, or to stdout.",
            rich_help_panel="Seeing inside",
        ),
    ] = None,
    time_passes: o.TimePasses = False,
    remarks: o.Remarks = False,
    json: o.Json = False,
) -> None:
    """Compile a model to a program for a target."""
    from bsc.cli.files import keep_inputs, named_files
    from bsc.cli.output import Output
    from bsc.cli.plan import typed
    from bsc.cli.seeing import Reached, Seeing
    from bsc.models import read_source

    output = Output(json, remarks=remarks)
    seeing = Seeing(
        print_ir_before or [],
        print_ir_after or [],
        print_ir_after_change,
        dump_dir,
        time_passes,
        stop_after,
    )
    wanted = typed(
        target=target,
        backend=backend,
        weights=weights,
        calibrate=calibrate,
        input_range=input_range,
        rule=rule,
        readout=readout,
        freeze=freeze,
        batch=batch,
        threshold=threshold,
        pulses=pulses,
        eta=eta,
        refresh_every=refresh_every,
        noise_bits=noise_bits,
        cores=cores,
    )
    source = read_source(model)  # first: a program that is given for a model is no output to keep
    path = out if out is not None else Path(f"{model.stem}.bsp")
    keep_inputs(path, model, *named_files(wanted))
    try:
        program = compiled(source, path, wanted, output, seeing)
    except Reached as reached:
        seeing.report(output)
        _write_graph(reached, out, output)
        return
    _save(program, path, output)


def compiled(
    source: SourceModel,
    out: Path,
    wanted: dict[str, Any],
    output: Output,
    seeing: Seeing | None = None,
) -> Program:
    """Compile with the typed options and say what the compiler has to say.

    Raises:
        DiagnosticError: the model or the options are at fault; BSC7010, `out`, which is to be
            written, is a file that the model names.
    """
    from bsc import driver
    from bsc.cli.files import keep_inputs
    from bsc.cli.plan import for_model, warn

    keep_inputs(out, *source.files)
    observer = seeing.observer() if seeing is not None else None
    arguments = for_model(source, wanted, output)
    program = driver.compile_model(**arguments, observer=observer)
    if seeing is not None:
        seeing.report(output)
    warn(program, output, source)
    return program


def _save(program: Program, path: Path, output: Output) -> None:
    from bsc.backend.python import emit
    from bsc.numerics.digest import digest
    from bsc.program.file import save
    from bsc_runtime.chip import starting_state

    save(program, path, python_source=emit(program, path.name))
    rows, columns = program.target.array.rows, program.target.array.columns
    start = "the model's weights" if program.state is not None else "drawn from the seed"
    output.line(
        f"{program.name}: {program.weight_count} weights in {len(program.arrays)} arrays on "
        f"{len(program.tiles)} tiles of {rows} x {columns} of {program.target.name}; {start}"
    )
    if program.untrainable:
        output.line(f"inference only: {program.untrainable}")
    output.line(f"wrote {path}")
    output.result(
        {
            "program": str(path),
            "target": program.target.name,
            "backend": program.options.backend,
            "tiles": len(program.tiles),
            "weights": program.weight_count,
            "steps": len(program.training or program.inference) + len(program.update),
            "digest": digest(starting_state(program, None)),
        }
    )


def _write_graph(reached: Reached, out: Path | None, output: Output) -> None:
    from bsc.cli.files import write_text
    from bsc.ir.printer import print_graph

    if out is None:
        output.line(print_graph(reached.graph, elide=16).rstrip())
    else:
        write_text(out, print_graph(reached.graph))
        output.line(f"wrote {out}")

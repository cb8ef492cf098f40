"""`bsc machine`: an image runs, its cycles are counted, what it did can be traced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsc.cli import options as o

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc_runtime.machine.runs import RunReport

_PATH_ROWS = 8


def machine(
    file: Annotated[
        Path, typer.Argument(metavar="IMAGE.bin|PROGRAM.bsp", help="An image, or a program.")
    ],
    data: o.Data = "mnist",
    answer: o.Answers = None,
    entry: Annotated[
        str,
        typer.Option(
            "--entry",
            metavar="train|infer|vote|binary",
            callback=o.one_of("train", "infer", "vote", "binary"),
            help="Which entry runs.",
        ),
    ] = "infer",
    samples: Annotated[
        int, typer.Option("--samples", min=1, help="At most so many samples of the data.")
    ] = 128,
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, help="Default: the image's.")
    ] = None,
    repeats: o.Repeats = 1,
    reads: o.Reads = 1,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, max=o.SEED_MAX, help="Key of all draws. Default: the state's."
        ),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace",
            metavar="OUT.json|OUT.txt",
            help="Write each instruction with its cycles: .json for Perfetto and chrome://tracing, "
            "else a table.",
        ),
    ] = None,
    max_cycles: Annotated[
        int, typer.Option("--max-cycles", min=1, help="Refuse a run that could take longer.")
    ] = 1 << 48,
    clock_hertz: Annotated[
        float,
        typer.Option("--clock-hertz", min=1.0, help="Of an image; a program's target says it."),
    ] = 1e9,
    input_range: Annotated[
        str | None,
        typer.Option(
            "--input-range",
            metavar="LO:HI",
            help="Of an image: values of the data that mean 0 and 1. A program knows its own. "
            "Default: 0:1.",
        ),
    ] = None,
    json: o.Json = False,
) -> None:
    """Run an entry of an image on the machine and show where the cycles went."""
    from dataclasses import asdict

    from bsc.cli.files import keep_inputs, named_files, write_text
    from bsc.cli.output import Output
    from bsc.isa.kinds import EntryKind
    from bsc_runtime import load_data
    from bsc_runtime.machine import as_chrome, as_table
    from bsc_runtime.machine.runs import load_image, run_image
    from bsc_runtime.notes import Notes

    output = Output(json)
    if trace is not None:
        keep_inputs(trace, file, *named_files({"data": data}))
    span = None if input_range is None else o.parse_range(input_range)
    if span is not None and file.suffix == ".bsp":
        raise typer.BadParameter("a program knows its own input range; --input-range is for images")
    answers = o.parse_pairs(answer or [], "OUTPUT=ARRAY")
    if answers and file.suffix != ".bsp":
        raise typer.BadParameter("an image does not know its outputs; --answer is for programs")
    loaded = load_image(file, clock_hertz, span)
    report = run_image(
        loaded,
        EntryKind[entry.upper()],
        load_data(data),
        samples=samples,
        batch=batch,
        repeats=repeats,
        reads=reads,
        seed=seed,
        trace=True if trace is not None else None,
        max_cycles=max_cycles,
        notes=Notes(output.say),
        answers=answers,
        progress=lambda cycles: output.progress(f"{cycles:,} cycles so far"),
    )
    if trace is not None:
        if trace.suffix == ".json":
            write_text(trace, as_chrome(report.trace, loaded.clock_hertz))
        else:
            write_text(trace, "\n".join(as_table(report.trace)) + "\n")
    _show(report, loaded.clock_hertz, output)
    if trace is not None:
        output.line(f"wrote {trace}: {len(report.trace):,} instructions")
    output.result(
        {
            "image": str(file),
            "entry": report.entry,
            "samples": report.samples,
            "cycles": report.cycles,
            "seconds": report.cycles / loaded.clock_hertz,
            "accuracy": report.marks.accuracy,
            "squared_error": report.marks.squared_error,
            "outputs": {name: asdict(each) for name, each in report.marks.outputs.items() if name},
            "busy": report.busy,
            "events": report.events,
            "executed": report.executed,
            "critical_path": [
                {
                    "core": p.core,
                    "unit": p.unit,
                    "name": p.name,
                    "layer": p.origin,
                    "cycles": p.cycles,
                }
                for p in report.path
            ],
            "digest": report.digest,
            "trace": None if trace is None else str(trace),
        }
    )


def _show(report: RunReport, clock_hertz: float, output: Output) -> None:
    """Cycles, units at work, the critical path."""
    from bsc_runtime.metrics import told

    micro = 1e6 * report.cycles / clock_hertz
    output.line(
        f"{report.entry}: {report.samples} samples in {report.cycles:,} cycles, "
        f"{report.cycles / report.samples:,.1f} a sample; {micro:,.1f} us at "
        f"{clock_hertz / 1e9:g} GHz"
    )
    cores = len(next(iter(report.busy.values())))
    rows = []
    for core in range(cores):
        shares = [100 * cycles[core] / max(1, report.cycles) for cycles in report.busy.values()]
        rows.append((core, *(f"{share:.0f} %" if share else "" for share in shares)))
    output.table(("core>", *(f"{unit}>" for unit in report.busy)), rows, "units at work")
    totals = [
        (name.replace("_", " "), f"{sum(n):,}") for name, n in report.events.items() if any(n)
    ]
    output.table(("event", "number>"), totals)
    if report.path:
        shown = [
            (p.core, p.unit, p.name, p.origin, p.cycles, f"{100 * p.cycles / report.cycles:.0f} %")
            for p in report.path[:_PATH_ROWS]
        ]
        output.table(
            ("core>", "unit", "instruction", "layer", "cycles>", "share>"), shown, "critical path"
        )
    marks = report.marks
    if marks.outputs:
        output.line(told(marks.accuracy, marks.squared_error, marks.outputs))
    output.line(f"digest {report.digest}")

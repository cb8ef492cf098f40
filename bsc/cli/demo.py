"""`bsc demo`: compile, train, evaluate and report a real network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsc.cli import options as o

if TYPE_CHECKING:
    from bsc_runtime.demo import Row


def demo(
    out: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where the files go.")
    ] = Path("bsc-demo"),
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Times through MNIST.")] = 15,
    seed: o.Seed = 0,
    threads: o.Threads = None,
    json: o.Json = False,
) -> None:
    """Train 784-500-200-10 on a simulated OxRAM chip with MNIST; takes less than 3 minutes."""
    from dataclasses import asdict

    from bsc.cli.output import Output
    from bsc.cli.progress import TrainProgress, duration
    from bsc.cli.sessions import available_threads
    from bsc.diag import fail
    from bsc_runtime.demo import run_demo

    output = Output(json)
    report = run_demo(
        out,
        epochs=epochs,
        seed=seed,
        threads=threads or available_threads(),
        watch=lambda what: TrainProgress(output, what),
        on_note=output.say,
    )
    output.table(
        ("network", "rule", "mode", "seed>", "epochs>", "accuracy on MNIST>"),
        [
            (r.network, _rule(r), _mode(r), r.seed, r.epochs, f"{100 * r.accuracy:.2f} %")
            for r in report.rows
        ],
    )
    output.line(
        f"{report.weights:,} weights on {report.tiles} tiles of {report.target}; "
        f"{report.samples_per_second:,.0f} training samples/s; "
        f"{report.pulses_per_weight:.2f} pulses a weight; "
        f"{100 * report.saturated:.1f} % of cells saturated"
    )
    if report.digest != report.machine_digest:
        raise fail(
            "BSC7005",
            f"the simulator ends at {report.digest[:16]}, the machine at "
            f"{report.machine_digest[:16]}",
        )
    output.line(
        f"the machine ran {report.code_bytes:,} bytes of code, {report.machine_cycles:,.0f} cycles "
        f"a sample, and ended with the same cells: digest {report.digest[:16]}..."
    )
    for file in report.files:
        output.line(f"  {out / file}")
    output.line(f"done in {duration(report.seconds)}")
    output.result({"folder": str(out), **asdict(report)})


def _rule(row: Row) -> str:
    return row.rule if row.eta is None else f"{row.rule}, eta {row.eta}"


def _mode(row: Row) -> str:
    if row.repeats is None:
        return row.mode
    return f"{row.mode}, {row.repeats} repeat{'s' if row.repeats != 1 else ''}"

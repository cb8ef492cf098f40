"""`bsc opt`: passes on a graph in text form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bsc.cli import options as o


def opt(
    file: Annotated[Path, typer.Argument(metavar="FILE.bsir", help="A graph as text.")],
    pipeline: Annotated[
        str,
        typer.Option(
            "--pipeline", metavar="PASSES", help='Such as "clean-up,fold-affine"; empty for none.'
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.bsir", help="Default: stdout.")
    ] = None,
    list_passes: Annotated[
        bool, typer.Option("--list", help="List the passes with their options and stop.")
    ] = False,
    stop_after: Annotated[
        str | None, typer.Option("--stop-after", metavar="PASS", help="End after a pass.")
    ] = None,
    print_ir_after: o.PrintAfter = None,
    print_ir_after_change: o.PrintChanged = False,
    dump_dir: o.DumpDir = None,
    time_passes: o.TimePasses = False,
    remarks: o.Remarks = False,
    json: o.Json = False,
) -> None:
    """Run passes on a graph and print the result."""
    from bsc.cli.files import write_text
    from bsc.cli.output import Output
    from bsc.cli.seeing import Reached, Seeing
    from bsc.ir.parser import read_graph
    from bsc.ir.pass_manager import run_passes
    from bsc.ir.pipeline_text import parse_pipeline
    from bsc.ir.printer import print_graph
    from bsc.ops import OPS
    from bsc.pipelines import PASSES

    output = Output(json, remarks=remarks)
    if list_passes:
        for name in sorted(PASSES):
            output.line(name)
        output.result({"passes": sorted(PASSES)})
        return
    seeing = Seeing(print_ir_after or [], print_ir_after_change, dump_dir, time_passes, stop_after)
    graph = read_graph(file, OPS)
    passes = parse_pipeline(pipeline, PASSES) if pipeline.strip() else ()
    changed = False
    try:
        result = run_passes(graph, passes, OPS, seeing.observer())
        graph, changed = result.graph, result.changed
        for remark in result.remarks:
            output.remark(remark)
    except Reached as reached:
        graph, changed = reached.graph, True
    seeing.report(output)
    text = print_graph(graph)
    if out is None:
        output.line(text.rstrip())
    else:
        write_text(out, text)
        output.line(f"wrote {out}")
    output.result(
        {"output": str(out) if out is not None else None, "passes": seeing.ran, "changed": changed}
    )

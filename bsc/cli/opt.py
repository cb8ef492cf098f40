"""`bsc opt`: passes on a graph, one by one or in a pipeline, with all that is between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsc.cli import options as o

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.ir.pass_manager import Pass


def opt(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A graph as text (.bsir), a model (.onnx, .bsc), or - for text on standard input.",
        ),
    ] = None,
    pipeline: Annotated[
        str | None,
        typer.Option(
            "--pipeline",
            metavar="PASSES",
            help='Such as "clean-up,tile-arrays{rows=64, columns=64}". Default: none.',
        ),
    ] = None,
    run_reproducer: Annotated[
        bool,
        typer.Option(
            "--run-reproducer", help="Run the pipeline that the first line of FILE gives."
        ),
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="NAME|FILE.toml",
            help="The chip whose device and arrays passes get where PASSES does not say.",
        ),
    ] = None,
    verify_each: Annotated[
        bool,
        typer.Option(
            "--verify-each/--no-verify-each",
            help="After each pass check also that it says truthfully whether it changed the graph, "
            "and that the graph comes back from its text. That it keeps the rules of graphs is "
            "checked in any case.",
        ),
    ] = True,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.bsir", help="Default: stdout.")
    ] = None,
    list_passes: Annotated[
        bool, typer.Option("--list", help="List the passes with their options and stop.")
    ] = False,
    list_operators: Annotated[
        bool, typer.Option("--list-operators", help="List the operators and stop.")
    ] = False,
    stop_after: Annotated[
        str | None, typer.Option("--stop-after", metavar="PASS", help="End after a pass.")
    ] = None,
    print_ir_before: o.PrintBefore = None,
    print_ir_after: o.PrintAfter = None,
    print_ir_after_change: o.PrintChanged = False,
    dump_dir: o.DumpDir = None,
    time_passes: o.TimePasses = False,
    remarks: o.Remarks = False,
    json: o.Json = False,
) -> None:
    """Run passes on a graph and print the result.

    Where a pass breaks down, the graph before it is written to a file, with the pipeline in its
    first line: `bsc opt --run-reproducer FILE` breaks down again.
    """
    from bsc.cli.files import keep_inputs, named_files, write_text
    from bsc.cli.graphs import read_any_graph
    from bsc.cli.output import Output
    from bsc.cli.seeing import Reached, Seeing
    from bsc.ir.pass_manager import run_passes
    from bsc.ir.printer import print_graph
    from bsc.ops import OPS

    output = Output(json, remarks=remarks)
    if list_passes or list_operators:
        _list(output, passes=list_passes, operators=list_operators)
        return
    if file is None:
        raise typer.BadParameter("Missing argument 'FILE'.")
    if run_reproducer and pipeline is not None:
        raise typer.BadParameter("--run-reproducer takes the pipeline from FILE: no --pipeline")
    if out is not None:
        keep_inputs(out, file, *named_files({"target": target or ""}))
    seeing = Seeing(
        print_ir_before or [],
        print_ir_after or [],
        print_ir_after_change,
        dump_dir,
        time_passes,
        stop_after,
    )
    observer = seeing.observer()
    passes = _passes(pipeline or "", target)  # a mistake in it is said before much is read
    graph, text = read_any_graph(file)
    if run_reproducer:
        passes = _passes(_reproduced(text, file), target)
    changed = False
    try:
        result = run_passes(
            graph, passes, OPS, observer, check_changed=verify_each, check_text=verify_each
        )
        graph, changed = result.graph, result.changed
        for remark in result.remarks:
            output.remark(remark)
    except Reached as reached:
        graph, changed = reached.graph, True
    seeing.report(output)
    made = print_graph(graph)
    if out is None:
        output.line(made.rstrip())
    else:
        write_text(out, made)
        output.line(f"wrote {out}")
    output.result(
        {"output": str(out) if out is not None else None, "passes": seeing.ran, "changed": changed}
    )


def _passes(pipeline: str, target: str | None) -> tuple[Pass, ...]:
    from bsc import pipelines
    from bsc.hw.registry import resolve
    from bsc.ir.pipeline_text import parse_pipeline

    defaults = pipelines.of_target(resolve(target)) if target is not None else {}
    if not pipeline.strip():
        return ()
    return parse_pipeline(pipeline, pipelines.PASSES, pipelines.KINDS, defaults)


def _reproduced(text: str, file: Path) -> str:
    from bsc.diag import Span, fail
    from bsc.ir.reproducer import pipeline_of

    found = pipeline_of(text)
    if found is None:
        raise fail(
            "BSC7012",
            "the first line gives no pipeline",
            at=Span(str(file), 1),
            help="a reproducer begins with: # bsc opt --pipeline 'PASSES'",
        )
    return found


def _list(output: Output, *, passes: bool, operators: bool) -> None:
    from dataclasses import asdict

    from bsc import pipelines
    from bsc.ir import listing
    from bsc.ops import OPS

    result: dict[str, object] = {}
    if passes:
        found = [listing.describe_pass(kind) for _, kind in sorted(pipelines.PASSES.items())]
        output.line("\n".join(listing.as_lines(found)))
        result["passes"] = [asdict(each) for each in found]
    if operators:
        known = [listing.describe_operator(op) for _, op in sorted(OPS.items())]
        output.line("\n".join(listing.operator_lines(known)))
        result["operators"] = [asdict(each) for each in known]
    output.result(result)

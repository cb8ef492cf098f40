"""`bsc check`: what of a model is supported, what not, and what to do about it."""

from __future__ import annotations

from bsc.cli import options as o


def check(model: o.Model, target: o.Target = None, json: o.Json = False) -> None:
    """Say for each operator of a model whether it is supported; exit 1 where the model is not."""
    import typer

    from bsc.checking import UNSUPPORTED
    from bsc.checking import check as check_model
    from bsc.cli.guard import AT_FAULT
    from bsc.cli.output import Output

    output = Output(json)
    report = check_model(model, target)
    output.table(
        ("operator", "node", "status", "what it becomes, or what to do"),
        [(row.operator, row.node, row.status, row.note) for row in report.rows],
    )
    missing = [row for row in report.rows if row.status == UNSUPPORTED]
    for diagnostic in (*report.diagnostics, *report.notes):
        output.say(diagnostic)
    if missing:
        output.line(f"{len(missing)} of {len(report.rows)} operators are not supported")
    elif report.diagnostics:
        output.line("all operators are supported, but the model as a whole is not")
    else:
        output.line(f"all {len(report.rows)} operators are supported; the model compiles")
    output.result(
        {
            "model": str(model),
            "supported": report.compiles,
            "operators": [
                {"operator": r.operator, "node": r.node, "status": r.status, "note": r.note}
                for r in report.rows
            ],
        }
    )
    if not report.compiles:
        raise typer.Exit(AT_FAULT)

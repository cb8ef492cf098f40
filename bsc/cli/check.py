"""`bsc check`: what of a model is supported, what not, and what to do about it."""

from __future__ import annotations

from bsc.cli import options as o


def check(model: o.Model, target: o.Target = None, json: o.Json = False) -> None:
    """Say for each operator of a model whether it is supported; exit 1 where one is not."""
    import typer

    from bsc import driver
    from bsc.cli.guard import AT_FAULT
    from bsc.cli.output import Output
    from bsc.cli.plan import DEFAULT_TARGET

    output = Output(json)
    report = driver.check(model, target or DEFAULT_TARGET)
    output.table(
        ("operator", "node", "status", "what to do"),
        [(row.operator, row.node, row.status, row.note) for row in report.rows],
    )
    missing = [row for row in report.rows if row.status == "unsupported"]
    output.line(
        f"{len(missing)} of {len(report.rows)} operators are not supported"
        if missing
        else f"all {len(report.rows)} operators are supported"
    )
    output.result(
        {
            "model": str(model),
            "supported": not missing,
            "operators": [
                {"operator": r.operator, "node": r.node, "status": r.status, "note": r.note}
                for r in report.rows
            ],
        }
    )
    if missing:
        raise typer.Exit(AT_FAULT)

"""`bsc targets`: the chips on offer, and your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bsc.cli.options import Json

Name = Annotated[str, typer.Argument(metavar="NAME|FILE", help="A target's name, or a TOML file.")]


def list_targets(json: Json = False) -> None:
    """All targets on offer, with the rules that they learn with."""
    from bsc.cli.output import Output
    from bsc.hw.registry import names, resolve

    output = Output(json)
    specs = [(name, resolve(name)) for name in names()]
    output.table(
        ("name", "tile>", "cell", "rules", "what"),
        [
            (
                name,
                f"{spec.array.rows}x{spec.array.columns}",
                spec.device.style,
                ", ".join(spec.training.rules),
                spec.description,
            )
            for name, spec in specs
        ],
    )
    output.result({"targets": [name for name, _ in specs]})


def show(name: Name, json: Json = False) -> None:
    """Every number of a target, what its pulses do, and the rules that do not learn on it."""
    from bsc.cli.output import Output
    from bsc.hw.digest import target_digest
    from bsc.hw.registry import resolve
    from bsc.hw.summary import summary

    output = Output(json)
    spec = resolve(name)
    for heading, rows in summary(spec).items():
        output.table((heading, "", ""), rows)
    for rule, reason in spec.training.unfit.items():
        output.line(f"does not learn with {rule}: {reason}")
    output.line(f"digest {target_digest(spec)}")
    output.result(
        {"target": spec.model_dump(mode="json", exclude_none=True), "digest": target_digest(spec)}
    )


def new(
    name: Annotated[str, typer.Argument(help="What the target is to be called.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file. Default: NAME.toml.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a commented target file to start from."""
    from bsc.cli.files import write_text
    from bsc.cli.output import Output
    from bsc.diag import Span, fail
    from bsc_targets.template import template

    output = Output(json)
    path = out if out is not None else Path(f"{name}.toml")
    if path.exists():
        raise fail("BSC7004", f"{path} is there already", at=Span(str(path)))
    write_text(path, template(name))
    output.line(f"wrote {path}; `bsc targets check {path}` checks it")
    output.result({"target": str(path)})


def check(name: Name, json: Json = False) -> None:
    """Check a target whole and say what would surprise."""
    from bsc.cli.output import Output
    from bsc.hw.digest import target_digest
    from bsc.hw.papercuts import papercuts
    from bsc.hw.registry import resolve

    output = Output(json)
    spec = resolve(name)
    warnings = papercuts(spec, name)
    for warning in warnings:
        output.say(warning)
    output.line(f"{spec.name}: {'fine' if not warnings else 'usable, with the warnings above'}")
    output.result({"target": spec.name, "digest": target_digest(spec), "warnings": len(warnings)})

"""All commands, gathered. Each has a file of its own and imports what it needs when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from bsc.cli import (
    asm,
    check,
    compile,
    demo,
    dis,
    doctor,
    eval,
    explain,
    export,
    fmt,
    inspect,
    lsp,
    machine,
    opt,
    run,
    targets,
    train,
)
from bsc.cli.guard import guarded

app = typer.Typer(
    name="bsc",
    help="Compile ONNX networks to binary stochastic programs and train them on simulated "
    "memristor crossbars.",
    epilog="Exit codes: 0 done, 1 the input is at fault, 2 usage, 70 a bug, 130 stopped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_targets = typer.Typer(help="List, show, make and check chip descriptions.", no_args_is_help=True)


def _version(wanted: bool) -> None:
    if wanted:
        from bsc.cli.versions import own_version

        typer.echo(f"bsc {own_version()}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version  # the callback has done it


_COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "compile": compile.compile_model,
    "train": train.train,
    "eval": eval.evaluate,
    "run": run.run_program,
    "check": check.check,
    "inspect": inspect.inspect_program,
    "export": export.export,
    "fmt": fmt.fmt,
    "opt": opt.opt,
    "asm": asm.asm,
    "dis": dis.dis,
    "machine": machine.machine,
    "lsp": lsp.lsp,
    "explain": explain.explain,
    "doctor": doctor.doctor,
}
_TARGET_COMMANDS: dict[str, Callable[..., None]] = {
    "list": targets.list_targets,
    "show": targets.show,
    "new": targets.new,
    "check": targets.check,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(guarded(_command))
for _name, _command in _TARGET_COMMANDS.items():
    _targets.command(_name)(guarded(_command))
app.add_typer(_targets, name="targets")

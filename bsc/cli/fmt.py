"""`bsc fmt`: files of the language written in the one way there is."""

from __future__ import annotations

from typing import Annotated

import typer

from bsc.cli import options as o

STDIN = "-"


def fmt(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Texts, .bsc; - for stdin to stdout.")
    ],
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing: show what would be, and exit 1 for it."),
    ] = False,
    json: o.Json = False,
) -> None:
    """Write texts of the language in the one way there is; comments stay."""
    from pathlib import Path

    from bsc.cli.difference import difference
    from bsc.cli.files import write_text
    from bsc.cli.guard import AT_FAULT
    from bsc.cli.output import Output
    from bsc.diag import DiagnosticError, render_all

    output = Output(json)
    done: dict[str, list[str]] = {"changed": [], "unchanged": [], "failed": []}
    for name in dict.fromkeys(files):
        shown = "<stdin>" if name == STDIN else name
        text: str | None = None
        try:
            text = _read(name)
            written = _formatted(text, shown)
            if written != text and not check and name != STDIN:
                write_text(Path(name), written)
                output.line(f"wrote {name}")
        except DiagnosticError as error:
            sources = {} if text is None else {shown: text}
            typer.echo(render_all(error.diagnostics, sources), err=True)
            done["failed"].append(shown)
            continue
        done["unchanged" if written == text else "changed"].append(shown)
        if name == STDIN and not check:
            typer.echo(written, nl=False, err=json)
        elif check and written != text:
            output.line(f"{shown} would be changed")
            lines = difference(text, written, shown, f"{shown} (formatted)")
            typer.echo("".join(lines), nl=False, err=json)
    if STDIN not in files or check:
        output.line(", ".join(f"{len(names)} {what}" for what, names in done.items() if names))
    output.result({**done, "check": check})
    if done["failed"] or (check and done["changed"]):
        raise typer.Exit(AT_FAULT)


def _read(name: str) -> str:
    """A text with the line ends that it has: others than plain ones are formatted away."""
    import sys
    from pathlib import Path

    from bsc.frontend.dsl.syntax.reading import MAX_BYTES, decode, read_source

    if name == STDIN:
        return decode(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>")
    return read_source(Path(name))


def _formatted(text: str, shown: str) -> str:
    """The text in the one way there is; its mistakes are raised."""
    from bsc.diag import DiagnosticError
    from bsc.frontend.dsl.syntax.formatter import format_file
    from bsc.frontend.dsl.syntax.parser import parse

    file, diagnostics = parse(text, shown)
    if file is None:
        raise DiagnosticError(diagnostics)
    return format_file(file)

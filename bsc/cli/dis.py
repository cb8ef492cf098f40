"""`bsc dis`: an image to assembly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bsc.cli import options as o


def dis(
    file: Annotated[Path, typer.Argument(metavar="IN.bin", help="An image.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.s", help="Default: stdout.")
    ] = None,
    json: o.Json = False,
) -> None:
    """Write an image as assembly; `bsc asm` makes the same image of it."""
    from bsc.cli.files import keep_inputs, write_text
    from bsc.cli.output import Output
    from bsc.isa.binary import read_image
    from bsc.isa.disassemble import disassemble

    output = Output(json)
    if out is not None:
        keep_inputs(out, file)
    image = read_image(file)
    text = disassemble(image)
    if out is None:
        typer.echo(text, nl=False, err=json)
    else:
        write_text(out, text)
        output.line(f"wrote {out}")
    output.result({"assembly": str(out) if out is not None else None, "lines": text.count("\n")})

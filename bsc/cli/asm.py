"""`bsc asm`: assembly to an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bsc.cli import options as o


def asm(
    file: Annotated[Path, typer.Argument(metavar="IN.s", help="A text of assembly.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT.bin", help="Default: IN.bin."),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(help="Prove that a machine may run it; without, only words are made."),
    ] = True,
    json: o.Json = False,
) -> None:
    """Make an image of assembly."""
    import hashlib

    from bsc.cli.files import keep_inputs, write_bytes
    from bsc.cli.output import Output
    from bsc.isa.assemble import assemble_with_lines, read_assembly
    from bsc.isa.binary import encode
    from bsc.isa.verify import verify_image

    output = Output(json)
    text = read_assembly(file)
    to = out if out is not None else file.with_suffix(".bin")
    keep_inputs(to, file)
    image, lines = assemble_with_lines(text, str(file))
    if verify:
        verify_image(image, str(file), lines)
    data = encode(image)
    write_bytes(to, data)
    words = sum(len(core.code) for core in image.cores)
    output.line(
        f"wrote {to}: {words} words of code on {len(image.cores)} "
        f"core{'s' if len(image.cores) != 1 else ''}"
    )
    output.result(
        {
            "image": str(to),
            "words": len(data) // 8,
            "cores": len(image.cores),
            "code_bytes": 8 * words,
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    )

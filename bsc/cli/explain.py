"""`bsc explain CODE`: the page of a diagnostic."""

from __future__ import annotations

from typing import Annotated

import typer

from bsc.cli.options import Json


def explain(
    code: Annotated[
        str, typer.Argument(metavar="[CODE]", help="Such as BSC4003; without one, all are listed.")
    ] = "",
    json: Json = False,
) -> None:
    """What a diagnostic means and how to mend it."""
    from bsc.cli.output import Output
    from bsc.diag import CODES, did_you_mean, fail

    output = Output(json)
    if not code:
        for name, page in sorted(CODES.items()):
            output.line(f"{name}  {page.title}")
        output.result({"codes": sorted(CODES)})
        return
    wanted = code.upper() if code.upper().startswith("BSC") else f"BSC{code}"
    if wanted not in CODES:
        raise fail(
            "BSC7003",
            f"there is no diagnostic {code}",
            help=did_you_mean(wanted, CODES, "`bsc explain` lists all"),
        )
    page = CODES[wanted]
    output.line(f"{wanted}: {page.title}\n")
    output.line(page.text)
    for title, text in (("wrong", page.example), ("right", page.mended)):
        if text is not None:
            output.line(f"\n{title}:\n{_shown(text)}")
    output.result(
        {
            "code": wanted,
            "title": page.title,
            "text": page.text,
            "example": page.example,
            "mended": page.mended,
        }
    )


def _shown(example: str) -> str:
    """An example as it is printed: indented, and with what does not print as an escape."""
    lines = (repr(line)[1:-1] if not line.isprintable() else line for line in example.split("\n"))
    return "\n".join(f"    {line}" for line in lines)

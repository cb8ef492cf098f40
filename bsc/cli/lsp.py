"""`bsc lsp`: the language server, which editors start."""

from __future__ import annotations

from typing import Annotated

import typer


def lsp(
    tcp: Annotated[
        int | None,
        typer.Option(
            "--tcp", metavar="PORT", min=1, max=65535, help="Listen on a port of this machine."
        ),
    ] = None,
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Talk over stdin and stdout, which is the default.")
    ] = False,
) -> None:
    """Serve editors: what is wrong with a text, what its names mean, where its layers lie."""
    from importlib.util import find_spec

    from bsc.cli.guard import AT_FAULT
    from bsc.diag import fail

    if tcp is not None and stdio:
        raise typer.BadParameter("--stdio and --tcp exclude each other")
    if find_spec("pygls") is None or find_spec("lsprotocol") is None:
        raise fail(
            "BSC7013",
            "the language server needs pygls, which is not installed",
            help="pip install 'bsc-toolchain[editors]'",
        )
    from bsc.lsp.serving import serve_stdio, serve_tcp

    was_shut_down = serve_stdio() if tcp is None else serve_tcp(tcp)
    if not was_shut_down:
        raise typer.Exit(AT_FAULT)

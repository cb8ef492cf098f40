"""The command line: the top of the house. Nothing imports it; it holds no logic of its own."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """The program `bsc`: run the command that was typed and leave with its exit code."""
    from bsc.cli.guard import run

    sys.exit(run(sys.argv[1:]))

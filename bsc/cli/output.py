"""What a command says: results on stdout, all else on stderr; with --json one object at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bsc.diag import Diagnostic, Severity, escaped, render
from bsc.diag.render import read_sources

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
    Severity.REMARK: "dim",
}
_WIDTH_OF_FILES = 120


class Output:
    """The two streams of one command.

    Attributes:
        json: the user asked for --json: what people read goes to stderr, stdout has the object.
        remarks: remarks are shown too.
    """

    def __init__(self, json: bool = False, *, remarks: bool = False) -> None:
        self.json = json
        self.remarks = remarks
        self._said: set[Diagnostic] = set()
        self.err: Console = _console(stderr=True)
        self.out: Console = self.err if json else _console(stderr=False)

    def line(self, text: str = "") -> None:
        """A line of the result, for people."""
        self.out.print(escaped(text), markup=False, highlight=False, soft_wrap=True)

    def progress(self, text: str) -> None:
        """A line about what goes on."""
        self.err.print(text, markup=False, highlight=False, soft_wrap=True, style="dim")

    def say(self, diagnostic: Diagnostic) -> None:
        """A note, warning or remark, each once."""
        if diagnostic in self._said:
            return
        if diagnostic.severity is Severity.REMARK and not self.remarks:
            return
        self._said.add(diagnostic)
        self.err.print(
            render(diagnostic, read_sources([diagnostic])),
            markup=False,
            highlight=False,
            soft_wrap=True,
            style=_STYLES[diagnostic.severity],
        )

    def remark(self, text: str) -> None:
        """What was decided and why; shown with --remarks."""
        if self.remarks:
            self.progress(f"remark: {text}")

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = ""
    ) -> None:
        """A table of the result; columns whose heading ends in `>` are aligned right."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
        for column in columns:
            right = column.endswith(">")
            table.add_column(column.rstrip(">"), justify="right" if right else "left")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self.out.print(table, markup=False, highlight=False)

    def result(self, keys: Mapping[str, Any]) -> None:
        """The object of --json, on the last line of stdout; nothing without --json."""
        if self.json:
            sys.stdout.write(json.dumps(keys, default=str) + "\n")
            sys.stdout.flush()


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            """Let it through to the handler at the top; rich would leave with 1."""
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    return Terminal(stderr=stderr, width=None if stream.isatty() else _WIDTH_OF_FILES)

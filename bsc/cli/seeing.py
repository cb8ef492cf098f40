"""Options that let one see inside the compiler: graphs between passes, timings, stopping early."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsc.cli.output import Output
    from bsc.ir.graph import Graph
    from bsc.ir.pass_manager import OnPass, PassEvent

_SHOWN = 16
"""Elements of a constant up to which a graph for people lists them."""


class Reached(Exception):
    """The pass of --stop-after has run.

    Attributes:
        graph: what it made.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph


@dataclass(slots=True)
class Seeing:
    """What the user wants to see of the passes.

    Attributes:
        print_before: names of passes before which the graph is printed, or `all`.
        print_after: names of passes after which the graph is printed, or `all`.
        print_changed: print it after each pass that changed it.
        dump_dir: folder for one file a pass; one that holds such files already is refused.
        time_passes: report the seconds of each.
        stop_after: name of the pass to end with.
    """

    print_before: list[str] = field(default_factory=list)
    print_after: list[str] = field(default_factory=list)
    print_changed: bool = False
    dump_dir: Path | None = None
    time_passes: bool = False
    stop_after: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def observer(self) -> OnPass:
        """The callback for the pass manager.

        Raises:
            DiagnosticError: BSC7004 for a folder with graphs of another run in it.
        """
        from bsc.cli.files import write_text
        from bsc.ir.pass_manager import dump_to, print_after, print_before, time_into, together
        from bsc.ir.printer import print_graph

        wanted: list[OnPass] = [self._note]
        shown = partial(print_graph, elide=_SHOWN)
        if self.print_before:
            wanted.append(print_before(self.print_before, sys.stderr, shown))
        if self.print_after:
            wanted.append(print_after(self.print_after, sys.stderr, shown))
        if self.print_changed:
            wanted.append(print_after(["all"], sys.stderr, shown, changed=True))
        if self.dump_dir is not None:
            self._refuse_old_dumps(self.dump_dir)
            wanted.append(dump_to(self.dump_dir, print_graph, write_text))
        if self.time_passes:
            wanted.append(time_into(self.seconds))
        if self.stop_after is not None:
            wanted.append(self._stop)
        return together(*wanted)

    def report(self, output: Output) -> None:
        """Say what can be said only at the end; a pass that never ran is an error.

        Raises:
            DiagnosticError: BSC7006 for a pass name that nobody ran.
        """
        from bsc.diag import did_you_mean, fail
        from bsc.ir.pass_manager import timing_table

        if self.time_passes:
            output.progress(timing_table(self.seconds).rstrip())
        asked = [
            *self.print_before,
            *self.print_after,
            *([self.stop_after] if self.stop_after else []),
        ]
        for name in asked:
            if name not in self.ran and name != "all":
                raise fail(
                    "BSC7006",
                    f"no pass {name} ran",
                    help=did_you_mean(name, set(self.ran), "passes that ran"),
                )

    def _refuse_old_dumps(self, folder: Path) -> None:
        """Graphs of two runs in one folder would look like one run."""
        from bsc.diag import Span, fail

        old = sorted(folder.glob("[0-9][0-9]-*.bsir")) if folder.is_dir() else []
        if old:
            more = f" and {len(old) - 1} more" if len(old) > 1 else ""
            raise fail(
                "BSC7004",
                f"the folder holds graphs of another run: {old[0].name}{more}",
                at=Span(str(folder)),
                help="remove it, or give --dump-dir another folder",
            )

    def _note(self, event: PassEvent) -> None:
        self.ran.append(event.ran.name)

    def _stop(self, event: PassEvent) -> None:
        if event.ran.name == self.stop_after:
            raise Reached(event.result.graph)

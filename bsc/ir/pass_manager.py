"""Passes: what they are, how they run one after the other, and what is done between them.

A pass is a frozen dataclass: its class attribute `name` is what pipelines call it, its fields are
its options, and `run` is a pure function of the graph. `bsc.ir.pipeline_text` writes and reads
them as `pass,pass{option=value}`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import ClassVar, Protocol, TextIO, TypeAlias

from bsc.diag import DiagnosticError
from bsc.ir.graph import Graph, same_graph
from bsc.ir.opdef import OpTable
from bsc.ir.verifier import VerifierError, verify


@dataclass(frozen=True, slots=True)
class PassResult:
    """What a pass made.

    Attributes:
        graph: the new graph; the very same object where nothing changed.
        changed: whether it differs from the one given.
        remarks: what a person may want to know: above all why a rewrite declined.
    """

    graph: Graph
    changed: bool
    remarks: tuple[str, ...] = ()


class Pass(Protocol):
    """One rewriting of the graph. Implementations are frozen dataclasses."""

    name: ClassVar[str]

    def run(self, graph: Graph) -> PassResult:
        """Rewrite the graph; the one given is not touched."""
        ...


@dataclass(frozen=True, slots=True)
class PassEvent:
    """One pass has run.

    Attributes:
        index: its place in the pipeline, from 1.
        ran: the pass.
        before: the graph that it was given.
        result: what it made.
        seconds: how long it took, without verifying.
    """

    index: int
    ran: Pass
    before: Graph
    result: PassResult
    seconds: float


OnPass: TypeAlias = Callable[[PassEvent], None]


class PassError(Exception):
    """A pass broke down: it raised, broke a rule of graphs, or was not honest. A bug of the pass.

    Attributes:
        failed: the pass.
        graph: what it was given; with the pass, all that it takes to see the failure again
            (`bsc.ir.reproducer`).
    """

    def __init__(self, failed: Pass, graph: Graph, before: Iterable[str], reason: str) -> None:
        ran = ", ".join(before) or "no pass"
        super().__init__(f"pass {failed.name} (after {ran}): {reason}")
        self.failed = failed
        self.graph = graph


def run_passes(
    graph: Graph,
    passes: Iterable[Pass],
    table: OpTable,
    on_pass: OnPass | None = None,
    *,
    stop_after: str | None = None,
    check_changed: bool = False,
    check_text: bool = False,
) -> PassResult:
    """Run passes in order; verify after each, then call `on_pass`.

    Args:
        graph: a verified graph.
        passes: what to run.
        table: the operators, for the verifier.
        on_pass: called after each pass; `together` joins several.
        stop_after: name of the pass to end after.
        check_changed: compare graphs to the letter and refuse a wrong `changed`.
        check_text: print each graph and refuse one that its text does not give back.

    Raises:
        PassError: names the pass and those that ran before. What the user is to blame for
            (DiagnosticError) and what the system refuses comes as it is.
    """
    changed = False
    remarks: list[str] = []
    names: list[str] = []
    for index, each in enumerate(passes, 1):
        start = time.perf_counter()
        try:
            result = each.run(graph)
        except (DiagnosticError, MemoryError, OSError):
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise PassError(each, graph, names, reason) from error
        event = PassEvent(index, each, graph, result, time.perf_counter() - start)
        if result.graph is not graph:
            try:
                verify(result.graph, table)
            except VerifierError as error:
                raise PassError(each, graph, names, str(error)) from error
        if check_changed and result.changed == same_graph(graph, result.graph):
            reason = f"says changed={result.changed}, which is not so"
            raise PassError(each, graph, names, reason)
        if check_text and result.graph is not graph:
            reason = _text_problem(event, table)
            if reason:
                raise PassError(each, graph, names, reason)
        if on_pass is not None:
            on_pass(event)
        graph = result.graph
        changed |= result.changed
        remarks.extend(result.remarks)
        names.append(each.name)
        if each.name == stop_after:
            break
    return PassResult(graph, changed, tuple(remarks))


def _text_problem(event: PassEvent, table: OpTable) -> str:
    """Why the graph does not come back from its text; empty if it does.

    Data that the pass was given, and only hands on, is not written: it was read or made before.
    """
    # Here alone: whoever runs passes without this check needs no parser.
    from bsc.ir.parser import parse_graph
    from bsc.ir.printer import print_graph

    graph, before = event.result.graph, event.before.constants
    handed_on = {name: data for name, data in graph.constants.items() if before.get(name) is data}
    try:
        again = parse_graph(print_graph(graph, external=handed_on), table, external=handed_on)
    except DiagnosticError as error:
        return f"made a graph whose text cannot be read: {error}"
    return "" if same_graph(graph, again) else "made a graph that its text does not give back"


def together(*callbacks: OnPass) -> OnPass:
    """One callback that calls several in order."""

    def call(event: PassEvent) -> None:
        for callback in callbacks:
            callback(event)

    return call


def print_after(
    names: Iterable[str], stream: TextIO, write: Callable[[Graph], str], *, changed: bool = False
) -> OnPass:
    """Print the graph after the passes named (`all`: after each); `changed`: only where it did.

    Args:
        names: names of passes, or `all`.
        stream: where to print; the command line gives stderr.
        write: `bsc.ir.printer.print_graph` with its options bound.
        changed: leave out passes that changed nothing.
    """
    wanted = frozenset(names)

    def call(event: PassEvent) -> None:
        if ("all" in wanted or event.ran.name in wanted) and (event.result.changed or not changed):
            stream.write(f"# after {event.index:02} {event.ran.name}\n")
            stream.write(write(event.result.graph))

    return call


def print_before(names: Iterable[str], stream: TextIO, write: Callable[[Graph], str]) -> OnPass:
    """Print the graph that the passes named (`all`: each) were given, once they have run.

    One that breaks down prints nothing: its graph is in `PassError.graph`.
    """
    wanted = frozenset(names)

    def call(event: PassEvent) -> None:
        if "all" in wanted or event.ran.name in wanted:
            stream.write(f"# before {event.index:02} {event.ran.name}\n")
            stream.write(write(event.before))

    return call


def _save(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def dump_to(
    folder: Path,
    write: Callable[[Graph], str],
    save: Callable[[Path, str], None] = _save,
) -> OnPass:
    """Write the graph after each pass as `03-name.bsir` into a folder, which is made if needed.

    Files are numbered through all pipelines that the callback watches.

    Args:
        folder: where to.
        write: `bsc.ir.printer.print_graph` with its options bound.
        save: writes a text file; the command line gives one that writes it whole or not at all.
    """
    numbers = count(1)

    def call(event: PassEvent) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save(folder / f"{next(numbers):02}-{event.ran.name}.bsir", write(event.result.graph))

    return call


def time_into(seconds: dict[str, float]) -> OnPass:
    """Add up the seconds of each pass in a dictionary."""

    def call(event: PassEvent) -> None:
        seconds[event.ran.name] = seconds.get(event.ran.name, 0.0) + event.seconds

    return call


def timing_table(seconds: Mapping[str, float]) -> str:
    """The seconds of each pass as text, the longest first."""
    width = max((len(name) for name in seconds), default=4)
    rows = sorted(seconds.items(), key=lambda item: -item[1])
    lines = [f"{name:<{width}} {1e3 * value:10.2f} ms" for name, value in rows]
    return "\n".join([*lines, f"{'all':<{width}} {1e3 * sum(seconds.values()):10.2f} ms\n"])

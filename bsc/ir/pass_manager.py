"""Passes: what they are, how they run one after the other, and what is done between them.

A pass is a frozen dataclass: its class attribute `name` is what pipelines call it, its fields are
its options, and `run` is a pure function of the graph. `bsc.ir.pipeline_text` writes and reads
them as `pass,pass{option=value}`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, TextIO, TypeAlias

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
    """A pass made a graph that breaks the rules, or lied about `changed`: a bug of the pass.

    Attributes:
        event: the pass and its graphs, for a reproducer.
    """

    def __init__(self, event: PassEvent, before: Iterable[str], reason: str) -> None:
        ran = ", ".join(before) or "no pass"
        super().__init__(f"pass {event.ran.name} (after {ran}): {reason}")
        self.event = event


def run_passes(
    graph: Graph,
    passes: Iterable[Pass],
    table: OpTable,
    on_pass: OnPass | None = None,
    *,
    stop_after: str | None = None,
    check_changed: bool = False,
) -> PassResult:
    """Run passes in order; verify after each, then call `on_pass`.

    Args:
        graph: a verified graph.
        passes: what to run.
        table: the operators, for the verifier.
        on_pass: called after each pass; `together` joins several.
        stop_after: name of the pass to end after.
        check_changed: compare graphs to the letter and refuse a wrong `changed` (for tests).

    Raises:
        PassError: names the pass and those that ran before.
    """
    changed = False
    remarks: list[str] = []
    names: list[str] = []
    for index, each in enumerate(passes, 1):
        start = time.perf_counter()
        result = each.run(graph)
        event = PassEvent(index, each, graph, result, time.perf_counter() - start)
        if result.graph is not graph:
            try:
                verify(result.graph, table)
            except VerifierError as error:
                raise PassError(event, names, str(error)) from error
        if check_changed and result.changed == same_graph(graph, result.graph):
            raise PassError(event, names, f"says changed={result.changed}, which is not so")
        if on_pass is not None:
            on_pass(event)
        graph = result.graph
        changed |= result.changed
        remarks.extend(result.remarks)
        names.append(each.name)
        if each.name == stop_after:
            break
    return PassResult(graph, changed, tuple(remarks))


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


def dump_to(folder: Path, write: Callable[[Graph], str]) -> OnPass:
    """Write the graph after each pass as `03-name.bsir` into a folder, which is made if needed."""

    def call(event: PassEvent) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{event.index:02}-{event.ran.name}.bsir"
        path.write_text(write(event.result.graph), encoding="utf-8")

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

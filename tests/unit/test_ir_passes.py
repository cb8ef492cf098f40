"""Running passes: verified after each, honest about `changed`, watched between, named in text."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar

import numpy as np
import pytest

from bsc.diag import DiagnosticError
from bsc.ir.builder import rebuild
from bsc.ir.graph import Graph
from bsc.ir.interpreter import run
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import (
    PassError,
    PassResult,
    dump_to,
    print_after,
    run_passes,
    time_into,
    timing_table,
    together,
)
from bsc.ir.pipeline_text import parse_pipeline, print_pipeline
from bsc.ir.printer import print_graph
from bsc.ops import OPS
from bsc.testing.random_graphs import feeds_for, random_perceptron


class Mood(StrEnum):
    CALM = "calm"
    WILD = "wild"


@dataclass(frozen=True)
class DropIdentity:
    name: ClassVar[str] = "drop-identity"
    op: str = "dropout"
    most: int = 100
    rate: float = 0.5
    mood: Mood = Mood.CALM
    loud: bool = False
    sizes: tuple[int, ...] = ()
    bounds: tuple[tuple[str, float, float], ...] = ()
    seed: int | None = None
    ranges: dict[str, float] = field(default_factory=dict)

    def run(self, graph: Graph) -> PassResult:
        new = rebuild(graph, OPS, lambda b, n: n.inputs[0] if n.op == self.op else None)
        return PassResult(new, new is not graph, ("dropped",) if new is not graph else ())


@dataclass(frozen=True)
class Break:
    name: ClassVar[str] = "break"

    def run(self, graph: Graph) -> PassResult:
        return PassResult(replace(graph, outputs=("gone",)), True)


@dataclass(frozen=True)
class Lie:
    name: ClassVar[str] = "lie"

    def run(self, graph: Graph) -> PassResult:
        return PassResult(graph, True)


KNOWN = {"drop-identity": DropIdentity, "break": Break, "lie": Lie}
TEXT = """bsir 1 graph "g" at source {
  input %x : f32[N, 2]
  %a = dropout(%x) : f32[N, 2]  %y = relu(%a) : f32[N, 2]
  output %y
}"""


def test_passes_run_in_order_and_are_watched(tmp_path) -> None:
    graph = parse_graph(TEXT, OPS)
    stream, seconds = io.StringIO(), {}
    watch = together(
        print_after(["all"], stream, print_graph, changed=True),
        dump_to(tmp_path / "dump", print_graph),
        time_into(seconds),
    )
    passes = [DropIdentity(), DropIdentity()]
    result = run_passes(graph, passes, OPS, watch, check_changed=True)
    assert result.changed
    assert result.remarks == ("dropped",)
    assert [n.op for n in result.graph.nodes] == ["relu"]
    assert stream.getvalue() == "# after 01 drop-identity\n" + print_graph(result.graph)
    files = sorted(p.name for p in (tmp_path / "dump").iterdir())
    assert files == ["01-drop-identity.bsir", "02-drop-identity.bsir"]
    assert timing_table(seconds).splitlines()[0].startswith("drop-identity")


def test_pipelines_stop_where_they_are_told() -> None:
    graph = parse_graph(TEXT, OPS)
    stopped = run_passes(graph, [DropIdentity(), Break()], OPS, stop_after="drop-identity")
    assert stopped.changed


def test_a_pass_that_breaks_the_graph_is_named_with_those_before() -> None:
    graph = parse_graph(TEXT, OPS)
    with pytest.raises(PassError, match=r"pass break \(after drop-identity\)") as caught:
        run_passes(graph, [DropIdentity(), Break()], OPS)
    assert "output %gone is not defined" in str(caught.value)
    assert caught.value.graph.outputs == ("y",)


def test_a_pass_that_lies_about_changed_is_found() -> None:
    graph = parse_graph(TEXT, OPS)
    assert run_passes(graph, [Lie()], OPS).changed
    with pytest.raises(PassError, match="says changed=True, which is not so"):
        run_passes(graph, [Lie()], OPS, check_changed=True)


@pytest.mark.parametrize("seed", range(20))
def test_random_perceptrons_are_the_same_for_the_same_seed_and_run(seed: int) -> None:
    graph = random_perceptron(seed)
    assert print_graph(graph) == print_graph(random_perceptron(seed))
    feeds = feeds_for(graph, 3)
    result = run_passes(graph, [DropIdentity()], OPS, check_changed=True)
    before, after = (run(g, feeds, OPS) for g in (graph, result.graph))
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    "passes",
    [
        (),
        (Lie(), Break()),
        (DropIdentity("identity", 3, -0.0, Mood.WILD, True, (1, -2), (), 7), Lie()),
        (DropIdentity(bounds=(("a/b", 0.0, 1.5), ("c", -1.0, 2.0))),),
        (DropIdentity(bounds=()),),
        (DropIdentity('a, {odd} "word"', rate=float("inf")), DropIdentity("true")),
    ],
)
def test_pipelines_are_printed_and_read_both_ways(passes) -> None:
    assert parse_pipeline(print_pipeline(passes), KNOWN) == passes


def test_pipelines_are_short() -> None:
    made = (Lie(), DropIdentity(rate=1.0, mood=Mood.WILD, sizes=(1, 2), ranges={"x": 1.0}))
    assert print_pipeline(made) == "lie,drop-identity{rate=1.0, mood=wild, sizes=[1, 2]}"


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("brake", "there is no pass `brake`", 1),
        ("lie,", "found the end, expected a pass", 5),
        ("lie break", "found `break`, expected `,`", 5),
        ("lie{", "found the end, expected an option", 5),
        ("lie{x=1}", "lie has no option `x`", 5),
        ("drop-identity{most=1.5}", "found `1.5`, expected int", 20),
        ("drop-identity{loud=1}", "found `1`, expected bool", 20),
        ("drop-identity{mood=sad}", "found `sad`, expected calm | wild", 20),
        ("drop-identity{sizes=1}", "found `1`, expected `[`", 21),
        ("drop-identity{ranges=1}", "found `1`, expected dict", 22),
        ("drop-identity{rate=1e999}", "found `1e999`, expected float", 20),
        ("drop-identity{bounds=[[a, 1.0]]}", "found `]` after 2 values, expected 3", 30),
        ("drop-identity{bounds=[[a, 1.0, 2.0, 3.0]]}", "expected `]` after 3 values", 37),
        ('drop-identity{op="x}', "a string has no end", 18),
        ("drop-identity{rate}", "found `}`, expected `=`", 19),
    ],
)
def test_mistakes_in_pipelines_are_shown(text: str, message: str, column: int) -> None:
    with pytest.raises(DiagnosticError) as caught:
        parse_pipeline(text, KNOWN)
    (diagnostic,) = caught.value.diagnostics
    assert message in diagnostic.message
    assert diagnostic.labels[0].span.column == column


def test_near_names_are_offered() -> None:
    with pytest.raises(DiagnosticError) as caught:
        parse_pipeline("brake", KNOWN)
    assert caught.value.diagnostics[0].help == "did you mean `break`?"

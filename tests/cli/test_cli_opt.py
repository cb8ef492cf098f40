"""`bsc opt`: every pass from the command line, and a file to see each breakdown of one again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bsc import pipelines
from bsc.cli import bug_report
from bsc.hw.registry import names, resolve
from bsc.ir.graph import Graph, Node
from bsc.ir.parser import read_graph
from bsc.ir.pass_manager import PassResult
from bsc.ir.pipeline_text import parse_pipeline, print_pipeline
from bsc.ir.types import Stage
from bsc.ops import OPS
from bsc.passes.clean_up import CleanUp
from bsc.passes.derive_training import DeriveTraining

TO_CHIP = (
    "clean-up,fold-affine,sink-shapes,fold-affine,clean-up,legalise-activations,binarise,"
    "derive-training,tile-arrays"
)


@dataclass(frozen=True)
class Crash:
    """Raises on graphs of many nodes."""

    name: ClassVar[str] = "crash"

    most: int = 2
    why: str = "a reason"

    def run(self, graph: Graph) -> PassResult:
        """Raise, or leave the graph."""
        if len(graph.nodes) > self.most:
            raise ZeroDivisionError(f"{len(graph.nodes)} nodes: {self.why}")
        return PassResult(graph, False)


@dataclass(frozen=True)
class Break:
    """Makes a graph that breaks the rules."""

    name: ClassVar[str] = "break"

    def run(self, graph: Graph) -> PassResult:
        """Hand out what nobody defines."""
        return PassResult(replace(graph, outputs=("gone",)), True)


@dataclass(frozen=True)
class Lie:
    """Says that it changed what it left."""

    name: ClassVar[str] = "lie"

    def run(self, graph: Graph) -> PassResult:
        """Lie."""
        return PassResult(graph, True)


@dataclass(frozen=True)
class Unprintable:
    """Gives a node an attribute that its text gives back as another type."""

    name: ClassVar[str] = "unprintable"

    def run(self, graph: Graph) -> PassResult:
        """Put a subclass of str where a str belongs."""

        class Origin(str):
            __slots__ = ()

            def isprintable(self) -> bool:
                return True

        node = replace(graph.nodes[0], origin=Origin("two\nlines\u2028"))
        nodes: list[Node] = [node, *graph.nodes[1:]]
        return PassResult(graph.with_nodes(nodes), True)


BROKEN = {each.name: each for each in (Crash, Break, Lie, Unprintable)}


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Broken passes beside the real ones, and the folder where reports go."""
    monkeypatch.setattr(pipelines, "PASSES", {**pipelines.PASSES, **BROKEN})
    folder = tmp_path / "reports"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ('crash{most=3, why="it\'s {odd}"}', "ZeroDivisionError: 4 nodes: it's {odd}"),
        ("break", "output %gone is not defined"),
        ("lie", "says changed=True, which is not so"),
        ("unprintable", "made a graph whose text cannot be read"),
    ],
)
def test_a_pass_that_breaks_down_leaves_a_file_that_breaks_down_again(
    bsc: Callable, net: Path, reports: Path, broken: str, error: str
) -> None:
    ran = bsc("opt", net, "--pipeline", f"clean-up,{broken},fold-affine", "--json")
    assert (ran.code, ran.out) == (70, "")
    assert "Traceback" not in ran.err
    (trace,), (graph,) = reports.glob("*.txt"), reports.glob("*.bsir")
    assert trace.stem == graph.stem
    assert f"with the files {trace} and {graph}" in ran.err
    found = next(line for line in ran.err.splitlines() if "BSC9001" in line)
    text = graph.read_text(encoding="utf-8")
    assert text.startswith("# bsc opt --pipeline ")
    assert error in text
    assert "# Traceback (most recent call last):" in text
    assert bsc("opt", graph).code == 0  # it is a graph as any other until it is asked
    again = bsc("opt", "--run-reproducer", graph)
    assert again.code == 70
    said = next(line for line in again.err.splitlines() if "BSC9001" in line)
    assert said == found.replace("(after clean-up)", "(after no pass)")
    assert len(list(reports.iterdir())) == 4  # nothing was written over


def test_unless_asked_passes_need_not_be_honest(bsc: Callable, net: Path, reports: Path) -> None:
    for broken in ("lie", "unprintable"):
        ran = bsc("opt", net, "--pipeline", broken, "--no-verify-each", "-o", f"{broken}.bsir")
        assert ran.code == 0
    assert bsc("opt", net, "--pipeline", "break", "--no-verify-each").code == 70


@pytest.mark.parametrize("command", ["compile", "train"])
def test_compiling_leaves_a_reproducer_too(
    bsc: Callable,
    net: Path,
    data: Path,
    reports: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    def crash(self: DeriveTraining, graph: Graph) -> PassResult:
        raise KeyError("a bug")

    monkeypatch.setattr(DeriveTraining, "run", crash)
    more = ["--data", data] if command == "train" else []
    ran = bsc(command, net, *more, "--json", "--target", "pcm-128")
    assert (ran.code, ran.out) == (70, "")
    (graph,) = reports.glob("*.bsir")
    assert f"and {graph}" in ran.err
    assert read_graph(graph, OPS)[0].stage is Stage.BINARY
    again = bsc("opt", "--run-reproducer", graph)
    assert again.code == 70
    assert "pass derive-training (after no pass): KeyError: 'a bug'" in again.err
    monkeypatch.undo()
    mended = bsc("opt", "--run-reproducer", graph)  # the device is in its pipeline
    assert mended.code == 0
    assert "carry(" in mended.out


def test_a_reproducer_that_cannot_be_written_hides_nothing(
    bsc: Callable, net: Path, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bug_report.os, "fsync", full)
    ran = bsc("opt", net, "--pipeline", "crash")
    assert ran.code == 70
    assert "ZeroDivisionError: 4 nodes: a reason" in ran.err
    assert [path.suffix for path in reports.iterdir()] == [".txt"]
    monkeypatch.undo()
    monkeypatch.setattr(pipelines, "PASSES", {**pipelines.PASSES, **BROKEN})
    monkeypatch.setattr(tempfile, "tempdir", str(reports / "none"))
    ran = bsc("opt", net, "--pipeline", "crash")
    assert ran.code == 70
    assert "ZeroDivisionError: 4 nodes: a reason" in ran.err
    assert "please report it\n" in ran.err + "\n"


def test_a_reproducer_is_written_over_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bsir"
    path.write_text("mine")
    assert bug_report._write_new(str(path), b"theirs") == ""
    assert path.read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bsir"]


def test_the_pipeline_of_a_file_must_be_one(bsc: Callable, net: Path) -> None:
    assert bsc("opt", net, "-o", "g.bsir").code == 0
    ran = bsc("opt", "--run-reproducer", "g.bsir")
    assert ran.code == 1
    assert "BSC7012" in ran.err
    text = Path("g.bsir").read_text(encoding="utf-8")
    for line in ("# bsc opt -o x --pipeline clean-up", "# bsc opt --pipeline 'clean-up", "#"):
        Path("h.bsir").write_text(f"{line}\n{text}", encoding="utf-8")
        assert "BSC7012" in bsc("opt", "--run-reproducer", "h.bsir").err
    Path("h.bsir").write_text(f"# bsc opt --pipeline clean-up\n{text}", encoding="utf-8")
    assert bsc("opt", "--run-reproducer", "h.bsir", "--json").json["passes"] == ["clean-up"]
    assert bsc("opt", "--run-reproducer", "h.bsir", "--pipeline", "clean-up").code == 2
    assert "BSC7012" in bsc("opt", "--run-reproducer", net).err


def test_every_pass_runs_from_a_model_to_tiles(bsc: Callable, net: Path) -> None:
    ran = bsc("opt", net, "--pipeline", TO_CHIP, "--target", "oxram-64", "-o", "tiled.bsir")
    assert ran.code == 0, ran.err
    graph, _ = read_graph(Path("tiled.bsir"), OPS)
    assert graph.stage is Stage.TILED
    assert {"carry", "tile_read"} <= {node.op for node in graph.nodes}
    ran = bsc("compile", net, "--target", "oxram-64", "--stop-after", "tile-arrays", "-o", "c.bsir")
    assert Path("c.bsir").read_text() == Path("tiled.bsir").read_text()


def test_targets_give_way_to_what_the_pipeline_says(bsc: Callable, net: Path) -> None:
    head = TO_CHIP.removesuffix("tile-arrays")
    pipeline = f"{head}tile-arrays{{rows=8}}".replace(
        "derive-training", "derive-training{device=ideal-128, pulses=2}"
    )
    ran = bsc("opt", net, "--pipeline", pipeline, "--target", "oxram-64")
    assert ran.code == 0, ran.err
    assert "row_stop = 8" in ran.out
    assert "row_stop = 9" not in ran.out
    assert "pulses = 2" in ran.out


def test_passes_without_a_device_say_what_they_need(bsc: Callable, net: Path) -> None:
    ran = bsc("opt", net, "--pipeline", TO_CHIP)
    assert ran.code == 1
    assert "BSC3006" in ran.err
    assert "device=NAME" in ran.err
    ran = bsc("opt", net, "--pipeline", "derive-training{device=oxram}")
    assert (ran.code, "BSC4007" in ran.err) == (1, True)
    ran = bsc("opt", net, "--pipeline", "derive-training{device={name=mine}}")
    assert (ran.code, "BSC2011" in ran.err) == (1, True)
    assert "style: Field required" in ran.err
    assert bsc("opt", net, "--target", "oxram").code == 1


@pytest.mark.parametrize("name", names())
def test_devices_are_written_in_pipelines_and_read_back(name: str) -> None:
    device = resolve(name).device
    passes = (CleanUp(), DeriveTraining("carry", device=device, eta=0.5))
    text = print_pipeline(passes, pipelines.KINDS)
    assert parse_pipeline(text, pipelines.PASSES, pipelines.KINDS) == passes


@pytest.mark.parametrize("number", ["threshold", "pulses"])
def test_numbers_of_a_layer_are_checked_as_those_of_all(
    bsc: Callable, net: Path, number: str
) -> None:
    pipeline = f"derive-training{{device=ideal-128, layers=[{{name=layer0, {number}=0}}]}}"
    ran = bsc("opt", net, "--pipeline", pipeline)
    assert ran.code == 1
    assert f"{number} of layer0 is 0, expected 1 to" in ran.err


def test_what_is_read_stays(bsc: Callable, net: Path) -> None:
    assert bsc("opt", net, "-o", "g.bsir").code == 0
    before = Path("g.bsir").read_bytes()
    for out in ("g.bsir", "./g.bsir"):
        ran = bsc("opt", "g.bsir", "--pipeline", "clean-up", "-o", out)
        assert (ran.code, "BSC7010" in ran.err) == (1, True)
    assert "BSC7010" in bsc("opt", net, "-o", net).err
    assert Path("g.bsir").read_bytes() == before


def test_dumps_of_two_runs_do_not_mix(bsc: Callable, net: Path) -> None:
    run = ("opt", net, "--pipeline", "clean-up,fold-affine", "--dump-dir", "dumps")
    assert bsc(*run).code == 0
    assert sorted(p.name for p in Path("dumps").iterdir()) == [
        "01-clean-up.bsir",
        "02-fold-affine.bsir",
    ]
    ran = bsc(*run)
    assert ran.code == 1
    assert "BSC7004" in ran.err
    assert "01-clean-up.bsir and 1 more" in ran.err
    assert bsc("compile", net, "-o", "a.bsp", "--dump-dir", "dumps").code == 1
    assert bsc("compile", net, "-o", "a.bsp", "--dump-dir", "others").code == 0
    names = [p.name for p in sorted(Path("others").iterdir())]
    assert [int(name[:2]) for name in names] == list(range(1, 10))
    assert names[6] == "07-binarise.bsir"


def test_graphs_come_by_standard_input(
    bsc: Callable, net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bsc("opt", net, "-o", "g.bsir").code == 0
    with open("g.bsir") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert bsc("opt", "-").out == Path("g.bsir").read_text(encoding="utf-8")
    with open(net) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        ran = bsc("opt", "-")
    assert (ran.code, "<stdin>" in ran.err) == (1, True)


def test_graphs_are_printed_before_and_after(bsc: Callable, net: Path) -> None:
    ran = bsc("opt", net, "--pipeline", "clean-up,fold-affine", "--print-ir-before", "fold-affine")
    assert ran.err.startswith("# before 02 fold-affine\nbsir 1\n")
    ran = bsc("opt", net, "--pipeline", "clean-up", "--print-ir-before", "fold-afine")
    assert (ran.code, "BSC7006" in ran.err) == (1, True)


def test_passes_and_operators_are_listed(bsc: Callable) -> None:
    ran = bsc("opt", "--list", "--json")
    listed = {each["name"]: each for each in ran.json["passes"]}
    assert listed.keys() == pipelines.PASSES.keys()
    assert listed["tile-arrays"]["doc"] == "Tiles all arrays."
    assert listed["tile-arrays"]["options"][0] == {
        "name": "rows",
        "kind": "int",
        "default": "128",
        "doc": "word lines of a tile.",
    }
    assert all(each["doc"] for each in listed.values())
    assert all(option["doc"] for each in listed.values() for option in each["options"])
    assert "    device: DeviceSpec | none = none  whose pulses" in bsc("opt", "--list").out
    ran = bsc("opt", "--list-operators", "--json")
    operators = {each["name"]: each for each in ran.json["operators"]}
    assert operators.keys() == OPS.keys()
    assert operators["conv2d"]["stages"] == ["source"]
    assert "y = conv2d(x, w, b?)  [source]" in bsc("opt", "--list-operators").out
    assert bsc("opt").code == 2


def test_the_object_of_json_says_what_ran(bsc: Callable, net: Path) -> None:
    ran = bsc("opt", net, "--pipeline", "clean-up", "--json", "-o", "o.bsir")
    wanted: dict[str, Any] = {"output": "o.bsir", "passes": ["clean-up"], "changed": False}
    assert json.loads(ran.out) == wanted


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("name=a, foo=3", "has no `foo`"),
        ("name=a, treshold=3", "did you mean threshold?"),
        ("name=none", "name is none, expected str"),
        ("name=a, frozen={b=1}", "frozen is a record, expected bool"),
        ("name=a, pulses=2, pulses=3", "`pulses` is given twice"),
        ("name=a, device={style=pair-up, style=joined}", "`style` is given twice"),
    ],
)
def test_plans_of_layers_in_pipelines_are_checked(
    bsc: Callable, net: Path, record: str, said: str
) -> None:
    ran = bsc("opt", net, "--pipeline", f"derive-training{{layers=[{{{record}}}]}}")
    assert ran.code == 1, ran.err
    assert ran.err.count("error[BSC2011]") == 1
    assert said in ran.err

"""Builder, rewriting, verifier and interpreter on a table of three operators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bsc.ir.builder import GraphBuilder, GraphError, rebuild
from bsc.ir.graph import Graph, Node, same_graph
from bsc.ir.interpreter import FeedError, OperatorError, run
from bsc.ir.opdef import AttrDef, AttrKind, OpDef, OpTable, TypeRuleError
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ir.verifier import VerifierError, problems, verify

SOURCE = frozenset({Stage.SOURCE})


def _same(types, attrs):
    return [types[0]]


def _sum_rule(types, attrs):
    if any(t != types[0] for t in types):
        raise TypeRuleError(f"found {types[1]}, expected {types[0]}")
    return [types[0]]


TABLE: OpTable = {
    "scale": OpDef(
        "scale",
        "x times a factor.",
        SOURCE,
        ("x",),
        ("y",),
        (AttrDef("factor", AttrKind.FLOAT, "the factor", 1.0),),
        _same,
        lambda x, a, e: [x[0] * np.float32(a["factor"])],
    ),
    "total": OpDef(
        "total",
        "Sum of all.",
        SOURCE,
        ("x", "more*"),
        ("y",),
        (),
        _sum_rule,
        lambda x, a, e: [sum(x[1:], x[0])],
    ),
    "both": OpDef(
        "both",
        "x and, where given, y.",
        frozenset({Stage.SOURCE, Stage.BINARY}),
        ("x", "y?"),
        ("a", "b"),
        (AttrDef("tags", AttrKind.STRS, "required words"),),
        lambda t, a: [t[0], t[-1]],
        lambda x, a, e: [x[0], x[-1]],
    ),
}
F32 = TensorType(Encoding.F32, ("N", 3))


def small() -> Graph:
    b = GraphBuilder("small", Stage.SOURCE, TABLE)
    x = b.input("x", F32)
    h = b.add("scale", [x], {"factor": 2.0}, name="h")
    b.output(b.add("total", [h, x, h], name="y", origin="line 3"))
    return b.build()


def test_builder_fills_defaults_and_infers_types() -> None:
    b = GraphBuilder("g", Stage.SOURCE, TABLE)
    b.input("x", F32)
    assert b.add("scale", ["x"]) == "scale"
    assert b.add("scale", ["scale"]) == "scale_1"
    assert b.add_node("both", ["x"], {"tags": ["p", "q"]}) == ("both.a", "both.b")
    assert b.nodes[0].attrs == {"factor": 1.0}
    assert b.nodes[2].attrs == {"tags": ("p", "q")}
    assert b.type_of("both.b") == F32


@pytest.mark.parametrize(
    ("op", "inputs", "attrs", "text"),
    [
        ("nope", ["x"], {}, "nope %o (from here): unknown operator"),
        ("scale", ["z"], {}, "scale %o (from here): reads %z, which is not defined yet"),
        ("scale", ["x", "x"], {}, "has 2 inputs, expected 1 (x)"),
        ("scale", [""], {}, "leaves out input 0 (x), which is not optional"),
        ("total", [], {}, "has 0 inputs, expected at least 1 (x, more*)"),
        ("scale", ["x"], {"factor": 1}, "attribute 'factor' is 1, expected the kind float"),
        ("scale", ["x"], {"size": 1}, "unknown attribute 'size', expected factor"),
        ("total", ["x", "w"], {}, "found f32[4], expected f32[N, 3]"),
    ],
)
def test_builder_names_the_node_and_the_fault(op, inputs, attrs, text) -> None:
    b = GraphBuilder("g", Stage.SOURCE, TABLE)
    b.input("x", F32)
    b.constant("w", np.zeros(4, np.float32))
    with pytest.raises(GraphError) as caught:
        b.add(op, inputs, attrs, name="o", origin="here")
    assert text in str(caught.value)
    assert caught.value.origin == "here"


def test_builder_keeps_constants_without_a_copy() -> None:
    b = GraphBuilder("g", Stage.SOURCE, TABLE)
    data = np.zeros((2, 2), np.float32)
    b.constant("w", data)
    assert b.constants["w"] is data
    with pytest.raises(GraphError, match="int16"):
        b.constant("v", np.zeros(2, np.int16))
    assert b.type_of(b.constant(None, np.int16(3), Encoding.CELLS)).shape == ()
    assert b.constants[b.constant(None, ["a", "b"])].dtype == object


def test_verifier_lists_every_problem() -> None:
    graph = small()
    broken = replace(
        graph,
        outputs=("y", "y", "gone"),
        nodes=(
            Node("scale", ("later",), ("h",), {"factor": 1.0}),
            Node("scale", ("x",), ("h",), {}),
            Node("magic", ("x",), ("later",)),
            Node("total", ("x", "nobody"), ("y",)),
        ),
        types={**graph.types, "y": TensorType(Encoding.F32, (1,)), "ghost": F32},
        constants={"x": np.zeros(3, np.float32)},
    )
    with pytest.raises(VerifierError) as caught:
        verify(broken, TABLE)
    text = str(caught.value)
    for part in [
        "constant %x is also an input",
        "constant %x has shape [3], its type is f32[N, 3]",
        "scale %h: reads %later before it is defined",
        "scale %h: attribute 'factor' is missing",
        "scale %h: %h is defined twice",
        "magic %later: unknown operator",
        "total %y: reads %nobody which nothing defines",
        "output %y is listed twice",
        "output %gone is not defined",
        "value %later has no type",
        "type of %ghost, which nothing defines",
    ]:
        assert part in text
    assert len(caught.value.problems) == len(text.splitlines()) - 1


def test_verifier_checks_stage_and_inferred_types() -> None:
    graph = small()
    assert problems(graph, TABLE) == []
    binary = problems(replace(graph, stage=Stage.BINARY), TABLE)
    assert [p.node for p in binary] == [0, 1]
    assert "may not stand at stage binary, only at source" in binary[0].message
    wrong = replace(graph, types={**graph.types, "y": TensorType(Encoding.BIT, ("N", 3))})
    (problem,) = problems(wrong, TABLE)
    assert problem.message.endswith("%y has type bit[N, 3], inference says f32[N, 3]")


def test_interpreter_runs_in_order_and_hands_out_inner_values() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(run(small(), {"x": x}, TABLE)["y"], 5 * x)
    inner = run(small(), {"x": x}, TABLE, outputs=["h", "x"])
    assert list(inner) == ["h", "x"]
    assert np.array_equal(inner["h"], 2 * x)


def test_interpreter_skips_nodes_and_what_needs_them() -> None:
    x = np.ones((2, 3), np.float32)

    def skip(node: Node) -> bool:
        return node.op == "scale"

    assert list(run(small(), {"x": x}, TABLE, outputs=["x"], skip=skip)) == ["x"]
    with pytest.raises(KeyError, match="%y was asked for"):
        run(small(), {"x": x}, TABLE, skip=skip)


def test_interpreter_frees_values_after_their_last_reader() -> None:
    alive: list[int] = []
    table = dict(TABLE)

    class Counted(np.ndarray):
        count = 0

        def __del__(self) -> None:
            Counted.count -= 1

    def reference(x, attrs, environment):
        alive.append(Counted.count)
        Counted.count += 1
        return [np.array(x[0]).view(Counted)]

    table["scale"] = replace(TABLE["scale"], reference=reference)
    b = GraphBuilder("chain", Stage.SOURCE, table)
    value = b.input("x", F32)
    for _ in range(10):
        value = b.add("scale", [value])
    b.output(value)
    run(b.build(), {"x": np.zeros((1, 3), np.float32)}, table)
    assert max(alive) <= 2


@pytest.mark.parametrize(
    ("feeds", "text"),
    [
        ({}, "missing ['x']"),
        ({"x": np.zeros((2, 3), np.float32), "q": np.zeros(1)}, "unknown ['q']"),
        ({"x": np.zeros((2, 4), np.float32)}, "%x has shape [2, 4], expected f32[N, 3]"),
        ({"x": np.zeros((2, 3))}, "%x has elements float64, expected f32[N, 3]"),
    ],
)
def test_interpreter_refuses_feeds_that_do_not_fit(feeds, text) -> None:
    with pytest.raises(FeedError) as caught:
        run(small(), feeds, TABLE)
    assert text in str(caught.value)


def test_named_extents_agree_between_inputs_and_results() -> None:
    b = GraphBuilder("g", Stage.SOURCE, TABLE)
    b.input("x", F32)
    b.input("z", F32)
    b.output(b.add("total", ["x", "z"], name="y"))
    graph = b.build()
    feeds = {"x": np.zeros((2, 3), np.float32), "z": np.zeros((3, 3), np.float32)}
    with pytest.raises(FeedError, match=r"with \{'N': 2\}"):
        run(graph, feeds, TABLE)
    table = {**TABLE, "total": replace(TABLE["total"], reference=lambda x, a, e: [x[0][:1]])}
    with pytest.raises(OperatorError, match=r"gave shape \[1, 3\] for %y"):
        run(graph, {"x": feeds["x"], "z": feeds["x"]}, table)


def test_rebuild_gives_the_same_object_when_nothing_changes() -> None:
    graph = small()
    assert rebuild(graph, TABLE, lambda builder, node: None) is graph


def test_rebuild_replaces_erases_and_keeps_output_names() -> None:
    graph = small()

    def double(builder: GraphBuilder, node: Node) -> str | None:
        if node.op != "scale":
            return None
        return builder.add("total", [node.inputs[0], node.inputs[0]], name=node.outputs[0])

    doubled = rebuild(graph, TABLE, double)
    assert [n.op for n in doubled.nodes] == ["total", "total"]
    x = np.ones((1, 3), np.float32)
    assert np.array_equal(run(doubled, {"x": x}, TABLE)["y"], 5 * x)

    def erase(builder: GraphBuilder, node: Node) -> str | None:
        return node.inputs[0] if node.outputs == ("y",) else None

    erased = rebuild(graph, TABLE, erase)  # %y takes the place of %h, which defines it now
    assert [(n.op, n.outputs) for n in erased.nodes] == [("scale", ("y",))]
    assert erased.outputs == ("y",)
    again = rebuild(erased, TABLE, erase)  # an input cannot take the output's name: node kept
    assert same_graph(again, erased)


def test_rebuild_withdraws_what_a_refused_rewrite_added() -> None:
    b = GraphBuilder("g", Stage.SOURCE, TABLE)
    b.input("x", F32)
    b.output(b.add("scale", ["x"], name="y"))
    graph = b.build()

    def useless(builder: GraphBuilder, node: Node) -> str:
        builder.add("total", ["x"], name="spare")
        return "x"

    assert rebuild(graph, TABLE, useless) is graph

"""The text form over the real operator table: every stage comes back, no text breaks a shape rule.

Shape rules see whatever a text says, so for any types and attributes of the right kinds they answer
or refuse with TypeRuleError.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.ir.graph import Graph, same_graph
from bsc.ir.opdef import AttrKind, OpDef, TypeRuleError
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import PassEvent
from bsc.ir.printer import print_graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.plans import plan_for
from bsc.testing.networks import dense_network

DIMS = st.sampled_from([0, 1, 2, 3, "N", "M", 10**20])
TYPES = st.builds(
    TensorType,
    st.just(Encoding.F32) | st.sampled_from(Encoding),
    st.lists(DIMS, max_size=4).map(tuple),
)
INTS = st.sampled_from([-2, -1, 0, 1, 2, 3, 10**20])
WORDS = st.sampled_from(["", "x", "relu", "logistic", "clip", "none", "f32", "i64"])
VALUES = {
    AttrKind.BOOL: st.booleans(),
    AttrKind.INT: INTS,
    AttrKind.FLOAT: st.floats(),
    AttrKind.STR: WORDS,
    AttrKind.INTS: st.lists(INTS, max_size=4).map(tuple),
    AttrKind.FLOATS: st.lists(st.floats(), max_size=3).map(tuple),
    AttrKind.STRS: st.lists(WORDS, max_size=3).map(tuple),
}


@pytest.mark.parametrize("definition", OPS.values(), ids=OPS.keys())
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_shape_rules_answer_or_refuse(definition: OpDef, data: st.DataObject) -> None:
    most = 3 if definition.inputs[-1:] and definition.inputs[-1][-1] == "*" else None
    most = len(definition.inputs) if most is None else most
    sizes = {"min_size": definition.required_inputs, "max_size": most}
    types = data.draw(st.lists(TYPES, **sizes) | TYPES.map(lambda t: [t] * most))
    attrs = {
        attr.name: data.draw(VALUES[attr.kind] | st.just(attr.default))
        if attr.default is not None
        else data.draw(VALUES[attr.kind])
        for attr in definition.attrs
    }
    try:
        results = definition.infer(types, attrs)
    except TypeRuleError:
        results = []
    assert len(results) in (0, len(definition.outputs))
    assert all(d >= 0 for t in results for d in t.shape if isinstance(d, int))


def stages(rule: str) -> list[Graph]:
    """The graph after every pass of a compilation onto several tiles, training included."""
    graphs: list[Graph] = []

    def keep(event: PassEvent) -> None:
        graphs.append(event.result.graph)

    network = dense_network([70, 5, 2], "relu")
    compile_model(network, target="oxram-64", plan=plan_for(rule), observer=keep)
    return graphs


GRAPHS = {rule: stages(rule) for rule in ("carry", "sgd")}


@pytest.mark.parametrize("rule", GRAPHS)
def test_graphs_after_every_pass_come_back(rule: str) -> None:
    graphs = GRAPHS[rule]
    assert {graph.stage for graph in graphs} == set(Stage)
    for graph in graphs:
        assert same_graph(parse_graph(print_graph(graph), OPS), graph)


WORDS_OF_TEXT = st.sampled_from(
    [
        *OPS,
        *Encoding,
        "[N, 3]",
        "[]",
        "[-1]",
        "0",
        "-1",
        "9" * 30,
        "nan",
        "0.5",
        "_",
        "%label",
        '""',
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([g for graphs in GRAPHS.values() for g in graphs]), st.data())
def test_mutated_graphs_of_every_stage_give_diagnostics(graph: Graph, data: st.DataObject) -> None:
    tables = {name: a for name, a in graph.constants.items() if a.size > 40}
    pieces = re.findall(
        r'"[^"]*"|%[\w.]+|[\w.+-]+|\s+|.', print_graph(graph, external=tables.keys())
    )
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(pieces) - 1))
        pieces[place] = data.draw(WORDS_OF_TEXT | st.sampled_from(pieces) | st.just(""))
    try:
        parse_graph("".join(pieces), OPS, external=tables)
    except DiagnosticError as error:
        places = [d.labels for d in error.diagnostics]
    else:
        places = []
    assert all(places)

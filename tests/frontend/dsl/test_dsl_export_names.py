"""Names of graphs hide nothing of the programs that they are written as."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsc.backend.dsl import export_bsc
from bsc.frontend.dsl.meaning.sections import LayerOverride, TrainSection
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops.source import SOURCE_OPS
from bsc.testing.dsl_programs import model_of, read_again
from bsc.testing.random_graphs import perceptrons
from bsc.testing.same_up_to_names import same_up_to_names

NAMES = (
    "w w1 w_2 c1 c2 device f32 i64 relu dense matmul zeros h h1 h2 fc1 pi inf nan model as true x y"
).split()
"""What programs write on their own account, and values and layers may be called too."""


@st.composite
def mixed(draw: st.DrawFn) -> Graph:
    """A network with shared and large constants, words and layers of the device."""
    made = GraphBuilder("made", Stage.SOURCE, SOURCE_OPS)
    outer, inner = (TensorType(Encoding.I64, ("N", 12)), TensorType(Encoding.F32, ("N", 12)))
    a, b = made.input("a", outer), made.input("b", inner)
    small = made.constant("small", np.array([1, 2, 3], np.float32))
    large = made.constant("large", np.arange(12, dtype=np.float32))
    cells = made.constant("cells", np.zeros((12, 3), np.float32))
    again = made.constant("again", np.zeros((3, 3), np.float32))
    h = made.add("cast", [a], {"to": "f32"})
    sums = [
        made.add("matmul", [made.add("mul", [value, large]), cells], origin=f"at/{value}")
        for value in draw(st.permutations([h, b]))
    ]
    for value in sums:
        shifted = made.add("add", [made.add("mul", [value, small]), small])
        made.output(made.add("relu", [made.add("matmul", [shifted, again], origin="at/layer")]))
    return made.build()


@st.composite
def renamed(draw: st.DrawFn, graphs: st.SearchStrategy[Graph]) -> Graph:
    """A graph whose values and layers have names that programs use for other things."""
    graph = draw(graphs)
    values = [name for name in graph.types if name not in graph.constants]
    given = st.lists(st.sampled_from(NAMES), max_size=len(values), unique=True)
    pairs = zip(draw(st.permutations(values)), draw(given), strict=False)
    new = {**{name: f"{name}." for name in graph.types}, **dict(pairs)}
    nodes = tuple(
        replace(
            node,
            inputs=tuple(new.get(name, "") for name in node.inputs),
            outputs=tuple(new[name] for name in node.outputs),
            origin=f"at/{draw(st.sampled_from(NAMES))}",
        )
        for node in graph.nodes
    )
    return replace(
        graph,
        inputs=tuple(new[name] for name in graph.inputs),
        outputs=tuple(new[name] for name in graph.outputs),
        nodes=nodes,
        types={new[name]: type_ for name, type_ in graph.types.items()},
        constants={new[name]: array for name, array in graph.constants.items()},
    )


@given(graph=perceptrons() | renamed(perceptrons()) | renamed(mixed()))
@settings(max_examples=120, deadline=None)
def test_random_networks_are_the_same(graph: Graph, tmp_path_factory: object) -> None:
    folder = tmp_path_factory.mktemp("random")  # type: ignore[attr-defined]
    text, again = read_again(graph, folder)
    assert same_up_to_names(graph, again) is None, text


@pytest.mark.parametrize("value", ["x", "w", "c1", "device", "f32"])
@pytest.mark.parametrize("layer", ["product", "w", "c1", "device", "relu"])
def test_names_of_a_graph_hide_nothing_of_the_program(
    value: str, layer: str, tmp_path: Path
) -> None:
    made = GraphBuilder("made", Stage.SOURCE, SOURCE_OPS)
    x = made.input(value, TensorType(Encoding.I32, ("N", 12)))
    shared = made.constant("k", np.array([1, 2, 3], np.float32))
    large = made.constant("l", np.arange(12, dtype=np.float32))
    h = made.add("add", [made.add("cast", [x], {"to": "f32"}), large])
    cells = made.constant("zeros", np.zeros((12, 3), np.float32))
    sums = [made.add("matmul", [h, cells], origin=f"at/{layer}") for _ in range(2)]
    for each in sums:
        made.output(made.add("add", [made.add("mul", [each, shared]), shared]))
    text, again = read_again(made.build(), tmp_path)
    assert same_up_to_names(made.build(), again) is None, text


def test_the_plan_of_a_layer_follows_its_name() -> None:
    made = GraphBuilder("made", Stage.SOURCE, SOURCE_OPS)
    x = made.input("x", TensorType(Encoding.F32, ("N", 3)))
    cells = made.constant("cells", np.zeros((3, 3), np.float32))
    for value in (x, made.add("relu", [x])):
        made.output(made.add("matmul", [value, cells], origin="at/relu"))
    text, _ = export_bsc(
        made.build(), train=TrainSection(layers={"relu": LayerOverride(frozen=True)})
    )
    model = model_of(text)  # `-> relu` would be the operator
    assert model.train is not None
    assert model.train.layers == {"relu_2": LayerOverride(frozen=True)}
    assert list(model.layers) == ["relu_2"]

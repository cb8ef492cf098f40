"""parse(print(g)) is g for random graphs, and no text makes the parser raise anything but errors.

Names, strings and numbers are arbitrary: whatever ONNX files may call a value must survive.
"""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bsc.diag import DiagnosticError
from bsc.ir.builder import GraphBuilder
from bsc.ir.data import dtypes_of
from bsc.ir.graph import Graph, same_graph
from bsc.ir.opdef import AttrDef, AttrKind, OpDef, OpTable
from bsc.ir.parser import parse_graph
from bsc.ir.printer import print_graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.testing.random_graphs import perceptrons

TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)
NAMES = TEXTS.filter(bool)
DIMS = st.integers(0, 9) | TEXTS
TYPES = st.builds(TensorType, st.sampled_from(Encoding), st.lists(DIMS, max_size=3).map(tuple))
KINDS = {
    AttrKind.BOOL: st.booleans(),
    AttrKind.INT: st.integers(-(2**80), 2**80),
    AttrKind.FLOAT: st.floats(allow_nan=True),
    AttrKind.STR: TEXTS,
    AttrKind.INTS: st.lists(st.integers(), max_size=3).map(tuple),
    AttrKind.FLOATS: st.lists(st.floats(), max_size=3).map(tuple),
    AttrKind.STRS: st.lists(TEXTS, max_size=3).map(tuple),
}


def _table(results: list[list[TensorType]]) -> OpTable:
    """Operators that take anything and give what was drawn."""
    attrs = tuple(AttrDef(kind, kind, "any") for kind in AttrKind)
    return {
        f"op.{place}": OpDef(
            f"op.{place}",
            "anything",
            frozenset(Stage),
            ("x?", "y?", "rest*"),
            tuple(f"out{number}" for number in range(len(types))),
            attrs,
            lambda given, attrs, types=types: types,
            lambda inputs, attrs, environment: [],
        )
        for place, types in enumerate(results)
    }


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, OpTable]:
    names = iter(draw(st.lists(NAMES, min_size=18, max_size=18, unique=True)))
    results = draw(st.lists(st.lists(TYPES, max_size=2), max_size=4))
    table = _table(results)
    builder = GraphBuilder(draw(TEXTS), draw(st.sampled_from(Stage)), table)
    values = [builder.input(next(names), draw(TYPES)) for _ in range(draw(st.integers(0, 3)))]
    for _ in range(draw(st.integers(0, 4))):
        encoding = draw(st.sampled_from(Encoding))
        dtype = draw(st.sampled_from(dtypes_of(encoding)))
        shape = draw(st.lists(st.integers(0, 6), max_size=3).map(tuple))
        elements = TEXTS if encoding is Encoding.STR else arrays.from_dtype(dtype)
        data = draw(arrays.arrays(dtype, shape, elements=elements, fill=st.nothing()))
        values.append(builder.constant(next(names), data, encoding))
    for place, types in enumerate(results):
        operands = draw(st.lists(st.sampled_from(["", *values]), max_size=3)) if values else []
        operands = [*operands[:2], *filter(None, operands[2:])]
        values += builder.add_node(
            f"op.{place}",
            operands,
            {kind: draw(strategy) for kind, strategy in KINDS.items()},
            outputs=[next(names) for _ in types],
            origin=draw(TEXTS),
        )
    for name in draw(st.lists(st.sampled_from(values), unique=True)) if values else []:
        builder.output(name)
    return builder.build(), table


@settings(max_examples=250, deadline=None)
@given(graphs())
def test_any_graph_comes_back_to_the_bit(made: tuple[Graph, OpTable]) -> None:
    graph, table = made
    text = print_graph(graph)
    again = parse_graph(text, table)
    assert same_graph(again, graph)
    assert print_graph(again) == text


@settings(max_examples=100, deadline=None)
@given(perceptrons())
def test_perceptrons_come_back_to_the_bit(graph: Graph) -> None:
    assert same_graph(parse_graph(print_graph(graph), OPS), graph)


_PIECES = [
    *'{}()[]=,:%@_#"\\\n ',
    *("bsir", "graph", "input", "constant", "output", "zlib", "external", "elided", "as", "at"),
    *("%x", "f32", "cells", "[N, 3]", "-1", "1e400", "nan:0x0", "9" * 5000, '"\\u{d800}"', "\x00"),
    *("dense", "relu", "array", "concat", "reshape", "0.5", "true", "f32[0, 99999999999999999]"),
]


@settings(max_examples=300, deadline=None)
@given(perceptrons(most_layers=2, largest=4), st.data())
def test_mutated_text_gives_a_graph_or_diagnostics(graph: Graph, data: st.DataObject) -> None:
    pieces = re.findall(r'"[^"]*"|\w+|\s+|.', print_graph(graph))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(pieces) - 1))
        other = data.draw(st.sampled_from(_PIECES) | st.sampled_from(pieces) | TEXTS)
        action = data.draw(st.sampled_from(["replace", "insert", "delete", "cut", "swap"]))
        match action:
            case "replace":
                pieces[place] = other
            case "insert":
                pieces.insert(place, other)
            case "delete":
                pieces[place] = ""
            case "cut":
                del pieces[place + 1 :]
            case "swap":
                pieces[place], pieces[0] = pieces[0], pieces[place]
    text = "".join(pieces)
    _must_answer(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=30))
def test_random_words_give_diagnostics(words: list[str]) -> None:
    _must_answer(" ".join(['bsir 1 graph "g" at binary {', *words]))


def _must_answer(text: str) -> None:
    """A graph, or diagnostics that all have a place."""
    try:
        parse_graph(text, OPS)
    except DiagnosticError as error:
        places = [d.labels for d in error.diagnostics]
    else:
        places = []
    assert all(places)


def test_arrays_of_floats_keep_every_bit() -> None:
    """All 65536 upper halves of a float32, NaN payloads and denormals among them, as a list."""
    from bsc.ir.atoms import float32_text, read_float32

    bits = (np.arange(65536, dtype=np.uint32) << 16) | np.uint32(0x9E37)
    values = bits.view(np.float32)
    again = np.array([read_float32(float32_text(v)) for v in values], np.float32)
    assert np.array_equal(again.view(np.uint32), bits)

"""Every binary operator: shape rule and reference agree, text is exact, means are right."""

import numpy as np
import pytest

from bsc.ir.builder import GraphBuilder, GraphError
from bsc.ir.graph import same_graph
from bsc.ir.interpreter import run
from bsc.ir.parser import parse_graph
from bsc.ir.printer import print_graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.numerics import neuron_tables, tables
from bsc.numerics.cells import initial_array
from bsc.numerics.state import CellStyle
from bsc.ops import OPS
from bsc.ops.binary import BINARY_OPS
from bsc.ops.environment import Environment

ROWS, INPUTS, COLUMNS, SAMPLES = 6, 5, 4, 3
SCALE = 16383
TILE = {"tile": 0, "row_start": 1, "row_stop": 5, "column_start": 0, "column_stop": 3}
TYPES = {
    "probabilities": TensorType(Encoding.F32, ("N", INPUTS)),
    "bits": TensorType(Encoding.BIT, ("N", INPUTS)),
    "sums": TensorType(Encoding.SUM, ("N", COLUMNS)),
    "parts": TensorType(Encoding.SUM, ("N", COLUMNS)),
    "target": TensorType(Encoding.F32, ("N", COLUMNS)),
    "signs": TensorType(Encoding.SIGN, ("N", COLUMNS)),
    "gate": TensorType(Encoding.BIT, ("N", COLUMNS)),
    "label": TensorType(Encoding.LABEL, ("N",)),
    "cells": TensorType(Encoding.CELLS, (ROWS, COLUMNS)),
    "counts": TensorType(Encoding.COUNT, (ROWS, COLUMNS)),
}
LOW, HIGH = neuron_tables.derivative("logistic", (4.0,), SCALE)
CONSTANTS = {
    "thresholds": (neuron_tables.neuron("logistic", (4.0,), SCALE), Encoding.I32),
    "low": (LOW, Encoding.I32),
    "high": (HIGH, Encoding.I32),
    "softmax": (tables.softmax(), Encoding.I64),
    "step_up": (tables.linear_step(16, True), Encoding.I32),
    "step_down": (tables.linear_step(16, False), Encoding.I32),
}
NEURON = {"name": "a", "function": "logistic", "parameters": (4.0,)}
ATTRS = {
    "array": {
        "name": "a", "layer": 0, "inputs": INPUTS, "rows": ROWS, "columns": COLUMNS,
        "scale": SCALE,
    },
    "logits": {"name": "a", "scale": SCALE},
    "sample": NEURON,
    "add_parts": {"starts": (0,), "size": COLUMNS},
    "readout": {"layer": 2, "reciprocal": tables.softmax_reciprocal(SCALE)},
    "read_transposed": {"inputs": INPUTS},
    "tile_read": TILE,
    "tile_read_transposed": TILE,
    "join": {"groups": 1},
    "carry": {"layer": 0, "threshold": 2},
    "sgd_step": {"rate": 100},
    "refresh": {"every": 1},
}  # fmt: skip
WITH_LAYER = {"encode", "sample", "derivative", "logistic_readout", "target_error"}


def _state(style=CellStyle.REFERENCE):
    reference = (8191.5, 0.0) if style is CellStyle.REFERENCE else (None, None)
    return initial_array("a", style, ROWS, COLUMNS, 0, 1, 8000.0, 3000.0, *reference)


def _graph(name):
    definition = BINARY_OPS[name]
    stage = Stage.BINARY if Stage.BINARY in definition.stages else Stage.TILED
    builder = GraphBuilder("one", stage, OPS)
    operands = []
    for role in definition.inputs:
        plain = role.rstrip("?*")
        if name in ("output_error", "target_error") and plain == "bits":
            operands.append(builder.input("bits", TYPES["gate"]))
        elif plain in CONSTANTS:
            operands.append(builder.constant(plain, *CONSTANTS[plain]))
        elif plain in TYPES:
            operands.append(builder.input(plain, TYPES[plain]))
    attrs = dict(ATTRS.get(name, {}))
    if name in WITH_LAYER:
        attrs["layer"] = 1
    builder.output(builder.add(name, operands, attrs, name="out", origin="test"))
    return builder.build()


def _feeds(graph, samples=SAMPLES):
    random = np.random.default_rng(5)
    values = {}
    for name in graph.inputs:
        type_ = graph.types[name]
        shape = tuple(samples if d == "N" else d for d in type_.shape)
        match type_.encoding:
            case Encoding.F32:
                values[name] = random.random(shape).astype(np.float32)
            case Encoding.BIT:
                values[name] = random.integers(0, 2, shape, dtype=np.uint8)
            case Encoding.SIGN:
                values[name] = random.integers(-1, 2, shape, dtype=np.int8)
            case Encoding.SUM:
                values[name] = random.integers(-20000, 20000, shape)
            case Encoding.LABEL:
                values[name] = random.integers(0, COLUMNS, shape, dtype=np.int32)
            case Encoding.COUNT:
                values[name] = random.integers(-5, 6, shape, dtype=np.int32)
            case Encoding.CELLS:
                style = CellStyle.PAIR_DOWN if graph.nodes[0].op == "refresh" else None
                values[name] = _state(style or CellStyle.REFERENCE)
                if graph.nodes[0].op == "sgd_step":
                    values[name].style = CellStyle.DIRECT
    return values


@pytest.mark.parametrize("name", BINARY_OPS)
def test_shape_rule_agrees_with_reference_and_text_is_exact(name):
    graph = _graph(name)
    assert same_graph(parse_graph(print_graph(graph), OPS), graph)
    environment = Environment(seed=3, indices=np.arange(SAMPLES), arrays={"a": _state()})
    # run() itself compares the shape of each result with the inferred type.
    out = run(graph, _feeds(graph), OPS, environment)["out"]
    encoding = graph.types["out"].encoding
    if encoding is Encoding.BIT:
        assert set(np.unique(out)) <= {0, 1}
    if encoding is Encoding.SIGN:
        assert set(np.unique(out)) <= {-1, 0, 1}


RANDOM = [name for name, op in BINARY_OPS.items() if op.expectation is not None]


@pytest.mark.parametrize("name", RANDOM)
def test_empirical_mean_is_inside_the_binomial_bound(name):
    """4096 samples of each element; fixed seed. The bound of 5.5 standard deviations is left by one
    element in 26 million, so a false alarm over these 20 elements has a chance below 1e-6."""
    graph = _graph(name)
    one = {k: v[:1] for k, v in _feeds(graph).items()}
    trials = 4096
    many = {k: np.repeat(v, trials, axis=0) for k, v in one.items()}
    environment = Environment(seed=11, indices=np.arange(trials))
    mean = run(graph, many, OPS, environment)["out"].mean(axis=0)
    node = graph.nodes[0]
    values = [one.get(i, graph.constants.get(i)) for i in node.inputs]
    expected = np.asarray(BINARY_OPS[name].expectation(values, node.attrs, environment)[0])[0]
    deviation = np.sqrt(expected * (1 - expected) / trials)
    assert (np.abs(mean - expected) <= 5.5 * deviation + 1e-12).all()


def test_derivative_and_neuron_draws_are_independent():
    """z and d of one element come from different keys: their correlation over 65536 samples stays
    below 5 standard deviations, 5 / 256."""
    builder = GraphBuilder("two", Stage.BINARY, OPS)
    sums = builder.input("sums", TensorType(Encoding.SUM, ("N", 1)))
    made = {k: builder.constant(k, *CONSTANTS[k]) for k in ("thresholds", "low", "high")}
    builder.output(
        builder.add("sample", [sums, made["thresholds"]], {"layer": 0, **NEURON}, name="z")
    )
    builder.output(
        builder.add("derivative", [sums, made["low"], made["high"]], {"layer": 0}, name="d")
    )
    count = 1 << 16
    feeds = {"sums": np.full((count, 1), 4000)}
    out = run(builder.build(), feeds, OPS, Environment(seed=2, indices=np.arange(count)))
    assert abs(np.corrcoef(out["z"][:, 0], out["d"][:, 0])[0, 1]) < 5 / 256


@pytest.mark.parametrize(
    ("op", "types", "attrs", "said"),
    [
        ("read", ["cells", "signs"], {}, "bits is sign[N, 4]"),
        ("count", ["cells", "bits", "gate"], {}, "signs is bit[N, 4]"),
        ("gated_sign", ["sums", "bits"], {}, "the shapes differ"),
        ("tile_read", ["cells", "bits"], {**TILE, "row_stop": 99}, "tile [1:99, 0:3]"),
        ("target_error", ["gate", "probabilities"], {"layer": 0}, "the shapes differ"),
        ("add_parts", ["sums", "sums"], {"starts": (0, 2), "size": 3}, "elements 2 to 5"),
        ("add_parts", ["sums", "sums"], {"starts": (0,), "size": 3}, "2 sums with starts (0,)"),
        ("join", ["parts", "parts", "parts"], {"groups": 2}, "3 parts do not make 2 groups"),
    ],
)
def test_shape_rules_refuse_what_does_not_fit(op, types, attrs, said):
    definition = BINARY_OPS[op]
    stage = Stage.BINARY if Stage.BINARY in definition.stages else Stage.TILED
    builder = GraphBuilder("bad", stage, OPS)
    operands = [builder.input(f"{t}{i}", TYPES[t]) for i, t in enumerate(types)]
    with pytest.raises(GraphError) as caught:
        builder.add(op, operands, attrs)
    assert said in str(caught.value)

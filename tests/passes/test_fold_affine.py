"""fold-affine leaves layers, activations and a tail, and keeps what the network computes.

Folding multiplies scales into weights in float64 and rounds each weight once: a weight moves by at
most 2**-24 of itself, and sums are added in another order. The bound of 2e-5 of the largest output
is about 300 roundings, for sums of at most 16 terms (784 in the sample models) behind each other.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsc.frontend.onnx import import_model
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import same_graph
from bsc.ir.interpreter import run
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import run_passes
from bsc.ir.printer import print_graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.passes.clean_up import CleanUp
from bsc.passes.fold_affine import FoldAffine
from bsc.passes.sink_shapes import SinkShapes
from bsc.pipelines import source_passes
from bsc.testing.random_graphs import feeds_for, perceptrons

MODELS = Path(__file__).parents[2] / "samples" / "models"

SAMPLES = {
    "mlp2": "dense sigmoid dense log_softmax",
    "mlp3": "dense sigmoid dense sigmoid dense log_softmax",
    "mlp_bn_dropout_op13": "reshape dense relu dense leaky_relu dense softmax",
    "bnn_mlp_op13": "reshape dense sign dense sign dense",
    "sk_mlpclassifier_digits": "dense relu dense softmax argmax gather_features reshape cast",
    "sk_minmax_mlp_logistic": "dense sigmoid dense sigmoid dense softmax argmax gather_features "
    "reshape cast",
}

GOLDENS = {
    "batch norm and scaling behind a layer": (
        """
  input %x : f32[N, 2]
  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  constant %two : f32[] = [2.0]
  constant %one : f32[2] = [1.0, 1.0]
  constant %half : f32[2] = [0.5, 0.25]
  constant %zero : f32[2] = [0.0, 0.0]
  %h = matmul(%x, %w) : f32[N, 2]
  %b = add(%one, %h) : f32[N, 2]
  %n = batch_norm(%b, %half, %one, %one, %one) {epsilon = 0.0} : f32[N, 2]
  %s = sub(%two, %n) : f32[N, 2]
  %y = div(%s, %half) : f32[N, 2]
  output %y
""",
        """
  input %x : f32[N, 2]
  constant %w_1 : f32[2, 2] = [-1.0, -2.0, -3.0, -4.0]
  constant %h.bias : f32[2] = [2.0, 4.0]
  %y = dense(%x, %w_1, %h.bias) : f32[N, 2]
  output %y
""",
    ),
    "scaling, shifting and a transpose in front of a layer": (
        """
  input %x : f32[N, 2, 2]
  constant %w : f32[4, 1] = [1.0, 10.0, 100.0, 1000.0]
  constant %b : f32[1] = [0.5]
  constant %m : f32[2] = [1.0, 2.0]
  constant %s : f32[2, 1] = [2.0, 3.0]
  %c = sub(%x, %m) : f32[N, 2, 2]
  %d = mul(%s, %c) : f32[N, 2, 2]
  %t = transpose(%d) {perm = [0, 2, 1]} : f32[N, 2, 2]
  %f = reshape(%t) {shape = [-1, 4]} : f32[N, 4]
  %y = dense(%f, %w, %b) : f32[N, 1]
  output %y
""",
        """
  input %x : f32[N, 2, 2]
  constant %w_1 : f32[4, 1] = [2.0, 200.0, 30.0, 3000.0]
  constant %b_1 : f32[1] = [-6431.5]
  %reshape = reshape(%x) {shape = [-1, 4]} : f32[N, 4]
  %y = dense(%reshape, %w_1, %b_1) : f32[N, 1]
  output %y
""",
    ),
    "what others read stays for them": (
        """
  input %x : f32[N, 2]
  constant %w : f32[2, 1] = [1.0, 2.0]
  constant %two : f32[] = [2.0]
  %h = mul(%x, %two) : f32[N, 2]
  %a = dense(%h, %w) : f32[N, 1]
  %y = mul(%a, %two) : f32[N, 1]
  output %h, %a, %y
""",
        """
  input %x : f32[N, 2]
  constant %two : f32[] = [2.0]
  constant %w_1 : f32[2, 1] = [2.0, 4.0]
  %h = mul(%x, %two) : f32[N, 2]
  %a = dense(%x, %w_1) : f32[N, 1]
  %y = mul(%a, %two) : f32[N, 1]
  output %h, %a, %y
""",
    ),
    "in front of sign only the sign of a scale counts": (
        """
  input %x : f32[N, 2]
  constant %w : f32[2, 2] = [1.0, -1.0, 1.0, 1.0]
  constant %s : f32[2] = [0.5, -4.0]
  constant %t : f32[2] = [1.0, 1.0]
  %h = dense(%x, %w) : f32[N, 2]
  %m = mul(%h, %s) : f32[N, 2]
  %a = add(%m, %t) : f32[N, 2]
  %y = sign(%a) : f32[N, 2]
  output %y
""",
        """
  input %x : f32[N, 2]
  constant %w_1 : f32[2, 2] = [1.0, 1.0, 1.0, -1.0]
  constant %h.bias : f32[2] = [2.0, 0.25]
  %a = dense(%x, %w_1, %h.bias) : f32[N, 2]
  %y = sign(%a) : f32[N, 2]
  output %y
""",
    ),
    "a product with one row a sample": (
        """
  input %x : f32[N, 1, 2]
  constant %w : f32[2, 3] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
  %y = matmul(%x, %w) : f32[N, 1, 3]
  output %y
""",
        """
  input %x : f32[N, 1, 2]
  constant %w : f32[2, 3] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
  %reshape = reshape(%x) {shape = [-1, 2]} : f32[N, 2]
  %dense = dense(%reshape, %w) : f32[N, 3]
  %y = reshape(%dense) {shape = [-1, 1, 3]} : f32[N, 1, 3]
  output %y
""",
    ),
    "activations and scales that are computed stay": (
        """
  input %x : f32[N, 2]
  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %h = dense(%x, %w) : f32[N, 2]
  %r = relu(%h) : f32[N, 2]
  %g = sigmoid(%h) : f32[N, 2]
  %y = mul(%r, %g) : f32[N, 2]
  output %y
""",
        """
  input %x : f32[N, 2]
  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %h = dense(%x, %w) : f32[N, 2]
  %r = relu(%h) : f32[N, 2]
  %g = sigmoid(%h) : f32[N, 2]
  %y = mul(%r, %g) : f32[N, 2]
  output %y
""",
    ),
}


def graph_of(body: str):
    return parse_graph(f'bsir 1\ngraph "g" at source {{{body}}}\n', OPS)


def same_values(before, after, feeds):
    wanted = run(before, feeds, OPS)
    for name, value in run(after, feeds, OPS).items():
        if value.dtype.kind != "f":
            continue  # an index follows its probabilities, which are outputs or are compared inside
        bound = 2e-5 * max(1.0, float(np.abs(wanted[name]).max(initial=0)))
        np.testing.assert_allclose(value, wanted[name], rtol=0, atol=bound)


@pytest.mark.parametrize("name", GOLDENS)
def test_whole_graphs(name):
    before, after = (graph_of(body) for body in GOLDENS[name])
    result = run_passes(before, [FoldAffine()], OPS, check_changed=True)
    assert print_graph(result.graph) == print_graph(after)
    same_values(before, result.graph, feeds_for(before, 9))
    assert same_graph(FoldAffine().run(result.graph).graph, result.graph)


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_models_become_layers_activations_and_a_tail(name):
    graph = import_model(MODELS / f"{name}.onnx")
    folded = run_passes(graph, source_passes(), OPS, check_changed=True).graph
    assert " ".join(node.op for node in folded.nodes) == SAMPLES[name]
    feeds = feeds_for(graph, 50)
    same_values(graph, folded, feeds)
    if "label" in graph.outputs:
        labels = (run(g, feeds, OPS)["label"].tolist() for g in (graph, folded))
        assert next(labels) == next(labels)


def test_weights_of_plus_minus_one_stay_so():
    graph = import_model(MODELS / "bnn_mlp_op13.onnx")
    folded = run_passes(graph, source_passes(), OPS).graph
    layers = [node for node in folded.nodes if node.op == "dense"]
    # The first layer takes the factor 2 of the input's mapping to [-1, 1] in.
    assert np.unique(np.abs(folded.constants[layers[0].inputs[1]])).tolist() == [2.0]
    assert np.unique(np.abs(folded.constants[layers[1].inputs[1]])).tolist() == [1.0]


@settings(max_examples=60, deadline=None)
@given(perceptrons())
def test_random_perceptrons_keep_what_they_compute(graph):
    folded = run_passes(graph, source_passes(), OPS, check_changed=True).graph
    left = {node.op for node in folded.nodes}
    assert not {"matmul", "batch_norm", "add", "dropout"}.intersection(left)
    same_values(graph, folded, feeds_for(graph, 5))


STEPS = (
    "scale",
    "shift",
    "flip",
    "divide",
    "norm",
    "transpose",
    "reshape",
    "relu",
    "sign",
    "dense",
)


@st.composite
def tangles(draw):
    """Layers with any rearrangements, scalings and activations between, some values read twice."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    builder = GraphBuilder("tangle", Stage.SOURCE, OPS)
    value = builder.input("x", TensorType(Encoding.F32, ("N", 2, 3)))

    def floats(*shape):
        return builder.constant(None, rng.uniform(0.5, 1.5, shape).astype(np.float32))

    for step in draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=10)):
        shape = builder.type_of(value).shape
        sample = shape[1:]
        like = sample if draw(st.booleans()) else sample[-1:]
        match step:
            case "scale":
                value = builder.add("mul", [value, floats(*like)])
            case "shift":
                value = builder.add("add", [floats(1, *sample), value])
            case "flip":
                value = builder.add("sub", [floats(), value])
            case "divide":
                value = builder.add("div", [value, floats(*like)])
            case "norm":
                value = builder.add("batch_norm", [value, *(floats(sample[0]) for _ in range(4))])
            case "transpose":
                perm = (0, *(1 + i for i in draw(st.permutations(range(len(sample))))))
                value = builder.add("transpose", [value], {"perm": perm})
            case "reshape":
                target = draw(st.sampled_from([(6,), (2, 3), (3, 2), (1, 6), (3, 1, 2)]))
                value = builder.add("reshape", [value], {"shape": (-1, *target)})
            case "dense":
                flat = builder.add("reshape", [value], {"shape": (-1, 6)})
                bias = [floats(6)] if draw(st.booleans()) else []
                value = builder.add("dense", [flat, floats(6, 6), *bias])
            case _:
                value = builder.add(step, [value])
        if draw(st.integers(0, 7)) == 0 and value not in builder._outputs:
            builder.output(value)
    if value not in builder._outputs:
        builder.output(value)
    return builder.build()


@settings(max_examples=150, deadline=None)
@given(tangles())
def test_random_tangles_keep_what_they_compute(graph):
    folded = run_passes(graph, source_passes(), OPS, check_changed=True).graph
    assert folded.outputs == graph.outputs
    feeds = feeds_for(graph, 4)
    signs = any(node.op == "sign" for node in graph.nodes)
    if not signs:  # behind a sign the last bit of a sum may decide
        same_values(graph, folded, feeds)
    again = run_passes(folded, [CleanUp(), FoldAffine(), SinkShapes()], OPS, check_changed=True)
    if not signs:
        same_values(graph, again.graph, feeds)


def test_scales_that_leave_float32_are_left_alone_with_a_remark():
    graph = graph_of(
        """
  input %x : f32[N, 2]
  constant %w : f32[2, 1] = [3e+38, 1.0]
  constant %s : f32[] = [10.0]
  %h = dense(%x, %w) : f32[N, 1]  @"fc1"
  %y = mul(%h, %s) : f32[N, 1]
  output %y
"""
    )
    result = FoldAffine().run(graph)
    assert result.graph is graph
    assert not result.changed
    assert result.remarks == (
        "fc1: the scaling beside it is not folded, because weights or biases would not be finite "
        "in float32",
    )


def test_division_by_zero_is_no_scaling():
    graph = graph_of(
        """
  input %x : f32[N, 2]
  constant %w : f32[2, 1] = [3.0, 1.0]
  constant %s : f32[] = [0.0]
  %h = dense(%x, %w) : f32[N, 1]
  %y = div(%h, %s) : f32[N, 1]
  output %y
"""
    )
    assert not FoldAffine().run(graph).changed


def test_twice_the_layers_take_twice_the_steps():
    """Lines of Python run, loops counted; no clock, so that a busy computer cannot fail it."""

    def steps(layers):
        builder = GraphBuilder("deep", Stage.SOURCE, OPS)
        value = builder.input("x", TensorType(Encoding.F32, ("N", 2)))
        two = builder.constant("two", np.float32(2))
        for _ in range(layers):
            value = builder.add("dense", [value, builder.constant(None, np.eye(2, dtype="f4"))])
            value = builder.add("sigmoid", [builder.add("mul", [two, value])])
        builder.output(value)
        graph, count = builder.build(), 0

        def line(frame, event, given):
            nonlocal count
            count += event == "line"
            return line

        before = sys.gettrace()
        sys.settrace(line)
        try:
            folded = FoldAffine().run(graph)
        finally:
            sys.settrace(before)
        assert len(folded.graph.nodes) == 2 * layers
        return count

    assert steps(80) < 2.2 * steps(40)

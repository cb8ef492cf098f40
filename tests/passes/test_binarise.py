"""binarise: weights become codes by the rule of `--weights keep`, biases fill their lines."""

import numpy as np
import pytest

from bsc.hw.plan import TrainPlan
from bsc.hw.registry import resolve
from bsc.ir.builder import GraphBuilder
from bsc.ir.pass_manager import run_passes
from bsc.ops import OPS
from bsc.passes.binarise import BIAS_LINES_MAX, Binarise, shared_bias
from bsc.passes.derive_training import DeriveTraining
from bsc.passes.legalise import LegaliseActivations
from bsc.testing.networks import dense_network


def _binarised(graph, **options):
    return run_passes(
        graph, [LegaliseActivations(options.get("weights", "keep")), Binarise(**options)], OPS
    )


@pytest.mark.parametrize("limit", [16383, 8191])
def test_kept_weights_are_rounded_at_the_largest_scale_that_fits(limit):
    graph = dense_network((20, 13, 4), seed=2)
    made = _binarised(graph, limit=limit).graph
    array = next(n for n in made.nodes if n.op == "array")
    weights = graph.constants["w0"].astype(np.float64)
    scale = int(np.floor(limit / np.abs(weights).max()))
    assert array.attrs["scale"] == scale
    codes = made.constants[array.inputs[0]]
    assert np.array_equal(codes[:20], np.rint(weights * scale).astype(np.int16))
    bias = np.rint(graph.constants["b0"].astype(np.float64) * scale).astype(int)
    assert np.array_equal(codes[20:].sum(axis=0), bias)


@pytest.mark.parametrize("lines", [1, 2, 7])
def test_a_bias_is_shared_evenly_among_its_lines(lines):
    total = np.array([0.0, 1, -1, 13, -13, 100, -100])
    shares = shared_bias(total, lines)
    assert np.array_equal(shares.astype(int).sum(axis=0), total.astype(int))
    assert (np.abs(shares).max(axis=0) - np.abs(shares).min(axis=0)).max() <= 1


def test_a_large_bias_takes_several_lines():
    graph = dense_network((20, 13, 4), seed=2, spread=0.1)
    made = _binarised(graph).graph
    array = next(n for n in made.nodes if n.op == "array")
    ratio = np.abs(graph.constants["b0"]).max() / np.abs(graph.constants["w0"]).max()
    assert array.attrs["rows"] - array.attrs["inputs"] == np.ceil(ratio)


def test_a_bias_beyond_all_lines_lowers_the_scale_and_says_so():
    graph = dense_network((20, 13, 4), seed=2)
    graph.constants["b0"][0] = 1000.0
    made = _binarised(graph)
    array = next(n for n in made.graph.nodes if n.op == "array")
    assert array.attrs["rows"] - array.attrs["inputs"] == BIAS_LINES_MAX
    codes = made.graph.constants[array.inputs[0]]
    assert codes[20:, 0].astype(int).sum() == round(1000.0 * array.attrs["scale"])
    assert any("largest bias" in remark for remark in made.remarks)


def test_layers_of_equal_scale_and_function_share_their_table():
    made = _binarised(dense_network((20, 13, 11, 4)), weights="random").graph
    samples = [n for n in made.nodes if n.op == "sample"]
    assert len(samples) == 2
    assert samples[0].inputs[1] == samples[1].inputs[1]


def test_ordinals_follow_the_chain():
    made = _binarised(dense_network((20, 13, 11, 4))).graph
    assert [n.attrs["layer"] for n in made.nodes if n.op == "array"] == [0, 1, 2]
    assert [n.attrs["layer"] for n in made.nodes if n.op == "sample"] == [0, 1]


def test_values_of_the_model_may_have_the_names_that_the_compiler_would_give():
    # scikit-learn's classifiers hand out `label`, which was the name of the training input.
    names = ("label", "layer0.sums", "layer0.cells", "layer0.error", "x.bits")
    graph = dense_network((20, 13, 4), seed=2)
    builder = GraphBuilder.of(graph, OPS)
    for node in graph.nodes:
        builder.add_node(node.op, node.inputs, node.attrs, outputs=node.outputs, origin=node.origin)
    for name in names:
        builder.output(builder.add("identity", ["y"], name=name))
    device = resolve("oxram-128").device
    passes = [LegaliseActivations(), Binarise(), DeriveTraining.of(TrainPlan(), device)]
    made = run_passes(builder.build(), passes, OPS).graph
    assert made.outputs[: len(names)] == names
    assert made.inputs == ("x", "label_1")

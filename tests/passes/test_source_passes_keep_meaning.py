"""Every SOURCE pass keeps what a network computes, and says honestly whether it changed anything.

Folding multiplies weights ahead of time, so float32 results differ by rounding: over 4,000 seeds of
`random_perceptron` by 3.6e-7 of the largest output at the most, and of `random_convolutional`
not at all, for nothing there folds yet. ALLOWED is 30 times the former; a fold that forgets a bias,
a scale or a transpose is off by more than 1e-3.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsc.ir.graph import Graph
from bsc.ir.interpreter import run
from bsc.ir.pass_manager import Pass, run_passes
from bsc.ir.pipeline_text import parse_pipeline, print_pipeline
from bsc.ops import OPS
from bsc.passes.clean_up import CleanUp
from bsc.passes.fold_affine import FoldAffine
from bsc.passes.sink_shapes import SinkShapes
from bsc.pipelines import PASSES, source_passes
from bsc.testing.random_graphs import TAILS, convolutionals, feeds_for, perceptrons

PIPELINES = {
    "clean-up": (CleanUp(),),
    "fold-affine": (FoldAffine(),),
    "sink-shapes": (SinkShapes(),),
    "all": source_passes(),
}
ALLOWED = 1e-5
SMOOTH_TAILS = tuple(tail for tail in TAILS if tail != "argmax")


def results(graph: Graph) -> dict[str, np.ndarray]:
    return run(graph, feeds_for(graph, 5, seed=1), OPS)


@pytest.mark.parametrize("passes", PIPELINES.values(), ids=PIPELINES.keys())
@settings(max_examples=60, deadline=None)
@given(perceptrons(tails=SMOOTH_TAILS) | convolutionals(tails=SMOOTH_TAILS))
def test_passes_keep_what_a_network_computes(passes: tuple[Pass, ...], graph: Graph) -> None:
    made = run_passes(graph, passes, OPS, check_changed=True)
    before, after = results(graph), results(made.graph)
    assert list(before) == list(after)
    for name, expected in before.items():
        allowed = ALLOWED * max(1.0, float(np.abs(expected).max()))
        assert after[name].shape == expected.shape
        assert np.abs(after[name] - expected).max() <= allowed


@settings(max_examples=60, deadline=None)
@given(perceptrons() | convolutionals())
def test_passes_find_nothing_more_to_do_the_second_time(graph: Graph) -> None:
    once = run_passes(graph, source_passes(), OPS).graph
    assert not run_passes(once, source_passes(), OPS, check_changed=True).changed


@settings(max_examples=40, deadline=None)
@given(perceptrons())
def test_what_is_left_is_dense_layers_and_activations(graph: Graph) -> None:
    left = {node.op for node in run_passes(graph, source_passes(), OPS).graph.nodes}
    assert not left & {"batch_norm", "dropout", "identity", "matmul", "add"}


@given(st.lists(st.sampled_from([*PASSES.values()]), max_size=5))
def test_real_pipelines_are_printed_and_read_both_ways(classes: list[type[Pass]]) -> None:
    passes = tuple(each() for each in classes if each.name != "tile-arrays")
    assert parse_pipeline(print_pipeline(passes), PASSES) == passes

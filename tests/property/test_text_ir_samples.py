"""parse(print(g)) is g at every stage: for all models that come with bsc, and random networks.

Of these 1,000 come back as they are made. 750 are perceptrons, which come back after every pass on
the way to tiles as well; the others hold convolutions, which no array takes. Another 100 are
networks with branches and shared weights.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bsc.driver import compile_model
from bsc.ir.graph import Graph, same_graph
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import PassEvent, run_passes
from bsc.ir.pipeline_text import parse_pipeline
from bsc.ir.printer import print_graph
from bsc.ir.types import Stage
from bsc.models import read_source
from bsc.ops import OPS
from bsc.pipelines import KINDS, PASSES
from bsc.plans import plan_for
from bsc.testing.networks import random_network
from bsc.testing.random_graphs import random_convolutional, random_perceptron

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
ONNX = sorted([*SAMPLES.glob("*.onnx"), *SAMPLES.glob("models/*.onnx")])
LANGUAGE = sorted(SAMPLES.glob("language/*.bsc"))
OF_IMAGES = {"mnist_cnn", "cifar10_cnn"}
MODELS = [*ONNX, *(path for path in LANGUAGE if path.stem not in OF_IMAGES)]
TO_TILES = (
    "clean-up,fold-affine,sink-shapes,fold-affine,clean-up,legalise-activations,"
    "binarise{noise_bits=4},derive-training{device=oxram-128},tile-arrays{rows=8, columns=4}"
)


def comes_back(graph: Graph) -> Graph:
    """The graph, whose text must give it back, and be the text of what it gives."""
    text = print_graph(graph)
    again = parse_graph(text, OPS)
    assert same_graph(again, graph)
    assert print_graph(again) == text
    return graph


def test_there_are_samples() -> None:
    assert len(ONNX) > 6
    assert {path.stem for path in LANGUAGE} > OF_IMAGES


@pytest.mark.parametrize("name", sorted(OF_IMAGES))
def test_models_of_images_come_back_at_source(name: str) -> None:
    passes = parse_pipeline(TO_TILES, PASSES, KINDS)[:5]
    graph = comes_back(read_source(SAMPLES / "language" / f"{name}.bsc").graph)
    run_passes(graph, passes, OPS, check_text=True)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_come_back_after_every_pass(path: Path) -> None:
    graphs = [read_source(path).graph]

    def keep(event: PassEvent) -> None:
        if event.result.changed:
            graphs.append(event.result.graph)

    for rule in ("carry", "sgd"):
        compile_model(path, target="oxram-64", plan=plan_for(rule), observer=keep)
    assert {graph.stage for graph in graphs} == set(Stage)
    for graph in graphs:
        comes_back(graph)


@pytest.mark.parametrize("part", range(10))
def test_random_networks_come_back_at_every_stage(part: int) -> None:
    passes = parse_pipeline(TO_TILES, PASSES, KINDS)
    stages: list[Stage] = []
    for seed in range(100 * part, 100 * part + 75):
        graph = comes_back(random_perceptron(seed, largest=6))
        made = run_passes(graph, passes, OPS, check_text=True).graph
        stages.append(made.stage)
    for seed in range(100 * part + 75, 100 * part + 100):
        graph = comes_back(random_convolutional(seed))
        run_passes(graph, passes[:5], OPS, check_text=True)
    assert stages == [Stage.TILED] * 75


def test_random_branching_networks_come_back_at_every_stage() -> None:
    passes = parse_pipeline(TO_TILES, PASSES, KINDS)
    for seed in range(100):
        graph = comes_back(random_network(seed, largest=5))
        assert run_passes(graph, passes, OPS, check_text=True).graph.stage is Stage.TILED

"""The promise of the house: one program, one seed, one digest, whoever runs it and however.

Tiles of 64 to 512, one and two threads, memory cut anywhere, stopped and resumed, simulator,
step-by-step reference and the graphs themselves: every pair must agree to the bit.
"""

import copy

import numpy as np
import pytest

import bsc
from bsc.driver import recompile
from bsc.ir.pass_manager import run_passes
from bsc.numerics.digest import digest
from bsc.numerics.draws import epoch_order
from bsc.ops import OPS
from bsc.pipelines import chip_passes, source_passes
from bsc.program.file import load
from bsc.testing.graph_executor import GraphExecutor
from bsc.testing.networks import dense_network
from bsc_runtime import Session
from bsc_runtime.reference import ReferenceExecutor

SIZES = (150, 140, 70, 10)
SAMPLES = 200
CASES = [
    ("oxram", {"rule": "carry"}),
    ("oxram", {"rule": "carry", "batch": 16, "threshold": 2, "pulses": 3, "refresh_every": 4}),
    ("pcmo", {"rule": "carry", "threshold": 8}),
    ("ecram", {"rule": "carry", "threshold": 5, "pulses": 64}),
    ("pcm", {"rule": "carry", "batch": 300, "threshold": 9}),
    ("ideal", {"rule": "carry", "threshold": 7}),
    ("ideal-fine", {"rule": "online"}),
    ("oxram", {"rule": "online"}),
    ("ideal", {"rule": "sgd"}),
]


def _data(seed=0):
    random = np.random.default_rng(seed)
    # Sparse pixels, as in images: whole blocks of zeros are skipped by the kernels.
    x = random.integers(0, 256, (SAMPLES, SIZES[0])) * (random.random((SAMPLES, SIZES[0])) < 0.3)
    return x.astype(np.uint8), random.integers(0, 10, SAMPLES)


def _program(device, plan, size=128, weights="random"):
    graph = dense_network(SIZES, "sigmoid", seed=1)
    return bsc.compile(graph, f"{device}-{size}", weights=weights, **plan)


def _trained(program, seed=3, **options):
    chip = Session(program, seed=seed, **options)
    x, y = _data()
    chip.train(x, y, epochs=2)
    sums = chip.infer(x[:50], mode="stochastic", repeats=3, reads=2)["y"]
    return chip.digest(), sums.tobytes()


@pytest.mark.parametrize(("device", "plan"), CASES)
def test_tiles_threads_and_executors_agree(device, plan):
    program = _program(device, plan)
    expected = _trained(program)
    for size in (64, 256, 512):
        assert _trained(_program(device, plan, size)) == expected, size
    assert _trained(program, threads=2) == expected

    def cut(cut_at):
        return lambda program, state, threads: ReferenceExecutor(program, state, memory_cut=cut_at)

    assert _trained(program, executor=cut(1000)) == expected
    assert _trained(program, executor=cut(7)) == expected


@pytest.mark.parametrize(("device", "plan"), CASES)
@pytest.mark.parametrize("stage", ["binary", "tiled"])
def test_the_graph_itself_agrees(device, plan, stage):
    program = _program(device, plan)
    chip = Session(program, seed=3)
    state = copy.deepcopy(chip.state)
    x, y = _data()
    chip.train(x, y, epochs=1)
    passes = chip_passes(
        program.target,
        program.plan,
        weights="random",
        inputs=(),
        ranges={},
    )
    passes = passes if stage == "tiled" else passes[:-1]
    graph = run_passes(program.source, (*source_passes(), *passes), OPS).graph
    executor = GraphExecutor(graph, state)
    order = epoch_order(3, 0, SAMPLES)
    real = (x / 255).astype(np.float32)
    executor.train((real, y.astype(np.int32)), order, program.plan.batch)
    state.epochs = 1
    assert digest(state) == chip.digest()


def test_a_saved_chip_goes_on_like_one_that_never_stopped(tmp_path):
    program = _program("oxram", {"rule": "carry", "threshold": 4})
    x, y = _data()
    straight = Session(program, seed=9)
    straight.train(x, y, epochs=3)
    first = Session(program, seed=9)
    first.train(x, y, epochs=1)
    first.save(tmp_path / "one.bsp")
    second = Session(load(tmp_path / "one.bsp"), threads=2)
    second.train(x, y, epochs=2)
    assert second.digest() == straight.digest()


def test_a_trained_program_keeps_its_cells_on_other_tiles():
    x, y = _data()
    chip = Session(_program("pcmo", {"rule": "carry"}), seed=2)
    chip.train(x, y)
    moved = Session(recompile(chip.program, target="pcmo-64"))
    assert moved.digest() == chip.digest()
    chip.train(x, y)
    moved.train(x, y)
    assert moved.digest() == chip.digest()


@pytest.mark.parametrize("device", ["oxram", "pcm", "pcmo"])
def test_kept_weights_are_the_same_codes_at_every_tile_size(device):
    digests = {
        Session(_program(device, {"rule": "carry"}, size, "keep")).digest()
        for size in (64, 128, 256, 512)
    }
    assert len(digests) == 1


@pytest.mark.parametrize("seeds", [(1, 2), (0, 1 << 40)])
def test_another_seed_is_another_chip(seeds):
    program = _program("oxram", {"rule": "carry", "threshold": 4})
    a, b = (_trained(program, seed) for seed in seeds)
    assert a[0] != b[0]
    assert a[1] != b[1]

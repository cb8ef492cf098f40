"""Networks of reads: the graph itself, operator by operator, and the reference give one digest."""

import copy
from dataclasses import replace

import numpy as np
import pytest

import bsc
from bsc.driver import compile_model
from bsc.hw.plan import LayerPlan
from bsc.hw.registry import resolve
from bsc.ir.pass_manager import run_passes
from bsc.numerics.digest import digest
from bsc.numerics.tables import real_thresholds
from bsc.ops import OPS
from bsc.pipelines import chip_passes, source_passes
from bsc.plans import plan_for
from bsc.program.executor import EncodedData, analog_units
from bsc.testing.graph_executor import GraphExecutor
from bsc.testing.net import Net, twins
from bsc.tiling.plan import StepOp
from bsc_runtime.chip import starting_state
from bsc_runtime.reference import ReferenceExecutor

SAMPLES = 45
TARGETS = ("oxram-128", "pcmo-128", "pcm-128", "ideal-128")


def _data(seed=0):
    """Inputs, class labels and probabilities for `twins`."""
    random = np.random.default_rng(seed)
    left, right = random.random((2, SAMPLES, 6), np.float32)
    return left, right, random.integers(0, 3, SAMPLES), random.random((SAMPLES, 4), np.float32)


def _encoded(left, right):
    thresholds = real_thresholds(np.concatenate([left, right], axis=1).astype(np.float64))
    return EncodedData(thresholds, np.empty(0, np.int32))


def _targets(label, wanted):
    thresholds = real_thresholds(wanted.astype(np.float64))
    return np.concatenate([label[:, None], thresholds], axis=1).astype(np.int32)


def _graph(program, stage):
    passes = chip_passes(program.target, program.plan, weights="random", inputs=(), ranges={})
    passes = passes if stage == "tiled" else passes[:-1]
    return run_passes(program.source, (*source_passes(), *passes), OPS).graph


PLANS = {
    "carry": plan_for(batch=8, threshold=3),
    "online": plan_for("online"),
    "sgd": plan_for("sgd", batch=10),
    "refresh": plan_for(batch=8, threshold=2, refresh_every=2, pulses=2),
    "frozen": plan_for(batch=8, threshold=3, layers=[LayerPlan("mix", frozen=True)]),
    "layers": plan_for(
        batch=8,
        threshold=3,
        layers=[
            LayerPlan("enc", device=resolve("pcmo-128").device, threshold=2),
            LayerPlan("answer", device=resolve("ideal-128").device, pulses=3),
        ],
    ),
    "one head": plan_for(batch=8, threshold=3, readouts={"q": "none"}),
}


@pytest.mark.parametrize("stage", ["binary", "tiled"])
@pytest.mark.parametrize("plan", PLANS)
def test_the_graph_and_the_reference_agree(plan, stage):
    target = "oxram-128" if plan == "refresh" else "pcm-128"
    program = compile_model(twins(), target=target, plan=PLANS[plan], weights="random")
    left, right, label, wanted = _data()
    state = starting_state(program, 7)
    chip = ReferenceExecutor(program, state, memory_cut=11)
    targets = _targets(label, wanted)[:, : program.target_width]
    order = np.random.default_rng(1).permutation(SAMPLES)
    chip.train(_encoded(left, right), targets, order, program.plan.batch)
    graph = _graph(program, stage)
    slow = GraphExecutor(graph, copy.deepcopy(state), memory_cut=5)
    answers = [label.astype(np.int32), wanted][: len(graph.inputs) - 2]
    slow.train((left, right, *answers), order, program.plan.batch)
    assert digest(slow.state) == digest(chip.state())
    assert digest(state) != digest(chip.state())
    sums = chip.infer(_encoded(left, right), "stochastic", repeats=3, seed=4)
    assert np.array_equal(slow.sums((left, right), repeats=3, seed=4), sums)


@pytest.mark.parametrize("target", TARGETS)
def test_tiles_change_nothing(target):
    left, right, label, wanted = _data()
    digests = set()
    for size in (64, 128, 512):
        name = target.replace("128", str(size))
        program = bsc.compile(twins(), name, weights="random", batch=8, threshold=3)
        chip = ReferenceExecutor(program, starting_state(program, 7))
        chip.train(_encoded(left, right), _targets(label, wanted), np.arange(SAMPLES), 8)
        digests.add(digest(chip.state()))
    assert len(digests) == 1


def test_a_shared_array_adds_the_counts_of_all_its_places():
    """Two places against two layers that start alike: the shared counters are their sum."""
    random = np.random.default_rng(5)
    net = Net(left=(6,), right=(6,))
    shared = net.weights(6, 5, "enc")
    joined = [net.op("sigmoid", net.dense(n, 5, "enc", shared)) for n in ("left", "right")]
    net.op("softmax", net.dense(net.op("concat", *joined, axis=1), 3, "answer"), name="p")
    program = bsc.compile(net.graph("p"), "ideal-128", weights="keep", batch=64, threshold=1000)
    apart = replace(program)
    assert [read.array for read in program.reads] == [0, 0, 1]
    assert [a.name for a in program.arrays] == ["enc", "answer"]
    chip = ReferenceExecutor(apart, starting_state(apart, 3))
    values = real_thresholds(random.random((64, 12)))
    data = EncodedData(values, np.empty(0, np.int32))
    targets = random.integers(0, 3, (64, 1)).astype(np.int32)
    chip.train(data, targets, np.arange(64), 64)
    counters = chip.state().arrays[0].counters
    alone = np.zeros_like(counters)
    for step in program.training:
        if step.op is StepOp.COUNT and step.array == 0:
            others = tuple(
                s for s in program.training if s.op is not StepOp.COUNT or s.array or s is step
            )
            one = ReferenceExecutor(replace(program, training=others), starting_state(program, 3))
            one.train(data, targets, np.arange(64), 64)
            alone += one.state().arrays[0].counters
    assert np.array_equal(alone, counters)
    assert np.any(counters)


def test_units_of_analog_sums():
    program = bsc.compile(twins(), "pcm-128", weights="random")
    assert analog_units(program) == (65536, 65536, 65536, 4096, 4096)


def test_analog_sums_are_the_expectations_of_stochastic_ones_behind_one_layer():
    """A head that reads both inputs has sums linear in their bits: means over many repeats meet."""
    net = Net(left=(6,), right=(6,))
    joined = net.op("concat", "left", "right", axis=1)
    net.op("sigmoid", net.dense(joined, 4, "only"), name="q")
    program = bsc.compile(net.graph("q"), "pcm-128", weights="keep")
    chip = ReferenceExecutor(program, starting_state(program, 1))
    left, right, _, _ = _data()
    data = _encoded(left[:3], right[:3])
    exact = chip.infer(data, "analog") / 65536
    repeats = 4000
    mean = chip.infer(data, "stochastic", repeats=repeats) / repeats
    codes = chip.state().arrays[0].cells.astype(int)
    weights = codes[0] - codes[1]
    # Variance of a sum of independent bits is at most a quarter of the sum of squared weights.
    bound = 5 * np.sqrt((weights**2).sum(axis=0) / 4 / repeats)
    assert (np.abs(mean - exact) < bound).all()


def test_votes_of_a_logistic_head_are_its_probability():
    program = bsc.compile(twins(), "pcm-128", weights="random")
    chip = ReferenceExecutor(program, starting_state(program, 1))
    left, right, _, _ = _data()
    votes = chip.infer(_encoded(left, right), "vote", repeats=50)
    assert votes.shape == (SAMPLES, 7)
    assert votes.min() >= 0
    assert votes[:, 3:].max() <= 50
    assert 0 < votes[:, 3:].mean() < 50

"""Random networks through the compiler: the simulator is the reference, whatever is compiled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsc.driver import compile_model
from bsc.hw.plan import LayerPlan
from bsc.hw.registry import resolve
from bsc.plans import plan_for
from bsc.testing.lessons import compare, random_data, random_targets
from bsc.testing.networks import random_network
from bsc_runtime.chip import starting_state
from bsc_runtime.reference import ReferenceExecutor
from bsc_runtime.sim import Simulator

SAMPLES = 70
TARGETS = ("oxram-64", "pcmo-128", "pcm-64", "ideal-128", "ideal-fine-64", "ecram-64")
PLANS = (
    {"batch": 16, "threshold": 3},
    {"batch": 64, "threshold": 2, "pulses": 4},
    {"rule": "online"},
    {"rule": "sgd", "batch": 20},
)


def _agree(graph, target, plan, seed, *, weights="random", real=False):
    program = compile_model(graph, target=target, plan=plan, weights=weights)
    state = starting_state(program, seed)
    simulators = [Simulator(program, state), Simulator(program, state, threads=2)]
    compare(
        program,
        ReferenceExecutor(program, state),
        list(zip(simulators, (SAMPLES, 1), strict=True)),
        random_data(program, SAMPLES, seed, real=real),
        random_targets(program, SAMPLES, seed),
        seed=seed,
    )
    return program


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    form=st.integers(0, 2**32 - 1),
    inputs=st.integers(1, 3),
    layers=st.integers(1, 7),
    target=st.sampled_from(TARGETS),
    plan=st.sampled_from(PLANS),
    seed=st.integers(0, 2**63),
    real=st.booleans(),
)
def test_random_networks(form, inputs, layers, target, plan, seed, real):
    graph = random_network(form, inputs=inputs, layers=layers)
    _agree(graph, target, plan_for(**plan), seed, real=real)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(form=st.integers(0, 2**32 - 1), seed=st.integers(0, 2**63), data=st.data())
def test_random_plans_for_layers(form, seed, data):
    graph = random_network(form, inputs=2, layers=6)
    names = [a.name for a in compile_model(graph, target="pcm-64", weights="random").arrays]
    frozen = data.draw(st.sets(st.sampled_from(names), max_size=len(names) - 1))
    chosen = data.draw(st.lists(st.sampled_from(TARGETS), min_size=len(names), max_size=len(names)))
    layers = [
        LayerPlan(name, frozen=name in frozen, device=resolve(target).device, threshold=2)
        for name, target in zip(names, chosen, strict=True)
    ]
    _agree(graph, "pcm-64", plan_for(batch=8, threshold=3, layers=layers), seed)


@pytest.mark.parametrize("form", range(6))
def test_weights_that_are_kept(form):
    graph = random_network(form, activations=("sigmoid", "tanh", "relu"))
    program = _agree(graph, "oxram-64", plan_for(batch=16, threshold=3), form, weights="keep")
    assert program.state is not None


def test_the_generator_makes_all_that_networks_are_made_of():
    """Several inputs and heads, shared arrays, joined bits, fan-out, both kinds of heads."""
    found = {"inputs": 0, "heads": 0, "shared": 0, "concat": 0, "add": 0, "logistic": 0}
    for form in range(40):
        program = compile_model(random_network(form), target="pcm-64", weights="random")
        ops = [str(step.op) for step in program.training]
        found["inputs"] += len(program.inputs) > 1
        found["heads"] += len(program.heads) > 1
        found["shared"] += len(program.reads) > len(program.arrays)
        for name in ("concat", "add", "logistic"):
            found[name] += name in ops
    assert min(found.values()) >= 4, found
    assert np.isfinite(sum(found.values()))

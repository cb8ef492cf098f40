"""Every sample model and every built-in target: the machine ends where the simulator does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bsc
from bsc.hw.plan import Rule
from bsc.hw.registry import names, resolve
from bsc.testing.networks import dense_network
from bsc_runtime import Session
from bsc_runtime.samples import samples_folder

MODELS = sorted(samples_folder().rglob("*.onnx"))
RULES = [rule.value for rule in Rule if rule is not Rule.HP]


def _inputs(program: bsc.Program, samples: int) -> np.ndarray:
    random = np.random.default_rng(5)
    (spec,) = program.inputs
    low, high = np.asarray(spec.low), np.asarray(spec.high)
    x = random.random((samples, spec.size)) * (random.random(spec.size) < 0.4)
    return (low + x * (high - low)).reshape(samples, *spec.shape).astype(np.float32)


def _same(program: bsc.Program, *, train: bool) -> None:
    found = []
    x = _inputs(program, 70)
    (head,) = program.heads
    labels = np.array(head.classes or range(head.columns))
    y = labels[np.random.default_rng(6).integers(0, len(labels), len(x))]
    for executor in ("simulator", "machine"):
        chip = Session(program, seed=11, executor=executor)
        if train:
            chip.train(x, y, epochs=1)
        asked = [
            chip.infer(x[:20], mode=mode, **more)
            for mode, more in (("stochastic", {"repeats": 2, "reads": 2}), ("binary", {}))
        ]
        outputs = [o[name].tobytes() for o in asked for name in sorted(o)]
        found.append((chip.digest(), outputs))
    assert found[0] == found[1]


def test_there_are_samples() -> None:
    assert len(MODELS) >= 7
    assert len(names()) >= 26


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
@pytest.mark.parametrize("weights", ["keep", "random"])
def test_a_sample_model(model: Path, weights: str) -> None:
    program = bsc.compile(model, "pcmo-128", weights=weights, backend="isa")
    _same(program, train=weights == "random")


@pytest.mark.parametrize("target", names())
def test_a_built_in_target_with_every_rule(target: str) -> None:
    spec = resolve(target)
    chip = spec.chip.model_copy(update={"cores": 2})
    for rule in RULES:
        program = bsc.compile(
            dense_network((20, 12, 4), seed=3),
            spec.model_copy(update={"chip": chip}),
            weights="random",
            rule=rule,
        )
        _same(program, train=True)

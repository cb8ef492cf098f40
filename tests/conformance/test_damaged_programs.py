"""Programs with one thing damaged: refused with what is wrong, or all executors agree on them.

Every number, name, operation and list of every step, array, read, head, tile and buffer is damaged
in turn; a step of inference in training, too, so that it is not refused for that difference alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any

import pytest

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.hw.plan import LayerPlan, TrainPlan
from bsc.ir.graph import Graph
from bsc.plans import plan_for
from bsc.program.model import Program
from bsc.program.verifier import verify_program
from bsc.testing.lessons import compare, random_data, random_targets
from bsc.testing.net import twins
from bsc.testing.twins import twin_network
from bsc_runtime.chip import starting_state
from bsc_runtime.reference import ReferenceExecutor
from bsc_runtime.sim import Simulator

STEPS = ("inference", "training", "update", "plan", "arrays")
"""What executors go by; the rest tells them no more than names and sizes."""

PARTS = (*STEPS, "inputs", "reads", "heads", "tiles", "buffers")
FROZEN = LayerPlan("eye_left", frozen=True)
ONE = LayerPlan("enc", threshold=1, pulses=3)
CASES: dict[str, tuple[Graph, str, TrainPlan]] = {
    "references": (twin_network(), "ideal-64", plan_for(batch=4, threshold=2, layers=[FROZEN])),
    "pairs": (twins(), "pcm-64", plan_for(batch=4, threshold=2, refresh_every=2, layers=[ONE])),
    "master weights": (twins(), "oxram-64", plan_for("sgd", batch=4)),
}
SAMPLES = 9


def damaged(value: Any) -> Iterator[Any]:
    """Everything that a value is with one thing in it changed, left out or there twice."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, StrEnum):
        yield from (other for other in type(value) if other is not value)
    elif isinstance(value, str):
        yield "x"
    elif isinstance(value, int):
        numbers = {-1, 0, 1, value - 1, value + 1, 2**31 - 1, 2**31, 2**64}
        yield from sorted(numbers - {value})
    elif isinstance(value, float):
        yield from (0.0, -value, 2 * value, float("nan"), float("inf"))
    elif isinstance(value, tuple):
        yield from (value[:i] + value[i + 1 :] for i in range(len(value)))
        yield from (value[:i] + value[i : i + 1] + value[i:] for i in range(len(value)))
        for i, each in enumerate(value):
            yield from ((*value[:i], other, *value[i + 1 :]) for other in _elements(each))
    elif is_dataclass(value):
        for each in fields(value):
            if each.name != "origin":
                others = damaged(getattr(value, each.name))
                yield from (replace(value, **{each.name: other}) for other in others)  # type: ignore[type-var]


def _elements(value: Any) -> Iterator[Any]:
    """The same for what stands in a list: a list there is a pair, and files hold no other."""
    if not isinstance(value, tuple):
        yield from damaged(value)
        return
    name, held = value
    yield from ((other, held) for other in damaged(name))
    yield from ((name, other) for other in damaged(held))


def programs(program: Program, part: str) -> Iterator[Program]:
    """The program with one thing in a part of it damaged."""
    rest = program.training[len(program.inference) :]
    if part == "inference":
        for steps in damaged(program.inference):
            yield replace(program, inference=steps, training=steps + rest)
    elif part == "training":
        for steps in damaged(rest):
            yield replace(program, training=program.inference + steps)
    else:
        for other in damaged(getattr(program, part)):
            yield replace(program, **{part: other})


def accepted(program: Program) -> bool:
    try:
        verify_program(program)
    except DiagnosticError:
        return False
    return True


def agree(program: Program) -> None:
    state = starting_state(program, 1)
    data, targets = random_data(program, SAMPLES, 1), random_targets(program, SAMPLES, 1)
    others = [(Simulator(program, state), SAMPLES)]
    compare(program, ReferenceExecutor(program, state), others, data, targets, batch=4)


@pytest.mark.parametrize("name", CASES)
def test_what_is_damaged_is_refused_or_every_executor_runs_it_alike(name: str) -> None:
    graph, target, plan = CASES[name]
    program = compile_model(graph, weights="random", target=target, plan=plan)
    refused = run = 0
    for part in PARTS:
        for other in programs(program, part):
            if not accepted(other):
                refused += 1
            elif part in STEPS:
                agree(other)
                run += 1
    assert refused > 1000
    assert run > 20

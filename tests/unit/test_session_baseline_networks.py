"""The float baseline of networks: arrays that stay apart or frozen, cells that answer alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bsc.diag import DiagnosticError
from bsc.driver import compile_model, recompile
from bsc.hw.plan import LayerPlan, TrainPlan
from bsc.numerics.cells import forward_weights
from bsc.plans import plan_for
from bsc.program.model import Program
from bsc.testing.net import Net
from bsc.testing.twins import twin_network
from bsc_runtime import Session
from bsc_runtime.train.history import History
from bsc_runtime.train.network import HpNetwork

Arrays = dict[str, npt.NDArray[Any]]


def problem() -> tuple[Arrays, Arrays]:
    """Which side is brighter, or neither by far; and four numbers of the left side."""
    random = np.random.default_rng(0)
    x = {side: random.random((400, 6), np.float32) for side in ("left", "right")}
    gap = x["left"].sum(axis=1) - x["right"].sum(axis=1)
    kind = np.where(np.abs(gap) < 0.5, 2, gap > 0)
    return x, {"kind": kind, "shade": x["left"][:, :4]}


def chip(program: Program, seed: int | None = 3) -> Session:
    return Session(program, seed=seed, executor="reference")


def holding(*frozen: str) -> TrainPlan:
    layers = [LayerPlan(name, frozen=True) for name in frozen]
    return plan_for("hp", batch=20, eta=0.5, layers=layers)


def alike(session: Session, history: History, x: Arrays, y: Arrays) -> None:
    """The chip answers as the float network did: weights of 13 bits change little."""
    found, floats = session.evaluate(x, y).outputs, history.outputs
    assert found["kind"].accuracy == pytest.approx(floats["kind"].accuracy, abs=0.01)
    assert found["shade"].squared_error == pytest.approx(floats["shade"].squared_error, rel=1e-2)


def test_arrays_of_shared_weights_and_other_biases_get_weights_of_their_own() -> None:
    net = Net("twins", left=(6,), right=(6,))
    weights, bias = net.weights(6, 5, "eye")
    other = net.weights(6, 5, "other")[1]
    seen = [
        net.op("sigmoid", net.dense(side, 5, side, (weights, shift)))
        for side, shift in (("left", bias), ("right", other))
    ]
    net.op("softmax", net.dense(net.op("concat", *seen, axis=1), 3, "kind"), name="kind")
    plan = plan_for("hp", batch=20, eta=0.5)
    made = compile_model(net.graph("kind"), target="ideal-64", weights="random", plan=plan)
    x, y = problem()
    session = chip(made)
    history = session.train(x, y["kind"], epochs=30)
    assert len(session.program.arrays) == 3
    assert (history.accuracy or 0) > 0.7  # seeded
    assert session.evaluate(x, y["kind"]).accuracy == pytest.approx(history.accuracy, abs=0.01)


def test_the_baseline_keeps_frozen_weights() -> None:
    x, y = problem()
    plan = plan_for("hp", batch=8, eta=0.5, layers=[LayerPlan("eye_left", frozen=True)])
    session = chip(compile_model(twin_network(), target="ideal-64", plan=plan))
    before = session.state
    session.train(x, y, epochs=2)
    np.testing.assert_array_equal(session.state.arrays[0].cells, before.arrays[0].cells)
    assert not np.array_equal(session.state.arrays[1].cells, before.arrays[1].cells)


def test_the_baseline_keeps_the_models_own_neurons_beside_frozen_layers() -> None:
    x, y = problem()
    graph, plan = twin_network(activation="relu"), holding("eye_left")
    made = compile_model(graph, target="ideal-64", plan=plan, calibrate=x)
    session = chip(made)
    history = session.train(x, y, epochs=20)
    assert [read.function for read in session.program.reads[:2]] == ["relu", "relu"]
    assert session.program.calibration == made.calibration
    alike(session, history, x, y)


def test_the_baseline_keeps_arrays_that_could_not_be_shared() -> None:
    x, y = problem()
    x["right"] = 4 * x["right"]
    ranges = {"left": (0.0, 1.0), "right": (0.0, 4.0)}
    graph, plan = twin_network(spread=0.5), holding("eye_left")
    made = compile_model(graph, target="ideal-64", plan=plan, input_range=ranges)
    session = chip(made)
    before = session.state
    history = session.train(x, y, epochs=20)
    names = ["eye_left", "eye_right", "kind", "shade"]
    assert [array.name for array in session.program.arrays] == names
    np.testing.assert_array_equal(session.state.arrays[0].cells, before.arrays[0].cells)
    alike(session, history, x, y)


@pytest.mark.parametrize("target", ["ideal-64", "oxram-64", "pcm-64", "ecram-64"])
def test_the_baseline_keeps_the_cells_of_frozen_arrays(target: str) -> None:
    """Cells of a device, in codes that no given weights would have, and what is read of them."""
    x, y = problem()
    made = compile_model(twin_network(), target=target, weights="random", plan=holding("eye_left"))
    session = chip(made, seed=4)
    before = session.state.arrays[0]
    history = session.train(x, y, epochs=20)
    after = session.state.arrays[0]
    np.testing.assert_array_equal(after.cells, before.cells)
    np.testing.assert_array_equal(after.counters, before.counters)
    if before.row_reference is not None:
        np.testing.assert_array_equal(after.row_reference, before.row_reference)
    assert session.program.arrays[0] == made.arrays[0]
    assert not any("eye_left" in remark for remark in session.program.remarks)
    alike(session, history, x, y)
    moved = recompile(session.program, plan=plan_for("carry"))
    assert Session(moved, executor="reference").digest() == session.digest()


def test_a_program_without_state_has_the_frozen_cells_that_its_seed_draws() -> None:
    made = compile_model(twin_network(), target="oxram-64", weights="random",
                         plan=holding("eye_left"))  # fmt: skip
    codes = forward_weights(chip(made, seed=9).state.arrays[0])
    matrix, bias = HpNetwork(made, seed=9).weights[0]
    np.testing.assert_array_equal(np.rint(matrix * made.arrays[0].scale), codes[:6])
    np.testing.assert_array_equal(np.rint(bias * made.arrays[0].scale), codes[6])


@pytest.mark.parametrize(
    ("readouts", "frozen", "said"),
    [
        ({"shade": "softmax"}, (), "the layer shade has one output"),
        ({"kind": "none", "shade": "none"}, (), "no output has a readout"),
        ({}, ("hidden", "kind", "shade"), "every layer is frozen"),
    ],
)
def test_the_baseline_refuses_what_a_chip_cannot_learn(
    readouts: dict[str, str], frozen: tuple[str, ...], said: str
) -> None:
    net = Net("n", x=(6,))
    hidden = net.op("sigmoid", net.dense("x", 5, "hidden"))
    net.op("softmax", net.dense(hidden, 3, "kind"), name="kind")
    net.op("sigmoid", net.dense(hidden, 1, "shade"), name="shade")
    graph = net.graph("kind", "shade")
    layers = [LayerPlan(name, frozen=True) for name in frozen]
    for rule in ("hp", "carry"):
        plan = plan_for(rule, readouts=readouts, layers=layers)
        made = compile_model(graph, weights="random", plan=plan)
        x, y = np.zeros((9, 6)), np.zeros(9, int)
        with pytest.raises(DiagnosticError, match=f"BSC6031: .*{said}"):
            chip(made).train(x, {"kind": y, "shade": y})

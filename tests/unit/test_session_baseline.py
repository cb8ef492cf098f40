"""The float baseline: its gradients, its runs in a session, its way onto the chip."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.numerics.functions import probability
from bsc.plans import plan_for
from bsc.program.executor import EncodedData
from bsc.program.model import Program
from bsc.testing.networks import dense_network
from bsc.tiling.plan import ReadSpec
from bsc_runtime import Callback, EpochRecord, Interrupted, Session, load_data
from bsc_runtime.data import encode
from bsc_runtime.train.hp import HpNetwork, hp_accuracy, hp_logits, train_hp, tune_eta
from bsc_runtime.train.neurons import neuron_of


@cache
def digits() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    data = load_data("digits")
    assert data.x_test is not None
    return data.x / 16, data.labels(), data.x_test / 16


def program(eta: float = 0.5) -> Program:
    plan = plan_for("hp", eta=eta, batch=20)
    graph = dense_network((64, 30, 20, 10))
    return compile_model(graph, target="ideal-64", weights="random", plan=plan)


def encoded(made: Program) -> tuple[EncodedData, npt.NDArray[np.int32]]:
    x, y, _ = digits()
    return encode(made.inputs[0], x), y.astype(np.int32)


def test_steps_go_down_the_gradient() -> None:
    """The change of every weight is -eta times the slope of the mean loss, by finite differences.

    The step is taken in single precision from weights of about 0.1; differences of the loss over
    2e-3 in double precision agree to about 1e-3 of the largest slope of the layer.
    """
    made = program()
    data, labels = encoded(made)
    rows = np.arange(40)
    x = data.values[rows] / 65536 if data.values.dtype != np.uint8 else None
    assert x is not None
    network = HpNetwork(made, seed=3)
    before = [(w.astype(np.float64), b.astype(np.float64)) for w, b in network.weights]
    network.learn(x.astype(np.float32), labels[rows, None], eta=1.0)

    def loss(weights: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]) -> float:
        p = x
        for number, (matrix, bias) in enumerate(weights):
            y = p @ matrix + bias
            p = y if number == 2 else 1 / (1 + np.exp(-4 * y))
        logs = p - np.log(np.exp(p).sum(axis=1, keepdims=True))
        return float(-logs[rows, labels[rows]].mean())

    rng = np.random.default_rng(1)
    for layer in range(3):
        moved = network.weights[layer][0] - before[layer][0]
        shifted = network.weights[layer][1] - before[layer][1]
        for _ in range(8):
            i, j = rng.integers(moved.shape[0]), rng.integers(moved.shape[1])
            for part, place, step in ((0, (i, j), moved[i, j]), (1, (j,), shifted[j])):
                slopes = []
                for sign in (1, -1):
                    weights = [(w.copy(), b.copy()) for w, b in before]
                    weights[layer][part][place] += sign * 1e-3
                    slopes.append(loss(weights))
                slope = (slopes[0] - slopes[1]) / 2e-3
                assert abs(step + slope) < 1e-3 * np.abs(moved).max() + 1e-6


@pytest.mark.parametrize(
    ("function", "parameters", "low", "high"),
    [
        ("logistic", (4.0,), 0.0, 1.0),
        ("logistic", (1.0,), 0.0, 1.0),
        ("tanh", (1.0,), -1.0, 1.0),
        ("relu", (), 0.0, 3.0),
        ("leaky_relu", (0.1,), -1.0, 3.0),
        ("hard_sigmoid", (0.2, 0.5), 0.0, 1.0),
        ("clip", (-1.0, 1.0), -1.0, 1.0),
    ],
)
def test_neurons_agree_with_their_functions_and_slopes(
    function: str, parameters: tuple[float, ...], low: float, high: float
) -> None:
    """Single precision against double: 1e-6 of values up to 1, slopes by differences to 1e-3."""
    spec = ReadSpec("a", 0, 2.0, function, parameters, low, high)
    y = np.linspace(-0.9, 1.1, 37)
    neuron = neuron_of(spec)
    p = neuron.forward(y.astype(np.float32))

    def exact(at: npt.NDArray[np.float64]) -> npt.NDArray[np.floating]:
        return probability(function, parameters, at, gain=2.0, low=low, high=high)

    inside = (exact(y) > 0.01) & (exact(y) < 0.99)
    np.testing.assert_allclose(p[inside], exact(y)[inside], rtol=0, atol=1e-6)
    kink = np.abs(y[:, None] - np.array([[0.0, 0.5, -0.5]])).min(axis=1) < 1e-2
    checked = inside & ~kink
    slope = (exact(y + 1e-5) - exact(y - 1e-5)) / 2e-5
    np.testing.assert_allclose(neuron.slope_at(p)[checked], slope[checked], rtol=1e-3, atol=1e-3)


def test_a_function_without_gradient_is_refused() -> None:
    spec = ReadSpec("a", 0, 1.0, "sign", (), -1.0, 1.0)
    with pytest.raises(DiagnosticError, match="BSC6031"):
        neuron_of(spec)


def test_runs_repeat_and_seeds_differ() -> None:
    made = program()
    data, labels = encoded(made)
    runs = [
        [e.loss for e in train_hp(made, data, labels, epochs=2, eta=0.5, seed=s, batch=20)]
        for s in (1, 1, 2)
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_session_trains_the_baseline_and_maps_it_to_cells() -> None:
    """15 epochs on digits pass 90 %; the chip's codes answer like the float network."""
    x, y, x_test = digits()
    y_test = load_data("digits").y_test
    assert y_test is not None
    session = Session(program(), seed=2, executor="reference")
    history = session.train(x, y, epochs=15, x_test=x_test, y_test=y_test)
    assert len(history.records) == 15
    assert history.records[-1].loss is not None
    assert history.records[-1].loss < history.records[0].loss / 4  # type: ignore[operator]
    assert history.accuracy is not None
    assert history.accuracy > 0.9  # seeded
    found = session.evaluate(x_test, y_test)
    assert found.correct is not None
    assert abs(found.correct - history.accuracy * len(y_test)) <= 2
    assert session.state.epochs == 15
    assert session.program.options.weights == "keep"


def test_weights_on_the_chip_are_the_floats_rounded_to_codes() -> None:
    made = program()
    data, labels = encoded(made)
    *_, last = train_hp(made, data, labels, epochs=3, eta=0.5, seed=2, batch=20)
    logits = hp_logits(made, last.weights, data)
    session = Session(made, seed=2, executor="reference")
    session.train(digits()[0], labels, epochs=3)
    chip = session.infer(digits()[0])["y"]
    floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    floats /= floats.sum(axis=1, keepdims=True)
    assert np.abs(chip - floats).max() < 2.0**-6  # 13-bit weights, 12-bit probabilities


def test_eta_is_tuned_on_held_back_training_samples() -> None:
    made = program()
    data, labels = encoded(made)
    heard: dict[float, float] = {}
    best, found = tune_eta(
        made,
        data,
        labels,
        epochs=2,
        batch=20,
        etas=(0.001, 0.2, 0.5),
        held_back=300,
        on_result=heard.__setitem__,
    )
    assert found == heard
    assert found[best] == max(found.values())
    assert best in (0.2, 0.5)
    *_, last = train_hp(
        made, _first(data, 1137), labels[:1137], epochs=2, eta=best, seed=0, batch=20
    )
    asked = EncodedData(data.values[1137:], data.levels)
    assert found[best] == hp_accuracy(made, last.weights, asked, labels[1137:])


def test_no_checkpoints_and_ctrl_c_ends_at_an_epoch() -> None:
    x, y, _ = digits()
    session = Session(program(), seed=2, executor="reference")
    with pytest.raises(DiagnosticError, match="BSC6108"):
        session.train(x, y, checkpoint="anywhere")

    class Stop(Callback):
        def on_epoch(self, record: EpochRecord) -> None:
            if record.epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        session.train(x, y, epochs=9, callbacks=[Stop()])
    assert len(stopped.value.history.records) == 2
    assert session.state.epochs == 2


def test_a_program_with_kept_weights_gets_the_rules_neurons() -> None:
    made = compile_model(
        dense_network((64, 30, 10), "relu"), target="ideal-64", plan=plan_for("hp", batch=20)
    )
    x, y, _ = digits()
    session = Session(replace(made), seed=2, executor="reference")
    session.train(x, y, epochs=1)
    assert session.program.reads[0].function == "logistic"


def test_a_network_without_bias_learns_and_its_cells_answer_alike() -> None:
    x, y, _ = digits()
    plan = plan_for("hp", eta=0.5, batch=20)
    graph = dense_network((64, 20, 10), bias=False)
    made = compile_model(graph, target="ideal-64", weights="random", plan=plan)
    session = Session(made, seed=2, executor="reference")
    history = session.train(x, y, epochs=5, validation=300)
    found = session.evaluate(x[-300:], y[-300:])
    assert history.accuracy is not None
    assert history.accuracy > 0.8  # seeded
    assert found.correct is not None
    assert abs(found.correct - 300 * history.accuracy) <= 2
    assert all(spec.bias_lines == 0 for spec in session.program.arrays)


def _first(data: EncodedData, count: int) -> EncodedData:
    return EncodedData(data.values[:count], data.levels)

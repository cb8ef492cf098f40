"""Sessions of networks of reads: several inputs, shared arrays, several outputs, logistic ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bsc.diag import Diagnostic, DiagnosticError
from bsc.driver import compile_model
from bsc.hw.plan import LayerPlan
from bsc.ir.interpreter import run
from bsc.ops import OPS
from bsc.plans import plan_for
from bsc.program.file import load
from bsc.program.model import Program
from bsc.testing.twins import sigmoid_network, twin_network
from bsc_runtime import Session
from bsc_runtime.metrics import OutputScore
from bsc_runtime.train.hp import probabilities_of
from bsc_runtime.train.network import HpNetwork

Arrays = dict[str, npt.NDArray[Any]]


@cache
def twins(rule: str = "carry", frozen: tuple[str, ...] = ()) -> Program:
    numbers = {"threshold": 6} if rule == "carry" else {}
    layers = [LayerPlan(name, frozen=True) for name in frozen]
    plan = plan_for(rule, batch=8, layers=layers, **numbers)
    return compile_model(twin_network(), target="oxram-64", weights="random", plan=plan)


def problem(samples: int = 60, seed: int = 0) -> tuple[Arrays, Arrays]:
    """Which side is brighter, or neither by far; and four numbers of the left side."""
    random = np.random.default_rng(seed)
    x = {
        "left": random.random((samples, 6), np.float32),
        "right": random.random((samples, 2, 3), np.float32),
    }
    gap = x["left"].sum(axis=1) - x["right"].sum(axis=(1, 2))
    kind = np.where(np.abs(gap) < 0.5, 2, gap > 0)
    return x, {"kind": kind, "shade": x["left"][:, :4].reshape(samples, 2, 2)}


def chip(program: Program, seed: int | None = 3) -> Session:
    return Session(program, seed=seed, executor="reference")


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "hard_sigmoid"])
def test_analog_is_the_model_up_to_code_rounding(activation: str) -> None:
    """As for chains: outputs in [0, 1] stay within 2**-8 of the float model."""
    graph = twin_network(activation=activation)
    x, _ = problem()
    found = chip(compile_model(graph, target="ideal-64")).infer(x)
    wanted = run(graph, x, OPS)
    assert list(found) == ["kind", "shade"]
    for name, value in wanted.items():
        assert found[name].shape == value.shape
        assert np.abs(found[name] - value).max() < 2.0**-8


def test_single_inputs_may_have_ranges_of_their_own() -> None:
    graph = twin_network(spread=0.5)
    made = compile_model(graph, target="ideal-64", input_range={"right": (-2.0, 2.0)})
    x, _ = problem()
    x["right"] = 4 * x["right"] - 2
    found, wanted = chip(made).infer(x), run(graph, x, OPS)
    assert np.abs(found["kind"] - wanted["kind"]).max() < 2.0**-7
    x["right"][3, 1, 1] = 2.5
    x["left"][2, 0] = -1
    with pytest.raises(DiagnosticError) as caught:
        chip(made).infer(x, mode="binary")
    assert [d.code for d in caught.value.diagnostics] == ["BSC6012", "BSC6012"]
    assert [d.labels[0].span.source for d in caught.value.diagnostics] == ["left", "right"]
    x["right"][3, 1, 1] = 2.0
    heard: list[Diagnostic] = []
    Session(made, executor="reference", on_note=heard.append).infer(x)
    assert "values of input `left`" in heard[0].message


def test_bytes_and_numbers_mix() -> None:
    """Pixels of all inputs stay bytes; beside numbers they become the same thresholds."""
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (20, 6), np.uint8)
    floats = random.random((20, 6))
    session = chip(twins())
    for left in (pixels, pixels / 255):
        for right in (pixels, floats):
            one = session.infer({"left": left, "right": right.reshape(20, 2, 3)})
            other = session.infer({"left": pixels, "right": right.reshape(20, 2, 3)})
            np.testing.assert_array_equal(one["kind"], other["kind"])


def test_a_run_learns_and_says_so_of_each_output() -> None:
    x, y = problem(400)
    plan = plan_for("carry", batch=16, threshold=16)
    made = compile_model(twin_network(), target="ideal-64", weights="random", plan=plan)
    session = chip(made, seed=1)
    before = session.evaluate(x, y)
    history = session.train(x, y, epochs=25)
    after = session.evaluate(x, y)
    assert (after.accuracy, after.correct, after.squared_error) == (None, None, None)
    assert dict(history.outputs) == dict(after.outputs)
    assert history.records[-1].marks.startswith("kind: accuracy ")
    assert ", shade: squared error 0.0" in history.records[-1].marks
    kind, shade = after.outputs["kind"], after.outputs["shade"]
    assert kind.accuracy is not None
    assert kind.accuracy > 0.5  # seeded; the largest class has 0.4
    assert shade.squared_error is not None
    assert shade.squared_error < (before.outputs["shade"].squared_error or 0) * 0.8


def test_scores_are_what_their_definitions_say() -> None:
    x, y = problem()
    session = chip(compile_model(twin_network(), target="ideal-64"))
    out = session.infer(x)
    found = session.evaluate(x, y).outputs
    accuracy = float((out["kind"].argmax(axis=1) == y["kind"]).mean())
    assert found["kind"] == OutputScore("softmax", accuracy, None)
    error = ((out["shade"].astype(np.float64) - y["shade"]) ** 2).mean()
    assert found["shade"].accuracy is None
    assert found["shade"].squared_error == pytest.approx(error, rel=1e-5)
    votes = session.infer(x, mode="vote", repeats=7)
    assert list(votes) == ["kind.votes", "shade.votes"]
    share = session.evaluate(x, y, mode="vote", repeats=7).outputs["shade"].squared_error
    wanted = ((votes["shade.votes"] / 7 - y["shade"].reshape(-1, 4)) ** 2).mean()
    assert share == pytest.approx(wanted, rel=1e-12)
    one = session.evaluate(x, {"shade": y["shade"]})
    assert list(one.outputs) == ["shade"]
    assert one.squared_error == found["shade"].squared_error
    predicted = session.predict(x)
    assert isinstance(predicted, dict)
    np.testing.assert_array_equal(predicted["kind"], out["kind"].argmax(axis=1))


def test_an_autoencoder_learns_its_input() -> None:
    random = np.random.default_rng(0)
    x = random.random((300, 3), np.float32)[:, np.arange(12) % 3]
    plan = plan_for("carry", batch=20, threshold=20)
    made = compile_model(sigmoid_network((12, 8, 12)), target="oxram-64", weights="random",
                         plan=plan)  # fmt: skip
    session = chip(made, seed=1)
    before = session.evaluate(x, x).squared_error
    history = session.train(x, x, epochs=8)
    assert history.accuracy is None
    assert history.squared_error == session.evaluate(x, x).squared_error
    assert before is not None
    assert history.squared_error is not None
    assert history.squared_error < before / 2  # seeded
    for mode in ("binary", "stochastic", "vote"):
        assert session.evaluate(x, x, mode=mode).squared_error is not None


def test_yes_and_no_of_one_column_are_classes() -> None:
    random = np.random.default_rng(0)
    x = random.random((300, 6), np.float32)
    y = (x[:, 0] > x[:, 1]).astype(np.int64)
    plan = plan_for("carry", batch=20, threshold=20)
    made = compile_model(sigmoid_network((6, 8, 1)), target="ideal-64", weights="random", plan=plan)
    session = chip(made, seed=1)
    history = session.train(x, y, epochs=20)
    assert history.accuracy is not None
    assert history.accuracy > 0.8  # seeded
    found = session.evaluate(x, y)
    assert (found.accuracy, found.squared_error) == (history.accuracy, history.squared_error)
    np.testing.assert_array_equal(session.predict(x), session.infer(x)["y"][:, 0] > 0.5)
    votes = session.infer(x, mode="vote", repeats=9)["votes"]
    np.testing.assert_array_equal(session.predict(x, mode="vote", repeats=9), votes[:, 0] > 4.5)
    assert session.evaluate(x, 0.5 * y + 0.25).accuracy is None


def test_columns_of_a_logistic_output_may_stand_for_classes() -> None:
    x, y = problem()
    readouts = {"kind": "logistic", "shade": "none"}
    made = compile_model(twin_network(), target="oxram-64", weights="random",
                         plan=plan_for(batch=8, threshold=6, readouts=readouts))  # fmt: skip
    session = chip(made)
    history = session.train(x, y["kind"], epochs=1)
    assert list(history.outputs) == ["kind"]
    assert history.accuracy is not None
    assert history.squared_error is not None
    with pytest.raises(DiagnosticError, match=r"BSC6030: .* output shade learns nothing"):
        session.infer(x, mode="vote")
    assert list(session.infer(x)) == ["kind", "shade"]


def test_frozen_layers_stay() -> None:
    x, y = problem()
    session = chip(twins(frozen=("eye_left",)))
    before = session.state
    session.train(x, y, epochs=3)
    moved = [
        not np.array_equal(a.cells, b.cells)
        for a, b in zip(before.arrays, session.state.arrays, strict=True)
    ]
    assert moved == [False, True, True]


def test_layers_may_be_of_another_device() -> None:
    from bsc.hw.registry import resolve

    device = resolve("ecram-64").device
    plan = plan_for("carry", batch=8, threshold=6, layers=[LayerPlan("kind", device=device)])
    made = compile_model(twin_network(), target="oxram-64", weights="random", plan=plan)
    session = chip(made)
    assert [a.style for a in session.state.arrays] == [
        made.device_of(0).style,
        device.style,
        made.device_of(2).style,
    ]
    found = session.conductances()
    assert {name.split("/")[-1] for name in found if name.startswith("kind/")} == {
        "cell", "row_reference", "column_reference",
    }  # fmt: skip
    assert max(a.max() for n, a in found.items() if n.startswith("kind/")) <= device.g_max_siemens


def test_a_run_resumes_to_the_same_digest_and_refuses_other_data(tmp_path: Path) -> None:
    x, y = problem()
    whole = chip(twins())
    whole.train(x, y, epochs=3, checkpoint=tmp_path / "a")
    part = chip(twins())
    part.train(x, y, epochs=2, checkpoint=tmp_path / "b")
    resumed = chip(twins(), None)
    history = resumed.train(x, y, epochs=3, checkpoint=tmp_path / "b", resume=True)
    assert resumed.digest() == whole.digest()
    assert list(history.records[0].outputs) == ["kind", "shade"]
    assert isinstance(history.records[0].outputs["shade"], OutputScore)
    for key in ("right", "shade"):
        other = {k: v.copy() for k, v in {**x, **y}.items()}
        other[key][7, 1, 1] = 0.123
        with pytest.raises(DiagnosticError, match="BSC6104"):
            chip(twins(), None).train(
                {k: other[k] for k in x},
                {k: other[k] for k in y},
                epochs=3,
                checkpoint=tmp_path / "b",
                resume=True,
            )
    with pytest.raises(DiagnosticError, match=r"BSC6105.*layers was None, is now"):
        chip(twins(frozen=("kind",)), None).train(
            x, y, epochs=3, checkpoint=tmp_path / "b", resume=True
        )


def test_a_saved_session_goes_on(tmp_path: Path) -> None:
    x, y = problem()
    session = chip(twins())
    session.train(x, y, epochs=2)
    again = Session(load(session.save(tmp_path / "t.bsp")), executor="reference")
    assert again.digest() == session.digest()
    session.train(x, y)
    again.train(x, y)
    assert again.digest() == session.digest()


def test_arguments_that_do_not_fit() -> None:
    x, y = problem()
    session = chip(twins())
    short = {**x, "right": x["right"][:-1]}
    bad = {**x, "right": x["right"].reshape(-1, 3, 2)}
    nan = {**x, "right": np.where(x["right"] > 0.5, np.nan, x["right"])}
    cases: list[tuple[Any, Any, list[tuple[str, str]]]] = [
        (x["left"], y, [("BSC6006", "x")]),
        ({"left": x["left"]}, y, [("BSC6006", "x")]),
        ({**x, "rihgt": 1}, y, [("BSC6017", "x")]),
        (x, y["kind"], [("BSC6006", "y")]),
        (short, y, [("BSC6011", "right")]),
        (bad, y, [("BSC6009", "right")]),
        (nan, y, [("BSC6008", "right")]),
        (x, {**y, "shade": 2 * y["shade"]}, [("BSC6016", "shade")]),
        (x, {**y, "kind": y["kind"][:-1]}, [("BSC6011", "kind")]),
    ]
    for given, wanted, told in cases:
        with pytest.raises(DiagnosticError) as caught:
            session.train(given, wanted)
        found = [(d.code, d.labels[0].span.source) for d in caught.value.diagnostics]
        assert found == told
    with pytest.raises(DiagnosticError) as caught:
        session.train(x, y, x_test=nan, y_test=y)
    assert caught.value.diagnostics[0].labels[0].span.source == "right_test"


def test_the_baseline_goes_down_the_gradient() -> None:
    """Every weight moves by -eta times the slope of the loss, by finite differences.

    The loss of `shade` counts in units of its slope a = 4: there the error is p - x. The step is
    taken in single precision; differences over 2e-3 agree to 1e-3 of the array's largest slope.
    """
    made = twins("hp")
    x, y = problem(40)
    session = chip(made)
    learned = _material(made, x, y)
    given = probabilities_of(learned.data, np.arange(40))
    network = HpNetwork(made, seed=3)
    before = [(w.astype(np.float64), b.astype(np.float64)) for w, b in network.weights]
    network.learn(given, learned.targets, eta=1.0)
    sides = [given[:, :6].astype(np.float64), given[:, 6:].astype(np.float64)]
    numbers = learned.targets[:, 1:] / 65536
    rows = np.arange(40)

    def loss(weights: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]) -> float:
        (eye, b0), (kind, b1), (shade, b2) = weights
        both = np.hstack([1 / (1 + np.exp(-4 * (side @ eye + b0))) for side in sides])
        logits = both @ kind + b1
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        p = 1 / (1 + np.exp(-4 * (both @ shade + b2)))
        binary = -(numbers * np.log(p) + (1 - numbers) * np.log(1 - p)).sum(axis=1) / 4
        return float((binary - logs[rows, learned.targets[:, 0]]).mean())

    random = np.random.default_rng(1)
    for array in range(3):
        moved = network.weights[array][0] - before[array][0]
        shifted = network.weights[array][1] - before[array][1]
        for _ in range(8):
            i, j = random.integers(moved.shape[0]), random.integers(moved.shape[1])
            for part, place, step in ((0, (i, j), moved[i, j]), (1, (j,), shifted[j])):
                slopes = []
                for sign in (1, -1):
                    weights = [(w.copy(), b.copy()) for w, b in before]
                    weights[array][part][place] += sign * 1e-3
                    slopes.append(loss(weights))
                slope = (slopes[0] - slopes[1]) / 2e-3
                assert abs(step + slope) < 1e-3 * np.abs(moved).max() + 1e-6
    assert session.train(x, y, epochs=1).records[0].loss is not None


def test_the_baseline_learns_and_its_cells_answer_alike() -> None:
    x, y = problem(400)
    plan = plan_for("hp", batch=20, eta=0.5)
    made = compile_model(twin_network(), target="ideal-64", weights="random", plan=plan)
    session = chip(made)
    history = session.train(x, y, epochs=30)
    found = session.evaluate(x, y).outputs
    floats = history.outputs
    assert (floats["kind"].accuracy or 0) > 0.8  # seeded
    assert (floats["shade"].squared_error or 1) < 0.04
    assert found["shade"].squared_error == pytest.approx(floats["shade"].squared_error, rel=1e-2)
    assert abs((found["kind"].accuracy or 0) - (floats["kind"].accuracy or 0)) < 0.01


def _material(program: Program, x: Arrays, y: Arrays) -> Any:
    from bsc_runtime.notes import Notes
    from bsc_runtime.train.material import material

    return material(program, x, y, None, None, None, Notes())

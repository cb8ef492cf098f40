"""Which arrays of a data set a program takes, and what is said where it takes none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bsc.diag import Diagnostic, DiagnosticError
from bsc.driver import compile_model
from bsc.plans import plan_for
from bsc.program.model import Program
from bsc.testing.net import one_head_of_two_outputs
from bsc.testing.networks import dense_network
from bsc.testing.twins import sigmoid_network, twin_network
from bsc_runtime import load_data
from bsc_runtime.data import DataSet, match
from bsc_runtime.notes import Notes

Array = npt.NDArray[Any]


@cache
def twins() -> Program:
    return compile_model(twin_network(), target="oxram-64", weights="random")


@cache
def autoencoder() -> Program:
    return compile_model(sigmoid_network((6, 4, 6)), target="oxram-64", weights="random")


@cache
def classifier() -> Program:
    return compile_model(dense_network((6, 4, 3)), target="oxram-64", weights="random")


def arrays(samples: int = 5) -> dict[str, Array]:
    return {
        "left": np.zeros((samples, 6)),
        "right": np.zeros((samples, 2, 3)),
        "kind": np.zeros(samples, np.int64),
        "shade": np.zeros((samples, 2, 2)),
    }


def data(given: Mapping[str, Array], tests: Mapping[str, Array] | None = None) -> DataSet:
    return DataSet("data.npz", given, tests or {})


def refused(call: Callable[[], object]) -> list[Diagnostic]:
    with pytest.raises(DiagnosticError) as caught:
        call()
    return list(caught.value.diagnostics)


def test_inputs_and_outputs_go_by_their_names() -> None:
    found = match(data(arrays(), arrays(3)), twins())
    assert list(found.x) == ["left", "right"]
    assert list(found.y) == ["kind", "shade"]
    x, y, part = found.evaluation
    assert part == "test"
    assert {len(a) for a in (*x.values(), *y.values())} == {3}


def test_x_and_y_fit_one_input_and_one_output() -> None:
    given = {"x": np.zeros((4, 6)), "y": np.zeros(4, np.int64)}
    assert match(data(given), classifier()).arrays == {"x": "x", "y": "y"}
    assert match(data(given), classifier()).evaluation[2] == "train"
    other = {"pixels": np.zeros((4, 6)), "y": np.zeros(4, np.int64)}
    assert match(data(other), classifier()).arrays == {"x": "pixels", "y": "y"}


def test_an_output_that_learns_nothing_needs_no_target() -> None:
    plan = plan_for(readouts={"shade": "none"})
    made = compile_model(twin_network(), target="oxram-64", weights="random", plan=plan)
    given = arrays()
    assert list(match(data(given), made).y) == ["kind"]
    (told,) = refused(lambda: match(data(given), made, targets={"shade": "shade"}))
    assert (told.code, told.message) == (
        "BSC6017",
        "output `shade` is read as none: it takes no target",
    )
    del given["shade"]
    assert list(match(data(given), made).y) == ["kind"]
    given["y"] = given.pop("kind")
    assert match(data(given), made).arrays["kind"] == "y"


def test_no_input_becomes_a_target_unasked() -> None:
    given = {"x": np.zeros((4, 6))}
    (told,) = refused(lambda: match(data(given), autoencoder()))
    assert told.code == "BSC6006"
    assert "output `y`" in told.message
    assert "x [4, 6]" in told.message
    assert told.help == "an autoencoder answers its own input: --answer y=x"
    found = match(data(given, {"x": np.ones((2, 6))}), autoencoder(), targets={"y": "x"})
    assert found.y["y"] is given["x"]
    assert found.y_test is not None
    assert len(found.y_test["y"]) == 2


def test_what_is_missing_is_named_with_the_nearest() -> None:
    given = arrays()
    given["rigth"] = given.pop("right")
    (told,) = refused(lambda: match(data(given), twins()))
    assert told.code == "BSC6006"
    assert "input `right` [N, 2, 3]" in told.message
    assert told.help == "is `rigth` meant to be `right`?"
    given = arrays()
    given["kinds"], given["shde"] = given.pop("kind"), given.pop("shade")
    first, second = refused(lambda: match(data(given), twins()))
    assert (first.help, second.help) == (
        "is `kinds` meant to be `kind`?",
        "is `shde` meant to be `shade`?",
    )
    assert refused(lambda: match(data({"left": given["left"]}), twins()))[0].code == "BSC6006"


def test_evaluation_takes_the_targets_that_there_are() -> None:
    given = arrays()
    del given["kind"]
    assert list(match(data(given), twins(), every=False).y) == ["shade"]
    del given["shade"]
    assert refused(lambda: match(data(given), twins(), every=False))[0].code == "BSC6006"


def test_targets_of_no_output_and_of_no_array() -> None:
    (told,) = refused(lambda: match(data(arrays()), twins(), targets={"kin": "left"}))
    assert (told.code, told.help) == ("BSC6017", "did you mean kind?")
    (told,) = refused(lambda: match(data(arrays()), twins(), targets={"kind": "lft"}))
    assert (told.code, told.help) == ("BSC6006", "did you mean left?")


def test_an_array_may_answer_by_hand_and_by_its_own_name() -> None:
    given = arrays()
    del given["kind"]
    given["shade"] = np.zeros(5, np.int64)
    for every in (True, False):
        found = match(data(given), twins(), targets={"kind": "shade"}, every=every)
        assert list(found.y) == ["kind", "shade"]
        assert found.y["kind"] is found.y["shade"] is given["shade"]


def test_outputs_of_the_same_sums_have_one_target() -> None:
    made = compile_model(one_head_of_two_outputs(), target="oxram-64", weights="random")
    given = {"x": np.zeros((4, 6)), "p": np.zeros(4, np.int64), "c": np.ones(4, np.int64)}
    for every in (True, False):
        (told,) = refused(lambda every=every: match(data(given), made, every=every))  # type: ignore[misc]
        assert told.code == "BSC6017"
        assert "outputs `p` and `c` are made of the same sums" in told.message
    heard: list[Diagnostic] = []
    by_hand = match(data(given), made, targets={"c": "c"}, notes=Notes(heard.append))
    assert by_hand.y == {"c": given["c"]}
    assert heard == []
    (told,) = refused(lambda: match(data(given), made, targets={"c": "c", "p": "p"}))
    assert told.code == "BSC6017"


def test_arrays_that_nobody_takes_are_told() -> None:
    heard: list[Diagnostic] = []
    match(data({**arrays(), "hue": np.zeros(5)}), twins(), notes=Notes(heard.append))
    assert [d.code for d in heard] == ["BSC6025"]
    assert "nothing takes hue [5]" in heard[0].message
    assert "`left`, `right`" in heard[0].message


def test_half_a_test_set_is_refused() -> None:
    tests = arrays(3)
    del tests["shade"]
    (told,) = refused(lambda: match(data(arrays(), tests), twins()))
    assert (told.code, told.message) == (
        "BSC6006",
        "data set data.npz has left_test, but no shade_test",
    )


def test_sample_counts_that_differ_name_both_arrays() -> None:
    given = arrays()
    given["right"], given["kind"] = given["right"][:4], given["kind"][:0]
    differ, empty = refused(lambda: match(data(given), twins()))
    assert differ.code == "BSC6011"
    assert "right [4, 2, 3] has 4 samples, left [5, 6] has 5" in differ.message
    assert str(differ.labels[0].span) == "data.npz [right]"
    assert empty.code == "BSC6007"


def test_errors_about_arrays_name_the_file() -> None:
    found = match(data(arrays()), twins())
    for argument, place in (("left", "data.npz [left]"), ("shade_test", "data.npz [shade_test]")):
        with pytest.raises(DiagnosticError) as caught, found.named():
            raise DiagnosticError(_labelled(argument))
        assert str(caught.value.diagnostics[0].labels[0].span) == place


def test_mnist_answers_itself() -> None:
    made = compile_model(sigmoid_network((784, 4, 784)), target="oxram-64", weights="random")
    found = match(load_data("mnist"), made, targets={"y": "x"})
    assert found.y["y"].shape == (60000, 28, 28)
    assert found.evaluation[2] == "test"


def _labelled(argument: str) -> list[Diagnostic]:
    from bsc.diag import Label, Span

    return [Diagnostic("BSC6008", "a message", labels=(Label(Span(argument)),))]

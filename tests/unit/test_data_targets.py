"""Targets of an output: classes, or numbers from 0 to 1; what they become, and what is refused."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bsc.diag import Diagnostic, DiagnosticError
from bsc.driver import compile_model
from bsc.ir.builder import GraphBuilder
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.plans import plan_for
from bsc.program.model import Program
from bsc.testing.net import Net, one_head_of_two_outputs
from bsc.testing.twins import sigmoid_network, twin_network
from bsc_runtime import Session
from bsc_runtime.data import DataSet, match
from bsc_runtime.data.targets import HeadTargets, fit_targets
from bsc_runtime.inputs import targets_of
from bsc_runtime.notes import Notes


@cache
def twins() -> Program:
    return compile_model(twin_network(), target="oxram-64", weights="random")


@cache
def judge() -> Program:
    return compile_model(sigmoid_network((6, 4, 1)), target="oxram-64", weights="random")


def shade(y: npt.ArrayLike, samples: int = 3) -> HeadTargets:
    return fit_targets(twins(), twins().heads[1], y, samples, what="shade")


def verdict(y: npt.ArrayLike, samples: int = 3) -> HeadTargets:
    return fit_targets(judge(), judge().heads[0], y, samples)


def test_numbers_become_thresholds_rounded_to_the_nearest() -> None:
    """t = floor(65536 x + 1/2): docs/semantics.md, section 5."""
    x = np.array([[0.0, 1.0, 0.5, 1 / 65536], [0.3, 0.7, 1e-6, 1 - 1e-6], [0, 0, 0, 1]])
    found = shade(x)
    assert found.labels is None
    expected = np.floor(65536 * x + 0.5).astype(np.int32)
    np.testing.assert_array_equal(found.thresholds(twins().heads[1]), expected)
    np.testing.assert_array_equal(found.values(slice(0, 3), 4), x)


def test_bytes_are_pixels() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 2, 2) * 23
    expected = ((131072 * pixels.astype(np.int64) + 255) // 510).reshape(3, 4)
    np.testing.assert_array_equal(shade(pixels).thresholds(twins().heads[1]), expected)
    np.testing.assert_allclose(
        shade(pixels).values(slice(1, 2), 4), pixels[1].reshape(1, 4) / 255, rtol=1e-15
    )


def test_bytes_that_are_hardly_pixels_are_warned_of() -> None:
    heard: list[Diagnostic] = []
    rows = np.eye(4, dtype=np.uint8)[[0, 1, 2]]
    fit_targets(twins(), twins().heads[1], rows, 3, Notes(heard.append))
    assert [d.code for d in heard] == ["BSC6024"]
    assert "the targets of output `shade`" in heard[0].message


@pytest.mark.parametrize("shape", [(3, 4), (3, 2, 2), (3, 1, 2, 2), (3, 4, 1)])
def test_shapes_of_an_output(shape: tuple[int, ...]) -> None:
    x = np.linspace(0, 1, 12).reshape(shape)
    np.testing.assert_array_equal(shade(x).values(slice(0, 3), 4), x.reshape(3, 4))


def test_classes_for_columns_are_one_hot() -> None:
    found = shade([2, 0, 3])
    np.testing.assert_array_equal(found.labels, [2, 0, 3])
    thresholds = found.thresholds(twins().heads[1])
    np.testing.assert_array_equal(thresholds, 65536 * np.eye(4, dtype=np.int32)[[2, 0, 3]])


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_, np.float32])
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_one_column_tells_yes_from_no(dtype: type, shape: tuple[int, ...]) -> None:
    found = verdict(np.array([1, 0, 1], dtype).reshape(shape))
    np.testing.assert_array_equal(found.labels, [1, 0, 1])
    thresholds = found.thresholds(judge().heads[0])
    np.testing.assert_array_equal(thresholds, [[65536], [0], [65536]])


def test_one_column_takes_numbers_and_pixels_too() -> None:
    found = verdict([0.25, 1.0, 0.0])
    assert found.labels is None
    np.testing.assert_array_equal(found.values(slice(0, 3), 1), [[0.25], [1], [0]])
    found = verdict(np.array([0, 255, 51], np.uint8))
    np.testing.assert_allclose(found.values(slice(0, 3), 1), [[0], [1], [0.2]], rtol=1e-15)


@pytest.mark.parametrize(
    ("y", "code", "text"),
    [
        (np.full((3, 4), np.nan), "BSC6008", "12 values are NaN"),
        (np.full((3, 4), 1.5), "BSC6016", "12 of 12 targets of output `shade`"),
        (np.full((3, 4), -1e-9), "BSC6016", "reach from -1e-09"),
        (np.arange(12).reshape(3, 4), "BSC6016", "reach from 0 to 11"),
        (np.zeros((3, 5)), "BSC6015", "are 5 but the model's output `shade` is 2 x 2"),
        (np.zeros((3, 4, 2)), "BSC6015", "4 x 2"),
        (np.zeros((2, 4)), "BSC6011", "3 samples but 2 targets [2, 4]"),
        ([0, 1, 4], "BSC6010", "label 4"),
        ([0, 1], "BSC6011", "3 samples but 2 labels"),
        (["a", "b", "c"], "BSC6010", "none of the model's classes"),
        (np.zeros((3, 4), complex), "BSC6013", "complex"),
        (0.5, "BSC6015", "an array []"),
    ],
)
def test_what_is_refused(y: Any, code: str, text: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        shade(y)
    (told,) = caught.value.diagnostics
    assert told.code == code
    assert text in told.message
    assert told.labels[0].span.source == "shade"


def test_the_matrix_has_the_heads_one_behind_the_other() -> None:
    y = {"shade": np.full((2, 4), 0.5), "kind": [2, 1]}
    found = targets_of(twins(), y, 2)
    assert found.matrix is not None
    assert found.matrix.dtype == np.int32
    np.testing.assert_array_equal(found.matrix, [[2, *[32768] * 4], [1, *[32768] * 4]])
    part = targets_of(twins(), {"kind": [2, 1]}, 2, every=False)
    assert part.matrix is None
    assert part.heads[1] is None


@pytest.mark.parametrize(
    ("y", "codes"),
    [
        ([0, 1], ["BSC6006"]),
        ({"kind": [0, 1]}, ["BSC6006"]),
        ({"kind": [0, 1], "shape": np.zeros((2, 4))}, ["BSC6006", "BSC6017"]),
        ({"kind": [0, 1], "shade": np.zeros((2, 4)), "hue": [0, 1]}, ["BSC6017"]),
    ],
)
def test_mappings_that_do_not_fit(y: Any, codes: list[str]) -> None:
    with pytest.raises(DiagnosticError) as caught:
        targets_of(twins(), y, 2)
    assert [d.code for d in caught.value.diagnostics] == codes


def test_an_output_that_is_read_as_none_takes_no_target() -> None:
    plan = plan_for(readouts={"shade": "none"})
    made = compile_model(twin_network(), target="oxram-64", weights="random", plan=plan)
    for every in (True, False):
        with pytest.raises(DiagnosticError, match="BSC6017: output `shade` is read as none"):
            targets_of(made, {"kind": [0, 1], "shade": "rubbish"}, 2, every=every)
    with pytest.raises(DiagnosticError) as caught:
        targets_of(made, {"shade": np.zeros((2, 4))}, 2, every=False)
    assert [d.code for d in caught.value.diagnostics] == ["BSC6006", "BSC6017"]


def test_outputs_of_the_same_sums_take_one_target() -> None:
    made = compile_model(one_head_of_two_outputs(), target="oxram-64", weights="random")
    assert targets_of(made, {"c": [1, 2]}, 2).matrix is not None
    with pytest.raises(DiagnosticError, match="BSC6017: outputs `c` and `p` are made of the same"):
        targets_of(made, {"c": [1, 2], "p": [1, 2]}, 2)


def test_targets_follow_an_output_that_rearranges_its_columns() -> None:
    """The model's output is its columns transposed; targets are given in the output's order."""
    builder = GraphBuilder("turned", Stage.SOURCE, OPS)
    x = builder.input("x", TensorType(Encoding.F32, ("N", 6)))
    weights = np.random.default_rng(0).normal(0, 0.4, (6, 6)).astype(np.float32)
    value = builder.add("dense", [x, builder.constant("w", weights)])
    value = builder.add("reshape", [builder.add("sigmoid", [value])], {"shape": (-1, 2, 3)})
    builder.output(builder.add("transpose", [value], {"perm": (0, 2, 1)}, name="y"))
    made = compile_model(builder.build(), target="oxram-64")
    y = np.arange(6).reshape(1, 3, 2) / 8
    found = fit_targets(made, made.heads[0], y, 1)
    np.testing.assert_array_equal(found.values(slice(0, 1), 6), y.transpose(0, 2, 1).reshape(1, 6))


def test_targets_of_a_heads_second_output_are_read_as_that_is_laid_out() -> None:
    """`flat` [N, 6] and `image` [N, 3, 2], its columns turned, are the same sums."""
    net = Net("layouts", x=(6,))
    flat = net.op("sigmoid", net.dense("x", 6, "a"), name="flat")
    net.op("transpose", net.op("reshape", flat, shape=(-1, 2, 3)), perm=(0, 2, 1), name="image")
    made = compile_model(net.graph("flat", "image"), target="oxram-64")
    x = np.random.default_rng(0).random((5, 6), np.float32)
    session = Session(made, executor="reference")
    out = session.infer(x)
    for name in ("flat", "image"):
        assert (session.evaluate(x, {name: out[name]}).squared_error or 0) < 1e-12
        given = match(DataSet("d", {"x": x, name: out[name]}), made)
        assert (session.evaluate(given.x, given.y).squared_error or 0) < 1e-12
        by_hand = match(DataSet("d", {"x": x, "t": out[name]}), made, targets={name: "t"})
        assert (session.evaluate(by_hand.x, by_hand.y).squared_error or 0) < 1e-12
    with pytest.raises(DiagnosticError, match="output `image` is 3 x 2"):
        session.evaluate(x, {"image": out["image"].transpose(0, 2, 1)})

"""Arguments of the wrong kind end in one DiagnosticError that says what was given and expected."""

from typing import Any

import numpy as np
import pytest

import bsc
from bsc.diag import DiagnosticError, Span, fail
from bsc.testing.networks import dense_network
from bsc_runtime import Callback, Session, load_data

MODEL = dense_network([4, 3, 2], seed=0)
X, Y = np.zeros((8, 4), np.float32), np.zeros(8, int)


class NoCallback:
    """Has neither method."""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"calibrate": "D.npz"}, "calibrate is the str 'D.npz', expected an array"),
        ({"calibrate": [[1.0], [1.0, 2.0]]}, "calibrate is a list"),
        ({"input_range": "-4:4"}, "input_range is the str '-4:4', expected two numbers"),
        ({"input_range": (1.0,)}, "input_range is a tuple"),
        ({"model": None}, "model is None, expected the path"),
        ({"model": "a\0b.onnx"}, "model is the str 'a\\x00b.onnx', expected the path"),
        ({"target": 3}, "target is the int 3"),
        ({"rule": 3}, "rule is the int 3"),
        ({"batch": 1.5}, "batch is the float 1.5, expected a whole number"),
        ({"pulses": "2"}, "pulses is the str '2'"),
        ({"eta": "0.1"}, "eta is the str '0.1'"),
    ],
)
def test_compile_refuses(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(DiagnosticError) as error:
        bsc.compile(**({"model": MODEL, "target": "ideal-64"} | arguments))
    (found,) = error.value.diagnostics
    assert found.code == "BSC3010"
    assert found.message.startswith(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"program": "x.bsp"}, "program is the str 'x.bsp', expected a Program"),
        ({"seed": 1.5}, "seed is the float 1.5"),
        ({"seed": True}, "seed is True"),
        ({"threads": "2"}, "threads is the str '2'"),
        ({"executor": 3}, "executor is the int 3, expected a name"),
    ],
)
def test_a_session_refuses(arguments: dict[str, Any], said: str) -> None:
    given = {"program": bsc.compile(MODEL, "ideal-64")} | arguments
    with pytest.raises(DiagnosticError) as error:
        Session(**given)
    assert [d.code for d in error.value.diagnostics] == ["BSC6033"]
    assert error.value.diagnostics[0].message.startswith(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"callbacks": Callback()}, "callbacks is a Callback, expected a list"),
        ({"callbacks": [print]}, "a callback is a builtin_function_or_method"),
        ({"callbacks": [Callback]}, "a callback is a type"),
        ({"callbacks": [NoCallback()]}, "a callback is a NoCallback"),
        ({"epochs": 1.5}, "epochs is the float 1.5"),
        ({"validation": 0.1}, "validation is the float 0.1"),
        ({"checkpoint": 3}, "checkpoint is the int 3, expected the path"),
        ({"checkpoint": "a\0b"}, "checkpoint is the str 'a\\x00b'"),
        ({"output": b"a"}, "output is a bytes"),
    ],
)
def test_training_refuses(arguments: dict[str, Any], said: str) -> None:
    session = Session(bsc.compile(MODEL, "ideal-64"), executor="reference")
    with pytest.raises(DiagnosticError) as error:
        session.train(X, Y, **arguments)
    assert [d.code for d in error.value.diagnostics] == ["BSC6033"]
    assert error.value.diagnostics[0].message.startswith(said)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([[1], [2, 3]], [0, 1], "BSC6013: x is no array: its rows have different lengths"),
        (X[:2], [[0], [1, 0]], "BSC6013: y is no array: its rows have different lengths"),
        (X, np.array([b"\xff"] * 8), "BSC6010: labels are bytes that are no ASCII text"),
    ],
)
def test_training_refuses_what_is_no_array(x: Any, y: Any, said: str) -> None:
    session = Session(bsc.compile(MODEL, "ideal-64"), executor="reference")
    with pytest.raises(DiagnosticError) as error:
        session.train(x, y)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize("path", ["a\0b", 3, b"a", None])
def test_paths_that_no_file_can_have_are_refused(path: Any) -> None:
    session = Session(bsc.compile(MODEL, "ideal-64"), executor="reference")
    for call, code in ((bsc.load, "BSC5001"), (load_data, "BSC6001"), (session.save, "BSC6033")):
        with pytest.raises(DiagnosticError, match=f"{code}: .* expected the path") as error:
            call(path)
        assert len(error.value.diagnostics) == 1


def test_a_data_file_whose_name_is_too_long_is_refused() -> None:
    with pytest.raises(DiagnosticError, match="BSC6001: cannot read the data file: File name too"):
        load_data("a" * 5000 + ".npz")


def test_numbers_of_numpy_are_numbers() -> None:
    program = bsc.compile(
        MODEL, "ideal-64", weights="random", batch=np.int64(2), input_range=np.array([0.0, 1.0])
    )
    session = Session(program, seed=np.uint64(3), threads=np.int32(1), executor="reference")
    session.train(X, Y, epochs=np.int64(1))
    assert session.state.samples == 8


def test_the_words_of_an_error_hold_place_and_way_out() -> None:
    error = fail("BSC1002", "cannot read x.onnx", at=Span("x.onnx"), help="check the path")
    assert str(error) == "BSC1002: cannot read x.onnx\n  --> x.onnx\n  help: check the path"


def test_a_program_shows_itself_in_a_line() -> None:
    program = bsc.compile(MODEL, "ideal-64", weights="random")
    assert repr(program) == (
        f"<Program {program.name!r}: 4-3-2 on ideal-64, 2 tiles, rule carry, untrained>"
    )

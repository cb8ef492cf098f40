"""The Python interface: `bsc.compile` and `bsc.load`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from bsc.diag.arguments import checked_path, is_real, is_whole, misfit
from bsc.driver import Ranges, Samples, compile_model
from bsc.hw.spec import TargetSpec
from bsc.ir.graph import Graph
from bsc.ir.pass_manager import OnPass
from bsc.plans import LayerOptions, PlanOptions
from bsc.program.file import load
from bsc.program.model import Program

if TYPE_CHECKING:
    import onnx

__all__ = ["compile", "load"]

Value = TypeVar("Value")


def compile(
    model: str | Path | onnx.ModelProto | Graph,
    target: str | Path | TargetSpec | None = None,
    *,
    weights: str | None = None,
    rule: str | None = None,
    batch: int | None = None,
    threshold: int | None = None,
    pulses: int | None = None,
    eta: float | None = None,
    refresh_every: int | None = None,
    readouts: Mapping[str, str] | None = None,
    layers: Mapping[str, LayerOptions] | None = None,
    backend: str = "python",
    input_range: Ranges = None,
    calibrate: Samples | None = None,
    observer: OnPass | None = None,
) -> Program:
    """Compile a network for a chip.

    Args:
        model: ONNX file, file of the language (`.bsc`), `onnx.ModelProto`, or a SOURCE graph. What
            is None below is as a file of the language says in its sections, else the default.
        target: name of a target (`bsc targets list`), a TOML file, or a `bsc.Target`; `oxram-128`.
        weights: `keep` maps the trained weights to conductance codes; `random` leaves the start to
            the device, for training on the chip.
        rule: what moves the weights: `carry` (the default), `online`, `sgd` or `hp`.
        batch: B, samples between two checks of the counters; None is the rule's default.
        threshold: T, counts that make a pulse; None is the rule's default.
        pulses: P, most pulses that a cell gets at one check.
        eta: learning rate, rules `sgd` and `hp` only.
        refresh_every: checks between refreshes of one-way pairs, 0 for never.
        readouts: how outputs are read while learning, by output: `softmax`, `logistic` or `none`;
            `*` is every output not named. Default: as the model ends.
        layers: what is different for a layer, by its name in the train section of a text, else by
            the name of its array: a `bsc.LayerOptions` of `frozen`, `device`, `threshold` and
            `pulses`.
        backend: `python`, or `isa` for a program of words that the machine runs (docs/isa.md).
        input_range: values of all inputs that mean 0 and 1, or such pairs by name of the input.
        calibrate: samples [N, ...] in the model's own unit, from which the ranges of inputs and
            activations are learned; by name of the input where there are several.
        observer: called after each pass with a `bsc.ir.pass_manager.PassEvent`.

    Returns:
        The program. `bsc_runtime.Session` runs it, `bsc_runtime.Session.save` writes it.

    Raises:
        bsc.diag.DiagnosticError: all that is wrong with the model, the target or the options.
    """
    _check_model(model)
    if target is not None and not isinstance(target, (str, Path, TargetSpec)):
        raise misfit("BSC3010", "target", target, "a name, a TOML file or a bsc.Target")
    for name, text in (("weights", weights), ("rule", rule), ("backend", backend)):
        optional = name != "backend" and text is None
        if not optional and not isinstance(text, str):
            raise misfit("BSC3010", name, text, "a word")
    wholes = {"batch": batch, "threshold": threshold, "refresh_every": refresh_every}
    for name, number in (wholes | {"pulses": pulses}).items():
        if number is not None and not is_whole(number):
            raise misfit("BSC3010", name, number, "a whole number")
    if eta is not None and not is_real(eta):
        raise misfit("BSC3010", "eta", eta, "a number")
    if isinstance(input_range, Mapping):
        pairs = {str(name): _pair(pair) for name, pair in input_range.items()}
        input_range = {name: pair for name, pair in pairs.items() if pair is not None}
    else:
        input_range = _pair(input_range)
    samples: Samples | None = None
    if isinstance(calibrate, Mapping):
        samples = {str(name): _samples(given) for name, given in calibrate.items()}
    elif calibrate is not None:
        samples = _samples(calibrate)
    plan = PlanOptions(
        rule,
        batch,
        threshold,
        pulses,
        eta,
        refresh_every,
        _mapping("readouts", readouts, str),
        _mapping("layers", layers, LayerOptions),
    )
    return compile_model(
        model,
        target=target,
        plan=plan,
        weights=weights,
        backend=backend,
        input_range=input_range,
        calibrate=samples,
        observer=observer,
    )


def _check_model(model: object) -> None:
    if isinstance(model, (str, Path)):
        checked_path("BSC3010", "model", model)
        return
    if isinstance(model, Graph):
        return
    # Imported here alone: a path needs no module of its own to be told from something else.
    from onnx import ModelProto

    if not isinstance(model, ModelProto):
        raise misfit(
            "BSC3010", "model", model, "the path of a model, an onnx.ModelProto or a Graph"
        )


def _mapping(name: str, given: object, kind: type[Value]) -> dict[str, Value]:
    """A mapping of names to values of a kind."""
    if given is None:
        return {}
    if isinstance(given, Mapping) and all(
        isinstance(key, str) and isinstance(value, kind) for key, value in given.items()
    ):
        return dict(given)
    raise misfit("BSC3010", name, given, f"a mapping of names to {kind.__name__}")


def _pair(given: object) -> tuple[float, float] | None:
    if given is None:
        return None
    if (
        isinstance(given, (tuple, list, np.ndarray))
        and len(given) == 2
        and all(map(is_real, given))
    ):
        return float(given[0]), float(given[1])
    raise misfit(
        "BSC3010",
        "input_range",
        given,
        "two numbers: the values of the input that mean 0 and 1",
        help="input_range=(-4.0, 4.0)",
    )


def _samples(given: object) -> npt.NDArray[Any]:
    try:
        array = np.asarray(given)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.ndim and array.dtype.kind in "biuf":
        return array
    raise misfit(
        "BSC3010",
        "calibrate",
        given,
        "an array of samples",
        help="a data file's samples are bsc_runtime.load_data(FILE).x",
    )

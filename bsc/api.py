"""The Python interface: `bsc.compile` and `bsc.load`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from bsc.driver import compile_model
from bsc.hw.spec import TargetSpec
from bsc.ir.graph import Graph
from bsc.ir.pass_manager import OnPass
from bsc.plans import plan_for
from bsc.program.file import load
from bsc.program.model import Program

if TYPE_CHECKING:
    import onnx

__all__ = ["compile", "load"]


def compile(
    model: str | Path | onnx.ModelProto | Graph,
    target: str | Path | TargetSpec = "oxram-128",
    *,
    weights: str = "keep",
    rule: str = "carry",
    batch: int | None = None,
    threshold: int | None = None,
    pulses: int = 1,
    eta: float | None = None,
    refresh_every: int = 0,
    backend: str = "python",
    input_range: tuple[float, float] | None = None,
    calibrate: npt.NDArray[Any] | None = None,
    observer: OnPass | None = None,
) -> Program:
    """Compile a network for a chip.

    Args:
        model: ONNX file, `onnx.ModelProto`, or a SOURCE graph.
        target: name of a target (`bsc targets list`), a TOML file, or a `bsc.Target`.
        weights: `keep` maps the trained weights to conductance codes; `random` leaves the start to
            the device, for training on the chip.
        rule: what moves the weights: `carry`, `online`, `sgd` or `hp`.
        batch: B, samples between two checks of the counters; None is the rule's default.
        threshold: T, counts that make a pulse; None is the rule's default.
        pulses: P, most pulses that a cell gets at one check.
        eta: learning rate, rules `sgd` and `hp` only.
        refresh_every: checks between refreshes of one-way pairs, 0 for never.
        backend: what the program is printed as.
        input_range: values of the input that mean 0 and 1.
        calibrate: samples [N, ...] in the model's own unit, from which the ranges of input and
            activations are learned.
        observer: called after each pass with a `bsc.ir.pass_manager.PassEvent`.

    Returns:
        The program. `bsc_runtime.Session` runs it, `bsc_runtime.Session.save` writes it.

    Raises:
        bsc.diag.DiagnosticError: all that is wrong with the model, the target or the options.
    """
    plan = plan_for(
        rule,
        batch=batch,
        threshold=threshold,
        pulses=pulses,
        eta=eta,
        refresh_every=refresh_every,
    )
    return compile_model(
        model,
        target=target,
        plan=plan,
        weights=weights,
        backend=backend,
        input_range=input_range,
        calibrate=calibrate,
        observer=observer,
    )

"""From sums on bit lines to the model's outputs: modes, exact and float analog, the tail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from bsc.diag import did_you_mean, fail
from bsc.ir.graph import Graph
from bsc.ir.interpreter import run
from bsc.numerics import functions
from bsc.numerics.draws import PASSES_MAX, SEED_MAX
from bsc.ops import OPS
from bsc.program.executor import Executor, analog_units
from bsc.program.model import Program
from bsc.tiling.plan import StepOp
from bsc_runtime.float_analog import float_sums
from bsc_runtime.inputs import Inputs
from bsc_runtime.notes import Notes
from bsc_runtime.scoring import HeadScores, head_scores

MODES = ("analog", "binary", "stochastic", "vote")


@dataclass(frozen=True, slots=True)
class Request:
    """How to infer.

    Attributes:
        mode: one of MODES.
        repeats: passes with new draws, summed (stochastic) or voting (vote).
        reads: bit vectors that each layer sends in a pass.
        seed: key of the draws.
    """

    mode: str = "analog"
    repeats: int = 1
    reads: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise fail(
                "BSC6030", f"unknown mode `{self.mode}`", help=did_you_mean(self.mode, MODES)
            )
        if self.repeats < 1 or self.reads < 1 or self.repeats * self.reads > PASSES_MAX:
            raise fail(
                "BSC6030",
                f"{self.repeats} repeats of {self.reads} reads: both must be positive and their "
                f"product at most {PASSES_MAX}",
            )
        if not 0 <= self.seed <= SEED_MAX:
            raise fail("BSC6030", f"seed {self.seed} is not in 0..2**64-1, the keys of draws")
        if self.mode in ("analog", "binary") and (self.repeats, self.reads) != (1, 1):
            raise fail(
                "BSC6030",
                f"mode {self.mode} draws nothing: {self.repeats} repeats of {self.reads} reads "
                "would all be the same",
                help="leave --repeats and --reads out, or take --mode stochastic",
            )


@dataclass(frozen=True, slots=True)
class Scores:
    """What came out of the arrays.

    Attributes:
        heads: of each head of the program.
        inner: y of all reads by `<read>.y`, where they were computed.
    """

    heads: tuple[HeadScores, ...]
    inner: Mapping[str, npt.NDArray[np.float64]]


def score(
    program: Program,
    executor: Executor,
    inputs: Inputs,
    request: Request,
    notes: Notes,
    *,
    inner: bool = False,
) -> Scores:
    """Sums of the heads for every sample.

    Args:
        program: what runs.
        executor: who runs it.
        inputs: samples.
        request: how.
        notes: hears why analog mode computes in floating point.
        inner: whether sums of inner reads are wanted too; analog mode alone has them.
    """
    # One thread: on a busy second core, matrix products lose more than they gain.
    with threadpool_limits(limits=1, user_api="blas"):
        if request.mode == "analog":
            why = _why_float(program, inputs)
            if why:
                notes.note("BSC6023", f"analog mode computes in floating point: {why}")
            if why or inner or inputs.encoded is None:
                y, kept = float_sums(program, executor.state(), inputs.values, inner=inner)
                if why or inputs.encoded is None:
                    return Scores(tuple(HeadScores(each, 1.0) for each in y), kept)
                return Scores(_executed(program, executor, inputs, request), kept)
        return Scores(_executed(program, executor, inputs, request), {})


def _executed(
    program: Program, executor: Executor, inputs: Inputs, request: Request
) -> tuple[HeadScores, ...]:
    """Exact sums, or votes, from the executor."""
    if request.mode == "vote":
        _check_votes(program)
    if inputs.encoded is None:
        raise inputs.refusal(program)
    sums = executor.infer(
        inputs.encoded,
        request.mode,
        repeats=request.repeats,
        reads=request.reads,
        seed=request.seed,
    )
    passes = request.repeats * request.reads
    analog = request.mode == "analog"
    units = analog_units(program) if analog else [passes] * len(program.reads)
    votes = request.repeats if request.mode == "vote" else 0
    return head_scores(program, sums, units, votes)


def outputs(program: Program, scores: Scores, notes: Notes) -> dict[str, Any]:
    """Every output of the model, computed beside the arrays from the heads' sums.

    Outputs that need sums of inner reads are left out, with a note, where those were not computed.
    In mode vote these are the votes: `votes` of a single head, else `<output>.votes` of each.
    """
    if scores.heads[0].votes:
        if len(scores.heads) == 1:
            return {"votes": scores.heads[0].values}
        return {
            f"{head.name}.votes": found.values
            for head, found in zip(program.heads, scores.heads, strict=True)
        }
    tail = program.tail
    values: dict[str, npt.NDArray[Any]] = {
        name: y.astype(np.float32) for name, y in scores.inner.items()
    }
    for head, found in zip(program.heads, scores.heads, strict=True):
        values[f"{program.reads[head.read].name}.y"] = found.y()
    wanted = _reachable(tail, set(values))
    lost = [name for name in tail.outputs if name not in wanted]
    if lost:
        notes.note(
            "BSC6035",
            f"{', '.join(lost)} need sums of inner arrays, which only analog mode hands out: left "
            "out",
        )
    feeds = {name: values[name] for name in tail.inputs if name in values}
    if lost:
        tail = _pruned(tail, tuple(feeds), tuple(wanted))
    return run(tail, feeds, OPS)


def needs_inner(program: Program) -> bool:
    """Whether the model hands out values of inner layers."""
    heads = {f"{program.reads[head.read].name}.y" for head in program.heads}
    return any(name not in heads for name in program.tail.inputs)


def _check_votes(program: Program) -> None:
    """Refuse to sample readouts that are not there."""
    readouts = {
        step.layer for step in program.training if step.op in (StepOp.READOUT, StepOp.LOGISTIC)
    }
    lacking = [head.name for head in program.heads if head.read not in readouts]
    if lacking:
        why = (
            f"that of output {', '.join(lacking)} learns nothing"
            if program.training
            else "this program has none because it cannot be trained"
        )
        raise fail(
            "BSC6030", f"mode vote samples readouts, and {why}", help="take --mode stochastic"
        )


def _pruned(tail: Graph, inputs: tuple[str, ...], wanted: tuple[str, ...]) -> Graph:
    """The part of a graph that some outputs need."""
    producers = tail.producers()
    needed: set[str] = set()
    pending = list(wanted)
    while pending:
        node = producers.get(pending.pop())
        if node is not None and not needed.issuperset(node.outputs):
            needed.update(node.outputs)
            pending.extend(name for name in node.inputs if name)
    nodes = [n for n in tail.nodes if needed.issuperset(n.outputs)]
    return tail.with_nodes(nodes, inputs=inputs, outputs=wanted)


def _reachable(tail: Graph, known: set[str]) -> list[str]:
    """The outputs that can be computed from the inputs given."""
    have = {*known, *tail.constants, ""}
    for node in tail.nodes:
        if have.issuperset(node.inputs):
            have.update(node.outputs)
    return [name for name in tail.outputs if name in have]


def _why_float(program: Program, inputs: Inputs) -> str:
    """Why analog mode cannot stay in integers; empty where it can."""
    heads = {head.read for head in program.heads}
    for number, spec in enumerate(program.reads):
        if number in heads:
            continue
        natural = functions.natural_range(spec.function, spec.function_parameters)
        if natural != (spec.low, spec.high):
            return f"the {spec.function} behind layer {spec.name} is no probability by itself"
    for input, count in zip(program.inputs, inputs.outside, strict=True):
        if count is not None and count.outside:
            return (
                f"{count.outside} of {count.total} values of input `{input.name}` lie outside its "
                f"range (they reach from {count.least:g} to {count.greatest:g})"
            )
    return ""

"""Joins the stages: model in, Program out. The only place that knows them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.frontend.onnx import import_model
from bsc.hw.plan import Rule, TrainPlan
from bsc.hw.registry import resolve
from bsc.hw.spec import TargetSpec
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph, Node
from bsc.ir.pass_manager import OnPass, PassResult, run_passes
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.numerics import tables
from bsc.ops import OPS
from bsc.passes.backbone import find_backbone
from bsc.passes.derive_training import untrainable
from bsc.passes.legalise import checked_backbone
from bsc.passes.ranges import Range, input_range, measure
from bsc.pipelines import chip_passes, source_passes
from bsc.plans import check_plan, plan_for
from bsc.program.initial import kept_state
from bsc.program.model import CompileOptions, InputSpec, Program
from bsc.program.verifier import verify_program
from bsc.tiling.schedule import Schedule, schedule

if TYPE_CHECKING:
    import onnx

CALIBRATION_SAMPLES = 10_000
"""Calibration looks at so many samples at the most."""


def compile_model(
    model: str | Path | onnx.ModelProto | Graph,
    *,
    target: str | Path | TargetSpec = "oxram-128",
    plan: TrainPlan | None = None,
    weights: str = "keep",
    backend: str = "python",
    input_range: tuple[float, float] | None = None,
    calibrate: npt.NDArray[Any] | None = None,
    observer: OnPass | None = None,
) -> Program:
    """Compile a model.

    Args:
        model: ONNX file, ModelProto, or a SOURCE graph.
        target: name, TOML file or specification of the chip.
        plan: how it trains; None is the rule `carry` with its defaults.
        weights: `keep` or `random`.
        backend: `python`, or `isa` for words that the machine runs (docs/isa.md).
        input_range: declared range of the input.
        calibrate: inputs in the model's own shape that show ranges of input and activations.
        observer: called after each pass.

    Raises:
        DiagnosticError: everything wrong with model, target or options.
    """
    options = CompileOptions(weights, backend, input_range)
    _check_options(options)
    chip = target if isinstance(target, TargetSpec) else resolve(target)
    folded = _fold(model, observer)
    learned = _calibrate(folded.graph, calibrate) if calibrate is not None else Calibration()
    return _build(folded, chip, plan or plan_for(), options, learned, observer)


def _fold(
    model: str | Path | onnx.ModelProto | Graph, observer: OnPass | None = None
) -> PassResult:
    """The model's folded SOURCE graph; the imported one is let go, for it may hold 100 MB."""
    source = model if isinstance(model, Graph) else import_model(model)
    return run_passes(source, source_passes(), OPS, observer)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What data showed: range of the input, if it was looked at, and of each hidden activation."""

    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)


def recompile(
    program: Program,
    *,
    target: str | Path | TargetSpec | None = None,
    plan: TrainPlan | None = None,
    weights: str | None = None,
    backend: str | None = None,
    observer: OnPass | None = None,
) -> Program:
    """Compile the graph inside a program again, for another target, plan, backend or start.

    Trained cells move along where they mean the same there: same device, arrays, scales and kind of
    weights. Otherwise training starts anew, and a remark says so.
    """
    options = replace(
        program.options,
        weights=weights or program.options.weights,
        backend=backend or program.options.backend,
    )
    _check_options(options)
    chip = program.target
    if target is not None:
        chip = target if isinstance(target, TargetSpec) else resolve(target)
    # A range that no option declared was learned from data, [0, 1] too.
    learned = program.input.declared and program.options.input_range is None
    known = Calibration(
        program.input.low if learned else (),
        program.input.high if learned else (),
        program.calibration,
    )
    folded = _fold(program.source, observer)
    made = _build(folded, chip, plan or program.plan, options, known, observer)
    if program.state is None:
        return made
    if weights is None and _cells_fit(program, made):
        return replace(made, state=program.state)
    if weights is None and program.state.samples:
        remark = "warning: trained cells do not fit the new program; it starts anew"
        made = replace(made, remarks=(*made.remarks, remark))
    return made


def with_weights(
    program: Program, layers: list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]]
) -> Program:
    """A program with other trained weights, such as those of the `hp` baseline.

    Args:
        program: compiled with random weights, so that its neurons are the rule's.
        layers: W [inputs, outputs] and b [outputs] of each layer, reading probabilities.
    """
    first = chip_passes(
        program.target,
        program.plan,
        weights="random",
        input_low=program.input.low,
        input_high=program.input.high,
        ranges={},
    )[0]
    legal = first.run(_fold(program.source).graph).graph
    constants = dict(legal.constants)
    dense = [node for node in legal.nodes if node.op == "dense"]
    for node, (weights, bias) in zip(dense, layers, strict=True):
        constants[node.inputs[1]] = weights.astype(np.float32)
        if bias is not None:
            constants[node.inputs[2]] = bias.astype(np.float32)
    graph = replace(legal, constants=constants)
    options = replace(program.options, weights="keep")
    known = Calibration(program.input.low, program.input.high, program.calibration)
    unfolded = PassResult(graph, False)
    made = _build(unfolded, program.target, program.plan, options, known, None)
    return replace(made, input=program.input)


def _check_options(options: CompileOptions) -> None:
    if options.weights not in ("keep", "random"):
        raise fail("BSC3010", f"weights are `{options.weights}`, expected `keep` or `random`")
    if options.backend not in ("python", "isa"):
        raise fail("BSC3010", f"backend is `{options.backend}`, expected `python` or `isa`")
    if options.input_range is not None:
        low, high = options.input_range
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise fail("BSC3010", f"the input range {low}:{high} is empty or infinite")


def _calibrate(graph: Graph, data: npt.NDArray[Any]) -> Calibration:
    backbone = find_backbone(graph)
    shape = graph.types[backbone.input].shape[1:]
    wanted = tuple(int(d) for d in shape)
    if len(data) == 0 or int(np.prod(data.shape[1:])) != int(np.prod(wanted)):
        raise fail(
            "BSC3011",
            f"calibration data have the shape {list(data.shape)}, the model reads "
            f"[N, {', '.join(map(str, wanted))}]",
        )
    x = np.ascontiguousarray(data[:CALIBRATION_SAMPLES], np.float32).reshape(-1, *wanted)
    if not np.isfinite(x).all():
        raise fail("BSC3011", "calibration data hold NaN or infinite values")
    low, high = input_range(x)
    return Calibration(low, high, measure(graph, backbone, x, OPS))


def _build(
    folded: PassResult,
    target: TargetSpec,
    plan: TrainPlan,
    options: CompileOptions,
    known: Calibration,
    observer: OnPass | None,
) -> Program:
    check_plan(plan, target)
    if not any(node.op == "neuron" for node in folded.graph.nodes):
        checked_backbone(folded.graph)  # what follows takes one input of known extent for granted
    spec = _input_spec(folded.graph, options, known)
    ranges = dict(known.ranges)
    passes = chip_passes(
        target,
        plan,
        weights=options.weights,
        input_low=spec.low,
        input_high=spec.high,
        ranges=ranges,
    )
    result = run_passes(folded.graph, passes, OPS, observer)
    tiled = result.graph
    plan_of_chip = schedule(tiled)
    tail = _tail(tiled)
    remarks = [*folded.remarks, *result.remarks]
    state = None
    if options.weights == "keep":
        codes = {
            str(node.attrs["name"]): tiled.constants[node.inputs[0]]
            for node in tiled.nodes
            if node.op == "array"
        }
        state, clipped = kept_state(plan_of_chip.arrays, codes, plan.rule, target.device)
        remarks += [
            f"warning: {name}: {count} weights clipped beside their reference"
            for name, count in clipped.items()
            if count
        ]
    program = Program(
        name=folded.graph.name,
        source=folded.graph,
        tail=tail,
        input=spec,
        options=options,
        plan=plan,
        target=target,
        arrays=plan_of_chip.arrays,
        tiles=plan_of_chip.tiles,
        buffers=plan_of_chip.buffers,
        inference=plan_of_chip.inference,
        training=plan_of_chip.training,
        update=plan_of_chip.update,
        tables={**plan_of_chip.tables, "levels": tables.pixel_levels()},
        classes=_classes(tail),
        state=state,
        calibration=ranges,
        untrainable=_why_untrainable(plan_of_chip, plan.rule),
        remarks=tuple(remarks),
    )
    verify_program(program)
    return with_image(program) if options.backend == "isa" else program


def with_image(program: Program) -> Program:
    """The program with the words of its image, and what code generation remarked."""
    # Imported here alone: other programs need nothing of it.
    from bsc.backend.isa import emit_image
    from bsc.isa.binary import encode

    made = emit_image(program)
    remarks = (*program.remarks, *made.remarks)
    return replace(program, image=encode(made.image), remarks=remarks)


def _why_untrainable(found: Schedule, rule: Rule) -> str:
    return "" if found.training else untrainable(found.arrays[-1].columns, rule)


def _input_spec(graph: Graph, options: CompileOptions, known: Calibration) -> InputSpec:
    name = graph.inputs[0]
    shape = tuple(int(d) for d in graph.types[name].shape[1:])
    size = int(np.prod(shape, dtype=np.int64))
    if options.input_range is not None:
        low, high = options.input_range
        return InputSpec(name, shape, size, (float(low),), (float(high),), declared=True)
    if graph.types[name].encoding is Encoding.U8:
        return InputSpec(name, shape, size, (0.0,), (255.0,), declared=True)
    if known.low:
        unit = known.low == (0.0,) and known.high == (1.0,)
        return InputSpec(
            name, shape, size, known.low, known.high, declared=True, saturates=not unit
        )
    return InputSpec(name, shape, size)


def _tail(tiled: Graph) -> Graph:
    """What runs beside the arrays, from `logits` (and `<array>.y`) to the model's outputs."""
    builder = GraphBuilder(f"{tiled.name}.tail", Stage.SOURCE, OPS)
    arrays = [str(node.attrs["name"]) for node in tiled.nodes if node.op == "array"]
    owners = {n.outputs[0]: str(n.attrs["name"]) for n in tiled.nodes if n.op == "array"}
    sums = {n.outputs[0]: owners[_cells_of(tiled, n)] for n in tiled.nodes if n.op == "join"}
    standing: dict[str, str] = {}
    for node in tiled.nodes:
        if node.op == "logits":
            array = sums[node.inputs[0]]
            name = "logits" if array == arrays[-1] else f"{array}.y"
            given = tiled.types[node.outputs[0]]
            builder.input(name, TensorType(Encoding.F32, given.shape))
            standing[node.outputs[0]] = name
    reached = set(standing)
    for node in tiled.nodes:
        if node.op == "logits" or Stage.SOURCE not in OPS[node.op].stages:
            continue
        if not reached.intersection(node.inputs):
            continue
        for name in node.inputs:
            if name in tiled.constants and name not in builder.types:
                builder.constant(name, tiled.constants[name], tiled.types[name].encoding)
        builder.add_node(
            node.op,
            [standing.get(name, name) for name in node.inputs],
            node.attrs,
            outputs=node.outputs,
            origin=node.origin,
        )
        reached.update(node.outputs)
    for name in tiled.outputs:
        if tiled.types[name].encoding is Encoding.CELLS:
            continue
        if name in standing:
            builder.add("identity", [standing[name]], name=name)
        elif name in tiled.constants:
            builder.constant(name, tiled.constants[name], tiled.types[name].encoding)
        builder.output(name)
    return builder.build()


def _cells_of(tiled: Graph, join: Node) -> str:
    """The array that a join of tile reads adds up."""
    return tiled.producers()[join.inputs[0]].inputs[0]


def _classes(tail: Graph) -> tuple[int, ...] | tuple[str, ...]:
    """Labels that the model itself attaches to its classes."""
    for node in tail.nodes:
        if node.op == "gather_features" and node.inputs[0] in tail.constants:
            return tuple(np.asarray(tail.constants[node.inputs[0]]).reshape(-1).tolist())
    return ()


def _cells_fit(old: Program, new: Program) -> bool:
    if old.target.device != new.target.device:
        return False
    if (old.plan.rule is Rule.SGD) != (new.plan.rule is Rule.SGD):
        return False
    return _shapes(old) == _shapes(new)


def _shapes(program: Program) -> list[tuple[str, int, int, int]]:
    return [(a.name, a.rows, a.columns, a.scale) for a in program.arrays]

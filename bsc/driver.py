"""Joins the stages: model in, Program out. The only place that knows them all."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bsc.diag import Diagnostic, DiagnosticError, did_you_mean, fail
from bsc.hw.plan import TrainPlan
from bsc.hw.registry import DEFAULT_TARGET, resolve
from bsc.hw.spec import TargetSpec
from bsc.ir.graph import Graph
from bsc.ir.pass_manager import OnPass, PassResult, run_passes
from bsc.ir.types import Encoding, Stage
from bsc.models import SourceModel, read_source
from bsc.numerics import tables
from bsc.ops import OPS
from bsc.passes.legalise import checked_network
from bsc.passes.naming import places_of_layers
from bsc.passes.network import find_network
from bsc.passes.ranges import Bounds, Range, input_range, measure
from bsc.passes.readouts import legalised
from bsc.passes.slopes import Slopes, slopes_of
from bsc.passes.trainable import UNREACHED, untrainable
from bsc.pipelines import chip_passes, source_passes
from bsc.plans import PlanOptions, check_counters, check_names, check_plan, idle_numbers, of_places
from bsc.program.initial import kept_state
from bsc.program.model import CompileOptions, InputSpec, Program
from bsc.program.verifier import verify_program
from bsc.program.weights import Layers, cells_fit, devices_stay, holding
from bsc.tiling.plan import ArraySpec
from bsc.tiling.schedule import Schedule, schedule
from bsc.tiling.tail import tail_of, with_classes

if TYPE_CHECKING:
    import onnx

Samples: TypeAlias = npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]
"""Samples of the only input, or of each input by its name."""

Ranges: TypeAlias = tuple[float, float] | Mapping[str, tuple[float, float]] | None
"""Values of all inputs that mean 0 and 1, or of single inputs by name."""

_NOTHING = Graph("", Stage.SOURCE, (), (), (), {}, {})

CALIBRATION_SAMPLES = 10_000
"""Calibration looks at so many samples at the most."""


def compile_model(
    model: str | Path | onnx.ModelProto | Graph | SourceModel,
    *,
    target: str | Path | TargetSpec | None = None,
    plan: TrainPlan | PlanOptions | None = None,
    weights: str | None = None,
    backend: str = "python",
    input_range: Ranges = None,
    calibrate: Samples | None = None,
    observer: OnPass | None = None,
) -> Program:
    """Compile a model.

    Args:
        model: ONNX file, file of the language, ModelProto, or a SOURCE graph.
        target: name, TOML file or specification of the chip; None is the model's own, else
            `oxram-128`.
        plan: how it trains: a whole plan, whose layers are arrays, or options over the model's own,
            whose layers are those of the train section where the model is a text; None is the
            model's own, else the rule `carry` with its defaults.
        weights: `keep` or `random`; None is as the model says, else `keep` where it has weights.
        backend: `python`, or `isa` for words that the machine runs (docs/isa.md).
        input_range: declared range of all inputs, or of single ones by name.
        calibrate: samples in the model's own shape that show ranges of inputs and activations; by
            name of the input where there are several.
        observer: called after each pass.

    Raises:
        DiagnosticError: everything wrong with model, target or options.
    """
    source = read_source(model)
    start = source.start(weights)
    if start == "keep" and not source.has_weights:
        raise fail("BSC2508", "weights are to be kept, but no layer of the model has any")
    options = CompileOptions(start, backend, epochs=source.epochs, seed=source.seed)
    if input_range is None or isinstance(input_range, Mapping):
        named = {**source.ranges, **(input_range or {})}
        pairs = tuple((name, *pair) for name, pair in named.items())
        options = replace(options, input_ranges=pairs)
    else:
        options = replace(options, input_range=input_range)
    options.check()
    chip = _chip(target, source)
    asked = plan if isinstance(plan, TrainPlan) else source.meant(plan or PlanOptions())
    graph, source = source.graph, replace(source, graph=_NOTHING)  # it may hold 100 MB of weights
    try:
        chosen = asked if isinstance(asked, TrainPlan) else asked.over(source.plan).plan()
        slopes = slopes_of(graph) if options.weights == "random" else ()
        folded = _fold(graph, observer)
        del graph
        if source.layers and not isinstance(asked, TrainPlan):
            by_layer = {layer.name: layer for layer in chosen.layers}
            placed = of_places(by_layer, places_of_layers(folded.graph)).items()
            layers = tuple(replace(layer, name=place) for place, layer in placed)
            chosen = replace(chosen, layers=layers)
        learned = _calibrate(folded.graph, calibrate) if calibrate is not None else Calibration()
        made = _build(folded, chip, chosen, options, learned, observer, slopes=slopes)
    except DiagnosticError as error:
        raise source.placed(error, None if isinstance(asked, TrainPlan) else asked) from None
    notes = tuple(map(remark_of, source.told(options.weights)))
    return replace(made, remarks=(*notes, *made.remarks))


def remark_of(note: Diagnostic) -> str:
    """What a program keeps of a note of its model."""
    return f"{note.severity}: {note.message}"


def _chip(target: str | Path | TargetSpec | None, source: SourceModel) -> TargetSpec:
    if target is None:
        return source.target or resolve(DEFAULT_TARGET)
    return target if isinstance(target, TargetSpec) else resolve(target)


def _fold(graph: Graph, observer: OnPass | None = None) -> PassResult:
    """The model's folded SOURCE graph."""
    return run_passes(graph, source_passes(), OPS, observer)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What data showed: range of each input that was looked at, and of each hidden activation."""

    inputs: Mapping[str, Bounds] = field(default_factory=dict)
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
    options.check()
    chip = program.target
    if target is not None:
        chip = target if isinstance(target, TargetSpec) else resolve(target)
    # A range that no option declared was learned from data, [0, 1] too.
    declared = {name for name, _, _ in program.options.input_ranges}
    learned = {
        spec.name: (spec.low, spec.high)
        for spec in program.inputs
        if spec.declared and program.options.input_range is None and spec.name not in declared
    }
    known = Calibration(learned, program.calibration)
    folded = _fold(program.source, observer)
    plan = plan or program.plan
    held = program.arrays if weights is None and devices_stay(program, chip, plan) else ()
    made = _build(folded, chip, plan, options, known, observer, held)
    if program.state is None:
        return made
    if weights is None and cells_fit(program, made):
        return replace(made, state=program.state)
    if weights is None and program.state.samples:
        remark = "warning: trained cells do not fit the new program; it starts anew"
        made = replace(made, remarks=(*made.remarks, remark))
    return made


def with_weights(program: Program, layers: Layers) -> Program:
    """A program with other trained weights, such as those of the `hp` baseline.

    Args:
        program: gives wiring and neurons, which stay: the rule's where it was compiled with random
            weights, else the model's own.
        layers: W [inputs, outputs] and b [outputs] of each array, reading probabilities; b is None
            or 0 where the array has no bias lines. Frozen arrays keep the cells of the program's
            state, if it has one.
    """
    first = chip_passes(
        program.target,
        program.plan,
        weights=program.options.weights,
        inputs=tuple((spec.name, spec.low, spec.high) for spec in program.inputs),
        ranges=dict(program.calibration),
    )[0]
    legal = first.run(_fold(program.source).graph).graph
    graph = holding(legal, program, layers)
    options = replace(program.options, weights="keep")
    bounds = {spec.name: (spec.low, spec.high) for spec in program.inputs}
    known = Calibration(bounds, program.calibration)
    unfolded = PassResult(graph, False)
    cells = program.state.arrays if program.state is not None else []
    frozen = {n: each for n, each in enumerate(cells) if program.frozen(n)}
    held = [program.arrays[number] for number in frozen]
    made = _build(unfolded, program.target, program.plan, options, known, None, held)
    state = made.state
    if state is not None and frozen:
        kept = [frozen.get(number, each) for number, each in enumerate(state.arrays)]
        state = replace(state, arrays=kept)
    return replace(made, inputs=program.inputs, state=state)


def _calibrate(graph: Graph, data: Samples) -> Calibration:
    network = find_network(graph)
    samples = samples_by_input(graph, data)
    bounds = {name: input_range(x) for name, x in samples.items()}
    return Calibration(bounds, measure(graph, network, samples, OPS))


def samples_by_input(graph: Graph, data: Samples) -> dict[str, npt.NDArray[np.float32]]:
    """Calibration samples of each input in the model's own shape.

    Raises:
        DiagnosticError: BSC3011, they do not fit the inputs.
    """
    if not isinstance(data, Mapping):
        if len(graph.inputs) != 1:
            raise fail(
                "BSC3011",
                f"the model has {len(graph.inputs)} inputs, calibration data are one array",
                help=f"give an array for each of {', '.join(graph.inputs)}",
            )
        data = {graph.inputs[0]: data}
    if data.keys() != set(graph.inputs):
        raise fail(
            "BSC3011",
            f"calibration data are for {', '.join(data) or 'no input'}, the model's inputs are "
            f"{', '.join(graph.inputs)}",
        )
    found: dict[str, npt.NDArray[np.float32]] = {}
    for name in graph.inputs:
        given = data[name]
        wanted = tuple(int(d) for d in graph.types[name].shape[1:])
        if len(given) == 0 or math.prod(given.shape[1:]) != math.prod(wanted):
            raise fail(
                "BSC3011",
                f"calibration data of input {name} have the shape {list(given.shape)}, the model "
                f"reads [N, {', '.join(map(str, wanted))}]",
            )
        x = np.ascontiguousarray(given[:CALIBRATION_SAMPLES], np.float32).reshape(-1, *wanted)
        if not np.isfinite(x).all():
            raise fail("BSC3011", f"calibration data of input {name} hold NaN or infinite values")
        found[name] = x
    counts = {name: len(x) for name, x in found.items()}
    if len(set(counts.values())) > 1:
        raise fail("BSC3011", f"calibration data differ in their samples: {counts}")
    return found


def _build(
    folded: PassResult,
    target: TargetSpec,
    plan: TrainPlan,
    options: CompileOptions,
    known: Calibration,
    observer: OnPass | None,
    held: Collection[ArraySpec] = (),
    slopes: Slopes = (),
) -> Program:
    """From folded layers to a program.

    Args:
        folded: SOURCE graph.
        target: the chip.
        plan: how it trains.
        options: what was asked.
        known: what data showed.
        observer: called after each pass.
        held: arrays whose cells are there already: their bias lines and S stay.
        slopes: of the model's sigmoids before folding.
    """
    check_plan(plan, target)
    if not legalised(folded.graph):
        checked_network(folded.graph)  # what follows takes inputs of known extent for granted
    specs = _input_specs(folded.graph, options, known)
    passes = chip_passes(
        target,
        plan,
        weights=options.weights,
        inputs=tuple((spec.name, spec.low, spec.high) for spec in specs),
        ranges=dict(known.ranges),
        held=tuple((spec.name, spec.bias_lines, spec.scale) for spec in held),
        slopes=slopes,
    )
    result = run_passes(folded.graph, passes, OPS, observer)
    tiled = result.graph
    scheduled = schedule(tiled)
    check_names(plan, scheduled)
    check_counters(plan, scheduled)
    tail = tail_of(tiled)
    remarks = [*idle_numbers(plan, scheduled), *folded.remarks, *result.remarks]
    program = Program(
        name=folded.graph.name,
        source=folded.graph,
        tail=tail,
        inputs=specs,
        options=options,
        plan=plan,
        target=target,
        arrays=scheduled.arrays,
        reads=scheduled.reads,
        heads=tuple(
            with_classes(head, scheduled.reads[head.read].name, tail) for head in scheduled.heads
        ),
        tiles=scheduled.tiles,
        buffers=scheduled.buffers,
        inference=scheduled.inference,
        training=scheduled.training,
        update=scheduled.update,
        tables={**scheduled.tables, "levels": tables.pixel_levels()},
        calibration=dict(known.ranges),
        untrainable=_why_untrainable(tiled, scheduled, plan),
    )
    if options.weights == "keep":
        codes = {
            str(node.attrs["name"]): tiled.constants[node.inputs[0]]
            for node in tiled.nodes
            if node.op == "array"
        }
        state, clipped = kept_state(program, codes)
        program = replace(program, state=state)
        remarks += [
            f"warning: {name}: {count} weights clipped beside their reference"
            for name, count in clipped.items()
            if count and name not in {spec.name for spec in held}
        ]
    program = replace(program, remarks=tuple(remarks))
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


def _why_untrainable(tiled: Graph, found: Schedule, plan: TrainPlan) -> str:
    if found.training:
        return ""
    frozen = [layer.name for layer in plan.layers if layer.frozen]
    return untrainable(tiled, plan.rule, frozen) or UNREACHED


def _input_specs(
    graph: Graph, options: CompileOptions, known: Calibration
) -> tuple[InputSpec, ...]:
    declared = {name: (low, high) for name, low, high in options.input_ranges}
    unknown = [name for name in declared if name not in graph.inputs]
    if unknown:
        raise fail(
            "BSC3010",
            f"the range is of input {unknown[0]}, which the model does not have",
            help=did_you_mean(unknown[0], graph.inputs, "its inputs"),
        )
    specs = []
    for name in graph.inputs:
        shape = tuple(int(d) for d in graph.types[name].shape[1:])
        spec = InputSpec(name, shape, math.prod(shape))
        given = declared.get(name, options.input_range)
        if given is not None:
            spec = replace(spec, low=(float(given[0]),), high=(float(given[1]),), declared=True)
        elif graph.types[name].encoding is Encoding.U8:
            spec = replace(spec, low=(0.0,), high=(255.0,), declared=True)
        elif name in known.inputs:
            low, high = known.inputs[name]
            unit = low == (0.0,) and high == (1.0,)
            spec = replace(spec, low=low, high=high, declared=True, saturates=not unit)
        specs.append(spec)
    return tuple(specs)

"""Programs of the language: text or tree in, a SOURCE graph and its sections out.

`check` never raises for what a program says and holds everything that editors want; `load_model`
raises all problems at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from bsc.diag import Diagnostic, DiagnosticError, Severity, escaped
from bsc.frontend.dsl.ast import Block, File, Input, Model, Weights
from bsc.frontend.dsl.collecting import collecting_nothing
from bsc.frontend.dsl.meaning.block_calls import define_parameters
from bsc.frontend.dsl.meaning.blocks import costs
from bsc.frontend.dsl.meaning.bodies import Body, look_over
from bsc.frontend.dsl.meaning.building import Building, LayerEntry
from bsc.frontend.dsl.meaning.declarations import Items, declare, sort_items
from bsc.frontend.dsl.meaning.facts import Fact, Facts
from bsc.frontend.dsl.meaning.finishing import draw_pending, finish, reserve_names
from bsc.frontend.dsl.meaning.flows import Flows
from bsc.frontend.dsl.meaning.inputs import input_range, input_type
from bsc.frontend.dsl.meaning.problems import Abandoned, Problems
from bsc.frontend.dsl.meaning.scope import Frame, Scope
from bsc.frontend.dsl.meaning.section_checks import Sections
from bsc.frontend.dsl.meaning.sections import TargetSection, TrainSection
from bsc.frontend.dsl.meaning.values import Live, Value
from bsc.frontend.dsl.meaning.walk import layer_names
from bsc.frontend.dsl.syntax.parser import parse_file
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ir.types import Stage
from bsc.ops.source import SOURCE_OPS


@dataclass(frozen=True, slots=True)
class DslModel:
    """What a program says.

    Attributes:
        graph: the network, at SOURCE; `Node.origin` is `FILE:LINE/LAYER`.
        ranges: declared ranges of inputs, (p = 0, p = 1), by input.
        weights: `random` where every layer leaves its weights to the device, else `keep`.
        train: the train section, None for none.
        target: the target section, None for none.
        layers: layers that hold weights, by path, in the order of the graph.
        files: of its weights.
        notes: notes and warnings.
    """

    graph: Graph
    ranges: Mapping[str, tuple[float, float]]
    weights: Literal["keep", "random"]
    train: TrainSection | None
    target: TargetSection | None
    layers: Mapping[str, LayerEntry]
    files: tuple[Path, ...]
    notes: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of a program, right or wrong.

    Attributes:
        diagnostics: all problems and notes, in the order of the text.
        model: the model, None where there are errors.
    """

    diagnostics: tuple[Diagnostic, ...]
    model: DslModel | None
    _facts: Facts = field(default_factory=Facts, repr=False, compare=False)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Each name of the text with what it is, in order; also where there are errors."""
        return self._facts.table()


def load_model(path: str | Path) -> DslModel:
    """Read a `.bsc` file.

    Args:
        path: the file; weights are looked for in its folder.

    Raises:
        DiagnosticError: BSC21xx to BSC25xx; all problems together.
    """
    file = Path(path)
    parsed = parse_file(file)
    if parsed.file is None:
        raise DiagnosticError(parsed.diagnostics)
    checked = check(parsed.file, file.parent)
    if checked.model is None:
        raise DiagnosticError(
            d for d in checked.diagnostics
            if d.severity is Severity.ERROR or d.code == "BSC2216"
        )  # fmt: skip
    return checked.model


@collecting_nothing()
def check(file: File, folder: Path | None, *, draw: bool = True) -> Checked:
    """Find out what a program means; nothing is raised for what it says.

    Args:
        file: the tree.
        folder: where relative paths of weights begin; None where the program is no file.
        draw: whether weights that are to be drawn are; without, they are zeros, which takes no
            time, and all else is the same.
    """
    problems, facts = Problems(file.source), Facts()
    scope = Scope(problems, facts, Frame())
    items = sort_items(file, problems)
    base = escaped(Path(file.source).name)
    name = items.model.name.name if items.model is not None else "model"
    building = Building(base, GraphBuilder(name, Stage.SOURCE, SOURCE_OPS), problems)
    flows = Flows(building, problems, scope, costs(items.blocks), folder)
    declare(file, items, scope, flows.evaluator, folder)
    ranges: dict[str, tuple[float, float]] = {}
    made: Graph | None = None
    body: Body | None = None
    if items.model is not None:
        body = _run_model(items.model, flows, scope, folder, ranges)
    _look_over_blocks(items, scope, flows)
    sections = Sections(scope, flows.evaluator)
    train, target = _sections(sections, items, building, body)
    mode: Literal["keep", "random"] = "keep"
    if not problems.failed and body is not None:
        mode = draw_pending(building, draw=draw)
        if mode == "random" and train is not None and train.weights == "keep":
            problems.error(
                "BSC2508", "weights are to be kept, but no layer has any", train.places["weights"],
                help="give layers their weights, or write weights = random",
            )  # fmt: skip
    if not problems.failed and body is not None:
        made = finish(building, body.outputs)
    model = None
    if made is not None and not problems.failed:
        notes = problems.diagnostics()
        layers = MappingProxyType(dict(building.layers))
        frozen = MappingProxyType(ranges)
        files = tuple(_weights_files(file, Path() if folder is None else folder))
        model = DslModel(made, frozen, mode, train, target, layers, files, notes)
    return Checked(problems.diagnostics(), model, facts)


def _weights_files(file: File, folder: Path) -> Iterator[Path]:
    """Files of weights that the text names, in bodies too."""
    for item in file.items:
        for each in item.body if isinstance(item, (Block, Model)) else [item]:
            if isinstance(each, Weights):
                yield folder / each.file.value


def _look_over_blocks(items: Items, scope: Scope, flows: Flows) -> None:
    """Check blocks that nothing calls; their nodes go into a graph that is thrown away."""
    for name, block in items.blocks.items():
        entry = scope.entries.get(name)
        if entry is None or entry.used or entry.value is None:
            continue
        building = Building("", GraphBuilder("", Stage.SOURCE, SOURCE_OPS), scope.problems)
        apart = Flows(building, scope.problems, scope, flows.costs, flows.folder)
        frame = Frame(named=layer_names(block.body))
        inner = Scope(scope.problems, scope.facts, frame, scope, block.body)
        define_parameters(block, {}, inner, apart.evaluator)
        look_over(block, inner, apart)


def _run_model(
    model: Model,
    flows: Flows,
    file_scope: Scope,
    folder: Path | None,
    ranges: dict[str, tuple[float, float]],
) -> Body:
    problems = file_scope.problems
    frame = Frame(named=layer_names(model.body))
    scope = Scope(problems, file_scope.facts, frame, file_scope, model.body)
    body = Body(flows, scope, folder)
    flows.building.reserved = reserve_names(model)
    for statement in model.body:
        if isinstance(statement, Input):
            _model_input(statement, flows, scope, ranges)
        else:
            body.run(statement)
    for found, what in ((any(isinstance(s, Input) for s in model.body), "input"),
                        (body.outputs, "output")):  # fmt: skip
        if not found:
            problems.error(
                "BSC2213", f"the model {model.name.name} has no {what}", model.name.at,
                help="write input x: f32[784]" if what == "input" else "write output y = ..",
            )  # fmt: skip
    body.note_unused(model.body)
    return body


def _model_input(
    statement: Input, flows: Flows, scope: Scope, ranges: dict[str, tuple[float, float]]
) -> None:
    value: Value | None = None
    name = statement.name.name
    try:
        type_ = input_type(statement, scope, flows.evaluator)
        if name not in flows.building.builder.types:
            flows.building.builder.input(name, type_)
            flows.building.inputs.add(name)
        value = Live(name, type_, statement.name.at, name)
    except Abandoned:
        pass
    try:
        found = input_range(statement, scope, flows.evaluator)
        if found is not None:
            ranges[name] = found
    except Abandoned:
        pass
    scope.define(statement.name, "input", value, statement.doc)


def _sections(
    sections: Sections, items: Items, building: Building, body: Body | None
) -> tuple[TrainSection | None, TargetSection | None]:
    """Both sections; of a model that failed, any layer and output will do."""
    whole = body is not None and not building.problems.failed
    layers = building.layers if whole else None
    outputs = [name.name for name, _ in body.outputs] if whole and body is not None else None
    train = sections.train(items.train, layers, outputs) if items.train is not None else None
    target = sections.target(items.target) if items.target is not None else None
    return train, target

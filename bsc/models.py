"""Models as users hand them in: ONNX, the language, a graph; and what they ask for themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bsc.diag import Diagnostic, DiagnosticError, Label, Span
from bsc.frontend.dsl.ast import Place
from bsc.frontend.dsl.meaning.building import LayerEntry
from bsc.frontend.dsl.meaning.model import DslModel, load_model
from bsc.frontend.dsl.meaning.sections import TargetSection, TrainSection
from bsc.frontend.onnx import import_with_remarks
from bsc.hw.registry import resolve
from bsc.hw.spec import TargetSpec
from bsc.hw.toml import with_settings
from bsc.ir.graph import Graph
from bsc.passes.network import layer_name
from bsc.plans import LayerOptions, PlanOptions

if TYPE_CHECKING:
    import onnx

SUFFIX = ".bsc"
"""Files of the language; every other path is read as ONNX."""

_ORIGIN = re.compile(r"(?P<file>.+):(?P<line>[0-9]+)/(?P<layer>.+)", re.DOTALL)
"""How nodes of the language say where they came from."""


@dataclass(frozen=True, slots=True)
class SourceModel:
    """A model and its own wishes, which options of the user win over.

    Attributes:
        graph: at SOURCE.
        ranges: declared ranges of its inputs, by name.
        weights: `keep` or `random` as its train section says, None where it does not.
        has_weights: whether there is any weight to keep.
        plan: of its train section.
        target: of its target section, None for none.
        epochs: of its train section, None where it does not say.
        seed: of its train section, None where it does not say.
        notes: what is worth knowing about it.
        path: the file of the language that it came from, None for others.
    """

    graph: Graph
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    weights: str | None = None
    has_weights: bool = True
    plan: PlanOptions = field(default_factory=PlanOptions)
    target: TargetSpec | None = None
    epochs: int | None = None
    seed: int | None = None
    notes: tuple[Diagnostic, ...] = ()
    path: Path | None = None

    def placed(self, error: DiagnosticError) -> DiagnosticError:
        """An error of a later stage, at the lines of the text that its nodes came from."""
        if self.path is None:
            return error
        return DiagnosticError(_at_lines(each, self.path) for each in error.diagnostics)


def read_source(model: str | Path | onnx.ModelProto | Graph | SourceModel) -> SourceModel:
    """Read a model.

    Raises:
        DiagnosticError: BSC10xx of ONNX, BSC21xx to BSC25xx of the language, BSC40xx of its target.
    """
    if isinstance(model, SourceModel):
        return model
    if isinstance(model, Graph):
        return SourceModel(model)
    if isinstance(model, (str, Path)) and Path(model).suffix == SUFFIX:
        path = Path(model)
        return from_language(load_model(path), path)
    graph, notes = import_with_remarks(model)
    return SourceModel(graph, notes=notes)


def from_language(found: DslModel, path: Path) -> SourceModel:
    """A checked program of the language, with its wishes.

    Args:
        found: what `bsc.frontend.dsl.meaning.model.check` made of it.
        path: of its file: what diagnostics call it, and where targets are looked for.

    Raises:
        DiagnosticError: BSC40xx, its target or the device of a layer is wrong.
    """
    train = found.train or TrainSection()
    return SourceModel(
        found.graph,
        found.ranges,
        train.weights,
        found.weights == "keep",
        _plan(train, found.layers, path),
        None if found.target is None else _target(found.target, path),
        train.epochs,
        train.seed,
        found.notes,
        path,
    )


def origin_at(span: Span) -> str:
    """The origin of the node that a place speaks of; the other way of `placed`."""
    if span.line is None:
        return span.path or ""
    return f"{Path(span.source).name}:{span.line}/{span.path}"


def _at_lines(diagnostic: Diagnostic, path: Path) -> Diagnostic:
    labels = []
    for label in diagnostic.labels:
        origin = _ORIGIN.fullmatch(label.span.path or "")
        if origin is not None and origin["file"] == path.name:
            span = Span(str(path), int(origin["line"]), path=origin["layer"])
            label = replace(label, span=span)
        labels.append(label)
    return replace(diagnostic, labels=tuple(labels))


def _plan(train: TrainSection, entries: Mapping[str, LayerEntry], path: Path) -> PlanOptions:
    layers: dict[str, LayerOptions] = {}
    for asked, each in train.layers.items():
        device = None
        if each.device is not None:
            with _At(path, train.places.get(f"layer {asked}.device")):
                device = resolve(each.device, path.parent).device
        options = LayerOptions(each.frozen, device, each.threshold, each.pulses, each.device or "")
        # A block's name means all layers in it; what is said of a single one wins.
        for name, entry in entries.items():
            if name == asked or name.startswith(f"{asked}."):
                array = layer_name(entry.origin)
                below = layers.get(array, LayerOptions())
                longer = name == asked or array not in layers
                layers[array] = options.over(below) if longer else below.over(options)
    return PlanOptions(
        train.rule,
        train.batch,
        train.threshold,
        train.pulses,
        train.eta,
        train.refresh_every,
        dict(train.readouts),
        layers,
    )


def _target(section: TargetSection, path: Path) -> TargetSpec:
    """The target that a section describes."""
    with _At(path, section.places.get("")):
        base = resolve(section.name, path.parent)
    if not section.settings:
        return base
    try:
        return with_settings(base, section.settings, str(path))
    except DiagnosticError as error:
        raise DiagnosticError(
            _placed(d, path, section.places.get(_key(d), section.places.get("")))
            for d in error.diagnostics
        ) from None


def _key(diagnostic: Diagnostic) -> str:
    return (diagnostic.labels[0].span.path or "") if diagnostic.labels else ""


def _placed(diagnostic: Diagnostic, path: Path, place: Place | None) -> Diagnostic:
    """A diagnostic of something that the text names, at that place of the text."""
    if place is None:
        return diagnostic
    length = place.end_column - place.column if place.line == place.end_line else 1
    span = Span(str(path), place.line, place.column, max(1, length))
    return replace(diagnostic, labels=(Label(span), *diagnostic.labels[1:]))


@dataclass(slots=True)
class _At:
    """Within it, errors get a place of the text."""

    path: Path
    place: Place | None

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, DiagnosticError):
            raise DiagnosticError(
                _placed(d, self.path, self.place) for d in error.diagnostics
            ) from None

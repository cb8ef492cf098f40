"""Models as users hand them in: ONNX, the language, a graph; and what they ask for themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bsc.diag import Diagnostic, DiagnosticError, Label, Sink, Span, escaped
from bsc.frontend.dsl.ast import Place
from bsc.frontend.dsl.meaning.building import LayerEntry
from bsc.frontend.dsl.meaning.layer_paths import LayerPaths
from bsc.frontend.dsl.meaning.model import DslModel, load_model
from bsc.frontend.dsl.meaning.sections import LayerOverride, TargetSection, TrainSection
from bsc.frontend.onnx import import_with_remarks
from bsc.hw.registry import names_file, resolve
from bsc.hw.spec import TargetSpec
from bsc.hw.toml import with_settings
from bsc.ir.graph import Graph
from bsc.ir.origins import TextOrigin, of_text
from bsc.plans import LayerOptions, PlanOptions, no_layer

if TYPE_CHECKING:
    import onnx

_LANGUAGE = ".bsc"

_NUMBERS = ("rule", "batch", "threshold", "pulses", "eta", "refresh_every")
_PARTS = ("", *(f".{each.name}" for each in fields(LayerOverride)))
"""What a plan says of a layer: the layer itself, and its keys."""

_OF_WEIGHTS = ("BSC2409", "BSC2410")
"""Notes that say how weights start."""


@dataclass(frozen=True, slots=True)
class SourceModel:
    """A model and its own wishes, which options of the user win over.

    Attributes:
        graph: at SOURCE.
        ranges: declared ranges of its inputs, by name.
        weights: `keep` or `random` as its train section says, None where it does not.
        has_weights: whether there is any weight to keep.
        plan: of its train section; its layers are those of the text, by path.
        target: of its target section, None for none.
        epochs: of its train section, None where it does not say.
        seed: of its train section, None where it does not say.
        notes: what is worth knowing about it.
        path: the file of the language that it came from, None for others.
        places: where its text says something of the plan, by keys as `TrainSection.places` has
            them, of each single layer.
        layers: layers of its text that hold weights; none where it is no text.
        files: what its text names: files of weights and of targets.
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
    places: Mapping[str, Place] = field(default_factory=dict)
    layers: tuple[LayerEntry, ...] = ()
    files: tuple[Path, ...] = ()

    def start(self, asked: str | None = None) -> str:
        """`keep` or `random`: as asked, else as the model says, else as there are weights."""
        return asked or self.weights or ("keep" if self.has_weights else "random")

    def told(self, start: str) -> tuple[Diagnostic, ...]:
        """Its notes, but for those about weights where none are kept.

        Args:
            start: `keep` or `random`.
        """
        return tuple(d for d in self.notes if start == "keep" or d.code not in _OF_WEIGHTS)

    def meant(self, asked: PlanOptions) -> PlanOptions:
        """Options for single layers, where these name some as the train section of a text does.

        Raises:
            DiagnosticError: BSC3023, the text has no such layer.
        """
        if not self.layers:
            return asked
        sink, paths = Sink(), LayerPaths(asked.layers)
        meant = {name for entry in self.layers for name in paths.of(entry)}
        for name in asked.layers:
            if name not in meant:
                no_layer(sink, name, [entry.path for entry in self.layers])
        sink.raise_if_errors()
        return replace(asked, layers=_by_layer(asked.layers, self.layers))

    def placed(self, error: DiagnosticError, asked: PlanOptions | None = None) -> DiagnosticError:
        """An error of a later stage, at the lines of the text that it came from.

        Args:
            error: its diagnostics name origins of nodes, or keys of the plan.
            asked: options over the model's own plan; what they say is not the text's fault. None
                where the plan is no matter of the text.
        """
        if self.path is None:
            return error
        places: dict[str, Place] = {}
        if asked is not None:
            chosen = asked.over(self.plan)
            places = {
                key: place
                for key, place in self.places.items()
                if _said(asked, key) is None and _said(chosen, key) is not None
            }
        return DiagnosticError(_at_lines(each, self.path, places) for each in error.diagnostics)


def of_language(path: str | Path) -> bool:
    """Whether a file is a text of the language, by its name; every other model is read as ONNX."""
    return Path(path).suffix.lower() == _LANGUAGE


def read_source(model: str | Path | onnx.ModelProto | Graph | SourceModel) -> SourceModel:
    """Read a model.

    Raises:
        DiagnosticError: BSC10xx of ONNX, BSC21xx to BSC25xx of the language, BSC40xx of its target.
    """
    if isinstance(model, SourceModel):
        return model
    if isinstance(model, Graph):
        return SourceModel(model)
    if isinstance(model, (str, Path)) and of_language(model):
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
    layers = tuple(found.layers.values())
    plan, places = _plan(train, layers, path)
    return SourceModel(
        found.graph,
        found.ranges,
        train.weights,
        found.weights == "keep",
        plan,
        None if found.target is None else _target(found.target, path),
        train.epochs,
        train.seed,
        found.notes,
        path,
        places,
        layers,
        (*found.files, *_target_files(train, found.target, path.parent)),
    )


def origin_at(span: Span) -> str:
    """The origin of the node that a place speaks of; the other way of `placed`."""
    if span.line is None:
        return span.path or ""
    return str(TextOrigin(escaped(Path(span.source).name), span.line, span.path or ""))


def _said(options: PlanOptions, key: str) -> object:
    """What options say of a key of the plan, None for nothing."""
    what, _, name = key.partition(" ")
    if not name:
        return getattr(options, key)
    if what == "readout":
        return options.readouts.get(name)
    if name in options.layers:
        return options.layers[name]
    layer, _, attribute = name.rpartition(".")
    return getattr(options.layers.get(layer), attribute, None)


def _at_lines(diagnostic: Diagnostic, path: Path, places: Mapping[str, Place]) -> Diagnostic:
    labels = []
    for label in diagnostic.labels:
        place = places.get(label.span.path or "") if label.span.source == "plan" else None
        if place is not None:
            label = replace(label, span=_span(path, place))
        origin = of_text(label.span.path or "")
        if origin is not None and origin.file == escaped(path.name):
            label = replace(label, span=Span(str(path), origin.line, path=origin.layer))
        labels.append(label)
    return replace(diagnostic, labels=tuple(labels))


def _plan(
    train: TrainSection, entries: Iterable[LayerEntry], path: Path
) -> tuple[PlanOptions, dict[str, Place]]:
    """A train section as a plan, and where the text says each part of it."""
    asked: dict[str, LayerOptions] = {}
    places = {
        key: place
        for key, place in train.places.items()
        if key in _NUMBERS or key.startswith("readout ")
    }
    for name, each in train.layers.items():
        device = None
        if each.device is not None:
            with _At(path, train.places.get(f"layer {name}.device")):
                device = resolve(each.device, path.parent).device
        asked[name] = LayerOptions(
            each.frozen, device, each.threshold, each.pulses, each.device or ""
        )
    paths = LayerPaths(asked)
    for entry in entries:
        for name in paths.of(entry):
            for part in _PARTS:
                place = train.places.get(f"layer {name}{part}")
                if place is not None:
                    places[f"layer {entry.path}{part}"] = place
    plan = PlanOptions(
        train.rule,
        train.batch,
        train.threshold,
        train.pulses,
        train.eta,
        train.refresh_every,
        dict(train.readouts),
        _by_layer(asked, entries),
    )
    return plan, places


def _by_layer(
    asked: Mapping[str, LayerOptions], entries: Iterable[LayerEntry]
) -> dict[str, LayerOptions]:
    """What paths of a train section, or such names, say of each single layer."""
    paths = LayerPaths(asked)
    layers: dict[str, LayerOptions] = {}
    for entry in entries:
        for name in paths.of(entry):
            layers[entry.path] = asked[name].over(layers.get(entry.path, LayerOptions()))
    return layers


def _target_files(
    train: TrainSection, target: TargetSection | None, folder: Path
) -> Iterator[Path]:
    """Files of the targets that the sections name, for the chip or for a device of it."""
    named = [each.device for each in train.layers.values()]
    for name in (*named, None if target is None else target.name):
        if name is not None and names_file(name):
            yield folder / name


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
    return replace(diagnostic, labels=(Label(_span(path, place)), *diagnostic.labels[1:]))


def _span(path: Path, place: Place) -> Span:
    length = place.end_column - place.column if place.line == place.end_line else 1
    return Span(str(path), place.line, place.column, max(1, length))


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

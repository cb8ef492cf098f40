"""Checks sections: kinds of values, unknown and double keys, layers and outputs that are none.

Numbers that do not go together are left to `bsc.plans`, values of targets to `bsc.hw`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from bsc.diag import nearest
from bsc.frontend.dsl import ast
from bsc.frontend.dsl.ast import Expr, Name, Place, Setting
from bsc.frontend.dsl.meaning.bounds import SETTINGS
from bsc.frontend.dsl.meaning.building import LayerEntry
from bsc.frontend.dsl.meaning.expressions import Evaluator
from bsc.frontend.dsl.meaning.layer_paths import LayerPaths
from bsc.frontend.dsl.meaning.problems import Abandoned, Help, Problems
from bsc.frontend.dsl.meaning.scope import Scope, suggestion
from bsc.frontend.dsl.meaning.sections import LayerOverride, TargetSection, TrainSection
from bsc.frontend.dsl.meaning.values import Listed, Value, shown
from bsc.frontend.dsl.meaning.walk import place_of
from bsc.frontend.onnx.tensors import MAX_RANK
from bsc.hw.plan import Readout, Rule
from bsc.hw.spec import TargetSpec

READOUTS = tuple(str(readout) for readout in Readout)

TRAIN_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "rule": "a word",
        "batch": "a whole number",
        "threshold": "a whole number",
        "pulses": "a whole number",
        "eta": "a number",
        "refresh_every": "a whole number",
        "epochs": "a whole number",
        "seed": "a whole number",
        "weights": "a word",
    }
)
WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"rule": tuple(str(rule) for rule in Rule), "weights": ("keep", "random")}
)
LAYER_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "frozen": "true or false",
        "device": "a text",
        "threshold": "a whole number",
        "pulses": "a whole number",
    }
)


@dataclass(slots=True)
class Sections:
    """Reads the sections of one file.

    Attributes:
        scope: names of the file, for values of settings.
        evaluator: evaluates them.
        places: where the keys of the section being read stand.
    """

    scope: Scope
    evaluator: Evaluator
    places: dict[str, Place] = field(default_factory=dict)

    @property
    def problems(self) -> Problems:
        """Where problems go."""
        return self.scope.problems

    # train

    def train(
        self,
        section: ast.Train,
        layers: Mapping[str, LayerEntry] | None,
        outputs: Collection[str] | None,
    ) -> TrainSection:
        """A train section; what is wrong is left out, and reported.

        Args:
            section: as it was parsed.
            layers: the model's layers by path; None where the model failed, and any will do.
            outputs: names of its outputs; None where the model failed.
        """
        self.places = {"": section.at}
        values: dict[str, Any] = {}
        readouts: dict[str, str] = {}
        overrides: dict[str, LayerOverride] = {}
        named = LayerPaths(_path(item) for item in section.body if isinstance(item, ast.LayerPlan))
        meant = {path for entry in (layers or {}).values() for path in named.of(entry)}
        for item in section.body:
            try:
                match item:
                    case Setting():
                        key = self._key(item, TRAIN_SETTINGS, "train", "")
                        values[key] = self._value(key, TRAIN_SETTINGS[key], item.value)
                    case ast.Readout():
                        self._readout(item, readouts, outputs)
                    case ast.LayerPlan():
                        path = _path(item)
                        if layers is not None and path not in meant:
                            raise self._no_layer(item, layers)
                        self._note_path(item, path)
                        overrides[path] = self._override(item, path)
            except Abandoned:
                continue
        return TrainSection(
            **values,
            readouts=MappingProxyType(readouts),
            layers=MappingProxyType(overrides),
            places=MappingProxyType(self.places),
        )

    def _key(self, item: Setting, known: Mapping[str, str], what: str, prefix: str) -> str:
        """The key of a setting, known and given for the first time."""
        key = ".".join(part.name for part in item.key)
        at = place_of(item.key)
        if key not in known:
            help: Help = partial(suggestion, key, [*known], "keys here")
            if what == "train" and len(item.key) > 1:
                help = "settings of one layer stand in its braces: layer NAME { .. }"
            raise self.problems.error(
                "BSC2502", f"{what} has no setting {key}", at, "unknown", help=help
            )
        self._once(prefix + key, at, key)
        self.scope.facts.note(item.key[0].at, key, "setting", None, None, known[key])
        return key

    def _once(self, path: str, at: Place, shown_as: str) -> None:
        first = self.places.setdefault(path, at)
        if first is not at:
            raise self.problems.error(
                "BSC2503", f"{shown_as} is set twice", at, "set again here",
                others=[(first, "first set here")],
            )  # fmt: skip

    def _value(self, key: str, kind: str, expr: Expr) -> object:
        """The value of a setting of train, of the kind that its key asks for."""
        if isinstance(expr, Name) and key in (*WORDS, "device"):
            entry = self.scope.find(expr.name)
            given: Value = expr.name if entry is None else self.scope.use(expr)
        else:
            given = self.evaluator.constant(expr, self.scope, key)
        fits = {
            "a word": isinstance(given, str),
            "a text": isinstance(given, str),
            "true or false": isinstance(given, bool),
            "a whole number": isinstance(given, int) and not isinstance(given, bool),
            "a number": isinstance(given, int | float) and not isinstance(given, bool),
        }[kind]
        if not fits:
            raise self.problems.error(
                "BSC2504", f"{key} is {shown(given)}, expected {kind}", expr.at, f"expected {kind}"
            )
        if key in WORDS and given not in WORDS[key]:
            raise self._no_word(key, str(given), WORDS[key], expr.at)
        if key == "seed" and isinstance(given, int) and given < 0:
            raise self.problems.error("BSC2504", f"seed is {given}, expected one from 0", expr.at)
        if key == "epochs" and isinstance(given, int) and given < 0:
            raise self.problems.error("BSC2504", f"epochs is {given}, expected 0 or more", expr.at)
        return float(given) if key == "eta" and isinstance(given, int | float) else given

    def _no_word(self, key: str, word: str, words: tuple[str, ...], at: Place) -> Abandoned:
        near = nearest(word[:100], words, 1)
        known = ", ".join(words)
        return self.problems.error(
            "BSC2504",
            f"{key} is {word[:40]}, expected {' or '.join(words) if len(words) < 3 else known}",
            at,
            help=f"did you mean {near[0]}?" if near else None,
        )

    def _readout(
        self, item: ast.Readout, readouts: dict[str, str], outputs: Collection[str] | None
    ) -> None:
        name = item.output.name
        if outputs is not None and name not in outputs:
            raise self.problems.error(
                "BSC2506",
                f"the model has no output {name}",
                item.output.at,
                help=partial(suggestion, name, list(outputs), "its outputs"),
            )
        if item.kind.name not in READOUTS:
            raise self._no_word(f"the readout of {name}", item.kind.name, READOUTS, item.kind.at)
        self._once(f"readout {name}", item.output.at, f"the readout of {name}")
        self.scope.facts.note(item.output.at, name, "output", None)
        readouts[name] = item.kind.name

    def _no_layer(self, item: ast.LayerPlan, layers: Collection[str]) -> Abandoned:
        path = _path(item)
        return self.problems.error(
            "BSC2505",
            f"the model has no layer {path}",
            place_of(item.path),
            "no layer of this name",
            help=partial(suggestion, path, list(layers), "its layers"),
        )

    def _note_path(self, item: ast.LayerPlan, path: str) -> None:
        self._once(f"layer {path}", place_of(item.path), f"layer {path}")
        self.scope.facts.note(item.path[-1].at, path, "layer", None)

    def _override(self, item: ast.LayerPlan, path: str) -> LayerOverride:
        values: dict[str, Any] = {}
        for setting in item.settings:
            try:
                key = self._key(setting, LAYER_SETTINGS, f"layer {path}", f"layer {path}.")
                values[key] = self._value(key, LAYER_SETTINGS[key], setting.value)
            except Abandoned:
                continue
        return LayerOverride(**values)

    # target

    def target(self, section: ast.TargetSection) -> TargetSection:
        """A target section; what is wrong is left out, and reported."""
        self.places = {"": section.name.at}
        settings: dict[str, Any] = {}
        for item in section.settings:
            try:
                self._target_setting(item, settings)
            except Abandoned:
                continue
        return TargetSection(section.name.value, settings, MappingProxyType(self.places))

    def _target_setting(self, item: Setting, settings: dict[str, Any]) -> None:
        parts = [part.name for part in item.key]
        _check_target_key(item.key, self.problems)
        key = ".".join(parts)
        self._once(key, place_of(item.key), key)
        table = settings
        for depth, part in enumerate(parts[:-1], start=1):
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                above = ".".join(parts[:depth])
                raise self.problems.error(
                    "BSC2503", f"{above} is a value and a table", place_of(item.key),
                    f"{above} as a table", others=[(self.places[above], f"{above} as a value")],
                )  # fmt: skip
            table = inner
        if isinstance(table.get(parts[-1]), dict):
            below = next(k for k in self.places if k.startswith(f"{key}."))
            raise self.problems.error(
                "BSC2503", f"{key} is a table and a value", place_of(item.key), f"{key} as a value",
                others=[(self.places[below], f"{key} as a table")],
            )  # fmt: skip
        table[parts[-1]] = self._plain(item.value, key)

    def _plain(self, expr: Expr, key: str) -> object:
        if isinstance(expr, Name) and self.scope.find(expr.name) is None:
            return expr.name  # words such as `joined`, which TOML writes in quotes
        return self._data(self.evaluator.constant(expr, self.scope, key), expr, key)

    def _data(self, value: Value, expr: Expr, key: str, depth: int = 0) -> object:
        if isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, Listed) and depth < MAX_RANK:
            self.problems.spend(SETTINGS, len(value.items), expr.at)
            return [self._data(item, expr, key, depth + 1) for item in value.items]
        raise self.problems.error(
            "BSC2504",
            f"{key} is {shown(value)}, expected a number, a text, true, false or an array"
            if depth < MAX_RANK
            else f"{key} has arrays more than {MAX_RANK} deep",
            expr.at,
        )


def _check_target_key(key: tuple[Name, ...], problems: Problems) -> None:
    """Refuse a key that no target has, as deep as its tables are known."""
    model: type[BaseModel] | None = TargetSpec
    for number, part in enumerate(key):
        if model is None:
            return
        names = [n for n in model.model_fields if n != "name" or model is not TargetSpec]
        if part.name not in names:
            above = ".".join(p.name for p in key[:number])
            inside = [f"{n}.{part.name}" for n in names if part.name in _keys_of(model, n)]
            raise problems.error(
                "BSC2502",
                f"{above or 'a target'} has no setting {part.name}",
                part.at,
                "unknown",
                help=f"did you mean {' or '.join(inside)}?"
                if inside
                else partial(suggestion, part.name, names, "settings here"),
            )
        model = _table_of(model, part.name)


def _table_of(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The table of a key; None where it is none, or one of several kinds."""
    inner: Any = model.model_fields[key].annotation
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _keys_of(model: type[BaseModel], key: str) -> Collection[str]:
    table = _table_of(model, key)
    return () if table is None else table.model_fields


def _path(item: ast.LayerPlan) -> str:
    return ".".join(part.name for part in item.path)

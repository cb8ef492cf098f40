"""What is known of a text in an editor: mistakes, names, the tree; of texts with mistakes too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from bsc.diag import Diagnostic, DiagnosticError
from bsc.frontend.dsl.ast import (
    Block,
    File,
    Flow,
    Model,
    Place,
    Stage,
    Statement,
    TargetSection,
    Weights,
)
from bsc.frontend.dsl.meaning.building import LayerEntry
from bsc.frontend.dsl.meaning.facts import Fact
from bsc.frontend.dsl.meaning.kept_files import KeptFiles, keeping
from bsc.frontend.dsl.meaning.model import check
from bsc.frontend.dsl.meaning.walk import callee, expressions, stages, statement_expressions
from bsc.frontend.dsl.syntax.formatter import format_file
from bsc.frontend.dsl.syntax.parser import parse, parse_what_reads
from bsc.lsp.text import Text
from bsc.models import from_language


@dataclass(frozen=True, slots=True)
class Analysis:
    """A text and what it says.

    Attributes:
        text: the text.
        source: what diagnostics call it: the path of its file, where it has one.
        folder: where its weights are looked for, None for a text that is no file.
        diagnostics: what is wrong with it, and notes.
        file: its tree, without the lines that cannot be read; None where nothing can.
        facts: its names, in the order of the text.
        layers: layers that hold weights, by path; none where there are mistakes.
        whole: whether it is a model, as far as the language goes.
    """

    text: Text
    source: str
    folder: Path | None
    diagnostics: tuple[Diagnostic, ...]
    file: File | None = None
    facts: tuple[Fact, ...] = ()
    layers: Mapping[str, LayerEntry] = field(default_factory=lambda: MappingProxyType({}))
    whole: bool = False

    def fact_at(self, line: int, column: int) -> Fact | None:
        """The name at a place, or the one that ends there."""
        ending: Fact | None = None
        for fact in self.facts:
            at = fact.at
            if at.line == line == at.end_line and at.column <= column <= at.end_column:
                if column < at.end_column:
                    return fact
                ending = fact
        return ending

    def layers_of(self, fact: Fact) -> list[LayerEntry]:
        """Layers with weights that a name stands for: several in a repeat, and in a block."""
        if fact.kind not in ("operator", "layer", "block"):
            return []
        at, entries = fact.at, self.layers.values()
        held = [e for e in entries if _holds(e.at, at.line, at.column)]
        if held or fact.kind == "operator":
            return held
        label = self._label_at(at) if fact.kind == "block" else None
        name = label or fact.name
        called = re.compile(rf"(?:.*\.)?{re.escape(name)}(?:_[0-9]+)?(?:\..*)?", re.DOTALL)
        return [e for e in entries if called.fullmatch(e.path)]

    def _label_at(self, at: Place) -> str | None:
        """What `as` calls the stage whose block or layer stands at a place."""
        for body in self._bodies():
            for expr in expressions(*(e for s in body for e in statement_expressions(s))):
                for stage, _ in stages(expr.stages) if isinstance(expr, Flow) else ():
                    if isinstance(stage, Stage) and callee(stage.what).at == at:
                        return stage.label.name if stage.label is not None else None
        return None

    def _bodies(self) -> list[tuple[Statement, ...]]:
        items = self.file.items if self.file is not None else ()
        return [item.body for item in items if isinstance(item, Model | Block)]

    def definition(self, fact: Fact) -> Place | None:
        """Where a name was given; None for what the language has itself."""
        if fact.defined is not None:
            return fact.defined
        entry = self.layers.get(fact.name) if fact.kind == "layer" else None
        if entry is not None:
            return entry.at
        if fact.kind not in ("layer", "output"):
            return None
        last = fact.name.rpartition(".")[2]
        named = [f for f in self.facts if f.kind == fact.kind and f.defined == f.at]
        return next((f.at for f in named if f.name in (fact.name, last)), None)

    def links(self) -> Iterator[tuple[Place, Path]]:
        """Texts that name files which are there: weights, targets."""
        if self.file is None or self.folder is None:
            return
        for node in (*self.file.items, *(s for body in self._bodies() for s in body)):
            match node:
                case Weights():
                    name = node.file
                case TargetSection() if node.name.value.endswith(".toml"):
                    name = node.name
                case _:
                    continue
            path = self.folder / name.value
            if _is_file(path):
                yield name.at, path

    def formatted(self) -> str | None:
        """The text as `bsc fmt` writes it; None where its syntax is wrong."""
        file = parse(self.text.text, self.source).file
        return None if file is None else format_file(file)


def analyse(text: Text, path: Path | None, name: str, kept: KeptFiles) -> Analysis:
    """Find out what a text says; nothing is raised for it.

    Args:
        text: the text, saved or not.
        path: of its file; None where it has none yet.
        name: what diagnostics call it where it has none.
        kept: files of weights that are open already.
    """
    source = name if path is None else str(path)
    folder = None if path is None else path.parent
    file, mistakes = parse_what_reads(text.text, source)
    if file is None:
        return Analysis(text, source, folder, mistakes)
    with keeping(kept):
        checked = check(file, folder, draw=False)
    if mistakes:  # what else is wrong may well follow from them
        return Analysis(text, source, folder, mistakes, file, checked.facts)
    if checked.model is None:
        return Analysis(text, source, folder, checked.diagnostics, file, checked.facts)
    diagnostics = checked.diagnostics
    try:
        model = from_language(checked.model, Path(source))
        diagnostics = model.told(model.start())
    except DiagnosticError as error:
        diagnostics = (*diagnostics, *error.diagnostics)
    layers = checked.model.layers
    return Analysis(text, source, folder, diagnostics, file, checked.facts, layers, True)


def _holds(at: Place, line: int, column: int) -> bool:
    """Whether a place lies within another one."""
    return (at.line, at.column) <= (line, column) < (at.end_line, at.end_column)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False

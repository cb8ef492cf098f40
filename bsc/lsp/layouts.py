"""How layers lie on the chip: a text compiled, when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from bsc.diag import Diagnostic, DiagnosticError, Span
from bsc.driver import compile_model
from bsc.frontend.dsl.ast import Place
from bsc.frontend.dsl.meaning.kept_files import KeptFiles, keeping
from bsc.frontend.dsl.meaning.model import check
from bsc.lsp.analysis import Analysis
from bsc.models import from_language
from bsc.tiling.partition import cuts


@dataclass(frozen=True, slots=True)
class ArrayLayout:
    """One array.

    Attributes:
        rows: word lines, those of the bias included.
        columns: bit lines.
        tiles: how many tiles it takes.
    """

    rows: int
    columns: int
    tiles: int


@dataclass(frozen=True, slots=True)
class Layouts:
    """All arrays of a program on one chip, or why there are none.

    Attributes:
        target: the chip's name.
        tile: rows and columns of one tile.
        arrays: by the origin of their layer.
        diagnostics: why the program does not compile.
    """

    target: str = ""
    tile: tuple[int, int] = (0, 0)
    arrays: Mapping[str, ArrayLayout] = field(default_factory=lambda: MappingProxyType({}))
    diagnostics: tuple[Diagnostic, ...] = ()

    def in_words(self, origin: str) -> str | None:
        """`785 x 500 cells, 28 tiles of 128 x 128 on oxram-128`."""
        found = self.arrays.get(origin)
        if found is None:
            return None
        rows, columns = self.tile
        return (
            f"{found.rows} x {found.columns} cells, {found.tiles} "
            f"tile{'s' * (found.tiles != 1)} of {rows} x {columns} on {self.target}"
        )


def lay_out(analysis: Analysis, kept: KeptFiles) -> Layouts:
    """Compile a text for the chip that it names, or the default one.

    Args:
        analysis: of the text.
        kept: files of weights that are open already.
    """
    if analysis.file is None or not analysis.whole:
        return Layouts()
    try:
        with keeping(kept):
            model = check(analysis.file, analysis.folder).model
        if model is None:
            return Layouts()
        program = compile_model(from_language(model, Path(analysis.source)))
    except DiagnosticError as error:
        return Layouts(diagnostics=tuple(_placed(d, analysis) for d in error.diagnostics))
    array = program.target.array
    return Layouts(
        program.target.name,
        (array.rows, array.columns),
        {
            one.origin: ArrayLayout(
                one.rows,
                one.columns,
                len([*cuts(one.rows, array.rows)]) * len([*cuts(one.columns, array.columns)]),
            )
            for one in program.arrays
        },
    )


def _placed(diagnostic: Diagnostic, analysis: Analysis) -> Diagnostic:
    """A diagnostic that knows its line alone, at the layer, or the names, of that line."""
    if not diagnostic.labels:
        return diagnostic
    label, *others = diagnostic.labels
    span = label.span
    if span.line is None or span.column is not None:
        return diagnostic
    entry = analysis.layers.get(span.path or "")
    at = entry.at if entry is not None else _statement(span.line, analysis)
    length = at.end_column - at.column if at.line == at.end_line else 1
    placed = replace(label, span=Span(span.source, at.line, at.column, length))
    return replace(diagnostic, labels=(placed, *others))


def _statement(line: int, analysis: Analysis) -> Place:
    """The names on a line, from the first to the last."""
    on_line = [fact.at for fact in analysis.facts if fact.at.line == line]
    if not on_line:
        return Place(line, 1, line, 2)
    return Place(line, on_line[0].column, line, on_line[-1].end_column)

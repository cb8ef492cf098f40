"""What the server knows as the protocol's own types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from lsprotocol import types as lsp

from bsc.diag import Diagnostic, Label, Severity
from bsc.lsp.analysis import Analysis
from bsc.lsp.completion import Offer
from bsc.lsp.outline import Symbol
from bsc.lsp.text import Position, Range, Text

SOURCE = "bsc"
_UNUSED = "BSC2215"

_SEVERITIES: Mapping[Severity, lsp.DiagnosticSeverity] = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.WARNING: lsp.DiagnosticSeverity.Warning,
    Severity.NOTE: lsp.DiagnosticSeverity.Information,
    Severity.REMARK: lsp.DiagnosticSeverity.Hint,
}
_SYMBOLS: Mapping[str, lsp.SymbolKind] = {
    "model": lsp.SymbolKind.Class,
    "block": lsp.SymbolKind.Function,
    "train": lsp.SymbolKind.Object,
    "target": lsp.SymbolKind.Object,
    "constant": lsp.SymbolKind.Constant,
    "weights": lsp.SymbolKind.File,
    "input": lsp.SymbolKind.Interface,
    "value": lsp.SymbolKind.Variable,
    "output": lsp.SymbolKind.Event,
    "layer": lsp.SymbolKind.Field,
}
_OFFERS: Mapping[str, lsp.CompletionItemKind] = {
    "operator": lsp.CompletionItemKind.Operator,
    "function": lsp.CompletionItemKind.Function,
    "block": lsp.CompletionItemKind.Module,
    "layer": lsp.CompletionItemKind.Field,
    "constant": lsp.CompletionItemKind.Constant,
    "setting": lsp.CompletionItemKind.Property,
    "word": lsp.CompletionItemKind.EnumMember,
    "keyword": lsp.CompletionItemKind.Keyword,
    "target": lsp.CompletionItemKind.Value,
}


def position_of(position: lsp.Position) -> Position:
    """A position of the protocol."""
    return Position(position.line, position.character)


def as_range(range_: Range) -> lsp.Range:
    """A stretch of text."""
    return lsp.Range(lsp.Position(*range_.start), lsp.Position(*range_.end))


def diagnostic_range(diagnostic: Diagnostic, analysis: Analysis) -> Range:
    """What a diagnostic underlines: the beginning of the text where it has no place in it."""
    for label in diagnostic.labels[:1]:
        if label.span.source == analysis.source:
            return _underlined(label, analysis.text)
    return Range(Position(0, 0), Position(0, 0))


def as_diagnostic(diagnostic: Diagnostic, analysis: Analysis, uri: str) -> lsp.Diagnostic:
    """A diagnostic with its notes, its way out, and the other places that it shows."""
    label = diagnostic.labels[0].text if diagnostic.labels else ""
    lines = [diagnostic.message + (f": {label}" if label else "")]
    lines += [f"note: {note}" for note in diagnostic.notes]
    if diagnostic.help is not None:
        lines.append(f"help: {diagnostic.help}")
    tags = [lsp.DiagnosticTag.Unnecessary] if diagnostic.code == _UNUSED else None
    return lsp.Diagnostic(
        range=as_range(diagnostic_range(diagnostic, analysis)),
        message="\n".join(lines),
        severity=_SEVERITIES[diagnostic.severity],
        code=diagnostic.code,
        source=SOURCE,
        related_information=list(_related(diagnostic, analysis, uri)) or None,
        tags=tags,
    )


def _related(
    diagnostic: Diagnostic, analysis: Analysis, uri: str
) -> Iterator[lsp.DiagnosticRelatedInformation]:
    here = [label.span.source == analysis.source for label in diagnostic.labels]
    for number, label in enumerate(diagnostic.labels):
        text = label.text or ("here" if number else diagnostic.message)
        if here[number] and number:
            range_ = _underlined(label, analysis.text)
            location = lsp.Location(uri, as_range(range_))
            yield lsp.DiagnosticRelatedInformation(location, text)
        elif not here[number] and label.span.line is not None:
            at = lsp.Position(label.span.line - 1, (label.span.column or 1) - 1)
            other = Path(label.span.source).absolute().as_uri()
            yield lsp.DiagnosticRelatedInformation(lsp.Location(other, lsp.Range(at, at)), text)


def _underlined(label: Label, text: Text) -> Range:
    span = label.span
    if span.line is None:
        return Range(Position(0, 0), Position(0, 0))
    return text.underlined(span.line, span.column or 1, span.length)


def as_symbol(symbol: Symbol, text: Text) -> lsp.DocumentSymbol:
    """A name of the outline and those within it."""
    return lsp.DocumentSymbol(
        name=symbol.name,
        kind=_SYMBOLS[symbol.kind],
        range=as_range(text.range(symbol.at)),
        selection_range=as_range(text.range(symbol.named_at)),
        detail=symbol.detail or None,
        children=[as_symbol(inner, text) for inner in symbol.inner] or None,
    )


def as_item(offer: Offer, number: int) -> lsp.CompletionItem:
    """One thing that may be written; editors keep the order of the numbers."""
    return lsp.CompletionItem(
        label=offer.text,
        kind=_OFFERS.get(offer.kind, lsp.CompletionItemKind.Variable),
        detail=offer.detail or None,
        documentation=offer.doc or None,
        sort_text=f"{number:04}",
    )


def markdown(text: str, range_: Range) -> lsp.Hover:
    """Text beside the pointer."""
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text), as_range(range_))

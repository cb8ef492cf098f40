"""Text to the tree of `bsc.frontend.dsl.ast`, or everything that is wrong with its syntax.

A line end ends a statement, except within ( ) and [ ], behind an operator, and where the next line
begins with `->`; the grammar sees only those that do.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from bsc.diag import Diagnostic, DiagnosticError
from bsc.frontend.dsl.ast import Block, File, LayerPlan, Model, TargetSection, Train
from bsc.frontend.dsl.collecting import collecting_nothing
from bsc.frontend.dsl.syntax.lexing import MAX_TOKENS, cut
from bsc.frontend.dsl.syntax.machine import Machine
from bsc.frontend.dsl.syntax.reading import MAX_BYTES, read_source, too_large
from bsc.frontend.dsl.syntax.slips import Slips, report
from bsc.frontend.dsl.syntax.tables import tables


class Parsed(NamedTuple):
    """What a text says, or what is wrong with it.

    Attributes:
        file: the tree, None where there is a mistake.
        diagnostics: the mistakes, in the order of the text.
    """

    file: File | None
    diagnostics: tuple[Diagnostic, ...]


def parse_file(path: Path) -> Parsed:
    """Read a `.bsc` file; nothing is raised for what is in it, or for none being there."""
    try:
        text = read_source(path)
    except DiagnosticError as error:
        return Parsed(None, error.diagnostics)
    return parse(text, str(path))


def parse(text: str, source: str = "<text>") -> Parsed:
    """Read a text; nothing is raised, whatever it is.

    Args:
        text: of a file; `bsc.frontend.dsl.syntax.reading` reads one.
        source: what diagnostics call it.
    """
    read = parse_what_reads(text, source)
    return Parsed(None, read.diagnostics) if read.diagnostics else read


def parse_what_reads(text: str, source: str = "<text>") -> Parsed:
    """Read a text as `parse` does, but keep the tree of what could be read beside the mistakes.

    Editors show it; whoever compiles wants `parse`.

    Args:
        text: of a file.
        source: what diagnostics call it.
    """
    if len(text) > MAX_BYTES:
        return Parsed(None, too_large(source).diagnostics)
    grammar = tables()
    of_tokens, of_grammar = Slips(source), Slips(source)
    tokens = cut(text, grammar, of_tokens)
    if tokens.too_many:
        at = tokens.where(len(tokens.kinds) - 1)
        help = "blocks and `repeat` say once what stands many times; weights stand in files"
        message = f"more than {MAX_TOKENS} words, signs and lines"
        of_grammar.add("BSC2102", message, at, help=help)
        return Parsed(None, report(of_grammar))
    if of_tokens.full:
        return Parsed(None, report(of_tokens))
    of_grammar.spoilt |= of_tokens.spoilt
    of_grammar.places |= of_tokens.places
    with collecting_nothing():
        file = Machine(tokens, grammar, source, of_grammar).run()
    mistakes = report(of_tokens, of_grammar)
    return Parsed(_without_gaps(file) if mistakes and file is not None else file, mistakes)


def _without_gaps(file: File) -> File:
    """A file without what stands for lines that could not be read."""

    def mended(nodes: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(_mended(node) for node in nodes if node is not None)

    def _mended(node: Any) -> Any:
        match node:
            case Model():
                return replace(node, body=mended(node.body))
            case Block():
                return replace(node, body=mended(node.body))
            case Train():
                return replace(node, body=mended(node.body))
            case TargetSection():
                return replace(node, settings=mended(node.settings))
            case LayerPlan():
                return replace(node, settings=mended(node.settings))
            case _:
                return node

    return replace(file, items=mended(file.items))

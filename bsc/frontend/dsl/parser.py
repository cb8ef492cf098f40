"""Text to the tree of `bsc.frontend.dsl.ast`, or everything that is wrong with its syntax.

A line end ends a statement, except within ( ) and [ ], behind an operator, and where the next line
begins with `->`; the grammar sees only those that do.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bsc.diag import Diagnostic, DiagnosticError
from bsc.frontend.dsl.ast import File
from bsc.frontend.dsl.lexing import MAX_TOKENS, cut
from bsc.frontend.dsl.machine import Machine
from bsc.frontend.dsl.reading import MAX_BYTES, read_source, too_large
from bsc.frontend.dsl.slips import Slips, report
from bsc.frontend.dsl.tables import tables


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
        text: of a file; `bsc.frontend.dsl.reading` reads one.
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
    with _collecting_nothing():
        file = Machine(tokens, grammar, source, of_grammar).run()
    mistakes = report(of_tokens, of_grammar)
    return Parsed(None if mistakes else file, mistakes)


@contextlib.contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Pause the search for cycles of objects.

    A tree has none, and looking for them while it grows takes a third of the time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

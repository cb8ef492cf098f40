"""Where `bsc opt` gets its graph: a model at SOURCE, or a graph as text at any stage."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsc.ir.graph import Graph

STDIN = Path("-")
"""Stands for standard input, which is read as text."""


def read_any_graph(path: Path) -> tuple[Graph, str]:
    """The graph of a file, and the text that it was read from: empty for a model.

    Raises:
        DiagnosticError: the file cannot be read, or holds no model and no graph.
    """
    reader = _MODELS.get(path.suffix.lower())
    if reader is not None:
        return reader(path), ""
    from bsc.ir.parser import parse_graph, read_text
    from bsc.ops import OPS

    if path == STDIN:
        path = Path("<stdin>")
        text = read_text(path, sys.stdin.buffer)
    else:
        text = read_text(path)
    return parse_graph(text, OPS, source=str(path)), text


def _model(path: Path) -> Graph:
    from bsc.models import read_source

    return read_source(path).graph


_MODELS: dict[str, Callable[[Path], Graph]] = {".onnx": _model, ".bsc": _model}
"""Files that hold a model, by their suffix."""

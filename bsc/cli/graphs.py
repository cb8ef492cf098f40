"""Where `bsc opt` gets its graph: a model at SOURCE, or a graph as text at any stage."""

from __future__ import annotations

import sys
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
    from bsc.models import of_language, read_source

    if path.suffix.lower() == ".onnx" or of_language(path):
        return read_source(path).graph, ""
    from bsc.ir.parser import read_graph
    from bsc.ops import OPS

    if path == STDIN:
        return read_graph(Path("<stdin>"), OPS, sys.stdin.buffer)
    return read_graph(path, OPS)

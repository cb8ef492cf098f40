"""Programs of the language from texts: for tests here and of plug-ins."""

from __future__ import annotations

from pathlib import Path

from safetensors.numpy import save_file

from bsc.backend.dsl import export_bsc
from bsc.diag import DiagnosticError, Severity
from bsc.frontend.dsl.meaning.model import Checked, DslModel, check, load_model
from bsc.frontend.dsl.syntax.parser import parse
from bsc.ir.graph import Graph

SHARED_LAYER = """
model col {
  input x: f32[20]
  layer sh = dense(20, he)
  h = x -> sh -> relu -> sh -> tanh
  output y = h -> dense(6, he) as sh_2 -> relu -> dense(3, he) as top
}
"""
"""The second place of sh reads other values than the first, so that it has an array of its own."""


def checked(text: str, folder: Path | None = None, source: str = "test.bsc") -> Checked:
    """What is known of a program.

    Args:
        text: the program.
        folder: where its weights are.
        source: what diagnostics call it.

    Raises:
        DiagnosticError: mistakes of syntax.
    """
    parsed = parse(text, source)
    if parsed.file is None:
        raise DiagnosticError(parsed.diagnostics)
    return check(parsed.file, folder)


def model_of(text: str, folder: Path | None = None) -> DslModel:
    """The model that a program says.

    Raises:
        DiagnosticError: everything that is wrong with it.
    """
    found = checked(text, folder)
    if found.model is None:
        raise DiagnosticError(d for d in found.diagnostics if d.severity is Severity.ERROR)
    return found.model


def body_of(*lines: str, inputs: str = "x: f32[4]", folder: Path | None = None) -> DslModel:
    """The model whose body is an input and some statements."""
    return model_of(
        "\n".join(["model m {", f"  input {inputs}", *(f"  {line}" for line in lines), "}"]),
        folder,
    )


def read_again(graph: Graph, folder: Path) -> tuple[str, Graph]:
    """The program of a graph at SOURCE, and the graph of that program.

    Args:
        graph: the graph.
        folder: for the program and its weights.
    """
    text, tensors = export_bsc(graph, weights_file="w.safetensors")
    if tensors:
        save_file(tensors, folder / "w.safetensors")
    (folder / "again.bsc").write_text(text, encoding="utf-8")
    return text, load_model(folder / "again.bsc").graph

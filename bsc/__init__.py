"""bsc: a compiler for binary stochastic networks on memristor crossbars.

program = bsc.compile("mlp.onnx", target="oxram-128")
chip = bsc_runtime.Session(program, seed=0)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsc.api import compile, load
    from bsc.hw.spec import TargetSpec as Target
    from bsc.ir.graph import Graph
    from bsc.plans import LayerOptions
    from bsc.program.model import CompileOptions, Program

__all__ = ["CompileOptions", "Graph", "LayerOptions", "Program", "Target", "compile", "load"]

_HOMES = {
    "compile": ("bsc.api", "compile"),
    "load": ("bsc.api", "load"),
    "Program": ("bsc.program.model", "Program"),
    "CompileOptions": ("bsc.program.model", "CompileOptions"),
    "Target": ("bsc.hw.spec", "TargetSpec"),
    "Graph": ("bsc.ir.graph", "Graph"),
    "LayerOptions": ("bsc.plans", "LayerOptions"),
}


def __getattr__(name: str) -> object:
    # Lazy, so that `bsc --help` does not wait for onnx.
    if name not in _HOMES:
        raise AttributeError(f"module 'bsc' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Executors by name: built-in ones, and those of installed packages (entry points)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeAlias

from bsc.diag import did_you_mean, fail
from bsc.diag.arguments import misfit
from bsc.numerics.state import ChipState
from bsc.program.executor import Executor
from bsc.program.model import Program

ExecutorFactory: TypeAlias = Callable[..., Executor]
"""Called as factory(program, state, threads=N)."""

GROUP = "bsc.executors"

_BUILT_IN = {
    "simulator": "bsc_runtime.sim:Simulator",
    "reference": "bsc_runtime.reference:ReferenceExecutor",
    "machine": "bsc_runtime.machine:MachineExecutor",
}


def names() -> tuple[str, ...]:
    """Every executor that can be asked for."""
    return tuple(sorted({*_BUILT_IN, *(p.name for p in _plugins())}))


def make_executor(
    executor: str | ExecutorFactory, program: Program, state: ChipState, threads: int
) -> Executor:
    """Put a program and a state on an executor, given by name or as a factory."""
    if not isinstance(executor, str) and not callable(executor):
        raise misfit("BSC6033", "executor", executor, "a name, or what makes an executor")
    factory = _find(executor) if isinstance(executor, str) else executor
    return factory(program, state, threads=threads)


def _find(name: str) -> ExecutorFactory:
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name].split(":")
        return _callable(getattr(importlib.import_module(module), attribute))
    for point in _plugins():
        if point.name == name:
            return _load(point)
    raise fail("BSC6032", f"unknown executor `{name}`", help=did_you_mean(name, names()))


def _plugins() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _load(point: EntryPoint) -> ExecutorFactory:
    try:
        return _callable(point.load())
    except Exception as error:  # whatever a plug-in raises, it is named
        package = point.dist.name if point.dist else "an unknown package"
        raise fail(
            "BSC6032",
            f"executor `{point.name}` of package {package} failed to load: {error!r}",
            help="mend or uninstall the package",
        ) from error


def _callable(found: Any) -> ExecutorFactory:
    if not callable(found):
        raise TypeError(f"{found!r} is no executor factory")
    factory: ExecutorFactory = found
    return factory

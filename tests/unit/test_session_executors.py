"""Executors by name: built-in ones, plug-ins, and plug-ins that are broken."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.testing.networks import dense_network
from bsc_runtime import Session, executors
from bsc_runtime.reference import ReferenceExecutor


def install(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    point = EntryPoint("mine", value, executors.GROUP)
    monkeypatch.setattr(executors, "entry_points", lambda group: [point])


def session(name: str) -> Session:
    made = compile_model(dense_network((5, 4, 3)), target="ideal-64", weights="random")
    return Session(made, executor=name)


def test_a_plug_in_runs_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "bsc_runtime.reference:ReferenceExecutor")
    assert executors.names() == ("machine", "mine", "reference", "simulator")
    assert session("mine").digest() == session("reference").digest()


@pytest.mark.parametrize("value", ["no_such_module:Thing", "bsc_runtime.reference:Missing"])
def test_a_broken_plug_in_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    install(monkeypatch, value)
    with pytest.raises(DiagnosticError, match="executor `mine`"):
        session("mine")


def test_a_plug_in_that_is_no_factory_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "bsc_runtime.executors:GROUP")
    with pytest.raises(DiagnosticError, match="BSC6032"):
        session("mine")


def test_a_factory_will_do() -> None:
    made = compile_model(dense_network((5, 4, 3)), target="ideal-64", weights="random")
    assert Session(made, executor=ReferenceExecutor).digest() == session("reference").digest()

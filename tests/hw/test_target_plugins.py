"""Targets of other packages: found by entry point; a broken package is named, never dropped."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint

import pytest

from bsc.diag import DiagnosticError
from bsc.hw import plugins
from bsc.hw.registry import resolve
from bsc.hw.spec import TargetSpec


def offering(**loaders: Callable[[], object]) -> Callable[[], dict[str, Callable[[], object]]]:
    return lambda: dict(loaders)


def other_chip() -> TargetSpec:
    return resolve("ideal-128").model_copy(update={"name": "other"})


def breaks() -> object:
    raise ZeroDivisionError("no chip")


good = offering(other=other_chip)
twice = offering(other=other_chip)
no_rows = breaks
no_mapping = list
bad_loader = offering(bad=breaks, strange=int)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    real = plugins.entry_points

    def install(*names: str) -> None:
        extra = [EntryPoint(n, f"{__name__}:{n}", plugins.GROUP) for n in names]
        monkeypatch.setattr(
            plugins, "entry_points", lambda group: [*real(group=group), *extra], raising=True
        )
        # importlib mode keeps test modules out of sys.modules under a plain name
        monkeypatch.setattr(EntryPoint, "load", _load(extra))

    return install


def _load(extra: list[EntryPoint]) -> Callable[[EntryPoint], object]:
    real = EntryPoint.load
    return lambda point: globals()[point.name] if point in extra else real(point)


def test_a_package_brings_its_own_target(installed: Callable[..., None]) -> None:
    installed("good")
    assert resolve("other").name == "other"


@pytest.mark.parametrize("name", ["no_rows", "no_mapping"])
def test_a_broken_package_is_an_error_that_names_it(
    installed: Callable[..., None], name: str
) -> None:
    installed(name)
    with pytest.raises(DiagnosticError) as caught:
        resolve("oxram-128")
    (problem,) = caught.value.diagnostics
    assert problem.code == "BSC4008"
    assert name in problem.message


@pytest.mark.parametrize("name", ["bad", "strange"])
def test_a_loader_that_fails_is_an_error_that_names_the_package(
    installed: Callable[..., None], name: str
) -> None:
    installed("bad_loader")
    with pytest.raises(DiagnosticError) as caught:
        resolve(name)
    (problem,) = caught.value.diagnostics
    assert problem.code == "BSC4008"
    assert f"its target {name}" in problem.message


def test_a_name_offered_twice_is_an_error(installed: Callable[..., None]) -> None:
    installed("good", "twice")
    with pytest.raises(DiagnosticError) as caught:
        resolve("oxram-128")
    assert [d.code for d in caught.value.diagnostics] == ["BSC4008"]

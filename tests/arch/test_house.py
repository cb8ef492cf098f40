"""The rules of the house that a machine can check (docs/architecture.md)."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import bsc
import bsc_runtime
import bsc_targets
from bsc.diag import CODES

TOP = Path(__file__).resolve().parents[2]
SOURCES = ("bsc", "runtime", "targets")
LONGEST = 400


def files(*folders: str, suffixes: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((TOP / folder).rglob("*")):
            if path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path


def modules() -> Iterator[types.ModuleType]:
    for package in (bsc, bsc_runtime, bsc_targets):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def test_imports_run_one_way() -> None:
    cli = pytest.importorskip("importlinter.cli")
    assert cli.lint_imports(config_filename=str(TOP / "pyproject.toml"), no_cache=True) == 0


def test_no_file_is_longer_than_a_page_can_hold() -> None:
    lengths = {
        str(path.relative_to(TOP)): len(path.read_text(encoding="utf-8").splitlines())
        for path in files(*SOURCES, "tests", "benchmarks", "samples")
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_libraries_do_not_print() -> None:
    printing = [
        f"{path.relative_to(TOP)}:{node.lineno}"
        for path in files(*SOURCES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert printing == []


def test_input_is_never_checked_with_assert() -> None:
    """Python -O would drop the check; only `assert_never` of type checkers is meant."""
    asserting = [
        f"{path.relative_to(TOP)}:{node.lineno}"
        for path in files(*SOURCES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert asserting == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    machine = re.compile(r"(?<![\w.])/(?:work|farm|root|tmp|home)/\w")
    kinds = (".py", ".toml", ".md", ".json", ".bsir", ".txt", "")
    found = [
        str(path.relative_to(TOP))
        for path in files(*SOURCES, "tests", "docs", "samples", "benchmarks", ".ci", suffixes=kinds)
        if path.is_file() and machine.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_module_imports_and_lists_only_names_that_it_has() -> None:
    missing = [
        f"{module.__name__}.{name}"
        for module in modules()
        for name in getattr(module, "__all__", ())
        if not hasattr(module, name)
    ]
    assert missing == []


def test_packages_say_what_they_offer() -> None:
    """A package that has more than submodules lists its names, so that none is public by chance."""
    silent = []
    for module in modules():
        if not hasattr(module, "__path__") or hasattr(module, "__all__"):
            continue
        children = {found.name for found in pkgutil.iter_modules(module.__path__)}
        silent += [
            f"{module.__name__}.{name}"
            for name in vars(module)
            if not name.startswith("_") and name not in children | {"annotations"}
        ]
    assert silent == []


def test_the_facade_is_what_the_docs_say() -> None:
    assert sorted(bsc.__all__) == [
        "CompileOptions",
        "Graph",
        "LayerOptions",
        "Program",
        "Target",
        "compile",
        "load",
    ]


def test_every_diagnostic_has_a_page_and_every_page_a_use() -> None:
    code = re.compile(r'"(BSC\d{4})"')
    used = {
        found
        for path in files(*SOURCES)
        if "diag" not in path.parts
        for found in code.findall(path.read_text(encoding="utf-8"))
    }
    assert used - set(CODES) == set()
    assert set(CODES) - used == set()


def test_test_files_have_names_of_their_own() -> None:
    """pytest's importlib mode takes equal names, people do not."""
    names = [path.name for path in files("tests") if path.name.startswith("test_")]
    assert sorted({n for n in names if names.count(n) > 1}) == []

"""Reports of wrong models as files: what every error test of a reader checks."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bsc.diag import CODES, DiagnosticError, render_all

MEMORY = 8 << 20
"""Bytes that refusing a model may take."""


@pytest.fixture
def check_report(tmp_path: Path, update_golden: bool) -> Callable[..., None]:
    """Reads a wrong model and compares the report with the file of its name in a folder."""

    def check(read: Callable[[Any], object], make: Callable[[Path], object], goldens: Path) -> None:
        folder = tmp_path / "models"
        folder.mkdir()
        given = make(folder)
        tracemalloc.start()
        with pytest.raises(DiagnosticError) as error:
            read(given)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MEMORY
        for diagnostic in error.value.diagnostics:
            assert diagnostic.code in CODES
            assert diagnostic.labels or diagnostic.help
        text = render_all(error.value.diagnostics) + "\n"
        assert str(tmp_path) not in text
        golden = goldens / f"{make.__name__}.txt"
        if update_golden:
            golden.write_text(text, encoding="utf-8")
        assert text == golden.read_text(encoding="utf-8")

    return check

"""From what a user types after --target to a checked target."""

from __future__ import annotations

from pathlib import Path

from bsc.hw.plugins import named_target, target_rows
from bsc.hw.spec import TargetSpec
from bsc.hw.toml import load_target

DEFAULT_TARGET = "oxram-128"
"""The chip where nobody names one."""


def names() -> list[str]:
    """Names of all targets on offer: by device, then by size."""
    return sorted(target_rows(), key=_by_size)


def resolve(name_or_path: str | Path, folder: Path | None = None) -> TargetSpec:
    """A target by name, or from a TOML file.

    What ends in .toml or has a folder in it is a file, all else is a name.

    Args:
        name_or_path: what was typed.
        folder: where a relative path begins; None for the current folder.

    Raises:
        DiagnosticError: codes BSC40xx; an unknown name comes with the nearest ones.
    """
    if not names_file(name_or_path):
        return named_target(str(name_or_path))
    return load_target(folder / name_or_path if folder is not None else name_or_path)


def names_file(name_or_path: str | Path) -> bool:
    """Whether a target is meant as a file, which need not be there."""
    text = str(name_or_path)
    as_path = text.endswith(".toml") or "/" in text or "\\" in text
    return isinstance(name_or_path, Path) or as_path


def _by_size(name: str) -> tuple[str, int]:
    device, _, size = name.rpartition("-")
    return (device, int(size)) if size.isdigit() else (name, 0)

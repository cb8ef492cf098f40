"""Versions of what bsc stands on, for `doctor` and for bug reports."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "bsc-toolchain"

_PACKAGES = ("numpy", "numba", "onnx", "scipy", "pydantic", "safetensors", "typer", "matplotlib")


def own_version() -> str:
    """The version of bsc that is installed."""
    return _version(DISTRIBUTION)


def versions() -> dict[str, str]:
    """Name and version of Python, bsc and the packages it needs."""
    rows = {"bsc": own_version(), "python": platform.python_version()}
    rows["system"] = f"{platform.system()} {platform.machine()}"
    return rows | {name: _version(name) for name in _PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"

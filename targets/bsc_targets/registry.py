"""The built-in targets: one TOML file a device, each at four tile sizes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.resources import as_file, files

from bsc.hw.spec import TargetSpec
from bsc.hw.toml import load_target

SIZES = (64, 128, 256, 512)
"""Rows and columns of the tiles that every device comes with."""

_DEVICES = ("ideal", "ideal-fine", "oxram", "pcmo", "ecram", "pcm")
_VARIANTS = ("ecram-paper", "pcmo-paper")


def rows() -> dict[str, Callable[[], TargetSpec]]:
    """Name to loader, for the entry point group `bsc.targets`."""
    table: dict[str, Callable[[], TargetSpec]] = {
        f"{device}-{size}": partial(load_sized, device, size)
        for device in _DEVICES
        for size in SIZES
    }
    table.update({name: partial(load_built_in, name) for name in _VARIANTS})
    return table


def load_built_in(stem: str) -> TargetSpec:
    """The target in a file of this package, as it stands there."""
    with as_file(files("bsc_targets") / f"{stem}.toml") as path:
        return load_target(path)


def load_sized(device: str, size: int) -> TargetSpec:
    """A device's target with square tiles of another size."""
    spec = load_built_in(device)
    array = spec.array.model_copy(update={"rows": size, "columns": size})
    return spec.model_copy(update={"name": f"{device}-{size}", "array": array})

"""Where the samples lie: models, a target, data sets."""

from __future__ import annotations

from pathlib import Path


def samples_folder() -> Path:
    """The folder of samples: inside an installed package, or at the root of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "samples"
    return installed if installed.is_dir() else package.parents[1] / "samples"

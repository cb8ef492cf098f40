"""The file of tensors beside an exported text, and which file that is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, count
from pathlib import Path

import safetensors.numpy
from safetensors import SafetensorError, safe_open

from bsc.ir.graph import Array

_SUFFIX = ".safetensors"
_TEXT = "bsc export --bsc"
"""Key of the metadata that say for which text the file was written."""


def tensor_bytes(tensors: Mapping[str, Array], text: Path) -> bytes:
    """The file of a text's tensors; empty where it has none."""
    if not tensors:
        return b""
    return safetensors.numpy.save(dict(tensors), metadata={_TEXT: text.name})


def tensor_path(text: Path) -> Path:
    """Where the tensors of a text go.

    The user named the text alone: a file beside it is written over where an earlier export wrote it
    for a text of this name, and is left alone otherwise.
    """
    names = chain([text.stem], (f"{text.stem}_{number}" for number in count(2)))
    paths = (text.with_name(name + _SUFFIX) for name in names)
    return next(path for path in paths if not path.exists() or _written_for(path, text))


def _written_for(path: Path, text: Path) -> bool:
    if not path.is_file():
        return False  # a pipe would be waited for
    try:
        with safe_open(path, "numpy") as file:
            return (file.metadata() or {}).get(_TEXT) == text.name
    except (OSError, SafetensorError):
        return False

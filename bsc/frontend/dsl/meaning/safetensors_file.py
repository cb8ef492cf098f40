"""`.safetensors` files: the library checks the header, tensors are read one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from bsc.ir.graph import Array

_HEADER_LENGTH = 8
_BFLOAT16 = "BF16"


def open_safetensors(path: Path) -> dict[str, Callable[[], Array]]:
    """What reads each tensor, by name; the file stays open as long as one of them is kept.

    The library refuses headers that are no JSON, that overlap, or claim more than the file has.

    Raises:
        ValueError: the file is damaged, or was never one.
    """
    try:
        file: Any = safe_open(path, framework="numpy")
        return {name: partial(_read, file, path, name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise ValueError(str(error)[:120]) from None


def _read(file: Any, path: Path, name: str) -> Array:
    """One tensor.

    Raises:
        ValueError: its elements are of a type that numpy does not have.
    """
    kind = file.get_slice(name).get_dtype()
    if kind == _BFLOAT16:
        return _bfloat16(path, name)
    try:
        return np.asarray(file.get_tensor(name))
    except (SafetensorError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{name!r} is of type {kind}, which is not read") from None


def _bfloat16(path: Path, name: str) -> Array:
    """The upper halves of float32, which numpy has no type for."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_HEADER_LENGTH), "little")
        header = json.loads(file.read(length))  # checked by the library
        start, stop = header[name]["data_offsets"]
        file.seek(_HEADER_LENGTH + length + start)
        halves = np.frombuffer(file.read(stop - start), "<u2")
    wide = halves.astype(np.uint32) << 16
    return wide.view(np.float32).reshape(header[name]["shape"])

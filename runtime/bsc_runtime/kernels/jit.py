"""How kernels are compiled: once, without the GIL, kept on disk for the next process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba.extending
import numpy as np
from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

wide = cast("Callable[[Any], int]", np.int64)
"""A 64-bit integer: numba sees numpy's type, a type checker a plain number.

Also for constants that are arguments: a Python constant would give each caller a compiled form of
its own.
"""

intrinsic: Any = numba.extending.intrinsic
"""Makes a function of LLVM instructions; numba's decorator hides its signature either way."""


def inner(function: Function) -> Function:
    """Compile a function that only kernels call; it is linked into each of them.

    Python cannot call it: what unpacks Python's arguments takes as long to compile as a kernel.
    """
    # error_model numpy: no branch that raises on division, so loops stay vectorisable.
    options = {"error_model": "numpy", "no_cfunc_wrapper": True}
    return numba.extending.register_jitable(**options)(function)


def merged(function: Function) -> Function:
    """Compile a function into the body of each kernel that calls it.

    For what is called for every row: a call hands over the arrays of `Memory` and `Work` one word
    at a time, some 100 ns.
    """
    options = {"error_model": "numpy", "no_cfunc_wrapper": True, "forceinline": True}
    return numba.extending.register_jitable(**options)(function)


def entry(function: Function) -> Function:
    """Compile a function that Python calls: cached on disk, and other threads run beside it."""
    return cast("Function", njit(error_model="numpy", nogil=True, cache=True)(function))


def sources_digest() -> str:
    """Digest of this folder's sources.

    numba renews a cached function when its own file changes, not when a function that it calls
    does. Entry points therefore close over this text, which numba makes part of the cache's key.
    """
    sha = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        sha.update(path.read_bytes())
    return sha.hexdigest()

"""How kernels are compiled: once, without the GIL, kept on disk for the next process."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba.extending
import numpy as np
from numba import njit

from bsc.numerics.cells import MASTER_SHIFT
from bsc.numerics.state import CODE_MAX

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
    options = {"error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}
    return numba.extending.register_jitable(**options)(function)


def merged(function: Function) -> Function:
    """Compile a function into the body of each kernel that calls it.

    For what is called for every row: a call hands over the arrays of `Memory` and `Work` one word
    at a time, some 100 ns.
    """
    options = {"error_model": "numpy", "no_cfunc_wrapper": True, "forceinline": True, "_nrt": False}
    return numba.extending.register_jitable(**options)(function)


def entry(function: Function) -> Function:
    """Compile a function that Python calls: cached on disk, and other threads run beside it.

    numba caches beside the sources or in the user's folder. Where it may write to neither, as in a
    container that is read-only, it raises; then the function is compiled in each process.
    """
    compiler = functools.partial(njit, error_model="numpy", nogil=True, _nrt=False)
    try:
        return cast("Function", compiler(cache=True)(function))
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
    _say_uncached()
    return cast("Function", compiler(cache=False)(function))


@functools.cache
def _say_uncached() -> None:
    """Once in a process: what would make the next one start faster."""
    logging.getLogger("bsc_runtime").warning(
        "compiled kernels cannot be kept: there is no folder for them that can be written; set "
        "NUMBA_CACHE_DIR to one, or each process compiles them anew"
    )


def sources_digest(*more: Path) -> str:
    """Digest of this folder's sources, and of more that an entry is compiled from.

    numba renews a cached function when its own file changes, not when a function that it calls
    does. Entry points therefore close over this text, which numba makes part of the cache's key.
    Constants of other rooms that kernels are compiled with are in it too.
    """
    sha = hashlib.sha256(f"{CODE_MAX} {MASTER_SHIFT}".encode())
    for path in (*sorted(Path(__file__).parent.glob("*.py")), *sorted(more)):
        sha.update(path.read_bytes())
    return sha.hexdigest()

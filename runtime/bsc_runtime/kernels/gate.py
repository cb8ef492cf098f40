"""Where the workers of one call wait for each other, without the GIL and without a thread pool.

numba's own parallel loops would need a threading layer, which other code in the process may be
using, and a second compiled form of every kernel; here the one form runs in several plain threads.
"""

from __future__ import annotations

import sys
from typing import Any

from llvmlite import ir
from numba import types

from bsc_runtime.kernels.jit import inner, intrinsic
from bsc_runtime.kernels.layout import Int64

_SYSTEM_CALL = "SwitchToThread" if sys.platform == "win32" else "sched_yield"

ABORTED = -(1 << 62)
"""What the gate holds when a worker will never come; all that wait, and all that come, leave."""

SPINS = 2000
"""Looks at the gate before the thread gives its time slice away, some microseconds."""


def _add(_: Any, array: Any, value: Any) -> Any:
    """array[0] += value, seen by every thread in one order; returns the value before."""
    signature = types.int64(array, types.int64)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", data, args[1], "seq_cst")

    return signature, codegen


def _yield(_: Any) -> Any:
    """Let another thread run on this core."""
    signature = types.void()

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [])
        module = builder.module
        function = module.globals.get(_SYSTEM_CALL) or ir.Function(module, kind, _SYSTEM_CALL)
        builder.call(function, [])
        return context.get_dummy_value()

    return signature, codegen


_add_atomically = intrinsic(_add)
_yield_thread = intrinsic(_yield)


@inner
def meet(gate: Int64, workers: int, meeting: int) -> bool:
    """Wait until all workers have come to the meeting; meetings count from 1 in each call.

    Returns:
        False when somebody has written ABORTED into the gate: the call is over.
    """
    if workers == 1:
        return True
    _add_atomically(gate, 1)
    spins = 0
    came: int = _add_atomically(gate, 0)
    while 0 <= came < workers * meeting:
        spins += 1
        if spins > SPINS:
            _yield_thread()
        came = _add_atomically(gate, 0)
    return came >= 0

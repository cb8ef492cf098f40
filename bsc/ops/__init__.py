"""Operators: one object each, from floats to placed tiles."""

from __future__ import annotations

from types import MappingProxyType

from bsc.ir.opdef import OpTable
from bsc.ops.binary import BINARY_OPS
from bsc.ops.source import SOURCE_OPS

OPS: OpTable = MappingProxyType({**SOURCE_OPS, **BINARY_OPS})
"""Every operator by name; which may stand at which stage is in each OpDef."""

__all__ = ["OPS"]

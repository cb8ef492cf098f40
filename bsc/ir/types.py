"""Types of values: what an element means, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Dim: TypeAlias = int | str
"""An extent, or the name of an extent known only at run time (the batch, `N`)."""


class Stage(StrEnum):
    """How far a graph has come; which operators may stand in it is data in each OpDef."""

    SOURCE = "source"
    BINARY = "binary"
    TILED = "tiled"


class Encoding(StrEnum):
    """What one element of a value is."""

    F32 = "f32"
    F64 = "f64"
    I32 = "i32"
    I64 = "i64"
    U8 = "u8"
    BOOL = "bool"
    STR = "str"
    BIT = "bit"  # {0, 1}, a sample of a Bernoulli variable
    SIGN = "sign"  # {-1, 0, +1}, an error
    CODE = "code"  # int16, a signed weight in conductance codes
    SUM = "sum"  # integer sum of codes on a bit line
    COUNT = "count"  # integer increments of the counters, one for each cell
    LABEL = "label"  # class index
    CELLS = "cells"  # a crossbar array: [word lines, bit lines]


@dataclass(frozen=True, slots=True)
class TensorType:
    """Encoding and shape of a value; the batch comes first and is called `N`."""

    encoding: Encoding
    shape: tuple[Dim, ...]

    def __str__(self) -> str:
        return f"{self.encoding}[{', '.join(str(d) for d in self.shape)}]"

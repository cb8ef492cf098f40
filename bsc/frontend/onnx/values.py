"""What a name of an ONNX graph stands for while it is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from bsc.ir.graph import Array
from bsc.ir.types import Dim, TensorType

BATCH = "N"
"""Name of the batch, the one extent that stays open."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A multiple of the batch size, as it turns up where a model computes with shapes."""

    factor: int = 1

    def __mul__(self, other: object) -> Extent:
        if isinstance(other, int | np.integer) and not isinstance(other, bool):
            return Extent(self.factor * int(other))
        return NotImplemented

    __rmul__ = __mul__

    def __floordiv__(self, other: object) -> Any:
        if isinstance(other, int | np.integer) and other and self.factor % int(other) == 0:
            return Extent(self.factor // int(other))
        if isinstance(other, Extent) and other.factor and self.factor % other.factor == 0:
            return self.factor // other.factor
        return NotImplemented

    def __str__(self) -> str:
        return BATCH if self.factor == 1 else f"{self.factor} {BATCH}"


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A value known while importing: an initialiser, or what folds to one.

    Attributes:
        array: its data; an object array where some elements are `Extent`s (shapes with the batch).
        label: name of the initialiser or value, for constants' names and for diagnostics.
        over_batch: True where the leading dimension, 1 in the data, stands for the batch.
    """

    array: Array
    label: str
    over_batch: bool = False

    @property
    def symbolic(self) -> bool:
        """Whether elements may depend on the batch size."""
        return self.array.dtype == object and any(isinstance(e, Extent) for e in self.array.flat)

    @property
    def shape(self) -> tuple[Dim, ...]:
        """Shape with the batch's name in it."""
        return (BATCH, *self.array.shape[1:]) if self.over_batch else self.array.shape


@dataclass(frozen=True, slots=True)
class Live:
    """A value computed when the network runs: a value of the graph being built."""

    name: str
    type: TensorType

    @property
    def shape(self) -> tuple[Dim, ...]:
        """Shape with the batch's name in it."""
        return self.type.shape


def settled(array: Array) -> Array:
    """Shapes that hold no `Extent` any more as integers again; all else as it is."""
    if array.dtype != object or not array.size:
        return array
    if all(isinstance(e, int | np.integer) for e in array.flat):
        return array.astype(np.int64)
    return array


Value: TypeAlias = Known | Live

"""Nodes that scale and shift each element by constants, and chains of them with rearrangements.

Reads only; `fold_affine` rewrites with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.ir.graph import Array, Node
from bsc.ir.types import Dim, Encoding, TensorType
from bsc.ops.source.rules import integers, number, numbers

Floats = npt.NDArray[np.float64]

REARRANGING = frozenset({"reshape", "transpose"})


@dataclass(frozen=True, slots=True)
class Affine:
    """y = scale x + shift, element by element.

    Attributes:
        source: the value x.
        scale: float64, broadcasts over one sample.
        shift: float64, broadcasts over one sample.
    """

    source: str
    scale: Floats
    shift: Floats


def as_affine(
    node: Node, constants: Mapping[str, Array], types: Mapping[str, TensorType]
) -> Affine | None:
    """A node as scaling and shifting by constants, None where it is something else."""
    if node.op == "batch_norm":
        return _batch_norm(node, constants, types)
    if node.op == "normalise":
        return _normalise(node, types)
    if node.op not in ("add", "sub", "mul", "div"):
        return None
    a, b = node.inputs
    if (a in constants) == (b in constants):
        return None
    source, other = (b, a) if a in constants else (a, b)
    result, given = types[node.outputs[0]], types[source]
    if given.encoding is not Encoding.F32 or result.shape != given.shape:
        return None
    constant = _per_sample(constants[other], given.shape)
    if constant is None:
        return None
    one, zero = np.ones(()), np.zeros(())
    match node.op, other == a:
        case "add", _:
            return Affine(source, one, constant)
        case "sub", False:
            return Affine(source, one, -constant)
        case "sub", True:
            return Affine(source, -one, constant)
        case "mul", _:
            return Affine(source, constant, zero)
        case "div", False if bool(np.all(constant)):
            return Affine(source, 1 / constant, zero)
        case _:
            return None


def _per_sample(constant: Array, shape: Sequence[Dim]) -> Floats | None:
    """A constant operand without the batch's dimension; None where it has an extent there."""
    if constant.ndim == len(shape):
        if constant.shape[0] != 1:
            return None
        constant = constant[0]
    return constant.astype(np.float64)


def _batch_norm(
    node: Node, constants: Mapping[str, Array], types: Mapping[str, TensorType]
) -> Affine | None:
    source, *statistics = node.inputs
    if any(name not in constants for name in statistics):
        return None
    scale, bias, mean, variance = (constants[n].astype(np.float64) for n in statistics)
    factor = scale / np.sqrt(variance + number(node.attrs, "epsilon"))
    shape = (-1,) + (1,) * (len(types[source].shape) - 2)
    return Affine(source, factor.reshape(shape), (bias - mean * factor).reshape(shape))


def _normalise(node: Node, types: Mapping[str, TensorType]) -> Affine | None:
    (source,) = node.inputs
    low, high = (np.array(numbers(node.attrs, name)) for name in ("low", "high"))
    span = high - low
    if types[source].encoding is not Encoding.F32 or not np.all(span):
        return None
    scale, shift = 1 / span, -low / span
    if scale.size == 1:
        scale, shift = scale.reshape(()), shift.reshape(())
    return Affine(source, scale, shift)


class Tracker:
    """Follows the elements of one sample through rearrangements, scalings and shifts.

    After some steps, element i (row-major) is scale[i] x[place[i]] + shift[i], where x are the
    elements at the start.
    """

    def __init__(self, shape: Sequence[Dim]) -> None:
        sample = tuple(int(d) for d in shape[1:])
        size = int(np.prod(sample, dtype=np.int64))
        self._place: npt.NDArray[np.int64] = np.arange(size).reshape(sample)
        self._scale: Floats = np.ones(sample)
        self._shift: Floats = np.zeros(sample)

    def rearrange(self, node: Node, shape: Sequence[Dim]) -> None:
        """Follow a reshape or transpose to a value of `shape`."""
        sample = tuple(int(d) for d in shape[1:])
        for name in ("_place", "_scale", "_shift"):
            array = getattr(self, name)
            if node.op == "transpose":
                perm = integers(node.attrs, "perm")
                moved = np.transpose(array[np.newaxis], perm)[0]
            else:
                moved = array.reshape(sample)
            setattr(self, name, moved)

    def apply(self, affine: Affine) -> None:
        """Follow a scaling and shifting."""
        self._scale = self._scale * affine.scale
        self._shift = self._shift * affine.scale + affine.shift

    @property
    def key(self) -> bytes:
        """Equal for trackers that saw the same."""
        parts = (self._place, self._scale, self._shift)
        return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)

    def at_end(self) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        """Place, scale and shift of each element at the end, flat."""
        return self._place.reshape(-1), self._scale.reshape(-1), self._shift.reshape(-1)

    def at_start(self) -> tuple[Floats, Floats]:
        """Scale and shift of each element in the order of the start, flat."""
        place, scale, shift = self.at_end()
        first_scale, first_shift = np.empty_like(scale), np.empty_like(shift)
        first_scale[place] = scale
        first_shift[place] = shift
        return first_scale, first_shift


def follows_batch(node: Node, types: Mapping[str, TensorType]) -> bool:
    """Whether a rearrangement keeps the batch, and only it, in front."""
    before, after = types[node.inputs[0]].shape, types[node.outputs[0]].shape
    if not before or not after or not isinstance(before[0], str) or after[0] != before[0]:
        return False
    return node.op != "transpose" or integers(node.attrs, "perm")[0] == 0

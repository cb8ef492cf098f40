"""Constants of a graph as a program writes them: numbers, small arrays, tensors of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bsc.diag import Span, fail
from bsc.ir.atoms import float32_text, quote
from bsc.ir.graph import Array, Graph
from bsc.ir.types import Encoding

MOST_WRITTEN = 8
"""Elements of a tensor that is written out; larger ones go to the file beside the program."""

_MOST_WRITTEN_ANYHOW = 1 << 16
"""Elements of tensors that the file cannot hold as they are: texts, and float64."""

_LARGEST_WHOLE = 1 << 53


@dataclass(slots=True)
class Constants:
    """Writes constants.

    Attributes:
        graph: whose constants they are.
        file: name that the program gives to the file of weights.
        free: names for constants, which nothing else in the program has.
        keeps: whether the program says that weights are kept, zeros too.
        tensors: what goes to the file, by name.
        lets: constants with a name of their own, because several nodes read them: name and text.
        names: names of those.
        uses: how many nodes read each.
        untrained: whether no layer of the model has any weight or bias that could be kept.
    """

    graph: Graph
    file: str
    free: Iterator[str]
    keeps: bool = False
    tensors: dict[str, Array] = field(default_factory=dict)
    lets: list[tuple[str, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    uses: Mapping[str, int] = field(default_factory=dict)
    untrained: bool = field(init=False)

    def __post_init__(self) -> None:
        self.uses = Counter(name for node in self.graph.nodes for name in node.inputs)
        layers = [n for n in self.graph.nodes if n.op in ("dense", "matmul", "conv2d")]
        held = {name for node in layers for name in node.inputs[1:]} & self.graph.constants.keys()
        self.untrained = not self.keeps and not any(
            self.graph.constants[name].any() for name in held
        )

    def on_device(self, name: str) -> bool:
        """Whether weights are left to the device: zeros of a model without any other weights.

        Zeros of one layer beside trained ones are weights like others: a program that leaves them
        out would get others in their place.
        """
        array = self.graph.constants[name]
        if not array.size or not array.ndim or array.dtype != np.float32:
            return False
        return self.untrained and not array.any()

    def number(self, name: str) -> str | None:
        """A single number that one node reads, as text; None for all else."""
        array = self.graph.constants[name]
        if array.ndim or self.uses[name] > 1 or array.dtype.kind not in "fiu":
            return None
        if not self._can_be_written(array):
            return None
        return _element(array[()])

    def text(self, name: str) -> str:
        """A constant as an expression: the name of a let, an array, or a tensor of the file.

        Raises:
            DiagnosticError: BSC2507, a program cannot hold it.
        """
        if name in self.names:
            return self.names[name]
        array = self.graph.constants[name]
        if array.dtype.kind == "f" and array.size and np.isnan(array).any():
            raise refused(name, "holds NaN")
        if array.dtype.kind == "f" and array.size > 1 and not np.isfinite(array).all():
            raise refused(name, "holds infinite numbers")
        small = array.size <= MOST_WRITTEN and array.ndim <= 2 and self._can_be_written(array)
        if not small and array.dtype.kind == "f" and array.dtype.itemsize == 8:
            small = self._can_be_written(array)
            if not small or array.size > _MOST_WRITTEN_ANYHOW:
                raise refused(name, "is of float64, which files of weights are not read as")
        if array.dtype.kind == "O":
            if array.size > _MOST_WRITTEN_ANYHOW or not array.size:
                raise refused(name, f"holds {array.size} texts")
            small = True
        if not small:
            self.tensors[name] = np.asarray(array, order="C")  # keeps a scalar a scalar
            return f"{self.file}[{quote(name)}]"
        written = _written(array, self.graph.types[name].encoding)
        if self.uses[name] < 2:
            return written
        # One name for all that read it: written twice it would be two constants.
        self.names[name] = next(self.free)
        self.lets.append((self.names[name], written))
        return self.names[name]

    def _can_be_written(self, array: Array) -> bool:
        if not array.size:
            return False
        if array.dtype.kind == "f":
            return bool(np.isfinite(array).all())
        if array.dtype.kind in "iu":
            return bool((np.abs(array.astype(np.float64)) <= _LARGEST_WHOLE).all())
        return True


def refused(name: str, why: str) -> Exception:
    """That no program holds a constant, and why."""
    return fail(
        "BSC2507",
        f"the constant {name!r} {why}: no program can hold it",
        at=Span("graph", path=f"constant {name!r}"),
    )


def _written(array: Array, encoding: Encoding) -> str:
    """An expression whose value is this tensor, of this encoding."""
    text = _nested(array.tolist() if array.dtype != np.float32 else array)
    plain = {Encoding.F32, Encoding.I64, Encoding.STR, Encoding.BOOL}
    return text if array.ndim and encoding in plain else f"{encoding}({text})"


def _nested(values: Any) -> str:
    if isinstance(values, list | np.ndarray) and getattr(values, "ndim", True):
        return f"[{', '.join(_nested(value) for value in values)}]"
    return _element(values)


def _element(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = value[()]
    if isinstance(value, np.float32):
        return float32_text(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value) if isinstance(value, str) else repr(value)

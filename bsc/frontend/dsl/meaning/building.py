"""The graph while it is made: names, constants, nodes, weights to be drawn at the end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bsc.frontend.dsl.ast import Expr, Place
from bsc.frontend.dsl.meaning.chains import brief, chain
from bsc.frontend.dsl.meaning.initialisers import Pending
from bsc.frontend.dsl.meaning.problems import Abandoned, At, Problems
from bsc.frontend.dsl.meaning.values import Initialiser, Live, Tensor, elements, shown
from bsc.frontend.onnx.tensors import MAX_ELEMENTS
from bsc.ir.builder import GraphBuilder, GraphError
from bsc.ir.graph import Array
from bsc.ir.origins import TextOrigin
from bsc.ir.types import Encoding, TensorType

MAX_STEPS = 1 << 16
"""Layers, operators and calls of blocks of a model, repeats and blocks written out."""

_NUMBERS: Mapping[Encoding, np.dtype[Any]] = {
    Encoding.I32: np.dtype(np.int32),
    Encoding.I64: np.dtype(np.int64),
    Encoding.U8: np.dtype(np.uint8),
    Encoding.F64: np.dtype(np.float64),
}
"""Element types that numbers take beside values; all others are f32."""


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """A layer that holds weights.

    Attributes:
        path: its name, behind those of the blocks around it: `enc.hidden_2`.
        given: the same as the text gives it, without the numbers of what stands several times:
            `enc.hidden`.
        operator: its row of the table.
        origin: `Node.origin` of its node.
        at: where it stands.
        on_device: whether its weights are left to the device.
        has_bias: whether a bias is given that is not all zeros.
    """

    path: str
    given: str
    operator: str
    origin: str
    at: Place
    on_device: bool
    has_bias: bool = False


@dataclass(slots=True)
class Building:
    """What all parts of one model share.

    Attributes:
        source: base name of the file, for origins.
        builder: the graph so far.
        problems: where problems go.
        reserved: names of values that the program gives; none is handed out to another.
        inputs: names of the inputs.
        layers: layers with weights, by path.
        pending: constants whose data are made at the end.
        steps: layers, operators and calls so far.
    """

    source: str
    builder: GraphBuilder
    problems: Problems
    reserved: set[str] = field(default_factory=set)
    inputs: set[str] = field(default_factory=set)
    layers: dict[str, LayerEntry] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    steps: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)
    _placed: dict[int, tuple[Tensor, Live]] = field(default_factory=dict)
    _owners: dict[str, tuple[Expr, object]] = field(default_factory=dict)

    def room(self, at: Place, cost: int) -> None:
        """Check that so many layers and operators may still be made, before one is.

        Raises:
            Abandoned: it would be too many.
        """
        if self.steps + cost > MAX_STEPS:
            raise self.problems.error(
                "BSC2210",
                f"the model would have more than {MAX_STEPS} layers and operators, repeats and "
                "blocks written out",
                at,
                f"{cost} or more here, {self.steps} before" if cost > 1 else "one too many",
                help="fewer repeats; no network needs so many layers",
            )

    def step(self, at: Place, cost: int = 1) -> None:
        """Count a layer, an operator or a call.

        Raises:
            Abandoned: it is one too many.
        """
        self.room(at, cost)
        self.steps += cost

    def note_layer(self, entry: LayerEntry, what: Expr, store: object) -> None:
        """Keep a layer that holds weights; the uses of a shared one are the same layer.

        Args:
            entry: the layer.
            what: the call that it is made by.
            store: weights of the `layer` statement around, None outside.

        Raises:
            Abandoned: another one has its path, as names in backticks may: `a.b` beside the b of a.
        """
        first = self.layers.setdefault(entry.path, entry)
        if first is entry:
            self._owners[entry.path] = what, store
            return
        made_by, owner = self._owners[entry.path]
        if store is None or owner is not store or made_by is not what:
            raise self.problems.error(
                "BSC2202", f"two layers are called {entry.path}", entry.at, "the second one",
                others=[(first.at, "the first one")], help="give one of them another name",
            )  # fmt: skip

    def fresh(self, hint: str) -> str:
        """A name that no value has: the hint, or the hint with a number; constant time."""
        types, name = self.builder.types, hint
        while not name or name in types or name in self.reserved:
            number = self._numbers.get(hint, 1) + 1
            self._numbers[hint] = number
            name = f"{hint}_{number}"
        return name

    def emit(
        self,
        op: str,
        inputs: Sequence[Live],
        attrs: Mapping[str, Any] | None,
        *,
        name: str,
        origin: str,
        at: Place,
        made_by: Expr,
        before: Live | None,
        others: Sequence[At] = (),
    ) -> Live:
        """Add a node.

        Args:
            op: an operator of SOURCE.
            inputs: its inputs.
            attrs: its attributes.
            name: of its value, one that no other has.
            origin: where it came from.
            at: the place in the text.
            made_by: the stage, for chains of layers in messages.
            before: the value that the chain goes on from.
            others: places that are shown where it does not fit.

        Raises:
            Abandoned: shapes or types do not fit, or what is known divides by zero; recorded, with
                the chain that led here.
        """
        divisor = self.builder.constants.get(inputs[1].name) if op == "div" else None
        if divisor is not None and not np.all(divisor):
            raise self.problems.error(
                "BSC2304", f"{brief(made_by)}: a division by zero", at, notes=_read(before)
            )
        try:
            self.builder.add(op, [v.name for v in inputs], attrs, name=name, origin=origin)
        except GraphError as error:
            raise self.misfit(error.reason, at, made_by, inputs, before, others) from None
        made = Live(name, self.builder.types[name], at, made_by, before)
        if elements(made.type.shape) > MAX_ELEMENTS:
            raise self.problems.error(
                "BSC2306",
                f"{brief(made_by)} makes {made.type}: {elements(made.type.shape)} elements a "
                f"sample, at most {MAX_ELEMENTS} are taken",
                at,
                notes=_read(before),
            )
        return made

    def misfit(
        self,
        reason: str,
        at: Place,
        made_by: Expr,
        inputs: Sequence[Live],
        before: Live | None,
        others: Sequence[At] = (),
    ) -> Abandoned:
        """Record that values do not fit a stage: the reason, and how they came about."""
        flowing = [v for v in inputs if v.name not in self.builder.constants]
        encodings = {v.type.encoding for v in flowing}
        wrong_encoding = bool(encodings - {Encoding.F32}) and "f32" in reason
        what = brief(made_by)
        if len(flowing) < 2 and before is not None:
            flowing = [before]
        help = None
        if wrong_encoding:
            help = "convert it first: x -> cast(f32)"
        elif "expected [N, K]" in reason:
            help = "a dense layer reads rows of numbers: put -> flatten in front of it"
        return self.problems.error(
            "BSC2302" if wrong_encoding else "BSC2301",
            f"{what}: {reason}",
            at,
            others=others,
            help=help,
            notes=[f"it reads {chain(value)}" for value in flowing[:4]],
        )

    # constants

    def place(self, tensor: Tensor, hint: str) -> Live:
        """A tensor as a constant of the graph: the same tensor is the same constant.

        Raises:
            Abandoned: it is no data that a graph keeps; recorded.
        """
        found = self._placed.get(id(tensor))
        if found is not None:
            return found[1]
        array = tensor.array
        if not tensor.file and array.dtype.kind == "f":
            # What files hold was checked when it was read; one number may be an open bound.
            wrong = np.isnan(array) if array.size == 1 else ~np.isfinite(array)
            if wrong.any():
                raise self.problems.error(
                    "BSC2405", f"{shown(tensor)} holds NaN or infinite numbers", tensor.at
                )
        if not array.flags.c_contiguous:
            array = np.ascontiguousarray(array)
        live = self._constant(array, self.fresh(tensor.label or hint), tensor.at)
        self._placed[id(tensor)] = (tensor, live)
        return live

    def number(self, value: int | float, like: Encoding, at: Place, hint: str) -> Live:
        """A number as a constant of the encoding that it meets.

        Raises:
            Abandoned: the encoding does not hold it; recorded.
        """
        dtype = _NUMBERS.get(like, np.dtype(np.float32))
        made: Array
        with np.errstate(over="ignore"):
            if dtype.kind == "f":
                made = np.asarray(value, dtype)
            else:
                bounds = np.iinfo(dtype)
                whole = math.isfinite(value) and value == int(value)
                if not whole or not bounds.min <= value <= bounds.max:
                    raise self.problems.error(
                        "BSC2302",
                        f"the number {value:g} meets a value of {like}, which does not hold it",
                        at,
                        help="convert the value first: x -> cast(f32)",
                    )
                made = np.asarray(int(value), dtype)
        if made.dtype.kind == "f" and not np.isfinite(made):
            raise self.problems.error(
                "BSC2405", f"the number {value:g} is not finite as {like}", at
            )
        return self._constant(made, self.fresh(hint), at)

    def draw(
        self, initialiser: Initialiser, shape: tuple[int, ...], fans: tuple[int, int], hint: str
    ) -> Live:
        """Weights whose data are drawn at the end; until then zeros that take no memory."""
        name = self.fresh(hint)
        zeros = np.broadcast_to(np.zeros((), np.float32), shape)
        live = self._constant(zeros, name, initialiser.at)
        self.pending.append(Pending(name, shape, initialiser, fans, len(self.pending)))
        return live

    def _constant(self, array: Array, name: str, at: Place) -> Live:
        try:
            self.builder.constant(name, array)
        except GraphError as error:
            raise self.problems.error(
                "BSC2406", f"the tensor cannot be computed with: {error.reason}", at
            ) from None
        return Live(name, self.builder.types[name], at, f"constant {name}")


def _read(before: Live | None) -> list[str]:
    """The chain of layers that led to a value, as a note; it takes longer than to add a node."""
    return [f"it reads {chain(before)}"] if before is not None else []


def origin_of(source: str, at: Place, label: str) -> str:
    """`Node.origin`: file, line and the layer's path."""
    return str(TextOrigin(source, at.line, label))


def sample(type_: TensorType) -> tuple[int, bool]:
    """How many dimensions stand before those of a sample (0 or 1), and whether the batch is in it.

    Constants have no batch; a few values have it behind, such as labels of classes.
    """
    leads = bool(type_.shape) and isinstance(type_.shape[0], str)
    return (1 if leads else 0), any(isinstance(d, str) for d in type_.shape)

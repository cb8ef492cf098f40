"""What a converter holds: one node, its values, and the graph that is being built."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto

from bsc.diag import DiagnosticError, Span, fail
from bsc.frontend.onnx.external import ExternalData
from bsc.frontend.onnx.inlining import FlatNode
from bsc.frontend.onnx.tensors import to_array
from bsc.frontend.onnx.values import BATCH, Extent, Known, Live, Value, settled
from bsc.ir.builder import GraphBuilder, GraphError
from bsc.ir.data import encoding_of
from bsc.ir.graph import Array
from bsc.ir.opdef import OpTable, TypeRuleError
from bsc.ir.types import TensorType

MAX_FOLDED = 1 << 28
"""Elements of a tensor computed while importing."""

_ELEMENTWISE = frozenset({"add", "sub", "mul", "div"})

_ON_EXTENTS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
}


@dataclass(slots=True)
class Model:
    """What all nodes of one import share.

    Attributes:
        builder: the graph being built.
        table: operators of the SOURCE stage.
        source: the model's name in diagnostics.
        external: access to data beside the model.
        taken: names that values of the model have, so that none is made twice.
        wide: outputs declared as double: their names are kept for the casts at the end.
        fixed_batch: the batch that the model declares, None where it is open.
        shared: names that several nodes read: what becomes of such weights is made once, so that
            layers that share weights in the model share them in the graph.
        placed: constants of the graph by the identity of their `Known`.
        folded: what was made of one shared value, by its identity and how.
        made_of: constants of the graph with another name than what they were made of, and that.
    """

    builder: GraphBuilder
    table: OpTable
    source: str
    external: ExternalData
    taken: set[str]
    wide: set[str]
    fixed_batch: int | None = None
    shared: frozenset[str] = frozenset()
    placed: dict[int, tuple[Known, Live]] = field(default_factory=dict)
    folded: dict[tuple[object, ...], tuple[Known, Known]] = field(default_factory=dict)
    made_of: dict[str, str] = field(default_factory=dict)

    def fresh(self, hint: str) -> str:
        """A name that no value of model or graph has."""
        name, number = hint, 0
        while not name or name in self.taken or name in self.builder.types:
            number += 1
            name = f"{hint}.{number}"
        self.taken.add(name)
        return name

    def once(self, value: Known, how: tuple[object, ...], make: Callable[[], Known]) -> Known:
        """What is made of a value; of one that several nodes read, a single time for all."""
        if value.label not in self.shared:
            return make()
        key = (id(value), *how)
        if key not in self.folded:
            self.folded[key] = (value, make())
        return self.folded[key][1]

    def place(self, value: Known, at: Span) -> Live:
        """Make a known value a constant of the graph: contiguous, float32 where it is a float.

        Raises:
            DiagnosticError: BSC1005 for element types that no operator takes, BSC1007 for NaN or
                infinity.
        """
        if id(value) in self.placed:
            return self.placed[id(value)][1]
        array = value.array
        if value.symbolic or value.over_batch:
            raise fail(
                "BSC1011",
                f"{value.label!r} depends on the batch size, which is open",
                at=at,
                help="sizes of batches can only be used to reshape",
            )
        if array.dtype.kind == "f":
            with np.errstate(over="ignore"):
                array = array.astype(np.float32, copy=False)
            narrowed = array.dtype != value.array.dtype
            note = ", once rounded to float32" if narrowed else ""
            check_finite(array, value.label, at, note)
        if not array.flags.c_contiguous:
            array = np.ascontiguousarray(array)
        name = value.label
        if not name or name in self.builder.types or name in self.wide:
            name = self.fresh(f"{value.label}.constant" if value.label else "constant")
            if value.label:
                self.made_of[name] = value.label
        try:
            self.builder.constant(name, array)
        except GraphError as error:
            raise fail(
                "BSC1005",
                f"{value.label!r} cannot be computed with: {error.reason}",
                at=at,
                help="export the model with float32 weights and 32- or 64-bit integers",
            ) from None
        live = Live(name, self.builder.type_of(name))
        # Remembering a copied one would keep its original in memory.
        if array is value.array or value.label in self.shared:
            self.placed[id(value)] = (value, live)
        return live


def check_finite(array: Array, label: str, at: Span, note: str = "") -> None:
    """Refuse NaN and infinity, block by block: weights may be large.

    Raises:
        DiagnosticError: BSC1007.
    """
    flat = array.reshape(-1)
    block = 1 << 20
    wrong = nan = 0
    for start in range(0, flat.size, block):
        part = flat[start : start + block]
        wrong += int(part.size - np.count_nonzero(np.isfinite(part)))
        nan += int(np.count_nonzero(np.isnan(part)))
    if wrong:
        raise fail(
            "BSC1007",
            f"{label!r} holds {nan} NaN and {wrong - nan} infinite numbers among its {flat.size} "
            f"elements{note}",
            at=at,
            help="the training diverged, or the file is damaged; train or export it again",
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One node being converted.

    Attributes:
        model: what all nodes share.
        node: the node.
        values: its inputs, None for one left out.
    """

    model: Model
    node: FlatNode
    values: tuple[Value | None, ...]

    @property
    def span(self) -> Span:
        """The node's place."""
        return self.node.span(self.model.source)

    def refuse(self, code: str, message: str, help: str | None = None) -> DiagnosticError:
        """An error at this node, to be raised."""
        return fail(code, message, at=self.span, help=help)

    # inputs

    def optional(self, index: int) -> Value | None:
        """An input that may be left out."""
        return self.values[index] if index < len(self.values) else None

    def input(self, index: int) -> Value:
        """An input that must be there."""
        value = self.optional(index)
        if value is None:
            raise self.refuse("BSC1003", f"input {index} of {self.node.op_type} is left out")
        return value

    def known(self, index: int, what: str) -> Known:
        """An input that must be known while importing."""
        value = self.input(index)
        if isinstance(value, Known):
            return value
        raise self.refuse(
            "BSC1014",
            f"{what} of {self.node.op_type} is computed from the model's input, "
            "expected a constant",
            help="export the model for inference, with constants folded",
        )

    def known_integers(self, index: int, what: str) -> list[int | Extent]:
        """A list of integers, or of multiples of the batch, as an input."""
        array = self.known(index, what).array
        numbers = all(isinstance(e, int | np.integer | Extent) for e in array.flat)
        if array.dtype.kind not in "iuO" or array.ndim > 1 or not numbers:
            raise self.refuse(
                "BSC1003", f"{what} is {array.dtype}{list(array.shape)}, expected integers"
            )
        found = [e if isinstance(e, Extent) else int(e) for e in array.reshape(-1).tolist()]
        return found

    # attributes

    def attribute(self, name: str, kind: int) -> AttributeProto | None:
        """An attribute of a kind, None where it is left out."""
        found = self.node.attributes.get(name)
        if found is None:
            return None
        if found.type != kind:
            wanted = AttributeProto.AttributeType.Name(kind)
            raise self.refuse("BSC1003", f"the attribute {name!r} is of another kind than {wanted}")
        return found

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        found = self.attribute(name, AttributeProto.INT)
        return default if found is None else int(found.i)

    def number(self, name: str, default: float) -> float:
        """A float attribute."""
        found = self.attribute(name, AttributeProto.FLOAT)
        value = default if found is None else float(found.f)
        if not np.isfinite(value):
            raise self.refuse("BSC1007", f"the attribute {name!r} is {value}")
        return value

    def integers(self, name: str) -> list[int] | None:
        """A list of integers, None where it is left out."""
        found = self.attribute(name, AttributeProto.INTS)
        return None if found is None else [int(i) for i in found.ints]

    def numbers(self, name: str) -> list[float] | None:
        """A list of floats, None where it is left out."""
        found = self.attribute(name, AttributeProto.FLOATS)
        return None if found is None else [float(f) for f in found.floats]

    def text(self, name: str, default: str) -> str:
        """A string attribute."""
        found = self.attribute(name, AttributeProto.STRING)
        return default if found is None else found.s.decode("utf-8", "replace")

    def tensor(self, tensor: onnx.TensorProto) -> Array:
        """Data of a tensor in an attribute."""
        return to_array(tensor, self.model.external, self.span)

    # results

    def constant(self, array: Any) -> Known:
        """A value known while importing, named after the node's output."""
        return Known(settled(np.asarray(array)), self.node.outputs[0])

    def emit(
        self,
        op: str,
        inputs: Sequence[Value | None],
        attrs: Mapping[str, Any] | None = None,
        *,
        inner: bool = False,
    ) -> Value:
        """Apply an operator: a node of the graph, or a known value where all inputs are known.

        Args:
            op: an operator of the SOURCE stage.
            inputs: its inputs.
            attrs: its attributes.
            inner: True for a step on the way to the node's result, which takes another name.

        Raises:
            DiagnosticError: BSC1012 where shapes or types do not fit.
        """
        given = [v for v in inputs if v is not None]
        if all(isinstance(v, Known) for v in given):
            known = [v for v in given if isinstance(v, Known)]
            return self._fold_shared(op, known, attrs or {}, known[0].label if inner else "")
        self._check_over_batch(op, given)
        names = ["" if v is None else self.live(_without_batch(v)).name for v in inputs]
        output = self.node.outputs[0]
        if inner or not output or output in self.model.builder.types or output in self.model.wide:
            output = self.model.fresh(f"{output}.{op}")
        builder = self.model.builder
        try:
            name = builder.add(op, names, attrs, name=output, origin=self.node.label)
        except GraphError as error:
            raise self.refuse("BSC1012", f"{self.node.op_type}: {error.reason}") from None
        return Live(name, builder.type_of(name))

    def live(self, value: Value) -> Live:
        """A value as one of the graph's: a known one becomes a constant."""
        return value if isinstance(value, Live) else self.model.place(value, self.span)

    def _check_over_batch(self, op: str, inputs: Sequence[Value]) -> None:
        if not any(isinstance(v, Known) and v.over_batch for v in inputs):
            return
        rank = max(len(v.shape) for v in inputs)
        batched = any(isinstance(v, Live) and v.shape[:1] == (BATCH,) for v in inputs)
        if op not in _ELEMENTWISE or not batched or any(len(v.shape) != rank for v in inputs):
            raise self.refuse(
                "BSC1011", f"{self.node.op_type} reads a constant that is as long as the batch"
            )

    def _fold_shared(
        self, op: str, inputs: Sequence[Known], attrs: Mapping[str, Any], label: str
    ) -> Known:
        """Fold; what is made of one value that several nodes read is made once."""
        first = inputs[0]
        if len(inputs) > 1 or first.label not in self.model.shared:
            return self._fold(op, inputs, attrs, label)
        # It keeps the label, so that what is made of it is made once too.
        how = (op, repr(sorted(attrs.items())))
        return self.model.once(first, how, lambda: self._fold(op, inputs, attrs, first.label))

    def _fold(
        self, op: str, inputs: Sequence[Known], attrs: Mapping[str, Any], label: str
    ) -> Known:
        over_batch = any(v.over_batch for v in inputs)
        if over_batch:
            self._check_fold_over_batch(op, inputs)
        label = label or self.node.outputs[0]
        if any(v.symbolic for v in inputs):
            return Known(settled(self._on_extents(op, inputs, attrs)), label, over_batch)
        definition = self.model.table[op]
        arrays = [
            v.array.astype(np.float32) if v.array.dtype == np.float16 else v.array for v in inputs
        ]
        merged = {a.name: a.default for a in definition.attrs if a.default is not None}
        merged.update(attrs)
        try:
            self._check_types(op, arrays, merged)
        except (TypeRuleError, TypeError) as error:
            raise self.refuse("BSC1012", f"{self.node.op_type}: {error}") from None
        try:
            result = np.asarray(definition.reference(arrays, merged, None)[0])
        except (IndexError, ValueError) as error:  # an index that the types do not show
            raise self.refuse("BSC1012", f"{self.node.op_type} of constants: {error}") from None
        return Known(result, label, over_batch)

    def _check_types(self, op: str, arrays: Sequence[Array], attrs: Mapping[str, Any]) -> None:
        """The operator's own rule; float64 counts as the float32 that it becomes at its use."""
        types = []
        for array in arrays:
            seen = np.dtype(np.float32) if array.dtype == np.float64 else array.dtype
            types.append(TensorType(encoding_of(np.empty(0, seen)), array.shape))
        shape = self.model.table[op].infer(types, attrs)[0].shape
        self.check_size(shape)

    def check_size(self, shape: Sequence[Any]) -> None:
        """Refuse a tensor that is too large, before it is made."""
        count = prod(d for d in shape if isinstance(d, int | np.integer))
        if count > MAX_FOLDED:
            raise self.refuse(
                "BSC1013",
                f"{self.node.op_type} makes a constant of {count} elements, at most {MAX_FOLDED} "
                "are taken",
            )

    def _check_fold_over_batch(self, op: str, inputs: Sequence[Known]) -> None:
        rank = max(v.array.ndim for v in inputs)
        if op not in (*_ELEMENTWISE, "identity", "dropout", "cast") or any(
            v.over_batch and v.array.ndim != rank for v in inputs
        ):
            raise self.refuse(
                "BSC1011", f"{self.node.op_type} reads a constant that is as long as the batch"
            )

    def _on_extents(self, op: str, inputs: Sequence[Known], attrs: Mapping[str, Any]) -> Array:
        """Arithmetic and rearranging of shapes that hold the batch."""
        arrays = [v.array.astype(object) for v in inputs]
        try:
            if op in _ON_EXTENTS:
                return np.asarray(_ON_EXTENTS[op](*arrays), object)
            if op in ("reshape", "transpose", "identity", "dropout", "concat"):
                return np.asarray(self.model.table[op].reference(arrays, attrs, None)[0])
        except (TypeError, ValueError):
            pass
        raise self.refuse(
            "BSC1011",
            f"{self.node.op_type} computes with the batch size, which is open",
            help="export the model so that only the first dimension depends on the batch",
        )


def _without_batch(value: Value) -> Value:
    """A constant as long as the batch, checked to meet a batch, as one that broadcasts to it."""
    if isinstance(value, Known) and value.over_batch:
        return Known(value.array, value.label)
    return value

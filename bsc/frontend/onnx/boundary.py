"""The model's inputs and outputs: what may come in and go out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import prod

import onnx
from onnx import TensorProto

from bsc.diag import Sink, Span
from bsc.frontend.onnx.tensors import MAX_ELEMENTS, MAX_RANK, type_name
from bsc.frontend.onnx.values import BATCH
from bsc.ir.types import Dim, Encoding, TensorType

_INPUTS: dict[int, Encoding] = {
    TensorProto.FLOAT: Encoding.F32,
    TensorProto.FLOAT16: Encoding.F32,
    TensorProto.BFLOAT16: Encoding.F32,
    TensorProto.DOUBLE: Encoding.F64,
    TensorProto.UINT8: Encoding.U8,
    TensorProto.INT32: Encoding.I32,
    TensorProto.INT64: Encoding.I64,
}


@dataclass(frozen=True, slots=True)
class ModelInput:
    """The input.

    Attributes:
        name: the model's name for it.
        type: its type, the batch open.
        fixed_batch: the batch that the model declares, None where it is open.
    """

    name: str
    type: TensorType
    fixed_batch: int | None


def read_input(
    graph: onnx.GraphProto, initialisers: Collection[str], source: str, sink: Sink
) -> ModelInput | None:
    """The one input of a model; problems go into the sink."""
    fed = [value for value in graph.input if value.name not in initialisers]
    at = Span(source, path="graph inputs")
    if len(fed) != 1:
        names = ", ".join(repr(value.name) for value in fed)
        sink.add(
            "BSC1010",
            f"the model has {len(fed)} inputs{f' ({names})' if fed else ''}, expected one",
            at=at,
            help="make constants of the others, or join the features outside the model"
            if fed
            else "a model without input computes a constant",
        )
        return None
    (value,) = fed
    at = Span(source, path=f"input {value.name!r}")
    if value.type.WhichOneof("value") != "tensor_type":
        kind = (value.type.WhichOneof("value") or "untyped").removesuffix("_type")
        sink.add("BSC1010", f"the input {value.name!r} is {kind}, expected a tensor", at=at)
        return None
    tensor = value.type.tensor_type
    encoding = _INPUTS.get(tensor.elem_type)
    if encoding is None:
        sink.add(
            "BSC1010",
            f"the input {value.name!r} is of type {type_name(tensor.elem_type)}, expected one of "
            + ", ".join(type_name(kind) for kind in _INPUTS),
            at=at,
        )
        return None
    if not tensor.HasField("shape"):
        sink.add(
            "BSC1011",
            f"the input {value.name!r} has no shape",
            at=at,
            help="export with the shape of a sample, for example ['N', 784]",
        )
        return None
    return _checked_shape(value.name, encoding, tensor.shape, at, sink)


def _checked_shape(
    name: str, encoding: Encoding, declared: onnx.TensorShapeProto, at: Span, sink: Sink
) -> ModelInput | None:
    text = "[" + ", ".join(_dim_text(d) for d in declared.dim) + "]"
    if not 2 <= len(declared.dim) <= MAX_RANK:
        sink.add(
            "BSC1010",
            f"the input {name!r} has the shape {text}, expected the batch and then a sample",
            at=at,
            help="export with a batch dimension in front, for example ['N', 784]",
        )
        return None
    sample = declared.dim[1:]
    if any(d.WhichOneof("value") == "dim_value" and d.dim_value < 0 for d in declared.dim):
        sink.add("BSC1011", f"the input {name!r} has the shape {text}, which is none", at=at)
        return None
    if any(d.WhichOneof("value") != "dim_value" or d.dim_value == 0 for d in sample):
        sink.add(
            "BSC1011",
            f"the input {name!r} has the shape {text}: only the first dimension may be open",
            at=at,
            help="export with a fixed size for every dimension behind the batch",
        )
        return None
    size = prod(d.dim_value for d in sample)
    if size > MAX_ELEMENTS:
        sink.add(
            "BSC1013",
            f"the input {name!r} has the shape {text}: {size} elements a sample, at most "
            f"{MAX_ELEMENTS} are taken",
            at=at,
        )
        return None
    first = declared.dim[0]
    fixed = first.dim_value if first.WhichOneof("value") == "dim_value" else 0
    shape: tuple[Dim, ...] = (BATCH, *(int(d.dim_value) for d in sample))
    return ModelInput(name, TensorType(encoding, shape), int(fixed) or None)


def _dim_text(dim: onnx.TensorShapeProto.Dimension) -> str:
    match dim.WhichOneof("value"):
        case "dim_value":
            return str(dim.dim_value)
        case "dim_param":
            return str(dim.dim_param) or "?"
        case _:
            return "?"


def check_outputs(
    graph: onnx.GraphProto, unsupported: Collection[str], source: str, sink: Sink
) -> None:
    """Refuse outputs that are no tensors, but for those of operators reported already."""
    for value in graph.output:
        kind = value.type.WhichOneof("value")
        if kind not in (None, "tensor_type") and value.name not in unsupported:
            sink.add(
                "BSC1017",
                f"the output {value.name!r} is a {kind.removesuffix('_type')}, expected a tensor",
                at=Span(source, path=f"output {value.name!r}"),
                help="for scikit-learn models convert with options={'zipmap': False}",
            )
    names = [value.name for value in graph.output]
    for name in sorted({n for n in names if names.count(n) > 1}):
        sink.add("BSC1009", f"the output {name!r} is listed twice", at=Span(source))

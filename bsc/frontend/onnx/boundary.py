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
    """An input.

    Attributes:
        name: the model's name for it.
        type: its type, the batch open.
        fixed_batch: the batch that the model declares, None where it is open.
    """

    name: str
    type: TensorType
    fixed_batch: int | None


def read_inputs(
    graph: onnx.GraphProto, initialisers: Collection[str], source: str, sink: Sink
) -> list[ModelInput]:
    """The inputs of a model, in its order; problems go into the sink."""
    fed = [value for value in graph.input if value.name not in initialisers]
    at = Span(source, path="graph inputs")
    if not fed:
        sink.add(
            "BSC1010",
            "the model has no input",
            at=at,
            help="a model without input computes a constant",
        )
    names = [value.name for value in fed]
    for name in sorted({name for name in names if names.count(name) > 1}):
        sink.add("BSC1009", f"the input {name!r} is listed twice", at=at)
    found = [_read_input(value, source, sink) for value in fed]
    inputs = [each for each in found if each is not None]
    batches = {each.name: each.fixed_batch for each in inputs if each.fixed_batch is not None}
    if len(set(batches.values())) > 1:
        said = ", ".join(f"{name!r} {batch}" for name, batch in batches.items())
        sink.add(
            "BSC1011",
            f"the inputs declare batches of different sizes: {said}",
            at=at,
            help="export with an open batch dimension in front of every input",
        )
    return inputs


def fixed_batch(inputs: Collection[ModelInput]) -> int | None:
    """The batch that the model declares, None where it is open."""
    return next((each.fixed_batch for each in inputs if each.fixed_batch is not None), None)


def _read_input(value: onnx.ValueInfoProto, source: str, sink: Sink) -> ModelInput | None:
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

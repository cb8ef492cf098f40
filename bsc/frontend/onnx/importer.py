"""ModelProto -> Graph: reads, checks, then converts node by node. Problems are collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import TensorProto

from bsc.diag import Diagnostic, DiagnosticError, Severity, Sink, Span, escaped, fail
from bsc.diag.nearest import nearest
from bsc.frontend.onnx.boundary import ModelInput, check_outputs, fixed_batch, read_inputs
from bsc.frontend.onnx.call import Call, Model, check_finite
from bsc.frontend.onnx.external import ExternalData
from bsc.frontend.onnx.inlining import FlatNode, flatten, versions_of
from bsc.frontend.onnx.ordering import in_order
from bsc.frontend.onnx.reading import check_is_model, read_model
from bsc.frontend.onnx.table import (
    CONVERTERS,
    ML,
    NEWEST_ML_OPSET,
    NEWEST_OPSET,
    OLDEST_OPSET,
    find_converter,
    way_out,
)
from bsc.frontend.onnx.tensors import densify, to_array
from bsc.frontend.onnx.values import BATCH, Known, Live, Value
from bsc.ir.builder import GraphBuilder
from bsc.ir.graph import Graph
from bsc.ir.types import Encoding, Stage
from bsc.ops.source import SOURCE_OPS
from bsc.passes.parting import parted_weights


def import_model(model: str | Path | onnx.ModelProto) -> Graph:
    """Read an ONNX model as a graph at SOURCE, as `import_with_remarks` does."""
    return import_with_remarks(model)[0]


def import_with_remarks(
    model: str | Path | onnx.ModelProto,
) -> tuple[Graph, tuple[Diagnostic, ...]]:
    """Read an ONNX model as a graph at SOURCE.

    The batch, the first dimension of the input, is open whatever the model declares. Floats of
    every width are computed with in float32; outputs declared as double are handed out as f64.
    Weights are views of the file's data, copied only where a transposition asks for it.

    Args:
        model: path of a file, or the model itself.

    Returns:
        The graph; inputs, outputs and, where possible, inner values keep their names. And warnings
        for layers that share weights in the model, where the graph cannot say so.

    Raises:
        DiagnosticError: BSC10xx; all problems of a step together.
    """
    try:
        loaded = _load(model)
        return _convert(loaded)
    except UnicodeDecodeError:
        raise fail(
            "BSC1001",
            "a name in the model is not UTF-8: the file is damaged",
            at=Span(_source(model)),
            help="export the model again and check that the whole file was copied",
        ) from None


@dataclass(slots=True)
class _Loaded:
    """A model whose weights have left the protobuf message, so that it can be freed.

    Attributes:
        name: name of the graph.
        source: what diagnostics call the model.
        nodes: its nodes, functions written out.
        inputs: its inputs.
        outputs: names and element types of its outputs.
        values: initialisers by name.
        external: access to data beside the model.
    """

    name: str
    source: str
    nodes: list[FlatNode]
    inputs: list[ModelInput]
    outputs: list[tuple[str, int]]
    values: dict[str, Known]
    external: ExternalData


def _source(model: str | Path | onnx.ModelProto) -> str:
    return "<model>" if isinstance(model, onnx.ModelProto) else Path(model).name


def _load(given: str | Path | onnx.ModelProto) -> _Loaded:
    source = _source(given)
    if isinstance(given, onnx.ModelProto):
        model, folder = given, None
        check_is_model(model, Span(source))
    else:
        model, folder = read_model(Path(given)), Path(given).parent
    external = ExternalData(folder)
    sink = Sink()
    _check_versions(model, source, sink)
    sink.raise_if_errors()
    nodes = flatten(model, source)
    unsupported = _check_operators(nodes, source, sink)
    check_outputs(model.graph, unsupported, source, sink)
    initialisers = [t.name for t in model.graph.initializer]
    initialisers += [t.values.name for t in model.graph.sparse_initializer]
    found = read_inputs(model.graph, initialisers, source, sink)
    sink.raise_if_errors()
    values = _read_initialisers(model.graph, external, source, sink)
    sink.raise_if_errors()
    if folder is not None:
        # Attributes of the nodes keep the message they came from alive: leave it without weights.
        del model.graph.initializer[:]
        small = onnx.ModelProto.FromString(model.SerializeToString())
        nodes = flatten(small, source)
        model = small
    return _Loaded(
        model.graph.name or escaped(Path(source).stem),
        source,
        nodes,
        found,
        [(value.name, value.type.tensor_type.elem_type) for value in model.graph.output],
        values,
        external,
    )


def _check_versions(model: onnx.ModelProto, source: str, sink: Sink) -> None:
    at = Span(source, path="opset_import")
    own = versions_of(model.opset_import)
    if "" not in own and any(n.domain in ("", "ai.onnx") for n in model.graph.node):
        sink.add("BSC1004", "the model names no version of ONNX's operators", at=at)
    imports = [("the model", own)]
    imports += [(f"the function {f.name!r}", versions_of(f.opset_import)) for f in model.functions]
    for what, versions in imports:
        version = versions.get("", NEWEST_OPSET)
        if version < OLDEST_OPSET:
            sink.add(
                "BSC1004",
                f"{what} is written for opset {version}, expected {OLDEST_OPSET} to {NEWEST_OPSET}",
                at=at,
                help="convert it: onnx.version_converter.convert_version(model, 17)",
            )
        elif version > NEWEST_OPSET:
            sink.add(
                "BSC1004",
                f"{what} is written for opset {version}, newer than {NEWEST_OPSET}, the newest one "
                "that was reviewed",
                at=at,
                help=f"export with opset_version={NEWEST_OPSET} or lower",
            )
        if versions.get(ML, 1) > NEWEST_ML_OPSET:
            sink.add(
                "BSC1004",
                f"{what} is written for {ML} {versions[ML]}, newer than {NEWEST_ML_OPSET}",
                at=at,
                help=f"convert with target_opset={{'': {NEWEST_OPSET}, '{ML}': {NEWEST_ML_OPSET}}}",
            )


def _check_operators(nodes: Iterable[FlatNode], source: str, sink: Sink) -> set[str]:
    """Report every node that cannot be read; their outputs' names."""
    outputs: set[str] = set()
    for node in nodes:
        if find_converter(node.domain, node.op_type, max(node.version, 1)) is not None:
            continue
        outputs.update(node.outputs)
        name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        near = nearest(node.op_type, [op for _, op in CONVERTERS], 1)
        guess = f"did you mean {near[0]}?" if near and not _is_standard(node) else None
        sink.add(
            "BSC1015",
            f"the operator {name} is not supported",
            at=node.span(source),
            help=way_out(node.domain, node.op_type)
            or guess
            or "`bsc check MODEL` lists what is supported; express the layer with it",
        )
    return outputs


def _is_standard(node: FlatNode) -> bool:
    return bool(onnx.defs.has(node.op_type, domain=node.domain))


def _read_initialisers(
    graph: onnx.GraphProto, external: ExternalData, source: str, sink: Sink
) -> dict[str, Known]:
    values: dict[str, Known] = {}
    for tensor in graph.initializer:
        at = Span(source, path=f"initialiser {tensor.name!r}")
        _read_one(tensor.name, tensor, values, external, at, sink)
    for sparse in graph.sparse_initializer:
        at = Span(source, path=f"initialiser {sparse.values.name!r}")
        _read_one(sparse.values.name, sparse, values, external, at, sink)
    return values


def _read_one(
    name: str,
    tensor: TensorProto | onnx.SparseTensorProto,
    values: dict[str, Known],
    external: ExternalData,
    at: Span,
    sink: Sink,
) -> None:
    if name in values or not name:
        said = f"{name!r} is defined twice" if name else "has no name"
        sink.add("BSC1009", f"an initialiser {said}", at=at)
        return
    try:
        if isinstance(tensor, TensorProto):
            values[name] = Known(to_array(tensor, external, at), name)
        else:
            values[name] = Known(densify(tensor, external, at), name)
    except DiagnosticError as error:
        sink.extend(error.diagnostics)


def _convert(loaded: _Loaded) -> tuple[Graph, tuple[Diagnostic, ...]]:
    outputs = [name for name, _ in loaded.outputs]
    sources = {*(given.name for given in loaded.inputs), *loaded.values}
    nodes = in_order(loaded.nodes, sources, outputs, loaded.source)
    builder = GraphBuilder(loaded.name, Stage.SOURCE, SOURCE_OPS)
    model = Model(
        builder,
        SOURCE_OPS,
        loaded.source,
        loaded.external,
        taken={*sources, *outputs, *(o for n in loaded.nodes for o in n.outputs)},
        wide={name for name, data_type in loaded.outputs if data_type == TensorProto.DOUBLE},
        fixed_batch=fixed_batch(loaded.inputs),
        shared=_read_often(nodes),
    )
    sink = Sink()
    used = {name for node in nodes for name in node.inputs}
    for name in [name for name in loaded.values if name in used]:
        _check_weights(loaded.values[name], loaded.source, sink)
    values: dict[str, Value | None] = dict(loaded.values)
    loaded.values = {}  # each array is freed behind its last reader
    for given in loaded.inputs:
        values[given.name] = _feed(model, given)
    sink.raise_if_errors()
    _convert_nodes(nodes, model, values, outputs, sink)
    if not sink.errors:
        _hand_out(model, values, loaded.outputs, sink)
    sink.raise_if_errors()
    found = parted_weights(builder.nodes, outputs, model.made_of)
    warnings = tuple(Diagnostic("BSC3000", each, Severity.WARNING) for each in found)
    return builder.build(), warnings


def _read_often(nodes: Sequence[FlatNode]) -> frozenset[str]:
    """Names that several nodes read."""
    readers = Counter(name for node in nodes for name in {*node.inputs})
    return frozenset(name for name, count in readers.items() if name and count > 1)


def _check_weights(value: Known, source: str, sink: Sink) -> None:
    """Report all tensors that are not finite together; single numbers may be open bounds."""
    if value.array.dtype.kind != "f" or value.array.size <= 1:
        return
    try:
        check_finite(value.array, value.label, Span(source, path=f"initialiser {value.label!r}"))
    except DiagnosticError as error:
        sink.extend(error.diagnostics)


def _feed(model: Model, given: ModelInput) -> Live:
    """The input as a value; a double is cast at once, because all is computed in float32."""
    builder = model.builder
    builder.input(given.name, given.type)
    name = given.name
    if given.type.encoding is Encoding.F64:
        name = builder.add(
            "cast",
            [name],
            {"to": str(Encoding.F32)},
            name=model.fresh(f"{name}.f32"),
            origin=f"input {name}",
        )
    return Live(name, builder.type_of(name))


def _convert_nodes(
    nodes: Sequence[FlatNode],
    model: Model,
    values: dict[str, Value | None],
    outputs: Sequence[str],
    sink: Sink,
) -> None:
    """Fill `values`; None stands for what could not be converted and was reported."""
    readers = Counter(name for node in nodes for name in {*node.inputs})
    readers.update(outputs)
    for node in nodes:
        given = [values.get(name) if name else None for name in node.inputs]
        lost = [n for n in node.inputs if n and values.get(n) is None]
        result: Value | None = None
        if not lost:
            try:
                result = _convert_one(Call(model, node, tuple(given)))
            except DiagnosticError as error:
                sink.extend(error.diagnostics)
        given.clear()
        values.update(dict.fromkeys(filter(None, node.outputs)))
        if node.outputs and node.outputs[0]:
            values[node.outputs[0]] = result
        if result is not None:
            _refuse_other_outputs(node, readers, model.source, sink)
        for name in {*node.inputs}:
            readers[name] -= 1
            if not readers[name]:
                values.pop(name, None)


def _convert_one(call: Call) -> Value:
    node = call.node
    converter = find_converter(node.domain, node.op_type, max(node.version, 1))
    if converter is None or not node.outputs:
        raise call.refuse("BSC1003", f"{node.op_type} has no outputs")
    return converter.convert(call)


def _refuse_other_outputs(node: FlatNode, readers: Counter[str], source: str, sink: Sink) -> None:
    for name in node.outputs[1:]:
        if name and readers[name]:
            sink.add(
                "BSC1003",
                f"the output {name!r} of {node.op_type} is read, only the first one is made",
                at=node.span(source),
                help="export the model for inference",
            )


def _hand_out(
    model: Model, values: dict[str, Value | None], outputs: Sequence[tuple[str, int]], sink: Sink
) -> None:
    """Declare the outputs, under the model's own names."""
    builder = model.builder
    for name, data_type in outputs:
        at = Span(model.source, path=f"output {name!r}")
        value = values.get(name)
        if isinstance(value, Known):
            value = model.place(value, at)
        if value is None:
            sink.add("BSC1009", f"nothing defines the output {name!r}", at=at)
            continue
        if BATCH in value.shape and value.shape[0] != BATCH:
            sink.add(
                "BSC1003",
                f"the output {name!r} is {value.type}: the batch must come first",
                at=at,
            )
            continue
        if name in model.builder.types and value.name != name:
            pass  # the input itself is handed out
        elif data_type == TensorProto.DOUBLE and value.type.encoding is Encoding.F32:
            to = {"to": str(Encoding.F64)}
            builder.add("cast", [value.name], to, name=name, origin=f"output {name}")
        elif value.name != name:
            builder.add("identity", [value.name], name=name, origin=f"output {name}")
        builder.output(name)

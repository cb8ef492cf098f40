"""From a file to a ModelProto, with every way to fail said in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from bsc.diag import Span, fail
from bsc.diag.regular import open_regular

PROTOBUF_LIMIT = (1 << 31) - 1
"""Bytes a protobuf message may have; larger models keep their weights beside the file."""

_EXPORT_AGAIN = "export the model again and check that the whole file was copied"

_DIRECTORY_BYTES = 1 << 16
"""Of an archive, at its end: the names of its parts."""

_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer; fetch the real file with `git lfs pull`"),
    (b"PK\x03\x04", "a zip archive, as PyTorch and Keras save; export that model to ONNX"),
    (b"\x89HDF", "an HDF5 file, as Keras saves; convert it with tf2onnx"),
    (b"\x80\x02", "a Python pickle, as PyTorch and scikit-learn save; export that model to ONNX"),
    (b"\x80\x04", "a Python pickle, as PyTorch and scikit-learn save; export that model to ONNX"),
    (b"\x80\x05", "a Python pickle, as PyTorch and scikit-learn save; export that model to ONNX"),
    (b"\x93NUMPY", "a numpy array; a model was expected"),
    (b"<!DOCTYPE", "a web page; the download did not give the file"),
    (b"<html", "a web page; the download did not give the file"),
    (b"\x1f\x8b", "gzip-compressed; unpack it first"),
)


def read_model(path: Path) -> onnx.ModelProto:
    """Parse a model file. External data are not read here.

    Raises:
        DiagnosticError: BSC1001 where the content is no model, BSC1002 where the file cannot be
            read.
    """
    at = Span(path.name)
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise fail("BSC1002", f"{path.name} is a folder, expected an .onnx file", at=at)
        if size > PROTOBUF_LIMIT:
            raise fail(
                "BSC1001",
                f"the file has {size} bytes; a model in one file has at most {PROTOBUF_LIMIT}",
                at=at,
                help="save the weights beside it: onnx.save(..., save_as_external_data=True)",
            )
        with open_regular(path) as stream:
            data = stream.read()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise fail(
            "BSC1002",
            f"cannot read {path.name}: {reason}",
            at=at,
            help="check the path and its permissions",
        ) from None
    return parse_model(data, at)


def parse_model(data: bytes, at: Span) -> onnx.ModelProto:
    """Parse the bytes of a model.

    Raises:
        DiagnosticError: BSC1001.
    """
    if not data:
        raise fail("BSC1001", "the file is empty", at=at, help=_EXPORT_AGAIN)
    if data.startswith(b"PK\x03\x04") and b"manifest.json" in data[-_DIRECTORY_BYTES:]:
        help = "train, eval, run, inspect and export take programs"
        raise fail("BSC1001", "the file is no model but a program of bsc", at=at, help=help)
    for magic, what in _OTHER_FORMATS:
        if data.startswith(magic):
            raise fail("BSC1001", f"the file is no ONNX model but {what}", at=at)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        raise fail(
            "BSC1001",
            f"the {len(data)} bytes of the file are no ONNX model: it is cut off or damaged, "
            "or was never one",
            at=at,
            help=_EXPORT_AGAIN,
        ) from None
    check_is_model(model, at)
    return model


def check_is_model(model: onnx.ModelProto, at: Span) -> None:
    """Refuse a message that holds no graph: protobuf reads a good deal of garbage as empty.

    Raises:
        DiagnosticError: BSC1001.
    """
    if not model.HasField("graph") or not model.graph.output:
        missing = "no outputs" if model.HasField("graph") else "no graph"
        raise fail("BSC1001", f"the model has {missing}", at=at, help=_EXPORT_AGAIN)
    # What is not UTF-8 comes out of protobuf as bytes, or not at all (UnicodeDecodeError).
    if not all(isinstance(text, str) for text in _texts(model)):
        raise fail(
            "BSC1001",
            "a name in the model is not UTF-8: the file is damaged",
            at=at,
            help=_EXPORT_AGAIN,
        )


def _texts(model: onnx.ModelProto) -> Iterator[object]:
    """Every text of a model that is read."""
    graph = model.graph
    yield graph.name
    yield from (entry.domain for entry in model.opset_import)
    for value in (*graph.input, *graph.output):
        yield value.name
        yield from (dim.dim_param for dim in value.type.tensor_type.shape.dim)
    for tensor in graph.initializer:
        yield from _tensor_texts(tensor)
    for sparse in graph.sparse_initializer:
        yield from (*_tensor_texts(sparse.values), *_tensor_texts(sparse.indices))
    yield from _node_texts(graph.node)
    for function in model.functions:
        yield from (function.name, function.domain)
        yield from (entry.domain for entry in function.opset_import)
        yield from (*function.input, *function.output, *function.attribute)
        yield from (attribute.name for attribute in function.attribute_proto)
        yield from _node_texts(function.node)


def _node_texts(nodes: Iterable[onnx.NodeProto]) -> Iterator[object]:
    for node in nodes:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        for attribute in node.attribute:
            yield from (attribute.name, attribute.ref_attr_name)
            yield from _tensor_texts(attribute.t)


def _tensor_texts(tensor: onnx.TensorProto) -> Iterator[object]:
    yield tensor.name
    for entry in tensor.external_data:
        yield from (entry.key, entry.value)

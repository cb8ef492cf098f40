"""ONNX in: ModelProto -> Graph at SOURCE, and what of ONNX is supported."""

from bsc.frontend.onnx.importer import import_model
from bsc.frontend.onnx.table import (
    CONVERTERS,
    NEWEST_OPSET,
    OLDEST_OPSET,
    Converter,
    SupportRow,
    support_table,
)

__all__ = [
    "CONVERTERS",
    "NEWEST_OPSET",
    "OLDEST_OPSET",
    "Converter",
    "SupportRow",
    "import_model",
    "support_table",
]

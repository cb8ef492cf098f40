"""ONNX in: ModelProto -> Graph at SOURCE, and what of ONNX is supported."""

from bsc.frontend.onnx.importer import import_model, import_with_remarks
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
    "import_with_remarks",
    "support_table",
]

"""Looks at every node of a model and says which can be read; nothing is converted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from bsc.diag import Span
from bsc.frontend.onnx.inlining import flatten
from bsc.frontend.onnx.reading import check_is_model, read_model
from bsc.frontend.onnx.table import ML, find_converter, way_out


@dataclass(frozen=True, slots=True)
class SurveyedNode:
    """One node.

    Attributes:
        operator: the operator, with its domain where it is not ONNX's own.
        label: the node's name, the origin of what it becomes.
        becomes: operators of SOURCE, empty where it cannot be read.
        note: what is not supported of it, or what to do about it.
    """

    operator: str
    label: str
    becomes: str
    note: str


def survey(model: str | Path | onnx.ModelProto) -> tuple[SurveyedNode, ...]:
    """All nodes of a model, functions written out.

    Raises:
        DiagnosticError: the file is no model.
    """
    if isinstance(model, onnx.ModelProto):
        source, proto = "<model>", model
        check_is_model(proto, Span(source))
    else:
        source, proto = Path(model).name, read_model(Path(model))
    rows = []
    for node in flatten(proto, source):
        name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        converter = find_converter(node.domain, node.op_type, max(node.version, 1))
        if converter is not None:
            rows.append(SurveyedNode(name, node.label, converter.becomes, converter.note))
            continue
        other = ML if not node.domain else ""
        help_ = way_out(node.domain, node.op_type)
        if help_ is None and find_converter(other, node.op_type, 1) is not None:
            help_ = f"it is known in the domain {other or 'ai.onnx'!r}"
        rows.append(SurveyedNode(name, node.label, "", help_ or "no operator of the SOURCE stage"))
    return tuple(rows)

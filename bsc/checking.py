"""`bsc check`: what each operator of a model becomes on a chip, and what to do where it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from bsc.diag import Diagnostic, DiagnosticError
from bsc.driver import compile_model
from bsc.frontend.onnx import import_model
from bsc.frontend.onnx.survey import SurveyedNode, survey
from bsc.hw.registry import resolve
from bsc.hw.spec import TargetSpec
from bsc.ir.pass_manager import run_passes
from bsc.ops import OPS
from bsc.passes.backbone import Backbone, find_backbone
from bsc.pipelines import source_passes

SUPPORTED = "supported"
BESIDE = "beside the array"
UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One operator of the model.

    Attributes:
        operator: as the model names it.
        node: the node's name.
        status: `supported` (on the array or folded away), `beside the array`, or `unsupported`.
        note: what it becomes, or what to do.
    """

    operator: str
    node: str
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All operators, and what stops the model from being compiled, if anything does."""

    rows: tuple[CheckRow, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def compiles(self) -> bool:
        """Whether nothing stops it."""
        return not self.diagnostics and all(r.status != UNSUPPORTED for r in self.rows)


def check(
    model: str | Path | onnx.ModelProto, target: str | Path | TargetSpec = "oxram-128"
) -> CheckReport:
    """Check a model against a target.

    Raises:
        DiagnosticError: the file is no model, or there is no such target.
    """
    chip = target if isinstance(target, TargetSpec) else resolve(target)
    nodes = survey(model)
    if any(not node.becomes for node in nodes):
        return CheckReport(tuple(_row(node, None) for node in nodes), ())
    try:
        folded = run_passes(import_model(model), source_passes(), OPS)
        backbone = find_backbone(folded.graph)
        compile_model(model, target=chip)
    except DiagnosticError as error:
        return CheckReport(tuple(_row(node, None) for node in nodes), error.diagnostics)
    return CheckReport(tuple(_row(node, backbone) for node in nodes), ())


def _row(node: SurveyedNode, backbone: Backbone | None) -> CheckRow:
    if not node.becomes:
        return CheckRow(node.operator, node.label, UNSUPPORTED, node.note)
    status, note = SUPPORTED, node.becomes
    if backbone is not None:
        status, note = _role(node, backbone)
    return CheckRow(node.operator, node.label, status, note)


def _role(node: SurveyedNode, backbone: Backbone) -> tuple[str, str]:
    for number, layer in enumerate(backbone.layers, start=1):
        if layer.dense.origin == node.label:
            return SUPPORTED, f"array {number}, `{layer.name}`"
        if layer.activation is not None and layer.activation.origin == node.label:
            return SUPPORTED, f"neurons behind `{layer.name}`"
    if any(other.origin == node.label for other in backbone.tail):
        return BESIDE, f"{node.becomes}, computed on the host"
    return SUPPORTED, "folded into its neighbours"

"""`bsc check`: what each operator of a model becomes on a chip, and what to do where it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from bsc.diag import Diagnostic, DiagnosticError
from bsc.driver import compile_model
from bsc.frontend.onnx.survey import SurveyedNode, survey
from bsc.hw.registry import resolve
from bsc.hw.spec import TargetSpec
from bsc.ir.graph import Node
from bsc.models import of_language, origin_at, read_source
from bsc.passes.network import Network, find_network

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
    """All operators, and what stops the model from being compiled, if anything does.

    Attributes:
        rows: one for each operator.
        diagnostics: what stops it.
        notes: what is worth knowing about it.
    """

    rows: tuple[CheckRow, ...]
    diagnostics: tuple[Diagnostic, ...]
    notes: tuple[Diagnostic, ...] = ()

    @property
    def compiles(self) -> bool:
        """Whether nothing stops it."""
        return not self.diagnostics and all(r.status != UNSUPPORTED for r in self.rows)


def check(
    model: str | Path | onnx.ModelProto, target: str | Path | TargetSpec | None = None
) -> CheckReport:
    """Check a model against a target; None is the model's own target, else the default.

    Raises:
        DiagnosticError: the file is no model, or there is no such target.
    """
    if isinstance(target, (str, Path)):
        target = resolve(target)
    if isinstance(model, (str, Path)) and of_language(model):
        source = read_source(model)
        nodes = [_surveyed(node) for node in source.graph.nodes]
    else:
        nodes = list(survey(model))
        if any(not node.becomes for node in nodes):
            return CheckReport(tuple(_row(node, None) for node in nodes), ())
        source = read_source(model)
    notes = source.told(source.start())
    try:
        network = find_network(compile_model(source, target=target).source)
    except DiagnosticError as error:
        faults = _faults(error.diagnostics)
        rows = tuple(_row(node, None, faults.get(node.label)) for node in nodes)
        return CheckReport(rows, error.diagnostics, notes)
    return CheckReport(tuple(_row(node, network) for node in nodes), (), notes)


def _faults(diagnostics: tuple[Diagnostic, ...]) -> dict[str, Diagnostic]:
    """What stops the model, by the origin of the node that it is about."""
    return {origin_at(d.labels[0].span): d for d in reversed(diagnostics) if d.labels}


def _surveyed(node: Node) -> SurveyedNode:
    """A node of a graph, as the survey of an ONNX model tells of its own."""
    return SurveyedNode(node.op, node.origin or node.outputs[0], node.op, "")


def _row(node: SurveyedNode, network: Network | None, fault: Diagnostic | None = None) -> CheckRow:
    if not node.becomes:
        return CheckRow(node.operator, node.label, UNSUPPORTED, node.note)
    if fault is not None:
        return CheckRow(node.operator, node.label, UNSUPPORTED, fault.help or fault.message)
    status, note = SUPPORTED, node.becomes
    if network is not None:
        status, note = _role(node, network)
    return CheckRow(node.operator, node.label, status, note)


def _role(node: SurveyedNode, network: Network) -> tuple[str, str]:
    arrays: dict[tuple[object, ...], tuple[int, str]] = {}
    for layer in network.layers:
        number, name = arrays.setdefault(layer.sharing, (len(arrays) + 1, layer.name))
        if layer.dense.origin == node.label and node.becomes in ("dense", "matmul"):
            return SUPPORTED, f"array {number}, `{name}`"
        activation = layer.activation
        if activation is not None and (activation.origin, activation.op) == (
            node.label,
            node.becomes,
        ):
            return SUPPORTED, f"neurons behind `{layer.name}`"
    if any((other.origin, other.op) == (node.label, node.becomes) for other in network.tail):
        return BESIDE, f"{node.becomes}, computed on the host"
    return SUPPORTED, "folded into its neighbours"

"""What passes ask of their graphs: said to the user of `bsc opt`, who may run them in any order.

The pipeline of the compiler meets all of it, so a compilation never comes to these messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from bsc.diag import DiagnosticError, Sink, fail
from bsc.ir.graph import Graph, Node
from bsc.ir.types import Stage
from bsc.numerics.errors import NumericsError
from bsc.ops import OPS
from bsc.passes.network import place_of


@dataclass(frozen=True, slots=True)
class Demands:
    """Collects what a graph lacks for one pass.

    Attributes:
        ran: name of the pass.
        graph: what it was given.
        help: how to make a graph that it can work on.
        sink: where problems go; `check` raises them together.
    """

    ran: str
    graph: Graph
    help: str
    sink: Sink = field(default_factory=Sink)

    def lacks(self, node: Node, what: str) -> None:
        """Record what is wrong with a node."""
        self.sink.add(
            "BSC3006",
            f"{self.ran}: {node.op} `{node.origin or node.outputs[0]}` {what}",
            at=place_of(node),
            help=self.help,
        )

    def layer(self, dense: Node) -> bool:
        """Whether a dense layer has what an array can hold: constant, finite, not empty."""
        before = len(self.sink.diagnostics)
        for name in filter(None, dense.inputs[1:]):
            data = self.graph.constants.get(name)
            if data is None:
                self.lacks(dense, f"reads %{name}, which is computed; an array holds constants")
            elif not data.size:
                self.lacks(dense, f"reads %{name} of type {self.graph.types[name]}: nothing to do")
            elif not np.isfinite(data).all():
                self.lacks(dense, f"reads %{name}, which holds NaN or infinite values")
        return len(self.sink.diagnostics) == before

    def may_stand(self, node: Node, stage: Stage) -> None:
        """Refuse a node that the next stage does not know."""
        if stage not in OPS[node.op].stages:
            self.lacks(node, f"may not stand at stage {stage}, and nothing replaces it")

    def check(self) -> None:
        """Raise all that was recorded.

        Raises:
            DiagnosticError: BSC3006 for each.
        """
        self.sink.raise_if_errors()


@contextmanager
def numbers_of(ran: str, node: Node) -> Iterator[None]:
    """Numbers of a node go into tables here; those that fit none are the graph's fault.

    Raises:
        DiagnosticError: BSC3006 instead of a NumericsError.
    """
    try:
        yield
    except NumericsError as error:
        raise _unfit(ran, node, str(error)) from None


def _unfit(ran: str, node: Node, reason: str) -> DiagnosticError:
    label = node.origin or node.outputs[0]
    return fail("BSC3006", f"{ran}: {node.op} `{label}`: {reason}", at=place_of(node))

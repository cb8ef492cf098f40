"""All rules, one after the other: what a rule relies on is checked before it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bsc.diag import Span
from bsc.isa.image import Image
from bsc.isa.verify.communication import check_communication
from bsc.isa.verify.data import check_data
from bsc.isa.verify.definedness import check_definedness
from bsc.isa.verify.operands import check_operands, check_streams
from bsc.isa.verify.proof import Proof
from bsc.isa.verify.report import Report
from bsc.isa.verify.structure import decode_code, parse
from bsc.isa.verify.tables import check_state, check_tables


def verify_image(
    image: Image, source: str, lines: Mapping[tuple[int, int], Span] = MappingProxyType({})
) -> Proof:
    """Prove everything that a machine relies on.

    Args:
        image: the image.
        source: what diagnostics call it.
        lines: where words came from, by core and address, for images made of a text.

    Returns:
        the proof: code as trees, and bounds.

    Raises:
        DiagnosticError: lists the broken rules, 20 at most; rules that build on broken ones are
            not looked at.
    """
    report = Report(image, source, lines)
    code = decode_code(image, report)
    trees = parse(image, code, report)
    check_data(image, report)
    check_tables(image, report)
    report.check()
    if image.state is not None:
        check_state(image, image.state, report)
    check_operands(image, code, report)
    report.check()
    check_streams(image, trees, report)
    check_definedness(image, trees, report)
    check_communication(image, trees, report)
    report.check()
    return Proof.of(image, trees)

"""Diagnostics: codes, places, messages, rendering. Everything may import it; it imports nothing."""

from bsc.diag.codes import CODES, CodePage
from bsc.diag.diagnostic import Diagnostic, DiagnosticError, Label, Severity, Sink, Span, fail
from bsc.diag.nearest import did_you_mean, nearest
from bsc.diag.render import escaped, render, render_all

__all__ = [
    "CODES",
    "CodePage",
    "Diagnostic",
    "DiagnosticError",
    "Label",
    "Severity",
    "Sink",
    "Span",
    "did_you_mean",
    "escaped",
    "fail",
    "nearest",
    "render",
    "render_all",
]

"""What the compiler says to a person: a code, a place, what was found and expected, a way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from bsc.diag.codes import CODES


class Severity(StrEnum):
    """How much a diagnostic matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Span:
    """A place in an input.

    Attributes:
        source: file name, or a name in angle brackets for what never was a file.
        line: line number from 1, for text.
        column: column number from 1, for text.
        length: how many characters the caret underlines.
        path: the place inside a structured input: an ONNX node, a TOML key, an archive member.
    """

    source: str
    line: int | None = None
    column: int | None = None
    length: int = 1
    path: str | None = None

    def __str__(self) -> str:
        place = self.source
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        if self.path is not None:
            place += f" [{self.path}]"
        return place


@dataclass(frozen=True, slots=True)
class Label:
    """A span and what it shows."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message.

    Attributes:
        code: a key of `bsc.diag.codes.CODES`; `bsc explain CODE` prints its page.
        message: one sentence: what was found and what was expected, numbers with units.
        severity: error, warning, note or remark.
        labels: places, the most important first.
        help: what the reader can do about it.
        notes: further lines, each a fact that led here, such as the layers a value came through.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    labels: tuple[Label, ...] = ()
    help: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"diagnostic code {self.code} is not in bsc.diag.codes")

    @property
    def place(self) -> tuple[int, int]:
        """Line and column of the most important label, by which a report is ordered; 0 for none."""
        span = self.labels[0].span
        return span.line or 0, span.column or 0


def _in_words(diagnostic: Diagnostic) -> str:
    """What a Python traceback shows: the message, then place and way out where there are some."""
    lines = [f"{diagnostic.code}: {diagnostic.message}"]
    lines += [f"  --> {label.span}" for label in diagnostic.labels[:1]]
    lines += [f"  note: {note}" for note in diagnostic.notes]
    if diagnostic.help is not None:
        lines.append(f"  help: {diagnostic.help}")
    return "\n".join(lines)


class DiagnosticError(Exception):
    """The input is at fault: carries every problem found, never an empty list."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        if not self.diagnostics:
            raise ValueError("a DiagnosticError needs at least one diagnostic")
        super().__init__("\n".join(map(_in_words, self.diagnostics)))


def fail(
    code: str, message: str, *, at: Span | None = None, help: str | None = None
) -> DiagnosticError:
    """Make the exception for one problem, to be raised by the caller."""
    labels = (Label(at),) if at is not None else ()
    return DiagnosticError([Diagnostic(code, message, labels=labels, help=help)])


@dataclass(slots=True)
class Sink:
    """Collects the problems of one stage, so that they are reported together at its end."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(
        self,
        code: str,
        message: str,
        *,
        severity: Severity = Severity.ERROR,
        at: Span | None = None,
        help: str | None = None,
    ) -> None:
        """Record one diagnostic."""
        labels = (Label(at),) if at is not None else ()
        self.diagnostics.append(Diagnostic(code, message, severity, labels, help))

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Record diagnostics made elsewhere."""
        self.diagnostics.extend(diagnostics)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The errors alone."""
        return tuple(d for d in self.diagnostics if d.severity is Severity.ERROR)

    def raise_if_errors(self) -> None:
        """End the stage: raise all errors at once, if there are any."""
        if self.errors:
            raise DiagnosticError(self.errors)

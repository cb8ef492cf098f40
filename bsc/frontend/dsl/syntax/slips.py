"""Mistakes of syntax while they are collected: bounded in number, told in the text's order."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter

from bsc.diag import Diagnostic, Label, Severity, Span

MOST_TOLD = 20
"""Mistakes of one text that are told; the others are counted."""

MOST = 1000
"""Mistakes after which a text is given up: each costs as much as some hundred tokens."""

Where = tuple[int, int, int]
"""Line and column from 1, and how many characters to underline."""


@dataclass(slots=True)
class Slips:
    """Collects the mistakes that one stage finds.

    Attributes:
        source: what diagnostics call the text.
        told: the first of them.
        count: how many there are in all.
        places: lines and columns; at each one mistake is told, the first.
        spoilt: lines on which something stands that cannot be read; what else seems wrong with
            them is most likely the same mistake and is not told.
    """

    source: str
    told: list[Diagnostic] = field(default_factory=list)
    count: int = 0
    places: set[tuple[int, int]] = field(default_factory=set)
    spoilt: set[int] = field(default_factory=set)

    def add(
        self,
        code: str,
        message: str,
        at: Where,
        *,
        help: str | None = None,
        note: str = "",
        second: tuple[Where, str] | None = None,
    ) -> None:
        """Record a mistake.

        Args:
            code: of the diagnostic.
            message: what was found and expected.
            at: where.
            help: a way out.
            note: a few words behind the caret.
            second: another place that has to do with it, and what it is.
        """
        if at[:2] in self.places:
            return
        self.places.add(at[:2])
        self.count += 1
        if len(self.told) >= MOST_TOLD:
            return
        labels = [Label(self._span(at), note)]
        if second is not None:
            labels.append(Label(self._span(second[0]), second[1]))
        self.told.append(Diagnostic(code, message, labels=tuple(labels), help=help))

    @property
    def full(self) -> bool:
        """Whether there are so many that the text is given up."""
        return self.count >= MOST

    def _span(self, where: Where) -> Span:
        return Span(self.source, *where)


def report(*stages: Slips) -> tuple[Diagnostic, ...]:
    """What all stages found, in the order of the text; at most `MOST_TOLD` and a count."""
    told = sorted((d for stage in stages for d in stage.told), key=attrgetter("place"))
    count = sum(stage.count for stage in stages)
    if count <= MOST_TOLD:
        return tuple(told)
    more = count - MOST_TOLD
    message = f"{more} more mistake{'s' if more > 1 else ''} of syntax, not shown"
    help = "mend the first ones; others often go with them"
    if any(stage.full for stage in stages):
        message += "; the text was given up there"
    rest = Diagnostic("BSC2103", message, Severity.NOTE, (Label(Span(stages[0].source)),), help)
    return (*told[:MOST_TOLD], rest)

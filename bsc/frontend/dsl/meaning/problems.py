"""What is wrong with a program of the language: collected, each once, twenty at the most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeAlias

from bsc.diag import Diagnostic, Label, Severity, Span
from bsc.frontend.dsl.ast import Place
from bsc.frontend.dsl.meaning.bounds import Bound

MOST_PROBLEMS = 20
"""Problems of one file that are told at once; of the others the number is told."""

MOST_CALLS_SHOWN = 3
"""Calls of blocks that a problem inside of them shows, the innermost first."""

At: TypeAlias = tuple[Place, str]
"""A place and what it shows."""


Help: TypeAlias = "str | Callable[[], str | None] | None"
"""A way out, or what finds one."""


class Abandoned(Exception):
    """The value being computed has none: why was recorded, here or where it was defined."""


@dataclass(slots=True)
class Problems:
    """Collects the problems of one file.

    Attributes:
        source: what diagnostics call the file.
        found: problems so far, in the order in which they were met.
        more: errors beyond the twentieth.
        calls: the calls of blocks that are being looked into, outermost first.
    """

    source: str
    found: list[Diagnostic] = field(default_factory=list)
    more: int = 0
    calls: list[At] = field(default_factory=list)
    _errors: int = 0
    _seen: set[tuple[str, int, int]] = field(default_factory=set)
    _spent: dict[Bound, int] = field(default_factory=dict)

    def span(self, at: Place) -> Span:
        """A place as diagnostics have it; of several lines the beginning."""
        length = at.end_column - at.column if at.end_line == at.line else 1
        return Span(self.source, at.line, at.column, max(length, 1))

    def error(
        self,
        code: str,
        message: str,
        at: Place,
        label: str = "",
        *,
        others: Sequence[At] = (),
        help: Help = None,
        notes: Sequence[str] = (),
    ) -> Abandoned:
        """Record an error; what it returns may be raised to give up the value.

        A body that is looked into several times (blocks, repeats) reports each place once.

        Args:
            code: diagnostic code.
            message: what was found and expected.
            at: the place at fault.
            label: what stands beside its caret.
            others: places that conflict with it.
            help: the way out; a function is asked for it only where it is shown, because looking
                for near names takes time.
            notes: further lines, such as the chain of layers that led here.
        """
        key = (code, at.line, at.column)
        if key in self._seen:
            return Abandoned()
        self._seen.add(key)
        if self.enough:
            self.more += 1
            return Abandoned()
        self._errors += 1
        shown = {id(at), *(id(place) for place, _ in others)}
        inside = [call for call in reversed(self.calls[-MOST_CALLS_SHOWN:])
                  if id(call[0]) not in shown]  # fmt: skip
        places = [(at, label), *others, *inside]
        said = help() if callable(help) else help
        self._record(Severity.ERROR, code, message, places, said, tuple(notes))
        return Abandoned()

    def note(
        self, code: str, message: str, at: Place, label: str = "", *, help: str | None = None
    ) -> None:
        """Record something that is no error but worth a line."""
        key = (code, at.line, at.column)
        if key not in self._seen:
            self._seen.add(key)
            self._record(Severity.NOTE, code, message, [(at, label)], help, ())

    def spend(self, bound: Bound, count: int, at: Place) -> None:
        """Count what the program makes, before memory is taken for it.

        Raises:
            Abandoned: it is too much.
        """
        before = self._spent.get(bound, 0)
        if before + count > bound.most:
            raise self.error(
                "BSC2306",
                f"the program would have more than {bound.most} {bound.what}",
                at,
                f"{count} here, {before} before",
            )
        self._spent[bound] = before + count

    @property
    def enough(self) -> bool:
        """Whether further errors are counted alone, so that nothing need be found out for them."""
        return self._errors >= MOST_PROBLEMS

    @property
    def failed(self) -> bool:
        """Whether there are errors."""
        return self._errors > 0

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All problems in the order of the text, and how many more there are."""
        found = sorted(self.found, key=attrgetter("place"))
        if self.failed:
            # That a name is not used may follow from an error.
            found = [d for d in found if d.severity is Severity.ERROR]
        if not self.more:
            return tuple(found)
        s = "s" if self.more > 1 else ""
        count = Diagnostic(
            "BSC2216",
            f"{self.more} more error{s} not shown",
            Severity.NOTE,
            help=f"mend the first {MOST_PROBLEMS}; some of the others may follow from them",
        )
        return (*found, count)

    def _record(
        self,
        severity: Severity,
        code: str,
        message: str,
        places: Sequence[At],
        help: str | None,
        notes: tuple[str, ...],
    ) -> None:
        labels = tuple(Label(self.span(place), text) for place, text in places)
        self.found.append(Diagnostic(code, message, severity, labels, help, notes))

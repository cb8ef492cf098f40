"""What editors ask of a file: for each name in it, what it is, of which type, and where from."""

from __future__ import annotations

from dataclasses import dataclass, field

from bsc.frontend.dsl.ast import Place
from bsc.frontend.dsl.meaning.values import Live, Tensor, Value, shown


@dataclass(frozen=True, slots=True)
class Fact:
    """One occurrence of a name.

    Attributes:
        at: where it stands.
        name: the name.
        kind: `input`, `value`, `constant`, `weights`, `parameter`, `layer`, `block`, `operator`,
            `function`, `tensor` (of a file, by its text), `output` or `setting`.
        text: its type or value in words; of an operator what it makes here. Empty where it failed.
        defined: where the name was given, None for what the language has itself.
        doc: docstring of its definition, or the sentence of the operator's row.
    """

    at: Place
    name: str
    kind: str
    text: str
    defined: Place | None = None
    doc: str | None = None


@dataclass(slots=True)
class Facts:
    """Collects facts; of a body that is looked into several times the first."""

    _found: dict[
        tuple[int, int], tuple[Place, str, str, Value | None, Place | None, str | None]
    ] = field(default_factory=dict)

    def note(
        self,
        at: Place,
        name: str,
        kind: str,
        value: Value | None,
        defined: Place | None = None,
        doc: str | None = None,
    ) -> None:
        """Record an occurrence; the text is made when it is asked for."""
        self._found.setdefault((at.line, at.column), (at, name, kind, value, defined, doc))

    def table(self) -> tuple[Fact, ...]:
        """All facts in the order of the text."""
        return tuple(
            Fact(at, name, kind, _text(value), defined, doc)
            for _, (at, name, kind, value, defined, doc) in sorted(self._found.items())
        )


def _text(value: Value | None) -> str:
    if isinstance(value, Live | Tensor):
        return str(value.type)
    return "" if value is None else shown(value)

"""Names and what they stand for: of the file, of a body, of a call of a block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bsc.diag import did_you_mean, nearest
from bsc.frontend.dsl.ast import Name, Place, Statement
from bsc.frontend.dsl.meaning.facts import Facts
from bsc.frontend.dsl.meaning.operators import CONSTANTS, FUNCTIONS, OPERATORS
from bsc.frontend.dsl.meaning.problems import Abandoned, Problems
from bsc.frontend.dsl.meaning.values import Live, Value
from bsc.frontend.dsl.meaning.walk import given_names

_LISTED = 12
"""Names that a help line lists where none is near."""

_COMPARED = 1000
"""Names that are compared with a wrong one."""


@dataclass(slots=True)
class Entry:
    """A name of a scope.

    Attributes:
        at: where it was given.
        kind: what it is: `input`, `value`, `constant`, `weights`, `parameter`, `layer`, `block`.
        value: what it stands for; None where its definition failed, which was reported.
        doc: docstring above its definition.
        used: whether something names it.
    """

    at: Place
    kind: str
    value: Value | None
    doc: str | None = None
    used: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """What an operator, layer or call of a block is called.

    Attributes:
        path: its name, behind those of the blocks around it; no two have the same.
        given: the same as the text gives it, without the numbers of what stands several times.
    """

    path: str
    given: str


@dataclass(slots=True)
class Frame:
    """One call of a block, or the model itself: where names of values and layers begin.

    Attributes:
        around: what the call is called; None for the model.
        named: names that its body gives to stages and layers.
        counts: how often each label was given so far in this call.
        store: weights of the `layer` that this call belongs to, by path and role; None outside.
        root: prefix of that layer: paths in the store begin behind it.
    """

    around: Label | None = None
    named: frozenset[str] = frozenset()
    counts: dict[str, int] = field(default_factory=dict)
    store: dict[tuple[str, str], tuple[Live, Place]] | None = None
    root: str = ""

    @property
    def prefix(self) -> str:
        """What stands before paths of this call, `enc.`; empty for the model."""
        return f"{self.around.path}." if self.around is not None else ""

    def label(self, wanted: str, *, numbered: bool) -> Label:
        """A path for an occurrence: the name itself, from the second on with a number behind.

        A name with a number leaves those alone that the text gives.

        Args:
            wanted: its name.
            numbered: whether the first has a number too, as those without a name of their own.
        """
        while True:
            count = self.counts.get(wanted, 0) + 1
            self.counts[wanted] = count
            if numbered:
                name = f"{wanted}{count}"
            else:
                name = wanted if count == 1 else f"{wanted}_{count}"
            if name == wanted or not (name in self.counts or name in self.named):
                self.counts.setdefault(name, 1)
                given = name if numbered else wanted
                if self.around is None:
                    return Label(name, given)
                return Label(f"{self.around.path}.{name}", f"{self.around.given}.{given}")


@dataclass(slots=True)
class Scope:
    """The names of one body, and those around it; `body` is read for names defined too late."""

    problems: Problems
    facts: Facts
    frame: Frame
    parent: Scope | None = None
    body: tuple[Statement, ...] = ()
    entries: dict[str, Entry] = field(default_factory=dict)

    def define(
        self, name: Name, kind: str, value: Value | None, doc: str | None = None
    ) -> Entry | None:
        """Give a name; None and a problem where it is given already."""
        before = self.entries.get(name.name)
        if before is not None:
            self.problems.error(
                "BSC2202",
                f"the name {name.name} is given twice",
                name.at,
                "given again here",
                others=[(before.at, f"first given here, to {_article(before.kind)}")],
                help="values are not assigned anew: give the second one a name of its own",
            )
            return None
        entry = Entry(name.at, kind, value, doc)
        self.entries[name.name] = entry
        self.facts.note(name.at, name.name, kind, value, name.at, doc)
        return entry

    def find(self, name: str) -> Entry | None:
        """What a name stands for here."""
        at: Scope | None = self
        while at is not None:
            found = at.entries.get(name)
            if found is not None:
                return found
            at = at.parent
        return None

    def use(self, name: Name, code: str = "BSC2201", what: str = "name") -> Value:
        """What a name stands for.

        Raises:
            Abandoned: nothing, which is recorded, or its definition failed.
        """
        entry = self.find(name.name)
        if entry is None:
            raise self.unknown(name, code, what)
        entry.used = True
        self.facts.note(name.at, name.name, entry.kind, entry.value, entry.at, entry.doc)
        if entry.value is None:
            raise Abandoned
        return entry.value

    def unknown(self, name: Name, code: str, what: str) -> Abandoned:
        """The problem of a name that stands for nothing here."""
        if name.name in OPERATORS:
            return self.problems.error(
                "BSC2204",
                f"{name.name} is an operator; it stands behind ->",
                name.at,
                "no value",
                help=f"write x -> {name.name}",
            )
        if name.name in FUNCTIONS:
            signature = FUNCTIONS[name.name].signature
            return self.problems.error(
                "BSC2204",
                f"{name.name} is a function; here a value is expected",
                name.at,
                "called without arguments",
                help=f"write {signature}",
            )
        below = self._defined_below(name)
        if below is not None:
            return self.problems.error(
                code,
                f"{name.name} is used before it is defined",
                name.at,
                "not defined yet",
                others=[(below.at, "defined here")],
                help="a body is read from its first line to its last; move the definition up",
            )
        return self.problems.error(
            code,
            f"there is no {what} {name.name} here",
            name.at,
            "not defined",
            help=lambda: (
                f"write {name.name.lower()}"
                if name.name in ("True", "False")
                else suggestion(name.name, [*CONSTANTS, *self.names()], "names here")
            ),
        )

    def _defined_below(self, name: Name) -> Name | None:
        """Where the body around gives a name further down."""
        at: Scope | None = None if self.problems.enough else self
        while at is not None:
            for statement in at.body:
                found = [n for n in given_names(statement) if n.name == name.name]
                if found:
                    return found[0]
            at = at.parent
        return None

    def names(self, *kinds: str) -> Iterator[str]:
        """Names that can be used here, of some kinds or of all, the nearest and latest first."""
        at: Scope | None = self
        while at is not None:
            for name in reversed(at.entries):
                if not kinds or at.entries[name].kind in kinds:
                    yield name
            at = at.parent


def suggestion(name: str, known: Sequence[str], what: str) -> str | None:
    """The nearest names, or all where they are few and none is near."""
    known = known[:_COMPARED]
    if nearest(name[:100], known) or len(known) <= _LISTED:
        return did_you_mean(name[:100], known, what)
    return None


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"

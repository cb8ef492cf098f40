"""Reads a text of assembly line by line and keeps what it says until the image can be made."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bsc.diag import Span, fail
from bsc.isa.assembly_core import CoreText
from bsc.isa.assembly_data import ENTRIES_MAX, StateText, TableText
from bsc.isa.assembly_names import Names, hint
from bsc.isa.assembly_records import read_keys, split_keys
from bsc.isa.assembly_tokens import LONGEST_LINE, Problems, Sort, Token, tokens_of
from bsc.isa.directives import DIRECTIVES, Form
from bsc.isa.header import CODE_WORDS_MAX, CORES_MAX, ITEMS_MAX
from bsc.isa.image import VERSION, Image, Table
from bsc.isa.kinds import OperandKind
from bsc.isa.records import Entry, SectionKind, TableEntry
from bsc.isa.state_bytes import CLOCKS
from bsc.isa.version import minor_of, version_text

_HEX_64 = re.compile(r"[0-9a-fA-F]{64}")
_VERSION = version_text(VERSION[1])
_VERSIONS = {version_text(minor): minor for minor in range(VERSION[1] + 1)}
_SHARED = {
    ".array": SectionKind.ARRAYS,
    ".neuron": SectionKind.NEURONS,
    ".readout": SectionKind.READOUTS,
    ".update": SectionKind.UPDATES,
    ".table": SectionKind.TABLES,
}
_NEEDED = (".target", ".chip", ".timing", ".core")
_OF_A_CORE = (".vector", ".tile", ".entry", ".origin")


class Reader:
    """What was read so far; see `CoreText` for what wrong records leave behind."""

    def __init__(self, source: str) -> None:
        self.problems = Problems(source)
        self._first: Token | None = None
        self._said: Token | None = None
        self._once: dict[str, Token] = {}
        self._target = b""
        self._single: dict[str, Any] = {}
        self._names = {key: Names(key[1:], ITEMS_MAX[kind]) for key, kind in _SHARED.items()}
        self._records: dict[str, list[Any]] = {key: [] for key in _SHARED}
        self._formed = {Form.TABLE: self._names[".table"], Form.ARRAY: self._names[".array"]}
        self._named = {
            OperandKind.NEURON: self._names[".neuron"],
            OperandKind.READOUT: self._names[".readout"],
            OperandKind.UPDATE: self._names[".update"],
        }
        self._entries_left = ENTRIES_MAX
        self._words_left = CODE_WORDS_MAX
        self._cores: list[CoreText] = []
        self._stray: CoreText | None = None
        self._state: StateText | None = None
        self._rows: Callable[[str, int, Problems], None] | None = None
        self._directives: dict[str, Callable[[list[Token]], None]] = {
            ".isa": self._twice,
            ".target": self._target_of,
            ".chip": self._single_record,
            ".timing": self._single_record,
            **dict.fromkeys(_SHARED, self._shared_record),
            ".core": self._core,
            **dict.fromkeys(_OF_A_CORE, self._core_record),
            ".data": self._data,
            ".state": self._state_of,
        }

    def line(self, number: int, text: str) -> None:
        """Take a line.

        Raises:
            DiagnosticError: at once where the text is no assembly of this version, or has too
                many problems.
        """
        if not text:
            return
        if len(text) > LONGEST_LINE:
            found = Token(Sort.STRAY, text[:1], number, 1)
            message = f"a line of {len(text)} characters, at most {LONGEST_LINE}"
            self.problems.add("BSC5221", message, found)
            return
        if self._rows is not None and not text.lstrip().startswith("."):
            self._rows(text, number, self.problems)
            return
        tokens = tokens_of(text, number)
        if not tokens:
            return
        if self._first is None:
            self._version(tokens)
        elif tokens[0].text.startswith("."):
            self._directive(tokens)
        else:
            self._code(tokens)

    def lines(self) -> dict[tuple[int, int], Span]:
        """Where each word stands in the text, by core and address."""
        return {
            (number, address): Span(self.problems.source, *place)
            for number, core in enumerate(self._cores)
            for address, place in enumerate(core.places)
        }

    def image(self) -> Image:
        """The image of all lines.

        Raises:
            DiagnosticError: all problems.
        """
        if self._first is None:
            message = f"the text is empty, expected .isa {_VERSION}"
            raise fail("BSC5229", message, at=Span(self.problems.source))
        if self._cores:
            self._cores[-1].end()
        for key in _NEEDED:
            if key not in self._once:
                self.problems.add("BSC5229", f"the text has no {key}", self._first)
        tables = self._tables()
        self.problems.sink.raise_if_errors()
        arrays = self._records[".array"]
        state = None if self._state is None else self._state.state(arrays, self.problems)
        self.problems.sink.raise_if_errors()
        starts = [
            Entry(kind, number, address)
            for number, core in enumerate(self._cores)
            for kind, address in core.entries.items()
        ]
        image = Image(
            target=self._target,
            chip=self._single[".chip"],
            timing=self._single[".timing"],
            arrays=tuple(arrays),
            neurons=tuple(self._records[".neuron"]),
            readouts=tuple(self._records[".readout"]),
            updates=tuple(self._records[".update"]),
            tables=tables,
            cores=tuple(core.core() for core in self._cores),
            entries=tuple(sorted(starts, key=lambda entry: (entry.kind, entry.core))),
            state=state,
        )
        self._old_enough(image)
        return image

    def flawed(self, code: str, message: str) -> None:
        """Record what is wrong with the image as a whole."""
        if self._first is not None:
            self.problems.add(code, message, self._first)

    def _tables(self) -> tuple[Table, ...]:
        texts = [text for text in self._records[".table"] if text is not None]
        tables = (text.table(self.problems) for text in texts)
        return tuple(table for table in tables if table is not None)

    def _version(self, tokens: list[Token]) -> None:
        first = self._first = tokens[0]
        source = self.problems.source
        if first.text != ".isa" or len(tokens) != 2:
            message = f"found `{first.shown}`, expected .isa {_VERSION} before all else"
            span = Span(source, first.line, first.column, len(first.text))
            raise fail("BSC5229", message, at=span)
        found = tokens[1]
        self._said = found
        if found.text not in _VERSIONS:
            message = f"the text is of version {found.shown}, this bsc reads {_VERSION}"
            span = Span(source, found.line, found.column, len(found.text))
            raise fail("BSC5202", message, at=span)

    def _old_enough(self, image: Image) -> None:
        """Words are of the version that the text says, or of an earlier one."""
        needed = minor_of(image)
        if self._said is not None and _VERSIONS[self._said.text] < needed:
            message = f"the text is of version {self._said.text}, its words are of "
            self.problems.add("BSC5202", message + version_text(needed), self._said)
            self.problems.sink.raise_if_errors()

    def _directive(self, tokens: list[Token]) -> None:
        self._rows = None
        read = self._directives.get(tokens[0].text)
        if read is None:
            help = hint(tokens[0], list(self._directives), "directives")
            message = f"there is no directive {tokens[0].shown}"
            self.problems.add("BSC5222", message, tokens[0], help)
            return
        read(tokens)

    def _code(self, tokens: list[Token]) -> None:
        core = self._core_for(tokens[0])
        if len(tokens) > 1 and tokens[0].is_word and tokens[1].is_mark(":"):
            core.label(tokens[0])
            tokens = tokens[2:]
        if not tokens:
            return
        if self._words_left == 0:
            message = f"more than {CODE_WORDS_MAX} words of code"
            self.problems.add("BSC5226", message, tokens[0])
            self.problems.sink.raise_if_errors()
        self._words_left -= 1
        core.instruction(tokens)

    def _core_for(self, token: Token) -> CoreText:
        """The core that a line belongs to; without one a problem, once."""
        if self._cores:
            return self._cores[-1]
        if self._stray is None:
            self.problems.add("BSC5229", "a core's text begins with .core 0", token)
            self._stray = self._begun(token)
        return self._stray

    def _begun(self, token: Token) -> CoreText:
        self._once.setdefault(".core", token)
        return CoreText(token, self._formed, self._named, self.problems)

    def _again(self, token: Token) -> bool:
        """Whether a directive that stands once is there a second time: a problem."""
        before = self._once.setdefault(token.text, token)
        if before is not token:
            self.problems.add("BSC5224", f"{token.text} is there already", token)
        return before is not token

    def _twice(self, tokens: list[Token]) -> None:
        self.problems.add("BSC5224", f"{tokens[0].text} is there already", tokens[0])

    def _target_of(self, tokens: list[Token]) -> None:
        if self._again(tokens[0]):
            return
        what = "64 hexadecimal digits"
        found = self.problems.single(tokens, lambda t: _HEX_64.fullmatch(t.text) is not None, what)
        if found is not None:
            self._target = bytes.fromhex(found.text)

    def _single_record(self, tokens: list[Token]) -> None:
        key = tokens[0].text
        split = None if self._again(tokens[0]) else split_keys(tokens, 0, self.problems)
        if split is None:
            return
        values = read_keys(DIRECTIVES[key], tokens[0], split[1], {}, self.problems)
        if values is not None:
            self._single[key] = DIRECTIVES[key](**values)

    def _shared_record(self, tokens: list[Token]) -> None:
        key = tokens[0].text
        split = split_keys(tokens, 1, self.problems)
        if split is None:
            if self._names[key].take(tokens):
                self._records[key].append(None)
            return
        (name,), pairs = split
        values = read_keys(DIRECTIVES[key], tokens[0], pairs, self._formed, self.problems)
        if not self._names[key].define(name, self.problems):
            return
        record: Any = None
        if values is not None and DIRECTIVES[key] is TableEntry:
            record = self._table(name, values["entries"])
        elif values is not None:
            record = DIRECTIVES[key](name.text, **values)
        self._records[key].append(record)

    def _table(self, name: Token, entries: int) -> TableText | None:
        if entries > self._entries_left:
            message = f"the tables have more than {ENTRIES_MAX} entries"
            self.problems.add("BSC5228", message, name)
            return None
        self._entries_left -= entries
        return TableText(name, entries)

    def _core(self, tokens: list[Token]) -> None:
        if self._cores:
            self._cores[-1].end()
        number = self.problems.single(tokens, lambda t: t.is_word, "the number of a core")
        if number is not None:
            most = min(len(self._cores), CORES_MAX - 1)
            self.problems.number(number, most, most, "the core, counted from 0,")
        self._cores.append(self._begun(tokens[0]))

    def _core_record(self, tokens: list[Token]) -> None:
        getattr(self._core_for(tokens[0]), tokens[0].text[1:])(tokens)

    def _data(self, tokens: list[Token]) -> None:
        self._rows = _skip
        name = self.problems.single(tokens, lambda t: t.is_word, "the name of a table")
        number = None if name is None else self._names[".table"].find(name, self.problems)
        if name is None or number is None:
            return
        text = self._records[".table"][number]
        if text is None:
            return  # what is wrong with it was said
        if text.data is not None:
            self.problems.add("BSC5224", f"table {name.text} has its data already", name)
            return
        text.data = name
        self._rows = text.read

    def _state_of(self, tokens: list[Token]) -> None:
        self._rows = _skip
        if self._again(tokens[0]):
            return
        split = split_keys(tokens, 0, self.problems)
        clocks: dict[str, int] = {}
        for key, (token, value) in split[1].items() if split else ():
            if key not in CLOCKS:
                help = hint(token, list(CLOCKS), "keys")
                self.problems.add("BSC5222", f".state has no key {token.shown}", token, help)
                continue
            number = self.problems.number(value, 0, (1 << 64) - 1, key)
            if number is not None:
                clocks[key] = number
        self._state = StateText(tokens[0], clocks)
        self._rows = self._state.read


def _skip(text: str, line: int, problems: Problems) -> None:
    """Rows that belong to nothing: what they stand under was wrong."""
    del text, line, problems

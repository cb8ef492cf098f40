"""What a text says of one core: vectors, tiles, where runs start, code and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field

from bsc.isa.assembly_names import Names, hint
from bsc.isa.assembly_operands import Operands
from bsc.isa.assembly_records import read_keys, split_keys
from bsc.isa.assembly_tokens import Problems, Sort, Token
from bsc.isa.directives import Form
from bsc.isa.header import ITEMS_MAX
from bsc.isa.image import Core
from bsc.isa.kinds import EntryKind, OperandKind
from bsc.isa.names import is_name, unquote
from bsc.isa.records import NO_PARENT, Origin, SectionKind, TilePlace, Vector

_KINDS = [kind.name.lower() for kind in EntryKind]


def _vector_names() -> Names:
    return Names("vector", ITEMS_MAX[SectionKind.VECTORS])


@dataclass(slots=True)
class CoreText:
    """One core as far as it was read.

    What was wrong leaves a gap (None, or a word of zeros), so that the numbers of all others are
    what they would be without it.

    Attributes:
        directive: `.core`.
        names: namespaces of the image by the form of a value.
        shared: the same by the kind of an operand.
        problems: where they go.
        vectors: the core's own namespace.
        records: its vectors.
        tiles: its tiles.
        code: words.
        places: line, column and length of each.
        origins: texts with their addresses.
        entries: starts with their addresses and tokens.
    """

    directive: Token
    names: dict[Form, Names]
    shared: dict[OperandKind, Names]
    problems: Problems
    vectors: Names = field(default_factory=_vector_names)
    records: list[Vector | None] = field(default_factory=list)
    tiles: list[TilePlace | None] = field(default_factory=list)
    code: list[int] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    entries: dict[EntryKind, int] = field(default_factory=dict)
    waiting: Token | None = None
    """The last directive that names the next word."""
    operands: Operands = field(init=False)

    def __post_init__(self) -> None:
        named = self.shared | {OperandKind.VECTOR: self.vectors}
        self.operands = Operands(named, self.problems)

    def vector(self, tokens: list[Token]) -> None:
        """`.vector NAME kind=bit length=3 base=0`, or `of=PARENT` for a view."""
        split = split_keys(tokens, 1, self.problems)
        if split is None:
            if self.vectors.take(tokens):
                self.records.append(None)
            return
        (name,), pairs = split
        # Read before the name is defined: no vector is a part of itself.
        names = {Form.VECTOR: self.vectors}
        values = read_keys(Vector, tokens[0], pairs, names, self.problems)
        if not self.vectors.define(name, self.problems):
            return
        self.records.append(None)
        if values is None:
            return
        if values["parent"] != NO_PARENT:
            parent = self.records[values["parent"]]
            if parent is None:
                return  # what is wrong with it was said
            values |= {"kind": parent.kind, "slots": parent.slots}
        self.records[-1] = Vector(name.text, **values)

    def tile(self, tokens: list[Token]) -> None:
        """`.tile NUMBER array=NAME number=0 rows=0-127 columns=0-127`."""
        number = len(self.tiles)
        if number >= ITEMS_MAX[SectionKind.TILES]:
            self.problems.add("BSC5226", f"more than {number} tiles", tokens[0])
            return
        self.tiles.append(None)
        split = split_keys(tokens, 1, self.problems)
        if split is None:
            return
        (token,), pairs = split
        self.problems.number(token, number, number, "the tile, counted from 0 in each core,")
        values = read_keys(TilePlace, tokens[0], pairs, self.names, self.problems)
        if values is not None:
            self.tiles[-1] = TilePlace(**values)

    def entry(self, tokens: list[Token]) -> None:
        """`.entry train`: the next word is where runs of a kind start."""
        self.waiting = tokens[0]
        kind = self.problems.single(tokens, lambda t: t.is_word, "the kind of an entry")
        if kind is None:
            return
        if kind.text not in _KINDS:
            help = hint(kind, _KINDS, "entries")
            self.problems.add("BSC5222", f"there is no entry {kind.shown}", kind, help)
            return
        found = EntryKind(_KINDS.index(kind.text))
        if found in self.entries:
            message = f"the core has an entry {kind.text} already"
            self.problems.add("BSC5224", message, kind)
        self.entries.setdefault(found, len(self.code))

    def origin(self, tokens: list[Token]) -> None:
        """`.origin "TEXT"`: where the words from the next one on come from."""
        self.waiting = tokens[0]
        token = self.problems.single(tokens, lambda t: t.sort is Sort.STRING, "a text in quotes")
        if token is None:
            return
        try:
            text = unquote(token.text)
        except ValueError as error:
            self.problems.add("BSC5221", str(error), token)
            return
        if self.origins and self.origins[-1].address == len(self.code):
            self.problems.add("BSC5224", "the next word has an origin already", token)
        elif len(self.origins) >= ITEMS_MAX[SectionKind.ORIGINS]:
            message = f"more than {len(self.origins)} origins in a core"
            self.problems.add("BSC5226", message, token)
        else:
            self.origins.append(Origin(len(self.code), text))

    def label(self, token: Token) -> None:
        """`NAME:` is a mark for people."""
        if not is_name(token.text):
            self.problems.add("BSC5226", f"`{token.shown}` is no name of a place", token)

    def instruction(self, tokens: list[Token]) -> None:
        """A line of code."""
        self.waiting = None
        word = self.operands.word(tokens)
        self.code.append(0 if word is None else word)
        first, last = tokens[0], tokens[-1]
        length = last.column + len(last.text) - first.column
        self.places.append((first.line, first.column, length))

    def end(self) -> None:
        """The text of this core is complete."""
        if not self.code:
            self.problems.add("BSC5229", "the core has no code", self.directive)
        elif self.waiting is not None:
            self.problems.add("BSC5229", "no instruction follows", self.waiting)

    def core(self) -> Core:
        """The core, where nothing was wrong."""
        return Core(
            tuple(self.code),
            tuple(vector for vector in self.records if vector is not None),
            tuple(tile for tile in self.tiles if tile is not None),
            tuple(self.origins),
        )

"""Structure: loops nest, and code is its entries one behind the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bsc.isa.fields import FieldError
from bsc.isa.image import Image
from bsc.isa.kinds import CHUNK_REGISTERS, LOOPS_DEEP, Counter, EntryKind, Register
from bsc.isa.records import Entry
from bsc.isa.verify.report import STRUCTURE, Report
from bsc.isa.verify.trees import Count, Instr, Loop, Node, Trees
from bsc.isa.words import Decoded, decode_word

CORES_MOST = 256
"""Cores of an image: the field of a core's number has 8 bits."""

_ADDRESSES = 1 << 32


def decode_code(image: Image, report: Report) -> list[list[Decoded | None]]:
    """Words of each core; None where a word is no instruction, which is reported."""
    cores: list[list[Decoded | None]] = []
    known: dict[int, Decoded] = {}
    for number, core in enumerate(image.cores):
        decoded: list[Decoded | None] = []
        for address, word in enumerate(core.code):
            try:
                if word not in known:
                    known[word] = _decode(word)
                decoded.append(known[word])
            except FieldError as error:
                decoded.append(None)
                report.word(STRUCTURE, number, address, str(error))
        cores.append(decoded)
    return cores


def _decode(word: int) -> Decoded:
    if not 0 <= word < 1 << 64:
        raise FieldError("a word has 64 bits")
    return decode_word(word)


def parse(
    image: Image, code: Sequence[Sequence[Decoded | None]], report: Report
) -> tuple[Trees, ...]:
    """Trees of each core by entry; problems are reported, and then trees may be incomplete."""
    if not 1 <= len(image.cores) <= CORES_MOST:
        message = f"{len(image.cores)} cores, expected 1 to {CORES_MOST}"
        report.wrong(STRUCTURE, "cores", message)
    entries: list[list[Entry]] = [[] for _ in image.cores]
    seen: set[tuple[int, int]] = set()
    for place, entry in enumerate(image.entries):
        path = f"entry {place}"
        if not isinstance(entry.kind, EntryKind):
            report.wrong(STRUCTURE, path, f"there is no kind {entry.kind} of entries")
        elif not 0 <= entry.core < len(image.cores):
            report.wrong(STRUCTURE, path, f"there is no core {entry.core}")
        elif (entry.kind, entry.core) in seen:
            message = f"core {entry.core} has the entry {_name(entry)} a second time"
            report.wrong(STRUCTURE, path, message)
        else:
            seen.add((entry.kind, entry.core))
            entries[entry.core].append(entry)
    for kind in sorted({kind for kind, _ in seen}):
        for core in range(len(image.cores)):
            if (kind, core) not in seen:
                name = EntryKind(kind).name.lower()
                message = f"lacks the entry {name}, which other cores have"
                report.wrong(STRUCTURE, f"core {core}", message)
    return tuple(_core(core, code[core], found, report) for core, found in enumerate(entries))


def _name(entry: Entry) -> str:
    return EntryKind(entry.kind).name.lower()


def _core(core: int, code: Sequence[Decoded | None], entries: list[Entry], report: Report) -> Trees:
    trees: dict[EntryKind, tuple[Node, ...]] = {}
    free = 0  # first word that no entry has taken
    if not 1 <= len(code) < _ADDRESSES:
        report.wrong(STRUCTURE, f"core {core}", f"{len(code)} words of code, expected 1 or more")
        return trees
    for entry in sorted(entries, key=lambda e: e.address):
        start = entry.address
        if not 0 <= start < len(code):
            message = f"entry {_name(entry)} is at {start}, code has {len(code)} words"
            report.wrong(STRUCTURE, f"core {core}", message)
            continue
        if start < free:
            message = f"entry {_name(entry)} starts inside the code of another entry"
            report.word(STRUCTURE, core, start, message)
            continue
        if start > free:
            report.word(STRUCTURE, core, free, "no entry leads here")
        parser = _Parser(core, code, report)
        free = parser.run(start)
        trees[EntryKind(entry.kind)] = tuple(parser.top)
    if free < len(code):
        report.word(STRUCTURE, core, free, "no entry leads here")
    return trees


@dataclass(slots=True)
class _Open:
    """A loop whose `end` is not yet seen."""

    address: int
    counter: Counter
    piece: Register | None
    total: Register | None
    count: Count
    body: list[Node] = field(default_factory=list)


class _Parser:
    """Reads one entry."""

    def __init__(self, core: int, code: Sequence[Decoded | None], report: Report) -> None:
        self.core = core
        self.code = code
        self.report = report
        self.top: list[Node] = []
        self.open: list[_Open] = []

    def wrong(self, address: int, message: str) -> None:
        self.report.word(STRUCTURE, self.core, address, message)

    def run(self, start: int) -> int:
        """Parse from an address; returns the address behind the entry's `halt`."""
        for address in range(start, len(self.code)):
            decoded = self.code[address]
            if decoded is None:
                continue  # reported already
            match decoded.name:
                case "loop" | "chunks":
                    self._begin(address, decoded)
                case "end":
                    self._end(address)
                case "halt":
                    self._body().append(Instr(address, decoded))
                    if not self.open:
                        return address + 1
                    self.wrong(address, "halt stands inside a loop")
                case "advance":
                    self._written(address, Register(decoded.operands["register"]))
                    self._body().append(Instr(address, decoded))
                case _:
                    self._body().append(Instr(address, decoded))
        if self.open:
            self.wrong(self.open[-1].address, "the loop has no end")
        else:
            self.wrong(len(self.code) - 1, "code runs behind its last word: a halt is missing")
        return len(self.code)

    def _body(self) -> list[Node]:
        return self.open[-1].body if self.open else self.top

    def _written(self, address: int, register: Register | None) -> None:
        """A register of pieces is used only where a surrounding `chunks` has written it."""
        if register in CHUNK_REGISTERS and all(loop.piece != register for loop in self.open):
            name = register.name.lower() if register is not None else ""
            self.wrong(address, f"no surrounding chunks writes the register {name}")

    def _begin(self, address: int, decoded: Decoded) -> None:
        count = Count.of(decoded.operands["count"])
        self._written(address, count.register)
        if len(self.open) == LOOPS_DEEP:
            self.wrong(address, f"more than {LOOPS_DEEP} loops stand inside each other")
        if decoded.name == "loop":
            counter = Counter(decoded.operands["counter"])
            if counter is not Counter.NONE and any(o.counter is counter for o in self.open):
                name = counter.name.lower()
                self.wrong(address, f"a surrounding loop counts with {name} already")
            self.open.append(_Open(address, counter, None, None, count))
            return
        piece = Register(decoded.operands["piece"])
        total = Register(decoded.operands["total"])
        self._written(address, total)
        if any(o.piece is piece for o in self.open):
            name = piece.name.lower()
            self.wrong(address, f"a surrounding chunks writes the register {name} already")
        self.open.append(_Open(address, Counter.NONE, piece, total, count))

    def _end(self, address: int) -> None:
        if not self.open:
            self.wrong(address, "end without a loop")
            return
        loop = self.open.pop()
        node = Loop(
            loop.address,
            address,
            loop.counter,
            loop.piece,
            loop.total,
            loop.count,
            tuple(loop.body),
        )
        self._body().append(node)

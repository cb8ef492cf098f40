"""How large sums can become, for registers as the host will write them.

For each vector of sums the instructions that set it and those that add to it are put in the order
of the code. A run of additions counts from the last instruction that set *all* elements that the
addition may touch; loops in between multiply. In a loop over slots each pass has elements of its
own, if there are slots enough. Definedness has proved that whatever is added to was set before, in
the same slot; where pieces change their size between, that is what makes the count safe.

What is added may be sums itself: those of other vectors, other cores, backing memory. Vectors that
add to each other in a circle have no bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bsc.isa.image import Image
from bsc.isa.kinds import Counter, EntryKind, OperandKind, Register, VectorKind, tiles_of
from bsc.isa.verify.areas import Area, areas
from bsc.isa.verify.growth import NOTHING, Growth
from bsc.isa.verify.operands import words_of
from bsc.isa.verify.trees import Instr, Loop, Node, Trees
from bsc.numerics.state import CODE_MAX

SUM_MOST = (1 << 63) - 1
"""Largest magnitude that is told from larger ones: sums have 64 bits."""

_Root: TypeAlias = tuple[int, int]
"""Core and number of a vector of sums that is no view."""

_Slots: TypeAlias = object
"""In which slots an instruction works: outside of loops over them, or inside of one by count."""


@dataclass(frozen=True, slots=True)
class _Event:
    """An instruction that writes a vector of sums.

    Attributes:
        start, stop: elements of the root that it writes.
        slots: in which slots.
        adds: whether it adds to what was there.
        fixed: the largest magnitude written or added, of what is no other sums.
        sources: roots whose elements are written or added.
    """

    start: int
    stop: int
    slots: _Slots
    adds: bool
    fixed: int
    sources: tuple[_Root, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    """Events inside a loop."""

    loop: Loop
    body: tuple[_Event | _Repeat, ...]


_Events: TypeAlias = tuple[_Event | _Repeat, ...]


class Magnitudes:
    """Bounds of the sums of one entry."""

    def __init__(self, image: Image, kind: EntryKind, trees: Sequence[Trees]) -> None:
        gatherer = _Gatherer(image, kind, trees)
        gatherer.run()
        self.loads = gatherer.loads
        self.places = gatherer.places
        self.by_root = gatherer.by_root()
        self.order = _order(self.by_root)

    def most(self, registers: Mapping[Register, int], filled: bool) -> int:
        """The largest magnitude of any element of a vector of sums, SUM_MOST if it has no bound.

        Args:
            registers: what the host writes.
            filled: whether backing memory is not 0 at the start.
        """
        if len(self.order) < len(self.by_root) or (filled and self.loads):
            return SUM_MOST
        bounds: dict[_Root, int] = {}
        for core, root in self.order:
            bounder = _Bounder(self.places[core][root].slots, bounds, dict(registers))
            bounds[core, root] = bounder.most(self.by_root[core, root])
        return min(SUM_MOST, max(bounds.values(), default=0))


class _Gatherer:
    """Puts the instructions that write sums in order, for each vector that they write."""

    def __init__(self, image: Image, kind: EntryKind, trees: Sequence[Trees]) -> None:
        self.image = image
        self.trees = [of_core[kind] for of_core in trees]
        self.places = [areas(core.vectors) for core in image.cores]
        self.sent: dict[tuple[int, int], set[_Root]] = {}  # by sender and receiver
        self.stored: list[list[tuple[int, int, _Root | None]]] = [[] for _ in image.cores]
        self.loads = False
        self.found: dict[_Root, list[tuple[tuple[Loop, ...], _Event]]] = {}

    def run(self) -> None:
        for core in range(len(self.trees)):
            self._sources(core, self.trees[core])
        for core in range(len(self.trees)):
            self._writes(core, self.trees[core], ())

    def _sources(self, core: int, nodes: Sequence[Node]) -> None:
        """Note where sums go that leave a vector."""
        for node in nodes:
            if isinstance(node, Loop):
                self._sources(core, node.body)
            elif node.name in ("send", "store"):
                number = node.decoded.operands["vector"]
                area = self.places[core][number]
                root = (core, area.root) if area.kind is VectorKind.SUM else None
                if node.name == "send" and root is not None:
                    channel = (core, node.decoded.operands["core"])
                    self.sent.setdefault(channel, set()).add(root)
                elif node.name == "store":
                    start = node.decoded.operands["address"]
                    stop = start + words_of(self.image.cores[core].vectors[number])
                    self.stored[core].append((start, stop, root))

    def _writes(self, core: int, nodes: Sequence[Node], loops: tuple[Loop, ...]) -> None:
        for node in nodes:
            if isinstance(node, Loop):
                self._writes(core, node.body, (*loops, node))
                continue
            for operand in node.decoded.instruction.operands:
                if operand.kind is not OperandKind.VECTOR or not operand.writes:
                    continue
                area = self.places[core][node.decoded.operands[operand.name]]
                if area.kind is VectorKind.SUM:
                    event = self._event(core, node, area, operand.reads, loops)
                    self.found.setdefault((core, area.root), []).append((loops, event))

    def _event(
        self, core: int, node: Instr, area: Area, adds: bool, loops: tuple[Loop, ...]
    ) -> _Event:
        fixed, sources = self._amount(core, node)
        slots: _Slots = None
        if area.slots > 1:
            slots = next((loop.count for loop in loops if loop.counter is Counter.SLOT), "first")
        return _Event(area.start, area.stop, slots, adds, fixed, tuple(sorted(sources)))

    def _amount(self, core: int, node: Instr) -> tuple[int, set[_Root]]:
        """What an instruction writes or adds at most: a number, and other sums."""
        operands = node.decoded.operands
        match node.name:
            case "read" | "read.add" | "readt" | "readt.add":
                return self._read(core, node), set()
            case "add":
                term = self.places[core][operands["term"]]
                if term.kind is VectorKind.BIT:
                    return 1, set()
                return 0, {(core, term.root)}
            case "copy":
                return 0, {(core, self.places[core][operands["source"]].root)}
            case "receive" | "receive.add":
                return 0, self.sent.get((operands["core"], core), set())
            case "load":
                return self._load(core, node)
            case _:
                return 0, set()  # clear

    def _read(self, core: int, node: Instr) -> int:
        tiles = [self.image.cores[core].tiles[t] for t in tiles_of(node.decoded.operands["tiles"])]
        array = self.image.arrays[tiles[0].array]
        if node.name.startswith("readt"):
            lines = sum(tile.column_stop - tile.column_start for tile in tiles)
            return CODE_MAX * min(lines, array.columns)
        return CODE_MAX * min(sum(tile.row_stop - tile.row_start for tile in tiles), array.rows)

    def _load(self, core: int, node: Instr) -> tuple[int, set[_Root]]:
        """Sums from backing memory: those stored at the same place, or any bits at all."""
        self.loads = True
        start = node.decoded.operands["address"]
        stop = start + words_of(self.image.cores[core].vectors[node.decoded.operands["vector"]])
        sources: set[_Root] = set()
        for first, last, root in self.stored[core]:
            if first >= stop or last <= start:
                continue
            if root is None or (first - start) % 2:
                return SUM_MOST, set()
            sources.add(root)
        return 0, sources

    def by_root(self) -> dict[_Root, _Events]:
        """Events of each vector as trees of loops."""
        return {(core, root): _nested(events) for (core, root), events in self.found.items()}


def _nested(events: Sequence[tuple[tuple[Loop, ...], _Event]]) -> _Events:
    """Put events with the loops around them, outermost first, back into a tree."""
    found: list[_Event | _Repeat] = []
    place = 0
    while place < len(events):
        loops, event = events[place]
        if not loops:
            found.append(event)
            place += 1
            continue
        loop = loops[0]
        inside: list[tuple[tuple[Loop, ...], _Event]] = []
        while place < len(events) and events[place][0] and events[place][0][0] is loop:
            around, event = events[place]
            inside.append((around[1:], event))
            place += 1
        found.append(_Repeat(loop, _nested(inside)))
    return tuple(found)


def _flat(events: _Events) -> Iterator[_Event]:
    for event in events:
        if isinstance(event, _Repeat):
            yield from _flat(event.body)
        else:
            yield event


def _order(by_root: Mapping[_Root, _Events]) -> list[_Root]:
    """Vectors behind all that are added to them; those in circles, and behind them, are left out.

    A vector that is never written holds zeros.
    """
    sources = {
        root: {s for event in _flat(events) for s in event.sources if s in by_root}
        for root, events in by_root.items()
    }
    users: dict[_Root, list[_Root]] = {root: [] for root in by_root}
    for root, needed in sources.items():
        for source in needed:
            users[source].append(root)
    left = {root: len(needed) for root, needed in sources.items()}
    order = [root for root, number in left.items() if number == 0]
    for root in order:  # grows while it is gone through
        for user in users[root]:
            left[user] -= 1
            if left[user] == 0:
                order.append(user)
    return order


class _Bounder:
    """Bounds one vector, given those that are added to it."""

    def __init__(
        self, slots: int, bounds: Mapping[_Root, int], registers: dict[Register, int]
    ) -> None:
        self.slots = slots
        self.bounds = bounds
        self.registers = registers

    def most(self, events: _Events) -> int:
        """The largest magnitude of any element at any time."""
        flat = list(_flat(events))
        found = [self._amount(event) for event in flat]
        looks = {(e.start, e.stop, e.slots) for e in flat if e.adds}
        if len(looks) > _LOOKS:
            keys = {slots for _, _, slots in looks}
            start, stop = min(e.start for e in flat), max(e.stop for e in flat)
            looks = {(start, stop, keys.pop() if len(keys) == 1 else "any")}
        for look in looks:
            growth = self._grow(events, look)
            found.append(max(growth.peak, growth.peak_set))
        return max(found, default=0)

    def _amount(self, event: _Event) -> int:
        amounts = [event.fixed, *(self.bounds.get(source, 0) for source in event.sources)]
        return max(amounts)

    def _grow(self, events: _Events, look: tuple[int, int, _Slots]) -> Growth:
        """How elements that an addition may touch grow."""
        growth = NOTHING
        for event in events:
            if isinstance(event, _Repeat):
                growth = growth.then(self._loop(event, look))
                continue
            start, stop, slots = look
            if event.stop <= start or stop <= event.start:
                continue
            amount = self._amount(event)
            if event.adds:
                growth = growth.then(Growth.adding(amount))
            else:
                all_of_them = event.start <= start and stop <= event.stop
                surely = all_of_them and event.slots == slots
                growth = growth.then(Growth.setting(amount, surely=surely))
        return growth

    def _loop(self, repeat: _Repeat, look: tuple[int, int, _Slots]) -> Growth:
        loop = repeat.loop
        passes = 0
        largest = 0
        for number in loop.passes(self.registers):
            passes += number
            if loop.piece is not None:
                largest = max(largest, self.registers[loop.piece])
        if loop.piece is not None:
            self.registers[loop.piece] = largest
        if loop.counter is Counter.SLOT:
            passes = -(-passes // self.slots)
        return self._grow(repeat.body, look).times(passes)


_LOOKS = 64
"""So many different places of additions in a vector are looked at one by one."""

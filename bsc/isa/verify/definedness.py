"""Definedness: no vector is read before it is written, whatever the registers hold.

What is known of a vector is which elements are defined *here*, in the slot that instructions work
on, and, behind a loop over slots, which are defined in *every* slot that the loop went through;
the second holds for later loops over the same count, and for the count of a piece only as long as
the piece lasts. A vector of one slot has one place, whatever SLOT is.

A vector that is written takes its memory from all others that lie there. So vectors with anything
defined lie apart at any time, and finding those that a write ends is a search in a sorted list.

What a loop's body does is summed up first, from the inside out: what it leaves defined and what
it has written. Then one walk suffices: what holds at the begin of *every* pass is what held before
the loop, less what a pass ends and does not define anew.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bsc.isa.image import Image
from bsc.isa.kinds import Counter, OperandKind, Register, VectorKind
from bsc.isa.verify.areas import Area, areas
from bsc.isa.verify.intervals import Intervals
from bsc.isa.verify.report import DEFINED, Report
from bsc.isa.verify.trees import Count, Instr, Loop, Node, Trees

_Token: TypeAlias = Count | None
"""For which slots: None for the present one, or all up to a count."""

_Sets: TypeAlias = dict[_Token, Intervals]


def check_definedness(image: Image, trees: Sequence[Trees], report: Report) -> None:
    """Report each instruction that may read what was not written; operands are in order."""
    for number, of_core in enumerate(trees):
        places = areas(image.cores[number].vectors)
        for tree in of_core.values():
            _Walker(image, number, places, report).run(tree)


class _Live:
    """Vectors with anything defined, and what that is; by number of the root."""

    def __init__(self, places: Sequence[Area]) -> None:
        self.places = places
        self.sets: dict[int, _Sets] = {}
        self.order: dict[int, list[tuple[int, int]]] = {}  # by kind: (begin of area, root), sorted

    def put(self, root: int, token: _Token, elements: Intervals) -> None:
        """Elements are defined from now on."""
        if not elements:
            return
        sets = self.sets.get(root)
        if sets is None:
            sets = self.sets[root] = {}
            area = self.places[root]
            insort(self.order.setdefault(area.kind, []), (area.low, root))
        if token in sets:
            sets[token].join(elements)
        else:
            sets[token] = elements.copy()

    def write(self, area: Area) -> None:
        """The elements of a vector are defined here from now on."""
        one = Intervals()
        one.add(area.start, area.stop)
        self.put(area.root, None, one)

    def drop(self, root: int) -> None:
        """Nothing of a vector is defined from now on."""
        if self.sets.pop(root, None) is not None:
            area = self.places[root]
            order = self.order[area.kind]
            order.pop(bisect_left(order, (area.low, root)))

    def ended_by(self, root: int) -> list[int]:
        """Other vectors that share memory with one; all that are live lie apart."""
        area = self.places[root]
        order = self.order.get(area.kind, [])
        place = bisect_left(order, (area.low, -1))
        found: list[int] = []
        before = place - 1
        if before >= 0 and self.places[order[before][1]].high > area.low:
            found.append(order[before][1])
        while place < len(order) and order[place][0] < area.high:
            found.append(order[place][1])
            place += 1
        return [other for other in found if other != root]


class _Summary:
    """What nodes do, whatever was before.

    Attributes:
        live: what they leave defined; inside a loop over slots, of the present slot only.
        written: roots that they write, each with the last address.
        mixed: roots of which samples share slots, each with the address of the loop.
        used: roots that they read or write.
    """

    def __init__(self, places: Sequence[Area]) -> None:
        self.live = _Live(places)
        self.written: dict[int, int] = {}
        self.mixed: dict[int, int] = {}
        self.used: set[int] = set()

    def overwritten(self) -> set[int]:
        """Roots that are left defined and share memory with another root that is written.

        Areas by their begin, and the two largest ends up to each: one of them is another root's.
        """
        places = self.live.places
        found: set[int] = set()
        for kind in VectorKind:
            roots = [root for root in self.written if places[root].kind is kind]
            roots.sort(key=lambda root: places[root].low)
            lows = [places[root].low for root in roots]
            ends: list[list[tuple[int, int]]] = [[]]
            for root in roots:
                ends.append(sorted([*ends[-1], (places[root].high, root)])[-2:])
            for root in roots:
                area = places[root]
                reach = ends[bisect_left(lows, area.high)]
                if root in self.live.sets and any(
                    other != root and high > area.low for high, other in reach
                ):
                    found.add(root)
        return found


class _Walker:
    """Goes through one entry of one core."""

    def __init__(self, image: Image, number: int, places: Sequence[Area], report: Report) -> None:
        self.vectors = image.cores[number].vectors
        self.number = number
        self.places = places
        self.report = report
        self.bodies: dict[int, _Summary] = {}
        self.ended: dict[int, str] = {}  # why a root is not defined any more

    def run(self, tree: tuple[Node, ...]) -> None:
        self._sum_up(tree, {})
        self.ended.clear()
        self._walk(tree, _Live(self.places), {})

    # Summaries

    def _sum_up(self, nodes: tuple[Node, ...], most: Mapping[Register, int]) -> _Summary:
        summary = _Summary(self.places)
        for node in nodes:
            if isinstance(node, Loop):
                inner = _with_piece(node, most)
                body = self.bodies[node.address] = self._sum_up(node.body, inner)
                self._apply(node, body, summary.live, inner)
                summary.written.update(body.written)
                summary.mixed.update(body.mixed)
                summary.mixed.update(self._mixed(node, body, inner))
                summary.used |= body.used
                continue
            for number in _vectors(node, written=True):
                root = self.places[number].root
                for other in summary.live.ended_by(root):
                    summary.live.drop(other)
                summary.live.write(self.places[number])
                summary.written[root] = node.address
                summary.used.add(root)
            summary.used.update(self.places[n].root for n in _vectors(node, written=False))
        return summary

    def _apply(self, loop: Loop, body: _Summary, live: _Live, most: Mapping[Register, int]) -> None:
        """What is defined behind a loop, given what was before."""
        for root in self._lost(loop, body, live, most):
            live.drop(root)
        slotted = loop.counter is Counter.SLOT
        overwritten = body.overwritten() if slotted else set()
        mixed = self._mixed(loop, body, most)
        for root, sets in body.live.sets.items():
            for token, elements in sets.items():
                if (
                    token is not None
                    and token.register is not None
                    and token.register is loop.piece
                ):
                    continue  # the piece has ended
                if not slotted or self.places[root].slots == 1:
                    live.put(root, token, elements)
                elif root not in mixed and root not in overwritten:
                    live.put(root, loop.count, elements)
                    live.put(root, None, elements)  # slot 0 is one of them

    def _lost(
        self, loop: Loop, body: _Summary, live: _Live, most: Mapping[Register, int]
    ) -> set[int]:
        """Roots of which a body leaves nothing but what it defines itself."""
        lost: set[int] = set()
        for root, address in body.written.items():
            for other in live.ended_by(root):
                lost.add(other)
                self.ended[other] = _written_over(address)
        for root, address in (*body.mixed.items(), *self._mixed(loop, body, most).items()):
            lost.add(root)
            self.ended[root] = f"samples of the loop at {address} share its slots"
        return lost

    def _mixed(self, loop: Loop, body: _Summary, most: Mapping[Register, int]) -> dict[int, int]:
        """Roots that a loop over more slots than they have writes: nobody knows whose is left."""
        if loop.counter is not Counter.SLOT:
            return {}
        count = loop.count
        limit = count.number if count.register is None else most.get(count.register)
        return {
            root: loop.address
            for root in body.written
            if self.places[root].slots > 1 and (limit is None or limit > self.places[root].slots)
        }

    # The walk

    def _walk(self, nodes: tuple[Node, ...], live: _Live, most: Mapping[Register, int]) -> None:
        for node in nodes:
            if isinstance(node, Loop):
                inner = _with_piece(node, most)
                body = self.bodies[node.address]
                self._walk(node.body, self._begin(node, body, live, inner), inner)
                self._apply(node, body, live, inner)
                continue
            for number in _vectors(node, written=False):
                self._read(node, number, live)
            for number in _vectors(node, written=True):
                root = self.places[number].root
                for other in live.ended_by(root):
                    live.drop(other)
                    self.ended[other] = _written_over(node.address)
                live.write(self.places[number])
                self.ended.pop(root, None)

    def _begin(
        self, loop: Loop, body: _Summary, live: _Live, most: Mapping[Register, int]
    ) -> _Live:
        """What is defined at the begin of every pass, of what the body uses."""
        begin = _Live(self.places)
        lost = self._lost(loop, body, live, most)
        for root in body.used:
            slots = self.places[root].slots
            for token, elements in live.sets.get(root, {}).items():
                if loop.counter is Counter.SLOT and slots > 1:
                    if token == loop.count and root not in lost:
                        begin.put(root, None, elements)
                elif root not in lost:
                    begin.put(root, token, elements)
                else:
                    again = body.live.sets.get(root, {}).get(token)
                    if again is not None:
                        begin.put(root, token, elements.common(again))
        return begin

    def _read(self, node: Instr, number: int, live: _Live) -> None:
        area = self.places[number]
        here = live.sets.get(area.root, {}).get(None)
        missing = area.start if here is None else here.missing(area.start, area.stop)
        if missing is None:
            return
        name, element = self.vectors[number].name, missing - area.start
        message = f"{name} is read, but its element {element} may not have been written"
        if area.root in self.ended:
            message += f"; {self.ended[area.root]}"
        self.report.word(DEFINED, self.number, node.address, message)
        live.write(area)  # said once


def _vectors(node: Instr, *, written: bool) -> tuple[int, ...]:
    decoded = node.decoded
    return tuple(
        decoded.operands[o.name]
        for o in decoded.instruction.operands
        if o.kind is OperandKind.VECTOR and (o.writes if written else o.reads)
    )


def _with_piece(loop: Loop, most: Mapping[Register, int]) -> Mapping[Register, int]:
    """The most that registers can hold inside a loop, where that is known."""
    if loop.piece is None or loop.total is None:
        return most
    count = loop.count
    limits = [count.number] if count.register is None else []
    limits += [most[r] for r in (count.register, loop.total) if r is not None and r in most]
    return {**most, loop.piece: min(limits)} if limits else most


def _written_over(address: int) -> str:
    return f"the word at {address} writes over it"

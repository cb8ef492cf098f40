"""Communication: no run stops halfway, and messages are what their receivers take them for.

Cores are deterministic and only wait for channels and barriers, so in which order they go on
cannot change what each of them does. One order in which all of them come to their `halt` is
therefore a proof for every order, and this file looks for one that holds for all values of the
registers.

Straight code is gone through as it stands. At loops, cores that stand before loops of the same
count go through *one pass* together, from the channels as they are. If all come to the end of the
pass and the channels hold what they held before, as many passes as you like work alike. If not,
the cores that got stuck are left behind, and the others try again.

Counts are the same if they are the same number, the same register of the host, or pieces of the
same total cut by the same count in the same pass. Real loops may work and yet have no such proof;
those are refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind, Register, VectorKind
from bsc.isa.records import Vector
from bsc.isa.verify.report import MESSAGES, Report
from bsc.isa.verify.trees import Count, Instr, Loop, Node, Trees

_STEPS = 2_000_000
"""Words gone through before the search is given up."""

_TALK = frozenset({"send", "receive", "receive.add", "barrier"})

_Channel: TypeAlias = tuple[int, int]
"""Sender and receiver."""


@dataclass(frozen=True, slots=True)
class _Message:
    """A message in a channel; where it was sent from is for people only."""

    kind: VectorKind
    length: int

    def __str__(self) -> str:
        return f"{self.length} {self.kind.name.lower()}s"


_Channels: TypeAlias = dict[_Channel, tuple[_Message, ...]]
"""Channels that hold something."""

_Symbol: TypeAlias = tuple[object, ...]
"""What a count is called: equal symbols have equal values."""


@dataclass(slots=True)
class _Runner:
    """A core that goes through nodes.

    Attributes:
        core: its number.
        nodes: the nodes, without those that do not communicate.
        place: the next node.
        symbols: what piece registers hold.
        why: what it waits for, and where, when it got stuck inside a loop.
    """

    core: int
    nodes: tuple[Node, ...]
    symbols: Mapping[Register, _Symbol]
    place: int = 0
    why: tuple[int, str] | None = None

    @property
    def next(self) -> Node | None:
        return self.nodes[self.place] if self.place < len(self.nodes) else None

    def symbol(self, register: Register | None, count: Count) -> _Symbol:
        # A register's number is no count: register 3 and three passes are told apart by a word.
        if register is None:
            return ("number", count.number)
        return self.symbols.get(register, ("register", register))

    def loop_symbol(self, loop: Loop) -> _Symbol:
        count = self.symbol(loop.count.register, loop.count)
        if loop.piece is None or loop.total is None:
            return ("loop", count)
        return ("chunks", self.symbol(loop.total, loop.count), count)

    def inside(self, loop: Loop) -> _Runner:
        """The core at the begin of a pass."""
        symbols = self.symbols
        if loop.piece is not None:
            symbols = {**symbols, loop.piece: ("piece", self.loop_symbol(loop))}
        return _Runner(self.core, loop.body, symbols)


_Attempt: TypeAlias = tuple[object, ...]
"""Which cores tried which loops from which channels."""


def _attempt(group: Sequence[_Runner], channels: _Channels) -> _Attempt:
    cores = {runner.core for runner in group}
    held = frozenset(item for item in channels.items() if not cores.isdisjoint(item[0]))
    return (*((runner.core, runner.place) for runner in group), held)


class _Mismatch(Exception):
    """A message is not what its receiver takes it for."""


class _TooLong(Exception):
    """The search took too many steps."""


def check_communication(image: Image, trees: Sequence[Trees], report: Report) -> None:
    """Report where cores may wait for ever, or take a message for another; for each entry."""
    for kind in image.kinds():
        _Search(image, kind, trees, report).run()


def _talking(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Nodes that communicate."""
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, Instr):
            if node.name in _TALK:
                found.append(node)
            continue
        body = _talking(node.body)
        if body:
            found.append(
                Loop(
                    node.address,
                    node.end,
                    node.counter,
                    node.piece,
                    node.total,
                    node.count,
                    body,
                )
            )
    return tuple(found)


class _Search:
    """Looks for an order in which all cores of an entry come to their end."""

    def __init__(
        self, image: Image, kind: EntryKind, trees: Sequence[Trees], report: Report
    ) -> None:
        self.image = image
        self.depth = image.chip.channel_depth
        self.name = kind.name.lower()
        self.report = report
        self.steps = 0
        self.runners = [
            _Runner(core, _talking(of_core[kind]), {}) for core, of_core in enumerate(trees)
        ]

    def run(self) -> None:
        channels: _Channels = {}
        try:
            self._advance(self.runners, channels)
        except _Mismatch:
            return  # reported where it was found
        except _TooLong:
            message = f"nothing could be proved about messages within {_STEPS} steps"
            self.report.wrong(MESSAGES, f"entry {self.name}", message)
            return
        stuck = [runner for runner in self.runners if runner.next is not None]
        for runner in stuck:
            address, why = runner.why or self._waits(runner, channels)
            message = f"in a run {self.name} the core may wait for ever: {why}"
            self.report.word(MESSAGES, runner.core, address, message)
        if not stuck:
            for (sender, receiver), messages in sorted(channels.items(), key=lambda i: i[0]):
                message = (
                    f"in a run {self.name}, {len(messages)} messages to core {receiver} are "
                    "never received"
                )
                self.report.wrong(MESSAGES, f"core {sender}", message)

    def _advance(self, runners: Sequence[_Runner], channels: _Channels) -> None:
        """Go on with these cores, and no others, as far as can be proved."""
        by_core = {runner.core: runner for runner in runners}
        failed: set[_Attempt] = set()
        moving = deque(runners)
        while True:
            while moving:
                runner = moving.popleft()
                for core in self._straight(runner, channels):
                    if core in by_core:
                        moving.append(by_core[core])
            if not (self._barrier(runners) or self._loops(runners, channels, failed)):
                return
            moving.extend(runners)

    def _straight(self, runner: _Runner, channels: _Channels) -> set[int]:
        """Go on with one core to its next loop, or until it waits; cores at channels it used."""
        met: set[int] = set()
        while isinstance(runner.next, Instr) and self._step(runner, runner.next, channels):
            met.add(runner.next.decoded.operands["core"])
            runner.place += 1
            runner.why = None
        return met

    def _step(self, runner: _Runner, node: Instr, channels: _Channels) -> bool:
        """Execute one instruction, if it can be."""
        self._count(1)
        if node.name == "barrier":
            return False
        vector = self._vector(runner.core, node)
        own = _Message(VectorKind(vector.kind), vector.length)
        channel = self._channel(runner.core, node)
        held = channels.get(channel, ())
        if node.name == "send":
            if len(held) >= self.depth:
                return False
            channels[channel] = (*held, own)
            return True
        if not held:
            return False
        if held[0] != own:
            message = (
                f"in a run {self.name}, {vector.name} takes {own}, but the message from core "
                f"{channel[0]} has {held[0]}"
            )
            self.report.word(MESSAGES, runner.core, node.address, message)
            raise _Mismatch
        if len(held) == 1:
            del channels[channel]
        else:
            channels[channel] = held[1:]
        return True

    def _vector(self, core: int, node: Instr) -> Vector:
        name = "sum" if node.name == "receive.add" else "vector"
        return self.image.cores[core].vectors[node.decoded.operands[name]]

    def _channel(self, core: int, node: Instr) -> _Channel:
        other = node.decoded.operands["core"]
        return (core, other) if node.name == "send" else (other, core)

    def _count(self, steps: int) -> None:
        self.steps += steps
        if self.steps > _STEPS:
            raise _TooLong

    def _barrier(self, runners: Sequence[_Runner]) -> bool:
        """Let all cores pass a barrier, if all are here and stand at one."""
        if len(runners) != len(self.image.cores):
            return False
        for runner in runners:
            node = runner.next
            if not isinstance(node, Instr) or node.name != "barrier":
                return False
        for runner in runners:
            runner.place += 1
            runner.why = None
        self._count(len(runners))
        return True

    def _loops(
        self, runners: Sequence[_Runner], channels: _Channels, failed: set[_Attempt]
    ) -> bool:
        """Let some cores pass a loop, if that can be proved."""
        groups: dict[_Symbol, list[_Runner]] = {}
        for runner in runners:
            if isinstance(runner.next, Loop):
                groups.setdefault(runner.loop_symbol(runner.next), []).append(runner)
        for group in groups.values():
            attempt = _attempt(group, channels)
            if attempt in failed:
                continue
            if self._together(group, channels):
                return True
            failed.add(attempt)
        return False

    def _together(self, group: list[_Runner], channels: _Channels) -> bool:
        """Whether cores of a group, perhaps not all of them, can pass their loops together."""
        while group:
            after = dict(channels)
            inner = [
                runner.inside(runner.next) for runner in group if isinstance(runner.next, Loop)
            ]
            self._count(len(inner) + len(channels))
            self._advance(inner, after)
            left = self._left(inner, channels, after)
            for runner in group:
                runner.why = left.get(runner.core, runner.why)
            if not left:
                for runner in group:
                    runner.place += 1
                    runner.why = None
                return True
            group = [runner for runner in group if runner.core not in left]
        return False

    def _left(
        self, inner: Sequence[_Runner], before: _Channels, after: _Channels
    ) -> dict[int, tuple[int, str]]:
        """Cores that do not come to the end of a pass, or leave a channel changed; and why."""
        left = {
            runner.core: runner.why or self._waits(runner, after)
            for runner in inner
            if runner.next is not None
        }
        if left:
            return left
        last = {runner.core: runner.nodes[-1].address for runner in inner}
        for channel in sorted(before.keys() | after.keys()):
            old, new = before.get(channel, ()), after.get(channel, ())
            if old == new:
                continue
            sender, receiver = channel
            grown = len(new) - len(old)
            if sender in last and (grown > 0 or receiver not in last):
                why = f"a pass sends {grown} messages more to core {receiver} than it receives"
                left.setdefault(sender, (last[sender], why))
            elif receiver in last:
                why = f"a pass leaves the channel from core {sender} changed"
                left.setdefault(receiver, (last[receiver], why))
        return left

    def _waits(self, runner: _Runner, channels: _Channels) -> tuple[int, str]:
        """Where a core waits and what for."""
        node = runner.next
        if not isinstance(node, Instr):
            address = node.address if node is not None else 0
            return address, "no other core was found to go through this loop with"
        if node.name == "barrier":
            return node.address, "not every core comes to this barrier"
        sender, receiver = self._channel(runner.core, node)
        if node.name == "send":
            held = len(channels.get((sender, receiver), ()))
            return node.address, f"the channel to core {receiver} is full with {held} messages"
        return node.address, f"there is no message from core {sender}"

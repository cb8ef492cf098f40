"""An interpreter of docs/isa.md in plain Python, written from the text: slow, and easy to follow.

It shares no code with bsc and needs nothing but Python. Each core is a generator that stands still
where it waits for another core, so nothing depends on whose turn it is. Vectors really share memory
where the image lets them, and reading an element that nobody wrote is an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import interpreter_draws as draws
from interpreter_file import COUNT_IS_NUMBER, NO_PARENT, Image, Record, read_image
from interpreter_marks import Marks
from interpreter_tiles import Array, State
from interpreter_units import EFFECTS, message_cycles, receive

CONTROL, ARRAY, COUNTER, PULSE = 0, 3, 5, 6
SAMPLES, BATCH, REPEATS, READS = range(4)
SLOT, REPEAT, READ = 1, 2, 3
UNITS = 8


class Trapped(Exception):
    """`trap`: core, address, number."""


class Stuck(Exception):
    """Cores wait for ever: the verifier should have refused the image."""


@dataclass
class Run:
    """What the host writes before a start; `inputs` are levels, in the order of the run.

    `labels` has the targets of each sample, one number or several.
    """

    entry: str
    samples: int
    batch: int
    seed: int
    repeats: int = 1
    reads: int = 1
    first_index: int = 0
    check: int = 0
    inputs: Sequence[Sequence[int]] = ()
    labels: Sequence[Sequence[int]] = ()
    bytes_in: bool = False


@dataclass
class Found:
    """What a run leaves: output streams by core, cycles, marks of `trace`, events."""

    outputs: list[list[int]]
    cycles: int
    marks: list[tuple[int, int, int]]
    executed: int


@dataclass
class Channel:
    """Messages on the way; `freed` has the end of each `receive` so far."""

    messages: deque[tuple[int, list[int]]] = field(default_factory=deque)
    sent: int = 0
    freed: list[int] = field(default_factory=list)


class Chip:
    """A chip with an image: cells, counters, marks and backing memory last from run to run."""

    def __init__(self, data: bytes) -> None:
        self.image: Image = read_image(data)
        self.state = State(self.image)
        cores = range(len(self.image.cores))
        self.backing = [[0] * self.image.chip["backing"] for _ in cores]
        self.marks = [Marks(self.image, core, self.state.arrays) for core in cores]
        self.channels: dict[tuple[int, int], Channel] = {}
        self.cores: list[Core] = []

    def run(self, run: Run) -> Found:
        """Section 9: registers are written, all cores start, and the run ends when all halted."""
        self.channels = {}
        cores = self.cores = [Core(self, number, run) for number in range(len(self.image.cores))]
        running = {core.number: core.execute() for core in cores}
        at_barrier: set[int] = set()
        while running:
            moved = False
            for number, code in list(running.items()):
                if number in at_barrier:
                    continue
                before = cores[number].executed
                waits = next(code, "halted")
                moved |= cores[number].executed != before
                if waits == "barrier":
                    at_barrier.add(number)
                elif waits == "halted":
                    del running[number]
            if len(at_barrier) == len(cores):
                latest = max(core.ends[CONTROL] for core in cores)
                for core in cores:
                    core.issue = latest
                at_barrier.clear()
            elif not moved and running:
                raise Stuck(sorted(running))
        return Found(
            [core.out for core in cores],
            max(max(core.ends) for core in cores),
            [mark for core in cores for mark in core.marks],
            sum(core.executed for core in cores),
        )


class Core:
    """Registers, memories and clocks of one core during a run."""

    def __init__(self, chip: Chip, number: int, run: Run) -> None:
        self.chip, self.number, self.image = chip, number, chip.image
        self.timing = chip.image.timing
        self.own = chip.image.cores[number]
        self.vectors = self.own.vectors
        self.backing, self.marked = chip.backing[number], chip.marks[number]
        self.registers = {
            SAMPLES: run.samples, BATCH: run.batch, REPEATS: run.repeats, READS: run.reads
        }  # fmt: skip
        self.counters = dict.fromkeys(range(5), 0)
        self.base, self.check, self.seed = run.first_index, run.check, run.seed
        self.mode = 0 if run.entry == "train" else draws.INFERENCE
        self.pc = self.own.entries[run.entry]
        self.inputs, self.labels, self.bytes_in = run.inputs, run.labels, run.bytes_in
        self.taken = self.labelled = self.executed = 0
        self.memory: dict[tuple[int, int], int] = {}
        self.out: list[int] = []
        self.marks: list[tuple[int, int, int]] = []
        self.loops: list[dict[str, int]] = []
        # times
        self.issue = 0
        self.ends = [0] * UNITS
        self.starts: list[list[int]] = [[] for _ in range(UNITS)]
        self.written: dict[tuple[int, int], int] = {}
        self.read: dict[tuple[int, int], int] = {}

    # vectors

    def _place(self, number: int) -> int:
        """The memory element at which a vector's slot begins."""
        vector, base = self.vectors[number], 0
        if vector["parent"] != NO_PARENT:
            base, vector = vector["base"], self.vectors[vector["parent"]]
        slot = self.counters[SLOT] % vector["slots"]
        return base + vector["base"] + slot * vector["length"]

    def get(self, number: int) -> list[int]:
        """Elements of a vector's slot; KeyError where one was not written."""
        vector, at = self.vectors[number], self._place(number)
        return [self.memory[vector["kind"], at + e] for e in range(vector["length"])]

    def put(self, number: int, elements: Sequence[int]) -> None:
        """Write a vector's slot."""
        vector, at = self.vectors[number], self._place(number)
        if len(elements) != vector["length"]:
            raise ValueError(f"{len(elements)} elements for {vector}")
        for e, element in enumerate(elements):
            self.memory[vector["kind"], at + e] = element

    def draws(self, purpose: int, layer: int, vector: Record) -> list[int]:
        """u16 of each element: section 2, draws are architectural state."""
        index = self.base + self.counters[SLOT]
        pass_ = self.counters[REPEAT] * self.registers[READS] + self.counters[READ]
        return [
            draws.of_element(
                self.seed, purpose | self.mode, layer, vector["first"] + e, index, pass_
            )
            for e in range(vector["length"])
        ]

    # tiles

    def tile(self, number: int) -> tuple[Array, range, range]:
        """A tile's array, its word lines and its bit lines."""
        tile = self.own.tiles[number]
        rows = range(tile["row_start"], tile["row_stop"])
        return (
            self.chip.state.arrays[tile["array"]],
            rows,
            range(tile["column_start"], tile["column_stop"]),
        )

    def active(self, bits: int, array: Array, rows: range) -> list[int]:
        """Word lines whose bit is set or that are always on."""
        x, first = self.get(bits), self.vectors[bits]["first"]
        return [row for row in rows if row >= array.record["inputs"] or x[row - first]]

    # control

    def _count(self, count: int) -> int:
        if count & COUNT_IS_NUMBER:
            return count & (COUNT_IS_NUMBER - 1)
        return self.registers[count]

    def _open(self, name: str, given: dict[str, int]) -> None:
        loop = {"body": self.pc, "counter": 0}
        if name == "loop":
            loop |= {"left": self._count(given["count"]), "counter": given["counter"]}
        else:
            total, size = self.registers[given["total"]], self._count(given["count"])
            loop |= {"left": -(-total // size), "total": total, "size": size}
            loop["piece"] = given["piece"]
            self.registers[given["piece"]] = min(size, total)
        self.loops.append(loop)

    def _end(self) -> None:
        loop = self.loops[-1]
        loop["left"] -= 1
        if loop["left"] == 0:
            self.counters[loop["counter"]] = 0
            self.loops.pop()
            return
        self.pc = loop["body"]
        if "piece" in loop:
            loop["total"] -= loop["size"]
            self.registers[loop["piece"]] = min(loop["size"], loop["total"])
        elif loop["counter"]:
            self.counters[loop["counter"]] += 1

    # execution

    def _channel(self, source: int, target: int) -> Channel:
        return self.chip.channels.setdefault((source, target), Channel())

    def execute(self) -> Iterator[str]:
        """Run to `halt`; yields where it waits for others."""
        while True:
            word = self.own.code[self.pc]
            given = {**word.operands, "adds": int(word.name.endswith(".add"))}
            channel, other = None, given.get("core", 0)
            if word.name == "send":
                channel = self._channel(self.number, other)
                while channel.sent - len(channel.freed) == self.image.chip["channel_depth"]:
                    yield "room"
            elif word.name in ("receive", "receive.add"):
                channel = self._channel(other, self.number)
                while not channel.messages:
                    yield "message"
            start = self._start(word, given, channel)
            cycles = self._effect(word.name, given, channel, start)
            end = start + cycles
            if channel is not None:
                if word.name == "send":
                    arrival = end + self.timing["link_latency"]
                    channel.messages.append((arrival, self.get(given["vector"])))
                    channel.sent += 1
                else:
                    channel.freed.append(end)
            self._finish(word, start, end)
            self.executed += 1
            self.pc += 1
            if word.name in ("loop", "chunks"):
                self._open(word.name, given)
            elif word.name == "end":
                self._end()
            elif word.name == "trap":
                raise Trapped(self.number, self.pc - 1, given["number"])
            elif word.name == "barrier":
                yield "barrier"
            elif word.name == "halt":
                return

    def _slots(self, vectors: tuple[tuple[int, bool], ...]) -> Iterator[tuple[tuple, bool]]:
        """The whole vector and slot of each operand, for times."""
        for number, written in vectors:
            parent = self.vectors[number]["parent"]
            whole = number if parent == NO_PARENT else parent
            yield (whole, self.counters[SLOT] % self.vectors[number]["slots"]), written

    def _start(self, word, given, channel: Channel | None) -> int:
        """Section 3, rules 1 and 2."""
        queue, started = self.timing["queue"], self.starts[word.unit]
        if word.unit != CONTROL and len(started) >= queue:
            self.issue = max(self.issue, started[-queue])
        times = [self.issue, self.ends[word.unit]]
        self.issue += self.timing["issue"]
        for slot, written in self._slots(word.vectors):
            times.append(self.written.get(slot, 0))
            if written:
                times.append(self.read.get(slot, 0))
        if word.unit in (ARRAY, COUNTER):
            times.append(self.ends[PULSE])
        elif word.unit == PULSE:
            times += [self.ends[ARRAY], self.ends[COUNTER]]
        if word.name == "wait":
            times += [self.ends[unit] for unit in range(UNITS) if given["units"] >> unit & 1]
        if word.name == "barrier":
            times += self.ends
        if channel is not None and word.name == "send":
            before = channel.sent - self.image.chip["channel_depth"]
            times.append(channel.freed[before] if before >= 0 else 0)
        elif channel is not None:
            times.append(channel.messages[0][0])
        return max(times)

    def _effect(self, name: str, given, channel: Channel | None, start: int) -> int:
        """What it does; returns its cycles."""
        if name == "send":
            kind = self.vectors[given["vector"]]["kind"]
            return message_cycles(self, kind, self.get(given["vector"]))
        if channel is not None:
            _, elements = channel.messages.popleft()
            return receive(self, given, elements, bool(given["adds"]))
        if name in EFFECTS:
            return EFFECTS[name](self, given)
        if name == "advance":
            self.base += self.registers[given["register"]]
        elif name == "tick":
            self.check += 1
        elif name == "trace":
            self.marks.append((self.number, start, given["number"]))
        return 1

    def _finish(self, word, start: int, end: int) -> None:
        """Rule 3, and what later instructions wait for."""
        if word.unit == CONTROL:
            self.issue = start + self.timing["issue"]
        self.starts[word.unit].append(start)
        self.ends[word.unit] = end
        for slot, written in self._slots(word.vectors):
            if written:
                self.written[slot] = end
            else:
                self.read[slot] = max(end, self.read.get(slot, 0))

"""Cycles of the machine: those of docs/isa.md, counted by hand and by a model of these rules.

The model replays a trace: from the instructions, in the order in which they were executed, and
their durations it computes by the rules alone when each must have started.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np
import pytest

import bsc
from bsc.backend.isa import emit_image
from bsc.hw.registry import resolve
from bsc.hw.spec import ArrayGeometry
from bsc.isa.kinds import Counter, EntryKind, OperandKind, Unit
from bsc.isa.records import NO_PARENT
from bsc.isa.words import decode_word
from bsc.numerics import tables
from bsc.numerics.state import CODE_MAX
from bsc.program.executor import EncodedData
from bsc.testing.networks import dense_network
from bsc.testing.verified_images import CoreText, assembled
from bsc_runtime.chip import initial_state
from bsc_runtime.machine import Machine, Stop
from bsc_runtime.machine.memories import blank_state

INFER, TRAIN = EntryKind.INFER, EntryKind.TRAIN


def _timed(image, **numbers):
    return dataclasses.replace(image, timing=dataclasses.replace(image.timing, **numbers))


def _spans(machine, core=0):
    """What a core executed: mnemonic, start and end."""
    return [(row.name, row.start, row.end) for row in machine.trace() if row.core == core]


# by hand


def test_a_straight_line():
    """Host 64 bits, 8 lanes, a read of 10 cycles: what waits for what is seen from the starts."""
    vectors = """l kind=level length=8 base=0
        x kind=bit length=8 base=0
        z kind=bit length=4 base=8
        y kind=sum length=4 base=0
        w kind=sum length=9 base=4"""
    code = """in l
        encode x, l, layer 0
        read y, x, [0-2]
        sample z, y, n
        clear w
        out y"""
    machine = Machine(assembled([CoreText(vectors, code, ("infer",))]), trace=True)
    machine.start(INFER, np.full((1, 8), 65536))
    assert machine.run() is Stop.DONE
    assert _spans(machine) == [
        ("in", 0, 4),  # 8 levels of 32 bits
        ("encode", 4, 5),  # l is there at 4
        ("read", 5, 15),
        ("sample", 15, 16),
        ("clear", 16, 18),  # nobody's operand, but the neuron unit's next; 9 elements
        ("out", 15, 19),  # the host unit does not wait for it; 4 sums of 64 bits
        ("halt", 6, 7),  # the sixth after the first
    ]
    assert machine.cycles == 19
    busy = {unit: cycles for unit, (cycles,) in machine.busy().items() if cycles}
    assert busy == {"control": 1, "host": 8, "encoder": 1, "array": 10, "neuron": 3}


def test_bytes_are_taken_in_an_eighth_of_the_cycles():
    core = CoreText("l kind=level length=8 base=0", "in l", ("infer",))
    machine = Machine(assembled([core]), trace=True)
    machine.start(INFER, EncodedData(np.zeros((1, 8), np.uint8), tables.pixel_levels()))
    machine.run()
    assert _spans(machine)[0] == ("in", 0, 1)


_LOOP = CoreText(
    """l kind=level length=8 base=0 slots=2
    x kind=bit length=8 base=0 slots=2
    z kind=bit length=4 base=32 slots=3
    y kind=sum length=4 base=0 slots=2""",
    """loop slot, samples
      in l
      encode x, l, layer 0
      read y, x, [0-2]
      sample z, y, n
    end""",
    ("infer",),
)


@pytest.mark.parametrize(
    "expected",
    [
        (
            8,  # issue does not wait: the array is busy from 6 to 36
            # loop, in, encode, read, sample, end; in, ...; halt
            *((0, 1), (1, 5), (5, 6), (6, 16), (16, 17), (5, 6)),
            *((6, 10), (10, 11), (16, 26), (26, 27), (10, 11)),
            *((11, 15), (16, 17), (26, 36), (36, 37), (15, 16), (16, 17)),
        ),
        (
            1,  # the second sample waits to be issued until the first one has started, at 16
            *((0, 1), (1, 5), (5, 6), (6, 16), (16, 17), (5, 6)),
            *((6, 10), (10, 11), (16, 26), (26, 27), (17, 18)),
            *((18, 22), (22, 23), (26, 36), (36, 37), (27, 28), (28, 29)),
        ),
    ],
)
def test_a_double_buffered_loop(expected):
    """The third sample's bits wait for the read of the first's, whose slot they share."""
    queue, *spans = expected
    machine = Machine(_timed(assembled([_LOOP]), queue=queue), trace=True)
    machine.start(INFER, np.full((3, 8), 65536))
    machine.run()
    assert [(start, end) for _, start, end in _spans(machine)] == spans
    assert machine.cycles == 37


@pytest.mark.parametrize(
    ("depth", "full", "sends", "receives"),
    [
        (1, True, [(1, 3), (9, 11), (17, 19)], [(7, 9), (15, 17), (23, 25)]),
        (1, False, [(1, 2), (8, 9), (15, 16)], [(6, 8), (13, 15), (20, 22)]),  # a header each
        (2, True, [(1, 3), (3, 5), (9, 11)], [(7, 9), (9, 11), (15, 17)]),
        (3, True, [(1, 3), (3, 5), (5, 7)], [(7, 9), (9, 11), (11, 13)]),
    ],
)
def test_messages_and_full_channels(depth, full, sends, receives):
    """Sending takes 2 cycles, 4 more until arrival, taking 2; then there is room again."""
    cores = [
        CoreText("x kind=bit length=8 base=0", "load x, 0\n" + "send x, core 1\n" * 3, ("infer",)),
        CoreText("z kind=bit length=8 base=0", "receive z, core 0\n" * 3, ("infer",)),
    ]
    image = assembled(cores, depth=depth, arrays=False)
    machine = Machine(image, trace=True, backing={0: np.array([0x81 if full else 0], np.uint32)})
    machine.start(INFER, samples=1)
    machine.run()
    halt = ("halt", 4, 5) if len(sends) == 3 else None
    assert _spans(machine) == [("load", 0, 1), *[("send", *s) for s in sends], halt]
    assert _spans(machine, 1) == [*[("receive", *r) for r in receives], ("halt", 3, 4)]
    assert machine.cycles == receives[-1][1]


def test_sums_of_64_bits_take_twice_as_long_on_the_way():
    cores = [
        CoreText("s kind=sum length=3 base=0", "load s, 0\nsend s, core 1", ("infer",)),
        CoreText("t kind=sum length=3 base=0", "receive t, core 0", ("infer",)),
    ]
    spans = []
    for words in ([1, 0, 2, 0, 0xFFFFFFFF, 0xFFFFFFFF], [1, 0, 0, 0, 0x80000000, 0]):
        backing = {0: np.array(words, np.uint32)}
        machine = Machine(assembled(cores, arrays=False), trace=True, backing=backing)
        machine.start(INFER, samples=1)
        machine.run()
        spans.append(_spans(machine)[1])
    assert spans == [("send", 3, 6), ("send", 3, 7)]  # 96 and 192 bits on 64 lines, and a header


_PULSES = CoreText(
    """x kind=bit length=8 base=0
    e kind=sign length=4 base=0
    y kind=sum length=4 base=0
    w kind=sum length=4 base=8""",
    """load x, 0
    load e, 1
    count x, e, [0-2]
    carry u, [0-2]
    read y, x, [0-2]
    count x, e, [0-2]
    wait [counter]
    clear w
    barrier
    clear w""",
)


def test_nobody_works_on_cells_while_pulses_are_given():
    """Bits 11110101 and the line that is always on: 2, 4 and 1 word lines of the three tiles."""
    machine = Machine(
        assembled([_PULSES]), trace=True, backing={0: np.array([0xF5, 0b010001], np.uint32)}
    )
    machine.start(TRAIN, samples=1)
    machine.run()
    assert _spans(machine) == [
        ("load", 0, 1),
        ("load", 1, 2),
        ("count", 2, 9),
        ("carry", 9, 16),  # the marked lines; none reaches the threshold
        ("read", 16, 26),
        ("count", 16, 23),
        ("wait", 23, 24),
        ("clear", 24, 25),
        ("barrier", 26, 27),  # waits for the read
        ("clear", 27, 28),
        ("halt", 28, 29),
    ]
    events = {name: n for name, (n,) in machine.events().items() if n}
    assert events == {
        "instructions": 11, "reads": 3, "active_lines": 7, "counts": 14, "checked": 7,
    }  # fmt: skip


def test_pulses_take_their_time():
    """Counters of 64 in five cells of two word lines: two lines, and 5 pulses on 4 drivers."""
    image = assembled([CoreText("", "carry u, [0-2]")])
    state = blank_state(image)
    state.arrays[0].cells[...] = CODE_MAX
    state.arrays[0].counters[2, :] = 64
    state.arrays[0].counters[7, 1] = -64
    machine = Machine(image, state, trace=True)
    machine.start(TRAIN, samples=1)
    machine.run()
    assert _spans(machine)[0] == ("carry", 0, 2 + 2 * 100)
    assert machine.events()["pulses"] == [5]
    assert machine.events()["checked"] == [2]
    plus, minus = machine.arrays()[0].cells
    assert (plus[2] == CODE_MAX - 2).all()
    assert minus[7].tolist() == [CODE_MAX, CODE_MAX - 2, CODE_MAX, CODE_MAX]


# by the model


class _Model:
    """Rules 1 to 6 of docs/isa.md, section 3."""

    def __init__(self, image):
        self.image, self.timing = image, image.timing
        cores = range(len(image.cores))
        self.issue = [0 for _ in cores]
        self.ends = [dict.fromkeys(Unit, 0) for _ in cores]
        self.starts = [defaultdict(list) for _ in cores]
        self.written, self.read = defaultdict(int), defaultdict(int)
        self.sent, self.taken = defaultdict(list), defaultdict(list)
        self.barrier = {}
        self.loops = [[] for _ in cores]
        self.after_end = [None for _ in cores]

    def slot(self, core):
        return next((n for counter, n, _ in self.loops[core] if counter is Counter.SLOT), 0)

    def enter(self, core, address):
        """The pass of the loops around a word, from the addresses that are executed."""
        if self.after_end[core] is not None:
            counter, number, body = self.loops[core].pop()
            if address == body:
                self.loops[core].append((counter, number + 1, body))
            self.after_end[core] = None

    def start(self, row):
        """When it starts; the model goes on to after it."""
        core, decoded = row.core, decode_word(self.image.cores[row.core].code[row.address])
        self.enter(core, row.address)
        unit, name = decoded.instruction.unit, decoded.name
        before = self.starts[core][unit]
        if len(before) >= self.timing.queue:
            self.issue[core] = max(self.issue[core], before[-self.timing.queue])
        ends = self.ends[core]
        times = [self.issue[core], ends[unit]]
        clocks = []
        for operand in decoded.instruction.operands:
            if operand.kind is OperandKind.VECTOR:
                number = decoded.operands[operand.name]
                vector = self.image.cores[core].vectors[number]
                root = number if vector.parent == NO_PARENT else vector.parent
                clock = (core, root, self.slot(core) % vector.slots)
                clocks.append((clock, operand.writes))
                times += [self.written[clock], self.read[clock] if operand.writes else 0]
        if unit in (Unit.ARRAY, Unit.COUNTER):
            times.append(ends[Unit.PULSE])
        if unit is Unit.PULSE:
            times += [ends[Unit.ARRAY], ends[Unit.COUNTER]]
        if name == "wait":
            times += [ends[u] for u in Unit if decoded.operands["units"] >> u & 1]
        if name == "barrier":
            times += ends.values()
        other = decoded.operands.get("core")
        if name == "send":
            number = len(self.sent[core, other])
            if number >= self.image.chip.channel_depth:
                times.append(self.taken[core, other][number - self.image.chip.channel_depth])
        if name in ("receive", "receive.add"):
            times.append(self.sent[other, core][len(self.taken[other, core])])
        start = max(times)
        end = start + row.end - row.start
        ends[unit] = end
        before.append(start)
        for clock, writes in clocks:
            kept = self.written if writes else self.read
            kept[clock] = max(kept[clock], end)
        if unit is Unit.CONTROL:
            self.issue[core] = start
        self.issue[core] += self.timing.issue
        if name == "send":
            self.sent[core, other].append(end + self.timing.link_latency)
        elif name in ("receive", "receive.add"):
            self.taken[other, core].append(end)
        elif name in ("loop", "chunks"):
            counter = Counter(decoded.operands.get("counter", 0))
            self.loops[core].append((counter, 0, row.address + 1))
        elif name == "end":
            self.after_end[core] = row.address
        elif name == "barrier":
            self.barrier[core] = end
            if len(self.barrier) == len(self.issue):
                self.issue = [max(self.barrier.values())] * len(self.issue)
                self.barrier = {}
        return start


def _over(amount, width):
    return max(1, -(-amount // width))


def _duration(image, row):
    """Cycles by the table of docs/isa.md, where they do not depend on data; else None."""
    core, t = image.cores[row.core], image.timing
    decoded = decode_word(core.code[row.address])
    first = next((o for o in decoded.instruction.operands if o.kind is OperandKind.VECTOR), None)
    size = 0 if first is None else core.vectors[decoded.operands[first.name]].length
    match row.name:
        case "in":
            return _over(8 * size, t.host_bits)
        case "out":
            return _over(64 * size, t.host_bits)
        case "encode" | "encode.half":
            return _over(size, t.encode_lanes)
        case "read" | "read.add":
            return t.read
        case "clear" | "add" | "sample" | "sample.gate" | "sample.half" | "error":
            return _over(size, t.neuron_lanes)
        case "readout":
            return t.readout + size
        case "receive" | "receive.add":
            return 1 + _over(size, t.neuron_lanes)
        case "readt" | "readt.add" | "sign" | "count" | "carry" | "step" | "refresh" | "send":
            return None
        case _:
            return 1


@pytest.fixture(scope="module", params=[1, 3, 16])
def program(request):
    target = resolve("oxram-64")
    chip = target.chip.model_copy(
        update={"cores": request.param, "channel_depth": 1 + request.param // 4,
                "samples_in_flight": 5}
    )  # fmt: skip
    update = {"chip": chip, "array": ArrayGeometry(rows=9, columns=5)}
    plan = {"batch": 12, "threshold": 2, "refresh_every": 2}
    graph = dense_network((17, 12, 9, 4), seed=1)
    return bsc.compile(graph, target.model_copy(update=update), weights="random", **plan)


def _started(program, image, kind):
    random = np.random.default_rng(0)
    data = EncodedData(random.integers(0, 256, (30, 17)).astype(np.uint8), tables.pixel_levels())
    labels = random.integers(0, 4, 30).astype(np.int32)
    machine = Machine(image, initial_state(program, 1), trace=True)
    many = {"repeats": 2, "reads": 3} if kind in (INFER, EntryKind.VOTE) else {}
    machine.start(kind, data, labels, **many)
    return machine


@pytest.mark.parametrize("kind", EntryKind)
@pytest.mark.parametrize(
    "timing", [{}, {"queue": 1}, {"queue": 2, "issue": 3}, {"link_latency": 90, "read": 1}]
)
def test_every_start_is_that_of_the_rules(program, timing, kind):
    image = _timed(emit_image(program).image, **timing)
    machine = _started(program, image, kind)
    machine.run()
    rows = machine.trace()
    model = _Model(image)
    for place, row in enumerate(rows):
        assert row.start == model.start(row), (place, row)
        assert _duration(image, row) in (None, row.end - row.start), (place, row)
    assert machine.cycles == max(row.end for row in rows)
    busy = defaultdict(int)
    for row in rows:
        busy[row.unit, row.core] += row.end - row.start
    for unit, cores in machine.busy().items():
        assert cores == [busy[unit, core] for core in range(len(image.cores))], unit

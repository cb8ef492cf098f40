"""Section 5 of docs/isa.md in plain Python: what each instruction does, and how long it takes.

Every function takes the core and the operands and returns cycles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import interpreter_draws as draws
import interpreter_tiles as cells
from interpreter_file import BIT, COUNT, SIGN, SUM, tiles_of

if TYPE_CHECKING:
    from interpreter import Core

Operands = dict[str, int]
Effect = Callable[["Core", Operands], int]

EFFECTS: dict[str, Effect] = {}
BITS = {BIT: 1, SIGN: 2, SUM: 64, COUNT: 32}


def effect(*names: str) -> Callable[[Effect], Effect]:
    def note(function: Effect) -> Effect:
        EFFECTS.update(dict.fromkeys(names, function))
        return function

    return note


def over(amount: int, width: int) -> int:
    return max(1, (amount + width - 1) // width)


def signed64(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def sign(value: int) -> int:
    return (value > 0) - (value < 0)


# Host.


@effect("in")
def _in(core: Core, given: Operands) -> int:
    vector = core.vectors[given["level"]]
    core.put(given["level"], core.inputs[core.taken])
    core.taken += 1
    return over((8 if core.bytes_in else 32) * vector["length"], core.timing["host_bits"])


@effect("label")
def _label(core: Core, given: Operands) -> int:
    core.put(given["label"], core.labels[core.labelled])
    core.labelled += 1
    length = core.vectors[given["label"]]["length"]
    return 1 if length == 1 else over(32 * length, core.timing["host_bits"])


@effect("out")
def _out(core: Core, given: Operands) -> int:
    core.out += core.get(given["sum"])
    return over(64 * core.vectors[given["sum"]]["length"], core.timing["host_bits"])


@effect("load")
def _load(core: Core, given: Operands) -> int:
    vector, at = core.vectors[given["vector"]], given["address"]
    kind, length = vector["kind"], vector["length"]
    words, found = core.backing, []
    for e in range(length):
        if kind == BIT:
            found.append(words[at + e // 32] >> e % 32 & 1)
        elif kind == SIGN:
            two = words[at + e // 16] >> 2 * (e % 16) & 3
            found.append((two & 1) * (-1 if two & 2 else 1))
        elif kind == COUNT:
            found.append(cells.signed32(words[at + e]))
        else:
            found.append(signed64(words[at + 2 * e] | words[at + 2 * e + 1] << 32))
    core.put(given["vector"], found)
    return over(BITS[kind] * length, core.timing["host_bits"])


@effect("store")
def _store(core: Core, given: Operands) -> int:
    vector, at = core.vectors[given["vector"]], given["address"]
    kind, length = vector["kind"], vector["length"]
    number = 0
    for e, element in enumerate(core.get(given["vector"])):
        if kind == SIGN:
            element = (element != 0) | (element < 0) << 1
        number |= element % (1 << BITS[kind]) << BITS[kind] * e
    for k in range(-(-BITS[kind] * length // 32)):
        core.backing[at + k] = number >> 32 * k & 0xFFFFFFFF
    return over(BITS[kind] * length, core.timing["host_bits"])


# Encoder and neurons.


@effect("encode")
def _encode(core: Core, given: Operands) -> int:
    u16 = core.draws(draws.ENCODE, given["layer"], core.vectors[given["bits"]])
    levels = core.get(given["level"])
    core.put(given["bits"], [int(u < t) for u, t in zip(u16, levels, strict=True)])
    return over(len(levels), core.timing["encode_lanes"])


@effect("encode.half")
def _encode_half(core: Core, given: Operands) -> int:
    levels = core.get(given["level"])
    core.put(given["bits"], [int(t > 32768) for t in levels])
    return over(len(levels), core.timing["encode_lanes"])


@effect("clear")
def _clear(core: Core, given: Operands) -> int:
    length = core.vectors[given["sum"]]["length"]
    core.put(given["sum"], [0] * length)
    return over(length, core.timing["neuron_lanes"])


@effect("add")
def _add(core: Core, given: Operands) -> int:
    both = zip(core.get(given["sum"]), core.get(given["term"]), strict=True)
    core.put(given["sum"], [signed64(a + b) for a, b in both])
    return over(core.vectors[given["sum"]]["length"], core.timing["neuron_lanes"])


@effect("copy")
def _copy(core: Core, given: Operands) -> int:
    core.put(given["vector"], core.get(given["source"]))
    return over(core.vectors[given["vector"]]["length"], core.timing["neuron_lanes"])


def _compare(core: Core, given: Operands, purpose: int) -> list[int]:
    """Comparators: READS times a threshold drawn for the purpose."""
    neuron, y = core.image.neurons[given["neuron"]], core.get(given["sum"])
    shift, reads = 16 - core.image.chip["noise_bits"], core.registers[3]
    u16 = core.draws(purpose, neuron["layer"], core.vectors[given["sum"]])
    threshold = core.image.tables[neuron["threshold"]]
    return [int(a > reads * threshold[u >> shift]) for a, u in zip(y, u16, strict=True)]


@effect("readout.logistic")
def _readout_logistic(core: Core, given: Operands) -> int:
    chosen = _compare(core, given, draws.READOUT)
    core.put(given["bits"], chosen)
    return over(len(chosen), core.timing["neuron_lanes"])


@effect("sample", "sample.gate")
def _sample(core: Core, given: Operands) -> int:
    neuron, tables = core.image.neurons[given["neuron"]], core.image.tables
    vector, y = core.vectors[given["sum"]], core.get(given["sum"])
    shift = 16 - core.image.chip["noise_bits"]
    core.put(given["bits"], _compare(core, given, draws.Z))
    if "gate" in given:
        u16 = core.draws(draws.D, neuron["layer"], vector)
        low, high = tables[neuron["low"]], tables[neuron["high"]]
        opened = [int(low[u >> shift] < a < high[u >> shift]) for a, u in zip(y, u16, strict=True)]
        core.put(given["gate"], opened)
    return over(len(y), core.timing["neuron_lanes"])


@effect("sample.half")
def _sample_half(core: Core, given: Operands) -> int:
    y, half = core.get(given["sum"]), core.image.neurons[given["neuron"]]["half"]
    core.put(given["bits"], [int(a > half) for a in y])
    return over(len(y), core.timing["neuron_lanes"])


@effect("readout")
def _readout(core: Core, given: Operands) -> int:
    readout, y = core.image.readouts[given["readout"]], core.get(given["sum"])
    reads, exponential = core.registers[3], core.image.tables[readout["softmax"]]
    k = [
        min(4095, ((max(y) - a) * readout["reciprocal"] + (reads << 31)) // (reads << 32))
        for a in y
    ]
    total = sum(exponential[i] for i in k)
    u16 = core.draws(draws.READOUT, readout["layer"], core.vectors[given["bits"]])
    chosen = [int(u * total < 65536 * exponential[i]) for u, i in zip(u16, k, strict=True)]
    core.put(given["bits"], chosen)
    return core.timing["readout"] + len(y)


@effect("error")
def _error(core: Core, given: Operands) -> int:
    bits, first = core.get(given["bits"]), core.vectors[given["bits"]]["first"]
    (label,) = core.get(given["label"])
    core.put(given["signs"], [o - (first + j == label) for j, o in enumerate(bits)])
    return over(len(bits), core.timing["neuron_lanes"])


@effect("error.target")
def _error_target(core: Core, given: Operands) -> int:
    bits, labels = core.get(given["bits"]), core.get(given["label"])
    layer = core.image.neurons[given["neuron"]]["layer"]
    u16 = core.draws(draws.TARGET, layer, core.vectors[given["bits"]])
    errors = [o - int(u < label) for o, u, label in zip(bits, u16, labels, strict=True)]
    core.put(given["signs"], errors)
    return over(len(bits), core.timing["neuron_lanes"])


@effect("sign")
def _sign(core: Core, given: Operands) -> int:
    y, gate = core.get(given["sum"]), core.get(given["gate"])
    core.put(given["signs"], [sign(a) * d for a, d in zip(y, gate, strict=True)])
    return over(len(y), core.timing["neuron_lanes"]) if any(y) else 1


# Tiles.


@effect("read", "read.add")
def _read(core: Core, given: Operands) -> int:
    y = core.get(given["sum"]) if given["adds"] else [0] * core.vectors[given["sum"]]["length"]
    first = core.vectors[given["sum"]]["first"]
    for tile in tiles_of(given["tiles"]):
        array, rows, columns = core.tile(tile)
        for row in core.active(given["bits"], array, rows):
            for column in columns:
                y[column - first] += array.forward(row, column)
    core.put(given["sum"], [signed64(a) for a in y])
    return core.timing["read"]


@effect("readt", "readt.add")
def _readt(core: Core, given: Operands) -> int:
    y = core.get(given["sum"]) if given["adds"] else [0] * core.vectors[given["sum"]]["length"]
    first, left = core.vectors[given["sum"]]["first"], core.vectors[given["signs"]]["first"]
    e = core.get(given["signs"])
    for tile in tiles_of(given["tiles"]):
        array, rows, columns = core.tile(tile)
        for row in rows:
            if row < array.record["inputs"]:
                for column in columns:
                    y[row - first] += e[column - left] * array.backward(row, column)
    core.put(given["sum"], [signed64(a) for a in y])
    return core.timing["read"] if any(e) else 1


@effect("count")
def _count(core: Core, given: Operands) -> int:
    e, left = core.get(given["signs"]), core.vectors[given["signs"]]["first"]
    if not any(e):
        return 1
    cycles = 0
    for tile in tiles_of(given["tiles"]):
        array, rows, columns = core.tile(tile)
        active = core.active(given["bits"], array, rows)
        for row in active:
            for column in columns:
                counted = array.counters[row][column] + e[column - left]
                array.counters[row][column] = cells.signed32(counted)
        core.marked.mark(tile, active)
        cycles += len(active) * over(len(columns), core.timing["counter_lanes"])
    return max(1, cycles)


@effect("fetch")
def _fetch(core: Core, given: Operands) -> int:
    array, rows, columns = core.tile(given["tile"])
    line = array.counters[rows[given["row"]]]
    core.put(given["counts"], [line[column] for column in columns])
    return over(len(columns), core.timing["counter_lanes"])


@effect("place")
def _place(core: Core, given: Operands) -> int:
    array, rows, columns = core.tile(given["tile"])
    row = rows[given["row"]]
    for column, number in zip(columns, core.get(given["counts"]), strict=True):
        array.counters[row][column] = number
    core.marked.mark(given["tile"], [row])
    return over(len(columns), core.timing["counter_lanes"])


@effect("carry", "step")
def _check(core: Core, given: Operands) -> int:
    update, pulses, cycles = core.image.updates[given["update"]], 0, 0
    looked = core.marked.take(tiles_of(given["tiles"]))
    for tile in tiles_of(given["tiles"]):
        array, rows, columns = core.tile(tile)
        for row in rows:
            for column in columns:
                if array.style == "direct":
                    cells.step(array, update, row, column)
                else:
                    pulses += cells.carry(
                        array, update, core.image.tables, core.seed, core.check, row, column
                    )
        cycles += looked[tile] * over(len(columns), core.timing["counter_lanes"])
    if pulses:
        cycles += over(pulses, core.timing["pulse_lanes"]) * core.timing["pulse"]
    return max(1, cycles)


@effect("refresh")
def _refresh(core: Core, given: Operands) -> int:
    update = core.image.updates[given["update"]]
    if (core.check + 1) % update["every"]:
        return 1
    lines = 0
    for tile in tiles_of(given["tiles"]):
        array, rows, columns = core.tile(tile)
        lines += len(rows)
        for row in rows:
            for column in columns:
                cells.refresh(array, row, column)
    return core.timing["pulse"] * lines


# Messages; the core has waited and hands over the channel's end.


def message_cycles(core: Core, kind: int, elements: list[int]) -> int:
    """`send`: a header, and the payload unless it is all zero."""
    if not any(elements):
        return 1
    wide = kind == SUM and all(-(1 << 31) <= a < 1 << 31 for a in elements)
    bits = 32 if wide else BITS[kind]
    return 1 + over(bits * len(elements), core.timing["link_bits"])


def receive(core: Core, given: Operands, elements: list[int], adds: bool) -> int:
    """`receive`, `receive.add`: what a message does to its vector."""
    number = given["sum"] if adds else given["vector"]
    if adds:
        both = zip(core.get(number), elements, strict=True)
        elements = [signed64(a + b) for a, b in both]
    core.put(number, elements)
    return 1 + over(len(elements), core.timing["neuron_lanes"])

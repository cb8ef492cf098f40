"""Instructions of the units HOST and LINK, and counters that move: vectors change their place.

Each returns the cycles that its unit is busy.
"""

from __future__ import annotations

import numpy as np

from bsc_runtime.kernels.jit import inner, merged, wide
from bsc_runtime.kernels.layout import Array, Memory, Network
from bsc_runtime.kernels.vectors import prefetch_row
from bsc_runtime.machine.arrays import place_of, time_of
from bsc_runtime.machine.bits import copy_bits, get_bits, put_bits
from bsc_runtime.machine.durations import counters, message, neurons
from bsc_runtime.machine.durations import host as host_cycles
from bsc_runtime.machine.durations import labels as label_cycles
from bsc_runtime.machine.layout import (
    Channel,
    Event,
    Fabric,
    Host,
    Place,
    Reg,
    State,
    Store,
    Vec,
    Word,
)

BIT, SIGN, SUM, COUNT = wide(0), wide(1), wide(2), wide(5)
_LOW = np.uint64(0xFFFFFFFF)


@merged
def take_input(
    fabric: Fabric, state: State, store: Store, host: Host, pc: int, core: int, slot: int
) -> int:
    """`in`: a row of the host's words."""
    at = place_of(fabric, fabric.code[pc, Word.A], slot)
    at_input = state.registers[core, Reg.INPUT]
    row = host.order[at_input]
    # Samples come in random order: the memory is asked for a later one now.
    prefetch_row(host.data, host.order[min(at_input + 2, host.order.size - 1)])
    vec = fabric.code[pc, Word.A]
    size, width = fabric.vectors[vec, Vec.LENGTH], wide(1) if host.levels.size > 0 else wide(4)
    if fabric.vectors[vec, Vec.WHOLE] != 0:
        for k in range(host.data.shape[1]):
            store.levels[at + k] = host.data[row, k]
    else:  # a part of a row of words
        first = width * fabric.vectors[vec, Vec.OFFSET]
        to, given = store.levels[at:].view(np.uint8), host.data[row].view(np.uint8)
        for k in range(width * size):
            to[first + k] = given[k]
    state.registers[core, Reg.INPUT] += 1
    bits = 8 * width * size
    state.events[core, Event.INPUT_BITS] += bits
    return host_cycles(fabric.timing, bits)


@merged
def take_label(
    fabric: Fabric, state: State, store: Store, host: Host, pc: int, core: int, slot: int
) -> int:
    """`label`."""
    at_label = state.registers[core, Reg.LABEL]
    row = host.order[at_label]
    prefetch_row(host.labels, host.order[min(at_label + 2, host.order.size - 1)])
    size = fabric.vectors[fabric.code[pc, Word.A], Vec.LENGTH]
    at = place_of(fabric, fabric.code[pc, Word.A], slot)
    # Slices: indices that could be below 0 would keep the loop from being vectorised.
    labels, given = store.labels[at : at + size], host.labels[row]
    for j in range(size):
        labels[j] = given[j]
    state.registers[core, Reg.LABEL] = at_label + 1
    return label_cycles(fabric.timing, size)


@inner
def give_output(
    fabric: Fabric, state: State, store: Store, host: Host, pc: int, core: int, slot: int
) -> int:
    """`out`: sums, behind those that were given before."""
    size = fabric.vectors[fabric.code[pc, Word.A], Vec.LENGTH]
    at, out = place_of(fabric, fabric.code[pc, Word.A], slot), state.registers[core, Reg.OUTPUT]
    for j in range(size):
        host.out[core, out + j] = store.sums[at + j]
    state.registers[core, Reg.OUTPUT] += size
    state.events[core, Event.OUTPUT_BITS] += 64 * size
    return host_cycles(fabric.timing, 64 * size)


@inner
def to_backing(fabric: Fabric, state: State, store: Store, pc: int, core: int, slot: int) -> int:
    """`store`: a vector to backing memory."""
    vec = fabric.code[pc, Word.A]
    kind, size = fabric.vectors[vec, Vec.KIND], fabric.vectors[vec, Vec.LENGTH]
    at, address = place_of(fabric, fabric.code[pc, Word.A], slot), fabric.code[pc, Word.NUMBER]
    memory = store.backing[core]
    if kind == BIT:
        for k in range(0, size, 32):
            value = get_bits(store.bits, at + k, min(32, size - k))
            memory[address + (k >> 5)] = np.uint32(value)
        return host_cycles(fabric.timing, size)
    if kind == SIGN:
        for k in range(0, size, 16):
            packed = np.uint64(0)
            for j in range(min(16, size - k)):
                sign = store.signs[at + k + j]
                code = np.uint64(sign != 0) | np.uint64(sign < 0) << np.uint64(1)
                packed |= code << np.uint64(2 * j)
            memory[address + (k >> 4)] = np.uint32(packed)
        return host_cycles(fabric.timing, 2 * size)
    if kind == COUNT:
        for j in range(size):
            memory[address + j] = np.uint32(wide(store.counts[at + j]) & 0xFFFFFFFF)
        return host_cycles(fabric.timing, 32 * size)
    for j in range(size):
        value = np.uint64(wide(store.sums[at + j]))
        memory[address + 2 * j] = np.uint32(value & _LOW)
        memory[address + 2 * j + 1] = np.uint32(value >> np.uint64(32))
    return host_cycles(fabric.timing, 64 * size)


@inner
def from_backing(fabric: Fabric, state: State, store: Store, pc: int, core: int, slot: int) -> int:
    """`load`: a vector from backing memory."""
    vec = fabric.code[pc, Word.A]
    kind, size = fabric.vectors[vec, Vec.KIND], fabric.vectors[vec, Vec.LENGTH]
    at, address = place_of(fabric, fabric.code[pc, Word.A], slot), fabric.code[pc, Word.NUMBER]
    memory = store.backing[core]
    if kind == BIT:
        for k in range(0, size, 32):
            value = np.uint64(memory[address + (k >> 5)])
            put_bits(store.bits, at + k, min(32, size - k), value)
        return host_cycles(fabric.timing, size)
    if kind == COUNT:
        for j in range(size):
            store.counts[at + j] = np.int32(np.int64(memory[address + j]))
        return host_cycles(fabric.timing, 32 * size)
    state.flags[time_of(fabric, fabric.code[pc, Word.A], slot)] = 1
    if kind == SIGN:
        for j in range(size):
            code = wide(memory[address + (j >> 4)]) >> (2 * (j & 15))
            store.signs[at + j] = (code & 1) * (1 - (code & 2))
        return host_cycles(fabric.timing, 2 * size)
    for j in range(size):
        low = np.uint64(memory[address + 2 * j])
        high = np.uint64(memory[address + 2 * j + 1])
        store.sums[at + j] = np.int64(low | high << np.uint64(32))
    return host_cycles(fabric.timing, 64 * size)


@inner
def fetch(
    fabric: Fabric,
    store: Store,
    network: Network,
    memory: Memory,
    pc: int,
    slot: int,
) -> int:
    """`fetch`: counters of a word line."""
    tile = fabric.lists[fabric.code[pc, Word.LIST]]
    columns = fabric.places[tile, Place.COLUMNS]
    line = (
        network.arrays[tile, Array.COUNTERS]
        + fabric.code[pc, Word.NUMBER_1] * network.arrays[tile, Array.STRIDE]
    )
    at = place_of(fabric, fabric.code[pc, Word.A], slot)
    for j in range(columns):
        store.counts[at + j] = memory.counters[line + j]
    return counters(fabric.timing, 1, columns)


@inner
def put_counters(
    fabric: Fabric,
    store: Store,
    network: Network,
    memory: Memory,
    pc: int,
    slot: int,
) -> int:
    """`place`: counters of a word line become those of a vector."""
    tile = fabric.lists[fabric.code[pc, Word.LIST]]
    columns = fabric.places[tile, Place.COLUMNS]
    line = (
        network.arrays[tile, Array.COUNTERS]
        + fabric.code[pc, Word.NUMBER_1] * network.arrays[tile, Array.STRIDE]
    )
    at = place_of(fabric, fabric.code[pc, Word.A], slot)
    for j in range(columns):
        memory.counters[line + j] = store.counts[at + j]
    memory.touched[network.arrays[tile, Array.TOUCHED] + fabric.code[pc, Word.NUMBER_1]] = 1
    return counters(fabric.timing, 1, columns)


@merged
def copy(fabric: Fabric, state: State, store: Store, pc: int, slot: int) -> int:
    """`copy`: a vector of bits, signs or sums becomes another one."""
    vec = fabric.code[pc, Word.A]
    kind, size = fabric.vectors[vec, Vec.KIND], fabric.vectors[vec, Vec.LENGTH]
    at, source = (
        place_of(fabric, fabric.code[pc, Word.A], slot),
        place_of(fabric, fabric.code[pc, Word.B], slot),
    )
    if kind == BIT:
        copy_bits(store.bits, source, store.bits, at, size)
        return neurons(fabric.timing, size)
    if kind == SIGN:
        for j in range(size):
            store.signs[at + j] = store.signs[source + j]
    else:
        for j in range(size):
            store.sums[at + j] = store.sums[source + j]
    some = state.flags[time_of(fabric, fabric.code[pc, Word.B], slot)]
    own = time_of(fabric, fabric.code[pc, Word.A], slot)
    state.flags[own] = some if fabric.vectors[vec, Vec.WHOLE] != 0 else some | state.flags[own]
    return neurons(fabric.timing, size)


@inner
def send(
    fabric: Fabric,
    state: State,
    store: Store,
    pc: int,
    core: int,
    slot: int,
    ring: int,
) -> tuple[int, bool]:
    """`send`: a message into place `ring` of a channel; returns cycles, and whether it is full."""
    vec = fabric.code[pc, Word.A]
    kind, size = fabric.vectors[vec, Vec.KIND], fabric.vectors[vec, Vec.LENGTH]
    channel = fabric.code[pc, Word.NUMBER]
    at = place_of(fabric, fabric.code[pc, Word.A], slot)
    full = False
    bits = size
    if kind == BIT:
        to = state.channels[channel, Channel.BITS] + ring * state.channels[channel, Channel.STRIDE]
        full = copy_bits(store.bits, at, store.bits, to, size)
    elif kind == SIGN:
        to = state.channels[channel, Channel.SIGNS] + ring * state.channels[channel, Channel.STRIDE]
        sent, signs = store.signs[to : to + size], store.signs[at : at + size]
        for j in range(size):
            sent[j] = signs[j]
            full |= signs[j] != 0
        bits = 2 * size
    elif state.flags[time_of(fabric, fabric.code[pc, Word.A], slot)] == 0:
        to = state.channels[channel, Channel.SUMS] + ring * state.channels[channel, Channel.STRIDE]
        store.sums[to : to + size] = 0
    else:
        to = state.channels[channel, Channel.SUMS] + ring * state.channels[channel, Channel.STRIDE]
        broad = False
        for j in range(size):
            value = wide(store.sums[at + j])
            store.sums[to + j] = value
            full |= value != 0
            broad |= value != wide(np.int32(value))
        bits = (64 if broad else 32) * size
    state.events[core, Event.MESSAGES] += 1
    bits = bits if full else 0
    state.events[core, Event.MESSAGE_BITS] += bits
    return message(fabric.timing, bits), full


@inner
def receive(
    fabric: Fabric,
    state: State,
    store: Store,
    pc: int,
    slot: int,
    ring: int,
    full: bool,
    adds: bool,
) -> int:
    """`receive`, `receive.add`: the message in place `ring` of a channel."""
    vec = fabric.code[pc, Word.A]
    kind, size = fabric.vectors[vec, Vec.KIND], fabric.vectors[vec, Vec.LENGTH]
    channel = fabric.code[pc, Word.NUMBER]
    at = place_of(fabric, fabric.code[pc, Word.A], slot)
    own = time_of(fabric, fabric.code[pc, Word.A], slot)
    if kind == BIT:
        source = (
            state.channels[channel, Channel.BITS] + ring * state.channels[channel, Channel.STRIDE]
        )
        copy_bits(store.bits, source, store.bits, at, size)
    elif kind == SIGN:
        source = (
            state.channels[channel, Channel.SIGNS] + ring * state.channels[channel, Channel.STRIDE]
        )
        for j in range(size):
            store.signs[at + j] = store.signs[source + j]
    else:
        source = (
            state.channels[channel, Channel.SUMS] + ring * state.channels[channel, Channel.STRIDE]
        )
        if not adds:
            for j in range(size):
                store.sums[at + j] = store.sums[source + j]
        elif full:
            for j in range(size):
                store.sums[at + j] += store.sums[source + j]
    if kind != BIT:
        keeps = adds or fabric.vectors[vec, Vec.WHOLE] == 0
        state.flags[own] = (state.flags[own] | full) if keeps else full
    return 1 + neurons(fabric.timing, size)

"""The gate of errors and what it lets through: `sample.gate` and `sign`."""

from __future__ import annotations

import numpy as np

from bsc_runtime.kernels.jit import merged, wide
from bsc_runtime.kernels.layout import Int64, Memory, Run, Work
from bsc_runtime.kernels.philox import PURPOSE_D
from bsc_runtime.machine.arrays import place_of, time_of
from bsc_runtime.machine.bits import get_bits, put_dense
from bsc_runtime.machine.draws import draw_from, index_of, pass_of
from bsc_runtime.machine.durations import neurons as neuron_cycles
from bsc_runtime.machine.layout import Deferred, Event, Fabric, State, Store, Vec, Word


@merged
def gate(
    fabric: Fabric,
    state: State,
    store: Store,
    memory: Memory,
    work: Work,
    numbers: Int64,
    pc: int,
    core: int,
    slot: int,
) -> None:
    """The gate of `sample.gate`, beside what `sample` does.

    Most gates meet no error, and then nothing depends on their draws. Where only `sign` asks for a
    gate it is made when it does, from sums that are kept till then.
    """
    vector = fabric.code[pc, Word.B]
    size = fabric.vectors[vector, Vec.LENGTH]
    origin = place_of(fabric, fabric.code[pc, Word.C], slot)
    own = time_of(fabric, vector, slot)
    state.deferred[own, Deferred.SUMS] = origin
    state.deferred[own, Deferred.NEURON] = fabric.code[pc, Word.NUMBER]
    state.deferred[own, Deferred.INDEX] = index_of(state, core)
    state.deferred[own, Deferred.PASS] = pass_of(state, core)
    state.events[core, Event.COMPARISONS] += size
    state.events[core, Event.DRAWS] += size
    kept = fabric.code[pc, Word.DEFERRED]
    if kept >= 0:
        held = own - fabric.vectors[vector, Vec.TIME]
        kept += held * ((size + 63) & -64)
        held_sums, sums = store.sums[kept : kept + size], store.sums[origin : origin + size]
        for j in range(size):
            held_sums[j] = sums[j]
        state.deferred[own, Deferred.SUMS] = kept
        state.deferred[own, Deferred.WAITING] = 1
        return
    make_gate(fabric, state, store, memory, work, numbers, vector, slot)


@merged
def make_gate(
    fabric: Fabric,
    state: State,
    store: Store,
    memory: Memory,
    work: Work,
    numbers: Int64,
    vector: int,
    slot: int,
) -> None:
    """Bits of a gate, as `gate` has noted them."""
    size = fabric.vectors[vector, Vec.LENGTH]
    own = time_of(fabric, vector, slot)
    neuron = state.deferred[own, Deferred.NEURON]
    skipped = draw_from(
        work,
        fabric.vectors[vector, Vec.FIRST],
        size,
        PURPOSE_D | numbers[Run.MODE],
        fabric.neurons[neuron, 0],
        state.deferred[own, Deferred.INDEX],
        state.deferred[own, Deferred.PASS],
        numbers,
    )
    halves = work.words[0].view(np.uint16)[skipped : skipped + size]
    origin = state.deferred[own, Deferred.SUMS]
    y = store.sums[origin : origin + size]
    low = memory.tables[fabric.neurons[neuron, 2] :]
    high = memory.tables[fabric.neurons[neuron, 3] :]
    shift = np.uint64(numbers[Run.SHIFT])
    opens = store.dense[:size]
    for j in range(size):
        u = halves[j] >> shift
        opens[j] = (low[u] < y[j]) & (y[j] < high[u])
    put_dense(store.bits, place_of(fabric, vector, slot), store.dense, 0, size)
    state.deferred[own, Deferred.WAITING] = 0


@merged
def sign(
    fabric: Fabric,
    state: State,
    store: Store,
    memory: Memory,
    work: Work,
    numbers: Int64,
    pc: int,
    slot: int,
) -> int:
    """`sign`: signs of sums where the gate is open."""
    vec = fabric.code[pc, Word.A]
    size = fabric.vectors[vec, Vec.LENGTH]
    at = place_of(fabric, fabric.code[pc, Word.A], slot)
    e = store.signs[at : at + size]
    own = time_of(fabric, fabric.code[pc, Word.A], slot)
    if state.flags[time_of(fabric, fabric.code[pc, Word.B], slot)] == 0:
        e[:] = 0
        if fabric.vectors[vec, Vec.WHOLE] != 0:
            state.flags[own] = 0
        return wide(1)
    gated = fabric.code[pc, Word.C]
    if state.deferred[time_of(fabric, gated, slot), Deferred.WAITING] != 0:
        make_gate(fabric, state, store, memory, work, numbers, gated, slot)
    origin, bits = (
        place_of(fabric, fabric.code[pc, Word.B], slot),
        place_of(fabric, fabric.code[pc, Word.C], slot),
    )
    y = store.sums[origin : origin + size]
    some, driven = wide(0), wide(0)
    for k in range(0, size, 64):
        count = min(64, size - k)
        opened = get_bits(store.bits, bits + k, count)
        part, signs = y[k : k + count], e[k : k + count]
        for j in range(count):
            direction = wide(part[j] > 0) - wide(part[j] < 0)
            value = direction * (wide(opened >> np.uint64(j)) & 1)
            signs[j] = value
            driven |= direction
            some |= value
    kept = state.flags[own] if fabric.vectors[vec, Vec.WHOLE] == 0 else 0
    state.flags[own] = kept | (some != 0)
    return neuron_cycles(fabric.timing, size) if driven != 0 else wide(1)

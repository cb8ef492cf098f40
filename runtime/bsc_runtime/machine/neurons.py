"""Instructions of the units ENCODER and NEURON: what draws, compares, or works element-wise.

Each returns the cycles that its unit is busy.
"""

from __future__ import annotations

import numpy as np

from bsc_runtime.kernels.encode import draw_inputs, encoded_block
from bsc_runtime.kernels.jit import inner, merged, wide
from bsc_runtime.kernels.layout import Int64, Memory, Run, Work
from bsc_runtime.kernels.philox import (
    PURPOSE_ENCODE,
    PURPOSE_READOUT,
    PURPOSE_TARGET,
)
from bsc_runtime.kernels.readouts import readout_one
from bsc_runtime.machine.arrays import place_of, time_of
from bsc_runtime.machine.bits import Words, get_bits, get_dense, put_bits, put_dense
from bsc_runtime.machine.draws import draw_from, index_of, pass_of
from bsc_runtime.machine.durations import encode as encode_cycles
from bsc_runtime.machine.durations import neurons as neuron_cycles
from bsc_runtime.machine.durations import readout as readout_cycles
from bsc_runtime.machine.layout import Event, Fabric, Host, Reg, State, Store, Vec, Word

HALF = 32768
KIND_BIT = wide(0)


@merged
def encode(
    fabric: Fabric,
    state: State,
    store: Store,
    work: Work,
    host: Host,
    numbers: Int64,
    pc: int,
    core: int,
    slot: int,
) -> int:
    """`encode`: levels to bits, a draw for each level that is not 0."""
    vec = fabric.code[pc, Word.A]
    size, first = fabric.vectors[vec, Vec.LENGTH], fabric.vectors[vec, Vec.FIRST]
    at = place_of(fabric, fabric.code[pc, Word.A], slot)
    row = store.levels[place_of(fabric, fabric.code[pc, Word.B], slot) :]
    offset = fabric.vectors[fabric.code[pc, Word.B], Vec.OFFSET]
    purpose = PURPOSE_ENCODE | numbers[Run.MODE]
    layer, index, pass_ = fabric.code[pc, Word.NUMBER], index_of(state, core), pass_of(state, core)
    state.events[core, Event.ENCODED] += size
    if first == 0 and offset == 0:
        for k in range(0, size, 64):
            put_bits(store.bits, at + k, min(64, size - k), np.uint64(0))
        count = draw_inputs(
            row,
            host.levels,
            size,
            work.words[0],
            work.blocks[0],
            work.packed[0],
            purpose,
            layer,
            index,
            pass_,
            numbers,
        )
        for i in range(count):
            mask = encoded_block(work.words[0], work.packed[0], host.levels, i)
            eight = work.blocks[0, i] << 3
            put_bits(store.bits, at + eight, min(8, size - eight), mask)
        state.events[core, Event.DRAWS] += 8 * count
        return encode_cycles(fabric.timing, size)
    skipped = draw_from(work, first, size, purpose, layer, index, pass_, numbers)
    halves = work.words[0].view(np.uint16)
    for j in range(size):
        store.dense[j] = halves[skipped + j] < _level(row, host, offset + j)
    put_dense(store.bits, at, store.dense, 0, size)
    state.events[core, Event.DRAWS] += size
    return encode_cycles(fabric.timing, size)


@merged
def _level(row: Words, host: Host, element: int) -> int:
    """One level of a row of words."""
    if host.levels.size > 0:
        return wide(host.levels[row.view(np.uint8)[element]])
    return wide(row.view(np.int32)[element])


@inner
def encode_half(
    fabric: Fabric,
    state: State,
    store: Store,
    host: Host,
    pc: int,
    core: int,
    slot: int,
) -> int:
    """`encode.half`: levels above one half."""
    size = fabric.vectors[fabric.code[pc, Word.A], Vec.LENGTH]
    row = store.levels[place_of(fabric, fabric.code[pc, Word.B], slot) :]
    offset = fabric.vectors[fabric.code[pc, Word.B], Vec.OFFSET]
    for j in range(size):
        store.dense[j] = _level(row, host, offset + j) > HALF
    put_dense(store.bits, place_of(fabric, fabric.code[pc, Word.A], slot), store.dense, 0, size)
    state.events[core, Event.ENCODED] += size
    return encode_cycles(fabric.timing, size)


@merged
def sample(
    fabric: Fabric,
    state: State,
    store: Store,
    memory: Memory,
    work: Work,
    numbers: Int64,
    pc: int,
    core: int,
    slot: int,
    sums_at: int,
    purpose: int,
) -> int:
    """`sample`: comparators with drawn thresholds; sums of the vector operand `sums_at`.

    With the purpose of a readout it is `readout.logistic`.
    """
    vec = fabric.code[pc, Word.A]
    size = fabric.vectors[vec, Vec.LENGTH]
    neuron = fabric.code[pc, Word.NUMBER]
    index, pass_ = index_of(state, core), pass_of(state, core)
    skipped = draw_from(
        work,
        fabric.vectors[vec, Vec.FIRST],
        size,
        purpose | numbers[Run.MODE],
        fabric.neurons[neuron, 0],
        index,
        pass_,
        numbers,
    )
    halves = work.words[0].view(np.uint16)[skipped : skipped + size]
    origin = place_of(fabric, fabric.code[pc, sums_at], slot)
    y = store.sums[origin : origin + size]
    thresholds = memory.tables[fabric.neurons[neuron, 1] :]
    shift = np.uint64(numbers[Run.SHIFT])
    reads = state.registers[core, Reg.READS]
    fires = store.dense[:size]
    if reads == 1:
        for j in range(size):
            fires[j] = y[j] > thresholds[halves[j] >> shift]
    else:
        for j in range(size):
            fires[j] = y[j] > reads * wide(thresholds[halves[j] >> shift])
    put_dense(store.bits, place_of(fabric, fabric.code[pc, Word.A], slot), store.dense, 0, size)
    state.events[core, Event.COMPARISONS] += size
    state.events[core, Event.DRAWS] += size
    state.events[core, Event.READOUTS] += size if purpose == PURPOSE_READOUT else 0
    return neuron_cycles(fabric.timing, size)


@inner
def sample_half(fabric: Fabric, state: State, store: Store, pc: int, core: int, slot: int) -> int:
    """`sample.half`: comparators at one half."""
    size = fabric.vectors[fabric.code[pc, Word.A], Vec.LENGTH]
    origin = place_of(fabric, fabric.code[pc, Word.B], slot)
    half = fabric.neurons[fabric.code[pc, Word.NUMBER], 4]
    for j in range(size):
        store.dense[j] = store.sums[origin + j] > half
    put_dense(store.bits, place_of(fabric, fabric.code[pc, Word.A], slot), store.dense, 0, size)
    state.events[core, Event.COMPARISONS] += size
    return neuron_cycles(fabric.timing, size)


@merged
def readout(
    fabric: Fabric,
    state: State,
    store: Store,
    memory: Memory,
    work: Work,
    numbers: Int64,
    pc: int,
    core: int,
    slot: int,
) -> int:
    """`readout`: classes with their softmax probabilities; the vector begins at class 0."""
    size = fabric.vectors[fabric.code[pc, Word.A], Vec.LENGTH]
    record = fabric.code[pc, Word.NUMBER]
    readout_one(
        store.sums,
        place_of(fabric, fabric.code[pc, Word.B], slot),
        memory.tables[fabric.readouts[record, 1] :],
        fabric.readouts[record, 2],
        state.registers[core, Reg.READS],
        store.dense[:size],
        work.words[0],
        work.blocks[0],
        work.ascending,
        PURPOSE_READOUT | numbers[Run.MODE],
        fabric.readouts[record, 0],
        index_of(state, core),
        pass_of(state, core),
        numbers,
    )
    put_dense(store.bits, place_of(fabric, fabric.code[pc, Word.A], slot), store.dense, 0, size)
    state.events[core, Event.READOUTS] += size
    state.events[core, Event.DRAWS] += size
    return readout_cycles(fabric.timing, size)


@merged
def error(fabric: Fabric, state: State, store: Store, pc: int, slot: int) -> int:
    """`error`: bits less the label."""
    vec = fabric.code[pc, Word.A]
    size = fabric.vectors[vec, Vec.LENGTH]
    at, bits = (
        place_of(fabric, fabric.code[pc, Word.A], slot),
        place_of(fabric, fabric.code[pc, Word.B], slot),
    )
    get_dense(store.bits, bits, store.signs, at, size)
    label = (
        wide(store.labels[place_of(fabric, fabric.code[pc, Word.C], slot)])
        - fabric.vectors[vec, Vec.FIRST]
    )
    if 0 <= label < size:
        store.signs[at + label] -= 1
    errors, some = store.signs[at : at + size], 0
    for j in range(size):
        some |= errors[j] != 0
    own = time_of(fabric, fabric.code[pc, Word.A], slot)
    state.flags[own] = some if fabric.vectors[vec, Vec.WHOLE] != 0 else some | state.flags[own]
    return neuron_cycles(fabric.timing, size)


@merged
def error_target(
    fabric: Fabric,
    state: State,
    store: Store,
    work: Work,
    numbers: Int64,
    pc: int,
    core: int,
    slot: int,
) -> int:
    """`error.target`: bits less drawn targets."""
    vec = fabric.code[pc, Word.A]
    size = fabric.vectors[vec, Vec.LENGTH]
    skipped = draw_from(
        work,
        fabric.vectors[fabric.code[pc, Word.B], Vec.FIRST],
        size,
        PURPOSE_TARGET | numbers[Run.MODE],
        fabric.neurons[fabric.code[pc, Word.NUMBER], 0],
        index_of(state, core),
        pass_of(state, core),
        numbers,
    )
    halves = work.words[0].view(np.uint16)[skipped : skipped + size]
    at, bits, label = (
        place_of(fabric, fabric.code[pc, Word.A], slot),
        place_of(fabric, fabric.code[pc, Word.B], slot),
        place_of(fabric, fabric.code[pc, Word.C], slot),
    )
    get_dense(store.bits, bits, store.signs, at, size)
    errors, wanted = store.signs[at : at + size], store.labels[label : label + size]
    some = 0
    for j in range(size):
        errors[j] -= np.int8(np.int32(halves[j]) < wanted[j])
        some |= errors[j] != 0
    own = time_of(fabric, fabric.code[pc, Word.A], slot)
    state.flags[own] = some if fabric.vectors[vec, Vec.WHOLE] != 0 else some | state.flags[own]
    state.events[core, Event.DRAWS] += size
    return neuron_cycles(fabric.timing, size)


@merged
def clear(fabric: Fabric, state: State, store: Store, pc: int, slot: int) -> int:
    """`clear`: sums become 0."""
    vec = fabric.code[pc, Word.A]
    at = place_of(fabric, fabric.code[pc, Word.A], slot)
    store.sums[at : at + fabric.vectors[vec, Vec.LENGTH]] = 0
    if fabric.vectors[vec, Vec.WHOLE] != 0:
        state.flags[time_of(fabric, fabric.code[pc, Word.A], slot)] = 0
    return neuron_cycles(fabric.timing, fabric.vectors[vec, Vec.LENGTH])


@merged
def add(fabric: Fabric, state: State, store: Store, pc: int, slot: int) -> int:
    """`add`: sums plus sums or bits."""
    size = fabric.vectors[fabric.code[pc, Word.A], Vec.LENGTH]
    at, term = (
        place_of(fabric, fabric.code[pc, Word.A], slot),
        place_of(fabric, fabric.code[pc, Word.B], slot),
    )
    if fabric.vectors[fabric.code[pc, Word.B], Vec.KIND] == KIND_BIT:
        for j in range(size):
            store.sums[at + j] += wide(get_bits(store.bits, term + j, 1))
    else:
        sums, terms = store.sums[at : at + size], store.sums[term : term + size]
        for j in range(size):
            sums[j] += terms[j]
    state.flags[time_of(fabric, fabric.code[pc, Word.A], slot)] = 1
    return neuron_cycles(fabric.timing, size)

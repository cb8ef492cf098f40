"""Registers, vector memories and scratch of a machine, made new."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind, Unit, VectorKind
from bsc.numerics.state import CellStyle, ChipState
from bsc_runtime.kernels.layout import Int64, Work
from bsc_runtime.machine.cells import blank_array
from bsc_runtime.machine.decode import Sizes, Tables
from bsc_runtime.machine.host import Registers
from bsc_runtime.machine.layout import (
    Control,
    Deferred,
    Event,
    Host,
    Loop,
    Message,
    Reg,
    State,
    Store,
    Trace,
    Vec,
)
from bsc_runtime.sim.memory import aligned_zeros

_DEEPEST = 9
"""Frames of the loop stack, one more than loops inside each other."""


def make_state(
    image: Image,
    tables: Tables,
    kind: EntryKind,
    given: Registers,
    breaks: npt.NDArray[np.uint8],
    trace_rows: int,
) -> State:
    """Registers of all cores at the start of a run."""
    cores = len(image.cores)
    rows = np.zeros((cores, len(Reg)), np.int64)
    for core in range(cores):
        rows[core, Reg.PC] = tables.starts[core] + image.start(kind, core)
    for name, value in given.counts().items():
        rows[:, Reg[name.upper()]] = value
    rows[:, Reg.BASE], rows[:, Reg.CHECK], rows[:, Reg.ROW] = given.first, given.check, -1
    messages = np.zeros((len(tables.channels) * image.chip.channel_depth, len(Message)), np.int64)
    messages[:, Message.ROW] = -1
    times = np.zeros((tables.sizes.times, 4), np.int64)
    times[:, 2:] = -1
    return State(
        registers=rows,
        stack=np.zeros((cores, _DEEPEST, len(Loop)), np.int64),
        units=np.zeros((cores, len(Unit)), np.int64),
        busy=np.zeros((cores, len(Unit)), np.int64),
        unit_rows=np.full((cores, len(Unit)), -1, np.int64),
        queued=np.zeros((cores, len(Unit), image.timing.queue, 2), np.int64),
        issued=np.zeros((cores, len(Unit)), np.int64),
        times=times,
        flags=np.ones(tables.sizes.times, np.int8),
        deferred=np.zeros((tables.sizes.times, len(Deferred)), np.int64),
        channels=tables.channels.copy(),
        messages=messages,
        events=np.zeros((cores, len(Event)), np.int64),
        executed=np.zeros(256, np.int64),
        breaks=breaks,
        trace=np.zeros((trace_rows, len(Trace)), np.int64),
        control=np.zeros(len(Control), np.int64),
    )


def make_store(sizes: Sizes, kind: type, backing: npt.NDArray[np.uint32]) -> Store:
    """Vector memories, with sums of that type."""
    return Store(
        bits=np.zeros(sizes.bits, np.uint64),
        signs=aligned_zeros(sizes.signs, np.int8),
        sums=aligned_zeros(sizes.sums, kind),
        levels=np.zeros(sizes.levels, np.uint64),
        labels=np.zeros(sizes.labels, np.int32),
        counts=np.zeros(sizes.counts, np.int32),
        backing=backing,
        dense=np.zeros(sizes.longest + 192, np.int8),
        errors=np.zeros(sizes.columns + 128, np.int8),
    )


def make_scratch(sizes: Sizes) -> Work:
    """What kernels need beside; one worker."""
    elements = max(sizes.longest, sizes.columns) + 32
    size = (elements + 7) // 8 * 8 + 8
    listed = max(sizes.lines, sizes.longest) + 72
    none: Int64 = np.zeros((1, 1), np.int64)
    return Work(
        sums=np.zeros(1, np.int32),
        lists=np.zeros(3 * listed, np.int32),
        lengths=np.zeros((1, 1, 2), np.int32),
        dense=np.zeros(1, np.int8),
        live=np.zeros((1, 1), np.int32),
        words=np.zeros((1, 4 * size), np.uint32),
        blocks=np.zeros((1, 4 * size), np.int64),
        packed=np.zeros((1, 4 * size), np.uint64),
        ascending=np.arange(size, dtype=np.int64),
        gate=np.zeros(8, np.int64),
        pulses=none,
        dirty=np.ones((1, 1), np.uint8),
    )


def blank_state(image: Image) -> ChipState:
    """Cells, counters and references of 0."""
    return ChipState([blank_array(array) for array in image.arrays])


def check_state(image: Image, state: ChipState) -> None:
    """The state fits the image's arrays; cells are checked where they are loaded.

    Raises:
        ValueError: it does not.
    """
    if len(state.arrays) != len(image.arrays):
        raise ValueError(f"{len(state.arrays)} arrays of cells for {len(image.arrays)} arrays")
    for array, held in zip(image.arrays, state.arrays, strict=True):
        shape = (array.rows, array.columns)
        if held.style is not array.style or held.counters.shape != shape:
            raise ValueError(f"array {array.name}: cells of another style or shape")
        if (held.row_reference is None) is (held.style is CellStyle.REFERENCE):
            raise ValueError(f"array {array.name}: its references do not fit its style")


def elements(store: Store, host: Host, vec: Int64, slot: int) -> npt.NDArray[np.int64]:
    """Elements of a vector's slot; `vec` is its row of `Fabric.vectors`."""
    at = int(vec[Vec.BASE] + slot % vec[Vec.SLOTS] * vec[Vec.STRIDE])
    size = int(vec[Vec.LENGTH])
    found: npt.NDArray[Any]
    match VectorKind(int(vec[Vec.KIND])):
        case VectorKind.BIT:
            places = np.arange(at, at + size, dtype=np.uint64)
            words = store.bits[(places >> np.uint64(6)).astype(np.int64)]
            found = words >> (places & np.uint64(63)) & np.uint64(1)
        case VectorKind.SIGN:
            found = store.signs[at : at + size]
        case VectorKind.SUM:
            found = store.sums[at : at + size]
        case VectorKind.LEVEL:
            first = int(vec[Vec.OFFSET])
            row = store.levels[at : at + 4 * -(-(first + size) // 8)]
            if host.levels.size:
                found = host.levels[row.view(np.uint8)[first : first + size]]
            else:
                found = row.view(np.int32)[first : first + size]
        case VectorKind.LABEL:
            found = store.labels[at : at + size]
        case VectorKind.COUNT:
            found = store.counts[at : at + size]
    return found.astype(np.int64)

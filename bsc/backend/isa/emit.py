"""A program to an image: tables, records, code of all cores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bsc.backend.isa.core import CoreCode
from bsc.backend.isa.generate import write_entry
from bsc.backend.isa.lower import CoreVectors, Names, words_of
from bsc.backend.isa.network import Network, ReadSteps, network_of
from bsc.backend.isa.placement import Placement, place
from bsc.diag import fail
from bsc.hw.digest import target_digest
from bsc.hw.spec import TargetSpec
from bsc.isa.header import ITEMS_MAX
from bsc.isa.image import Core, Image, Table
from bsc.isa.kinds import EntryKind, VectorKind
from bsc.isa.records import (
    NONE_16,
    ChipLimits,
    Entry,
    LogicalArray,
    Neuron,
    Origin,
    Readout,
    SectionKind,
    TilePlace,
    Timing,
    Update,
)
from bsc.numerics.state import ChipState
from bsc.program.model import Program
from bsc.program.verifier import verify_program
from bsc.tiling.plan import Step, StepOp


@dataclass(frozen=True, slots=True)
class Emitted:
    """An image, and what was decided on the way.

    Attributes:
        image: without a state.
        remarks: placement, what does not overlap and why.
    """

    image: Image
    remarks: tuple[str, ...]


def emit_image(program: Program) -> Emitted:
    """The image of a program for as many cores as its target has.

    Raises:
        DiagnosticError: BSC5250 where vectors do not fit a core's memories, or where there are
            more records than a word can name; BSC5257 where steps have no code.
    """
    verify_program(program)
    network = network_of(program)
    chip = program.target.chip
    placement = place(network, chip.cores, program.target.timing, program.plan.batch)
    store = _Records(program, network)
    for section, count in (
        (SectionKind.NEURONS, len(store.neurons)),
        (SectionKind.READOUTS, len(store.readouts)),
        (SectionKind.UPDATES, len(store.updates)),
    ):
        _verify_nameable(program.target, "the program", section, count)
    wanted = {EntryKind.TRAIN: network.trains, EntryKind.VOTE: network.votes}
    kinds = [kind for kind in EntryKind if wanted.get(kind, True)]
    flight = chip.samples_in_flight
    while True:
        made = [
            _core(program, network, placement, core, flight, store, kinds)
            for core in range(chip.cores)
        ]
        problem = _overfull(program.target, made)
        if problem is None:
            break
        if flight == 1:
            raise fail(
                "BSC5250",
                f"{problem} do not fit a core of {program.target.name}",
                help="a target's [chip] says how large a core's memories are; more cores hold more",
            )
        flight = max(1, flight // 2)
    image = Image(
        target=bytes.fromhex(target_digest(program.target)),
        chip=_limits(program),
        timing=Timing(**program.target.timing.model_dump()),
        arrays=store.arrays,
        neurons=store.neurons,
        readouts=store.readouts,
        updates=store.updates,
        tables=store.tables,
        cores=tuple(core for core, _, _ in made),
        entries=tuple(
            sorted((e for _, entries, _ in made for e in entries), key=lambda e: (e.kind, e.core))
        ),
    )
    remarks = [f"isa: {text}" for text in placement.remarks]
    remarks += _overlaps(program, network, placement, flight)
    return Emitted(image, tuple(remarks))


def with_state(image: Image, state: ChipState) -> Image:
    """The image with cells, counters and clocks of a chip whose arrays it has."""
    arrays = tuple(
        replace(array, wear=int(held.wear is not None))
        for array, held in zip(image.arrays, state.arrays, strict=True)
    )
    return replace(image, arrays=arrays, state=state)


class _Records:
    """What instructions name by number, the same for all cores."""

    def __init__(self, program: Program, network: Network) -> None:
        array_names, read_names = Names(), Names()
        self._program = program
        self._tables: dict[bytes, int] = {}
        self._made: list[Table] = []
        self._table_names = Names()
        self.arrays = tuple(
            LogicalArray(
                array_names.of(array.spec.name),
                array.spec.layer,
                program.style_of(array.index),
                array.spec.rows,
                array.spec.inputs,
                array.spec.columns,
                array.spec.scale,
            )
            for array in network.arrays
        )
        self.neuron_numbers: dict[int, int] = {}
        self.readout_numbers: dict[int, int] = {}
        self.update_numbers: dict[tuple[int, int], int] = {}
        neurons: list[Neuron] = []
        readouts: list[Readout] = []
        for read in network.reads:
            name = read_names.of(read.name)
            if read.readout is not None and read.readout.op is StepOp.READOUT:
                self.readout_numbers[read.index] = len(readouts)
                readouts.append(self._readout(name, read.readout))
            elif read.sample is not None or read.readout is not None:
                self.neuron_numbers[read.index] = len(neurons)
                neurons.append(self._neuron(name, read))
        self.neurons, self.readouts = tuple(neurons), tuple(readouts)
        self.updates = tuple(self._updates(network))
        self.tables = tuple(self._made)

    def _neuron(self, name: str, read: ReadSteps) -> Neuron:
        sample, gate = read.sample or read.readout, read.derivative
        if sample is None:
            raise ValueError(f"{read.name} has no neuron")
        return Neuron(
            name,
            sample.layer,
            self._table(sample.table("threshold")),
            NONE_16 if gate is None else self._table(gate.table("low")),
            NONE_16 if gate is None else self._table(gate.table("high")),
            0 if read.sample is None else sample.number("binary"),
        )

    def _readout(self, name: str, step: Step) -> Readout:
        softmax = self._table(step.table("softmax"))
        return Readout(name, step.layer, softmax, step.number("reciprocal"))

    def _updates(self, network: Network) -> Iterable[Update]:
        made: list[Update] = []
        names = Names()
        for array, record in zip(network.arrays, self.arrays, strict=True):
            for place_, step in enumerate(array.updates):
                numbers = dict(step.numbers)
                named = {role: self._table(name) for role, name in step.tables}
                self.update_numbers[array.index, place_] = len(made)
                made.append(Update(names.of(record.name), array.spec.layer, **numbers, **named))
        return made

    def _table(self, name: str) -> int:
        """Number of a table; equal ones are kept once."""
        values = np.ascontiguousarray(self._program.tables[name], np.int32)
        key = values.tobytes()
        if key not in self._tables:
            self._tables[key] = len(self._made)
            self._made.append(Table(self._table_names.of(name), values))
        return self._tables[key]


def _limits(program: Program) -> ChipLimits:
    chip = program.target.chip
    memories = chip.model_dump(exclude={"cores", "samples_in_flight", "clock_hertz"})
    return ChipLimits(
        noise_bits=program.target.periphery.noise_bits, batch=program.plan.batch, **memories
    )


_Made = tuple[Core, tuple[Entry, ...], Mapping[VectorKind, int]]


def _core(
    program: Program,
    network: Network,
    placement: Placement,
    core: int,
    flight: int,
    store: _Records,
    kinds: Sequence[EntryKind],
) -> _Made:
    """Code, entries and memory used of one core."""
    written = CoreCode(
        network,
        placement,
        core,
        flight,
        store.update_numbers,
        store.neuron_numbers,
        store.readout_numbers,
    )
    shares = [placement.share(number, core) for number in written.arrays]
    tiles = tuple(
        TilePlace(
            share.array,
            tile.index,
            tile.row_start,
            tile.row_stop,
            tile.column_start,
            tile.column_stop,
        )
        for share in shares
        for tile in share.tiles
    )
    _verify_nameable(program.target, f"core {core}", SectionKind.TILES, len(tiles))
    vectors = CoreVectors()
    words: list[int] = []
    entries: list[Entry] = []
    origins: list[Origin] = []
    used: dict[VectorKind, int] = {}
    for kind in kinds:
        code = write_entry(written, kind)
        entries.append(Entry(kind, core, len(words)))
        numbers, needed = vectors.add(code)
        count = len(vectors.records)
        _verify_nameable(program.target, f"core {core}", SectionKind.VECTORS, count)
        for memory, elements in needed.items():
            used[memory] = max(used.get(memory, 0), elements)
        for item in code.items:
            if not origins or origins[-1].text != item.origin:
                origins.append(Origin(len(words), item.origin))
            words += words_of(item, numbers)
    return Core(tuple(words), tuple(vectors.records), tiles, tuple(origins)), tuple(entries), used


def _verify_nameable(target: TargetSpec, who: str, section: SectionKind, count: int) -> None:
    """Words have fields of a fixed width for numbers of records."""
    if count > ITEMS_MAX[section]:
        what = f"{count:,} {section.name.lower()}, words name {ITEMS_MAX[section]:,} at most"
        share = "more cores, which share them, or " if who != "the program" else ""
        help = f"take {share}fewer layers, or layers of fewer tiles"
        raise fail("BSC5250", f"{who} for {target.name} has {what}", help=help)


def _overfull(target: TargetSpec, made: Sequence[_Made]) -> str | None:
    """Which memory is too small, in words."""
    for core, (_, _, used) in enumerate(made):
        for kind, elements in used.items():
            room = (
                target.chip.bits,
                target.chip.signs,
                target.chip.sums,
                target.chip.levels,
                target.chip.labels,
                target.chip.counts,
            )[kind]
            if elements > room:
                what = f"{kind.name.lower()} vectors"
                return f"core {core}: {elements:,} elements of {what} (it has {room:,})"
    return None


def _overlaps(program: Program, network: Network, placement: Placement, flight: int) -> list[str]:
    """What works side by side and what does not."""
    asked = program.target.chip.samples_in_flight
    found = [
        f"isa: {flight} samples in flight; inputs, sums and messages are double-buffered: the "
        "units of a core work on neighbouring samples side by side"
    ]
    if flight < asked:
        found.append(
            f"isa: only {flight} of {asked} samples are in flight, because more do not fit the "
            "core's memories"
        )
    for core in range(placement.cores):
        arrays = placement.arrays_of(core)
        own = [read for read in network.reads if read.array in arrays]
        if len(own) > 1:
            names = ", ".join(read.spec.name for read in own)
            found.append(
                f"isa: core {core} reads {names} one after the other for each block of samples: it "
                "has one array unit; more cores read them at a time"
            )
    if program.training:
        found.append(
            "isa: pulses are not overlapped with the reads of the next batch, which must see the "
            "cells that they leave; nor a block's way back with the next block's way forward, "
            "because both need the array unit"
        )
    return found

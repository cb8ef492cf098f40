"""A program to an image: tables, records, code of all cores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bsc.backend.isa.chain import LayerSteps, chain_of, encode_step
from bsc.backend.isa.generate import CoreGenerator
from bsc.backend.isa.lower import CoreVectors, Names, words_of
from bsc.backend.isa.placement import Placement, place
from bsc.diag import fail
from bsc.hw.digest import target_digest
from bsc.hw.plan import Rule
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
from bsc.numerics.state import CellStyle, ChipState
from bsc.program.model import Program
from bsc.program.verifier import verify_program


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
            more records than a word can name.
    """
    verify_program(program)
    layers = chain_of(program)
    chip = program.target.chip
    placement = place(layers, chip.cores, program.target.timing, program.plan.batch)
    store = _Records(program, layers)
    for section, count in (
        (SectionKind.NEURONS, len(store.neurons)),
        (SectionKind.UPDATES, len(store.updates)),
    ):
        _verify_nameable(program.target, "the program", section, count)
    kinds = [EntryKind.INFER, EntryKind.BINARY]
    if program.training:
        kinds = [EntryKind.TRAIN, EntryKind.INFER, EntryKind.VOTE, EntryKind.BINARY]
    flight = chip.samples_in_flight
    while True:
        made = [
            _core(program, layers, placement, core, flight, store, kinds)
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
    remarks += _overlaps(program, layers, placement, flight)
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

    def __init__(self, program: Program, layers: Sequence[LayerSteps]) -> None:
        names = Names()
        self.layer_names = [names.of(layer.spec.name) for layer in layers]
        self._program = program
        self._tables: dict[bytes, int] = {}
        self._made: list[Table] = []
        self._table_names = Names()
        style = CellStyle.DIRECT if program.plan.rule is Rule.SGD else program.target.device.style
        self.arrays = tuple(
            LogicalArray(
                name,
                layer.spec.layer,
                style,
                layer.spec.rows,
                layer.spec.inputs,
                layer.spec.columns,
                layer.spec.scale,
            )
            for name, layer in zip(self.layer_names, layers, strict=True)
        )
        self.neurons = tuple(self._neuron(i, layer) for i, layer in enumerate(layers[:-1]))
        self.readouts = self._readout(len(layers) - 1, layers[-1])
        self.update_numbers: dict[tuple[int, int], int] = {}
        self.updates = tuple(self._updates(layers))
        self.tables = tuple(self._made)

    def _neuron(self, number: int, layer: LayerSteps) -> Neuron:
        sample, gate = layer.sample, layer.derivative
        if sample is None:
            raise ValueError(f"layer {layer.spec.name} has no neuron")
        return Neuron(
            self.layer_names[number],
            sample.layer,
            self._table(sample.table("threshold")),
            NONE_16 if gate is None else self._table(gate.table("low")),
            NONE_16 if gate is None else self._table(gate.table("high")),
            sample.number("binary"),
        )

    def _readout(self, number: int, layer: LayerSteps) -> tuple[Readout, ...]:
        step = layer.readout
        if step is None:
            return ()
        softmax = self._table(step.table("softmax"))
        return (Readout(self.layer_names[number], step.layer, softmax, step.number("reciprocal")),)

    def _updates(self, layers: Sequence[LayerSteps]) -> Iterable[Update]:
        made: list[Update] = []
        names = Names()
        for number, layer in enumerate(layers):
            for place_, step in enumerate(layer.updates):
                numbers = dict(step.numbers)
                named = {role: self._table(name) for role, name in step.tables}
                self.update_numbers[number, place_] = len(made)
                made.append(
                    Update(names.of(self.layer_names[number]), layer.spec.layer, **numbers, **named)
                )
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
    layers: Sequence[LayerSteps],
    placement: Placement,
    core: int,
    flight: int,
    store: _Records,
    kinds: Sequence[EntryKind],
) -> _Made:
    """Code, entries and memory used of one core."""
    generator = CoreGenerator(
        layers, placement, core, flight, store.update_numbers, encode_step(program).layer
    )
    shares = [placement.share(number, core) for number in placement.layers_of(core)]
    tiles = tuple(
        TilePlace(
            share.layer,
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
        code = generator.write(kind)
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


def _overlaps(
    program: Program, layers: Sequence[LayerSteps], placement: Placement, flight: int
) -> list[str]:
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
        own = placement.layers_of(core)
        if len(own) > 1:
            names = ", ".join(layers[n].spec.name for n in own)
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

"""Programs of networks of reads, made by hand: for tests of executors without the compiler.

The steps are those of docs/semantics.md, section 1, in the plainest order that it allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bsc.hw.device import pulse_tables
from bsc.hw.plan import Readout, Rule, TrainPlan
from bsc.hw.registry import resolve
from bsc.hw.spec import Periphery
from bsc.ir.graph import Array
from bsc.numerics import neuron_tables, tables
from bsc.numerics.state import CellStyle
from bsc.program.model import CompileOptions, InputSpec, Program
from bsc.testing.networks import dense_network
from bsc.tiling.plan import (
    ArraySpec,
    Buffer,
    BufferKind,
    Head,
    ReadSpec,
    Step,
    StepOp,
    Tile,
)

LOGISTIC = (4.0,)


@dataclass(frozen=True, slots=True)
class Place:
    """A read: which array, and whose bits one behind the other (`x0` an input, `z0` a read)."""

    array: int
    sources: tuple[str, ...]


@dataclass(slots=True)
class _Maker:
    program: Program
    places: Sequence[Place]
    buffers: list[Buffer] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    update: list[Step] = field(default_factory=list)
    tables: dict[str, Array] = field(default_factory=dict)
    bits: dict[str, int] = field(default_factory=dict)  # of inputs and neurons
    fed: list[int] = field(default_factory=list)  # bits that each read takes
    sums: list[int] = field(default_factory=list)

    def buffer(self, name: str, kind: BufferKind, size: int) -> int:
        self.buffers.append(Buffer(name, kind, size))
        return len(self.buffers) - 1

    def table(self, name: str, values: Array) -> str:
        self.tables[name] = values
        return name

    def tiles(self, array: int) -> tuple[int, ...]:
        return tuple(t.index for t in self.program.tiles if t.array == array)

    def size(self, source: str) -> int:
        number = int(source[1:])
        if source.startswith("x"):
            return self.program.inputs[number].size
        return self.program.arrays[self.places[number].array].columns

    def forward(self) -> None:
        noise_bits = self.program.target.periphery.noise_bits
        used = {source for place in self.places for source in place.sources}
        for number, each in enumerate(self.program.inputs):
            self.bits[f"x{number}"] = self.buffer(f"x{number}", BufferKind.BIT, each.size)
            self.steps.append(Step(StepOp.ENCODE, self.bits[f"x{number}"], layer=number))
        for number, place in enumerate(self.places):
            parts = tuple(self.bits[s] for s in place.sources)
            fed = parts[0]
            if len(parts) > 1:
                size = sum(self.size(s) for s in place.sources)
                fed = self.buffer(f"fed{number}", BufferKind.BIT, size)
                self.steps.append(Step(StepOp.CONCAT, fed, parts))
            self.fed.append(fed)
            spec = self.program.arrays[place.array]
            y = self.buffer(f"y{number}", BufferKind.SUM, spec.columns)
            self.sums.append(y)
            self.steps.append(
                Step(StepOp.READ, y, (fed,), place.array, tiles=self.tiles(place.array))
            )
            if f"z{number}" not in used:
                continue
            z = self.bits[f"z{number}"] = self.buffer(f"z{number}", BufferKind.BIT, spec.columns)
            values = neuron_tables.neuron("logistic", LOGISTIC, spec.scale, noise_bits=noise_bits)
            name = self.table(f"T{spec.scale}", values)
            binary = neuron_tables.binary_threshold("logistic", LOGISTIC, spec.scale)
            self.steps.append(
                Step(
                    StepOp.SAMPLE,
                    z,
                    (y,),
                    layer=number,
                    tables=(("threshold", name),),
                    numbers=(("binary", binary),),
                )
            )

    def errors(self) -> dict[int, int]:
        """Readouts and errors of the heads; the error buffer of each head's read."""
        noise_bits = self.program.target.periphery.noise_bits
        found: dict[int, int] = {}
        for head, start in zip(self.program.heads, self.program.target_starts, strict=True):
            if head.readout is Readout.NONE:
                continue
            read, spec = head.read, self.program.arrays[self.places[head.read].array]
            y, target = (self.sums[read],), (("target", start),)
            o = self.buffer(f"o{read}", BufferKind.BIT, head.columns)
            found[read] = e = self.buffer(f"e{read}", BufferKind.SIGN, head.columns)
            if head.readout is Readout.SOFTMAX:
                name = self.table("E", tables.softmax())
                reciprocal = (("reciprocal", tables.softmax_reciprocal(spec.scale)),)
                self.steps += [
                    Step(
                        StepOp.READOUT,
                        o,
                        y,
                        layer=read,
                        tables=(("softmax", name),),
                        numbers=reciprocal,
                    ),
                    Step(StepOp.ERROR, e, (o,), numbers=target),
                ]
                continue
            values = neuron_tables.neuron("logistic", LOGISTIC, spec.scale, noise_bits=noise_bits)
            name = self.table(f"T{spec.scale}", values)
            self.steps += [
                Step(StepOp.LOGISTIC, o, y, layer=read, tables=(("threshold", name),)),
                Step(StepOp.TARGET_ERROR, e, (o,), layer=read, numbers=target),
            ]
        return found

    def backward(self) -> None:
        errors = self.errors()
        parts: dict[int, list[tuple[int, int]]] = {}  # of each read's neurons: sums, where
        for number in reversed(range(len(self.places))):
            place = self.places[number]
            spec = self.program.arrays[place.array]
            if number in parts:
                errors[number] = self.hidden_error(number, parts[number])
            if number not in errors:
                continue
            if not self.program.frozen(place.array):
                self.steps.append(
                    Step(
                        StepOp.COUNT,
                        -1,
                        (self.fed[number], errors[number]),
                        place.array,
                        tiles=self.tiles(place.array),
                    )
                )
            if not any(self.moves(source) for source in place.sources):
                continue
            back = self.buffer(f"back{number}", BufferKind.SUM, spec.inputs)
            self.steps.append(
                Step(
                    StepOp.READ_TRANSPOSED,
                    back,
                    (errors[number],),
                    place.array,
                    tiles=self.tiles(place.array),
                )
            )
            start = 0
            for source in place.sources:
                if self.moves(source):
                    parts.setdefault(int(source[1:]), []).append((back, start))
                start += self.size(source)

    def moves(self, source: str) -> bool:
        """Whether an error of these bits would move any weight."""
        if source.startswith("x"):
            return False
        place = self.places[int(source[1:])]
        return not self.program.frozen(place.array) or any(map(self.moves, place.sources))

    def hidden_error(self, number: int, parts: list[tuple[int, int]]) -> int:
        spec = self.program.arrays[self.places[number].array]
        total = parts[0][0]
        if len(parts) > 1 or self.buffers[total].size != spec.columns:
            total = self.buffer(f"total{number}", BufferKind.SUM, spec.columns)
            starts = tuple((f"start_{k}", start) for k, (_, start) in enumerate(parts))
            self.steps.append(
                Step(StepOp.ADD, total, tuple(back for back, _ in parts), numbers=starts)
            )
        low, high = neuron_tables.derivative(
            "logistic",
            LOGISTIC,
            spec.scale,
            noise_bits=self.program.target.periphery.noise_bits,
        )
        names = (
            ("low", self.table(f"lo{spec.scale}", low)),
            ("high", self.table(f"hi{spec.scale}", high)),
        )
        d = self.buffer(f"d{number}", BufferKind.BIT, spec.columns)
        e = self.buffer(f"e{number}", BufferKind.SIGN, spec.columns)
        self.steps += [
            Step(StepOp.DERIVATIVE, d, (self.sums[number],), layer=number, tables=names),
            Step(StepOp.SIGN, e, (total, d)),
        ]
        return e

    def updates(self) -> None:
        program = self.program
        for array, spec in enumerate(program.arrays):
            if not any(s.op is StepOp.COUNT and s.array == array for s in self.steps):
                continue
            layer, tiles = program.plan.layer(spec.name), self.tiles(array)
            if program.plan.rule is Rule.SGD:
                rate = (("rate", round(program.plan.eta * (1 << 24) / program.plan.batch)),)
                self.update.append(Step(StepOp.SGD_STEP, array=array, numbers=rate, tiles=tiles))
                continue
            device = program.device_of(array)
            made = pulse_tables(device)
            numbers = (
                ("threshold", layer.threshold or program.plan.threshold),
                ("pulses", layer.pulses or program.plan.pulses),
            )
            self.update.append(
                Step(
                    StepOp.CARRY,
                    array=array,
                    layer=spec.layer,
                    tables=tuple((k, self.table(f"{device.name}.{k}", v)) for k, v in made.items()),
                    numbers=numbers,
                    tiles=tiles,
                )
            )
            pair = device.style in (CellStyle.PAIR_DOWN, CellStyle.PAIR_UP)
            if pair and program.plan.refresh_every:
                every = (("every", program.plan.refresh_every),)
                self.update.append(Step(StepOp.REFRESH, array=array, numbers=every, tiles=tiles))


def hand_made(
    inputs: Sequence[int],
    columns: Sequence[int],
    places: Sequence[Place],
    heads: Sequence[tuple[int, Readout]],
    *,
    target: str = "oxram-512",
    plan: TrainPlan | None = None,
    bias_lines: Sequence[int] = (),
    noise_bits: int = 12,
    scale: int = 16383,
) -> Program:
    """A program of a network of reads with logistic neurons, each array on one tile.

    Args:
        inputs: elements of each input.
        columns: bit lines of each array.
        places: the reads, in topological order; an array's first place says how many inputs.
        heads: reads that answer, and how.
        target: its device, unless the plan says another one for a layer; tiles are of any size.
        plan: how it trains; arrays are named `a0`, `a1`, ...
        bias_lines: of each array, one where nothing is said.
        noise_bits: of the comparators.
        scale: S of every array.
    """
    chip = resolve(target).model_copy(update={"periphery": Periphery(noise_bits=noise_bits)})
    plan = TrainPlan() if plan is None else plan

    def size(source: str) -> int:
        number = int(source[1:])
        return inputs[number] if source.startswith("x") else columns[places[number].array]

    arrays = []
    for number, width in enumerate(columns):
        first = next(place for place in places if place.array == number)
        rows = sum(size(source) for source in first.sources)
        lines = bias_lines[number] if bias_lines else 1
        arrays.append(ArraySpec(f"a{number}", number, rows, lines, width, scale))
    plain = {read for read, readout in heads if readout is not Readout.LOGISTIC}
    reads = tuple(
        ReadSpec(f"r{i}", place.array)
        if i in plain
        else ReadSpec(f"r{i}", place.array, function="logistic", function_parameters=LOGISTIC)
        for i, place in enumerate(places)
    )
    graph = dense_network((2, 2))
    program = Program(
        name="hand-made",
        source=graph,
        tail=graph,
        inputs=tuple(InputSpec(f"x{i}", (size,), size) for i, size in enumerate(inputs)),
        options=CompileOptions(weights="random"),
        plan=plan,
        target=chip,
        arrays=tuple(arrays),
        reads=reads,
        heads=tuple(
            Head(read, columns[places[read].array], readout, (f"r{read}",))
            for read, readout in heads
        ),
        tiles=tuple(Tile(i, i, 0, 0, 0, a.rows, 0, a.columns) for i, a in enumerate(arrays)),
        buffers=(),
        inference=(),
        training=(),
        update=(),
        tables={},
    )
    maker = _Maker(program, places)
    maker.forward()
    inference = tuple(maker.steps)
    maker.backward()
    maker.updates()
    training = tuple(maker.steps) if len(maker.steps) > len(inference) else ()
    return replace(
        program,
        buffers=tuple(maker.buffers),
        inference=inference,
        training=training,
        update=tuple(maker.update),
        tables={k: np.asarray(v) for k, v in maker.tables.items()},
        untrainable="" if training else "no head has a readout",
    )

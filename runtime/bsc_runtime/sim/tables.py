"""A Program's steps, buffers and arrays as the integer tables that kernels interpret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bsc.numerics.state import CODE_MAX, CellStyle
from bsc.program.model import Program
from bsc.tiling.plan import ArraySpec, BufferKind, StepOp
from bsc.tiling.plan import Step as ProgramStep
from bsc_runtime.kernels.layout import Array, Buffer, Op, Step
from bsc_runtime.sim.memory import Layout, padded
from bsc_runtime.sim.rows import blocks_of

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

_OPS = {op: Op[op.name] for op in StepOp}
_LISTED = (StepOp.ENCODE, StepOp.SAMPLE, StepOp.CONCAT)  # bits kept as lists of set elements
_DENSE = (StepOp.DERIVATIVE, StepOp.READOUT, StepOp.LOGISTIC)  # bits kept as one byte an element
_READOUTS = (StepOp.READOUT, StepOp.LOGISTIC)
_ERRORS = (StepOp.ERROR, StepOp.TARGET_ERROR)
_BYTES_HELD = 32 << 20


@dataclass(slots=True)
class TableStore:
    """The program's tables one after the other, in 32 bits."""

    tables: Mapping[str, npt.NDArray[np.generic]]
    parts: list[Int32Array] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def offset(self, name: str, entries: int) -> int:
        """Where a table starts; it is added when it is first asked for."""
        if name not in self.offsets:
            table = np.asarray(self.tables[name]).astype(np.int64)
            limits = np.iinfo(np.int32)
            if table.min() < limits.min or table.max() > limits.max:
                raise ValueError(f"table {name} does not fit 32 bits")
            self.offsets[name] = self.size
            self.parts.append(table.astype(np.int32))
            self.size += table.size
        if np.size(self.tables[name]) != entries:
            raise ValueError(f"table {name} must have {entries} entries")
        return self.offsets[name]

    def joined(self) -> Int32Array:
        """All of them; at least one entry, for programs without tables."""
        return np.concatenate([*self.parts, np.zeros(1, np.int32)])


@dataclass(slots=True)
class Vectors:
    """Where the vectors of samples in work are kept.

    Attributes:
        buffers: int64 [buffers, len(Buffer)], the kernels' table.
        slots: samples held at a time.
        sums: elements of `Work.sums`.
        lists: elements of `Work.lists`.
        dense: elements of `Work.dense`.
        widest: elements of the longest vector.
    """

    buffers: Int64Array
    slots: int
    sums: int = 0
    lists: int = 0
    dense: int = 0
    widest: int = 0


def vectors(program: Program, steps: Sequence[ProgramStep], slots: int, least: int) -> Vectors:
    """Lay out the buffers that the steps use, for at most `slots` and at least `least` samples."""
    producers = {step.target: step.op for step in steps if step.target >= 0}
    targets = [step.target for step in steps if step.target >= 0]
    if len(targets) != len(set(targets)):
        raise ValueError("two steps write the same buffer")
    rows: dict[int, list[int]] = {}
    for index, op in producers.items():
        rows[index] = _vector(program, steps, index, op)
    held = sum(4 * r[0] + 4 * r[1] + r[2] for r in rows.values())
    slots = max(least, min(slots, _BYTES_HELD // max(1, held)))
    result = Vectors(np.full((len(program.buffers), len(Buffer)), -1, np.int64), slots)
    for index, (sums, lists, dense, listed, bias) in rows.items():
        row = result.buffers[index]
        row[Buffer.SIZE] = program.buffers[index].size
        row[Buffer.LISTED], row[Buffer.BIAS] = listed, bias
        if sums:
            row[Buffer.SUMS], row[Buffer.SUMS_STRIDE] = result.sums, sums
            result.sums += sums * slots
        if lists:
            row[Buffer.LIST], row[Buffer.LIST_STRIDE] = result.lists, lists
            result.lists += lists * slots
        if dense:
            row[Buffer.DENSE], row[Buffer.DENSE_STRIDE] = result.dense, dense
            result.dense += dense * slots
        result.widest = max(result.widest, program.buffers[index].size)
    return result


def _vector(program: Program, steps: Sequence[ProgramStep], index: int, op: StepOp) -> list[int]:
    """Elements a sample needs as sums, as lists and dense; whether listed; bias lines."""
    size = program.buffers[index].size
    readers = [s for s in steps if index in s.sources]
    counted = [s for s in readers if s.op in (StepOp.READ, StepOp.COUNT)]
    joined = sum(s.op is StepOp.CONCAT for s in readers)
    match program.buffers[index].kind:
        case BufferKind.SUM:
            return [padded(size), 0, 0, 0, 0]
        case BufferKind.SIGN:
            listed = op in _ERRORS or any(s.op is StepOp.READ_TRANSPOSED for s in readers)
            # Eight more than the elements: branch-free lists store before they know.
            return [0, 2 * (size + 8) if listed else 0, padded(size), int(listed), 0]
        case BufferKind.BIT if op in _LISTED:
            if len(counted) + joined != len(readers):
                raise ValueError(f"buffer {program.buffers[index].name} is read and gates")
            bias = max((program.arrays[s.array].bias_lines for s in counted), default=0)
            return [0, size + bias + 8, 0, 0, bias]
        case BufferKind.BIT if op in _DENSE and not counted and not joined:
            return [0, 0, padded(size), 0, 0]
    raise ValueError(f"step {op} cannot write buffer {program.buffers[index].name}")


def step_table(program: Program, steps: Sequence[ProgramStep], store: TableStore) -> Int64Array:
    """Steps as rows of `Network.steps` or `Network.update`."""
    rows = [row for step in steps for row in _rows(program, step, store)]
    errors = [i for i, row in enumerate(rows) if row[Step.OP] in (Op.ERROR, Op.TARGET_ERROR)]
    for number, i in enumerate(errors):
        rows[i][Step.NUMBER_1] = errors[number - 1] if number else -1
        rows[i][Step.LAST] = int(i == errors[-1])
    return _table(rows)


def inference_table(program: Program, store: TableStore) -> Int64Array:
    """Steps of inference as its kernel takes them.

    A row for each READ, behind those that make its bits, and a row for each head.
    """
    makers: dict[int, list[Int64Array]] = {}  # of each buffer of bits, in order
    made: set[int] = set()
    rows: list[Int64Array] = []
    sums: list[int] = []
    for step in program.inference:
        own = _rows(program, step, store)
        if step.op is not StepOp.READ:
            needed = [row for s in step.sources if s in makers for row in makers[s]]
            makers[step.target] = _once([*needed, *own])
            continue
        for row in makers[step.sources[0]]:
            rows.append(row.copy())
            rows[-1][Step.AGAIN] = int(row[Step.TARGET] in made)
        made |= {int(row[Step.TARGET]) for row in makers[step.sources[0]]}
        own[0][Step.NUMBER] = len(makers[step.sources[0]])
        rows += own
        sums.append(step.target)
    for head in program.heads:
        rows.append(_answer(program, sums[head.read], store))
    return _table(rows)


def _once(rows: Sequence[Int64Array]) -> list[Int64Array]:
    """Each row where it stands first: a part may be joined to itself."""
    return list({id(row): row for row in rows}.values())


def _answer(program: Program, sums: int, store: TableStore) -> Int64Array:
    """What is done with a head's sums: the readout of training, if there is one."""
    for step in program.training:
        if step.op in _READOUTS and step.sources == (sums,):
            return _rows(program, step, store)[0]
    row = np.full(len(Step), -1, np.int64)
    row[Step.OP], row[Step.SOURCE] = Op.ANSWER, sums
    return row


def _table(rows: Sequence[Int64Array]) -> Int64Array:
    return np.stack(rows) if rows else np.zeros((0, len(Step)), np.int64)


def _rows(program: Program, step: ProgramStep, store: TableStore) -> list[Int64Array]:
    """A step as a row, or as one for each of its sources."""
    row = np.full(len(Step), -1, np.int64)
    row[Step.OP], row[Step.TARGET], row[Step.ARRAY] = _OPS[step.op], step.target, step.array
    row[Step.LAYER] = step.layer
    if step.op in (StepOp.CONCAT, StepOp.ADD):
        return _parts(program, step, row)
    for column, source in zip((Step.SOURCE, Step.GATE), step.sources, strict=False):
        row[column] = source
    _tables_and_numbers(program, step, row, store)
    return [row]


def _parts(program: Program, step: ProgramStep, row: Int64Array) -> list[Int64Array]:
    rows: list[Int64Array] = []
    start = 0
    for number, source in enumerate(step.sources):
        part = row.copy()
        part[Step.SOURCE] = source
        part[Step.FIRST] = int(number == 0)
        part[Step.LAST] = int(number == len(step.sources) - 1)
        rows.append(part)
        joined = step.op is StepOp.CONCAT
        part[Step.NUMBER] = start if joined else step.number(f"start_{number}")
        start += program.buffers[source].size
    return rows


def _tables_and_numbers(
    program: Program, step: ProgramStep, row: Int64Array, store: TableStore
) -> None:
    levels = 1 << program.target.periphery.noise_bits
    match step.op:
        case StepOp.ENCODE:
            row[Step.NUMBER] = blocks_of([each.size for each in program.inputs])[step.layer]
        case StepOp.ERROR | StepOp.TARGET_ERROR:
            row[Step.NUMBER] = step.number("target")
        case StepOp.LOGISTIC:
            row[Step.TABLE] = store.offset(step.table("threshold"), levels)
        case StepOp.SAMPLE:
            row[Step.TABLE] = store.offset(step.table("threshold"), levels)
            row[Step.NUMBER] = step.number("binary")
        case StepOp.DERIVATIVE:
            row[Step.TABLE] = store.offset(step.table("low"), levels)
            row[Step.TABLE_1] = store.offset(step.table("high"), levels)
        case StepOp.READOUT:
            row[Step.TABLE] = store.offset(step.table("softmax"), 4096)
            row[Step.NUMBER] = step.number("reciprocal")
        case StepOp.CARRY:
            row[Step.NUMBER], row[Step.NUMBER_1] = step.number("threshold"), step.number("pulses")
            _pulse_tables(step, row, store)
            if program.style_of(step.array) is not CellStyle.REFERENCE:
                row[Step.EVEN_UP] = row[Step.EVEN_DOWN] = -1  # one plane of cells, see fire_even
        case StepOp.SGD_STEP:
            row[Step.NUMBER] = step.number("rate")
        case StepOp.REFRESH:
            row[Step.NUMBER] = step.number("every")
        case _:
            pass


def _pulse_tables(step: ProgramStep, row: Int64Array, store: TableStore) -> None:
    given = dict(step.tables)
    even: dict[str, int] = {}
    for way, steps, noise in (
        ("up", Step.TABLE, Step.TABLE_2),
        ("down", Step.TABLE_1, Step.TABLE_3),
    ):
        if (name := given.get(f"step_{way}")) is None:
            continue
        row[steps] = store.offset(name, CODE_MAX + 1)
        if (noise_name := given.get(f"noise_{way}")) is not None:
            row[noise] = store.offset(noise_name, 4096)
            continue
        changes = np.asarray(store.tables[name]).astype(np.int64)
        if np.all(changes == changes[0]) and changes[0] & 0xFF == 0:
            even[way] = abs(int(changes[0])) >> 8
    if len(even) == 2:
        row[Step.EVEN_UP], row[Step.EVEN_DOWN] = even["up"], even["down"]


def array_table(arrays: Sequence[ArraySpec], layout: Layout) -> Int64Array:
    """Arrays as rows of `Network.arrays`."""
    table = np.full((len(arrays), len(Array)), -1, np.int64)
    for row, spec, place in zip(table, arrays, layout.places, strict=True):
        row[Array.ROWS], row[Array.COLUMNS] = spec.rows, spec.columns
        row[Array.INPUTS], row[Array.LAYER] = spec.inputs, spec.layer
        row[Array.STRIDE], row[Array.TRANSPOSED_STRIDE] = place.stride, place.transposed_stride
        row[Array.FORWARD], row[Array.PLUS], row[Array.MINUS] = (
            place.forward,
            place.plus,
            place.minus,
        )
        row[Array.TRANSPOSED], row[Array.MASTERS] = place.transposed, place.masters
        row[Array.COUNTERS], row[Array.WEAR] = place.counters, place.wear
        row[Array.TOUCHED] = place.touched
        row[Array.ROW_REFERENCE], row[Array.COLUMN_REFERENCE] = (
            place.row_reference,
            place.column_reference,
        )
        row[Array.PAIR_DOWN] = int(place.style is CellStyle.PAIR_DOWN)
        row[Array.CELL], row[Array.LINE] = 0, spec.columns
    return table

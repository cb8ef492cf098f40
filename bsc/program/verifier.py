"""The program's rules: everything that executors rely on without looking again.

Kernels index buffers, tables and cells unchecked, and program files come from anywhere; so whatever
they index by is checked here, and all problems are reported together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bsc.diag import Sink, Span
from bsc.hw.plan import Readout
from bsc.ir.types import Encoding, Stage
from bsc.ir.verifier import problems
from bsc.numerics import functions
from bsc.numerics.cells import PULSES_MAX
from bsc.numerics.errors import NumericsError
from bsc.numerics.table_rules import SUM_LINES
from bsc.ops import OPS
from bsc.program.flow_rules import FlowChecker
from bsc.program.model import InputSpec, Program
from bsc.program.state_rules import check_state
from bsc.program.table_rules import check_table
from bsc.tiling.plan import ArraySpec, Head, ReadSpec, Tile


def verify_program(program: Program, source: str | None = None) -> None:
    """Check every rule of a program.

    Args:
        program: the program.
        source: what diagnostics call it; None for its name.

    Raises:
        DiagnosticError: lists all broken rules.
    """
    checker = _Checker(program, source or f"<program {program.name}>")
    checker.run()
    checker.sink.raise_if_errors()


class _Checker:
    def __init__(self, program: Program, source: str) -> None:
        self.program = program
        self.source = source
        self.sink = Sink()

    def wrong(self, path: str, message: str) -> None:
        self.sink.add("BSC5010", message, at=Span(self.source, path=path))

    def run(self) -> None:
        program = self.program
        self.plan()
        self.inputs()
        self.arrays()
        self.reads()
        if self.sink.errors:
            return  # what follows divides by sizes and indexes by arrays
        self.tiles()
        self.buffers()
        for name, table in program.tables.items():
            check_table(name, table, self.wrong)
        if "levels" not in program.tables:
            self.wrong("tables", "the encoder's table `levels` is missing")
        FlowChecker(program, self.wrong).run()
        self.graphs()
        if program.state is not None:
            check_state(program.state, program, self.wrong)

    def plan(self) -> None:
        plan = self.program.plan
        limits = {
            "batch": (plan.batch, 1, 2**31 - 1),
            "threshold": (plan.threshold, 1, 2**31 - 1),
            "pulses": (plan.pulses, 1, PULSES_MAX),
            "refresh_every": (plan.refresh_every, 0, 2**31 - 1),
        }
        for name, (value, least, most) in limits.items():
            if not least <= value <= most:
                self.wrong("plan", f"{name} is {value}, expected {least} to {most}")
        if not (math.isfinite(plan.eta) and plan.eta > 0):
            self.wrong("plan", f"eta is {plan.eta}, expected a positive number")
        options = self.program.options
        for name, asked in (("epochs", options.epochs), ("seed", options.seed)):
            if asked is not None and not 0 <= asked < 1 << 64:
                self.wrong("options", f"{name} is {asked}, expected 0 to 2^64 - 1")

    def inputs(self) -> None:
        if not self.program.inputs:
            self.wrong("inputs", "the program has no input")
        names = [spec.name for spec in self.program.inputs]
        if len(set(names)) != len(names) or not all(names):
            self.wrong("inputs", f"names must differ and not be empty: {names}")
        for spec in self.program.inputs:
            self._input(f"input {spec.name}", spec)

    def _input(self, path: str, spec: InputSpec) -> None:
        if any(extent < 0 for extent in spec.shape) or math.prod(spec.shape) != spec.size:
            self.wrong(path, f"shape {list(spec.shape)} has not {spec.size} elements")
            return
        for name, values in (("low", spec.low), ("high", spec.high)):
            if len(values) not in (1, spec.size):
                self.wrong(path, f"{name} has {len(values)} numbers, expected 1 or {spec.size}")
                return
        low, high = np.asarray(spec.low, np.float64), np.asarray(spec.high, np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            widths = high - low
        if not (np.isfinite(widths).all() and (low < high).all()):
            self.wrong(path, "low must be below high for each element, by a finite width")

    def arrays(self) -> None:
        arrays = self.program.arrays
        if not arrays:
            self.wrong("arrays", "the program has no array")
            return
        names = [array.name for array in arrays]
        if len(set(names)) != len(names) or not all(names):
            self.wrong("arrays", f"names must differ and not be empty: {names}")
        for index, array in enumerate(arrays):
            for message in _array(index, array):
                self.wrong(f"array {index}", message)

    def reads(self) -> None:
        program = self.program
        names = [read.name for read in program.reads]
        if len(set(names)) != len(names) or not all(names):
            self.wrong("reads", f"names must differ and not be empty: {names}")
        first = list(dict.fromkeys(read.array for read in program.reads))
        if first != list(range(len(program.arrays))):
            self.wrong("reads", f"first reads are of arrays {first}, expected all, in order")
            return
        for index, read in enumerate(program.reads):
            for message in _read(read):
                self.wrong(f"read {index}", message)
        places = [head.read for head in program.heads]
        inside = all(0 <= place < len(program.reads) for place in places)
        if not places or places != sorted(set(places)) or not inside:
            self.wrong("heads", f"reads {places}, expected some of the reads, ascending")
            return
        outputs = [name for head in program.heads for name in head.outputs]
        if len(set(outputs)) != len(outputs) or not all(head.outputs for head in program.heads):
            self.wrong("heads", f"each needs outputs of its own: {outputs}")
        hidden = [
            i for i, r in enumerate(program.reads) if i not in places and r.function == "none"
        ]
        for index in hidden:
            self.wrong(f"read {index}", "a neuron follows, but no function is given")
        for head in program.heads:
            self._head(head)

    def _head(self, head: Head) -> None:
        program = self.program
        path = f"head of read {head.read}"
        read = program.reads[head.read]
        columns = program.arrays[read.array].columns
        if head.columns != columns:
            self.wrong(path, f"{head.columns} columns, its array has {columns}")
        if head.classes and len(head.classes) < columns:
            self.wrong(path, f"{len(head.classes)} labels for {columns} outputs")
        function = "logistic" if head.readout is Readout.LOGISTIC else "none"
        if read.function != function:
            self.wrong(path, f"its function is {read.function}, expected {function}")

    def tiles(self) -> None:
        program = self.program
        placed: dict[int, list[Tile]] = {}
        for place, tile in enumerate(program.tiles):
            if tile.index != place:
                self.wrong(f"tile {place}", f"its index is {tile.index}")
            if not 0 <= tile.array < len(program.arrays):
                self.wrong(f"tile {place}", f"there is no array {tile.array}")
            placed.setdefault(tile.array, []).append(tile)
        most = (program.target.array.rows, program.target.array.columns)
        for index, array in enumerate(program.arrays):
            for message in _cover(array, placed.get(index, []), *most):
                self.wrong(f"array {index}", message)

    def buffers(self) -> None:
        names = [buffer.name for buffer in self.program.buffers]
        if len(set(names)) != len(names):
            self.wrong("buffers", "two buffers have the same name")
        for index, buffer in enumerate(self.program.buffers):
            if not 1 <= buffer.size < 2**31:
                self.wrong(f"buffer {index}", f"{buffer.size} elements, expected 1 to 2**31 - 1")

    def graphs(self) -> None:
        program = self.program
        for member, graph in (("source", program.source), ("tail", program.tail)):
            if graph.stage is not Stage.SOURCE:
                self.wrong(member, f"the graph stands at stage {graph.stage}, expected source")
            for problem in problems(graph, OPS):
                self.wrong(member, problem.message)
        names = tuple(spec.name for spec in program.inputs)
        if names != program.source.inputs:
            self.wrong("source", f"its inputs are {program.source.inputs}, the program's {names}")
        for message in _tail_inputs(program):
            self.wrong("tail", message)


def _array(index: int, array: ArraySpec) -> list[str]:
    found: list[str] = []
    if array.layer != index:
        found.append(f"its layer is {array.layer}")
    if array.inputs < 1 or array.columns < 1 or array.bias_lines < 0:
        found.append(
            f"{array.inputs} inputs, {array.bias_lines} bias lines, {array.columns} columns"
        )
    if max(array.rows, array.columns) > SUM_LINES:
        lines = max(array.rows, array.columns)
        found.append(f"sums over {lines} lines may exceed 32 bits (at most {SUM_LINES} lines)")
    if not 1 <= array.scale <= 2**24:
        found.append(f"scale is {array.scale}, expected 1 to 2**24")
    return found


def _read(read: ReadSpec) -> list[str]:
    found: list[str] = []
    if not (math.isfinite(read.gain) and read.gain > 0):
        found.append(f"gain is {read.gain}, expected a positive number")
    if read.function != "none":
        try:
            functions.validate(read.function, read.function_parameters)
            functions.validate_range(read.gain, read.low, read.high)
        except NumericsError as error:
            found.append(str(error))
    return found


def _cover(array: ArraySpec, tiles: Sequence[Tile], rows: int, columns: int) -> list[str]:
    """Whether tiles form a grid that covers each cell once: the same cuts in every row and column.

    Tiles that stand in one row of the grid share their word lines, those in one column their bit
    lines, and the cuts follow each other from 0 to the end; so no cell is left out or taken twice.
    """
    found: list[str] = []
    for tile in tiles:
        height, width = tile.row_stop - tile.row_start, tile.column_stop - tile.column_start
        if not (1 <= height <= rows and 1 <= width <= columns):
            found.append(
                f"tile {tile.index} is {height} x {width}, the target's {rows} x {columns}"
            )
    row_cuts = {tile.row: (tile.row_start, tile.row_stop) for tile in tiles}
    column_cuts = {tile.column: (tile.column_start, tile.column_stop) for tile in tiles}
    agree = all(
        row_cuts[t.row] == (t.row_start, t.row_stop)
        and column_cuts[t.column] == (t.column_start, t.column_stop)
        for t in tiles
    )
    each_once = len({(t.row, t.column) for t in tiles}) == len(tiles)
    whole = len(tiles) == len(row_cuts) * len(column_cuts)
    joined = _joined(row_cuts, array.rows) and _joined(column_cuts, array.columns)
    if not (agree and each_once and whole and joined):
        found.append(f"its tiles do not cover {array.rows} x {array.columns} cells once each")
    return found


def _joined(cuts: dict[int, tuple[int, int]], extent: int) -> bool:
    """Whether cuts 0, 1, ... follow each other from 0 to the extent."""
    place = 0
    for number in range(len(cuts)):
        start, stop = cuts.get(number, (-1, -1))
        if start != place or stop <= start:
            return False
        place = stop
    return place == extent


def _tail_inputs(program: Program) -> list[str]:
    widths = {f"{read.name}.y": program.arrays[read.array].columns for read in program.reads}
    found: list[str] = []
    for name in program.tail.inputs:
        given = program.tail.types.get(name)
        if name not in widths:
            found.append(f"no read gives the graph's input {name!r}")
        elif given is not None and (
            given.encoding is not Encoding.F32
            or len(given.shape) != 2
            or given.shape[1] != widths[name]
        ):
            found.append(f"input {name!r} is {given}, expected f32[N, {widths[name]}]")
    return found

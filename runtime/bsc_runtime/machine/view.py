"""What can be seen of a machine: registers, vectors, results, times, events, cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bsc.diag import fail
from bsc.isa.image import Image
from bsc.isa.instructions import BY_OPCODE
from bsc.isa.kinds import Register, Unit
from bsc.isa.words import decode_word
from bsc.numerics.state import ArrayState
from bsc_runtime.machine.cells import Cells
from bsc_runtime.machine.decode import Tables
from bsc_runtime.machine.layout import (
    Control,
    Deferred,
    Event,
    Host,
    Int64,
    Reg,
    State,
    Status,
    Stop,
    Store,
    Trace,
    Vec,
)
from bsc_runtime.machine.memories import elements
from bsc_runtime.machine.trace import TraceRow


class View:
    """The part of a `Machine` that changes nothing."""

    image: Image
    _tables: Tables
    _cells: Cells
    _store: Store
    _host: Host
    _backing: npt.NDArray[np.uint32]
    _rows: list[Int64]
    _state: State | None
    _stop: Stop

    @property
    def running(self) -> bool:
        """Whether a run has been started and not ended."""
        return self._state is not None and self._stop is not Stop.DONE

    @property
    def cycles(self) -> int:
        """Cycles of the run so far: when the last unit of the last core is free."""
        return int(self._running().units.max(initial=0))

    def registers(self, core: int) -> dict[str, int]:
        """Registers of a core by name; `pc` is the address of its next word."""
        row = self._running().registers[self._core(core)]
        names = {r.name.lower(): int(row[Reg[r.name]]) for r in Register}
        counters = {n.lower(): int(row[Reg[n]]) for n in ("SLOT", "REPEAT", "READ", "POSITION")}
        clocks = {"base": int(row[Reg.BASE]), "check": int(row[Reg.CHECK])}
        pc = int(row[Reg.PC]) - self._tables.starts[core]
        return {"pc": pc, **names, **counters, **clocks}

    def halted(self, core: int) -> bool:
        """Whether a core is done."""
        return int(self._running().registers[core, Reg.STATUS]) == Status.HALTED

    def vector(self, core: int, name: str, slot: int | None = None) -> npt.NDArray[np.int64]:
        """Elements of a vector: of the present slot, or of another."""
        names = [v.name for v in self.image.cores[self._core(core)].vectors]
        if name not in names:
            raise fail("BSC5252", f"core {core} has no vector {name!r}")
        vec = self._tables.fabric.vectors[self._tables.first_vectors[core] + names.index(name)]
        at_slot = int(self._running().registers[core, Reg.SLOT]) if slot is None else slot
        own = int(vec[Vec.TIME] + at_slot % vec[Vec.SLOTS])
        if self._running().deferred[own, Deferred.WAITING]:
            raise fail("BSC5252", f"{name} is not made yet: the machine has deferred=True")
        return elements(self._store, self._host, vec, at_slot)

    def output(self, core: int) -> npt.NDArray[np.int64]:
        """The output stream of a core so far, a row for each `out` where all are alike long."""
        given = self._host.out[self._core(core), : int(self._running().registers[core, Reg.OUTPUT])]
        widths = {
            self.image.cores[core].vectors[decoded.operands["sum"]].length
            for decoded in map(decode_word, self.image.cores[core].code)
            if decoded.name == "out"
        }
        return given.reshape(-1, widths.pop()).copy() if len(widths) == 1 else given.copy()

    def backing(self, core: int) -> npt.NDArray[np.uint32]:
        """Backing memory of a core; a view that may be written between runs."""
        view: npt.NDArray[np.uint32] = self._backing[core]
        return view

    def events(self) -> dict[str, list[int]]:
        """What happened in this run, a number for each core."""
        counted = self._running().events
        return {event.name.lower(): counted[:, event].tolist() for event in Event}

    def busy(self) -> dict[str, list[int]]:
        """Cycles at work of each unit, a number for each core."""
        busy = self._running().busy
        return {unit.name.lower(): busy[:, unit].tolist() for unit in Unit}

    def executed(self) -> dict[str, int]:
        """Instructions executed, by mnemonic."""
        counted = self._running().executed
        return {row.name: int(counted[code]) for code, row in BY_OPCODE.items() if counted[code]}

    def trace(self) -> list[TraceRow]:
        """The instructions of this run in the order of execution, where a trace is kept."""
        self._flush()
        rows: list[TraceRow] = []
        for block in self._rows:
            for row in block:
                core = int(row[Trace.CORE])
                address = int(row[Trace.ROW]) - self._tables.starts[core]
                rows.append(TraceRow.of(self.image, core, address, row))
        return rows

    def arrays(self) -> list[ArrayState]:
        """Copies of cells, counters, references and wear of the logical arrays."""
        return self._cells.unload()

    def _core(self, core: int) -> int:
        """A number that is a core's."""
        if not 0 <= core < len(self.image.cores):
            raise fail("BSC5252", f"there is no core {core}; the image has {len(self.image.cores)}")
        return core

    def _running(self) -> State:
        if self._state is None:
            raise fail("BSC5252", "no run has been started", help="Machine.start begins one")
        return self._state

    def _flush(self) -> None:
        """Take the rows of the trace."""
        state = self._running()
        count = int(state.control[Control.TRACED] - state.control[Control.FLUSHED])
        if count:
            self._rows.append(state.trace[:count].copy())
            state.control[Control.FLUSHED] = state.control[Control.TRACED]

"""Tables and what names them: neurons, readouts, updates; and the state, where there is one."""

from __future__ import annotations

import numpy as np

from bsc.isa.image import Image, Table
from bsc.isa.records import NONE_16, Neuron, Update
from bsc.isa.verify.data import fits
from bsc.isa.verify.report import STATE, TABLES, Report
from bsc.numerics.cells import PULSES_MAX
from bsc.numerics.state import ChipState
from bsc.numerics.state_rules import array_problems
from bsc.numerics.table_rules import (
    NOISE_BITS,
    RECIPROCAL_MAX,
    crossed,
    draws_needed,
    entries,
    value_problem,
)

_NUMBERS = 1 << 12  # an instruction names one of so many neurons, readouts, updates
_INT32 = (-(2**31), 2**31 - 1)
_CLOCKS = {"samples": 48, "checks": 48, "epochs": 64, "seed": 64}


def check_tables(image: Image, report: Report) -> None:
    """Report what is wrong with tables, neurons, readouts and updates."""
    least, most = NOISE_BITS
    if not least <= image.chip.noise_bits <= most:
        return  # said already, and lengths of tables follow from it
    _Tables(image, report).run()


class _Tables:
    def __init__(self, image: Image, report: Report) -> None:
        self.image = image
        self.report = report
        self.whole = [self._table(k, table) for k, table in enumerate(image.tables)]
        self.fit: dict[tuple[str, int], bool] = {}

    def wrong(self, path: str, message: str) -> None:
        self.report.wrong(TABLES, path, message)

    def _table(self, number: int, table: Table) -> bool:
        values = table.values
        if not isinstance(values, np.ndarray):
            self.wrong(f"table {table.name or number}", "is no array of numbers")
            return False
        if values.ndim != 1 or values.dtype != np.dtype(np.int32) or values.size == 0:
            message = f"{values.dtype} {list(values.shape)}, expected a vector of int32"
            self.wrong(f"table {table.name or number}", message)
            return False
        return True

    def run(self) -> None:
        image = self.image
        if len(image.tables) > NONE_16:
            self.wrong("tables", f"{len(image.tables)} tables, expected at most {NONE_16}")
        for what, rows in (
            ("neurons", image.neurons),
            ("readouts", image.readouts),
            ("updates", image.updates),
        ):
            if len(rows) > _NUMBERS:
                self.wrong(what, f"{len(rows)} {what}, expected at most {_NUMBERS}")
        for number, neuron in enumerate(image.neurons):
            path = f"neuron {neuron.name or number}"
            if fits(neuron, path, TABLES, self.report):
                self._neuron(path, neuron)
        for number, readout in enumerate(image.readouts):
            path = f"readout {readout.name or number}"
            if fits(readout, path, TABLES, self.report):
                if readout.softmax == NONE_16:
                    self.wrong(path, "lacks the table softmax")
                self._role(path, "softmax", readout.softmax)
                if not 1 <= readout.reciprocal <= RECIPROCAL_MAX:
                    self.wrong(path, f"reciprocal is {readout.reciprocal}, expected 1 to 2**62")
        for number, update in enumerate(image.updates):
            path = f"update {update.name or number}"
            if fits(update, path, TABLES, self.report):
                self._update(path, update)

    def _role(self, path: str, role: str, number: int) -> bool:
        """Whether a record has a table in a role, and it fits."""
        if number == NONE_16:
            return False
        if number >= len(self.image.tables):
            self.wrong(path, f"{role} is table {number}, which does not exist")
            return False
        if (role, number) not in self.fit:
            self.fit[role, number] = self._fits(role, number)
        return self.fit[role, number]

    def _fits(self, role: str, number: int) -> bool:
        if not self.whole[number]:
            return False
        table = self.image.tables[number]
        path = f"table {table.name or number}"
        size = entries(role, self.image.chip.noise_bits)
        if table.values.size != size:
            self.wrong(path, f"{table.values.size} entries as {role}, expected {size}")
            return False
        problem = value_problem(role, table.values)
        if problem:
            self.wrong(path, problem)
        return not problem

    def _neuron(self, path: str, neuron: Neuron) -> None:
        self._role(path, "threshold", neuron.threshold)
        if (neuron.low == NONE_16) is not (neuron.high == NONE_16):
            self.wrong(path, "has one of the tables low and high, expected both or none")
            return
        both = [self._role(path, "low", neuron.low), self._role(path, "high", neuron.high)]
        if all(both):
            low, high = (self.image.tables[k] for k in (neuron.low, neuron.high))
            if crossed(low.values, high.values):
                message = f"table {low.name} lies above {high.name}, the other end of its intervals"
                self.wrong(path, message)

    def _update(self, path: str, update: Update) -> None:
        for name, most in (
            ("threshold", 2**31 - 1),
            ("pulses", PULSES_MAX),
            ("rate", 2**31 - 1),
            ("every", 2**31 - 1),
        ):
            if getattr(update, name) > most:
                self.wrong(path, f"{name} is {getattr(update, name)}, expected at most {most}")
        for way in ("up", "down"):
            step, noise = getattr(update, f"step_{way}"), getattr(update, f"noise_{way}")
            fine = self._role(path, f"step_{way}", step)
            self._role(path, f"noise_{way}", noise)
            if noise != NONE_16 and step == NONE_16:
                self.wrong(path, f"has the table noise_{way}, but no step_{way}")
            if fine and noise == NONE_16 and draws_needed(self.image.tables[step].values):
                message = f"step_{way} has fractions of a code and so needs the table noise_{way}"
                self.wrong(path, message)


def check_state(image: Image, state: ChipState, report: Report) -> None:
    """Report what is wrong with cells, references, counters and clocks."""
    for name, bits in _CLOCKS.items():
        value = getattr(state, name)
        if not 0 <= value < 1 << bits:
            report.wrong(STATE, "state", f"{name} is {value}, expected 0 to 2**{bits} - 1")
    if len(state.arrays) != len(image.arrays):
        found, expected = len(state.arrays), len(image.arrays)
        report.wrong(STATE, "state", f"{found} arrays, the image has {expected}")
        return
    for cells, array in zip(state.arrays, image.arrays, strict=True):
        path = f"state, array {array.name}"
        for message in array_problems(cells, array.rows, array.columns, array.style, _INT32):
            report.wrong(STATE, path, message)
        if (cells.wear is not None) is not (array.wear == 1):
            missing = "is missing" if cells.wear is None else "is not kept by this array"
            report.wrong(STATE, path, f"wear {missing}")

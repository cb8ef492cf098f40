"""What steps must be like: signatures as data, and one walk that checks order and sizes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from bsc.hw.plan import Rule
from bsc.numerics.cells import PULSES_MAX
from bsc.numerics.state import CellStyle
from bsc.numerics.table_rules import PAIRS, RECIPROCAL_MAX, WAYS
from bsc.program.model import Program
from bsc.program.table_rules import Wrong, check_intervals, check_role
from bsc.tiling.plan import ArraySpec, Buffer, BufferKind, Step, StepOp

_BIT, _SIGN, _SUM = BufferKind.BIT, BufferKind.SIGN, BufferKind.SUM


@dataclass(frozen=True, slots=True)
class _Signature:
    """What a step of an operation has.

    Sizes are written as `input`, `inputs` and `columns` (of the step's array), or as any other
    letter for a size that all vectors with the same letter share.

    Attributes:
        target: kind and size of the buffer written, None for steps that write none.
        sources: kinds and sizes of the buffers read.
        array: whether it works on an array.
        drawn: whether it has a layer for keyed draws.
        tables: roles that must be there.
        optional: roles that may be there.
        numbers: names and limits of its integers.
    """

    target: tuple[BufferKind, str] | None = None
    sources: tuple[tuple[BufferKind, str], ...] = ()
    array: bool = False
    drawn: bool = False
    tables: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    numbers: tuple[tuple[str, int, int], ...] = ()


_THRESHOLD = ("threshold", 1, 2**31 - 1)
_PULSES = ("pulses", 1, PULSES_MAX)
_PULSE_TABLES = frozenset({"step_up", "step_down", "noise_up", "noise_down"})
_SIGNATURES = {
    StepOp.ENCODE: _Signature((_BIT, "input"), drawn=True),
    StepOp.READ: _Signature((_SUM, "columns"), ((_BIT, "inputs"),), array=True),
    StepOp.SAMPLE: _Signature(
        (_BIT, "n"),
        ((_SUM, "n"),),
        drawn=True,
        tables=frozenset({"threshold"}),
        numbers=(("binary", -(2**31), 2**31 - 1),),
    ),
    StepOp.READOUT: _Signature(
        (_BIT, "n"),
        ((_SUM, "n"),),
        drawn=True,
        tables=frozenset({"softmax"}),
        numbers=(("reciprocal", 1, RECIPROCAL_MAX),),
    ),
    StepOp.ERROR: _Signature((_SIGN, "n"), ((_BIT, "n"),)),
    StepOp.DERIVATIVE: _Signature(
        (_BIT, "n"), ((_SUM, "n"),), drawn=True, tables=frozenset({"low", "high"})
    ),
    StepOp.READ_TRANSPOSED: _Signature((_SUM, "inputs"), ((_SIGN, "columns"),), array=True),
    StepOp.SIGN: _Signature((_SIGN, "n"), ((_SUM, "n"), (_BIT, "n"))),
    StepOp.COUNT: _Signature(None, ((_BIT, "inputs"), (_SIGN, "columns")), array=True),
    StepOp.CARRY: _Signature(
        array=True, drawn=True, optional=_PULSE_TABLES, numbers=(_THRESHOLD, _PULSES)
    ),
    StepOp.SGD_STEP: _Signature(array=True, numbers=(("rate", 0, 2**31 - 1),)),
    StepOp.REFRESH: _Signature(array=True, numbers=(("every", 1, 2**31 - 1),)),
}
_LISTED = frozenset({StepOp.ENCODE, StepOp.SAMPLE})
_ERRORS = frozenset({StepOp.ERROR, StepOp.SIGN})
_READ = frozenset({StepOp.READ})
_WRITERS: dict[StepOp, tuple[frozenset[StepOp], ...]] = {
    StepOp.READ: (_LISTED,),
    StepOp.SAMPLE: (_READ,),
    StepOp.READOUT: (_READ,),
    StepOp.ERROR: (frozenset({StepOp.READOUT}),),
    StepOp.DERIVATIVE: (_READ,),
    StepOp.READ_TRANSPOSED: (_ERRORS,),
    StepOp.SIGN: (frozenset({StepOp.READ_TRANSPOSED}), frozenset({StepOp.DERIVATIVE})),
    StepOp.COUNT: (_LISTED, _ERRORS),
}
"""Which steps may have written the buffers that a step reads: executors keep the bits of some as
lists and those of others as bytes, by what wrote them."""

_FORWARD = frozenset({StepOp.ENCODE, StepOp.READ, StepOp.SAMPLE})
_UPDATE = frozenset({StepOp.CARRY, StepOp.SGD_STEP, StepOp.REFRESH})


class StepChecker:
    """Checks the steps of a program whose arrays, tiles and buffers are in order."""

    def __init__(self, program: Program, wrong: Wrong) -> None:
        self.program = program
        self.wrong = wrong

    def run(self) -> None:
        """Check all steps."""
        program = self.program
        shared = program.training[: len(program.inference)]
        if program.training and shared != program.inference:
            self.wrong("training", "its first steps are not those of inference")
        elif not program.training and (program.update or not program.untrainable):
            self.wrong("training", "there are no steps, and no reason why")
        forward = self._sequence("inference", program.inference)
        if program.training and shared == program.inference:
            self._sequence("training", program.training)
        self._forward(forward)
        self._learning()

    def _sequence(self, name: str, steps: tuple[Step, ...]) -> list[Step]:
        """Check steps of one sample in order; returns those that are in order."""
        written: dict[int, StepOp] = {}
        good: list[Step] = []
        for place, step in enumerate(steps):
            path = f"{name} step {place}"
            fits = self._step(path, step, update=False)
            for source in step.sources:
                if source not in written:
                    self.wrong(path, f"{step.op} reads buffer {source} before it is written")
            for source, writers in zip(step.sources, _WRITERS.get(step.op, ()), strict=False):
                writer = written.get(source)
                if writer is not None and writer not in writers:
                    self.wrong(path, f"{step.op} reads a buffer that {writer} wrote")
            if step.target in written:
                self.wrong(path, f"{step.op} writes buffer {step.target} a second time")
            if step.target >= 0:
                written[step.target] = step.op
            if fits:
                good.append(step)
        return good

    def _forward(self, steps: list[Step]) -> None:
        ops = [step.op for step in steps]
        reads = [step.array for step in steps if step.op is StepOp.READ]
        if any(op not in _FORWARD for op in ops) or ops[:1] != [StepOp.ENCODE]:
            self.wrong("inference", "expected one encode, then reads and samples")
        elif ops.count(StepOp.ENCODE) != 1 or ops[-1:] != [StepOp.READ]:
            self.wrong("inference", "expected one encode at its start and a read at its end")
        elif reads != list(range(len(self.program.arrays))):
            self.wrong("inference", f"reads arrays {reads}, expected each of them once, in order")
        elif any(b.sources != (a.target,) for a, b in itertools.pairwise(steps)):
            self.wrong("inference", "a step does not read what the one before has written")

    def _learning(self) -> None:
        program = self.program
        for place, step in enumerate(program.update):
            self._step(f"update step {place}", step, update=True)
        if not program.training:
            return
        every = list(range(len(program.arrays)))
        counted = sorted(step.array for step in program.training if step.op is StepOp.COUNT)
        wanted = StepOp.SGD_STEP if program.plan.rule is Rule.SGD else StepOp.CARRY
        stepped = sorted(step.array for step in program.update if step.op is not StepOp.REFRESH)
        if counted != every:
            self.wrong("training", f"counts for arrays {counted}, expected {every}")
        if stepped != every or any(
            step.op not in (wanted, StepOp.REFRESH) for step in program.update
        ):
            self.wrong("update", f"expected one {wanted} for each of {len(every)} arrays")
        self._refreshes()

    def _refreshes(self) -> None:
        """Only one-way pairs have two cells to move back, and they move back after their pulses."""
        program = self.program
        style = CellStyle.DIRECT if program.plan.rule is Rule.SGD else program.target.device.style
        stepped: set[int] = set()
        refreshed: set[int] = set()
        for place, step in enumerate(program.update):
            path = f"update step {place}"
            if step.op is not StepOp.REFRESH:
                stepped.add(step.array)
                continue
            if style not in PAIRS:
                self.wrong(path, f"refresh moves pairs of cells, the program's are {style}")
            elif step.array in refreshed:
                self.wrong(path, f"refreshes array {step.array} a second time")
            elif step.array not in stepped:
                self.wrong(path, f"refreshes array {step.array} before its pulses")
            refreshed.add(step.array)

    def _step(self, path: str, step: Step, *, update: bool) -> bool:
        """Check one step by itself; whether its indices can be used."""
        signature = _SIGNATURES[step.op]
        if (step.op in _UPDATE) is not update:
            self.wrong(path, f"{step.op} does not belong here")
            return False
        array = self._array(path, step, signature)
        if signature.array and array is None:
            return False
        if signature.drawn and not 0 <= step.layer < len(self.program.arrays):
            self.wrong(path, f"{step.op} draws for layer {step.layer}, which no array has")
        if not signature.drawn and step.layer != -1:
            self.wrong(path, f"{step.op} has layer {step.layer}, but draws nothing")
        fits = self._vectors(path, step, signature, array)
        self._tables(path, step, signature)
        self._numbers(path, step, signature)
        return fits

    def _array(self, path: str, step: Step, signature: _Signature) -> ArraySpec | None:
        if not signature.array:
            if step.array != -1 or step.tiles:
                self.wrong(path, f"{step.op} works on no array, but names one or its tiles")
            return None
        if not 0 <= step.array < len(self.program.arrays):
            self.wrong(path, f"{step.op} works on array {step.array}, which does not exist")
            return None
        array = self.program.arrays[step.array]
        wanted = [t.index for t in self.program.tiles if t.array == step.array]
        if step.op is StepOp.READ_TRANSPOSED:
            # a tile of bias lines alone is not read backward
            driven = {t.index for t in self.program.tiles if t.row_start < array.inputs}
            wanted = [index for index in wanted if index in driven]
        if sorted(step.tiles) != sorted(wanted):
            self.wrong(path, f"{step.op} does not name each tile of array {step.array} once")
        return array

    def _vectors(
        self, path: str, step: Step, signature: _Signature, array: ArraySpec | None
    ) -> bool:
        sizes = {"input": self.program.input.size}
        if array is not None:
            sizes |= {"inputs": array.inputs, "columns": array.columns}
        if len(step.sources) != len(signature.sources):
            found, expected = len(step.sources), len(signature.sources)
            self.wrong(path, f"{step.op} reads {found} buffers, expected {expected}")
            return False
        wanted = list(zip(step.sources, signature.sources, strict=True))
        if signature.target is not None:
            wanted.append((step.target, signature.target))
        elif step.target != -1:
            self.wrong(path, f"{step.op} writes no buffer, but names {step.target}")
            return False
        return all([self._vector(path, step, index, what, sizes) for index, what in wanted])

    def _vector(
        self,
        path: str,
        step: Step,
        index: int,
        wanted: tuple[BufferKind, str],
        sizes: dict[str, int],
    ) -> bool:
        kind, size = wanted
        if not 0 <= index < len(self.program.buffers):
            self.wrong(path, f"{step.op} names buffer {index}, which does not exist")
            return False
        buffer: Buffer = self.program.buffers[index]
        expected = sizes.setdefault(size, buffer.size)
        if buffer.kind is not kind or buffer.size != expected:
            found = f"{buffer.kind}[{buffer.size}]"
            self.wrong(path, f"{step.op}: buffer {index} is {found}, expected {kind}[{expected}]")
            return False
        return True

    def _tables(self, path: str, step: Step, signature: _Signature) -> None:
        named = dict(step.tables)
        roles = signature.tables | signature.optional
        if len(named) != len(step.tables) or not signature.tables <= named.keys() <= roles:
            found = ", ".join(role for role, _ in step.tables) or "none"
            self.wrong(path, f"{step.op} has the tables {found}, expected {_names(signature)}")
            return
        noise_bits = self.program.target.periphery.noise_bits
        for role, name in step.tables:
            if name not in self.program.tables:
                self.wrong(path, f"{step.op}: there is no table {name!r}")
                return
            check_role(role, name, self.program.tables[name], noise_bits, self.wrong)
        if step.op is StepOp.CARRY:
            self._pulses(path, named)
        if step.op is StepOp.DERIVATIVE:
            pair = self.program.tables[named["low"]], self.program.tables[named["high"]]
            check_intervals(named["low"], named["high"], pair, self.wrong)

    def _pulses(self, path: str, named: dict[str, str]) -> None:
        style = self.program.target.device.style
        needed = {f"step_{way}" for way in WAYS[style]}
        for role in sorted(needed - named.keys()):
            self.wrong(path, f"carry lacks the table {role}, which {style} cells need")
        for role in sorted(named.keys() - needed - {f"noise_{way}" for way in WAYS[style]}):
            self.wrong(path, f"carry has the table {role}, but {style} cells get no such pulse")

    def _numbers(self, path: str, step: Step, signature: _Signature) -> None:
        named = dict(step.numbers)
        expected = {name for name, _, _ in signature.numbers}
        if len(named) != len(step.numbers) or named.keys() != expected:
            found = ", ".join(name for name, _ in step.numbers) or "none"
            wanted = ", ".join(sorted(expected)) or "none"
            self.wrong(path, f"{step.op} has the numbers {found}, expected {wanted}")
            return
        for name, least, most in signature.numbers:
            if not least <= named[name] <= most:
                message = f"{step.op}: {name} is {named[name]}, expected {least} to {most}"
                self.wrong(path, message)


def _names(signature: _Signature) -> str:
    needed = ", ".join(sorted(signature.tables)) or "none"
    allowed = ", ".join(sorted(signature.optional))
    return f"{needed} and perhaps {allowed}" if allowed else needed

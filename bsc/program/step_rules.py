"""What a single step must be like: signatures as data, and what does not fit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bsc.numerics.cells import PULSES_MAX
from bsc.numerics.table_rules import RECIPROCAL_MAX, WAYS
from bsc.program.model import Program
from bsc.program.table_rules import Wrong, check_intervals, check_role, check_steps
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
_TARGET = ("target", 0, 2**31 - 1)
_PULSE_TABLES = frozenset({"step_up", "step_down", "noise_up", "noise_down"})
_SIGNATURES = {
    StepOp.ENCODE: _Signature((_BIT, "input"), drawn=True),
    StepOp.CONCAT: _Signature((_BIT, "n")),
    StepOp.ADD: _Signature((_SUM, "n")),
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
    StepOp.LOGISTIC: _Signature(
        (_BIT, "n"), ((_SUM, "n"),), drawn=True, tables=frozenset({"threshold"})
    ),
    StepOp.ERROR: _Signature((_SIGN, "n"), ((_BIT, "n"),), numbers=(_TARGET,)),
    StepOp.TARGET_ERROR: _Signature((_SIGN, "n"), ((_BIT, "n"),), drawn=True, numbers=(_TARGET,)),
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
_UPDATE = frozenset({StepOp.CARRY, StepOp.SGD_STEP, StepOp.REFRESH})
_JOINING = frozenset({StepOp.CONCAT, StepOp.ADD})
"""Steps that read any number of buffers."""


class StepChecker:
    """Checks steps one by one, in a program whose arrays, tiles and buffers are in order."""

    def __init__(self, program: Program, wrong: Wrong) -> None:
        self.program = program
        self.wrong = wrong

    def check(self, path: str, step: Step, *, update: bool) -> bool:
        """Check one step by itself; whether its indices, tables and numbers can be used."""
        signature = _SIGNATURES[step.op]
        if (step.op in _UPDATE) is not update:
            self.wrong(path, f"{step.op} does not belong here")
            return False
        array = self._array(path, step, signature)
        if signature.array and array is None:
            return False
        if not self._drawn(path, step, signature, array):
            return False
        return all(
            [
                self._vectors(path, step, signature, array),
                self._tables(path, step, signature),
                self._numbers(path, step, signature),
            ]
        )

    def _drawn(self, path: str, step: Step, signature: _Signature, array: ArraySpec | None) -> bool:
        """Whether the ordinal of a step's draws counts what they are for: its array, or others."""
        if not signature.drawn:
            if step.layer != -1:
                self.wrong(path, f"{step.op} has layer {step.layer}, but draws nothing")
            return True
        if array is not None:
            if step.layer != array.layer:
                found = f"{step.op} draws for layer {step.layer}"
                self.wrong(path, f"{found}, array {step.array} is layer {array.layer}")
            return step.layer == array.layer
        encodes = step.op is StepOp.ENCODE
        counted: Sequence[object] = self.program.inputs if encodes else self.program.reads
        if not 0 <= step.layer < len(counted):
            what = "input" if encodes else "read"
            self.wrong(path, f"{step.op} draws for layer {step.layer}, which no {what} has")
            return False
        return True

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
        if step.op in _JOINING:
            return self._joins(path, step)
        sizes = {}
        if step.op is StepOp.ENCODE:
            sizes["input"] = self.program.inputs[step.layer].size
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

    def _joins(self, path: str, step: Step) -> bool:
        """A step of several sources: bits one behind the other, or parts of sums added."""
        kind = _BIT if step.op is StepOp.CONCAT else _SUM
        places = [*step.sources, step.target]
        if not step.sources:
            self.wrong(path, f"{step.op} reads no buffer")
            return False
        if not all([self._vector(path, step, i, (kind, str(k)), {}) for k, i in enumerate(places)]):
            return False
        *given, made = [self.program.buffers[index].size for index in places]
        if step.op is StepOp.CONCAT:
            if sum(given) != made:
                self.wrong(path, f"concat of {sum(given)} bits writes a buffer of {made}")
            return sum(given) == made
        numbers = dict(step.numbers)
        names = [f"start_{k}" for k in range(len(given))]
        if list(numbers) != names or len(numbers) != len(step.numbers):
            found = ", ".join(name for name, _ in step.numbers) or "none"
            self.wrong(path, f"add has the numbers {found}, expected {', '.join(names)}")
            return False
        fits = True
        for name, size in zip(names, given, strict=True):
            if not 0 <= numbers[name] <= size - made:
                most = size - made
                self.wrong(path, f"add: {name} is {numbers[name]}, expected 0 to {most}")
                fits = False
        return fits

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

    def _tables(self, path: str, step: Step, signature: _Signature) -> bool:
        named = dict(step.tables)
        roles = signature.tables | signature.optional
        if len(named) != len(step.tables) or not signature.tables <= named.keys() <= roles:
            found = ", ".join(role for role, _ in step.tables) or "none"
            self.wrong(path, f"{step.op} has the tables {found}, expected {_names(signature)}")
            return False
        tables = self.program.tables
        for name in named.values():
            if name not in tables:
                self.wrong(path, f"{step.op}: there is no table {name!r}")
                return False
        bits = self.program.target.periphery.noise_bits
        fit = all([check_role(r, name, tables[name], bits, self.wrong) for r, name in step.tables])
        if step.op is StepOp.CARRY:
            self._pulses(path, step, named)
        if not fit:
            return False
        for way in ("up", "down"):
            steps = named.get(f"step_{way}")
            if steps is not None and f"noise_{way}" not in named:
                check_steps(way, steps, tables[steps], self.wrong)
        if step.op is StepOp.DERIVATIVE:
            pair = tables[named["low"]], tables[named["high"]]
            check_intervals(named["low"], named["high"], pair, self.wrong)
        return True

    def _pulses(self, path: str, step: Step, named: dict[str, str]) -> None:
        style = self.program.device_of(step.array).style
        needed = {f"step_{way}" for way in WAYS[style]}
        for role in sorted(needed - named.keys()):
            self.wrong(path, f"carry lacks the table {role}, which {style} cells need")
        for role in sorted(named.keys() - needed - {f"noise_{way}" for way in WAYS[style]}):
            self.wrong(path, f"carry has the table {role}, but {style} cells get no such pulse")

    def _numbers(self, path: str, step: Step, signature: _Signature) -> bool:
        if step.op is StepOp.ADD:
            return True  # with its vectors
        named = dict(step.numbers)
        expected = {name for name, _, _ in signature.numbers}
        if len(named) != len(step.numbers) or named.keys() != expected:
            found = ", ".join(name for name, _ in step.numbers) or "none"
            wanted = ", ".join(sorted(expected)) or "none"
            self.wrong(path, f"{step.op} has the numbers {found}, expected {wanted}")
            return False
        for name, least, most in signature.numbers:
            if not least <= named[name] <= most:
                message = f"{step.op}: {name} is {named[name]}, expected {least} to {most}"
                self.wrong(path, message)
        return True


def _names(signature: _Signature) -> str:
    needed = ", ".join(sorted(signature.tables)) or "none"
    allowed = ", ".join(sorted(signature.optional))
    return f"{needed} and perhaps {allowed}" if allowed else needed

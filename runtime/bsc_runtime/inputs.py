"""From a user's arrays to what a program takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bsc.diag import Diagnostic, DiagnosticError, Sink, Span, did_you_mean, fail
from bsc.program.executor import EncodedData
from bsc.program.model import Program
from bsc.tiling.plan import Head
from bsc_runtime.data.encode import RangeCount, count_outside, encode, out_of_range
from bsc_runtime.data.fit import fit_input
from bsc_runtime.data.match import check_targets, head_named, learning_heads
from bsc_runtime.data.targets import HeadTargets, fit_targets
from bsc_runtime.notes import Notes

Given: TypeAlias = npt.ArrayLike | Mapping[str, npt.ArrayLike]
"""An array where there is one input or output, else a mapping of names to arrays."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Samples ready for inference.

    Attributes:
        values: for each input [N, size], as `fit_input` gives it.
        encoded: thresholds, all inputs one behind the other; None where values lie outside a range
            that was only assumed.
        outside: for each input the count of values outside its range; None where all lie inside.
        names: what messages call each input's array.
    """

    values: tuple[npt.NDArray[Any], ...]
    encoded: EncodedData | None
    outside: tuple[RangeCount | None, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values[0])

    def refusal(self, program: Program) -> DiagnosticError:
        """The error for modes that need bits, where some values have no probability."""
        found: list[Diagnostic] = []
        for spec, values, count, name in zip(
            program.inputs, self.values, self.outside, self.names, strict=True
        ):
            counted = count or count_outside(spec, values)
            if counted.outside:
                alone = len(self.values) == 1
                found += out_of_range(spec, counted, name, alone=alone).diagnostics
        return DiagnosticError(found)


@dataclass(frozen=True, slots=True)
class Targets:
    """What a program should answer.

    Attributes:
        heads: for each head its targets, None where it has none.
        matrix: int32 [N, target_width] for the executor; None where a head that learns has none.
    """

    heads: tuple[HeadTargets | None, ...]
    matrix: npt.NDArray[np.int32] | None

    def __len__(self) -> int:
        return next(len(each) for each in self.heads if each is not None)

    def part(self, rows: slice) -> Targets:
        """Those of some samples."""
        return Targets(
            tuple(None if each is None else each.part(rows) for each in self.heads),
            None if self.matrix is None else self.matrix[rows],
        )


def inputs_of(program: Program, x: Given, notes: Notes, what: str = "x") -> Inputs:
    """Fit and encode samples.

    Raises:
        DiagnosticError: shape or values do not fit; values outside a range that was only assumed
            are no error here, because analog mode can evaluate them.
    """
    names = names_of(program, x, what)
    return prepared(program, fit_inputs(program, x, notes, what), notes, names)


def names_of(program: Program, x: Given, what: str) -> tuple[str, ...]:
    """What messages call the array of each input: the argument, or the key in it."""
    if not isinstance(x, Mapping):
        return (what,) * len(program.inputs)
    suffix = "_test" if what.endswith("_test") else ""
    return tuple(spec.name + suffix for spec in program.inputs)


def fit_inputs(
    program: Program, x: Given, notes: Notes, what: str = "x"
) -> tuple[npt.NDArray[Any], ...]:
    """Bring samples into the program's form: [N, size] for each input."""
    specs = program.inputs
    if isinstance(x, Mapping):
        known = [spec.name for spec in specs]
        _check_names(x, known, "input", what)
        given = [x[name] for name in known]
    elif len(specs) == 1:
        given = [x]
    else:
        names = ", ".join(spec.name for spec in specs)
        raise fail(
            "BSC6006",
            f"the program has {len(specs)} inputs ({names}), and {what} is one array",
            at=Span(what),
            help=f"give a mapping: {{{', '.join(f'{s.name!r}: ...' for s in specs)}}}",
        )
    names_shown = names_of(program, x, what)
    values = tuple(
        fit_input(spec, array, notes, what=name)
        for spec, array, name in zip(specs, given, names_shown, strict=True)
    )
    sink = Sink()
    for name, array in zip(names_shown, values, strict=True):
        if len(array) != len(values[0]):
            sink.add(
                "BSC6011",
                f"{name} {list(array.shape)} has {len(array)} samples, {names_shown[0]} "
                f"{list(values[0].shape)} has {len(values[0])}: each sample needs all inputs",
                at=Span(name),
            )
    sink.raise_if_errors()
    return values


def prepared(
    program: Program, values: tuple[npt.NDArray[Any], ...], notes: Notes, names: tuple[str, ...]
) -> Inputs:
    """Encode samples that fit already, [N, size] for each input."""
    encoded = None
    try:
        encoded = encoded_for(program, values, notes, names)
    except DiagnosticError:
        if all(spec.declared for spec in program.inputs):
            raise  # somebody said that the model never meets such values
    outside = tuple(
        None if encoded is not None and not spec.saturates else count_outside(spec, array)
        for spec, array in zip(program.inputs, values, strict=True)
    )
    made = Inputs(values, encoded, outside, names)
    if encoded is None and any(
        spec.declared and not spec.saturates and count is not None and count.outside
        for spec, count in zip(program.inputs, outside, strict=True)
    ):
        raise made.refusal(program)
    return made


def encoded_for(
    program: Program,
    values: tuple[npt.NDArray[Any], ...],
    notes: Notes,
    names: tuple[str, ...] = ("x",),
) -> EncodedData:
    """Encode samples that fit already; values outside a range are an error.

    Several inputs stay bytes where all of them are; otherwise all become thresholds.
    """
    levels = program.tables.get("levels")
    parts = []
    wrong: list[DiagnosticError] = []
    for spec, array, name in zip(program.inputs, values, names, strict=True):
        try:
            alone = len(values) == 1
            parts.append(encode(spec, array, notes, levels=levels, what=name, alone=alone))
        except DiagnosticError as error:
            wrong.append(error)
    if wrong:
        raise DiagnosticError([d for error in wrong for d in error.diagnostics])
    if len(parts) == 1:
        return parts[0]
    if all(part.values.dtype == np.uint8 for part in parts):
        joined = np.concatenate([part.values for part in parts], axis=1)
        return EncodedData(joined, parts[0].levels)
    matrix = np.empty((len(parts[0]), program.input_size), np.int32)
    for start, part in zip(program.input_starts, parts, strict=True):
        columns = slice(start, start + part.values.shape[1])
        if part.values.dtype == np.uint8:
            np.take(part.levels, part.values, out=matrix[:, columns])
        else:
            matrix[:, columns] = part.values
    return EncodedData(matrix, np.empty(0, np.int32))


def targets_of(
    program: Program,
    y: Given,
    samples: int,
    notes: Notes | None = None,
    what: str = "y",
    *,
    every: bool = True,
) -> Targets:
    """Targets of all heads.

    Args:
        program: what they must fit.
        y: an array for the only head, or a mapping of the model's outputs to arrays.
        samples: how many there must be.
        notes: hears of pixels that are nearly 0.
        what: the argument's name in messages.
        every: whether each head that learns needs targets; otherwise one head with some will do.
    """
    given = _by_head(program, y, what, every)
    heads = tuple(
        given[head.name].fitted(program, head, samples, notes) if head.name in given else None
        for head in program.heads
    )
    return Targets(heads, _matrix(program, heads, samples))


@dataclass(frozen=True, slots=True)
class _Answer:
    """Targets as they were given: for which output, the array, and what messages call it."""

    output: str
    array: npt.ArrayLike
    what: str

    def fitted(
        self, program: Program, head: Head, samples: int, notes: Notes | None
    ) -> HeadTargets:
        return fit_targets(
            program, head, self.array, samples, notes, what=self.what, output=self.output
        )


def _by_head(program: Program, y: Given, what: str, every: bool) -> dict[str, _Answer]:
    """For each head's name its targets."""
    wanted = learning_heads(program)
    if not isinstance(y, Mapping):
        if len(wanted) == 1:
            return {wanted[0].name: _Answer(wanted[0].name, y, what)}
        names = ", ".join(head.name for head in wanted)
        raise fail(
            "BSC6006",
            f"the program has {len(wanted)} outputs ({names}), and {what} is one array",
            at=Span(what),
            help=f"give a mapping: {{{', '.join(f'{h.name!r}: ...' for h in wanted)}}}",
        )
    suffix = "_test" if what.endswith("_test") else ""
    found: dict[str, _Answer] = {}
    for name, array in y.items():
        head = head_named(program, name)
        if head is not None:
            found[head.name] = _Answer(name, array, name + suffix)
    sink = Sink()
    if every or not any(head.name in found for head in wanted):
        answered = [head.name for head in wanted if head.name in found]
        unknown = [name for name in y if head_named(program, name) is None]
        _add_missing([*answered, *unknown], [head.name for head in wanted], "output", what, sink)
    check_targets(program, y, sink, Span(what))
    sink.raise_if_errors()
    return found


def _check_names(given: Iterable[str], wanted: list[str], kind: str, what: str) -> None:
    """Each wanted name is there, and no other."""
    names = list(given)
    sink = Sink()
    _add_missing(names, wanted, kind, what, sink)
    for name in names:
        if name not in wanted:
            sink.add(
                "BSC6017",
                f"the model has no {kind} `{name}`",
                at=Span(what),
                help=did_you_mean(str(name), wanted, f"{kind}s"),
            )
    sink.raise_if_errors()


def _add_missing(names: list[str], wanted: list[str], kind: str, what: str, sink: Sink) -> None:
    for name in wanted:
        if name not in names:
            sink.add(
                "BSC6006",
                f"{what} has no array for the model's {kind} `{name}`; it has "
                f"{', '.join(map(str, names)) or 'none'}",
                at=Span(what),
            )


def _matrix(
    program: Program, heads: tuple[HeadTargets | None, ...], samples: int
) -> npt.NDArray[np.int32] | None:
    if any(t is None and h.width for h, t in zip(program.heads, heads, strict=True)):
        return None
    matrix = np.empty((samples, program.target_width), np.int32)
    for start, head, targets in zip(program.target_starts, program.heads, heads, strict=True):
        if targets is not None and head.width:
            matrix[:, start : start + head.width] = targets.thresholds(head)
    return matrix

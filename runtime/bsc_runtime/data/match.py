"""Which arrays of a data set a program takes: inputs and targets by name, with errors that say why.

An input and an output take the array of their own name. With one input alone, `x` will do for it,
and with one output that learns, `y`. A target may be named by hand (`--answer OUTPUT=ARRAY`), as an
autoencoder's is, and its array may answer the output of its own name too; no array becomes a target
because its shape happens to fit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy.typing as npt

from bsc.diag import Diagnostic, DiagnosticError, Label, Sink, Span, did_you_mean
from bsc.diag.nearest import nearest
from bsc.hw.plan import Readout
from bsc.program.model import Program
from bsc.tiling.plan import Head
from bsc_runtime.data.dataset import DataSet
from bsc_runtime.notes import Notes

Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Matched:
    """The arrays of a data set that a program takes, by the names of its inputs and outputs.

    Attributes:
        source: what the user called the data set.
        x: training inputs.
        y: training targets; of a head with several outputs, by the one that they are named after.
        x_test: test inputs, None without a test set.
        y_test: test targets, None without a test set.
        arrays: input or output -> array of the data set.
    """

    source: str
    x: Arrays
    y: Arrays
    x_test: Arrays | None
    y_test: Arrays | None
    arrays: Mapping[str, str]

    @property
    def evaluation(self) -> tuple[Arrays, Arrays, str]:
        """What a program is examined on: inputs, targets, and `test` or `train`."""
        if self.x_test is not None and self.y_test is not None:
            return self.x_test, self.y_test, "test"
        return self.x, self.y, "train"

    @contextmanager
    def named(self, part: str = "") -> Iterator[None]:
        """Errors about the arrays name the file and the array in it, not the argument.

        Args:
            part: `test` where test arrays stand for the arguments of a call.
        """
        suffix = "_test" if part == "test" else ""
        names = {name: array + suffix for name, array in self.arrays.items()}
        names |= {f"{name}_test": f"{array}_test" for name, array in self.arrays.items()}
        with placed({name: Span(self.source, path=array) for name, array in names.items()}):
            yield


@contextmanager
def placed(places: Mapping[str, Span]) -> Iterator[None]:
    """Errors about arguments name the places that these came from."""
    try:
        yield
    except DiagnosticError as error:
        raise DiagnosticError([_placed(d, places) for d in error.diagnostics]) from None


def _placed(diagnostic: Diagnostic, places: Mapping[str, Span]) -> Diagnostic:
    labels = tuple(
        Label(places[label.span.source], label.text)
        if label.span.source in places and label.span.path is None
        else label
        for label in diagnostic.labels
    )
    return replace(diagnostic, labels=labels)


def match(
    data: DataSet,
    program: Program,
    *,
    targets: Mapping[str, str] | None = None,
    every: bool = True,
    notes: Notes | None = None,
) -> Matched:
    """Find the arrays of a program.

    Args:
        data: what was loaded.
        program: names inputs and outputs.
        targets: output -> array that it should answer, where its name does not say it.
        every: whether every output that learns needs its target, as in training; otherwise one
            output with a target will do.
        notes: hears of arrays that nobody takes.

    Raises:
        DiagnosticError: BSC6006 for what is missing, BSC6017 for targets that no output takes.
    """
    asked = _asked(program, targets or {}, data)
    outputs = {name for head in program.heads for name in head.outputs}
    shapes = {spec.name: spec.shape for spec in program.inputs}
    found = find_inputs(data, shapes, outputs)
    inputs = {*found.values()}
    taken = {*inputs, *asked.values()}
    heads = learning_heads(program)
    sink = Sink()
    chosen: dict[str, str] = {}
    for head in heads:
        own = [n for n in head.outputs if n in data.arrays and n not in inputs]
        by_hand = [name for name in head.outputs if name in asked]
        if by_hand:
            chosen[by_hand[0]] = asked[by_hand[0]]
        elif own:
            check_targets(program, own, sink, Span(data.name))
            chosen[own[0]] = own[0]
        elif len(heads) == 1 and "y" in data.arrays and "y" not in inputs:
            chosen[head.name] = "y"
        elif every:
            _missing_target(data, program, head, taken, sink)
    sink.raise_if_errors()
    if not chosen:
        _missing_target(data, program, heads[0], taken, sink)
        sink.raise_if_errors()
    arrays = {**found, **chosen}
    _check_counts(data.name, {n: data.arrays[n] for n in arrays.values()}, "")
    with_test = _has_test(data, found, chosen)
    if with_test:
        _check_counts(data.name, {n: data.arrays_test[n] for n in arrays.values()}, "_test")
    passed_over = {"y"} if targets else set()
    unused = sorted(data.arrays.keys() - arrays.values() - outputs - passed_over)
    if unused and notes is not None:
        notes.warn(
            "BSC6025",
            f"data set {data.name}: nothing takes "
            + ", ".join(f"{name} {list(data.arrays[name].shape)}" for name in unused)
            + f"; the model's {_names(program)}",
        )
    return Matched(
        data.name,
        {name: data.arrays[array] for name, array in found.items()},
        {name: data.arrays[array] for name, array in chosen.items()},
        {n: data.arrays_test[array] for n, array in found.items()} if with_test else None,
        {n: data.arrays_test[array] for n, array in chosen.items()} if with_test else None,
        arrays,
    )


def learning_heads(program: Program) -> tuple[Head, ...]:
    """Heads that have targets; all heads where none learns."""
    learning = tuple(head for head in program.heads if head.readout is not Readout.NONE)
    return learning or program.heads


def head_named(program: Program, name: str) -> Head | None:
    """The head that an output's name means: any of the outputs that are computed from it."""
    return next((head for head in program.heads if name in head.outputs), None)


def check_targets(
    program: Program, outputs: Iterable[str], sink: Sink, at: Span | None = None
) -> None:
    """Refuse targets for outputs that take none, and two for the sums of one head (BSC6017).

    Args:
        program: its heads.
        outputs: what the targets are for.
        sink: takes what is wrong.
        at: where they were given.
    """
    known = [name for head in program.heads for name in head.outputs]
    answered: dict[str, str] = {}
    for output in outputs:
        head = head_named(program, output)
        if head is None:
            sink.add(
                "BSC6017",
                f"the model has no output `{output}` that a target could be given for",
                at=at,
                help=did_you_mean(str(output), known, "outputs"),
            )
        elif head not in learning_heads(program):
            sink.add(
                "BSC6017",
                f"output `{output}` is read as none: it takes no target",
                at=at,
                help=f"leave it out, or compile with --readout {output}=logistic, or softmax",
            )
        elif head.name in answered:
            sink.add(
                "BSC6017",
                f"outputs `{answered[head.name]}` and `{output}` are made of the same sums: they "
                "have one target, and two are given",
                at=at,
                help=f"leave one out; of a data set, --answer {output}=ARRAY says which is meant",
            )
        else:
            answered[head.name] = output


def _asked(program: Program, targets: Mapping[str, str], data: DataSet) -> dict[str, str]:
    """What was asked by hand: output -> array."""
    sink = Sink()
    check_targets(program, targets, sink)
    for output, array in targets.items():
        if array not in data.arrays:
            sink.add(
                "BSC6006",
                f"data set {data.name} has no array `{array}`, the target of output `{output}`; "
                f"its arrays are: {data.listing()}",
                at=Span(data.name),
                help=did_you_mean(array, data.arrays, "arrays"),
            )
    sink.raise_if_errors()
    return dict(targets)


def find_inputs(
    data: DataSet, shapes: Mapping[str, tuple[int, ...]], outputs: Iterable[str] = ()
) -> dict[str, str]:
    """For each of a model's inputs the array of a data set.

    Args:
        data: what was loaded.
        shapes: the model's inputs and the shapes of their samples.
        outputs: the model's outputs; arrays of their names are no inputs.

    Raises:
        DiagnosticError: BSC6006, some have none.
    """
    names = list(shapes)
    found = {name: name for name in names if name in data.arrays}
    if len(names) == 1 and not found:
        others = data.arrays.keys() - {"y", *outputs}
        if "x" in data.arrays:
            found[names[0]] = "x"
        elif len(others) == 1:
            found[names[0]] = others.pop()
    sink = Sink()
    for name in names:
        if name in found:
            continue
        near = nearest(name, data.arrays.keys() - found.values())
        sink.add(
            "BSC6006",
            f"data set {data.name} lacks an array for the model's input `{name}` "
            f"{_listed(shapes[name])}; its arrays are: {data.listing()}",
            at=Span(data.name),
            help=f"is `{near[0]}` meant to be `{name}`?"
            if near
            else "name the array x, or as the model names its input"
            if len(names) == 1
            else "name each array as the model names its input",
        )
    sink.raise_if_errors()
    return found


def _missing_target(
    data: DataSet, program: Program, head: Head, taken: set[str], sink: Sink
) -> None:
    free = sorted(data.arrays.keys() - taken)
    near = nearest(head.name, free)
    same = sorted(
        name
        for name in taken
        if name in data.arrays and math.prod(data.arrays[name].shape[1:]) == head.columns
    )
    if near or len(free) == 1:
        help = f"is `{(near or free)[0]}` meant to be `{head.name}`?"
    elif same and head.readout is Readout.LOGISTIC:
        help = f"an autoencoder answers its own input: --answer {head.name}={same[0]}"
    else:
        help = "store it as y" if len(program.heads) == 1 else f"store it as {head.name}"
    if head.readout is Readout.LOGISTIC:
        wanted = f"numbers from 0 to 1 [N, {head.columns}], or classes [N]"
    else:
        wanted = "labels [N]"
    sink.add(
        "BSC6006",
        f"data set {data.name} has no targets for the model's output `{head.name}`: training and "
        f"evaluation need {wanted}; its arrays are: {data.listing()}",
        at=Span(data.name),
        help=help,
    )


def _has_test(data: DataSet, inputs: Mapping[str, str], chosen: Mapping[str, str]) -> bool:
    """Whether there is a test set; half of one is an error, for it would look like a whole."""
    wanted = dict.fromkeys([*inputs.values(), *chosen.values()])
    given = [name for name in wanted if name in data.arrays_test]
    missing = [name for name in wanted if name not in data.arrays_test]
    if given and missing:
        raise data.half(given[0], missing[0])
    return bool(given)


def _check_counts(source: str, arrays: Arrays, suffix: str) -> None:
    """Every array has samples, and all have as many."""
    sink = Sink()
    first = next(iter(arrays))
    for name, array in arrays.items():
        place = Span(source, path=name + suffix)
        if array.ndim == 0 or len(array) == 0:
            sink.add("BSC6007", f"the array has no samples: its shape is {array.shape}", at=place)
        elif arrays[first].ndim and len(array) != len(arrays[first]):
            sink.add(
                "BSC6011",
                f"{name}{suffix} {list(array.shape)} has {len(array)} samples, {first}{suffix} "
                f"{list(arrays[first].shape)} has {len(arrays[first])}: each sample needs all",
                at=place,
            )
    sink.raise_if_errors()


def _listed(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(['N', *map(str, shape)])}]"


def _names(program: Program) -> str:
    inputs = ", ".join(f"`{spec.name}`" for spec in program.inputs)
    outputs = ", ".join(f"`{head.name}`" for head in program.heads)
    return f"inputs are {inputs}, its outputs {outputs}"

"""What the host streams to the cores, from a data set: inputs and targets in the order of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.diag import Span, fail
from bsc.hw.plan import Readout
from bsc.isa.image import Image
from bsc.isa.records import Vector
from bsc.isa.words import decode_word
from bsc.numerics import tables
from bsc.numerics.draws import epoch_order
from bsc.numerics.state import ChipState
from bsc.program.executor import EncodedData
from bsc.program.model import InputSpec, Program
from bsc_runtime.data.dataset import DataSet
from bsc_runtime.data.encode import encode
from bsc_runtime.data.fit import class_indices, fit_input
from bsc_runtime.data.match import match
from bsc_runtime.inputs import Targets, encoded_for, fit_inputs, names_of, targets_of
from bsc_runtime.notes import Notes


@dataclass(frozen=True, slots=True)
class Streams:
    """Streams of a run.

    Attributes:
        inputs: levels; None where no core takes any.
        labels: int32 [N, W]; None where there is nothing to compare with.
        wanted: the targets of a program's heads; None for an image, and where there are none.
        ends_epoch: whether training comes to the end of an epoch with them.
    """

    inputs: EncodedData | None
    labels: npt.NDArray[np.int32] | None
    wanted: Targets | None = None
    ends_epoch: bool = False


def program_streams(
    program: Program,
    data: DataSet,
    answers: Mapping[str, str],
    before: ChipState | None,
    samples: int,
    seed: int,
    notes: Notes,
) -> Streams:
    """Samples for a program.

    Args:
        program: names inputs and outputs.
        data: what was loaded.
        answers: output -> array that it should answer, where its name does not say it.
        before: for training the state, which says where in its epoch it stands; else None.
        samples: at most so many.
        seed: key of the epoch's order.
        notes: hears how data are fitted.
    """
    train = before is not None
    given = match(data, program, targets=answers, every=train, notes=notes)
    x, y, part = (given.x, given.y, "") if train else given.evaluation
    with given.named(part):
        values = fit_inputs(program, x, notes)
        wanted = None
        if any(h.columns > 1 or h.readout is Readout.LOGISTIC for h in program.heads):
            wanted = targets_of(program, y, len(values[0]), notes, every=train)
        chosen, ends = _chosen(data.name, before, seed, len(values[0]), samples)
        taken = tuple(array[chosen] for array in values)
        inputs = encoded_for(program, taken, notes, names_of(program, x, "x"))
    if wanted is None:
        return Streams(inputs, None, None, ends)
    labels = None if wanted.matrix is None else wanted.matrix[chosen]
    if train:
        return Streams(inputs, labels, None, ends)
    return Streams(inputs, labels, wanted.part(slice(0, len(chosen))), ends)


def image_streams(
    image: Image,
    spec: InputSpec,
    data: DataSet,
    before: ChipState | None,
    samples: int,
    seed: int,
    notes: Notes,
) -> Streams:
    """Samples for an image, which knows one row of levels and one of labels, and no names.

    Other arguments are those of `program_streams`.
    """
    if spec.size == 0:
        return Streams(None, None)
    if before is None:
        x, y, _ = data.evaluation(spec)
    else:
        x, y = data.input_for(spec), data.labels()
    values = fit_input(spec, x, notes, what="x")
    chosen, ends = _chosen(data.name, before, seed, len(values), samples)
    width = max((vector.length for vector in _named(image, "label", "label")), default=1)
    labels = None
    if width > 1:
        labels = _rows(image, y, len(values), width)[chosen]
    else:
        classes = max((vector.length for vector in _named(image, "out", "sum")), default=1)
        if classes > 1:
            labels = class_indices(y, len(values), classes)[chosen, None]
    return Streams(encode(spec, values[chosen]), labels, None, ends)


def input_length(image: Image) -> int:
    """Levels of a sample, 0 where no code takes any."""
    return max((vector.length for vector in _named(image, "in", "level")), default=0)


def _named(image: Image, name: str, operand: str) -> Iterator[Vector]:
    """Vectors that instructions of a name take or give."""
    for core in image.cores:
        for decoded in map(decode_word, core.code):
            if decoded.name == name:
                yield core.vectors[decoded.operands[operand]]


def _chosen(
    name: str, before: ChipState | None, seed: int, length: int, samples: int
) -> tuple[npt.NDArray[np.int64], bool]:
    """Rows in the order of the run; training goes on where the state stands in its epoch."""
    if not length:
        raise fail("BSC6007", "the data are empty", at=Span(name))
    if before is None:
        return np.arange(min(samples, length), dtype=np.int64), False
    order = epoch_order(seed, before.epochs, length)
    chosen = order[before.place : before.place + samples]
    if not len(chosen):
        raise fail("BSC6007", "the state has seen all samples of this epoch", at=Span(name))
    return chosen, before.place + len(chosen) == length


def _rows(image: Image, y: npt.ArrayLike, samples: int, width: int) -> npt.NDArray[np.int32]:
    """Several labels a sample: whole numbers as they are, or probabilities where all are."""
    labels = np.asarray(y)
    labels = labels.reshape(len(labels), -1) if labels.ndim > 1 else labels
    place = Span("y")
    if labels.shape != (samples, width):
        raise fail(
            "BSC6015",
            f"the image takes {width} labels a sample, y is {list(np.shape(y))}",
            at=place,
            help="a program (.bsp) knows its outputs and finds their targets by name",
        )
    if labels.dtype.kind in "iu":
        if labels.size and not 0 <= labels.min() <= labels.max() < 1 << 31:
            raise fail("BSC6015", "a label is not in 0..2^31-1", at=place)
        return labels.astype(np.int32)
    drawn = all(decode_word(w).name != "error" for core in image.cores for w in core.code)
    if not drawn or labels.dtype.kind != "f" or not ((labels >= 0) & (labels <= 1)).all():
        raise fail(
            "BSC6015",
            "labels of an image must be whole numbers: classes, and 65536 times a probability",
            at=place,
            help="numbers from 0 to 1 will do where all of them are probabilities",
        )
    return tables.real_thresholds(labels.astype(np.float64))

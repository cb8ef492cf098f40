"""What the host does before a run: registers and streams are checked, streams are laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.diag import DiagnosticError, Span, fail
from bsc.isa.image import Image
from bsc.isa.kinds import EntryKind
from bsc.isa.verify import Proof, instructions
from bsc.numerics.draws import INDEX_MAX, PASSES_MAX, SEED_MAX
from bsc.program.executor import EncodedData
from bsc_runtime.machine.layout import Host
from bsc_runtime.sim.memory import memory_bytes
from bsc_runtime.sim.rows import fixed, rows_of_words

TRACE_MAX = 2_000_000
"""Instructions of a trace: more would fill the memory, and no viewer opens it."""


@dataclass(frozen=True, slots=True)
class Registers:
    """What the host writes before a run.

    Attributes:
        samples, batch, repeats, reads: registers of all cores.
        first: BASE, index of the first sample.
        check: CHECK.
        seed: key of all draws.
    """

    samples: int
    batch: int
    repeats: int
    reads: int
    first: int
    check: int
    seed: int

    def counts(self) -> dict[str, int]:
        """The registers that loops count by."""
        return {
            "samples": self.samples,
            "batch": self.batch,
            "repeats": self.repeats,
            "reads": self.reads,
        }


def encoded(inputs: EncodedData | npt.NDArray[Any] | None) -> EncodedData:
    """Inputs as encoded data; levels int32 [N, K] in 0..65536 as they are."""
    none = np.zeros(0, np.int32)
    if inputs is None:
        return EncodedData(np.zeros((0, 0), np.int32), none)
    if isinstance(inputs, EncodedData):
        _verify_encoded(inputs)
        return inputs
    values = np.asarray(inputs)
    if values.dtype == np.uint8:
        raise fail(
            "BSC5252",
            "bytes need a table of 256 levels",
            help="EncodedData(pixels, bsc.numerics.tables.pixel_levels())",
        )
    whole = values.ndim == 2 and values.dtype.kind in "iu"
    if not whole or (values.size and not 0 <= values.min() <= values.max() <= 65536):
        raise fail("BSC5252", "inputs must be whole levels in 0..65536, [samples, elements]")
    return EncodedData(values.astype(np.int32), none)


def samples_of(data: EncodedData, labels: npt.NDArray[Any] | None) -> int:
    """Samples that streams hold: where no inputs are given, those of the labels."""
    if data.values.shape[1] == 0 and labels is not None and labels.ndim:
        return len(labels)
    return len(data)


def _verify_encoded(data: EncodedData) -> None:
    """The engine looks levels up by bytes, and takes 32-bit numbers as they are."""
    kind, levels = data.values.dtype.name, data.levels.shape
    if data.values.ndim != 2 or (kind, levels) not in (("uint8", (256,)), ("int32", (0,))):
        raise fail("BSC5252", "inputs must be bytes with 256 levels, or levels of 32 bits")


class HostCheck:
    """Checks a run before it begins; see `Machine.start`."""

    def __init__(self, image: Image, proof: Proof, source: str, max_cycles: int) -> None:
        self._image, self._proof = image, proof
        self._source, self._max_cycles = source, max_cycles

    def trace(self, kind: EntryKind, given: Registers) -> None:
        """A trace of the run can be kept."""
        rows = self._proof.instructions(kind, **given.counts())
        if rows > TRACE_MAX:
            raise fail(
                "BSC5251",
                f"a trace of {rows:,} instructions is too large, at most {TRACE_MAX:,} are kept",
                at=Span(self._source),
                help="trace a run of fewer samples",
            )

    def registers(self, kind: EntryKind, given: Registers) -> None:
        """Registers are in range, and the run cannot take too long."""
        if kind not in self._image.kinds():
            named = ", ".join(k.name.lower() for k in self._image.kinds())
            raise self._wrong(f"no entry {kind.name.lower()}; the image has {named}")
        for name, value in given.counts().items():
            most = PASSES_MAX if name in ("repeats", "reads") else INDEX_MAX
            if not 1 <= value <= most:
                raise self._wrong(f"{name} is {value}, expected 1 to {most}")
        passes = given.repeats * given.reads
        if passes > PASSES_MAX:
            raise self._wrong(f"{passes} passes, repeats times reads is at most {PASSES_MAX}")
        if kind in (EntryKind.TRAIN, EntryKind.BINARY) and passes != 1:
            raise self._wrong(f"{kind.name.lower()} has one repeat of one read")
        if not 0 <= given.seed <= SEED_MAX:
            raise self._wrong(f"the seed {given.seed} is not in 0..2^64-1")
        # The clock n of a chip that has been trained is such an index too.
        beyond = given.first + given.samples + (kind is EntryKind.TRAIN)
        if given.first < 0 or beyond > INDEX_MAX:
            raise self._wrong("a sample index is beyond 2^48-1")
        cores = range(len(self._image.cores))
        ticks = max(self._proof.executed(kind, c, "tick", **given.counts()) for c in cores)
        if not 0 <= given.check <= INDEX_MAX - 1 - ticks:
            raise self._wrong("a check is beyond 2^48-1")
        cycles = self._proof.cycles(kind, **given.counts())
        if cycles > self._max_cycles:
            raise fail(
                "BSC5253",
                f"the run could take {cycles:,} cycles, allowed are {self._max_cycles:,}",
                at=Span(self._source),
                help="start it with fewer samples, or allow more",
            )

    def streams(
        self,
        kind: EntryKind,
        given: Registers,
        data: EncodedData,
        labels: npt.NDArray[Any] | None,
        order: npt.NDArray[np.int64],
    ) -> None:
        """The streams hold what each core takes."""
        for core in range(len(self._image.cores)):
            vectors = self._image.cores[core].vectors
            for node in instructions(self._proof.trees[core][kind]):
                if node.name == "in":
                    vector = vectors[node.decoded.operands["level"]]
                    if data.values.ndim != 2 or data.values.shape[1] != vector.length:
                        raise self._wrong(
                            f"inputs of shape {list(data.values.shape)}, core {core} takes "
                            f"{vector.length} elements into {vector.name}"
                        )
                elif node.name == "label" and labels is not None:
                    vector = vectors[node.decoded.operands["label"]]
                    if labels.ndim == 2 and labels.shape[1] != vector.length:
                        raise self._wrong(
                            f"{labels.shape[1]} labels a sample, core {core} takes "
                            f"{vector.length} into {vector.name}"
                        )
            for name in ("in", "label"):
                taken = self._proof.executed(kind, core, name, **given.counts())
                if taken > len(order):
                    what = "inputs" if name == "in" else "labels"
                    raise self._wrong(f"core {core} takes {taken} {what}, there are {len(order)}")
                if name == "label" and taken and labels is None:
                    raise self._wrong(f"the run needs a label for each of {len(order)} samples")
        given_samples = samples_of(data, labels)
        if labels is not None:
            if (
                labels.shape[:1] != (given_samples,)
                or labels.ndim != 2
                or labels.dtype.kind not in "iu"
            ):
                raise self._wrong(
                    f"the run needs a label for each of {given_samples} samples, a whole number"
                )
            if labels.size and (labels.min() < 0 or labels.max() >= 1 << 31):
                raise self._wrong("a label is not in 0..2^31-1")
        if order.ndim != 1 or order.dtype.kind not in "iu":
            raise self._wrong("the order must be whole numbers, [samples]")
        if order.size and not 0 <= order.min() <= order.max() < max(1, given_samples):
            raise self._wrong("the order names samples that the inputs do not have")

    def lay_out(
        self,
        kind: EntryKind,
        given: Registers,
        data: EncodedData,
        labels: npt.NDArray[Any] | None,
        order: npt.NDArray[np.int64],
    ) -> Host:
        """Streams as the engine reads and writes them."""
        cores = self._image.cores
        room = max(self._results(kind, core, given) for core in range(len(cores)))
        needed, there = 8 * len(cores) * room, memory_bytes()
        if needed > there:
            raise fail(
                "BSC5251",
                f"the run's results need {needed >> 20} MiB, this machine has {there >> 20} MiB",
                at=Span(self._source),
            )
        out = np.zeros((len(cores), room), np.int64)
        known = np.zeros((len(data), 1), np.int32)
        if labels is not None:
            known = np.ascontiguousarray(labels, np.int32)
        if data.values.shape[1] == 0:  # nothing is taken
            none = np.zeros((1, 1), np.uint64)
            return Host(fixed(none), fixed(data.levels), fixed(known), fixed(order), out)
        values, order, known = rows_of_words(data.values, order, known)
        levels = fixed(np.ascontiguousarray(data.levels, np.int32))
        return Host(values, levels, known, order, out)

    def _results(self, kind: EntryKind, core: int, given: Registers) -> int:
        """Elements that a core gives to its output stream; all its `out` are alike long."""
        vectors = self._image.cores[core].vectors
        lengths = {
            vectors[node.decoded.operands["sum"]].length
            for node in instructions(self._proof.trees[core][kind])
            if node.name == "out"
        }
        executed = self._proof.executed(kind, core, "out", **given.counts())
        return executed * max(lengths, default=0)

    def _wrong(self, message: str) -> DiagnosticError:
        return fail("BSC5252", message, at=Span(self._source))

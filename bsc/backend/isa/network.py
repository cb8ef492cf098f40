"""A program's steps as what code generation asks of them: reads, what drives them, what learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bsc.diag import DiagnosticError, Span, fail
from bsc.hw.plan import Readout
from bsc.isa.names import LONGEST_TEXT, is_text
from bsc.program.model import Program
from bsc.program.wiring import Part, Signal, parts_of, signals
from bsc.tiling.plan import ArraySpec, Head, ReadSpec, Step, StepOp, Tile

_NO_TEXT = "\ufffd"
"""For characters that a line of assembly cannot hold."""

_OWN_STEPS = {
    StepOp.SAMPLE: "sample",
    StepOp.DERIVATIVE: "derivative",
    StepOp.READOUT: "readout",
    StepOp.LOGISTIC: "readout",
}
"""Steps on the sums of a read, and where `ReadSteps` has them."""


_Held = TypeVar("_Held")


@dataclass(frozen=True, slots=True)
class Back:
    """Sums of errors that come back to a read.

    Attributes:
        read: which read sends them.
        start: the word line there that belongs to the first element.
    """

    read: int
    start: int


@dataclass(frozen=True, slots=True)
class ReadSteps:
    """One read and the steps around it.

    Attributes:
        index: its place in the program's reads.
        spec: the read.
        array: index of its array.
        columns: its sums.
        inputs: word lines that its signals drive.
        step: sums from bits.
        parts: the signals, by ascending word lines.
        sample: what makes bits of the sums; None for heads.
        derivative: what gates errors; None without them, and for heads.
        head: which head it is, -1 for none.
        readout: what makes bits of a head's sums; None but for heads that learn.
        error: what compares these with the targets.
        backs: what comes back to it, added up and gated: its errors; empty without, and for heads.
        counts: whether errors are counted.
        sends: whether errors are sent back to what drives it.
    """

    index: int
    spec: ReadSpec
    array: int
    columns: int
    inputs: int
    step: Step
    parts: tuple[Part, ...]
    sample: Step | None = None
    derivative: Step | None = None
    head: int = -1
    readout: Step | None = None
    error: Step | None = None
    backs: tuple[Back, ...] = ()
    counts: bool = False
    sends: bool = False

    @property
    def name(self) -> str:
        """Of the read."""
        return self.spec.name

    @property
    def origin(self) -> str:
        """The model's layer, for people: one line, whatever the model calls it."""
        text = self.step.origin or self.spec.name
        return "".join(c if is_text(c) else _NO_TEXT for c in text[:LONGEST_TEXT])

    @property
    def learns(self) -> bool:
        """Whether it has errors."""
        return self.error is not None or bool(self.backs)

    @property
    def sources(self) -> tuple[int, ...]:
        """Reads whose bits drive it, each once."""
        return tuple(dict.fromkeys(p.read for p in self.parts if p.read >= 0))


@dataclass(frozen=True, slots=True)
class ArraySteps:
    """One array, where it is read, and what moves its weights.

    Attributes:
        index: its place in the program's arrays.
        spec: the array.
        tiles: its tiles.
        reads: indices of its reads.
        counted: how many of them count errors.
        whole: whether one core must have all its sums, because a softmax compares them.
        updates: what happens at the end of a batch, in order.
    """

    index: int
    spec: ArraySpec
    tiles: tuple[Tile, ...]
    reads: tuple[int, ...]
    counted: int
    whole: bool
    updates: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """A program for the code generator.

    Attributes:
        reads: in topological order.
        followers: for each read the indices of those that its bits drive.
        arrays: in the order of their first reads.
        heads: what answers.
        input_starts: where each input begins in a sample.
        input_size: elements of a sample.
        target_starts: where each head's part of a sample's targets begins.
        target_width: numbers of a sample's targets.
        sum_starts: where each head's sums begin in what inference gives.
        sum_width: sums that inference gives.
        trains: whether there are training steps.
    """

    reads: tuple[ReadSteps, ...]
    followers: tuple[tuple[int, ...], ...]
    arrays: tuple[ArraySteps, ...]
    heads: tuple[Head, ...]
    input_starts: tuple[int, ...]
    input_size: int
    target_starts: tuple[int, ...]
    target_width: int
    sum_starts: tuple[int, ...]
    sum_width: int
    trains: bool

    @property
    def votes(self) -> bool:
        """Whether every head has a readout, which mode vote counts."""
        return self.trains and all(self.reads[h.read].readout is not None for h in self.heads)

    def users(self, read: int) -> tuple[ReadSteps, ...]:
        """Reads that a read's bits drive."""
        return tuple(self.reads[index] for index in self.followers[read])

    def trained(self) -> tuple[ReadSteps, ...]:
        """Reads that training needs: those with errors, and all that these hang on."""
        needed: set[int] = set()
        for read in reversed(self.reads):
            if read.learns or read.index in needed:
                needed |= {read.index, *read.sources}
        return tuple(read for read in self.reads if read.index in needed)


def network_of(program: Program) -> Network:
    """The reads of a verified program.

    Raises:
        DiagnosticError: BSC5257, its steps are put together as no code can be.
    """
    return _Reader(program, signals(program)).run()


@dataclass(slots=True)
class _Reader:
    """Reads the steps; buffers are known by what they hold."""

    program: Program
    signals: Mapping[int, tuple[Signal, ...]]
    sums: dict[int, int] = field(default_factory=dict)  # sums, bits and gates of a read
    errors: dict[int, int] = field(default_factory=dict)
    turned: dict[int, tuple[Back, ...]] = field(default_factory=dict)
    reads: list[ReadSteps] = field(default_factory=list)

    def run(self) -> Network:
        program = self.program
        for step in program.inference:
            self._step(step)
        for step in program.training[len(program.inference) :]:
            self._step(step)
        self._check_backs()
        counted = [each.array for each in self.reads if each.counts]
        arrays = tuple(
            ArraySteps(
                index,
                spec,
                tuple(t for t in program.tiles if t.array == index),
                tuple(each.index for each in self.reads if each.array == index),
                counted.count(index),
                any(self._compares(each) for each in self.reads if each.array == index),
                tuple(u for u in program.update if u.array == index),
            )
            for index, spec in enumerate(program.arrays)
        )
        followers: list[list[int]] = [[] for _ in self.reads]
        for each in self.reads:
            for source in each.sources:
                followers[source].append(each.index)
        return Network(
            tuple(self.reads),
            tuple(map(tuple, followers)),
            arrays,
            program.heads,
            program.input_starts,
            program.input_size,
            program.target_starts,
            program.target_width,
            program.sum_starts,
            program.sum_width,
            bool(program.training),
        )

    def _compares(self, read: ReadSteps) -> bool:
        """Whether sums of a read must come together: a softmax compares them, nothing else does."""
        return read.head >= 0 and self.program.heads[read.head].readout is Readout.SOFTMAX

    def _step(self, step: Step) -> None:
        match step.op:
            case StepOp.ENCODE | StepOp.CONCAT:
                pass  # what they put where is among the signals
            case StepOp.READ:
                self._read(step)
            case StepOp.SAMPLE | StepOp.DERIVATIVE | StepOp.READOUT | StepOp.LOGISTIC:
                read = self._known(self.sums, step.sources[0], step)
                self._note(read, **{_OWN_STEPS[step.op]: step})
                self.sums[step.target] = read
            case StepOp.ERROR | StepOp.TARGET_ERROR:
                read = self._known(self.sums, step.sources[0], step)
                self._note(read, error=step)
                self.errors[step.target] = read
            case StepOp.READ_TRANSPOSED:
                read = self._known(self.errors, step.sources[0], step)
                if step.array != self.reads[read].array:
                    raise self._unknown(step)
                self._note(read, sends=True)
                self.turned[step.target] = (Back(read, 0),)
            case StepOp.ADD:
                self.turned[step.target] = tuple(
                    Back(back.read, back.start + step.number(f"start_{k}"))
                    for k, source in enumerate(step.sources)
                    for back in self._known(self.turned, source, step)
                )
            case StepOp.SIGN:
                read = self._known(self.sums, step.sources[1], step)
                self._note(read, backs=self._known(self.turned, step.sources[0], step))
                self.errors[step.target] = read
            case StepOp.COUNT:
                self._count(step)
            case _:
                raise self._unknown(step)

    def _read(self, step: Step) -> None:
        program, index = self.program, len(self.reads)
        spec = program.arrays[step.array]
        heads = [number for number, head in enumerate(program.heads) if head.read == index]
        self.sums[step.target] = index
        self.reads.append(
            ReadSteps(
                index,
                program.reads[index],
                step.array,
                spec.columns,
                spec.inputs,
                step,
                parts_of(self.signals[step.sources[0]]),
                head=heads[0] if heads else -1,
            )
        )

    def _count(self, step: Step) -> None:
        """Errors are counted with the bits that drove the read."""
        read = self.reads[self._known(self.errors, step.sources[1], step)]
        driven = tuple(part.signal for part in read.parts)
        if step.array != read.array or self.signals[step.sources[0]] != driven:
            raise self._unknown(step)
        self._note(read.index, counts=True)

    def _check_backs(self) -> None:
        """Sums come back to a read from where its bits went."""
        for read in self.reads:
            own = Signal(read.columns, read=read.index)
            for back in read.backs:
                if Part(own, back.start) not in self.reads[back.read].parts:
                    raise self._unknown(read.step)

    def _note(self, read: int, **fields: object) -> None:
        self.reads[read] = replace(self.reads[read], **fields)  # type: ignore[arg-type]

    def _known(self, found: Mapping[int, _Held], buffer: int, step: Step) -> _Held:
        if buffer not in found:
            raise self._unknown(step)
        return found[buffer]

    def _unknown(self, step: Step) -> DiagnosticError:
        return fail(
            "BSC5257",
            f"the step {step.op} of {step.origin or 'the network'} has no code: its operands are "
            "put together in another way than the compiler does",
            at=Span(f"<program {self.program.name}>"),
        )

"""What the steps of a program must be together: order, who wrote what, reads, heads, updates."""

from __future__ import annotations

from bsc.hw.plan import Readout, Rule
from bsc.numerics.table_rules import PAIRS
from bsc.program.counters import COUNTER_MAX, counter_bounds
from bsc.program.model import Program
from bsc.program.step_rules import StepChecker
from bsc.program.table_rules import Wrong
from bsc.tiling.plan import Step, StepOp

_NEURONS = frozenset({StepOp.ENCODE, StepOp.SAMPLE})
_LISTED = _NEURONS | {StepOp.CONCAT}
_ERRORS = frozenset({StepOp.ERROR, StepOp.TARGET_ERROR, StepOp.SIGN})
_READ = frozenset({StepOp.READ})
_BACKWARD = frozenset({StepOp.READ_TRANSPOSED})
_WRITERS: dict[StepOp, tuple[frozenset[StepOp], ...]] = {
    StepOp.CONCAT: (_NEURONS,),
    StepOp.READ: (_LISTED,),
    StepOp.SAMPLE: (_READ,),
    StepOp.READOUT: (_READ,),
    StepOp.LOGISTIC: (_READ,),
    StepOp.ERROR: (frozenset({StepOp.READOUT}),),
    StepOp.TARGET_ERROR: (frozenset({StepOp.LOGISTIC}),),
    StepOp.DERIVATIVE: (_READ,),
    StepOp.READ_TRANSPOSED: (_ERRORS,),
    StepOp.ADD: (_BACKWARD,),
    StepOp.SIGN: (_BACKWARD | {StepOp.ADD}, frozenset({StepOp.DERIVATIVE})),
    StepOp.COUNT: (_LISTED, _ERRORS),
}
"""Which steps may have written the buffers that a step reads (the last entry is for all further
sources): executors keep the bits of some as lists and those of others as bytes, by what wrote them.
"""

_FORWARD = frozenset({StepOp.ENCODE, StepOp.CONCAT, StepOp.READ, StepOp.SAMPLE})
_OF_READ = frozenset({StepOp.SAMPLE, StepOp.DERIVATIVE, StepOp.READOUT, StepOp.LOGISTIC})
_READOUTS = {StepOp.READOUT: Readout.SOFTMAX, StepOp.LOGISTIC: Readout.LOGISTIC}


class FlowChecker:
    """Checks all steps of a program whose arrays, reads, heads, tiles and buffers are in order."""

    def __init__(self, program: Program, wrong: Wrong) -> None:
        self.program = program
        self.wrong = wrong
        self.steps = StepChecker(program, wrong)
        self.read_of: dict[int, int] = {}  # buffer of sums, or of a head's bits -> read

    def run(self) -> None:
        """Check all steps."""
        program = self.program
        shared = program.training[: len(program.inference)]
        if program.training and shared != program.inference:
            self.wrong("training", "its first steps are not those of inference")
        elif not program.training and (program.update or not program.untrainable):
            self.wrong("training", "there are no steps, and no reason why")
        if self._sequence("inference", program.inference):
            self._forward(program.inference)
        learns = bool(program.training) and shared == program.inference
        learns = learns and self._sequence("training", program.training)
        if learns:
            self._readouts(program.training[len(program.inference) :])
        fits = [
            self.steps.check(f"update step {place}", step, update=True)
            for place, step in enumerate(program.update)
        ]
        if learns and all(fits):
            self._updates()

    def _sequence(self, name: str, steps: tuple[Step, ...]) -> bool:
        """Check steps of one sample in order; whether all that they name is there."""
        written: dict[int, StepOp] = {}
        fits = True
        for place, step in enumerate(steps):
            path = f"{name} step {place}"
            fits &= self.steps.check(path, step, update=False)
            allowed = _WRITERS.get(step.op, ())
            for number, source in enumerate(step.sources):
                if source not in written:
                    self.wrong(path, f"{step.op} reads buffer {source} before it is written")
                elif allowed and written[source] not in allowed[min(number, len(allowed) - 1)]:
                    self.wrong(path, f"{step.op} reads a buffer that {written[source]} wrote")
            if step.target in written:
                self.wrong(path, f"{step.op} writes buffer {step.target} a second time")
            if step.target >= 0:
                written[step.target] = step.op
        return fits

    def _forward(self, steps: tuple[Step, ...]) -> None:
        """Each input is encoded once, each read is made once, in order, and sampled or a head."""
        program = self.program
        if any(step.op not in _FORWARD for step in steps):
            self.wrong("inference", "expected encodes, concats, reads and samples alone")
            return
        encoded = sorted(step.layer for step in steps if step.op is StepOp.ENCODE)
        if encoded != list(range(len(program.inputs))):
            self.wrong("inference", f"encodes inputs {encoded}, expected each of them once")
        found = [step.array for step in steps if step.op is StepOp.READ]
        wanted = [read.array for read in program.reads]
        if found != wanted or steps[-1].op is not StepOp.READ:
            self.wrong(
                "inference", f"reads arrays {found}, expected {wanted}, the last one as last step"
            )
            return
        for number, step in enumerate(s for s in steps if s.op is StepOp.READ):
            self.read_of[step.target] = number
        sampled = []
        for step in steps:
            if step.op is StepOp.SAMPLE:
                sampled.append(self._of_read("inference", step))
        heads = [head.read for head in program.heads]
        if sorted([*sampled, *heads]) != list(range(len(program.reads))):
            self.wrong(
                "inference", f"samples reads {sampled}, heads are {heads}: expected each read once"
            )

    def _of_read(self, path: str, step: Step) -> int:
        """The read whose sums a step reads; its draws must be of that read."""
        read = self.read_of.get(step.sources[0], -1)
        if read != step.layer:
            self.wrong(path, f"{step.op} draws for layer {step.layer}, its sums are read {read}")
        return read

    def _readouts(self, steps: tuple[Step, ...]) -> None:
        """Readouts and errors are those of the heads, at their places in the targets."""
        program = self.program
        starts = dict(zip((h.read for h in program.heads), program.target_starts, strict=True))
        kinds = {head.read: head.readout for head in program.heads}
        asked: list[int] = []
        for step in steps:
            if step.op in _FORWARD:
                self.wrong("training", f"{step.op} belongs to the steps of inference")
            if step.op in _OF_READ:
                read = self._of_read("training", step)
                if step.op in _READOUTS:
                    self.read_of[step.target] = read
                    asked.append(read)
                    if kinds.get(read) is not _READOUTS[step.op]:
                        self.wrong("training", f"{step.op} of read {read}, no such head")
            if step.op in (StepOp.ERROR, StepOp.TARGET_ERROR):
                read = self.read_of.get(step.sources[0], -1)
                if step.number("target") != starts.get(read, -1):
                    self.wrong("training", f"{step.op} takes targets of another head")
                if step.op is StepOp.TARGET_ERROR and step.layer != read:
                    self.wrong("training", f"{step.op} draws for layer {step.layer}, not {read}")
        wanted = [read for read, kind in kinds.items() if kind is not Readout.NONE]
        if sorted(asked) != wanted:
            self.wrong("training", f"readouts of reads {sorted(asked)}, expected {wanted}")

    def _updates(self) -> None:
        """Each array that is counted is stepped once, and none that the plan keeps frozen."""
        program = self.program
        counted = sorted({s.array for s in program.training if s.op is StepOp.COUNT})
        wanted = StepOp.SGD_STEP if program.plan.rule is Rule.SGD else StepOp.CARRY
        stepped = sorted(step.array for step in program.update if step.op is not StepOp.REFRESH)
        if not counted or stepped != counted:
            self.wrong("update", f"steps arrays {stepped}, counted are {counted}")
        if any(step.op not in (wanted, StepOp.REFRESH) for step in program.update):
            self.wrong("update", f"rule {program.plan.rule} has one {wanted} an array")
        for array in counted:
            if program.frozen(array):
                self.wrong("update", f"moves array {array}, which the plan keeps frozen")
        bounds = counter_bounds(len(program.arrays), program.training, program.update)
        for array, bound in enumerate(bounds):
            largest = bound.largest(program.plan.batch)
            if largest > COUNTER_MAX:
                message = f"counters of array {array} may reach {largest}, expected {COUNTER_MAX}"
                self.wrong("update", f"{message} at most")
        self._refreshes()

    def _refreshes(self) -> None:
        """Only one-way pairs have two cells to move back, and they move back after their pulses."""
        program = self.program
        stepped: set[int] = set()
        refreshed: set[int] = set()
        for place, step in enumerate(program.update):
            path = f"update step {place}"
            if step.op is not StepOp.REFRESH:
                stepped.add(step.array)
                continue
            style = program.style_of(step.array)
            if style not in PAIRS:
                self.wrong(path, f"refresh moves pairs of cells, the array's are {style}")
            elif step.array in refreshed:
                self.wrong(path, f"refreshes array {step.array} a second time")
            elif step.array not in stepped:
                self.wrong(path, f"refreshes array {step.array} before its pulses")
            refreshed.add(step.array)

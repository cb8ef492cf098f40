"""The code of a core, entry by entry: one loop over samples in flight for each of its reads.

A batch is cut into blocks of samples in flight. In a block each read goes forward over all its
samples, then, from the last read to the first, backward. Within a loop the units work on
neighbouring samples side by side; between the loops of a block only bits and signs are kept. Reads
of a batch see the cells at its start, so nothing else is ordered before the batch ends.
"""

from __future__ import annotations

from bsc.backend.isa.answers import Answers
from bsc.backend.isa.backward import Backward
from bsc.backend.isa.code import Code, immediate
from bsc.backend.isa.core import CoreCode
from bsc.backend.isa.forward import Forward
from bsc.backend.isa.inference import Inference
from bsc.isa.kinds import EntryKind, Register
from bsc.tiling.plan import StepOp

_UPDATES = {StepOp.CARRY: "carry", StepOp.SGD_STEP: "step", StepOp.REFRESH: "refresh"}


def write_entry(core: CoreCode, kind: EntryKind) -> Code:
    """Code of an entry of a core."""
    core.begin()
    if core.arrays:
        match kind:
            case EntryKind.TRAIN:
                _train(core)
            case EntryKind.INFER | EntryKind.VOTE:
                _infer(core, vote=kind is EntryKind.VOTE)
            case EntryKind.BINARY:
                _binary(core)
    core.code.op("barrier")
    core.code.op("halt")
    return core.code


def _train(core: CoreCode) -> None:
    code, reads = core.code, core.network.trained()
    with code.chunks(Register.B0, Register.SAMPLES, Register.BATCH):
        with code.chunks(Register.B1, Register.B0, immediate(core.flight)):
            forward = Forward(core, reads, Register.B1)
            forward.write()
            Backward(core, reads, Register.B1, forward).write()
            code.op("advance", register=Register.B1)
        for array in core.arrays:
            _update(core, array)
        code.op("tick")


def _update(core: CoreCode, number: int) -> None:
    """What happens to an array at the end of a batch."""
    array = core.network.arrays[number]
    read = core.network.reads[array.reads[0]]
    with core.code.from_layer(read.origin):
        for place, step in enumerate(array.updates):
            core.code.op(
                _UPDATES[step.op],
                update=core.updates[number, place],
                tiles=core.all_tiles(read),
            )


def _infer(core: CoreCode, *, vote: bool) -> None:
    code = core.code
    with code.chunks(Register.B0, Register.SAMPLES, immediate(core.flight)):
        Inference(core, vote=vote).write()
        code.op("advance", register=Register.B0)


def _binary(core: CoreCode) -> None:
    code, reads = core.code, core.network.reads
    with code.chunks(Register.B0, Register.SAMPLES, immediate(core.flight)):
        answers = Answers(core, Register.B0, adds=False)
        Forward(core, reads, Register.B0, answers).write()
        answers.finish()
        code.op("advance", register=Register.B0)

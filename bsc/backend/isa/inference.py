"""Samples go forward many times: modes stochastic and vote, with repeats and reads.

A pass has as many bit vectors as the host says, so nothing keeps them: a read that drives others
keeps its sums, and its neurons are sampled anew, with the same draws, for each read that they
drive. What is driven on another core gets the bits sent, one vector a time.
"""

from __future__ import annotations

from bsc.backend.isa.answers import Answers
from bsc.backend.isa.code import Area
from bsc.backend.isa.core import PASSING, CoreCode
from bsc.backend.isa.forward import answer
from bsc.backend.isa.network import ReadSteps
from bsc.isa.kinds import Counter, Register, VectorKind

_PIECE = Register.B0


class Inference:
    """Writes the entry of a core.

    Args:
        core: where.
        vote: whether votes are added up, in place of sums.
    """

    def __init__(self, core: CoreCode, *, vote: bool) -> None:
        self.core, self.vote = core, vote
        self.reads = core.network.reads
        self.own = core.own(self.reads)
        self.groups = core.groups(self.reads)
        self.group_of = {r.index: n for n, group in enumerate(self.groups) for r in group}
        self.first_input = next((r for r in self.own if any(p.input >= 0 for p in r.parts)), None)
        self.answers = Answers(core, _PIECE, adds=True)

    def write(self) -> None:
        """All of it, for a block of samples in flight."""
        code = self.core.code
        if self.first_input is not None or self.answers.own:
            with code.loop(Counter.SLOT, _PIECE):
                if self.first_input is not None:
                    code.op("in", level=self._levels(self.first_input))
                if self.answers.own:
                    self.answers.clear()
        with code.loop(Counter.REPEAT, Register.REPEATS):
            for group in self.groups:
                self._group(group)
        self.answers.finish()

    def _group(self, group: tuple[ReadSteps, ...]) -> None:
        core, code = self.core, self.core.code
        acts = [read for read in group if core.is_here(read) or self._feeds(read)]
        if not acts:
            return
        own = core.own(acts)
        named = own[0] if own else self._feeds(acts[0])[0]
        with code.from_layer(named.origin), code.loop(Counter.SLOT, _PIECE):
            for read in acts:
                if core.is_here(read):
                    self._read(read)
                else:
                    with code.loop(Counter.READ, Register.READS):
                        for source in self._feeds(read):
                            self._send(read, source, core.bits("bits", source, PASSING))

    def _feeds(self, read: ReadSteps) -> tuple[ReadSteps, ...]:
        """What this core has of the reads that drive one."""
        return self.core.own(self.reads[source] for source in read.sources)

    def _read(self, read: ReadSteps) -> None:
        """The sums of a read over the bit vectors of a pass."""
        core, code = self.core, self.core.code
        sums = self._sums(read)
        code.op("clear", sum=sums)
        with code.loop(Counter.READ, Register.READS):
            bits = self._drive(read)
            code.op("read.add", sum=sums, bits=bits, tiles=core.all_tiles(read))
        if read.head < 0:
            return
        result = sums
        if self.vote:
            result = core.bits("readout", read, PASSING)
            answer(core, read, result, sums)
        code.op("add", sum=self.answers.sums(read), term=result)

    def _drive(self, read: ReadSteps) -> Area:
        """One bit vector: encoded, sampled and received."""
        core, code = self.core, self.core.code
        bits = self._bits(read)
        first: dict[int, int] = {}  # where a read's bits stand, the first time
        copies: list[tuple[int, int, int]] = []
        for part in read.parts:
            signal = part.signal
            if signal.input >= 0 and self.first_input is not None:
                levels = self._levels(self.first_input)
                level = core.level(levels, signal.input, signal.size)
                whole = core.view(bits, part.start, signal.size)
                code.op("encode", bits=whole, level=level, layer=signal.input)
            elif signal.read in first:
                copies.append((part.start, first[signal.read], signal.size))
            else:
                first[signal.read] = part.start
                source = self.reads[signal.read]
                if core.is_here(source):
                    fired = core.part(bits, part.start, core.share(source))
                    self._send(read, source, fired)
        for index, start in first.items():
            for share in core.others(self.reads[index]):
                code.op("receive", vector=core.part(bits, start, share), core=share.core)
        for start, source_start, size in copies:
            code.op(
                "copy",
                vector=core.view(bits, start, size),
                source=core.view(bits, source_start, size),
            )
        return bits

    def _send(self, read: ReadSteps, source: ReadSteps, fired: Area) -> None:
        """Bits of a read for another one, here and on all other cores that have it."""
        core = self.core
        neuron = core.neurons[source.index]
        core.code.op("sample", bits=fired, sum=self._sums(source), neuron=neuron)
        for other in core.placement.cores_of(read.array):
            if other != core.core:
                core.code.op("send", vector=fired, core=other)

    def _bits(self, read: ReadSteps) -> Area:
        """What drives a read; bits of one read of this core go by its name."""
        name = f"{read.name}.input"
        if len(read.parts) == 1 and read.sources:
            source = self.reads[read.sources[0]]
            if self.core.all_here(source):
                name = f"{source.name}.bits"
        return self.core.area(name, VectorKind.BIT, read.inputs, PASSING)

    def _sums(self, read: ReadSteps) -> Area:
        """Sums of a read: kept for those that are driven by it in another loop."""
        users = (user.index for user in self.core.network.users(read.index))
        groups = {self.group_of[index] for index in (read.index, *users)}
        return self.core.sums("sums", read, self.core.passing(groups))

    def _levels(self, read: ReadSteps) -> Area:
        return self.core.levels(read, self.core.flight)

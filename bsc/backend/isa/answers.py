"""How the sums of all heads come together: one core hands them to the host."""

from __future__ import annotations

from bsc.backend.isa.code import Area
from bsc.backend.isa.core import PASSING, CoreCode
from bsc.backend.isa.network import ReadSteps
from bsc.isa.kinds import Counter, Register, VectorKind


class Answers:
    """Results of inference on one core: what it adds up, sends to another, or hands out.

    Args:
        core: where.
        piece: register that counts the samples in flight.
        adds: whether results are added up over repeats.
    """

    def __init__(self, core: CoreCode, piece: Register, *, adds: bool) -> None:
        network = core.network
        self.core, self.piece, self.adds = core, piece, adds
        self.heads = tuple(network.reads[head.read] for head in network.heads)
        self.last = max(self.heads, key=lambda read: read.index)
        self.gives = core.placement.cores_of(self.last.array)[0]  # the core that has an output
        self.own = core.own(self.heads)
        self.alone = len(self.heads) == 1 and len(core.shares(self.last)) == 1

    def sums(self, read: ReadSteps) -> Area:
        """The sums of a head of this core."""
        if self.alone and not self.adds:
            return self.core.sums("sums", read, PASSING)
        if self.core.core != self.gives:
            return self.core.sums("result" if self.adds else "sums", read, self.core.flight)
        start = self.core.network.sum_starts[read.head]
        return self.core.part(self._all(), start, self.core.share(read))

    def at_once(self, sums: Area) -> None:
        """Hand out a head's sums while its loop goes on, where nothing else is handed out."""
        if self.alone:
            self.core.code.op("out", sum=sums)

    def clear(self) -> None:
        """Nothing has been added up yet."""
        if self.core.core == self.gives:
            self.core.code.op("clear", sum=self._all())
        else:
            for read in self.own:
                self.core.code.op("clear", sum=self.sums(read))

    def finish(self) -> None:
        """A loop that brings the results together and hands them out."""
        if not self.own or (self.alone and not self.adds):
            return
        core, code = self.core, self.core.code
        with code.loop(Counter.SLOT, self.piece):
            if core.core != self.gives:
                for read in self.own:
                    code.op("send", vector=self.sums(read), core=self.gives)
                return
            for read in self.heads:
                start = core.network.sum_starts[read.head]
                for share in core.others(read):
                    part = core.part(self._all(), start, share)
                    code.op("receive", vector=part, core=share.core)
            code.op("out", sum=self._all())

    def _all(self) -> Area:
        """The results of all heads, on the core that hands them out."""
        width = self.core.network.sum_width
        name = f"{self.last.name}.result"
        return self.core.area(name, VectorKind.SUM, width, self.core.flight)

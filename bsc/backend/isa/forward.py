"""Samples go forward once: while learning, and in mode binary.

Each read's neurons are sampled where its sums are; their bits go at once to every core that is
driven by them, now or in a later loop, and stay there while the block of samples lasts.
"""

from __future__ import annotations

from collections.abc import Sequence

from bsc.backend.isa.answers import Answers
from bsc.backend.isa.bits import Home, Layout, Stretch
from bsc.backend.isa.code import Area
from bsc.backend.isa.core import PASSING, CoreCode
from bsc.backend.isa.network import ReadSteps
from bsc.hw.plan import Readout
from bsc.isa.kinds import Counter, Register, VectorKind
from bsc.program.wiring import Signal


class Forward:
    """Writes the loops of a core.

    Args:
        core: where.
        reads: those that the entry needs, in order.
        piece: register that counts the samples in flight.
        answers: where sums go in mode binary; None while learning.
    """

    def __init__(
        self,
        core: CoreCode,
        reads: Sequence[ReadSteps],
        piece: Register,
        answers: Answers | None = None,
    ) -> None:
        self.core, self.piece, self.answers = core, piece, answers
        self.own = core.own(reads)
        self.layout = Layout(self.own)
        self.groups = core.groups(reads)
        self.group_of = {r.index: n for n, group in enumerate(self.groups) for r in group}
        self.first_input = next(
            (r.index for r in self.own if any(p.input >= 0 for p in r.parts)), -1
        )
        self.heads = [read for read in self.own if read.error is not None]

    def write(self) -> None:
        """All loops."""
        code = self.core.code
        for group in self.groups:
            acts = [r for r in group if self.core.is_here(r) or self._homes(r)]
            if not acts:
                continue
            named = next(iter(self.core.own(acts)), acts[0])
            with code.from_layer(named.origin), code.loop(Counter.SLOT, self.piece):
                for read in acts:
                    self._read(read)

    def driving(self, read: ReadSteps) -> Area:
        """The bits that drive a read of this core."""
        home = self.layout.driving(read)
        return self.core.view(self._area(home.stretch), home.start, read.inputs)

    def _read(self, read: ReadSteps) -> None:
        """A read on this core, or what it gives to this core."""
        if self.core.is_here(read):
            if read.index == self.first_input:
                self._inputs(read)
            sums = self._sums(read)
            tiles = self.core.all_tiles(read)
            self.core.code.op("read", sum=sums, bits=self.driving(read), tiles=tiles)
            if read.head >= 0:
                self._head(read, sums)
                return
            self._fire(read, sums)
        homes = self._homes(read)
        if homes:
            for share in self.core.others(read):
                part = self.core.part(self._area(homes[0].stretch), homes[0].start, share)
                self.core.code.op("receive", vector=part, core=share.core)
            self._copy(homes, read.columns)

    def _inputs(self, read: ReadSteps) -> None:
        """Levels to bits: of all inputs that this core is driven by, now or later."""
        core = self.core
        levels = core.levels(read, PASSING)
        core.code.op("in", level=levels)
        for signal in self.layout.inputs():
            homes = self.layout.homes(signal)
            bits = core.view(self._area(homes[0].stretch), homes[0].start, signal.size)
            level = core.level(levels, signal.input, signal.size)
            if self.answers is None:
                core.code.op("encode", bits=bits, level=level, layer=signal.input)
            else:
                core.code.op("encode.half", bits=bits, level=level)
            self._copy(homes, signal.size)

    def _copy(self, homes: Sequence[Home], size: int) -> None:
        """The first place has a signal; so do the others then."""
        first, *others = (self.core.view(self._area(h.stretch), h.start, size) for h in homes)
        for other in others:
            self.core.code.op("copy", vector=other, source=first)

    def _fire(self, read: ReadSteps, sums: Area) -> None:
        """Sums to bits, here and for all cores that are driven by them."""
        core, homes = self.core, self._homes(read)
        users = [u for u in core.network.users(read.index) if u.index in self.group_of]
        cores = {c for user in users for c in core.placement.cores_of(user.array)}
        if not cores:
            return
        if homes:
            fired = core.part(self._area(homes[0].stretch), homes[0].start, core.share(read))
        else:
            fired = core.bits("bits", read, PASSING)
        neuron = core.neurons[read.index]
        if self.answers is not None:
            core.code.op("sample.half", bits=fired, sum=sums, neuron=neuron)
        elif read.backs:
            gate = core.bits("gate", read, core.flight)
            core.code.op("sample.gate", bits=fired, gate=gate, sum=sums, neuron=neuron)
        else:
            core.code.op("sample", bits=fired, sum=sums, neuron=neuron)
        for other in sorted(cores - {core.core}):
            core.code.op("send", vector=fired, core=other)

    def _sums(self, read: ReadSteps) -> Area:
        if read.head >= 0 and self.answers is not None:
            return self.answers.sums(read)
        return self.core.sums("sums", read, PASSING)

    def _head(self, read: ReadSteps, sums: Area) -> None:
        """What a head says, and what it should have said; or the answer."""
        core = self.core
        if self.answers is not None:
            self.answers.at_once(sums)
            return
        if read.error is None:
            return
        readout = core.network.heads[read.head].readout
        chosen = core.bits("readout", read, PASSING)
        answer(core, read, chosen, sums)
        errors = core.columns("error", read, VectorKind.SIGN, core.flight)
        wanted = self._label(read, readout)
        if readout is Readout.SOFTMAX:
            core.code.op("error", signs=errors, bits=chosen, label=wanted)
        else:
            neuron = core.neurons[read.index]
            core.code.op("error.target", signs=errors, bits=chosen, label=wanted, neuron=neuron)

    def _label(self, read: ReadSteps, readout: Readout) -> Area:
        """The head's part of a sample's targets; the first head of a core takes them all."""
        core, network = self.core, self.core.network
        first = self.heads[0]
        slots = PASSING if len(self.heads) == 1 else core.flight
        width = network.target_width
        labels = core.area(f"{first.name}.label", VectorKind.LABEL, width, slots)
        if read is first:
            core.code.op("label", label=labels)
        start = network.target_starts[read.head]
        if readout is Readout.SOFTMAX:
            return core.view(labels, start, 1)
        return core.part(labels, start, core.share(read))

    # places

    def _homes(self, read: ReadSteps) -> tuple[Home, ...]:
        return self.layout.homes(Signal(read.columns, read=read.index))

    def _area(self, stretch: Stretch) -> Area:
        """The vector of a stretch: bits of one read of this core go by its name."""
        core, signals = self.core, stretch.signals
        name = f"{stretch.read.name}.input"
        if len(signals) == 1 and signals[0].read >= 0:
            read = core.network.reads[signals[0].read]
            if core.all_here(read):
                name = f"{read.name}.bits"
        return core.area(name, VectorKind.BIT, stretch.size, self._slots(stretch))

    def _slots(self, stretch: Stretch) -> int:
        if self.answers is None:
            return self.core.flight  # errors are counted with them
        groups = {self.group_of[s.read] for s in stretch.signals if s.read >= 0}
        if any(s.input >= 0 for s in stretch.signals):
            groups.add(self.group_of[self.first_input])
        groups |= {self.group_of[read.index] for read in self.layout.driven(stretch)}
        return self.core.passing(groups)


def answer(core: CoreCode, read: ReadSteps, chosen: Area, sums: Area) -> None:
    """Draw what a head says."""
    if core.network.heads[read.head].readout is Readout.SOFTMAX:
        core.code.op("readout", bits=chosen, sum=sums, readout=core.readouts[read.index])
    else:
        core.code.op("readout.logistic", bits=chosen, sum=sums, neuron=core.neurons[read.index])

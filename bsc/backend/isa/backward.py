"""Errors go backward: read transposed, sent to whose bits they blame, added up and gated there.

A read's errors are there when all that it drives has been gone through. What comes first is
written, the rest is added; what comes last makes the sign, in the same loop.
"""

from __future__ import annotations

from collections.abc import Sequence

from bsc.backend.isa.code import Area
from bsc.backend.isa.core import PASSING, CoreCode
from bsc.backend.isa.forward import Forward
from bsc.backend.isa.network import ReadSteps
from bsc.isa.kinds import Counter, Register, VectorKind


class Backward:
    """Writes the loops of a core, after those of `forward`.

    Args:
        core: where.
        reads: those that training needs, in order.
        piece: register that counts the samples in flight.
        forward: what has driven them.
    """

    def __init__(
        self, core: CoreCode, reads: Sequence[ReadSteps], piece: Register, forward: Forward
    ) -> None:
        self.core, self.piece, self.forward = core, piece, forward
        self.groups = core.groups([read for read in reversed(reads) if read.learns])
        self.group_of = {r.index: n for n, group in enumerate(self.groups) for r in group}
        blamed: dict[int, list[tuple[ReadSteps, int]]] = {}
        for read in reads:
            for back in read.backs:
                blamed.setdefault(back.read, []).append((read, back.start))
        self.blamed = {r: sorted(found, key=lambda b: b[1]) for r, found in blamed.items()}
        self.left = {
            read.index: sum(len(core.shares(core.network.reads[b.read])) for b in read.backs)
            for read in core.own(reads)
        }
        self.all = dict(self.left)

    def write(self) -> None:
        """All loops."""
        core, code = self.core, self.core.code
        for group in self.groups:
            acts = [r for r in group if core.is_here(r) or self._comes_here(r)]
            if not acts:
                continue
            named = next(iter(core.own(acts)), acts[0])
            with code.from_layer(named.origin), code.loop(Counter.SLOT, self.piece):
                for read in acts:
                    self._read(read)

    def _comes_here(self, read: ReadSteps) -> bool:
        """Whether errors of a read blame bits that were made here."""
        return any(self.core.is_here(blamed) for blamed, _ in self.blamed.get(read.index, ()))

    def _read(self, read: ReadSteps) -> None:
        """A read on this core, and what other cores say of it."""
        core, code = self.core, self.core.code
        blamed = self.blamed.get(read.index, [])
        if core.is_here(read):
            errors = self._errors(read)
            if blamed:
                self._turn(read, errors, blamed)
            if read.counts:
                bits = self.forward.driving(read)
                code.op("count", bits=bits, signs=errors, tiles=core.all_tiles(read))
        for source, _ in blamed:
            if core.is_here(source):
                for share in core.others(read):
                    self._receive(source, share.core)

    def _turn(self, read: ReadSteps, errors: Area, blamed: Sequence[tuple[ReadSteps, int]]) -> None:
        """Errors through the array, to where they belong."""
        core, code = self.core, self.core.code
        lines = [(start, start + source.columns) for source, start in blamed]
        tiles = core.driven_tiles(read, lines)
        source, _ = blamed[0]
        whole = len(blamed) == 1 and source.columns == read.inputs and core.all_here(source)
        if whole and self.all[source.index] > 1:  # nothing to be cut: it is added where it goes
            name = "readt" if self._is_first(source) else "readt.add"
            back = self._back(source)
            code.op(name, sum=back, signs=errors, tiles=tiles)
            self._came(source, back)
            return
        turned = core.area(f"{read.name}.turned", VectorKind.SUM, read.inputs, PASSING)
        code.op("readt", sum=turned, signs=errors, tiles=tiles)
        for source, start in blamed:
            for share in core.shares(source):
                part = core.part(turned, start, share)
                if share.core != core.core:
                    code.op("send", vector=part, core=share.core)
                elif self.all[source.index] == 1:
                    self._came(source, part)
                else:
                    self._add(source, part)

    def _add(self, read: ReadSteps, part: Area) -> None:
        back = self._back(read)
        if self._is_first(read):
            self.core.code.op("copy", vector=back, source=part)
        else:
            self.core.code.op("add", sum=back, term=part)
        self._came(read, back)

    def _receive(self, read: ReadSteps, core: int) -> None:
        back = self._back(read)
        if self._is_first(read):
            self.core.code.op("receive", vector=back, core=core)
        else:
            self.core.code.op("receive.add", sum=back, core=core)
        self._came(read, back)

    def _is_first(self, read: ReadSteps) -> bool:
        return self.left[read.index] == self.all[read.index]

    def _came(self, read: ReadSteps, sums: Area) -> None:
        """Some of the sums of a read's errors are there: perhaps all of them."""
        self.left[read.index] -= 1
        if self.left[read.index] == 0:
            gate = self.core.bits("gate", read, self.core.flight)
            self.core.code.op("sign", signs=self._errors(read), sum=sums, gate=gate)

    def _errors(self, read: ReadSteps) -> Area:
        """Errors of a read: kept where another loop makes them."""
        slots = self.core.flight
        if read.backs:
            made = max(self.group_of[back.read] for back in read.backs)
            slots = self.core.passing((made, self.group_of[read.index]))
        return self.core.columns("error", read, VectorKind.SIGN, slots)

    def _back(self, read: ReadSteps) -> Area:
        """Sums of a read's errors: kept where several loops add to them."""
        slots = self.core.passing(self.group_of[back.read] for back in read.backs)
        return self.core.sums("back", read, slots)

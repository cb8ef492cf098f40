"""What all entries of a core share while their code is written: its reads, tiles and vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bsc.backend.isa.code import Area, Code, Tiles
from bsc.backend.isa.network import Network, ReadSteps
from bsc.backend.isa.placement import Placement, Share
from bsc.isa.kinds import VectorKind

PASSING = 2
"""Slots of a vector that lives for one pass of a loop: the next sample's is made meanwhile."""


class CoreCode:
    """The code of one entry of one core, as far as it is written.

    Args:
        network: the network.
        placement: where its arrays are.
        core: which core.
        flight: samples in flight.
        updates: numbers of the update records, by array and place in its updates.
        neurons: numbers of the neuron records, by read.
        readouts: numbers of the readout records, by read.
    """

    def __init__(
        self,
        network: Network,
        placement: Placement,
        core: int,
        flight: int,
        updates: dict[tuple[int, int], int],
        neurons: dict[int, int],
        readouts: dict[int, int],
    ) -> None:
        self.network, self.placement, self.core = network, placement, core
        self.flight, self.updates = flight, updates
        self.neurons, self.readouts = neurons, readouts
        self.arrays = placement.arrays_of(core)
        self.tiles: dict[int, tuple[int, ...]] = {}
        at = 0
        for array in self.arrays:
            count = len(placement.share(array, core).tiles)
            self.tiles[array] = tuple(range(at, at + count))
            at += count
        self.begin()

    def begin(self) -> None:
        """Begin an entry."""
        self.code = Code()
        self._areas: dict[str, Area] = {}
        self._views: dict[tuple[Area, int, int, int], Area] = {}

    # reads and neighbours

    def is_here(self, read: ReadSteps) -> bool:
        """Whether this core has bit lines of a read."""
        return read.array in self.tiles

    def own(self, reads: Iterable[ReadSteps]) -> tuple[ReadSteps, ...]:
        """Those of which this core has bit lines."""
        return tuple(read for read in reads if self.is_here(read))

    def share(self, read: ReadSteps) -> Share:
        """What this core has of a read's array."""
        return self.placement.share(read.array, self.core)

    def shares(self, read: ReadSteps) -> tuple[Share, ...]:
        """What all cores have of a read's array."""
        return self.placement.shares[read.array]

    def others(self, read: ReadSteps) -> tuple[Share, ...]:
        """What other cores have of a read's array."""
        return tuple(share for share in self.shares(read) if share.core != self.core)

    def all_here(self, read: ReadSteps) -> bool:
        """Whether this core has all of a read."""
        return self.placement.cores_of(read.array) == (self.core,)

    def groups(self, reads: Sequence[ReadSteps]) -> tuple[tuple[ReadSteps, ...], ...]:
        """Reads in their order, cut where a core would have two of them.

        In a group each core has one loop over the samples in flight; bits and errors go from loop
        to loop, sample by sample. Every core goes through the reads in the same order, so the one
        that is last of all can always go on: nobody waits for ever.
        """
        groups: list[list[ReadSteps]] = []
        busy: set[int] = set()
        for read in reads:
            cores = set(self.placement.cores_of(read.array))
            if not groups or busy & cores:
                groups.append([])
                busy = set()
            groups[-1].append(read)
            busy |= cores
        return tuple(map(tuple, groups))

    # tiles

    def all_tiles(self, read: ReadSteps) -> Tiles:
        """This core's tiles of a read."""
        return Tiles(self.tiles[read.array])

    def driven_tiles(self, read: ReadSteps, lines: Sequence[tuple[int, int]]) -> Tiles:
        """Tiles that have some of these word lines [start, stop)."""
        kept = zip(self.tiles[read.array], self.share(read).tiles, strict=True)
        return Tiles(
            tuple(
                number
                for number, tile in kept
                if any(tile.row_start < stop and start < tile.row_stop for start, stop in lines)
            )
        )

    # vectors

    def area(self, name: str, kind: VectorKind, length: int, slots: int, first: int = 0) -> Area:
        """A vector by its name: one that is there already, or a new one."""
        if name not in self._areas:
            self._areas[name] = Area(name, kind, length, first, slots)
        return self._areas[name]

    def view(self, whole: Area, start: int, length: int, first: int = 0) -> Area:
        """Elements of a vector, numbered from `first`; the vector itself where that is the same."""
        if (start, length, first) == (0, whole.length, whole.first):
            return whole
        key = (whole, start, length, first)
        if key not in self._views:
            name = f"{whole.name}.{start}"
            self._views[key] = Area(name, whole.kind, length, first, whole.slots, whole, start)
        return self._views[key]

    def part(self, whole: Area, start: int, share: Share) -> Area:
        """What belongs to a share of a read whose elements begin at `start`."""
        first = share.column_start
        return self.view(whole, start + first, share.columns, first)

    def columns(self, what: str, read: ReadSteps, kind: VectorKind, slots: int) -> Area:
        """A vector with an element for each bit line of a read on this core."""
        share = self.share(read)
        return self.area(f"{read.name}.{what}", kind, share.columns, slots, share.column_start)

    def bits(self, what: str, read: ReadSteps, slots: int) -> Area:
        """A bit for each bit line here."""
        return self.columns(what, read, VectorKind.BIT, slots)

    def sums(self, what: str, read: ReadSteps, slots: int) -> Area:
        """A sum for each bit line here."""
        return self.columns(what, read, VectorKind.SUM, slots)

    def levels(self, read: ReadSteps, slots: int) -> Area:
        """Levels of a sample; named by the first read that wants some."""
        size = self.network.input_size
        return self.area(f"{read.name}.levels", VectorKind.LEVEL, size, slots)

    def level(self, levels: Area, number: int, size: int) -> Area:
        """Levels of one input."""
        return self.view(levels, self.network.input_starts[number], size)

    def passing(self, groups: Iterable[int]) -> int:
        """Slots of what is written and read in loops of these groups."""
        return PASSING if len(set(groups)) == 1 else self.flight

"""An image in memory: code and data of all cores, as an encoder writes and a decoder reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bsc.isa.kinds import EntryKind
from bsc.isa.records import (
    ChipLimits,
    Entry,
    LogicalArray,
    Neuron,
    Origin,
    Readout,
    TilePlace,
    Timing,
    Update,
    Vector,
)
from bsc.numerics.state import ChipState

VERSION = (1, 1)
"""Major and minor: a reader refuses another major, and a later minor than its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table of the program.

    Attributes:
        name: for people.
        values: int32 entries.
    """

    name: str
    values: npt.NDArray[np.int32]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self.name == other.name and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash((self.name, self.values.tobytes()))


@dataclass(frozen=True, slots=True)
class Core:
    """What one core has.

    Attributes:
        code: its words.
        vectors: what instructions name by vector number.
        tiles: its tiles, by the number that instructions use.
        origins: where code came from, by ascending address.
    """

    code: tuple[int, ...] = ()
    vectors: tuple[Vector, ...] = ()
    tiles: tuple[TilePlace, ...] = ()
    origins: tuple[Origin, ...] = ()

    def origin(self, address: int) -> str:
        """Which layer a word came from, empty where nobody said."""
        text = ""
        for origin in self.origins:
            if origin.address > address:
                break
            text = origin.text
        return text


@dataclass(frozen=True, slots=True)
class Image:
    """A whole image.

    Attributes:
        target: SHA-256 of the target that it was made for, 32 bytes.
        chip: memories, channels, comparators.
        timing: of all cores alike.
        arrays: logical arrays in layer order.
        neurons, readouts, updates: what instructions name by number.
        tables: shared by all cores.
        cores: one or more.
        entries: where runs start; each kind that is there is there for every core.
        state: cells, counters and clocks, None where the chip has its own.
    """

    target: bytes
    chip: ChipLimits
    timing: Timing
    arrays: tuple[LogicalArray, ...]
    neurons: tuple[Neuron, ...]
    readouts: tuple[Readout, ...]
    updates: tuple[Update, ...]
    tables: tuple[Table, ...]
    cores: tuple[Core, ...]
    entries: tuple[Entry, ...]
    state: ChipState | None = None

    def kinds(self) -> tuple[EntryKind, ...]:
        """Kinds of runs that can be started, ascending."""
        return tuple(sorted({entry.kind for entry in self.entries}))

    def start(self, kind: EntryKind, core: int) -> int:
        """Address of an entry.

        Raises:
            KeyError: there is none.
        """
        for entry in self.entries:
            if entry.kind == kind and entry.core == core:
                return entry.address
        raise KeyError(f"no entry {kind.name.lower()} of core {core}")

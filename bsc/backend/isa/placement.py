"""Which core gets which tiles.

Cores form a line of stages. A stage is one core with one or more arrays that follow each other,
or several cores that share the bit lines of one array. Samples pass the stages like a pipeline:
bits go to later stages, sums of errors to earlier ones. Word lines are not shared: the cores of an
array would have to exchange a sum for each bit line and sample, where one bit goes on.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from bsc.backend.isa.network import ArraySteps, Network
from bsc.hw.spec import TimingSpec
from bsc.tiling.plan import Tile

_ACTIVE = 0.25
"""Share of word lines whose bit is set, and of samples with an error, as seen in training: an
estimate that only balances cores."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a core has of an array.

    Attributes:
        array: index of the array.
        core: the core.
        column_start, column_stop: bit lines [start, stop).
        tiles: its tiles, row by row.
    """

    array: int
    core: int
    column_start: int
    column_stop: int
    tiles: tuple[Tile, ...]

    @property
    def columns(self) -> int:
        """Bit lines."""
        return self.column_stop - self.column_start


@dataclass(frozen=True, slots=True)
class Placement:
    """Where arrays are.

    Attributes:
        cores: cores of the image, those without work included.
        shares: for each array, its shares by ascending bit lines.
        remarks: what could not be spread, and why.
    """

    cores: int
    shares: tuple[tuple[Share, ...], ...]
    remarks: tuple[str, ...]

    def arrays_of(self, core: int) -> tuple[int, ...]:
        """Arrays that a core has a share of, ascending."""
        return tuple(
            number
            for number, shares in enumerate(self.shares)
            if any(share.core == core for share in shares)
        )

    def share(self, array: int, core: int) -> Share:
        """What a core has of an array that it has a share of."""
        return next(share for share in self.shares[array] if share.core == core)

    def cores_of(self, array: int) -> tuple[int, ...]:
        """Cores that have a share of an array."""
        return tuple(share.core for share in self.shares[array])


def place(network: Network, cores: int, timing: TimingSpec, batch: int) -> Placement:
    """Spread the arrays over at most so many cores, so that the busiest has least to do."""
    arrays = network.arrays
    lines = [sorted({(t.column_start, t.column_stop) for t in array.tiles}) for array in arrays]
    strips = [
        1 if array.whole else len(columns) for array, columns in zip(arrays, lines, strict=True)
    ]

    @functools.cache
    def busy(array: int, parts: int) -> float:
        width = max(stop - start for start, stop in _cuts(lines[array], parts))
        still = network.trains and not arrays[array].counted
        return _cycles(arrays[array], width, timing, batch, still)

    wholes = [sum(busy(k, 1) for k in range(first, len(arrays))) for first in range(len(arrays))]

    @functools.cache
    def best(first: int, left: int) -> tuple[float, int, tuple[tuple[int, int], ...]]:
        """(busiest, cores used, (arrays, cores) of each stage) for arrays from `first` on."""
        if first == len(arrays):
            return 0.0, 0, ()
        rest_of_all = len(arrays) - first
        found: tuple[float, int, tuple[tuple[int, int], ...]]
        found = (wholes[first], 1, ((rest_of_all, 1),))

        def consider(count: int, parts: int, load: float) -> None:
            nonlocal found
            if parts > left or (first + count < len(arrays) and left == parts):
                return
            rest = best(first + count, left - parts)
            candidate = (max(load, rest[0]), parts + rest[1], ((count, parts), *rest[2]))
            if candidate[:2] < found[:2]:
                found = candidate

        load = 0.0
        for count in range(1, rest_of_all):
            load += busy(first + count - 1, 1)
            if load > found[0]:
                break  # and so are stages of still more arrays
            consider(count, 1, load)
        for parts in range(2, min(strips[first], left) + 1):
            consider(1, parts, busy(first, parts))
        return found

    stages = best(0, cores)[2]
    shares: list[tuple[Share, ...]] = []
    core = 0
    for count, parts in stages:
        for number in range(len(shares), len(shares) + count):
            cuts = _cuts(lines[number], parts)
            shares.append(_shares(number, arrays[number], cuts, core))
        core += parts
    remarks = [_where(array, parts) for array, parts in zip(arrays, shares, strict=True)]
    if core < cores:
        busiest = max(range(len(arrays)), key=lambda k: busy(k, len(shares[k])))
        remarks.append(_idle(arrays[busiest], shares[busiest], cores, core))
    return Placement(cores, tuple(shares), tuple(remarks))


def _cuts(columns: Sequence[tuple[int, int]], parts: int) -> list[tuple[int, int]]:
    """Bit lines of each part: whole columns of tiles, the first parts get one more."""
    each, more = divmod(len(columns), parts)
    cuts = []
    at = 0
    for part in range(parts):
        size = each + (part < more)
        cuts.append((columns[at][0], columns[at + size - 1][1]))
        at += size
    return cuts


def _cycles(array: ArraySteps, columns: int, timing: TimingSpec, batch: int, still: bool) -> float:
    """About how long a core is busy with a sample, in cycles; `still` where no weight moves."""
    rows, reads = array.spec.rows, len(array.reads)
    across = -(-columns // timing.counter_lanes)
    counted = checked = 0.0
    if not still:
        counted = _ACTIVE * rows * _ACTIVE * across * max(1, array.counted)
        checked = rows * across / max(1, batch)
    return counted + checked + 2 * timing.read * reads + columns / timing.neuron_lanes * reads


def _shares(
    number: int, array: ArraySteps, cuts: Sequence[tuple[int, int]], core: int
) -> tuple[Share, ...]:
    made = []
    for part, (start, stop) in enumerate(cuts):
        tiles = tuple(t for t in array.tiles if start <= t.column_start < stop)
        made.append(Share(number, core + part, start, stop, tiles))
    return tuple(made)


def _where(array: ArraySteps, parts: Sequence[Share]) -> str:
    """Which cores have an array, in words."""
    numbers = ", ".join(str(share.core) for share in parts)
    cores = "cores" if len(parts) > 1 else "core"
    return f"{array.spec.name}: {len(array.tiles)} tiles on {cores} {numbers}"


def _idle(array: ArraySteps, parts: Sequence[Share], cores: int, used: int) -> str:
    """Why some cores have nothing to do: the busiest array cannot be spread further."""
    if array.whole:
        why = "has a softmax, which compares all of its sums in one core"
    elif len(parts) == len({tile.column for tile in array.tiles}):
        why = "has a core for each column of tiles already; smaller tiles have more columns"
    else:
        why = "would not be relieved by them: its columns of tiles do not divide among more cores"
    idle = f"{cores - used} of {cores} cores have nothing to do"
    return f"{idle}: the busiest layer, {array.spec.name}, {why}"

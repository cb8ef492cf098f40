"""Which core gets which tiles.

Cores form a line of stages. A stage is one core with one or more layers that follow each other,
or several cores that share the bit lines of one layer. Samples pass the stages like a pipeline:
bits go to the next stage, sums of errors to the one before. Word lines are not shared: the cores
of a layer would have to exchange a sum for each bit line and sample, where one bit goes on.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from bsc.backend.isa.chain import LayerSteps
from bsc.hw.spec import TimingSpec
from bsc.tiling.plan import Tile

_ACTIVE = 0.25
"""Share of word lines whose bit is set, and of samples with an error, as seen in training: an
estimate that only balances cores."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a core has of a layer.

    Attributes:
        layer: the layer's place in the chain.
        core: the core.
        column_start, column_stop: bit lines [start, stop).
        tiles: its tiles, row by row.
    """

    layer: int
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
    """Where layers are.

    Attributes:
        cores: cores of the image, those without work included.
        shares: for each layer, its shares by ascending bit lines.
        remarks: what could not be spread, and why.
    """

    cores: int
    shares: tuple[tuple[Share, ...], ...]
    remarks: tuple[str, ...]

    def layers_of(self, core: int) -> tuple[int, ...]:
        """Layers that a core has a share of, ascending."""
        return tuple(
            number
            for number, shares in enumerate(self.shares)
            if any(share.core == core for share in shares)
        )

    def share(self, layer: int, core: int) -> Share:
        """What a core has of a layer that it has a share of."""
        return next(share for share in self.shares[layer] if share.core == core)

    def local(self, layer: int, other: int) -> bool:
        """Whether two layers are on one and the same core."""
        cores = {s.core for s in self.shares[layer]} | {s.core for s in self.shares[other]}
        return len(cores) == 1


def place(layers: Sequence[LayerSteps], cores: int, timing: TimingSpec, batch: int) -> Placement:
    """Spread the layers over at most so many cores, so that the busiest has least to do."""
    last = len(layers) - 1
    lines = [sorted({(t.column_start, t.column_stop) for t in layer.tiles}) for layer in layers]
    strips = [len(columns) for columns in lines]
    strips[last] = 1  # the readout compares all sums of the last layer

    @functools.cache
    def busy(layer: int, parts: int) -> float:
        width = max(stop - start for start, stop in _cuts(lines[layer], parts))
        return _cycles(layers[layer], width, timing, batch)

    wholes = [sum(busy(k, 1) for k in range(first, len(layers))) for first in range(len(layers))]

    @functools.cache
    def best(first: int, left: int) -> tuple[float, int, tuple[tuple[int, int], ...]]:
        """(busiest, cores used, (layers, cores) of each stage) for layers from `first` on."""
        if first == len(layers):
            return 0.0, 0, ()
        rest_of_all = len(layers) - first
        found: tuple[float, int, tuple[tuple[int, int], ...]]
        found = (wholes[first], 1, ((rest_of_all, 1),))

        def consider(count: int, parts: int, load: float) -> None:
            nonlocal found
            if parts > left or (first + count < len(layers) and left == parts):
                return
            rest = best(first + count, left - parts)
            candidate = (max(load, rest[0]), parts + rest[1], ((count, parts), *rest[2]))
            if candidate[:2] < found[:2]:
                found = candidate

        load = 0.0
        for count in range(1, rest_of_all):
            load += busy(first + count - 1, 1)
            if load > found[0]:
                break  # and so are stages of still more layers
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
            shares.append(_shares(number, layers[number], cuts, core))
        core += parts
    remarks = [_where(layer, parts) for layer, parts in zip(layers, shares, strict=True)]
    if core < cores:
        busiest = max(range(len(layers)), key=lambda k: busy(k, len(shares[k])))
        remarks.append(_idle(layers[busiest], shares[busiest], busiest == last, cores, core))
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


def _cycles(layer: LayerSteps, columns: int, timing: TimingSpec, batch: int) -> float:
    """About how long a core is busy with a sample, in cycles."""
    rows = layer.spec.rows
    across = -(-columns // timing.counter_lanes)
    counted = _ACTIVE * rows * _ACTIVE * across
    checked = rows * across / max(1, batch)
    return counted + checked + 2 * timing.read + columns / timing.neuron_lanes


def _shares(
    number: int, layer: LayerSteps, cuts: Sequence[tuple[int, int]], core: int
) -> tuple[Share, ...]:
    made = []
    for part, (start, stop) in enumerate(cuts):
        tiles = tuple(t for t in layer.tiles if start <= t.column_start < stop)
        made.append(Share(number, core + part, start, stop, tiles))
    return tuple(made)


def _where(layer: LayerSteps, parts: Sequence[Share]) -> str:
    """Which cores have a layer, in words."""
    numbers = ", ".join(str(share.core) for share in parts)
    cores = "cores" if len(parts) > 1 else "core"
    return f"{layer.spec.name}: {len(layer.tiles)} tiles on {cores} {numbers}"


def _idle(layer: LayerSteps, parts: Sequence[Share], last: bool, cores: int, used: int) -> str:
    """Why some cores have nothing to do: the busiest layer cannot be spread further."""
    if last:
        why = "is the last one, whose readout compares all of its sums in one core"
    elif len(parts) == len({tile.column for tile in layer.tiles}):
        why = "has a core for each column of tiles already; smaller tiles have more columns"
    else:
        why = "would not be relieved by them: its columns of tiles do not divide among more cores"
    idle = f"{cores - used} of {cores} cores have nothing to do"
    return f"{idle}: the busiest layer, {layer.spec.name}, {why}"

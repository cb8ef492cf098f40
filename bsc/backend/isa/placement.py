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
    strips = [len({tile.column for tile in layer.tiles}) for layer in layers]
    strips[last] = 1  # the readout compares all sums of the last layer

    @functools.cache
    def busy(layer: int, parts: int) -> float:
        width = max(stop - start for start, stop in _cuts(layers[layer], parts))
        return _cycles(layers[layer], width, timing, batch)

    @functools.cache
    def best(first: int, left: int) -> tuple[float, int, tuple[tuple[int, int], ...]]:
        """(busiest, cores used, (layers, cores) of each stage) for layers from `first` on."""
        if first == len(layers):
            return 0.0, 0, ()
        rest_of_all = len(layers) - first
        whole = sum(busy(k, 1) for k in range(first, len(layers)))
        found: tuple[float, int, tuple[tuple[int, int], ...]] = (whole, 1, ((rest_of_all, 1),))

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
            shares.append(_shares(number, layers[number], parts, core))
        core += parts
    return Placement(cores, tuple(shares), tuple(_remarks(layers, shares, cores, core)))


def _cuts(layer: LayerSteps, parts: int) -> list[tuple[int, int]]:
    """Bit lines of each part: whole columns of tiles, the first parts get one more."""
    starts = sorted({(t.column_start, t.column_stop) for t in layer.tiles})
    each, more = divmod(len(starts), parts)
    cuts = []
    at = 0
    for part in range(parts):
        size = each + (part < more)
        cuts.append((starts[at][0], starts[at + size - 1][1]))
        at += size
    return cuts


def _cycles(layer: LayerSteps, columns: int, timing: TimingSpec, batch: int) -> float:
    """About how long a core is busy with a sample, in cycles."""
    rows = layer.spec.rows
    across = -(-columns // timing.counter_lanes)
    counted = _ACTIVE * rows * _ACTIVE * across
    checked = rows * across / max(1, batch)
    return counted + checked + 2 * timing.read + columns / timing.neuron_lanes


def _shares(number: int, layer: LayerSteps, parts: int, core: int) -> tuple[Share, ...]:
    made = []
    for part, (start, stop) in enumerate(_cuts(layer, parts)):
        tiles = tuple(t for t in layer.tiles if start <= t.column_start < stop)
        made.append(Share(number, core + part, start, stop, tiles))
    return tuple(made)


def _remarks(
    layers: Sequence[LayerSteps], shares: Sequence[tuple[Share, ...]], cores: int, used: int
) -> list[str]:
    found = []
    for layer, parts in zip(layers, shares, strict=True):
        numbers = ", ".join(str(share.core) for share in parts)
        found.append(
            f"{layer.spec.name}: {len(layer.tiles)} tiles on core{'s' if len(parts) > 1 else ''} "
            f"{numbers}"
        )
    if used < cores:
        found.append(
            f"{cores - used} of {cores} cores have nothing to do: a layer is spread by columns of "
            "tiles, the last one not at all, because its readout compares all of its sums; more "
            "cores need more columns, or smaller tiles"
        )
    return found

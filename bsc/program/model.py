"""The Program: everything an executor needs, as verified plain data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bsc.diag import fail
from bsc.hw.plan import Rule, TrainPlan
from bsc.hw.spec import DeviceSpec, TargetSpec
from bsc.ir.graph import Array, Graph
from bsc.numerics.state import CellStyle, ChipState
from bsc.tiling.plan import ArraySpec, Buffer, Head, ReadSpec, Step, Tile


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How the input becomes probabilities: p = (x - low) / (high - low), element by element.

    Attributes:
        name: the model's name for it.
        shape: the model's own shape of one sample.
        size: elements of one sample.
        low: the value that never sets a bit: one number, or one for each element.
        high: the value that always sets it.
        declared: False where nobody said the range and [0, 1] was assumed.
        saturates: True where values outside are clipped (ranges learned from calibration data);
            False where they are refused.
    """

    name: str
    shape: tuple[int, ...]
    size: int
    low: tuple[float, ...] = (0.0,)
    high: tuple[float, ...] = (1.0,)
    declared: bool = False
    saturates: bool = False


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """What the user asked of the compiler, beside target and train plan.

    Attributes:
        weights: `keep` maps the model's trained weights to codes, `random` starts from the device.
        backend: `python`, or `isa` for a program with an image, which the machine runs.
        input_range: the declared range of all inputs, None for [0, 1] assumed.
        input_ranges: (input, low, high) of single inputs, which win over `input_range`.
        epochs: times through the data that the model asks for, None where it does not say.
        seed: key of the draws that the model asks for, None where it does not say.
    """

    weights: str = "keep"
    backend: str = "python"
    input_range: tuple[float, float] | None = None
    input_ranges: tuple[tuple[str, float, float], ...] = ()
    epochs: int | None = None
    seed: int | None = None

    def check(self) -> None:
        """Refuse what is no option.

        Raises:
            DiagnosticError: BSC3010.
        """
        if self.weights not in ("keep", "random"):
            raise fail("BSC3010", f"weights are `{self.weights}`, expected `keep` or `random`")
        if self.backend not in ("python", "isa"):
            raise fail("BSC3010", f"backend is `{self.backend}`, expected `python` or `isa`")
        ranges = [
            (f"the range of input {name}", low, high) for name, low, high in self.input_ranges
        ]
        if self.input_range is not None:
            ranges.append(("the input range", *self.input_range))
        for what, low, high in ranges:
            if not (low < high and math.isfinite(high - low)):
                raise fail("BSC3010", f"{what} {low}:{high} is empty or has no finite width")


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled network.

    Attributes:
        name: the model's name.
        source: the SOURCE graph, folded: another rule, batch or target recompiles from it.
        tail: SOURCE graph of what runs beside the arrays: from `<read>.y` (f32 [N, columns], the
            read's sums over its array's scale times its gain) of every head and, for models that
            hand out inner values, of other reads, to every output of the model.
        inputs: the encoded inputs, in the model's order; a sample is their elements one behind the
            other.
        options: what was asked.
        plan: how it trains.
        target: the chip.
        arrays: logical arrays, in the order of their first reads.
        reads: where arrays are read, in topological order.
        heads: the reads that answer; a sample's targets are their parts one behind the other, and
            so are the sums of inference.
        tiles: placed tiles.
        buffers: per-sample vectors.
        inference: steps of one sample up to the sums of the last head.
        training: steps of one sample, all of them (inference first), up to the counts; empty when
            the network cannot be trained (`untrainable` says why).
        update: steps at the end of a batch.
        tables: integer tables by name.
        state: cells, counters and clocks; None while they are to be drawn from a seed.
        calibration: per-layer ranges used for activations, for recompiling.
        untrainable: why there are no training steps, empty otherwise.
        remarks: what the compiler has to say about its decisions.
        image: words of the instruction set (docs/isa.md), empty for the Python backend.
    """

    name: str
    source: Graph
    tail: Graph
    inputs: tuple[InputSpec, ...]
    options: CompileOptions
    plan: TrainPlan
    target: TargetSpec
    arrays: tuple[ArraySpec, ...]
    reads: tuple[ReadSpec, ...]
    heads: tuple[Head, ...]
    tiles: tuple[Tile, ...]
    buffers: tuple[Buffer, ...]
    inference: tuple[Step, ...]
    training: tuple[Step, ...]
    update: tuple[Step, ...]
    tables: Mapping[str, Array]
    state: ChipState | None = None
    calibration: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    untrainable: str = ""
    remarks: tuple[str, ...] = ()
    image: bytes = b""

    def __repr__(self) -> str:
        sizes = "-".join(
            [
                "+".join(str(each.size) for each in self.inputs),
                *(str(self.arrays[each.array].columns) for each in self.reads),
            ]
        )
        tiles = f"{len(self.tiles)} tile{'s' if len(self.tiles) != 1 else ''}"
        trained = "untrained"
        if self.state is not None:
            presented = self.state.samples
            trained = f"trained on {presented} samples" if presented else "weights kept"
        return (
            f"<Program {self.name!r}: {sizes} on {self.target.name}, {tiles}, "
            f"rule {self.plan.rule.value}, {trained}>"
        )

    @property
    def weight_count(self) -> int:
        """Weights in all, bias lines included."""
        return sum(a.rows * a.columns for a in self.arrays)

    @property
    def input_size(self) -> int:
        """Elements of one sample, all inputs together."""
        return sum(each.size for each in self.inputs)

    @property
    def input_starts(self) -> tuple[int, ...]:
        """Where each input begins in a sample."""
        return _starts(each.size for each in self.inputs)

    @property
    def target_starts(self) -> tuple[int, ...]:
        """Where each head's part of a sample's targets begins."""
        return _starts(each.width for each in self.heads)

    @property
    def target_width(self) -> int:
        """Integers of one sample's targets."""
        return sum(each.width for each in self.heads)

    @property
    def sum_starts(self) -> tuple[int, ...]:
        """Where each head's sums begin in what inference gives."""
        return _starts(each.columns for each in self.heads)

    @property
    def sum_width(self) -> int:
        """Sums that inference gives for one sample."""
        return sum(each.columns for each in self.heads)

    def device_of(self, array: int) -> DeviceSpec:
        """What the cells of an array are made of."""
        return self.plan.layer(self.arrays[array].name).device or self.target.device

    def style_of(self, array: int) -> CellStyle:
        """How an array keeps its weights: rule `sgd` has master weights in place of cells."""
        return CellStyle.DIRECT if self.plan.rule is Rule.SGD else self.device_of(array).style

    def frozen(self, array: int) -> bool:
        """Whether the plan keeps an array as it is."""
        return self.plan.layer(self.arrays[array].name).frozen


def _starts(sizes: Iterable[int]) -> tuple[int, ...]:
    return tuple(itertools.accumulate(sizes, initial=0))[:-1]

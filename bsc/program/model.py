"""The Program: everything an executor needs, as verified plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bsc.hw.plan import TrainPlan
from bsc.hw.spec import TargetSpec
from bsc.ir.graph import Array, Graph
from bsc.numerics.state import ChipState
from bsc.tiling.plan import ArraySpec, Buffer, Step, Tile


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
        input_range: the declared range of the input, None for [0, 1] assumed.
    """

    weights: str = "keep"
    backend: str = "python"
    input_range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled network.

    Attributes:
        name: the model's name.
        source: the SOURCE graph, folded: another rule, batch or target recompiles from it.
        tail: SOURCE graph of what runs beside the array: from `logits` (f32 [N, classes], the last
            array's sums over its scale times its gain) and, for models that hand out inner values,
            `<array>.y`, to every output of the model.
        input: the encoded input.
        options: what was asked.
        plan: how it trains.
        target: the chip.
        arrays: logical arrays in layer order.
        tiles: placed tiles.
        buffers: per-sample vectors.
        inference: steps of one sample up to the last sums.
        training: steps of one sample, all of them (inference first), up to the counts; empty when
            the network cannot be trained (`untrainable` says why).
        update: steps at the end of a batch.
        tables: integer tables by name.
        classes: label of each readout element, when the model has labels of its own.
        state: cells, counters and clocks; None while they are to be drawn from a seed.
        calibration: per-layer ranges used for activations, for recompiling.
        untrainable: why there are no training steps, empty otherwise.
        remarks: what the compiler has to say about its decisions.
        image: words of the instruction set (docs/isa.md), empty for the Python backend.
    """

    name: str
    source: Graph
    tail: Graph
    input: InputSpec
    options: CompileOptions
    plan: TrainPlan
    target: TargetSpec
    arrays: tuple[ArraySpec, ...]
    tiles: tuple[Tile, ...]
    buffers: tuple[Buffer, ...]
    inference: tuple[Step, ...]
    training: tuple[Step, ...]
    update: tuple[Step, ...]
    tables: Mapping[str, Array]
    classes: tuple[int, ...] | tuple[str, ...] = ()
    state: ChipState | None = None
    calibration: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    untrainable: str = ""
    remarks: tuple[str, ...] = ()
    image: bytes = b""

    def __repr__(self) -> str:
        sizes = "-".join(str(n) for n in (self.input.size, *(a.columns for a in self.arrays)))
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

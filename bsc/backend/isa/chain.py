"""A program's steps as what code generation asks of them: one row a layer."""

from __future__ import annotations

from dataclasses import dataclass

from bsc.isa.names import LONGEST_TEXT, is_text
from bsc.program.model import Program
from bsc.tiling.plan import ArraySpec, Step, StepOp, Tile

_NO_TEXT = "\ufffd"
"""For characters that a line of assembly cannot hold."""


@dataclass(frozen=True, slots=True)
class LayerSteps:
    """One array and the steps around it.

    Attributes:
        index: of the array.
        spec: the array.
        tiles: its tiles.
        read: sums from bits.
        sample: what makes bits of the sums; None for the last layer.
        derivative: what gates errors; None for the last layer and without training.
        readout: what makes bits of the classes; None but for the last layer of trainable programs.
        updates: what happens at the end of a batch, in order.
    """

    index: int
    spec: ArraySpec
    tiles: tuple[Tile, ...]
    read: Step
    sample: Step | None
    derivative: Step | None
    readout: Step | None
    updates: tuple[Step, ...]

    @property
    def origin(self) -> str:
        """The model's layer, for people: one line, whatever the model calls it."""
        text = self.read.origin or self.spec.name
        return "".join(c if is_text(c) else _NO_TEXT for c in text[:LONGEST_TEXT])


def chain_of(program: Program) -> tuple[LayerSteps, ...]:
    """The layers of a verified program: its steps form one chain (`bsc.program.step_rules`)."""
    steps = program.training or program.inference
    by_source = {
        (step.op, source): step for step in steps for source in step.sources if step.target >= 0
    }
    layers: list[LayerSteps] = []
    for step in program.inference:
        if step.op is not StepOp.READ:
            continue
        layers.append(
            LayerSteps(
                step.array,
                program.arrays[step.array],
                tuple(t for t in program.tiles if t.array == step.array),
                step,
                by_source.get((StepOp.SAMPLE, step.target)),
                by_source.get((StepOp.DERIVATIVE, step.target)),
                by_source.get((StepOp.READOUT, step.target)),
                tuple(u for u in program.update if u.array == step.array),
            )
        )
    return tuple(layers)


def encode_step(program: Program) -> Step:
    """The step that makes the input's bits."""
    return next(step for step in program.inference if step.op is StepOp.ENCODE)

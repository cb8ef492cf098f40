"""The manifest of a program file: all but graphs, tables and cells, as checked JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bsc.hw.plan import TrainPlan
from bsc.hw.spec import TargetSpec
from bsc.numerics.state import CellStyle, ChipState
from bsc.program.model import CompileOptions, InputSpec, Program
from bsc.tiling.plan import ArraySpec, Buffer, ReadSpec, Step, Tile
from bsc.tiling.plan import Head as HeadSpec

FORMAT = "bsc program"
VERSION = 2


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants"
    )


class Head(BaseModel):
    """What is read first, of every version."""

    model_config = ConfigDict(extra="ignore", strict=True)

    format: str
    version: int


class Member(_Model):
    """A part of the archive."""

    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ArrayPart(_Model):
    """What belongs to the state of one array beside its tensors.

    Attributes:
        name: the array's name.
        style: how weights are made of cells.
        counters: whether a tensor holds them; all are zero where it does not.
        wear: whether wear is kept, and whether a tensor holds it.
    """

    name: str
    style: CellStyle
    counters: bool
    wear: Literal["none", "zero", "kept"]


class StatePart(_Model):
    """Clocks and arrays of a chip's state."""

    arrays: tuple[ArrayPart, ...]
    seed: int
    samples: int
    checks: int
    epochs: int
    place: int
    pulses: int


class Manifest(_Model):
    """Everything of a Program that is no tensor and no graph."""

    format: Literal["bsc program"]
    version: Literal[2]
    name: str
    inputs: tuple[InputSpec, ...]
    options: CompileOptions
    plan: TrainPlan
    target: TargetSpec
    arrays: tuple[ArraySpec, ...]
    reads: tuple[ReadSpec, ...]
    heads: tuple[HeadSpec, ...]
    tiles: tuple[Tile, ...]
    buffers: tuple[Buffer, ...]
    inference: tuple[Step, ...]
    training: tuple[Step, ...]
    update: tuple[Step, ...]
    state: StatePart | None
    calibration: dict[str, tuple[float, float]]
    untrainable: str
    remarks: tuple[str, ...]
    members: dict[str, Member]


def manifest_of(program: Program, members: dict[str, Member]) -> Manifest:
    """The manifest of a program whose other parts are written."""
    return Manifest(
        format="bsc program",
        version=2,
        name=program.name,
        inputs=program.inputs,
        options=program.options,
        plan=program.plan,
        target=program.target,
        arrays=program.arrays,
        reads=program.reads,
        heads=program.heads,
        tiles=program.tiles,
        buffers=program.buffers,
        inference=program.inference,
        training=program.training,
        update=program.update,
        state=None if program.state is None else _state_part(program.state),
        calibration=dict(program.calibration),
        untrainable=program.untrainable,
        remarks=program.remarks,
        members=members,
    )


def _state_part(state: ChipState) -> StatePart:
    arrays = tuple(
        ArrayPart(
            name=array.name,
            style=array.style,
            counters=bool(array.counters.any()),
            wear="none" if array.wear is None else "kept" if array.wear.any() else "zero",
        )
        for array in state.arrays
    )
    return StatePart(
        arrays=arrays,
        seed=state.seed,
        samples=state.samples,
        checks=state.checks,
        epochs=state.epochs,
        place=state.place,
        pulses=state.pulses,
    )

"""The manifest of a checkpoint, as checked JSON: nothing of a file reaches a run unread."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bsc.numerics.state import CellStyle
from bsc_runtime.metrics import OutputScore
from bsc_runtime.train.history import EpochRecord, History

FORMAT = "bsc-checkpoint"
VERSION = 2
"""2: fingerprints of programs and plans cover networks of reads, readouts and plans of layers."""

Clock = Annotated[int, Field(ge=0, lt=1 << 64)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class _Head(BaseModel):
    """What is read first, of every version."""

    model_config = ConfigDict(extra="ignore", strict=True)

    format: str
    version: int


class Clocks(_Model):
    """The counters of a chip."""

    seed: Clock
    samples: Clock
    checks: Clock
    epochs: Clock
    place: Clock
    pulses: Clock


class ArrayRow(_Model):
    """Name and style of an array; its numbers are in the tensors."""

    name: str
    style: CellStyle


class ScoreRow(_Model):
    """How well an output answered, as `OutputScore` has it."""

    model_config = ConfigDict(extra="ignore")

    readout: str
    accuracy: Share | None
    squared_error: Amount | None

    def score(self) -> OutputScore:
        """As a run keeps it."""
        return OutputScore(self.readout, self.accuracy, self.squared_error)


class HistoryRow(_Model):
    """One epoch, as `EpochRecord` has it; keys of later versions are passed over."""

    model_config = ConfigDict(extra="ignore")

    epoch: Annotated[int, Field(ge=1)]
    accuracy: Share | None
    accuracy_on: str
    samples: Annotated[int, Field(ge=0)]
    seconds: Amount
    pulses_per_weight: Amount = 0.0
    saturated: Share = 0.0
    loss: float | None = None
    squared_error: Amount | None = None
    outputs: dict[str, ScoreRow] = Field(default_factory=dict)

    def record(self) -> EpochRecord:
        """As a run keeps it."""
        plain = self.model_dump(exclude={"outputs"})
        outputs = {name: row.score() for name, row in self.outputs.items()}
        return EpochRecord(**plain, outputs=outputs)


class CheckpointManifest(_Model):
    """Everything of a checkpoint that is no tensor.

    Attributes:
        format: what the file is.
        version: of the format.
        digest: of the state that the tensors and clocks make.
        clocks: the chip's counters.
        arrays: names and styles.
        program: fingerprint of the program.
        data: fingerprint of the training data.
        plan: the train plan as plain data.
        first_epoch: epochs done when the run began.
        history: epochs so far.
    """

    format: Literal["bsc-checkpoint"]
    version: Literal[2]
    digest: str
    clocks: Clocks
    arrays: tuple[ArrayRow, ...]
    program: str
    data: str
    plan: dict[str, str | bool | int | float | None]
    first_epoch: Clock
    history: tuple[HistoryRow, ...]

    @model_validator(mode="after")
    def _check(self) -> CheckpointManifest:
        if self.first_epoch > self.clocks.epochs:
            raise ValueError(
                f"the run began after {self.first_epoch} epochs, {self.clocks.epochs} are done"
            )
        return self

    def records(self) -> History:
        """The epochs so far as a run keeps them."""
        return History([row.record() for row in self.history])


class OtherVersionError(ValueError):
    """A manifest of a version that is not read here; the message says which."""


def read_manifest(text: bytes) -> CheckpointManifest:
    """Check a manifest.

    Raises:
        ValueError: one line on the first thing wrong with it; OtherVersionError where that is its
            version.
    """
    try:
        head = _Head.model_validate_json(text)
        if head.format != FORMAT:
            raise ValueError(f"its format is {head.format[:40]}, expected {FORMAT}")
        if head.version != VERSION:
            raise OtherVersionError(
                f"the checkpoint has format version {head.version}, this bsc reads {VERSION}"
            )
        return CheckpointManifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"its manifest: {place + ': ' if place else ''}{first['msg']}") from None

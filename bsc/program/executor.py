"""What runs a Program: the seam between Session and executors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bsc.numerics.state import ChipState
from bsc.program.model import Program
from bsc.program.wiring import wiring


@dataclass(frozen=True, slots=True)
class EncodedData:
    """Inputs ready for the encoder.

    Attributes:
        values: [N, K], the program's inputs one behind the other; uint8 (levels looked up in
            `levels`) or int32 thresholds t in 0..65536.
        levels: int32 [256] thresholds for uint8 values; for int32 values an empty int32 array.
    """

    values: npt.NDArray[Any]
    levels: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return int(self.values.shape[0])


@dataclass(frozen=True, slots=True)
class TrainCounts:
    """What a call to `train` did."""

    samples: int
    checks: int
    pulses: int


class Executor(Protocol):
    """Runs the steps of one program on one chip; keeps the chip's state between calls."""

    def train(
        self,
        data: EncodedData,
        targets: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> TrainCounts:
        """Train on data[order[0]], data[order[1]], ... in that order.

        `targets` are int32 [N, program.target_width], the heads' parts one behind the other: the
        class index of a softmax readout, thresholds t in 0..65536 of a logistic one.

        Every `batch` consecutive samples make a batch, the last may be short. Sample k of the call
        has the sample index state.samples + k; samples, checks and pulses are advanced.
        """
        ...

    def infer(
        self,
        data: EncodedData,
        mode: str,
        *,
        repeats: int = 1,
        reads: int = 1,
        seed: int = 0,
        first_index: int = 0,
    ) -> npt.NDArray[np.int64]:
        """Sums of the heads one behind the other, [N, program.sum_width].

        `stochastic`: added over repeats and reads. `vote`: votes (sampled outputs o added over
        repeats). `binary`: one deterministic pass. `analog`: exact expectations, in
        parts of a code (docs/semantics.md section 7); see `analog_units`.
        """
        ...

    def state(self) -> ChipState:
        """A copy of the chip's state now."""
        ...


def analog_units(program: Program) -> tuple[int, ...]:
    """Units of an analog sum in one code, for each read.

    65536 where any of its word lines is driven by an input, else 2**noise_bits.
    """
    hidden = 1 << program.target.periphery.noise_bits
    return tuple(
        65536 if any(part.input >= 0 for part in parts) else hidden for parts in wiring(program)
    )

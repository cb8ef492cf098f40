"""What runs a Program: the seam between Session and executors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bsc.numerics.state import ChipState


@dataclass(frozen=True, slots=True)
class EncodedData:
    """Inputs ready for the encoder.

    Attributes:
        values: [N, K]; uint8 (levels looked up in `levels`) or int32 thresholds t in 0..65536.
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
        labels: npt.NDArray[np.int32],
        order: npt.NDArray[np.int64],
        batch: int,
    ) -> TrainCounts:
        """Train on data[order[0]], data[order[1]], ... in that order.

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
        """Last layer's sums, [N, classes].

        `stochastic`: added over repeats and reads. `vote`: votes for each class (sampled outputs o
        added over repeats). `binary`: one deterministic pass. `analog`: exact expectations, in
        units of 1/2**b code for hidden inputs (docs/semantics.md section 7); see `analog_unit`.
        """
        ...

    def state(self) -> ChipState:
        """A copy of the chip's state now."""
        ...


def analog_unit(layers: int, noise_bits: int) -> int:
    """Units of an analog sum in one code: 65536 in the first layer, 2**noise_bits in later ones."""
    return 65536 if layers == 1 else 1 << noise_bits

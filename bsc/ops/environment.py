"""What an operator's reference may look at beside its inputs: the key, the clocks and the cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bsc.numerics.draws import Purpose, element_draws
from bsc.numerics.state import ArrayState


@dataclass(slots=True)
class Environment:
    """The world of one pass over a block of samples.

    Attributes:
        seed: key of the draws.
        indices: int64 [N], the sample index of each row of the block.
        pass_: `repeat * reads + read` in inference, 0 in training.
        inference: sets bit 7 of every purpose, so that inference never meets training's draws.
        checks: g, the number of the threshold check that an update makes.
        arrays: cells and counters by array name; updates change them in place.
    """

    seed: int = 0
    indices: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    pass_: int = 0
    inference: bool = False
    checks: int = 0
    arrays: Mapping[str, ArrayState] = field(default_factory=dict)

    def draws(self, purpose: Purpose, layer: int, elements: int) -> npt.NDArray[np.uint16]:
        """The 16-bit draws of one vector for every sample of the block: [N, elements]."""
        return element_draws(
            self.seed,
            purpose,
            layer,
            self.indices,
            elements,
            pass_=self.pass_,
            inference=self.inference,
        )

"""Levels of analog inference: an index and a search count the same thresholds."""

import numpy as np
import pytest

from bsc.numerics.encode import analog_levels
from bsc.numerics.tables import neuron
from bsc_runtime.sim.analog import LevelIndex


@pytest.mark.parametrize("unit", [16, 4096, 65536])
@pytest.mark.parametrize(
    ("function", "parameters", "scale"),
    [("logistic", (4.0,), 16383), ("logistic", (1.0,), 3), ("relu", (), 500), ("sign", (), 9)],
)
def test_levels_are_those_of_a_search(function, parameters, scale, unit):
    low = -1.0 if function == "sign" else 0.0
    table = neuron(function, parameters, scale, low=low)
    near = table[:: len(table) // 64].astype(np.int64)[:, None] * unit + np.arange(-3, 4)
    random = np.random.default_rng(unit).integers(-(1 << 44), 1 << 44, 1000)
    sums = np.concatenate([near.reshape(-1), random, [-(1 << 52), 1 << 52, 0]])
    found = LevelIndex(table).levels(sums, unit)
    np.testing.assert_array_equal(found, analog_levels(sums, table, unit))

"""Ranges of activations: from calibration data, or from interval arithmetic when there is none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from bsc.ir.graph import Graph
from bsc.ir.interpreter import run
from bsc.ir.opdef import OpTable
from bsc.passes.network import Network

Range = tuple[float, float]
Bounds = tuple[tuple[float, ...], tuple[float, ...]]
"""Range of an input: low and high, one number each or one for each element."""

_BLOCK = 512

_KEPT = 1 << 20
"""Values of a layer that its quantiles are taken from."""

QUANTILE = 0.98
"""Share of activations that a calibrated range holds at each of its ends.

A bit's noise grows with the range, and a value beyond it is cut off. On held-back training images
of two imported ReLU networks (784-256-128-10 and 64-64-10), ranges of 0.95, 0.98, 0.99, 0.999 and
all values gave with 1 read 92, 88, 85, 76, 59 % and 52, 47, 46, 35, 32 %, with 100 reads 98.9,
98.9, 98.8, 98.7, 98.4 % and 96.6, 97.0, 96.8, 97.5, 95.7 %."""


def input_range(x: npt.NDArray[np.float32]) -> Bounds:
    """Range of the input that calibration data show: low and high.

    Data within [0, 1] keep [0, 1]. Feature vectors ([N, K]) get a range for each feature, because
    columns of a table have units of their own; images and other grids get one range for all.
    A feature that never moves sets no bits: its range is [v, v + 1].
    """
    if float(x.min()) >= 0.0 and float(x.max()) <= 1.0:
        return (0.0,), (1.0,)
    if x.ndim == 2:
        low, high = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
    else:
        low = np.array([x.min()], np.float64)
        high = np.array([x.max()], np.float64)
    high = np.where(high > low, high, low + 1.0)
    return tuple(low.tolist()), tuple(high.tolist())


def measure(
    graph: Graph, network: Network, samples: Mapping[str, npt.NDArray[np.float32]], table: OpTable
) -> dict[str, Range]:
    """The range that holds nearly all values of each hidden activation over calibration data.

    Args:
        graph: SOURCE graph after folding.
        network: its layers.
        samples: each input in the model's own shape, [N, ...].
        table: the operators.

    Returns:
        Range by layer name, from the 1 - QUANTILE to the QUANTILE quantile; of its sums for a
        layer without activation.
    """
    names = {layer.name: layer.signal for layer in network.layers if not layer.head}
    if not names:
        return {}
    seen: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in names}
    count = min(map(len, samples.values()))
    for start in range(0, count, _BLOCK):
        values = run(
            graph,
            {name: x[start : start + _BLOCK] for name, x in samples.items()},
            table,
            outputs=tuple(names.values()),
        )
        for layer, value in names.items():
            flat = values[value].reshape(-1)
            # A part of large layers, with a step that shares no factor with powers of two.
            stride = 1 + 2 * (count * (flat.size // len(values[value])) // (2 * _KEPT))
            seen[layer].append(flat[::stride].copy())
    ranges: dict[str, Range] = {}
    for layer, parts in seen.items():
        values_seen = np.concatenate(parts)
        low, high = np.quantile(values_seen, [1 - QUANTILE, QUANTILE])
        if not low < high:  # nearly all alike, such as a ReLU that seldom opens
            low, high = values_seen.min(), values_seen.max()
        ranges[layer] = (float(low), float(high))
    return ranges


def dense_bounds(
    weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32] | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Smallest and largest sum of each column when every input lies anywhere in [0, 1]."""
    low = np.minimum(weights, 0).sum(axis=0, dtype=np.float64)
    high = np.maximum(weights, 0).sum(axis=0, dtype=np.float64)
    if bias is not None:
        low, high = low + bias, high + bias
    return low, high

"""Ranges of activations: from calibration data, or from interval arithmetic when there is none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bsc.ir.graph import Graph
from bsc.ir.interpreter import run
from bsc.ir.opdef import OpTable
from bsc.passes.backbone import Backbone

Range = tuple[float, float]

_BLOCK = 512


def input_range(
    x: npt.NDArray[np.float32],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
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
    graph: Graph, backbone: Backbone, x: npt.NDArray[np.float32], table: OpTable
) -> dict[str, Range]:
    """Smallest and largest value of each hidden activation over calibration data.

    Args:
        graph: SOURCE graph after folding.
        backbone: its chain of layers.
        x: inputs in the model's own shape, [N, ...].
        table: the operators.

    Returns:
        Range by layer name; a layer without activation has the range of its sums.
    """
    names = {
        layer.name: (layer.activation.outputs[0] if layer.activation else layer.sums)
        for layer in backbone.layers[:-1]
    }
    ranges: dict[str, Range] = {}
    if not names:
        return ranges
    for start in range(0, len(x), _BLOCK):
        values = run(
            graph,
            {backbone.input: x[start : start + _BLOCK]},
            table,
            outputs=tuple(names.values()),
        )
        for layer, value in names.items():
            low, high = float(values[value].min()), float(values[value].max())
            if layer in ranges:
                low, high = min(low, ranges[layer][0]), max(high, ranges[layer][1])
            ranges[layer] = (low, high)
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

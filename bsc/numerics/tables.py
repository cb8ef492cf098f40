"""Integer tables, computed once in double precision and stored in the Program (sections 5 and 6).

`neuron`, `derivative` and `binary_threshold` live in neuron_tables and are offered here too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from bsc.numerics.errors import NumericsError
from bsc.numerics.neuron_tables import binary_threshold, derivative, neuron
from bsc.numerics.state import CODE_MAX

__all__ = [
    "binary_threshold",
    "derivative",
    "exponential_step",
    "gaussian",
    "linear_step",
    "measured_step",
    "neuron",
    "noise",
    "pixel_levels",
    "real_thresholds",
    "softmax",
    "softmax_reciprocal",
]

Int32Array = npt.NDArray[np.int32]

_CODES = CODE_MAX + 1


@cache
def gaussian() -> Int32Array:
    """G[u] = RN(256 Phi^-1((2u+1) / 8192)), int32 [4096]; shared, so not writeable."""
    normal = NormalDist()
    values = [256 * normal.inv_cdf((2 * u + 1) / 8192) for u in range(4096)]
    table = np.rint(values).astype(np.int32)
    table.setflags(write=False)
    return table


def softmax() -> npt.NDArray[np.int64]:
    """E[k] = RN(65536 exp(-k / 256)), int64 [4096]."""
    return np.array([round(65536 * math.exp(-k / 256)) for k in range(4096)], dtype=np.int64)


def softmax_reciprocal(scale: int, *, gain: float = 1.0) -> int:
    """R = RN(2**40 gain / S): turns a difference of sums into units of 1/256, times 2**32.

    Args:
        scale: S, codes in one unit of y.
        gain: the model's y over the array's.
    """
    if scale < 1 or not (math.isfinite(gain) and gain > 0):
        raise NumericsError(f"scale {scale} with gain {gain}: both must be positive")
    # From 2**44 on, one code of difference is already the last entry of the table.
    return min(1 << 44, max(1, round((1 << 40) * Fraction(gain) / scale)))


def pixel_levels() -> Int32Array:
    """Encoder thresholds of uint8 pixels: t = (131072 p + 255) div 510, int32 [256]."""
    return ((131072 * np.arange(256) + 255) // 510).astype(np.int32)


def real_thresholds(p: npt.NDArray[np.float64]) -> Int32Array:
    """Encoder thresholds of probabilities: t = floor(65536 p + 0.5), of the shape of p."""
    if p.size and not (p.min() >= 0 and p.max() <= 1):  # NaN fails too
        raise NumericsError("a probability is not in 0..1")
    return np.floor(65536 * p.astype(np.float64) + 0.5).astype(np.int32)


def exponential_step(curvature: float, pulses: float, up: bool) -> Int32Array:
    """Mean change by a pulse of a saturating device, for each code.

    Potentiation dG = [(Gmax-Gmin) / (1-exp(-a)) - (G-Gmin)] (1-exp(-a/N)), depression its mirror
    image; the fit's source is Li et al. 2023.

    Args:
        curvature: a.
        pulses: N, pulses over the range.
        up: potentiation, else depression.

    Returns:
        signed changes in 1/256 code, int32 [16384], rounded half to even.
    """
    if not (curvature > 0 and pulses > 0 and math.isfinite(curvature) and math.isfinite(pulses)):
        raise NumericsError(f"curvature {curvature} and {pulses} pulses: both must be positive")
    way_gone = np.arange(_CODES) if up else CODE_MAX - np.arange(_CODES)
    reach = CODE_MAX / -math.expm1(-curvature)
    change = (reach - way_gone.astype(np.float64)) * -math.expm1(-curvature / pulses)
    return _signed(change, up)


def linear_step(step_codes: float, up: bool) -> Int32Array:
    """Equal changes of step_codes codes, in 1/256 code, int32 [16384]."""
    return _signed(np.full(_CODES, float(step_codes)), up)


def measured_step(
    g_siemens: Sequence[float],
    dg_siemens: Sequence[float],
    g_min_siemens: float,
    g_max_siemens: float,
    up: bool,
) -> Int32Array:
    """Mean change by a pulse measured at some conductances, linear between and constant outside.

    Args:
        g_siemens: conductances, ascending.
        dg_siemens: magnitude of the mean change at each.
        g_min_siemens: conductance of code 0.
        g_max_siemens: conductance of code 16383.
        up: potentiation, else depression.

    Returns:
        signed changes in 1/256 code, int32 [16384], rounded half to even.
    """
    g, dg = np.asarray(g_siemens, dtype=np.float64), np.asarray(dg_siemens, dtype=np.float64)
    if g.ndim != 1 or g.shape != dg.shape or g.size < 2 or not np.all(np.diff(g) > 0):
        raise NumericsError("a measured pulse needs two or more ascending conductances")
    if not (g_max_siemens > g_min_siemens and np.all(dg >= 0)):
        raise NumericsError("a measured pulse needs g_max above g_min and magnitudes")
    siemens_a_code = (g_max_siemens - g_min_siemens) / CODE_MAX
    at_code = g_min_siemens + np.arange(_CODES) * siemens_a_code
    return _signed(np.interp(at_code, g, dg) / siemens_a_code, up)


def _signed(magnitude_codes: npt.NDArray[np.float64], up: bool) -> Int32Array:
    steps = np.rint(256 * magnitude_codes)
    # A step of the whole range is the largest that means anything, and keeps products in 64 bits.
    if not (np.all(steps >= 0) and np.all(steps <= 256 * CODE_MAX)):
        raise NumericsError("a pulse moves a cell by more than its whole range, or by no number")
    return (steps if up else -steps).astype(np.int32)


def noise(gamma: float) -> Int32Array:
    """N[u] = 256 + RN(gamma G[u]), int32 [4096]: what a step is multiplied with, in 1/256.

    Args:
        gamma: relative spread from pulse to pulse.
    """
    if not 0 <= gamma <= 16:
        raise NumericsError(f"gamma {gamma} is not in 0..16")
    return np.asarray(256 + np.rint(gamma * gaussian()), dtype=np.int32)

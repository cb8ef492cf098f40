"""Known answers of the encoder and of all tables."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from bsc.numerics import encode, tables

Case = dict[str, Any]


def encode_rule() -> list[Case]:
    p = np.array([0.0, 1.0, 0.5, 1 / 131072, 1 / 131073, 1 / 3, 0.999999])
    t = np.array([[0, 1, 32768, 65535, 65536, 21845]], dtype=np.int32)
    u16 = np.array([[0, 0, 32767, 65535, 65535, 21845]], dtype=np.uint16)
    return [
        {"pixels": list(range(256)), "t": tables.pixel_levels().tolist()},
        {"p": p.tolist(), "t": tables.real_thresholds(p).tolist()},
        {
            "t": t[0].tolist(),
            "u16": u16[0].tolist(),
            "bits": encode.encode_bits(t, u16)[0].tolist(),
        },
    ]


def _entries(table: np.ndarray[Any, Any]) -> Case:
    """A table's hash, length, sum and entries at about thirty places, its ends among them."""
    size = len(table)
    kind = "<i8" if table.dtype == np.int64 else "<i4"
    at = sorted(
        {0, 1, 2, size // 2 - 1, size // 2, size - 2, size - 1, *range(5, size, max(1, size // 23))}
    )
    return {
        "type": kind[1:],
        "length": size,
        "sha256": hashlib.sha256(table.astype(kind).tobytes()).hexdigest(),
        "entries": {str(k): int(table[k]) for k in at},
    }


def integer_tables() -> list[Case]:
    made: list[Case] = [
        {"table": "gaussian", **_entries(tables.gaussian())},
        {"table": "softmax", **_entries(tables.softmax())},
    ]
    for scale, gain in [(16383, 1.0), (4096, 1.0), (8191, 2.5), (7, 1.0), (100_000, 0.25)]:
        value = tables.softmax_reciprocal(scale, gain=gain)
        made.append({"table": "softmax_reciprocal", "scale": scale, "gain": gain, "value": value})
    # Curvature and pulses of the devices named: FACTS of the project's device files.
    for device, curvature, pulses, up in [
        ("ecram", 0.5, 55.0, True),
        ("ecram", 0.5, 55.0, False),
        ("pcm", 6.0, 30.0, True),
        ("pcmo", 6.0, 100.0, True),
        ("pcmo", 20.0, 100.0, False),
        ("oxram", 15.0, 100.0, False),
    ]:
        step = tables.exponential_step(curvature, pulses, up)
        made.append(
            {
                "table": "exponential_step",
                "device": device,
                "curvature": curvature,
                "pulses": pulses,
                "up": up,
                **_entries(step),
            }
        )
    for codes, up in [(1024, True), (16, False)]:
        step = tables.linear_step(codes, up)
        made.append({"table": "linear_step", "codes": codes, "up": up, **_entries(step)})
    measured: Case = {
        "g_siemens": [2e-6, 5e-6, 9e-6],
        "dg_siemens": [3e-7, 2e-7, 1e-8],
        "g_min_siemens": 1e-6,
        "g_max_siemens": 1e-5,
    }
    for up in (True, False):
        step = tables.measured_step(**measured, up=up)
        made.append({"table": "measured_step", **measured, "up": up, **_entries(step)})
    for gamma in (0.0, 0.3, 1.0, 2.0):
        made.append({"table": "noise", "gamma": gamma, **_entries(tables.noise(gamma))})
    return made


def neuron_tables() -> list[Case]:
    """Logistic tables at full size; every function at S = 100 where integers can be scanned."""
    made = []
    for function, parameters, scale, gain, low, high, noise_bits in [
        ("logistic", (4.0,), 16383, 1.0, 0.0, 1.0, 12),
        ("logistic", (4.0,), 4096, 1.0, 0.0, 1.0, 12),
        ("logistic", (4.0,), 16383, 1.0, 0.0, 1.0, 8),
        ("clip", (0.0, 1.0), 16383, 1.0, 0.0, 1.0, 9),
        ("logistic", (1.0,), 100, 2.0, 0.0, 1.0, 6),
        ("logistic", (3.0,), 100, 1.0, 0.25, 0.875, 6),
        ("tanh", (1.0,), 100, 1.5, -1.0, 1.0, 6),
        ("tanh", (2.0,), 100, 1.0, -0.5, 0.75, 6),
        ("relu", (), 100, 1.0, 0.0, 2.0, 6),
        ("relu", (), 100, 0.75, 0.0, 0.375, 6),
        ("leaky_relu", (0.25,), 100, 1.0, -0.5, 1.5, 6),
        ("leaky_relu", (2.0,), 100, 1.0, -4.0, 1.5, 6),
        ("hard_sigmoid", (0.25, 0.5), 100, 1.0, 0.0, 1.0, 6),
        ("hard_sigmoid", (1.0, 0.5), 100, 0.5, 0.125, 0.75, 6),
        ("clip", (0.0, 1.0), 100, 1.0, 0.0, 1.0, 6),
        ("clip", (-0.5, 4.0), 100, 1.0, -1.0, 3.0, 4),
        ("sign", (), 100, 1.0, -1.0, 1.0, 6),
        ("sign", (), 100, 0.75, -2.0, 1.5, 6),
        ("linear", (), 100, 1.0, -1.0, 2.0, 6),
    ]:
        shape: Case = {"gain": gain, "low": low, "high": high}
        lo, hi = tables.derivative(function, parameters, scale, noise_bits=noise_bits, **shape)
        made.append(
            {
                "function": function,
                "parameters": parameters,
                "scale": scale,
                **shape,
                "noise_bits": noise_bits,
                "T": _entries(
                    tables.neuron(function, parameters, scale, noise_bits=noise_bits, **shape)
                ),
                "lo": _entries(lo),
                "hi": _entries(hi),
                "binary": tables.binary_threshold(function, parameters, scale, **shape),
            }
        )
    return made

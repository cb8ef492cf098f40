"""Known answers of neurons, derivatives, readout and analog levels."""

from __future__ import annotations

from typing import Any

import numpy as np
from answers_of_draws import sums_and_draws

from bsc.numerics import encode, readout, tables

Case = dict[str, Any]

_LOGISTIC: Case = {"function": "logistic", "parameters": (4.0,), "scale": 16383}


def sampling() -> list[Case]:
    made = []
    for noise_bits, reads, unit in [(12, 1, 1), (8, 1, 1), (4, 1, 1), (12, 3, 1)]:
        table = tables.neuron("logistic", (4.0,), 16383, noise_bits=noise_bits)
        sums, u16 = sums_and_draws(noise_bits + 100 * reads, 24, 12_000 * reads * unit)
        at = int(table[u16[0] >> (16 - noise_bits)]) * reads  # the edge itself, and one above
        sums[0], sums[1], u16[1] = at, at + 1, u16[0]
        z = encode.sample_bits(
            np.array([sums]), table, np.array([u16], np.uint16), noise_bits, reads
        )
        made.append(
            {
                **_LOGISTIC,
                "noise_bits": noise_bits,
                "reads": reads,
                "sums": sums,
                "u16": u16,
                "z": z[0].tolist(),
            }
        )
    return made


def derivative() -> list[Case]:
    made = []
    for noise_bits in (12, 8, 4):
        lo, hi = tables.derivative("logistic", (4.0,), 16383, noise_bits=noise_bits)
        sums, u16 = sums_and_draws(noise_bits, 24, 20_000)
        u = u16[0] >> (16 - noise_bits)
        sums[:4] = [int(lo[u]), int(lo[u]) + 1, int(hi[u]) - 1, int(hi[u])]
        u16[:4] = [u16[0]] * 4
        d = encode.derivative_bits(np.array([sums]), lo, hi, np.array([u16], np.uint16), noise_bits)
        made.append(
            {**_LOGISTIC, "noise_bits": noise_bits, "sums": sums, "u16": u16, "d": d[0].tolist()}
        )
    return made


def logistic_readout() -> list[Case]:
    """Bits and errors; a threshold t of 0 never wants a 1, one of 65536 always."""
    made = []
    for noise_bits, reads, parameters, scale in [
        (12, 1, (4.0,), 16383),
        (8, 1, (1.0,), 2047),
        (4, 3, (4.0,), 16383),
    ]:
        table = tables.neuron("logistic", parameters, scale, noise_bits=noise_bits)
        sums, u16 = sums_and_draws(noise_bits + 7 * reads, 16, scale * reads)
        at = int(table[u16[0] >> (16 - noise_bits)]) * reads  # the edge itself, and one above
        sums[0], sums[1], u16[1] = at, at + 1, u16[0]
        t, target_u16 = sums_and_draws(noise_bits, 16, 1)
        t = [0, 65536, 32768, 32768, *(abs(977 * k * k) % 65537 for k in range(4, 16))]
        target_u16[:4] = [0, 65535, 32767, 32768]
        o = encode.sample_bits(
            np.array([sums]), table, np.array([u16], np.uint16), noise_bits, reads
        )
        wanted = encode.encode_bits(np.array([t], np.int32), np.array([target_u16], np.uint16))
        made.append(
            {
                "function": "logistic",
                "parameters": parameters,
                "scale": scale,
                "noise_bits": noise_bits,
                "reads": reads,
                "sums": sums,
                "u16": u16,
                "t": t,
                "target_u16": target_u16,
                "o": o[0].tolist(),
                "e": (o.astype(int) - wanted)[0].tolist(),
            }
        )
    return made


def readout_rule() -> list[Case]:
    made = []
    for scale, reads, sums in [
        (16383, 1, [0, 0, 0, 0]),
        (16383, 1, [16383, 0, -16383, 20000, 19000, 1, 2, 3, 4, 20031]),
        (4096, 1, [5000, 4096, -4096, 700, 3000]),
        (16383, 5, [81915, 90000, -16383, 100000, 95000]),
        (1, 1, [1 << 31, 0, -(1 << 31)]),
        (16383, 1, [12345]),
    ]:
        y = np.array([sums], np.int64)
        reciprocal = tables.softmax_reciprocal(scale)
        drawn = sums_and_draws(len(sums) + reads, 8 * len(sums), 1)[1]
        u16 = np.array(drawn, np.uint16).reshape(8, len(sums))
        every = np.repeat(y, 8, axis=0)
        o = readout.readout_bits(every, tables.softmax(), reciprocal, u16, reads)
        made.append(
            {
                "scale": scale,
                "reciprocal": reciprocal,
                "reads": reads,
                "sums": sums,
                "k": readout.softmax_levels(y, reciprocal, reads)[0].tolist(),
                "u16": u16.tolist(),
                "o": o.tolist(),
            }
        )
    return made


def analog() -> list[Case]:
    made = []
    for noise_bits, unit in [(12, 65536), (12, 4096), (4, 16), (8, 1)]:
        table = tables.neuron("logistic", (4.0,), 16383, noise_bits=noise_bits)
        sums = [s * unit + 1 for s in sums_and_draws(unit, 10, 30_000)[0]]
        middle = int(table[1 << (noise_bits - 1)]) * unit
        sums += [middle, middle + 1, int(table[0]) * unit, int(table[-1]) * unit + 1]
        q = encode.analog_levels(np.array(sums), table, unit)
        made.append(
            {**_LOGISTIC, "noise_bits": noise_bits, "unit": unit, "sums": sums, "q": q.tolist()}
        )
    return made

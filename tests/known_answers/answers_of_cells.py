"""Known answers of cells: initial codes, weights, pulses, the sgd rule, refresh, digest."""

from __future__ import annotations

from typing import Any

import numpy as np
from answers_of_draws import sums_and_draws

from bsc.numerics import cells, digest, tables
from bsc.numerics.state import ArrayState, CellStyle, ChipState

Case = dict[str, Any]

_SPREADS: dict[str, tuple[CellStyle, float, float, float | None, float | None]] = {
    "ideal": (CellStyle.REFERENCE, 8191.5, 819.0, 8191.5, 819.0),
    "oxram": (CellStyle.PAIR_DOWN, 15474.75, 890.4, None, None),
    "pcm": (CellStyle.PAIR_UP, 0.0, 1638.3, None, None),
    "pcmo": (CellStyle.REFERENCE, 8191.5, 819.15, 8191.5, 0.0),
}
"""Mean and spread of cells and references, in codes; round numbers near the devices' own."""


def _array(case: str, rows: int, columns: int, layer: int = 0, seed: int = 7) -> ArrayState:
    style, *spread = _SPREADS[case]
    return cells.initial_array(case, style, rows, columns, layer, seed, *spread)


def _numbers(array: ArrayState) -> Case:
    made: Case = {"style": str(array.style), "cells": array.cells.tolist()}
    if array.row_reference is not None and array.column_reference is not None:
        made["row_reference"] = array.row_reference.tolist()
        made["column_reference"] = array.column_reference.tolist()
    return made


def initial() -> list[Case]:
    made = []
    for case, layer, seed in [
        ("ideal", 0, 7),
        ("oxram", 0, 7),
        ("pcm", 1, 7),
        ("pcmo", 2, 1 << 40),
    ]:
        _, mean, sd, reference_mean, reference_sd = _SPREADS[case]
        made.append(
            {
                "device": case,
                "layer": layer,
                "seed": seed,
                "rows": 4,
                "columns": 3,
                "mean_codes": mean,
                "sd_codes": sd,
                "reference_mean_codes": reference_mean,
                "reference_sd_codes": reference_sd,
                **_numbers(_array(case, 4, 3, layer, seed)),
            }
        )
    for inputs in (784, 1):
        direct = cells.initial_direct("sgd", inputs % 7 + 2, 2, inputs, 1, 7)
        made.append(
            {
                "device": "sgd",
                "layer": 1,
                "seed": 7,
                "rows": inputs % 7 + 2,
                "columns": 2,
                "inputs": inputs,
                **_numbers(direct),
            }
        )
    return made


def weights() -> list[Case]:
    arrays = [_array(case, 3, 2) for case in _SPREADS]
    arrays.append(cells.initial_direct("sgd", 3, 2, 2, 0, 7))
    arrays[-1].cells[0] = [2047, -2049]
    return [
        {
            **_numbers(array),
            "forward": cells.forward_weights(array).tolist(),
            "backward": cells.backward_weights(array).tolist(),
        }
        for array in arrays
    ]


def keep() -> list[Case]:
    wanted = np.array([[0, 1, -1], [8191, -8192, 9000], [16383, -16383, 16384]], np.int32)
    arrays = [_array(case, 3, 3) for case in _SPREADS]
    arrays.append(cells.initial_direct("sgd", 3, 3, 3, 0, 7))
    made = []
    for array in arrays:
        clipped = cells.keep_codes(wanted, array.style, array)
        made.append({"weights": wanted.tolist(), **_numbers(array), "clipped": clipped})
    return made


_PULSES: dict[str, tuple[Case | None, Case | None]] = {
    "oxram": (None, {"curvature": 15.0, "pulses": 100.0, "gamma": 0.3}),
    "pcm": ({"curvature": 6.0, "pulses": 30.0, "gamma": 0.3}, None),
    "pcmo": (
        {"curvature": 6.0, "pulses": 100.0, "gamma": 2.0},
        {"curvature": 20.0, "pulses": 100.0, "gamma": 2.0},
    ),
    "ideal": ({"codes": 1024, "gamma": 0.0}, {"codes": 1024, "gamma": 0.0}),
}
"""Pulses up and down; PCMO with twice its own spread, so that negative N occur among few cells."""


def pulse_model(case: str) -> cells.PulseModel:
    made: list[Any] = []
    for up, pulse in zip((True, False), _PULSES[case], strict=True):
        if pulse is None:
            made.append((None, None))
        elif "codes" in pulse:
            made.append((tables.linear_step(pulse["codes"], up), None))
        else:
            step = tables.exponential_step(pulse["curvature"], pulse["pulses"], up)
            made.append((step, tables.noise(pulse["gamma"])))
    (step_up, noise_up), (step_down, noise_down) = made
    return cells.PulseModel(_SPREADS[case][0], step_up, step_down, noise_up, noise_down)


def pulses() -> list[Case]:
    made = []
    for case, layer, g, threshold, most in [
        ("oxram", 0, 0, 64, 1),
        ("oxram", 1, 14_069, 8, 4),
        ("pcm", 0, 3, 64, 2),
        ("pcmo", 0, (1 << 32) + 3, 64, 1),
        ("pcmo", 2, 3, 16, 64),
        ("ideal", 0, 3, 1, 1),
        ("ideal", 0, 3, 16, 20),
    ]:
        array = _array(case, 6, 3, layer)
        array.counters[...] = np.array(sums_and_draws(g % 999, 18, 5 * threshold)[0]).reshape(6, 3)
        array.counters[0] = [threshold, -threshold, threshold - 1]
        array.wear = np.zeros((6, 3), np.int32)
        up, down = _PULSES[case]
        before: Case = {
            "device": case,
            "up": up,
            "down": down,
            "seed": 7,
            "layer": layer,
            "g": g,
            "threshold": threshold,
            "pulses": most,
            **_numbers(array),
            "counters": array.counters.tolist(),
        }
        given = cells.check(
            array, pulse_model(case), layer=layer, seed=7, g=g, threshold=threshold, pulses=most
        )
        made.append(
            {
                **before,
                "cells_after": array.cells.tolist(),
                "counters_after": array.counters.tolist(),
                "wear_after": array.wear.tolist(),
                "given": given,
            }
        )
    return made


def sgd() -> list[Case]:
    made = []
    for eta, batch in [(0.1, 100), (1.0, 64)]:
        rate = round(eta * (1 << 24) / batch)
        array = cells.initial_direct("sgd", 4, 3, 3, 0, 7)
        array.cells[0] = [cells.MASTER_MAX, -cells.MASTER_MAX, 5]
        array.counters[...] = np.array(sums_and_draws(batch, 12, batch)[0]).reshape(4, 3)
        array.counters[0] = [-1, 1, 0]
        case: Case = {
            "eta": eta,
            "batch": batch,
            "rate": rate,
            "master": array.cells.tolist(),
            "counters": array.counters.tolist(),
        }
        cells.sgd_step(array, rate)
        weight = cells.forward_weights(array).tolist()
        made.append({**case, "master_after": array.cells.tolist(), "weights_after": weight})
    return made


def refresh() -> list[Case]:
    made = []
    for case in ("oxram", "pcm"):
        array = _array(case, 4, 3)
        array.cells[0, 0, 0], array.cells[1, 0, 1] = 0, 16383
        before = _numbers(array)
        cells.refresh(array)
        made.append({**before, "cells_after": array.cells.tolist()})
    return made


def digests() -> list[Case]:
    made = []
    for names, worn in [(("oxram", "oxram"), False), (("ideal", "pcm"), True), ((), False)]:
        arrays = [_array(case, 3, 2, layer) for layer, case in enumerate(names)]
        arrays += [cells.initial_direct("sgd", 3, 2, 2, 0, 7)] if not names else []
        for array in arrays:
            array.counters[...] = np.arange(-3, 3).reshape(3, 2)
            array.wear = np.arange(6, dtype=np.int32).reshape(3, 2) if worn else None
        chip = ChipState(arrays, seed=(1 << 63) + 7, samples=60_000, checks=938, epochs=1)
        made.append(
            {
                "arrays": [
                    {
                        **_numbers(array),
                        "counters": array.counters.tolist(),
                        "wear": None if array.wear is None else array.wear.tolist(),
                    }
                    for array in arrays
                ],
                "samples": chip.samples,
                "checks": chip.checks,
                "epochs": chip.epochs,
                "seed": chip.seed,
                "digest": digest.digest(chip),
            }
        )
    return made

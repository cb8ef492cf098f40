"""Sections 2, 6 and 7 in plain Python: cells, weights, pulses, the sgd rule, refresh."""

from __future__ import annotations

import math
from typing import Any

from scalar_draws import element, words
from scalar_tables import gaussian, noise, step

Case = dict[str, Any]

PULSE, INITIAL, ROW_REFERENCE, COLUMN_REFERENCE, FLOAT_INITIAL = 5, 6, 7, 8, 16
MASTER_MAX = 16383 * 4096


def clip(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def initial_code(mean_codes: float, sd_codes: float, u16: int) -> int:
    m, s = round(256 * mean_codes), round(256 * sd_codes)
    return clip((256 * m + s * gaussian()[u16 >> 4] + 32768) >> 16, 0, 16383)


def check_initial(case: Case) -> bool:
    seed, layer, rows, columns = (case[k] for k in ("seed", "layer", "rows", "columns"))

    def lane(purpose: int, block: int, k: int) -> int:
        return element(words(seed, purpose, layer, block, 0, 0), k)

    if case["style"] == "direct":
        deviation = round(65536 * math.sqrt(2 / case["inputs"]))
        return all(
            case["cells"][i][j]
            == clip(
                deviation * gaussian()[lane(FLOAT_INITIAL, i * columns + j, 0) >> 4],
                -MASTER_MAX,
                MASTER_MAX,
            )
            for i in range(rows)
            for j in range(columns)
        )
    planes = [case["cells"]] if case["style"] == "reference" else case["cells"]
    spread = case["mean_codes"], case["sd_codes"]
    right = all(
        planes[k][i][j] == initial_code(*spread, lane(INITIAL, i * columns + j, k))
        for k in range(len(planes))
        for i in range(rows)
        for j in range(columns)
    )
    if case["style"] == "reference":
        spread = case["reference_mean_codes"], case["reference_sd_codes"]
        right &= case["row_reference"] == [
            initial_code(*spread, lane(ROW_REFERENCE, i, 0)) for i in range(rows)
        ]
        right &= case["column_reference"] == [
            initial_code(*spread, lane(COLUMN_REFERENCE, j, 0)) for j in range(columns)
        ]
    return right


def weight(case: Case, i: int, j: int, *, forward: bool) -> int:
    cells = case["cells"]
    match case["style"]:
        case "reference":
            reference = case["row_reference"][i] if forward else case["column_reference"][j]
            return int(cells[i][j] - reference)
        case "direct":
            return clip(cells[i][j] + 2048 >> 12, -16383, 16383)
        case _:
            return int(cells[0][i][j] - cells[1][i][j])


def check_weights(case: Case) -> bool:
    return all(
        weight(case, i, j, forward=forward) == value
        for forward in (True, False)
        for i, row in enumerate(case["forward" if forward else "backward"])
        for j, value in enumerate(row)
    )


def check_keep(case: Case) -> bool:
    """The weight is what was wanted, or the nearest that fits; pairs stand at their limit."""
    clipped = 0
    for i, row in enumerate(case["weights"]):
        for j, wanted in enumerate(row):
            low, high = -16383, 16383
            if case["style"] == "reference":
                low, high = -case["row_reference"][i], 16383 - case["row_reference"][i]
            clipped += not low <= wanted <= high
            if weight(case, i, j, forward=True) != clip(wanted, low, high):
                return False
            if case["style"].startswith("pair"):
                both = case["cells"][0][i][j], case["cells"][1][i][j]
                down = case["style"] == "pair-down"
                if (max(both) != 16383) if down else (min(both) != 0):
                    return False
    return clipped == case["clipped"]


TARGETS = {
    ("reference", True): (0, "down"),
    ("reference", False): (0, "up"),
    ("pair-down", True): (0, "down"),
    ("pair-down", False): (1, "down"),
    ("pair-up", True): (1, "up"),
    ("pair-up", False): (0, "up"),
}
"""Which cell of a weight a pulse goes to, and which way, by style and k > 0."""


def check_pulses(case: Case) -> bool:
    models = {
        way: None
        if case[way] is None
        else (step(case[way], way == "up"), noise(case[way]["gamma"]))
        for way in ("up", "down")
    }
    planes = [case["cells"]] if case["style"] == "reference" else case["cells"]
    after = [case["cells_after"]] if case["style"] == "reference" else case["cells_after"]
    columns, given = len(case["counters"][0]), 0
    for i, row in enumerate(case["counters"]):
        for j, count in enumerate(row):
            k = int(math.copysign(abs(count) // case["threshold"], count))
            pulses = min(abs(k), case["pulses"])
            codes = [plane[i][j] for plane in planes]
            device, way = TARGETS[case["style"], k > 0]
            for ordinal in range(pulses):
                model = models[way]
                if model is None:
                    return False
                mean, factors = model
                w = words(
                    case["seed"],
                    PULSE,
                    case["layer"],
                    i * columns + j,
                    case["g"],
                    device << 12 | ordinal,
                )
                n = factors[element(w, 0) >> 4]
                change = (mean[codes[device]] * n + element(w, 1)) // 65536
                codes[device] = clip(codes[device] + change, 0, 16383)
            given += pulses
            if (
                codes != [plane[i][j] for plane in after]
                or case["counters_after"][i][j] != count - k * case["threshold"]
                or case["wear_after"][i][j] != pulses
            ):
                return False
    return given == case["given"]


def check_sgd(case: Case) -> bool:
    rate = round(case["eta"] * 2**24 / case["batch"])
    for i, row in enumerate(case["master"]):
        for j, before in enumerate(row):
            after = clip(before - rate * case["counters"][i][j], -MASTER_MAX, MASTER_MAX)
            if after != case["master_after"][i][j]:
                return False
            if case["weights_after"][i][j] != clip((after + 2048) // 4096, -16383, 16383):
                return False
    return rate == case["rate"]


def check_refresh(case: Case) -> bool:
    for i, row in enumerate(case["cells"][0]):
        for j, plus in enumerate(row):
            minus = case["cells"][1][i][j]
            by = 16383 - max(plus, minus) if case["style"] == "pair-down" else -min(plus, minus)
            if [plus + by, minus + by] != [plane[i][j] for plane in case["cells_after"]]:
                return False
    return True

"""Sections 5 to 7 in plain Python: encoder, tables, comparators, readout, analog levels.

Tables are made from their definitions, by bisection or by trying every integer, where bsc.numerics
solves for the entry.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

LOWEST, HIGHEST = -(2**31), 2**31 - 1
SCANNED = 500
"""Integers tried on each side of 0 where S = 100."""

Case = dict[str, Any]


def same(table: list[int], given: Case) -> bool:
    """Whether a table has the entries, the length and the hash of a file."""
    data = struct.pack(f"<{len(table)}{'q' if given['type'] == 'i8' else 'i'}", *table)
    return (
        len(table) == given["length"]
        and all(table[int(k)] == value for k, value in given["entries"].items())
        and hashlib.sha256(data).hexdigest() == given["sha256"]
    )


def check_encode(case: Case) -> bool:
    if "pixels" in case:
        return case["t"] == [(131072 * p + 255) // 510 for p in case["pixels"]]
    if "p" in case:
        return case["t"] == [math.floor(65536 * p + 0.5) for p in case["p"]]
    return case["bits"] == [int(u < t) for u, t in zip(case["u16"], case["t"], strict=True)]


# The functions of section 6 and of the readout.


@cache
def gaussian() -> tuple[int, ...]:
    """G by bisection of Phi(x) = erfc(-x / sqrt 2) / 2."""
    table = []
    for u in range(2048):
        low, high = -5.0, 0.0
        for _ in range(60):
            x = (low + high) / 2
            if math.erfc(-x / math.sqrt(2)) / 2 < (2 * u + 1) / 8192:
                low = x
            else:
                high = x
        table.append(round(256 * low))
    return (*table, *(-g for g in reversed(table)))


def softmax() -> list[int]:
    return [round(65536 * math.exp(-k / 256)) for k in range(4096)]


def step(pulse: Case, up: bool) -> list[int]:
    if "codes" in pulse:
        return [256 * pulse["codes"] * (1 if up else -1)] * 16384
    if "curvature" in pulse:
        a, n = pulse["curvature"], pulse["pulses"]
        shape = 1 - math.exp(-a / n)
        if up:
            return [round(256 * (16383 / (1 - math.exp(-a)) - c) * shape) for c in range(16384)]
        return [
            round(-256 * (16383 / (1 - math.exp(-a)) - (16383 - c)) * shape) for c in range(16384)
        ]
    g, dg = pulse["g_siemens"], pulse["dg_siemens"]
    one_code = (pulse["g_max_siemens"] - pulse["g_min_siemens"]) / 16383
    table = []
    for c in range(16384):
        at = pulse["g_min_siemens"] + c * one_code
        change = dg[0] if at <= g[0] else dg[-1]
        for left in range(len(g) - 1):
            if g[left] < at <= g[left + 1]:
                share = (at - g[left]) / (g[left + 1] - g[left])
                change = dg[left] + share * (dg[left + 1] - dg[left])
        table.append(round(256 * change / one_code) * (1 if up else -1))
    return table


def noise(gamma: float) -> list[int]:
    return [256 + round(gamma * g) for g in gaussian()]


def check_tables(case: Case) -> bool:
    match case["table"]:
        case "gaussian":
            return same(list(gaussian()), case)
        case "softmax":
            return same(softmax(), case)
        case "noise":
            return same(noise(case["gamma"]), case)
        case "softmax_reciprocal":
            return case["value"] == round(2**40 * Fraction(case["gain"]) / case["scale"])
        case _:
            return same(step(case, case["up"]), case)


# Neuron functions: g and the slopes beside a point, in the model's y.


def g(function: str, parameters: list[float], y: Fraction) -> Fraction | float:
    p = [Fraction(number) for number in parameters]
    match function:
        case "logistic":
            return 1 / (1 + math.exp(-p[0] * y))
        case "tanh":
            return math.tanh(p[0] * y)
        case "relu":
            return max(Fraction(0), y)
        case "leaky_relu":
            return y if y >= 0 else p[0] * y
        case "hard_sigmoid":
            return min(max(p[0] * y + p[1], Fraction(0)), Fraction(1))
        case "clip":
            return min(max(y, p[0]), p[1])
        case "sign":
            return Fraction((y > 0) - (y < 0))
        case "linear":
            return y
    raise ValueError(function)


def slope(function: str, parameters: list[float], y: Fraction) -> Fraction | float:
    """Derivative of g, at a knot the smaller slope beside it; for sign its window."""
    p = [Fraction(number) for number in parameters]
    match function:
        case "logistic":
            s = float(g(function, parameters, y))
            return float(p[0]) * s * (1 - s)
        case "tanh":
            return float(p[0]) * (1 - math.tanh(p[0] * y) ** 2)
        case "relu":
            return Fraction(y > 0)
        case "leaky_relu":
            return min(p[0], Fraction(1)) if y == 0 else (p[0] if y < 0 else Fraction(1))
        case "hard_sigmoid":
            return p[0] if 0 < p[0] * y + p[1] < 1 else Fraction(0)
        case "clip":
            return Fraction(p[0] < y < p[1])
        case "sign":
            return Fraction(abs(y) < 1)
        case "linear":
            return Fraction(1)
    raise ValueError(function)


def probability(case: Case, y: int) -> Fraction | float:
    value = g(case["function"], case["parameters"], Fraction(case["gain"]) * y / case["scale"])
    low, high = Fraction(case["low"]), Fraction(case["high"])
    return min(max((value - low) / (high - low), Fraction(0)), Fraction(1))


def probability_slope(case: Case, y: int) -> Fraction | float:
    """dp/dy, for y in units of S codes; 0 where p is clipped, and at the edge of that."""
    x = Fraction(case["gain"]) * y / case["scale"]
    if case["function"] == "sign":
        return slope("sign", [], x)
    low, high = Fraction(case["low"]), Fraction(case["high"])
    if not low < g(case["function"], case["parameters"], x) < high:
        return Fraction(0)
    inner = slope(case["function"], case["parameters"], x)
    return inner * Fraction(case["gain"]) / (high - low)


def largest(holds: Callable[[int], bool]) -> int:
    """The largest 32-bit y for which something holds that holds for all smaller ones too."""
    if not holds(LOWEST + 1):
        return LOWEST
    if holds(HIGHEST - 1):
        return HIGHEST
    low, high = LOWEST + 1, HIGHEST - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def levels(noise_bits: int) -> list[Fraction]:
    return [Fraction(2 * u + 1, 2 << noise_bits) for u in range(1 << noise_bits)]


def thresholds(case: Case, wanted: list[Fraction]) -> list[int]:
    """T at the given levels: by trial where S is small, by logarithm and bisection elsewhere."""
    if case["scale"] == 100:
        tried = [(y, probability(case, y)) for y in range(-SCANNED, SCANNED)]
        found = []
        for v in wanted:
            below = [y for y, p in tried if p <= v]
            ends = {-SCANNED: LOWEST, SCANNED - 1: HIGHEST}
            found.append(ends.get(below[-1], below[-1]) if below else LOWEST)
        return found
    if case["function"] == "logistic":
        a, s = case["parameters"][0], case["scale"]
        return [math.floor(s * (math.log(v) - math.log(1 - v)) / a) for v in wanted]
    return [largest(lambda y, v=v: probability(case, y) <= v) for v in wanted]  # type: ignore[misc]


def intervals(case: Case) -> tuple[list[int], list[int]]:
    """The integers lo and hi, by trial where S is small, by bisection of y > 0 elsewhere."""
    low, high = [], []
    if case["scale"] == 100:
        tried = [(y, probability_slope(case, y)) for y in range(-SCANNED, SCANNED)]
        for v in levels(case["noise_bits"]):
            inside = [y for y, s in tried if s > v]
            low.append(inside[0] - 1 if inside else 0)
            high.append(inside[-1] + 1 if inside else 0)
        return low, high
    for v in levels(case["noise_bits"]):
        if case["function"] == "clip":  # from 0 to 1: every y strictly between is inside
            low, high = [*low, 0], [*high, case["scale"]]
            continue
        outside = bisect_down(case, v)
        low, high = [*low, -outside], [*high, outside]
    return low, high


def bisect_down(case: Case, v: Fraction) -> int:
    """The smallest y > 0 where the derivative of a logistic function is v or less."""
    a, level = case["parameters"][0], float(v)
    inside, outside = 0, 20 * case["scale"]
    while outside - inside > 1:
        middle = (inside + outside) // 2
        s = 1 / (1 + math.exp(-a * middle / case["scale"]))
        if a * s * (1 - s) > level:
            inside = middle
        else:
            outside = middle
    return outside


def check_neurons(case: Case) -> bool:
    low, high = intervals(case)
    return (
        same(thresholds(case, levels(case["noise_bits"])), case["T"])
        and same(low, case["lo"])
        and same(high, case["hi"])
        and thresholds(case, [Fraction(1, 2)]) == [case["binary"]]
    )


# Comparators.


def logistic_threshold(case: Case, u: int) -> int:
    v = (2 * u + 1) / (2 << case["noise_bits"])
    return math.floor(case["scale"] * math.log(v / (1 - v)) / case["parameters"][0])


def check_sampling(case: Case) -> bool:
    shift = 16 - case["noise_bits"]
    return case["z"] == [
        int(y > case["reads"] * logistic_threshold(case, u16 >> shift))
        for y, u16 in zip(case["sums"], case["u16"], strict=True)
    ]


def check_logistic_readout(case: Case) -> bool:
    shift = 16 - case["noise_bits"]
    draws = zip(case["sums"], case["u16"], case["t"], case["target_u16"], strict=True)
    bits, errors = [], []
    for y, u16, t, target_u16 in draws:
        bits.append(int(y > case["reads"] * logistic_threshold(case, u16 >> shift)))
        errors.append(bits[-1] - int(target_u16 < t))
    return case["o"] == bits and case["e"] == errors


def check_derivative(case: Case) -> bool:
    """From f' itself: d = (f'(y) > v), which is what lo < y < hi says."""
    a, shift = case["parameters"][0], 16 - case["noise_bits"]
    bits = []
    for y, u16 in zip(case["sums"], case["u16"], strict=True):
        s = 1 / (1 + math.exp(-a * y / case["scale"]))
        bits.append(int(a * s * (1 - s) > (2 * (u16 >> shift) + 1) / (2 << case["noise_bits"])))
    return case["d"] == bits


def check_readout(case: Case) -> bool:
    s, reciprocal, exponentials = case["reads"], case["reciprocal"], softmax()
    if reciprocal != round(Fraction(2**40, case["scale"])):
        return False
    behind = [max(case["sums"]) - y for y in case["sums"]]
    k = [min(4095, (b * reciprocal + s * 2**31) // (s * 2**32)) for b in behind]
    total = sum(exponentials[i] for i in k)
    bits = [
        [int(u * total < 65536 * exponentials[i]) for u, i in zip(row, k, strict=True)]
        for row in case["u16"]
    ]
    return k == case["k"] and bits == case["o"]


def check_analog(case: Case) -> bool:
    table = [logistic_threshold(case, u) for u in range(1 << case["noise_bits"])]
    return case["q"] == [sum(t * case["unit"] < y for t in table) for y in case["sums"]]

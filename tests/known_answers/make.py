"""Writes the known answers of docs/semantics.md: one JSON file a rule, made with bsc.numerics.

`python make.py` rewrites the files beside it. They change only when the contract does, so a line in
their diff is a change of what programs mean. `check.py` is a second implementation of the rules.
"""

from __future__ import annotations

import json
from pathlib import Path

import answers_of_cells as cells
import answers_of_comparators as comparators
import answers_of_draws as draws
import answers_of_tables as tables

HERE = Path(__file__).parent

RULES = {
    "philox": (draws.philox, "3", "Philox4x32-10; the first three cases are its authors' own"),
    "element_draws": (draws.element_draws, "3", "u16 of elements 0, 1, ... of one sample"),
    "lane_draws": (draws.lane_draws, "3", "lanes 0 and 1, the halves of word 0"),
    "shuffle": (draws.shuffle, "3", "order of an epoch"),
    "encode": (tables.encode_rule, "5", "thresholds t, and bit = (u16 < t)"),
    "tables": (tables.integer_tables, "5, 6", "sha256 over little-endian entries"),
    "neurons": (tables.neuron_tables, "5", "T, lo, hi, and the threshold of mode binary"),
    "sampling": (comparators.sampling, "5, 7", "z = (y > s T[u]), y the sum of s reads"),
    "derivative": (comparators.derivative, "5", "d = (lo[u] < y < hi[u])"),
    "readout": (comparators.readout_rule, "5, 7", "k and o of the classes, for eight draws"),
    "logistic_readout": (comparators.logistic_readout, "5, 7", "o = (y > s T[u]), e = o - (u < t)"),
    "analog": (comparators.analog, "7", "q, sums in units of 1/unit code"),
    "initial": (cells.initial, "6", "cells before training, references, master weights"),
    "weights": (cells.weights, "2, 6", "weights as a forward and a backward read meet them"),
    "keep": (cells.keep, "7", "cells that hold given weights, and how many were clipped"),
    "pulses": (cells.pulses, "6", "one check: pulses, what is left in the counters, wear"),
    "sgd": (cells.sgd, "6", "one step of master weights"),
    "refresh": (cells.refresh, "6", "one-way pairs moved back towards the start"),
    "digest": (cells.digests, "4", "SHA-256 of a chip's state"),
}


def render(name: str) -> str:
    """Text of a file: one case a line."""
    make, section, about = RULES[name]
    lines = ",\n  ".join(json.dumps(case) for case in make())
    head = f'"rule": {json.dumps(name)},\n "section": "{section}",\n "about": {json.dumps(about)}'
    return f'{{{head},\n "cases": [\n  {lines}\n ]}}\n'


if __name__ == "__main__":
    for rule in RULES:
        (HERE / f"{rule}.json").write_text(render(rule), encoding="utf-8")

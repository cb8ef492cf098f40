"""Checks the known answers with a second implementation of docs/semantics.md, in plain Python.

It was written from the text, shares no code with bsc and needs nothing but Python; `python
check.py` prints one line a file. Take it as the example for one in another language.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import scalar_cells as cells
import scalar_draws as draws
import scalar_tables as tables

HERE = Path(__file__).parent

CHECKS = {
    "philox": draws.check_philox,
    "element_draws": draws.check_element_draws,
    "lane_draws": draws.check_lane_draws,
    "shuffle": draws.check_shuffle,
    "encode": tables.check_encode,
    "tables": tables.check_tables,
    "neurons": tables.check_neurons,
    "sampling": tables.check_sampling,
    "derivative": tables.check_derivative,
    "readout": tables.check_readout,
    "logistic_readout": tables.check_logistic_readout,
    "analog": tables.check_analog,
    "initial": cells.check_initial,
    "weights": cells.check_weights,
    "keep": cells.check_keep,
    "pulses": cells.check_pulses,
    "sgd": cells.check_sgd,
    "refresh": cells.check_refresh,
    "digest": draws.check_digest,
}


def wrong_cases(name: str) -> list[int]:
    """Numbers of the cases of a file that this implementation answers otherwise."""
    cases = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    return [number for number, case in enumerate(cases) if not CHECKS[name](case)]


if __name__ == "__main__":
    wrong = {name: wrong_cases(name) for name in CHECKS}
    for name, numbers in wrong.items():
        sys.stdout.write(f"{name}: {'wrong cases ' + str(numbers) if numbers else 'agrees'}\n")
    sys.exit(any(wrong.values()))

"""What a checkpoint belongs to: fingerprints of the program and of the data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.hw.plan import TrainPlan
from bsc.program.executor import EncodedData
from bsc.program.model import Program

_ROWS_AT_ONCE = 4096
"""Rows hashed together: what is copied where they do not lie in a row."""


def program_fingerprint(program: Program) -> str:
    """SHA-256 of all that decides what training does to the state, hex.

    Tiles, names, origins and the plan (compared by itself) are left out: a run goes on with other
    tiles, because its result does not depend on them.
    """
    arrays = [
        [a.layer, a.inputs, a.bias_lines, a.columns, a.scale, a.gain, a.low, a.high]
        for a in program.arrays
    ]
    functions = [[a.function, a.function_parameters] for a in program.arrays]
    steps = [
        [s.op.value, s.target, s.sources, s.array, s.layer, s.numbers] for s in program.training
    ]
    device = program.target.device.model_dump(mode="json", exclude={"name", "source"})
    spec = program.input
    plain = json.dumps(
        [arrays, functions, steps, device, spec.size, spec.low, spec.high], sort_keys=True
    )
    sha = hashlib.sha256(plain.encode())
    for step in (*program.training, *program.update):
        for role, name in sorted(step.tables):
            table = np.ascontiguousarray(program.tables[name])
            sha.update(f"{role} {table.dtype.str} {table.shape}".encode())
            sha.update(table.data)
    return sha.hexdigest()


def data_fingerprint(data: EncodedData, labels: npt.NDArray[np.int32]) -> str:
    """SHA-256 of all samples with their levels and labels, hex."""
    values = data.values
    sha = hashlib.sha256(f"{values.dtype.str} {values.shape}".encode())
    sha.update(np.ascontiguousarray(labels, "<i4").data)
    sha.update(np.ascontiguousarray(data.levels, "<i4").data)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        sha.update(np.ascontiguousarray(values[start : start + _ROWS_AT_ONCE]).data)
    return sha.hexdigest()


def plan_json(plan: TrainPlan) -> dict[str, Any]:
    """The plan as plain data."""
    return {k: str(v) if k == "rule" else v for k, v in asdict(plan).items()}

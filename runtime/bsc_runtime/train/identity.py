"""What a checkpoint belongs to: fingerprints of the program and of the data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from bsc.hw.plan import LayerPlan, TrainPlan
from bsc.program.executor import EncodedData
from bsc.program.model import Program

_ROWS_AT_ONCE = 4096
"""Rows hashed together: what is copied where they do not lie in a row."""


def program_fingerprint(program: Program) -> str:
    """SHA-256 of all that decides what training does to the state, hex.

    Tiles, names, origins and the plan (compared by itself) are left out: a run goes on with other
    tiles, because its result does not depend on them.
    """
    arrays = [[a.layer, a.inputs, a.bias_lines, a.columns, a.scale] for a in program.arrays]
    reads = [
        [r.array, r.gain, r.function, r.function_parameters, r.low, r.high] for r in program.reads
    ]
    heads = [[h.read, h.columns, h.readout.value] for h in program.heads]
    steps = [
        [s.op.value, s.target, s.sources, s.array, s.layer, s.numbers] for s in program.training
    ]
    devices = [
        program.device_of(k).model_dump(mode="json", exclude={"name", "source"})
        for k in range(len(program.arrays))
    ]
    inputs = [[spec.size, spec.low, spec.high] for spec in program.inputs]
    plain = json.dumps([arrays, reads, heads, steps, devices, inputs], sort_keys=True)
    sha = hashlib.sha256(plain.encode())
    for step in (*program.training, *program.update):
        for role, name in sorted(step.tables):
            table = np.ascontiguousarray(program.tables[name])
            sha.update(f"{role} {table.dtype.str} {table.shape}".encode())
            sha.update(table.data)
    return sha.hexdigest()


def data_fingerprint(data: EncodedData, targets: npt.NDArray[np.int32]) -> str:
    """SHA-256 of all samples with their levels and the targets of all heads, hex."""
    values = data.values
    sha = hashlib.sha256(f"{values.dtype.str} {values.shape}".encode())
    sha.update(np.ascontiguousarray(targets, "<i4").data)
    sha.update(np.ascontiguousarray(data.levels, "<i4").data)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        sha.update(np.ascontiguousarray(values[start : start + _ROWS_AT_ONCE]).data)
    return sha.hexdigest()


def plan_json(plan: TrainPlan) -> dict[str, Any]:
    """The plan as plain data: a line of JSON where several layers or outputs have their own."""
    plain: dict[str, Any] = {
        field.name: getattr(plan, field.name)
        for field in fields(plan)
        if field.name not in ("rule", "readouts", "layers")
    }
    plain["rule"] = plan.rule.value
    if plan.readouts:
        plain["readouts"] = json.dumps(sorted(plan.readouts))
    if plan.layers:
        plain["layers"] = json.dumps(sorted(map(_layer, plan.layers)))
    return plain


def _layer(layer: LayerPlan) -> list[Any]:
    device = None
    if layer.device is not None:
        device = layer.device.model_dump_json(exclude={"name", "source"})
    return [layer.name, layer.frozen, device, layer.threshold, layer.pulses]

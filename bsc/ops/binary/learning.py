"""Operators that learn: errors, counts, and the updates at the end of a batch (section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, TypeRuleError
from bsc.ir.types import Encoding, TensorType
from bsc.numerics import cells as cell_rules
from bsc.numerics import encode
from bsc.numerics.draws import Purpose
from bsc.numerics.tables import real_thresholds
from bsc.ops.binary.reading import driven
from bsc.ops.binary.rules import BINARY, batch_of, cells_of, expect
from bsc.ops.environment import Environment

_TILES = AttrDef("tiles", AttrKind.INTS, "physical tiles that work; none before tiling", ())


def _infer_error(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    bits = expect("bits", types[0], Encoding.BIT, 2)
    label = expect("label", types[1], Encoding.LABEL, 1)
    if batch_of(label) != batch_of(bits):
        raise TypeRuleError(f"label is {label}, bits are {bits}: the batches differ")
    return [TensorType(Encoding.SIGN, bits.shape)]


def _error(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    error = np.asarray(values[0]).astype(np.int8)
    error[np.arange(len(error)), np.asarray(values[1])] -= 1
    return [error]


OUTPUT_ERROR = OpDef(
    name="output_error",
    doc="e = o - label, each class on its own",
    stages=BINARY,
    inputs=("bits", "label"),
    outputs=("error",),
    attrs=(),
    infer=_infer_error,
    reference=_error,
)


def _infer_target_error(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    bits = expect("bits", types[0], Encoding.BIT, 2)
    target = expect("target", types[1], Encoding.F32, 2)
    if target.shape != bits.shape:
        raise TypeRuleError(f"target is {target}, bits are {bits}: the shapes differ")
    return [TensorType(Encoding.SIGN, bits.shape)]


def _target_error(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    bits, target = values
    thresholds = real_thresholds(np.asarray(target, np.float64))
    draws = env.draws(Purpose.TARGET, int(attrs["layer"]), bits.shape[1])  # type: ignore[arg-type]
    wanted = encode.encode_bits(thresholds, draws).astype(np.int8)
    return [np.asarray(bits).astype(np.int8) - wanted]


TARGET_ERROR = OpDef(
    name="target_error",
    doc="e = o - Bern(target), targets in [0, 1], each column on its own",
    stages=BINARY,
    inputs=("bits", "target"),
    outputs=("error",),
    attrs=(AttrDef("layer", AttrKind.INT, "ordinal of the read, for keyed draws"),),
    infer=_infer_target_error,
    reference=_target_error,
)


def _parts(attrs: Attrs) -> tuple[tuple[int, ...], int]:
    """Starts and size of `add_parts`."""
    return cast("tuple[int, ...]", attrs["starts"]), cast(int, attrs["size"])


def _infer_add_parts(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    starts, size = _parts(attrs)
    if len(starts) != len(types) or not types or size < 1:
        raise TypeRuleError(f"{len(types)} sums with starts {starts}, {size} elements")
    for start, given in zip(starts, types, strict=True):
        extent = expect("sums", given, Encoding.SUM, 2).shape[1]
        if not isinstance(extent, int) or start < 0 or start + size > extent:
            raise TypeRuleError(f"elements {start} to {start + size} of {given}")
        if batch_of(given) != batch_of(types[0]):
            raise TypeRuleError(f"{types[0]} and {given} differ in the batch")
    return [TensorType(Encoding.SUM, (batch_of(types[0]), size))]


def _add_parts(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    starts, size = _parts(attrs)
    parts = [v[:, s : s + size] for v, s in zip(values, starts, strict=True)]
    return [np.sum(np.asarray(parts, np.int64), axis=0)]


ADD_PARTS = OpDef(
    name="add_parts",
    doc="what the layers that read a signal send back to it, added",
    stages=BINARY,
    inputs=("sums*",),
    outputs=("sum",),
    attrs=(
        AttrDef("starts", AttrKind.INTS, "first element of each that is added"),
        AttrDef("size", AttrKind.INT, "elements"),
    ),
    infer=_infer_add_parts,
    reference=_add_parts,
)


def _infer_gated_sign(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    sums = expect("sums", types[0], Encoding.SUM, 2)
    gate = expect("gate", types[1], Encoding.BIT, 2)
    if sums.shape != gate.shape:
        raise TypeRuleError(f"sums are {sums}, gate is {gate}: the shapes differ")
    return [TensorType(Encoding.SIGN, sums.shape)]


def _gated_sign(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    return [(np.sign(values[0]) * values[1]).astype(np.int8)]


GATED_SIGN = OpDef(
    name="gated_sign",
    doc="e = sign(sum) d, sign(0) = 0",
    stages=BINARY,
    inputs=("sums", "gate"),
    outputs=("error",),
    attrs=(),
    infer=_infer_gated_sign,
    reference=_gated_sign,
)


def _infer_count(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    rows, columns = cells_of(types)
    bits = expect("bits", types[1], Encoding.BIT, 2)
    signs = expect("signs", types[2], Encoding.SIGN, 2)
    if signs.shape[1] != columns or not isinstance(bits.shape[1], int) or bits.shape[1] > rows:
        raise TypeRuleError(f"{bits} by {signs} does not fit cells of {rows} x {columns}")
    return [TensorType(Encoding.COUNT, (rows, columns))]


def _count(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    cells, bits, signs = values
    rows = cells.counters.shape[0]
    return [(driven(bits, rows).T @ signs.astype(np.int64)).astype(np.int32)]


COUNT = OpDef(
    name="count",
    doc="x^T e, added over the samples; bias lines count too",
    stages=BINARY,
    inputs=("cells", "bits", "signs"),
    outputs=("counts",),
    attrs=(_TILES,),
    infer=_infer_count,
    reference=_count,
)


def _infer_add_counts(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    for given in types:
        if expect("counts", given, Encoding.COUNT, 2) != types[0]:
            raise TypeRuleError(f"{types[0]} and {given} count for different cells")
    return [types[0]]


ADD_COUNTS = OpDef(
    name="add_counts",
    doc="counts of all places that read one array, added",
    stages=BINARY,
    inputs=("counts", "more*"),
    outputs=("sum",),
    attrs=(),
    infer=_infer_add_counts,
    reference=lambda values, attrs, env: [sum(values[1:], start=np.asarray(values[0]))],
)


def _infer_update(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    rows, columns = cells_of(types)
    counts = expect("counts", types[1], Encoding.COUNT, 2)
    if counts.shape != (rows, columns):
        raise TypeRuleError(f"counts are {counts}, expected [{rows}, {columns}]")
    return [types[0]]


def _carry(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    cells, counts = values[:2]
    up, down, up_noise, down_noise = (list(values[2:]) + [None] * 4)[:4]
    model = cell_rules.PulseModel(
        style=cells.style, step_up=up, step_down=down, noise_up=up_noise, noise_down=down_noise
    )
    cells.counters += counts
    cell_rules.check(
        cells,
        model,
        layer=int(attrs["layer"]),  # type: ignore[arg-type]
        seed=env.seed,
        g=env.checks,
        threshold=int(attrs["threshold"]),  # type: ignore[arg-type]
        pulses=int(attrs["pulses"]),  # type: ignore[arg-type]
    )
    return [cells]


CARRY = OpDef(
    name="carry",
    doc="A += counts; each counter with |A| >= T gives its cell pulses and keeps the remainder",
    stages=BINARY,
    inputs=("cells", "counts", "step_up?", "step_down?", "noise_up?", "noise_down?"),
    outputs=("updated",),
    attrs=(
        AttrDef("layer", AttrKind.INT, "ordinal for keyed draws"),
        AttrDef("threshold", AttrKind.INT, "T"),
        AttrDef("pulses", AttrKind.INT, "P, at most so many pulses a check", 1),
        _TILES,
    ),
    infer=_infer_update,
    reference=_carry,
    pure=False,
)


def _sgd_step(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    cells, counts = values
    cells.counters += counts
    cell_rules.sgd_step(cells, int(attrs["rate"]))  # type: ignore[arg-type]
    return [cells]


SGD_STEP = OpDef(
    name="sgd_step",
    doc="M -= K counts, nothing carried",
    stages=BINARY,
    inputs=("cells", "counts"),
    outputs=("updated",),
    attrs=(AttrDef("rate", AttrKind.INT, "K = RN(eta 2**24 / B)"), _TILES),
    infer=_infer_update,
    reference=_sgd_step,
    pure=False,
)


def _refresh(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    # g counts the checks already done: the running one is number checks + 1.
    if (env.checks + 1) % int(attrs["every"]) == 0:  # type: ignore[arg-type]
        cell_rules.refresh(values[0])
    return [values[0]]


REFRESH = OpDef(
    name="refresh",
    doc="after every so many checks, one-way pairs go back to their start with the same difference",
    stages=BINARY,
    inputs=("cells",),
    outputs=("updated",),
    attrs=(AttrDef("every", AttrKind.INT, "checks between refreshes"), _TILES),
    infer=lambda types, attrs: [types[0]],
    reference=_refresh,
    pure=False,
)

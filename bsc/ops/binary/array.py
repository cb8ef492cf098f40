"""`array`: a crossbar array as a value, and `logits`: its sums as numbers again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, TypeRuleError
from bsc.ir.types import Encoding, TensorType
from bsc.ops.binary.rules import BINARY, expect
from bsc.ops.environment import Environment


def _infer_array(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    rows, columns = int(attrs["rows"]), int(attrs["columns"])  # type: ignore[arg-type]
    inputs = int(attrs["inputs"])  # type: ignore[arg-type]
    if not (0 < inputs <= rows and columns > 0):
        raise TypeRuleError(f"array of {rows} x {columns} with {inputs} inputs")
    if types:
        codes = expect("codes", types[0], Encoding.CODE, 2)
        if codes.shape != (rows, columns):
            raise TypeRuleError(f"codes are {codes}, expected [{rows}, {columns}]")
    return [TensorType(Encoding.CELLS, (rows, columns))]


def _array(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    return [env.arrays[str(attrs["name"])]]


ARRAY = OpDef(
    name="array",
    doc="cells of one layer; `codes` are trained weights to start from, none: the device's start",
    stages=BINARY,
    inputs=("codes?",),
    outputs=("cells",),
    attrs=(
        AttrDef("name", AttrKind.STR, "the model's layer"),
        AttrDef("layer", AttrKind.INT, "ordinal of the array, for draws of its cells and pulses"),
        AttrDef("inputs", AttrKind.INT, "word lines driven by inputs"),
        AttrDef("rows", AttrKind.INT, "word lines, always-on bias lines included"),
        AttrDef("columns", AttrKind.INT, "bit lines"),
        AttrDef("scale", AttrKind.INT, "S, codes in one unit of y"),
    ),
    infer=_infer_array,
    reference=_array,
)


def _infer_logits(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    sums = expect("sums", types[0], Encoding.SUM, 2)
    return [TensorType(Encoding.F32, sums.shape)]


def _logits(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    factor = float(attrs["gain"]) / int(attrs["scale"])  # type: ignore[arg-type]
    return [(np.asarray(values[0], np.float64) * factor).astype(np.float32)]


LOGITS = OpDef(
    name="logits",
    doc="sums in the model's own unit, y = gain sum / S: of a head, or of values handed out",
    stages=BINARY,
    inputs=("sums",),
    outputs=("logits",),
    attrs=(
        AttrDef("name", AttrKind.STR, "the read whose sums these are"),
        AttrDef("scale", AttrKind.INT, "S, codes in one unit of y"),
        AttrDef("gain", AttrKind.FLOAT, "the model's y over the array's y", 1.0),
        AttrDef("readout", AttrKind.STR, "of a head: softmax, logistic or none; else empty", ""),
        AttrDef("slope", AttrKind.FLOAT, "a of a head's logistic readout", 1.0),
        AttrDef("outputs", AttrKind.STRS, "of a head: the model's outputs made of it", ()),
    ),
    infer=_infer_logits,
    reference=_logits,
)

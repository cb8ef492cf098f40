"""Operators that draw: encode, sample, derivative, readouts (docs/semantics.md, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bsc.ir.opdef import AttrDef, AttrKind, Attrs, OpDef, TypeRuleError
from bsc.ir.types import Encoding, TensorType
from bsc.numerics import encode, readout
from bsc.numerics.draws import Purpose
from bsc.numerics.tables import real_thresholds
from bsc.ops.binary.rules import BINARY, expect, expect_table
from bsc.ops.environment import Environment

_LAYER = AttrDef("layer", AttrKind.INT, "ordinal of the read, for keyed draws")
_NAME = AttrDef("name", AttrKind.STR, "the read whose sums these are")


def _bits_like(sums: TensorType) -> list[TensorType]:
    return [TensorType(Encoding.BIT, sums.shape)]


def _infer_encode(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    return _bits_like(expect("probabilities", types[0], Encoding.F32, 2))


def _encode(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    thresholds = real_thresholds(np.asarray(values[0], np.float64))
    layer = int(attrs["layer"])  # type: ignore[arg-type]
    return [encode.encode_bits(thresholds, env.draws(Purpose.ENCODE, layer, thresholds.shape[1]))]


def _encode_mean(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    return [real_thresholds(np.asarray(values[0], np.float64)) / 65536.0]


ENCODE = OpDef(
    name="encode",
    doc="bits that are 1 with the input's probability, one draw an element",
    stages=BINARY,
    inputs=("probabilities",),
    outputs=("bits",),
    attrs=(AttrDef("layer", AttrKind.INT, "ordinal of the input, for keyed draws"),),
    infer=_infer_encode,
    reference=_encode,
    expectation=_encode_mean,
)


def _infer_sample(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    expect_table("thresholds", types[1])
    return _bits_like(expect("sums", types[0], Encoding.SUM, 2))


def _sample(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    sums, thresholds = values
    draws = env.draws(Purpose.Z, int(attrs["layer"]), sums.shape[1])  # type: ignore[arg-type]
    return [encode.sample_bits(sums, thresholds, draws, encode.noise_bits_of(thresholds))]


def _sample_mean(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    sums, thresholds = values
    return [encode.analog_levels(sums, thresholds, 1) / len(thresholds)]


SAMPLE = OpDef(
    name="sample",
    doc="neuron: z = (y > T[u]), u the comparator's draw",
    stages=BINARY,
    inputs=("sums", "thresholds"),
    outputs=("bits",),
    attrs=(
        _NAME,
        _LAYER,
        AttrDef("binary", AttrKind.INT, "threshold of mode `binary`: f(y/S) > 1/2 where y > it", 0),
        AttrDef("function", AttrKind.STR, "the model's activation g, as `neuron` has it"),
        AttrDef("parameters", AttrKind.FLOATS, "numbers of g", ()),
        AttrDef("gain", AttrKind.FLOAT, "the model's y over the array's y", 1.0),
        AttrDef("low", AttrKind.FLOAT, "g at p = 0", 0.0),
        AttrDef("high", AttrKind.FLOAT, "g at p = 1", 1.0),
    ),
    infer=_infer_sample,
    reference=_sample,
    expectation=_sample_mean,
)


def _infer_derivative(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    expect_table("low", types[1])
    expect_table("high", types[2])
    if types[1] != types[2]:
        raise TypeRuleError(f"low is {types[1]}, high is {types[2]}: the lengths differ")
    return _bits_like(expect("sums", types[0], Encoding.SUM, 2))


def _derivative(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    sums, low, high = values
    draws = env.draws(Purpose.D, int(attrs["layer"]), sums.shape[1])  # type: ignore[arg-type]
    return [encode.derivative_bits(sums, low, high, draws, encode.noise_bits_of(low))]


def _derivative_mean(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    sums, low, high = values
    y = np.asarray(sums)[..., None]
    return [((low < y) & (y < high)).mean(axis=-1)]


DERIVATIVE = OpDef(
    name="derivative",
    doc="d = (lo[u] < y < hi[u]), 1 with probability min(1, f'(y))",
    stages=BINARY,
    inputs=("sums", "low", "high"),
    outputs=("bits",),
    attrs=(_LAYER,),
    infer=_infer_derivative,
    reference=_derivative,
    expectation=_derivative_mean,
)


def _infer_readout(types: Sequence[TensorType], attrs: Attrs) -> list[TensorType]:
    if expect("softmax", types[1], Encoding.I64, 1).shape != (4096,):
        raise TypeRuleError(f"softmax is {types[1]}, expected 4096 entries")
    return _bits_like(expect("sums", types[0], Encoding.SUM, 2))


def _readout(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    sums, softmax = values
    draws = env.draws(Purpose.READOUT, int(attrs["layer"]), sums.shape[1])  # type: ignore[arg-type]
    reciprocal = int(attrs["reciprocal"])  # type: ignore[arg-type]
    return [readout.readout_bits(sums, softmax, reciprocal, draws)]


def _readout_mean(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    sums, softmax = values
    weights = softmax[readout.softmax_levels(sums, int(attrs["reciprocal"]))]  # type: ignore[arg-type]
    # u16 Z < 65536 E: so many of the 65536 values of u16 set the bit.
    total = weights.sum(axis=-1, keepdims=True)
    return [np.minimum(65536, -((-65536 * weights) // total)) / 65536.0]


READOUT = OpDef(
    name="readout",
    doc="o = Bern(softmax(y)), each class on its own",
    stages=BINARY,
    inputs=("sums", "softmax"),
    outputs=("bits",),
    attrs=(_LAYER, AttrDef("reciprocal", AttrKind.INT, "R = RN(2**40 gain / S)")),
    infer=_infer_readout,
    reference=_readout,
    expectation=_readout_mean,
)


def _logistic(values: Sequence[Any], attrs: Attrs, env: Environment) -> list[Any]:
    sums, thresholds = values
    draws = env.draws(Purpose.READOUT, int(attrs["layer"]), sums.shape[1])  # type: ignore[arg-type]
    return [encode.sample_bits(sums, thresholds, draws, encode.noise_bits_of(thresholds))]


LOGISTIC = OpDef(
    name="logistic_readout",
    doc="o = Bern(f(y)), each column on its own: o = (y > T[u])",
    stages=BINARY,
    inputs=("sums", "thresholds"),
    outputs=("bits",),
    attrs=(_LAYER,),
    infer=_infer_sample,
    reference=_logistic,
    expectation=_sample_mean,
)

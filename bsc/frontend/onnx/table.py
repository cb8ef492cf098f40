"""The support table: which operators are read, from which version on, by which converter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from bsc.frontend.onnx import classify, elementwise, linear, plumbing, shapes
from bsc.frontend.onnx.call import Call
from bsc.frontend.onnx.values import Value

OLDEST_OPSET = 11
NEWEST_OPSET = 28
"""Newest opset whose changes to the operators below were reviewed."""

NEWEST_ML_OPSET = 5

ML = "ai.onnx.ml"


@dataclass(frozen=True, slots=True)
class Converter:
    """How one operator is read in a range of versions.

    Attributes:
        domain: the operator's domain, `` for ONNX's own.
        op_type: the operator.
        convert: makes the node's first output.
        becomes: operators of SOURCE that it becomes; `folded` is computed while importing.
        note: what of it is not supported, for the table in the docs.
        first: first version of the domain that it reads.
        last: last version that it reads; None for the newest reviewed.
    """

    domain: str
    op_type: str
    convert: Callable[[Call], Value]
    becomes: str
    note: str = ""
    first: int = 1
    last: int | None = None


_CONSTANTS = "between constants only"
_SHAPES = "of shapes and constants"

_ROWS: tuple[Converter, ...] = (
    # layers
    Converter("", "Gemm", linear.gemm, "dense", "constant B and C; transA only of constants"),
    Converter("", "MatMul", linear.matmul, "matmul", "constant right factor [K, M]"),
    Converter("", "BatchNormalization", elementwise.batch_normalization, "batch_norm",
              "inference, constant statistics"),
    # arithmetic
    Converter("", "Add", elementwise.binary("add"), "add"),
    Converter("", "Sub", elementwise.binary("sub"), "sub"),
    Converter("", "Mul", elementwise.binary("mul"), "mul"),
    Converter("", "Div", elementwise.binary("div"), "div", "integers between constants only"),
    Converter("", "Sum", elementwise.sum_, "add"),
    Converter("", "Neg", elementwise.negate, "mul"),
    Converter("", "Min", elementwise.extremum("high"), "clip", "one bound for all elements"),
    Converter("", "Max", elementwise.extremum("low"), "clip", "one bound for all elements"),
    Converter("", "Abs", elementwise.on_constants(np.abs), "folded", _CONSTANTS),
    Converter("", "Mod", elementwise.on_constants(np.mod, 2), "folded", _CONSTANTS),
    Converter("", "Exp", elementwise.on_constants(np.exp), "folded", _CONSTANTS),
    Converter("", "Pow", elementwise.on_constants(np.power, 2), "folded", _CONSTANTS),
    Converter("", "Reciprocal", elementwise.on_constants(np.reciprocal), "folded", _CONSTANTS),
    Converter("", "Sqrt", elementwise.on_constants(np.sqrt), "folded", _CONSTANTS),
    # activations
    Converter("", "Relu", elementwise.plain("relu"), "relu"),
    Converter("", "LeakyRelu", elementwise.leaky_relu, "leaky_relu"),
    Converter("", "Sigmoid", elementwise.plain("sigmoid"), "sigmoid"),
    Converter("", "Tanh", elementwise.plain("tanh"), "tanh"),
    Converter("", "HardSigmoid", elementwise.hard_sigmoid, "hard_sigmoid"),
    Converter("", "Clip", elementwise.clip, "clip", "constant bounds, floats"),
    Converter("", "Sign", elementwise.plain("sign"), "sign"),
    # the classifier's tail
    Converter("", "Softmax", classify.flat_softmax("softmax"), "softmax",
              "not along the batch", last=12),
    Converter("", "Softmax", classify.softmax("softmax"), "softmax",
              "not along the batch", first=13),
    Converter("", "LogSoftmax", classify.flat_softmax("log_softmax"), "log_softmax",
              "not along the batch", last=12),
    Converter("", "LogSoftmax", classify.softmax("log_softmax"), "log_softmax",
              "not along the batch", first=13),
    Converter("", "ArgMax", classify.argmax, "argmax", "not along the batch"),
    Converter(ML, "ArrayFeatureExtractor", classify.array_feature_extractor, "gather_features"),
    # scikit-learn's scalers and linear models
    Converter(ML, "Scaler", elementwise.scaler, "sub, mul"),
    Converter(ML, "LinearRegressor", linear.linear_regressor, "dense", "post_transform NONE"),
    # what moves elements
    Converter("", "Flatten", shapes.flatten, "reshape", "the batch stays first"),
    Converter("", "Reshape", shapes.reshape, "reshape", "constant shape, the batch stays first"),
    Converter("", "Transpose", shapes.transpose, "transpose", "the batch stays first"),
    Converter("", "Squeeze", shapes.squeeze, "reshape", "the batch stays first"),
    Converter("", "Unsqueeze", shapes.unsqueeze, "reshape"),
    Converter("", "Concat", shapes.concat, "concat", "not along the batch"),
    Converter("", "Expand", shapes.expand, "identity",
              "constants; computed values only to their own shape"),
    Converter("", "Gather", shapes.gather, "gather_features",
              "shapes and constants; features of [N, K] with constant indices"),
    Converter("", "Slice", shapes.slice_, "gather_features",
              "shapes and constants; features of [N, K]"),
    # shapes that the model computes with
    Converter("", "Shape", shapes.shape, "folded"),
    Converter("", "Size", shapes.size, "folded"),
    Converter("", "ConstantOfShape", shapes.constant_of_shape, "folded"),
    Converter("", "ReduceProd", shapes.reduce_prod, "folded", _SHAPES),
    Converter("", "Where", elementwise.where, "folded", _CONSTANTS),
    Converter("", "Equal", elementwise.equal, "folded", _CONSTANTS),
    # plumbing
    Converter("", "Constant", plumbing.constant, "constant"),
    Converter("", "Identity", plumbing.identity, "identity", "tensors only"),
    Converter("", "Dropout", plumbing.dropout, "dropout", "inference, without its mask"),
    Converter("", "Cast", plumbing.cast, "cast", "floats of every width become float32"),
    Converter("", "CastLike", plumbing.cast_like, "cast", "floats of every width become float32"),
)  # fmt: skip


def _by_key() -> dict[tuple[str, str], tuple[Converter, ...]]:
    keys = dict.fromkeys((row.domain, row.op_type) for row in _ROWS)
    return {key: tuple(r for r in _ROWS if (r.domain, r.op_type) == key) for key in keys}


CONVERTERS: Mapping[tuple[str, str], tuple[Converter, ...]] = MappingProxyType(_by_key())
"""Converters by domain and operator, each with its range of versions."""


def find_converter(domain: str, op_type: str, version: int) -> Converter | None:
    """The converter of an operator in a version of its domain, None where there is none."""
    for row in CONVERTERS.get((domain, op_type), ()):
        if row.first <= version and (row.last is None or version <= row.last):
            return row
    return None


@dataclass(frozen=True, slots=True)
class SupportRow:
    """A line of the table in the docs."""

    operator: str
    versions: str
    becomes: str
    note: str


def support_table() -> tuple[SupportRow, ...]:
    """The supported operators, for people."""
    rows = []
    for row in _ROWS:
        newest = NEWEST_ML_OPSET if row.domain else NEWEST_OPSET
        first = row.first if row.domain else max(row.first, OLDEST_OPSET)
        name = f"{row.domain}.{row.op_type}" if row.domain else row.op_type
        rows.append(SupportRow(name, f"{first} to {row.last or newest}", row.becomes, row.note))
    return tuple(rows)


_FLOAT_MODEL = "export the model before quantisation: bsc makes its own codes from float weights"
_NO_CONVOLUTIONS = "bsc compiles perceptrons so far; convolutional layers are not mapped yet"
_NO_LOOPS = "export the model without control flow, with a fixed number of steps"
_NO_TREES = "only perceptrons have layers that an array can hold"

_WAYS_OUT: Mapping[str, str] = {
    "ZipMap": "convert with options={'zipmap': False}, so that probabilities are a tensor",
    "Normalizer": "leave the scaling of each sample out of the model and scale the data",
    "LinearClassifier": "use MLPClassifier, or export the weights as Gemm and Softmax",
    **dict.fromkeys(
        ("QuantizeLinear", "DequantizeLinear", "QLinearMatMul", "QLinearConv", "MatMulInteger",
         "DynamicQuantizeLinear", "QGemm", "QLinearAdd"), _FLOAT_MODEL,
    ),
    **dict.fromkeys(
        ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool",
         "Pad", "Resize", "LRN"), _NO_CONVOLUTIONS,
    ),
    **dict.fromkeys(("If", "Loop", "Scan"), _NO_LOOPS),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), "only networks that feed forward are compiled"),
    **dict.fromkeys(
        ("TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor", "SVMClassifier",
         "SVMRegressor"), _NO_TREES,
    ),
    **dict.fromkeys(
        ("Elu", "Selu", "Celu", "Gelu", "Softplus", "Softsign", "Mish", "Swish", "HardSwish",
         "PRelu", "ThresholdedRelu", "Erf"),
        "train with sigmoid, tanh, relu, leaky relu, hard sigmoid, clip or sign",
    ),
}  # fmt: skip


def way_out(domain: str, op_type: str) -> str | None:
    """What a user can do about an operator that is not supported."""
    if domain not in ("", ML):
        return f"operators of {domain!r} are not part of ONNX; export with standard operators"
    return _WAYS_OUT.get(op_type)

"""The operators of the language: one row each, which checker, editors, docs and export all read.

A row says what is written behind `->` and which arguments it takes. What it makes is in `layers`
and `plain` beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What an argument may be; the value is how messages call it."""

    WHOLE = "a whole number"
    NUMBER = "a number"
    NUMBERS = "a number or an array of numbers"
    TRUTH = "true or false"
    PAIR = "a whole number, or an array of two (rows, columns)"
    PADDING = "a whole number, an array of two or four, or same"
    AXES = "an array of whole numbers"
    ENCODING = "an encoding (f32, f64, i32, i64, u8 or bool)"
    WORD = "a word"
    TENSOR = "a tensor"
    OPERAND = "a tensor, a number or a value"
    WEIGHTS = "a tensor or an initialiser"
    BIAS = "true, false, a tensor or an initialiser"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of an operator.

    Attributes:
        name: how it is given by name.
        kind: what it may be.
        doc: what it is, in a few words.
        default: how its default is written; None where there is none.
        derived: where it comes from when it is left out and has no default; empty where it must be
            given.
        least: the smallest number that is taken, for kinds of whole numbers.
    """

    name: str
    kind: Kind
    doc: str
    default: str | None = None
    least: int | None = None
    derived: str = ""

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is None and not self.derived


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of the table.

    Attributes:
        name: how it is written behind `->`.
        doc: one sentence: what it computes.
        parameters: its arguments; the first ones may be given by place.
        short: what unnamed ones are called, with a number behind; the name itself where empty.
    """

    name: str
    doc: str
    parameters: tuple[Parameter, ...]
    short: str = ""

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of a name."""
        return next((p for p in self.parameters if p.name == name), None)

    @property
    def signature(self) -> str:
        """`dense(units, weights = device, bias = true)`."""
        texts = [p.name if p.default is None else f"{p.name} = {p.default}"
                 for p in self.parameters]  # fmt: skip
        return f"{self.name}({', '.join(texts)})" if texts else self.name


def _plain(name: str, doc: str, *parameters: Parameter) -> Operator:
    return Operator(name, doc, parameters)


def _number(name: str, doc: str, default: str | None = None) -> Parameter:
    return Parameter(name, Kind.NUMBER, doc, default)


_FLOWS = "what flows in"
_OF = "the weights"
_UNITS = Parameter("units", Kind.WHOLE, "numbers a sample that it makes", None, 1, _OF)
_WEIGHTS = Parameter("weights", Kind.WEIGHTS, "W [inputs, units]", "device")
_BIAS = Parameter("bias", Kind.BIAS, "b, one number for each unit; true starts at zero", "true")
_STRIDE = Parameter("stride", Kind.PAIR, "steps of the kernel", "1", 1)
_POOL_STRIDE = Parameter(
    "stride", Kind.PAIR, "steps of the window; its size where left out", None, 1, "size"
)
_SIZE = Parameter("size", Kind.PAIR, "extents of the window: rows, columns", None, 1)
_DILATION = Parameter("dilation", Kind.PAIR, "distance of the kernel's elements", "1", 1)
_PADDING = Parameter(
    "padding", Kind.PADDING, "zeros around: all, [rows, columns], or [top, left, bottom, right]",
    "0", 0,
)  # fmt: skip
_AXIS = Parameter("axis", Kind.WHOLE, "dimension of a sample, from 0; -1 is the last", "-1")
_WHOLE = Parameter("whole", Kind.TRUTH, "whether it counts the batch too, as -1 or 0", "false")
_OTHER = Parameter("other", Kind.OPERAND, "the right operand, where none flows in", derived=_FLOWS)

_ROWS: tuple[Operator, ...] = (
    # layers
    Operator(
        "dense", "A layer of units: y = x W + b.", (_UNITS, _WEIGHTS, _BIAS),
    ),
    Operator(
        "conv", "A convolution of images [channels, rows, columns].",
        (
            Parameter("channels", Kind.WHOLE, "channels that it makes", None, 1, _OF),
            Parameter("kernel", Kind.PAIR, "extents of the kernel: rows, columns", None, 1, _OF),
            Parameter("weights", Kind.WEIGHTS, "[channels, inputs / groups, rows, columns]",
                      "device"),
            _BIAS, _STRIDE, _PADDING, _DILATION,
            Parameter("groups", Kind.WHOLE, "parts of the channels that do not mix", "1", 1),
        ),
    ),
    Operator(
        "matmul", "A product with a matrix: y = x W, x of any rank.",
        (Parameter("weights", Kind.WEIGHTS, "W [inputs, units]", derived=_FLOWS),
         Parameter("units", Kind.WHOLE, "columns of W, where it is an initialiser", None, 1, _OF)),
        short="product",
    ),
    # activations
    _plain("relu", "max(x, 0)."),
    _plain("leaky_relu", "x where x >= 0, else alpha x.",
           _number("alpha", "slope below zero", "0.01")),
    _plain("sigmoid", "1 / (1 + exp(-x))."),
    Operator("logistic", "sigmoid(a x), the neuron of binary stochastic layers.",
             (_number("a", "slope", "4"),)),
    _plain("tanh", "tanh(x)."),
    _plain("hard_sigmoid", "alpha x + beta, between 0 and 1.",
           _number("alpha", "slope", "0.2"), _number("beta", "value at zero", "0.5")),
    _plain("clip", "x between two bounds.", _number("low", "least value", "-inf"),
           _number("high", "greatest value", "inf")),
    _plain("sign", "-1, 0 or +1."),
    Operator(
        "neuron", "An activation as a probability: (g(gain x) - low) / (high - low).",
        (Parameter("function", Kind.WORD, "g, such as logistic, tanh, relu or linear"),
         Parameter("parameters", Kind.NUMBERS, "numbers of g", "[]"),
         _number("gain", "factor of x", "1"), _number("low", "value of g at p = 0", "0"),
         _number("high", "value of g at p = 1", "1")),
    ),
    # the classifier's tail
    _plain("softmax", "exp(x) / sum(exp(x)) along an axis.", _AXIS),
    _plain("log_softmax", "The logarithm of softmax.", _AXIS),
    _plain("argmax", "The index of the greatest element along an axis.", _AXIS,
           Parameter("keepdims", Kind.TRUTH, "whether the axis stays, with one element", "true"),
           Parameter("select_last", Kind.TRUTH, "whether the last of equals wins", "false")),
    Operator(
        "gather", "Chooses by index: features of what flows in, or labels of classes.",
        (Parameter("index", Kind.TENSOR, "which features are chosen, from 0", derived=_FLOWS),
         Parameter("of", Kind.TENSOR, "what is chosen from, where the index flows in",
                   derived=_FLOWS)),
    ),
    # images
    Operator("max_pool", "The greatest element of each window.",
             (_SIZE, _POOL_STRIDE, _PADDING, _DILATION)),
    Operator("average_pool", "The mean of each window.",
             (_SIZE, _POOL_STRIDE, _PADDING,
              Parameter("count_padding", Kind.TRUTH, "whether padding counts as zeros", "false"))),
    Operator("global_average_pool", "The mean of each channel.", ()),
    # normalisation
    Operator(
        "batch_norm", "(x - mean) / sqrt(variance + epsilon) scale + bias, channels first.",
        (Parameter("scale", Kind.WEIGHTS, "factor of each channel", "ones"),
         Parameter("bias", Kind.WEIGHTS, "shift of each channel", "zeros"),
         Parameter("mean", Kind.WEIGHTS, "mean of each channel", "zeros"),
         Parameter("variance", Kind.WEIGHTS, "variance of each channel", "ones"),
         _number("epsilon", "added to the variance", "1e-5")),
        short="norm",
    ),
    Operator("dropout", "Nothing in inference: x.",
             (_number("rate", "share that training would drop", "0.5"),)),
    Operator(
        "normalise", "(x - low) / (high - low): numbers as probabilities.",
        (Parameter("low", Kind.NUMBERS, "value at p = 0; one, or one for each element"),
         Parameter("high", Kind.NUMBERS, "value at p = 1; one, or one for each element")),
    ),
    # what moves elements
    Operator("flatten", "All elements of a sample in one row.", ()),
    Operator("reshape", "The same elements in another shape; one -1 stands for the rest.",
             (Parameter("shape", Kind.AXES, "shape of a sample"), _WHOLE)),
    Operator("transpose", "The dimensions of a sample in another order.",
             (Parameter("perm", Kind.AXES, "where each dimension comes from, from 0"), _WHOLE)),
    Operator("concat", "The values of a group one behind the other.", (_AXIS,)),
    Operator("cast", "The same numbers in another encoding.",
             (Parameter("encoding", Kind.ENCODING, "f32, f64, i32, i64, u8 or bool"),)),
    _plain("identity", "x."),
    # arithmetic
    _plain("add", "x + other.", _OTHER),
    _plain("sub", "x - other.", _OTHER),
    _plain("mul", "x other.", _OTHER),
    _plain("div", "x / other.", _OTHER),
)  # fmt: skip

OPERATORS: Mapping[str, Operator] = MappingProxyType({row.name: row for row in _ROWS})
"""Every operator by name."""

SYMBOLS: Mapping[str, str] = MappingProxyType({"+": "add", "-": "sub", "*": "mul", "/": "div"})
"""Operators that arithmetic on values becomes."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of expressions, computed at compile time."""

    name: str
    signature: str
    doc: str


_FUNCTIONS: tuple[Function, ...] = (
    Function("min", "min(a, b, ..)", "The least of numbers, or of an array."),
    Function("max", "max(a, b, ..)", "The greatest of numbers, or of an array."),
    Function("abs", "abs(a)", "A number without its sign."),
    Function("floor", "floor(a)", "The whole number at or below."),
    Function("ceil", "ceil(a)", "The whole number at or above."),
    Function("round", "round(a)", "The nearest whole number, halves to even."),
    Function("sqrt", "sqrt(a)", "The square root."),
    Function("exp", "exp(a)", "e to a power."),
    Function("log", "log(a)", "The natural logarithm."),
    Function("log2", "log2(a)", "The logarithm to base 2."),
    Function("shape", "shape(x)", "Extents of a sample of a value, of a tensor or of an array."),
    Function("size", "size(x)", "Elements of a sample of a value, of a tensor or of an array."),
    Function("rank", "rank(x)", "Dimensions of a sample of a value, of a tensor or of an array."),
    Function("transpose", "transpose(t, perm = [..])", "A tensor with its dimensions reversed, or "
             "in an order."),
    Function("reshape", "reshape(t, shape)", "A tensor's elements in another shape."),
    Function("zeros", "zeros", "Weights that start at 0."),
    Function("ones", "ones", "Weights that start at 1."),
    Function("constant", "constant(value)", "Weights that all start at one number."),
    Function("uniform", "uniform(low, high, seed = 0)", "Weights drawn between two numbers."),
    Function("normal", "normal(deviation, mean = 0, seed = 0)", "Weights from a bell curve."),
    Function("glorot", "glorot(seed = 0)", "Uniform in +-sqrt(6 / (inputs + outputs))."),
    Function("he", "he(seed = 0)", "A bell curve of deviation sqrt(2 / inputs)."),
    Function("device", "device", "Weights as the device has them before training."),
    *(Function(name, f"{name}(t)", f"Numbers, written out or of a file, as a tensor of {name}.")
      for name in ("f32", "f64", "i32", "i64", "u8", "bool")),
)  # fmt: skip

FUNCTIONS: Mapping[str, Function] = MappingProxyType({row.name: row for row in _FUNCTIONS})
"""Functions of expressions by name."""

CONSTANTS: Mapping[str, str] = MappingProxyType(
    {"pi": "3.141592653589793", "inf": "No bound at all."}
)
"""Names of numbers."""

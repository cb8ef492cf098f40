"""ONNX perceptrons as exporters write them, made without the exporters: for tests of importers.

Each function returns a model of the same kind of network with random weights: what differs is how
it is written down. Shapes are [batch, ...] with the batch as the tool declares it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Floats = npt.NDArray[np.float32]


class ModelWriter:
    """Collects nodes and weights of one model.

    Attributes:
        rng: source of the weights.
        nodes: nodes so far.
        initialisers: weights so far.
        functions: model-local functions.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []
        self.functions: list[onnx.FunctionProto] = []

    def weights(self, name: str, *shape: int) -> str:
        """An initialiser, uniform in +-1/sqrt of the first extent."""
        limit = shape[0] ** -0.5
        return self.tensor(name, self.rng.uniform(-limit, limit, shape).astype(np.float32))

    def tensor(self, name: str, array: npt.ArrayLike) -> str:
        """An initialiser with given data, raw."""
        self.initialisers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(
        self, op: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any
    ) -> str:
        """A node with one output."""
        name = f"{output}_{op}"
        self.nodes.append(
            helper.make_node(op, list(inputs), [output], name=name, domain=domain, **attributes)
        )
        return output

    def constant(self, name: str, array: npt.ArrayLike) -> str:
        """A Constant node."""
        value = numpy_helper.from_array(np.asarray(array), name)
        return self.node("Constant", [], name, value=value)

    def model(
        self,
        input_shape: Sequence[int | str | None],
        outputs: Sequence[tuple[str, int, Sequence[int | str | None]]],
        opset: int,
        *,
        input_type: int = TensorProto.FLOAT,
        others: Sequence[tuple[str, int]] = (),
    ) -> onnx.ModelProto:
        """The model: input `x`, outputs as name, element type and shape."""
        graph = helper.make_graph(
            self.nodes,
            "perceptron",
            [helper.make_tensor_value_info("x", input_type, list(input_shape))],
            [helper.make_tensor_value_info(n, kind, list(shape)) for n, kind, shape in outputs],
            self.initialisers,
        )
        imports = [helper.make_opsetid("", opset)]
        imports += [helper.make_opsetid(domain, version) for domain, version in others]
        # The oldest file version of these opsets: old runtimes refuse a newer one unread.
        version = min(helper.find_min_ir_version_for(imports, ignore_unknown=True), 10)
        return helper.make_model(
            graph,
            opset_imports=imports,
            functions=self.functions,
            ir_version=max(version, 8 if self.functions else 3),
        )


def torch_classic(opset: int = 13, seed: int = 0, batch: int | str = "N") -> onnx.ModelProto:
    """As `torch.onnx.export(dynamo=False)` writes: transposed Gemm, batch norm, names by module."""
    m = ModelWriter(seed)
    x = m.node("Flatten", ["x"], "/0/Flatten_output_0", axis=1)
    x = _torch_linear(m, x, "1", 24, 16)
    statistics = [
        m.tensor("2.weight", m.rng.uniform(-2, 2, 16).astype(np.float32)),
        m.weights("2.bias", 16),
        m.weights("2.running_mean", 16),
        m.tensor("2.running_var", m.rng.uniform(0.1, 2, 16).astype(np.float32)),
    ]
    x = m.node("BatchNormalization", [x, *statistics], "/2/BatchNormalization_output_0")
    x = m.node("LeakyRelu", [x], "/3/LeakyRelu_output_0", alpha=0.1)
    x = m.node("Dropout", [x], "/4/Dropout_output_0")
    x = _torch_linear(m, x, "5", 16, 12)
    low, high = m.constant("/6/low", np.float32(-1)), m.constant("/6/high", np.float32(1))
    x = m.node("Clip", [x, low, high], "/6/Clip_output_0")
    x = _torch_linear(m, x, "7", 12, 5)
    m.node("LogSoftmax", [x], "y", axis=1)
    return m.model([batch, 1, 4, 6], [("y", TensorProto.FLOAT, [batch, 5])], opset)


def _torch_linear(m: ModelWriter, x: str, name: str, inputs: int, outputs: int) -> str:
    parameters = [m.weights(f"{name}.weight", outputs, inputs), m.weights(f"{name}.bias", outputs)]
    output = f"/{name}/Gemm_output_0"
    return m.node("Gemm", [x, *parameters], output, alpha=1.0, beta=1.0, transB=1)


def torch_dynamo(opset: int = 18, seed: int = 0) -> onnx.ModelProto:
    """As `torch.onnx.export(dynamo=True)` writes unoptimised: functions, computed shapes."""
    m = ModelWriter(seed)
    library = "pkg.onnxscript.torch_lib"
    m.functions = [
        helper.make_function(
            library,
            "aten_linear",
            ["input", "weight", "bias"],
            ["result"],
            [
                helper.make_node("Transpose", ["weight"], ["turned"], perm=[1, 0]),
                helper.make_node("MatMul", ["input", "turned"], ["product"]),
                helper.make_node("Add", ["product", "bias"], ["result"]),
            ],
            [helper.make_opsetid("", opset)],
        ),
        helper.make_function(
            library,
            "aten_leaky_relu",
            ["input"],
            ["result"],
            [_referring(helper.make_node("LeakyRelu", ["input"], ["result"]), "alpha", "slope")],
            [helper.make_opsetid("", opset)],
            attributes=["slope"],
        ),
        helper.make_function(
            library,
            "block",
            ["input", "weight", "bias"],
            ["result"],
            [
                helper.make_node(
                    "aten_linear", ["input", "weight", "bias"], ["product"], domain=library
                ),
                helper.make_node(
                    "aten_leaky_relu", ["product"], ["result"], domain=library, slope=0.2
                ),
            ],
            [helper.make_opsetid("", opset), helper.make_opsetid(library, 1)],
        ),
    ]
    size = m.node("Shape", ["x"], "val_0", start=0, end=1)
    size = m.node("Squeeze", [size], "sym_size_int_1")
    size = m.node("Reshape", [size, m.constant("val_1", np.array([-1], np.int64))], "val_2")
    rest = m.constant("val_3", np.array([-1], np.int64))
    shape = m.node("Concat", [size, rest], "val_4", axis=0)
    x = m.node("Reshape", ["x", shape], "view", allowzero=1)
    parameters = [m.weights("fc1.weight", 16, 24), m.weights("fc1.bias", 16)]
    x = m.node("block", [x, *parameters], "leaky_relu", domain=library)
    parameters = [m.weights("fc2.weight", 5, 16), m.weights("fc2.bias", 5)]
    x = m.node("aten_linear", [x, *parameters], "linear_1", domain=library)
    half = m.node("CastLike", [m.constant("half", np.float64(0.5)), x], "half_like")
    x = m.node("Mul", [x, half], "scaled")
    m.node("Softmax", [x], "y", axis=-1)
    return m.model(["b", 4, 6], [("y", TensorProto.FLOAT, ["b", 5])], opset, others=[(library, 1)])


def _referring(node: onnx.NodeProto, name: str, to: str) -> onnx.NodeProto:
    """The node with an attribute that the function's caller gives."""
    attribute = node.attribute.add()
    attribute.name, attribute.ref_attr_name = name, to
    attribute.type = onnx.AttributeProto.FLOAT
    return node


def keras(opset: int = 15, seed: int = 0) -> onnx.ModelProto:
    """As tf2onnx writes Keras: casts, transposes, shapes computed node by node."""
    m = ModelWriter(seed)
    x = m.node("Transpose", ["x"], "seq/transposed", perm=[0, 3, 1, 2])
    x = m.node("Mul", [x, m.tensor("seq/scale", np.float32(1 / 255))], "seq/rescaled")
    x = m.node("Transpose", [x], "seq/back", perm=[0, 2, 3, 1])
    shape = m.node("Shape", [x], "seq/shape")
    shape = m.node("Cast", [shape], "seq/shape_cast", to=TensorProto.INT32)
    bounds = [m.tensor(f"seq/{n}", np.array([v], np.int64)) for n, v in (("zero", 0), ("one", 1))]
    size = m.node("Slice", [shape, *bounds, bounds[0]], "seq/size")
    size = m.node("Cast", [size], "seq/size_cast", to=TensorProto.INT64)
    rest = m.tensor("seq/rest", np.array([24], np.int64))
    target = m.node("Concat", [size, rest], "seq/target", axis=0)
    x = m.node("Reshape", [x, target], "seq/flatten")
    x = m.node("MatMul", [x, m.weights("seq/dense/kernel", 24, 16)], "seq/dense/MatMul")
    x = m.node("Add", [m.weights("seq/dense/bias", 16), x], "seq/dense/BiasAdd")
    x = m.node("Tanh", [x], "seq/dense/Tanh")
    x = m.node("Sub", [x, m.weights("seq/norm/mean", 16)], "seq/norm/sub")
    x = m.node("Div", [x, m.tensor("seq/norm/deviation", m.rng.uniform(0.5, 2, 16).astype("f4"))],
               "seq/norm/div")  # fmt: skip
    wide = m.node("Unsqueeze", _axes(m, x, opset, 1), "seq/wide", **_axes_attribute(opset, 1))
    x = m.node("MatMul", [wide, m.weights("seq/dense_1/kernel", 16, 5)], "seq/dense_1/MatMul")
    x = m.node("Squeeze", _axes(m, x, opset, 1), "seq/narrow", **_axes_attribute(opset, 1))
    filled = m.node("Shape", [x], "seq/fill_shape")
    filled = m.node("ConstantOfShape", [filled], "seq/zeros",
                    value=helper.make_tensor("value", TensorProto.FLOAT, [1], [0.25]))  # fmt: skip
    x = m.node("Add", [x, filled], "seq/dense_1/BiasAdd")
    m.node("Softmax", [x], "y", axis=-1)
    return m.model(["unk__1", 4, 6, 1], [("y", TensorProto.FLOAT, ["unk__1", 5])], opset)


def _axes(m: ModelWriter, x: str, opset: int, axis: int) -> list[str]:
    return [x] if opset < 13 else [x, m.constant(f"{x}/axes", np.array([axis], np.int64))]


def _axes_attribute(opset: int, axis: int) -> dict[str, Any]:
    return {"axes": [axis]} if opset < 13 else {}


def sklearn(
    opset: int = 15, seed: int = 0, *, names: bool = False, double: bool = False
) -> onnx.ModelProto:
    """As skl2onnx writes MLPClassifier behind a StandardScaler: labels and probabilities."""
    m = ModelWriter(seed)
    kind = TensorProto.DOUBLE if double else TensorProto.FLOAT
    x = "x"
    if double:
        x = m.node("Sub", [x, m.tensor("mean", m.rng.normal(size=24))], "centred")
        x = m.node("Div", [x, m.tensor("deviation", m.rng.uniform(0.5, 2, 24))], "variable")
    else:
        offset, scale = m.rng.normal(size=24).tolist(), m.rng.uniform(0.5, 2, 24).tolist()
        x = m.node("Scaler", [x], "variable", "ai.onnx.ml", offset=offset, scale=scale)
    x = m.node("Cast", [x], "cast_input", to=kind)
    for number, (inputs, outputs) in enumerate(((24, 16), (16, 5))):
        suffix = str(number or "")
        dtype = np.float64 if double else np.float32
        coefficient = m.rng.normal(size=(inputs, outputs)).astype(dtype) / inputs**0.5
        intercepts = m.rng.normal(size=(1, outputs)).astype(dtype)
        given = [x, m.tensor(f"coefficient{suffix}", coefficient)]
        x = m.node("MatMul", given, f"mul_result{suffix}")
        given = [x, m.tensor(f"intercepts{suffix}", intercepts)]
        x = m.node("Add", given, f"add_result{suffix}")
        if not number:
            x = m.node("Relu", [x], "next_activations")
    x = m.node("Softmax", [x], "out_activations_result", axis=-1 if opset >= 13 else 1)
    m.node("Identity", [x], "probabilities")
    best = m.node("ArgMax", ["probabilities"], "argmax_output", axis=1)
    if names:
        classes = np.array(["ant", "bee", "cat", "dog", "elk"], object)
    else:
        classes = np.array([0, 2, 4, 6, 8], np.int32)
    m.tensor("classes", classes)
    x = m.node("ArrayFeatureExtractor", ["classes", best], "array_feature", "ai.onnx.ml")
    shape = m.tensor("shape_tensor", np.array([-1], np.int64))
    label = TensorProto.STRING if names else TensorProto.INT64
    if names:
        m.node("Reshape", [x, shape], "label")
    else:
        x = m.node("Cast", [x], "cast_result", to=TensorProto.INT64)
        m.node("Reshape", [x, shape], "label")
    return m.model(
        [None, 24],
        [("label", label, [None]), ("probabilities", kind, [None, 5])],
        opset,
        input_type=kind,
        others=[("ai.onnx.ml", 1)],
    )


def hand_written(opset: int = 17, seed: int = 0) -> onnx.ModelProto:
    """As people write with onnx.helper: every form of Gemm, constants in all their forms."""
    m = ModelWriter(seed)
    m.nodes.append(helper.make_node("Constant", [], ["two"], value_float=2.0))
    m.nodes.append(helper.make_node("Constant", [], ["shift"], value_floats=[0.5] * 24))
    x = m.node("Div", ["x", "two"], "halved")
    x = m.node("Sub", ["shift", x], "flipped")
    x = m.node("Gemm", [x, m.weights("a", 24, 16), m.weights("a.bias", 1, 16)], "l0",
               alpha=0.5, beta=2.0)  # fmt: skip
    x = m.node("HardSigmoid", [x], "h0", alpha=0.25, beta=0.5)
    x = m.node("Gemm", [x, m.weights("b", 12, 16), m.tensor("b.bias", np.float32(0.1))], "l1",
               transB=1)  # fmt: skip
    x = m.node("Neg", [x], "negative")
    x = m.node("Max", [x, m.tensor("low", np.float32(0))], "h1")
    x = m.node("Min", [x, m.tensor("high", np.float32(6))], "h2")
    m.node("Gemm", [x, m.weights("c", 12, 5)], "logits")
    m.node("Sigmoid", ["logits"], "p")
    m.node("ArgMax", ["p"], "best", axis=-1, keepdims=0)
    return m.model(
        ["N", 24],
        [("p", TensorProto.FLOAT, ["N", 5]), ("best", TensorProto.INT64, ["N"]),
         ("h2", TensorProto.FLOAT, ["N", 12])],
        opset,
    )  # fmt: skip

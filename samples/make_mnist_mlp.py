"""Make mnist_mlp.onnx: the perceptron 784-500-200-10 of the paper, untrained, by hand.

Run from this folder: python make_mnist_mlp.py [OUT.onnx]. The file is the same every time.
"""

from __future__ import annotations

import itertools
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTHS = (784, 500, 200, 10)


def make_model(widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> onnx.ModelProto:
    """Dense layers with logistic neurons and a softmax at the end.

    Args:
        widths: inputs, neurons of each layer, classes.
        seed: of the weights, which are uniform within +-sqrt(6 / (inputs + outputs)).
    """
    generator = np.random.default_rng(seed)
    nodes = []
    weights = []
    value = "image"
    for k, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
        limit = np.sqrt(6.0 / (inputs + outputs))
        matrix = generator.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)
        weights.append(numpy_helper.from_array(matrix, f"dense{k}.weight"))
        weights.append(numpy_helper.from_array(np.zeros(outputs, np.float32), f"dense{k}.bias"))
        nodes.append(
            helper.make_node(
                "Gemm",
                [value, f"dense{k}.weight", f"dense{k}.bias"],
                [f"dense{k}.y"],
                name=f"dense{k}",
            )
        )
        last = k == len(widths) - 1
        value = "probability" if last else f"hidden{k}"
        kind = "Softmax" if last else "Sigmoid"
        nodes.append(helper.make_node(kind, [f"dense{k}.y"], [value], name=f"{kind.lower()}{k}"))
    graph = helper.make_graph(
        nodes,
        "mnist_mlp",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", widths[0]])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N", widths[-1]])],
        weights,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="make_mnist_mlp"
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    onnx.save(make_model(), sys.argv[1] if len(sys.argv) > 1 else "mnist_mlp.onnx")

"""Make mnist_mlp.onnx: the perceptron 784-500-200-10 of the paper, trained in float on MNIST.

    python make_mnist_mlp.py OUT.onnx [EPOCHS]

trains it with bsc's float baseline (`hp`, eta 0.5, batches of 100, seed 0; 30 epochs for the file
that ships) and writes the ONNX file by hand. With 0 epochs the weights are the untrained ones. The
weights repeat up to the rounding of the machine's BLAS.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTHS = (784, 500, 200, 10)


SLOPE = 4.0  # of the neurons that bsc trains: 1/(1 + exp(-4 y))

Layer = tuple[np.ndarray, np.ndarray]


def untrained(widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> list[Layer]:
    """Weights [inputs, outputs], uniform within +-sqrt(6 / (inputs + outputs)), and no bias."""
    generator = np.random.default_rng(seed)
    layers = []
    for inputs, outputs in itertools.pairwise(widths):
        limit = np.sqrt(6.0 / (inputs + outputs))
        matrix = generator.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)
        layers.append((matrix, np.zeros(outputs, np.float32)))
    return layers


def trained(epochs: int) -> list[Layer]:
    """Weights of the float baseline after so many epochs, in units of the plain sigmoid."""
    import bsc
    from bsc_runtime import load_data
    from bsc_runtime.data.encode import encode
    from bsc_runtime.train.hp import hp_accuracy, train_hp

    program = bsc.compile(make_model(untrained()), weights="random", rule="hp")
    data = load_data("mnist")
    shown = encode(program.inputs[0], data.x.reshape(len(data.x), -1))
    layers: Sequence[Layer] = []
    for epoch in train_hp(program, shown, data.y.astype(np.int32), epochs=epochs, eta=0.5):
        layers = epoch.weights
        print(f"epoch {epoch.epoch}: loss {epoch.loss:.4f}", file=sys.stderr)
    asked = encode(program.inputs[0], data.x_test.reshape(len(data.x_test), -1))
    accuracy = hp_accuracy(program, list(layers), asked, data.y_test.astype(np.int32))
    print(f"accuracy on the test images: {100 * accuracy:.2f} %", file=sys.stderr)
    hidden = [(SLOPE * w, SLOPE * b) for w, b in layers[:-1]]
    return [*hidden, layers[-1]]


def make_model(layers: Sequence[Layer]) -> onnx.ModelProto:
    """Dense layers with logistic neurons and a softmax at the end.

    Args:
        layers: weights [inputs, outputs] and bias [outputs] of each.
    """
    nodes = []
    weights = []
    value = "image"
    for k, (matrix, bias) in enumerate(layers, start=1):
        weights.append(numpy_helper.from_array(matrix.astype(np.float32), f"dense{k}.weight"))
        weights.append(numpy_helper.from_array(bias.astype(np.float32), f"dense{k}.bias"))
        nodes.append(
            helper.make_node(
                "Gemm",
                [value, f"dense{k}.weight", f"dense{k}.bias"],
                [f"dense{k}.y"],
                name=f"dense{k}",
            )
        )
        last = k == len(layers)
        value = "probability" if last else f"hidden{k}"
        kind = "Softmax" if last else "Sigmoid"
        nodes.append(helper.make_node(kind, [f"dense{k}.y"], [value], name=f"{kind.lower()}{k}"))
    graph = helper.make_graph(
        nodes,
        "mnist_mlp",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", layers[0][0].shape[0]])],
        [
            helper.make_tensor_value_info(
                "probability", TensorProto.FLOAT, ["N", layers[-1][0].shape[1]]
            )
        ],
        weights,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="make_mnist_mlp"
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    length = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    onnx.save(make_model(trained(length) if length else untrained()), sys.argv[1])

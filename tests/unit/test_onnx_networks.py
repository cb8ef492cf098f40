"""ONNX models of several inputs, and of layers that share weights."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import bsc
from bsc.frontend.onnx import import_model
from bsc.ir.interpreter import run
from bsc.ir.pass_manager import run_passes
from bsc.ops import OPS
from bsc.pipelines import source_passes

F32 = TensorProto.FLOAT


def _twins(product):
    """Two inputs through shared weights; `product` makes the nodes of one layer."""
    random = np.random.default_rng(0)
    w = random.normal(size=(6, 5)).astype(np.float32)
    b = random.normal(size=5).astype(np.float32)
    v = random.normal(size=(10, 3)).astype(np.float32)
    nodes, constants = [], {"b": b, "v": v}
    for name in ("left", "right"):
        nodes += product(name, w, constants)
        nodes.append(helper.make_node("Sigmoid", [f"{name}.y"], [f"{name}.h"]))
    nodes.append(helper.make_node("Concat", ["left.h", "right.h"], ["joined"], axis=1))
    nodes.append(helper.make_node("MatMul", ["joined", "v"], ["y"], name="answer"))
    nodes.append(helper.make_node("Softmax", ["y"], ["p"], axis=1))
    graph = helper.make_graph(
        nodes,
        "twins",
        [helper.make_tensor_value_info(n, F32, ["N", 6]) for n in ("left", "right")],
        [helper.make_tensor_value_info("p", F32, ["N", 3])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def _gemm(name, w, constants):
    constants["w"] = w
    return [helper.make_node("Gemm", [name, "w", "b"], [f"{name}.y"], name=f"enc/{name}")]


def _gemm_turned(name, w, constants):
    constants["w"] = np.ascontiguousarray(w.T)
    node = helper.make_node("Gemm", [name, "w", "b"], [f"{name}.y"], name=f"enc/{name}", transB=1)
    return [node]


def _matmul_add(name, w, constants):
    constants["w"] = w
    return [
        helper.make_node("MatMul", [name, "w"], [f"{name}.s"], name=f"enc/{name}"),
        helper.make_node("Add", [f"{name}.s", "b"], [f"{name}.y"]),
    ]


@pytest.mark.parametrize("product", [_gemm, _gemm_turned, _matmul_add])
def test_layers_of_one_initialiser_share_an_array(product):
    model = _twins(product)
    graph = import_model(model)
    assert graph.inputs == ("left", "right")
    folded = run_passes(graph, source_passes(), OPS).graph
    first, second, _ = (n for n in folded.nodes if n.op == "dense")
    assert first.inputs[1:] == second.inputs[1:]
    program = bsc.compile(model, "pcm-128", weights="random")
    assert [read.array for read in program.reads] == [0, 0, 1]
    assert [read.name for read in program.reads] == ["left", "right", "answer"]


@pytest.mark.parametrize("product", [_gemm, _gemm_turned, _matmul_add])
def test_folding_keeps_what_it_computes(product):
    graph = import_model(_twins(product))
    folded = run_passes(graph, source_passes(), OPS).graph
    random = np.random.default_rng(1)
    feed = {name: random.random((9, 6), np.float32) for name in graph.inputs}
    np.testing.assert_allclose(
        run(folded, feed, OPS)["p"], run(graph, feed, OPS)["p"], rtol=1e-5, atol=1e-6
    )


def test_equal_weights_that_are_two_initialisers_are_two_arrays():
    model = _twins(_gemm)
    copied = numpy_helper.from_array(numpy_helper.to_array(model.graph.initializer[2]), "w2")
    model.graph.initializer.append(copied)
    next(n for n in model.graph.node if n.name == "enc/right").input[1] = "w2"
    program = bsc.compile(model, "pcm-128", weights="random")
    assert [read.array for read in program.reads] == [0, 1, 2]

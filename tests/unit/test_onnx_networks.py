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


def _gemm_times(name, w, constants):
    constants.update(w=w, b=np.ones((1, 5), np.float32))
    options = {"alpha": 0.5, "beta": 2.0}
    return [helper.make_node("Gemm", [name, "w", "b"], [f"{name}.y"], f"enc/{name}", **options)]


def _gemm_of(op, **options):
    """Each layer reads what a node of its own makes of the weights, as some exporters write it."""

    def product(name, w, constants):
        kept = {"Transpose": w.T, "Cast": w.astype(np.float16)}.get(op, w)
        constants["w"] = np.ascontiguousarray(kept)
        return [
            helper.make_node(op, ["w"], [f"{name}.w"], **options),
            helper.make_node("Gemm", [name, f"{name}.w", "b"], [f"{name}.y"], f"enc/{name}"),
        ]

    return product


PRODUCTS = [
    _gemm,
    _gemm_turned,
    _matmul_add,
    _gemm_times,
    _gemm_of("Transpose"),
    _gemm_of("Identity"),
    _gemm_of("Cast", to=F32),
]


@pytest.mark.parametrize("product", PRODUCTS)
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
    assert not [remark for remark in program.remarks if "shares its weights" in remark]


@pytest.mark.parametrize("product", PRODUCTS)
def test_folding_keeps_what_it_computes(product):
    graph = import_model(_twins(product))
    folded = run_passes(graph, source_passes(), OPS).graph
    random = np.random.default_rng(1)
    feed = {name: random.random((9, 6), np.float32) for name in graph.inputs}
    np.testing.assert_allclose(
        run(folded, feed, OPS)["p"], run(graph, feed, OPS)["p"], rtol=1e-5, atol=1e-6
    )


def _gemm_apart(options=None, bias="b"):
    """Sums of the right half: not as those of the left half."""

    def product(name, w, constants):
        constants.update(w=w, c=np.ones(5, np.float32))
        given, more = (["b"], {}) if name == "left" else ([bias] if bias else [], options or {})
        return [helper.make_node("Gemm", [name, "w", *given], [f"{name}.y"], f"enc/{name}", **more)]

    return product


def _normed(name, w, constants):
    for role in ("scale", "shift", "mean", "variance"):
        shift = 0.5 * (name == "right") * (role == "scale")
        constants[f"{name}.{role}"] = np.full(5, 1 + shift, np.float32)
    constants["w"] = w
    norm = [f"{name}.{role}" for role in ("scale", "shift", "mean", "variance")]
    return [
        helper.make_node("MatMul", [name, "w"], [f"{name}.s"], name=f"enc/{name}"),
        helper.make_node("BatchNormalization", [f"{name}.s", *norm], [f"{name}.y"]),
    ]


def _scaled(name, w, constants):
    constants.update(w=w, two=np.float32(2))
    scaled = helper.make_node("Mul", [name, "two"], [f"{name}.x"])
    read = name if name == "left" else f"{name}.x"
    return [scaled, helper.make_node("Gemm", [read, "w", "b"], [f"{name}.y"], f"enc/{name}")]


APART = {
    "alpha": _gemm_apart({"alpha": 0.5}),
    "bias": _gemm_apart(bias="c"),
    "no bias": _gemm_apart(bias=""),
    "norm": _normed,
    "scale": _scaled,
}


@pytest.mark.parametrize("weights", ["keep", "random"])
@pytest.mark.parametrize("case", APART)
def test_shared_weights_that_get_arrays_of_their_own_are_named_once(case, weights):
    program = bsc.compile(_twins(APART[case]), "pcm-128", weights=weights)
    assert [read.array for read in program.reads] == [0, 1, 2]
    said = [remark for remark in program.remarks if "shares its weights" in remark]
    assert [remark[:49] for remark in said] == ["warning: right shares its weights with left in th"]


def test_an_autoencoder_whose_halves_are_one_matrix_is_named_too():
    weights = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["s"], "enc"),
        helper.make_node("Sigmoid", ["s"], ["h"]),
        helper.make_node("Gemm", ["h", "w"], ["t"], "dec", transB=1),
        helper.make_node("Sigmoid", ["t"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tied",
        [helper.make_tensor_value_info("x", F32, ["N", 6])],
        [helper.make_tensor_value_info("y", F32, ["N", 6])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made = bsc.compile(model, weights="random")
    (remark,) = [remark for remark in made.remarks if remark.startswith("warning")]
    assert remark.startswith("warning: dec shares its weights with enc in the model")


def test_equal_weights_that_are_two_initialisers_are_two_arrays():
    model = _twins(_gemm)
    copied = numpy_helper.from_array(numpy_helper.to_array(model.graph.initializer[2]), "w2")
    model.graph.initializer.append(copied)
    next(n for n in model.graph.node if n.name == "enc/right").input[1] = "w2"
    program = bsc.compile(model, "pcm-128", weights="random")
    assert [read.array for read in program.reads] == [0, 1, 2]

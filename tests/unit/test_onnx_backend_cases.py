"""ONNX's own cases for every operator: each computes what ONNX expects, or is refused in words.

A case feeds one node. bsc reads models with one input whose first dimension is the batch, so a case
is first made one: the first input of numbers is fed, the others become initialisers; operands as
long as the batch are cut to one sample; where each element stands for itself, a vector becomes one
sample. `onnx_backend_cases.txt` lists the cases that pass: none of them may be lost.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from bsc.diag import DiagnosticError
from bsc.frontend.onnx import CONVERTERS, import_model
from bsc.ir.interpreter import run
from bsc.ops import OPS

LIST = Path(__file__).with_name("onnx_backend_cases.txt")

PARAMETERS = {"shape", "axes", "starts", "ends", "steps", "ratio", "like", "training_mode", "t"}
ELEMENTWISE = {
    *("Add", "Sub", "Mul", "Div", "Sum", "Neg", "Min", "Max"),
    *("Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "Clip", "Sign"),
    *("Identity", "Cast", "CastLike", "Dropout"),
}


@dataclass
class Case:
    name: str
    model: onnx.ModelProto
    fed: np.ndarray
    wanted: list[np.ndarray]


def as_array(value) -> np.ndarray:
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    array = np.asarray(value)
    if array.dtype == object and array.size and not isinstance(array.flat[0], str):
        raise TypeError("a sequence or an optional value")
    return array


@functools.cache
def cases() -> list[Case]:
    from onnx.backend.test.case.node import collect_testcases

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cases of other operators divide by zero on purpose
        collected = collect_testcases(None)
    for given in collected:
        nodes = given.model.graph.node if given.model is not None else []
        known = nodes and all((n.domain, n.op_type) in CONVERTERS for n in nodes)
        if known and not given.model.functions:
            inputs, outputs = given.data_sets[0]
            try:
                arrays = [as_array(a) for a in inputs], [as_array(a) for a in outputs]
            except TypeError:
                continue
            found.append(prepared(given.name, given.model, *arrays))
    return found


def prepared(name, model, inputs, outputs) -> Case:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    names = [value.name for value in graph.input]
    fed = next(
        (n for n, a in zip(names, inputs, strict=True)
         if a.dtype.kind in "fiu" and n not in PARAMETERS), None
    )  # fmt: skip
    arrays = dict(zip(names, inputs, strict=True))
    wanted = dict(zip([o.name for o in graph.output], outputs, strict=True))
    if fed is not None and all(node.op_type in ELEMENTWISE for node in graph.node):
        shape = arrays[fed].shape
        for named in (arrays, wanted):
            for key, array in named.items():
                if len(shape) == 1 and array.shape == shape:
                    named[key] = array[np.newaxis]
                elif len(shape) > 1 and array.shape[:1] == shape[:1] and array.ndim == len(shape):
                    named[key] = array[:1]
    for value in [v for v in graph.input if v.name != fed]:
        tensor = numpy_helper.from_array(arrays[value.name], value.name)
        tensor.data_type = value.type.tensor_type.elem_type
        graph.initializer.append(tensor)
    for value in graph.input:
        if value.name == fed:
            dims = value.type.tensor_type.shape
            del dims.dim[:]
            for extent in arrays[fed].shape:
                dims.dim.add().dim_value = extent
    x = arrays.get(fed, np.zeros(0, np.float32))
    return Case(name, changed, x.astype(np.float32) if x.dtype.kind == "f" else x,
                list(wanted.values()))  # fmt: skip


def passes(case: Case) -> bool:
    """Whether a case is read; a wrong result or another error than a diagnostic fails the test."""
    try:
        graph = import_model(case.model)
    except DiagnosticError:
        return False
    x = case.fed
    if graph.types[graph.inputs[0]].encoding == "f64":
        x = x.astype(np.float64)
    made = run(graph, {graph.inputs[0]: x}, OPS)
    for value, wanted in zip(made.values(), case.wanted, strict=True):
        assert value.shape == wanted.shape, case.name
        # Half precision keeps 11 bits; what computed in it differs by 2**-11 of a value.
        half = wanted.dtype.itemsize == 2 or "FLOAT16" in case.name
        bound = 1e-3 if half else 2e-6
        np.testing.assert_allclose(
            value.astype(np.float64), wanted.astype(np.float64), bound, bound, err_msg=case.name
        )
    return True


@pytest.fixture(scope="module")
def passed() -> set[str]:
    return {case.name for case in cases() if passes(case)}


def test_no_case_is_lost(passed):
    listed = set(LIST.read_text().split())
    available = {case.name for case in cases()}
    assert len(listed & available) > 100
    assert sorted((listed & available) - passed) == []


@pytest.mark.parametrize("op", sorted({op for domain, op in CONVERTERS if not domain}))
def test_every_operator_of_a_network_has_a_case_that_passes(op, passed):
    constants_only = {
        *("Abs", "Exp", "Pow", "Reciprocal", "Sqrt", "Mod", "Where", "Equal", "ReduceProd"),
        *("Size", "Slice", "ConstantOfShape", "Constant", "Concat", "Expand"),
    }
    if op in constants_only:
        pytest.skip("its cases compute with the input, which is supported between constants alone")
    stem = f"test_{op.lower()}".replace("batchnormalization", "batchnorm")
    assert any(name.startswith(stem) for name in passed)

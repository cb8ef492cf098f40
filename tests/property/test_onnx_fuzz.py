"""Damaged models give diagnostics, never another error; what is still read still agrees.

The damage is drawn from fixed seeds: bytes changed, cut and put in, and graphs rewired. Models that
onnxruntime reads as well are an oracle: both compute the same, whatever the damage made of them.
"""

from __future__ import annotations

import random
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest

from bsc.diag import DiagnosticError, Span
from bsc.frontend.onnx import import_model
from bsc.frontend.onnx.reading import parse_model
from bsc.ir.interpreter import run
from bsc.ir.pass_manager import run_passes
from bsc.ops import OPS
from bsc.pipelines import source_passes
from bsc.testing import onnx_models

MODELS = (
    onnx_models.torch_classic(),
    onnx_models.torch_dynamo(),
    onnx_models.keras(),
    onnx_models.keras(11),
    onnx_models.sklearn(),
    onnx_models.sklearn(names=True),
    onnx_models.hand_written(),
)
OTHERS = (
    *("Softmax", "LogSoftmax", "ArgMax", "Gather", "Slice", "Shape", "Concat", "Expand", "Where"),
    *("Equal", "Size", "ReduceProd", "Max", "Sum", "CastLike", "ConstantOfShape", "Mod", "Pow"),
    *("Squeeze", "Unsqueeze", "Clip", "Transpose", "Flatten", "Sign", "Neg", "Div", "Identity"),
)
NUMBERS = (-100, -2, -1, 0, 1, 2, 3, 99, 2**62)


def damaged_bytes(rng: random.Random) -> bytes:
    data = bytearray(rng.choice(MODELS).SerializeToString())
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(data))
        match rng.randrange(5):
            case 0:
                del data[place : place + rng.randint(1, 20)]
            case 1:
                data[place:place] = rng.randbytes(rng.randint(1, 9))
            case _:
                data[place] = rng.randrange(256)
    return bytes(data)


def damaged_model(rng: random.Random) -> onnx.ModelProto:
    model = onnx.ModelProto.FromString(rng.choice(MODELS).SerializeToString())
    for _ in range(rng.randint(1, 3)):
        damage(model, rng)
    return model


def damage(model: onnx.ModelProto, rng: random.Random) -> None:
    graph = model.graph
    node = rng.choice(graph.node)
    tensor = rng.choice(graph.initializer)
    names = [t.name for t in graph.initializer] + [o for n in graph.node for o in n.output]
    match rng.randrange(10):
        case 0 if node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice([*names, "x", ""])
        case 1:
            node.op_type = rng.choice([*OTHERS, *(n.op_type for n in graph.node)])
        case 2 if node.attribute:
            attribute = rng.choice(node.attribute)
            attribute.i = rng.choice(NUMBERS)
            attribute.f = rng.choice([0.0, -1.0, 1e38, float("nan")])
            if attribute.ints:
                attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(NUMBERS)
        case 3 if tensor.dims:
            tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice([-1, 0, 1, 2, 1 << 62])
        case 4:
            size = len(tensor.raw_data) // 4
            tensor.dims[:] = rng.choice([[], [size], [1, size], [size, 1], [2, size // 2]])
        case 5:
            tensor.data_type = rng.randrange(25)
        case 6:
            dims = graph.input[0].type.tensor_type.shape.dim
            dims[rng.randrange(len(dims))].dim_value = rng.choice([-1, 0, 1, 2, 24, 1 << 40])
        case 7 if node.input:
            del node.input[rng.randrange(len(node.input))]
        case 8:
            node.input.append(rng.choice(names))
        case 9:
            model.opset_import[0].version = rng.choice([11, 12, 13, 18, 21, 28])


def refused(model: onnx.ModelProto) -> bool:
    try:
        import_model(model)
    except DiagnosticError:
        return True
    return False


@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_give_diagnostics(seed):
    rng = random.Random(seed)
    for _ in range(400):
        data = damaged_bytes(rng)
        try:
            model = parse_model(data, Span("damaged.onnx"))
        except DiagnosticError:
            continue
        refused(model)


@pytest.mark.parametrize("seed", range(4))
def test_rewired_graphs_give_diagnostics_or_what_onnxruntime_computes(seed):
    rng = random.Random(seed)
    onnxruntime.set_default_logger_severity(4)
    agreed = 0
    for _ in range(300):
        model = damaged_model(rng)
        agreed += not refused(model) and agrees(model)
    assert agreed >= 10


def agrees(model: onnx.ModelProto) -> bool:
    """Whether onnxruntime reads the model as well, and then computes the same."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        given = session.get_inputs()[0]
        shape = [d if isinstance(d, int) else 3 for d in given.shape]
        if given.type != "tensor(float)" or shape[0] > 100:
            return False
        x = np.random.default_rng(0).random(shape, dtype=np.float32)
        wanted = session.run(None, {given.name: x})
    except Exception:  # whatever onnxruntime refuses is no oracle
        return False
    graph = import_model(model)
    folded = run_passes(graph, source_passes(), OPS, check_changed=True).graph
    for each in (graph, folded):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # damage may overflow
            made = run(each, {given.name: x}, OPS)
        for found, value in zip(made.values(), map(np.asarray, wanted), strict=True):
            assert found.shape == value.shape
            if value.dtype.kind != "f":
                assert found.tolist() == value.tolist()
                continue
            # Damage makes large intermediate sums: 1e-4 of the largest is about 2**10 roundings.
            size = np.abs(np.nan_to_num(value)).max(initial=1.0)
            np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-4 * size)
    return True

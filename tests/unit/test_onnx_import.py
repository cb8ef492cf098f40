"""What import_model reads computes what onnxruntime computes, whoever wrote the model.

Float32 sums of at most 784 products are added in another order than onnxruntime's. A sum of K terms
of size t differs by about sqrt(K) t 2**-24; the bound below is 1e-5 of the largest output, at least
five times that for the models here. Labels and indices are compared exactly.
"""

import itertools
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from bsc.frontend.onnx import CONVERTERS, NEWEST_OPSET, OLDEST_OPSET, import_model, support_table
from bsc.ir.graph import same_graph
from bsc.ir.interpreter import run
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import run_passes
from bsc.ir.printer import print_graph
from bsc.ir.types import Stage
from bsc.ops import OPS
from bsc.pipelines import source_passes
from bsc.testing import onnx_models

SAMPLES = Path(__file__).parents[2] / "samples"
MODELS = sorted([*SAMPLES.glob("*.onnx"), *(SAMPLES / "models").glob("*.onnx")])
RUNTIME_OPSETS = (11, 12, 13, 15, 17, 18, 21)
DTYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}

WRITTEN = {
    **{f"torch_classic-{v}": onnx_models.torch_classic(v) for v in RUNTIME_OPSETS},
    "torch_classic-one": onnx_models.torch_classic(batch=1),
    "torch_classic-seven": onnx_models.torch_classic(batch=7),
    **{f"torch_dynamo-{v}": onnx_models.torch_dynamo(v) for v in (18, 21)},
    **{f"keras-{v}": onnx_models.keras(v) for v in RUNTIME_OPSETS},
    **{f"sklearn-{v}": onnx_models.sklearn(v) for v in RUNTIME_OPSETS},
    "sklearn-names": onnx_models.sklearn(names=True),
    "sklearn-double": onnx_models.sklearn(double=True),
    **{f"hand_written-{v}": onnx_models.hand_written(v) for v in RUNTIME_OPSETS},
}


def check(model: onnx.ModelProto | Path, samples: int = 20, high: float = 1.0) -> None:
    """The imported graph, and the folded one, against onnxruntime."""
    data = model if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(data)
    given = session.get_inputs()[0]
    batch = given.shape[0] if isinstance(given.shape[0], int) else samples
    rng = np.random.default_rng(5)
    x = (rng.random((batch, *given.shape[1:])) * high).astype(DTYPES[given.type])
    wanted = dict(
        zip(
            [o.name for o in session.get_outputs()], session.run(None, {given.name: x}), strict=True
        )
    )
    graph = import_model(model)
    assert graph.stage is Stage.SOURCE
    assert graph.outputs == tuple(wanted)
    assert same_graph(parse_graph(print_graph(graph), OPS), graph)
    folded = run_passes(graph, source_passes(), OPS, check_changed=True).graph
    for made in (run(graph, {given.name: x}, OPS), run(folded, {given.name: x}, OPS)):
        for name, value in wanted.items():
            compare(made[name], np.asarray(value))


def compare(found: np.ndarray, wanted: np.ndarray) -> None:
    assert found.shape == wanted.shape
    if wanted.dtype.kind != "f":
        assert found.tolist() == wanted.tolist()
        return
    assert found.dtype == wanted.dtype
    bound = 1e-5 * max(1.0, float(np.abs(wanted).max()))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=bound)


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_sample_models_compute_what_onnxruntime_computes(path):
    check(path, high=16.0 if path.stem == "sk_mlpclassifier_digits" else 1.0)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_way_of_writing_computes_what_onnxruntime_computes(name):
    check(WRITTEN[name])


@pytest.mark.parametrize("name", WRITTEN)
def test_every_way_of_writing_becomes_layers_activations_and_a_tail(name):
    folded = run_passes(import_model(WRITTEN[name]), source_passes(), OPS).graph
    ops = [node.op for node in folded.nodes]
    assert not {"matmul", "batch_norm", "transpose", "identity", "dropout"}.intersection(ops)
    assert not {"mul", "div", "sub", "add"}.intersection(ops[: len(ops) - ops[::-1].index("dense")])


def test_oldest_and_newest_opset_are_read():
    for version in (OLDEST_OPSET, NEWEST_OPSET):
        assert import_model(onnx_models.torch_classic(version)).outputs == ("y",)


def test_every_converter_names_an_operator_of_onnx():
    for domain, op_type in CONVERTERS:
        assert onnx.defs.has(op_type, domain=domain)


@pytest.mark.parametrize("key", CONVERTERS, ids=lambda key: key[1])
def test_versions_of_a_converter_neither_overlap_nor_leave_gaps(key):
    rows = sorted(CONVERTERS[key], key=lambda row: row.first)
    assert rows[0].first == 1
    assert rows[-1].last is None
    for before, after in itertools.pairwise(rows):
        assert before.last + 1 == after.first


def test_support_table_has_a_row_for_every_converter():
    rows = support_table()
    assert len(rows) == sum(len(rows) for rows in CONVERTERS.values())
    assert {r.becomes for r in rows} >= {"dense", "softmax", "folded"}
    for row in rows:
        for op in row.becomes.split(", "):
            assert op in OPS or op in ("folded", "constant")


def test_the_given_model_is_not_changed():
    model = onnx_models.torch_dynamo()
    before = model.SerializeToString(deterministic=True)
    import_model(model)
    assert model.SerializeToString(deterministic=True) == before


def test_nodes_out_of_order_are_sorted():
    model = onnx_models.torch_classic()
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(nodes))
    x = np.random.default_rng(0).random((3, 1, 4, 6), np.float32)
    sorted_ = run(import_model(model), {"x": x}, OPS)["y"]
    np.testing.assert_array_equal(
        sorted_, run(import_model(onnx_models.torch_classic()), {"x": x}, OPS)["y"]
    )


def test_weights_of_a_file_are_views_where_nothing_is_transposed(tmp_path):
    onnx.save(onnx_models.hand_written(), tmp_path / "m.onnx")
    graph = import_model(str(tmp_path / "m.onnx"))
    assert not graph.constants["c"].flags.owndata
    assert not graph.constants["c"].flags.writeable


def test_tied_weights_are_one_constant():
    m = onnx_models.ModelWriter(0)
    m.weights("w", 8, 8)
    x = m.node("MatMul", ["x", "w"], "a")
    m.node("MatMul", [m.node("Relu", [x], "r"), "w"], "y")
    graph = import_model(m.model(["N", 8], [("y", 1, ["N", 8])], 17))
    assert list(graph.constants) == ["w"]


def test_an_output_that_is_the_input_and_outputs_that_are_the_same_value():
    m = onnx_models.ModelWriter(0)
    m.node("Relu", ["x"], "y")
    m.node("Identity", ["y"], "z")
    outputs = [("x", 1, ["N", 4]), ("y", 1, ["N", 4]), ("z", 1, ["N", 4])]
    graph = import_model(m.model(["N", 4], outputs, 17))
    x = np.array([[-1, 2, -3, 4]], np.float32)
    made = run(graph, {"x": x}, OPS)
    np.testing.assert_array_equal(made["x"], x)
    np.testing.assert_array_equal(made["z"], np.maximum(x, 0))

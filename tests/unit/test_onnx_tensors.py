"""Tensors in every form are read to the bit, in the file and beside it."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bsc.diag import DiagnosticError, Span
from bsc.frontend.onnx import import_model
from bsc.frontend.onnx.external import ExternalData
from bsc.frontend.onnx.tensors import densify, to_array
from bsc.ir.interpreter import run
from bsc.ops import OPS
from bsc.testing import onnx_models

AT = Span("m.onnx")
NOWHERE = ExternalData(None)
VALUES = [0, 1, 100, 3, 127, 0]


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(
    "kind",
    ["FLOAT", "DOUBLE", "FLOAT16", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32",
     "UINT64", "BOOL"],
)  # fmt: skip
def test_every_element_type_raw_and_in_its_field(kind, raw):
    number = TensorProto.DataType.Value(kind)
    dtype = helper.tensor_dtype_to_np_dtype(number)
    wanted = np.array(VALUES).astype(dtype).reshape(2, 3)
    data = wanted.tobytes() if raw else wanted.reshape(-1)
    tensor = helper.make_tensor("t", number, [2, 3], data, raw=raw)
    found = to_array(tensor, NOWHERE, AT)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("raw", [True, False])
def test_bfloat16_becomes_the_float32_of_the_same_value(raw):
    tensor = TensorProto(name="t", data_type=TensorProto.BFLOAT16, dims=[3])
    bits = np.array([0x3F80, 0xC000, 0x0000], np.uint16)  # 1, -2, 0
    if raw:
        tensor.raw_data = bits.tobytes()
    else:
        tensor.int32_data.extend(bits.tolist())
    np.testing.assert_array_equal(to_array(tensor, NOWHERE, AT), np.array([1, -2, 0], np.float32))


def test_strings_and_scalars_and_empty_tensors():
    texts = helper.make_tensor("t", TensorProto.STRING, [2], ["Käse", "b"])
    assert to_array(texts, NOWHERE, AT).tolist() == ["Käse", "b"]
    assert to_array(numpy_helper.from_array(np.float32(3)), NOWHERE, AT).shape == ()
    assert to_array(numpy_helper.from_array(np.zeros((0, 4), "f4")), NOWHERE, AT).shape == (0, 4)


@pytest.mark.parametrize("linear", [True, False])
def test_sparse_tensors_are_written_out(linear):
    values = helper.make_tensor("v", TensorProto.FLOAT, [2], [5.0, 7.0])
    places = [1, 5] if linear else [[0, 1], [1, 2]]
    indices = numpy_helper.from_array(np.array(places, np.int64), "i")
    sparse = helper.make_sparse_tensor(values, indices, [2, 3])
    np.testing.assert_array_equal(densify(sparse, NOWHERE, AT), [[0, 5, 0], [0, 0, 7]])


def test_sparse_initialisers_are_weights():
    m = onnx_models.ModelWriter(0)
    m.node("MatMul", ["x", "w"], "y")
    model = m.model(["N", 2], [("y", TensorProto.FLOAT, ["N", 3])], 17)
    values = helper.make_tensor("w", TensorProto.FLOAT, [2], [5.0, 7.0])
    indices = numpy_helper.from_array(np.array([1, 5], np.int64), "i")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2, 3]))
    x = np.array([[1, 10]], np.float32)
    np.testing.assert_array_equal(run(import_model(model), {"x": x}, OPS)["y"], [[0, 5, 70]])


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_weights_of_other_widths_are_computed_with_in_float32(dtype):
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(6, 4)).astype(dtype)
    m = onnx_models.ModelWriter(0)
    m.node("Gemm", ["x", m.tensor("w", weights), m.tensor("b", weights[0])], "h")
    m.node("Relu", ["h"], "y")
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    model = m.model(["N", 6], [("y", kind, ["N", 4])], 17, input_type=kind)
    graph = import_model(model)
    wide = dtype == np.float64
    # Half precision has no encoding of its own: inputs and outputs are float32.
    x = rng.random((5, 6)).astype(np.float64 if wide else np.float32)
    y = run(graph, {"x": x}, OPS)["y"]
    assert y.dtype == (np.float64 if wide else np.float32)
    wanted = np.maximum(x.astype("f8") @ weights.astype("f8") + weights[0].astype("f8"), 0)
    np.testing.assert_allclose(y, wanted, rtol=0, atol=1e-5)
    assert graph.constants["w"].dtype == np.float32


def saved(tmp_path, **options):
    model = onnx_models.torch_classic()
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, size_threshold=0, **options)
    return tmp_path / "m.onnx"


@pytest.mark.parametrize("options", [{"location": "m.data"}, {"all_tensors_to_one_file": False}])
def test_external_data_are_read_from_files_beside_the_model(tmp_path, options):
    graph = import_model(saved(tmp_path, **options))
    wanted = import_model(onnx_models.torch_classic())
    assert graph.constants.keys() == wanted.constants.keys()
    for name, array in wanted.constants.items():
        np.testing.assert_array_equal(graph.constants[name], array)


def test_external_data_are_read_from_folders_below_the_model(tmp_path):
    path = saved(tmp_path, location="m.data")
    (tmp_path / "weights").mkdir()
    (tmp_path / "m.data").rename(tmp_path / "weights" / "m.data")
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "weights/m.data"
    path.write_bytes(model.SerializeToString())
    assert import_model(path).outputs == ("y",)


def test_data_that_vanish_after_the_import_are_not_missed(tmp_path):
    path = saved(tmp_path, location="m.data")
    graph = import_model(path)
    (tmp_path / "m.data").write_bytes(b"")
    assert all(np.isfinite(array).all() for array in graph.constants.values())


def test_a_model_without_a_folder_has_no_external_data(tmp_path):
    model = onnx.load(saved(tmp_path, location="m.data"), load_external_data=False)
    with pytest.raises(DiagnosticError) as error:
        import_model(model)
    assert {d.code for d in error.value.diagnostics} == {"BSC1006"}
    assert len(error.value.diagnostics) == len(model.graph.initializer)

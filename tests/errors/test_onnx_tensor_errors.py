"""Wrong tensors, in the file and beside it: one report each, before memory is taken.

The report of each case is the file of its name in `onnx_tensors/`; `--update-golden` writes them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from bsc.frontend.onnx import import_model
from bsc.testing.onnx_models import ModelWriter, torch_classic

GOLDEN = Path(__file__).parent / "onnx_tensors"
F32 = TensorProto.FLOAT
Bad = Callable[[Path], Path | onnx.ModelProto]
CASES: dict[str, Bad] = {}


def case(make: Bad) -> Bad:
    CASES[make.__name__] = make
    return make


@case
def weights_with_nan_and_infinity(folder):
    model = torch_classic()
    for tensor in model.graph.initializer:
        if tensor.name in ("1.weight", "5.bias"):
            data = np.frombuffer(tensor.raw_data, np.float32).copy()
            data[:3] = [np.nan, np.inf, -np.inf]
            tensor.raw_data = data.tobytes()
    return model


@case
def double_weights_beyond_float32(folder):
    m = ModelWriter(0)
    m.node("Gemm", ["x", m.tensor("w", np.full((4, 4), 1e300))], "y")
    kind = TensorProto.DOUBLE
    return m.model(["N", 4], [("y", kind, ["N", 4])], 17, input_type=kind)


@case
def negative_variance(folder):
    model = torch_classic()
    (tensor,) = [t for t in model.graph.initializer if t.name == "2.running_var"]
    tensor.raw_data = np.full(16, -1, np.float32).tobytes()
    return model


@case
def sparse_tensor_of_one_value_and_a_huge_shape(folder):
    m = ModelWriter(0)
    m.node("MatMul", ["x", "w"], "y")
    model = m.model(["N", 8192], [("y", F32, ["N", 8192])], 17)
    value = helper.make_tensor("w", F32, [1], [1.0])
    place = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    sparse = helper.make_sparse_tensor(value, place, [8192, 8192])
    model.graph.sparse_initializer.append(sparse)
    return model


@case
def tensor_with_too_few_bytes(folder):
    model = torch_classic()
    model.graph.initializer[0].raw_data = b"\0" * 12
    return model


@case
def huge_tensor_without_data(folder):
    model = torch_classic()
    tensor = model.graph.initializer[0]
    tensor.dims[:] = [1 << 20, 1 << 20]
    return model


@case
def two_gigabytes_without_data(folder):
    model = torch_classic()
    tensor = model.graph.initializer[0]
    tensor.dims[:] = [1 << 15, 1 << 15]
    return model


@case
def tensor_of_negative_shape(folder):
    model = torch_classic()
    model.graph.initializer[0].dims[:] = [-2, -8]
    return model


@case
def tensor_of_an_unread_type(folder):
    model = torch_classic()
    model.graph.initializer[0].data_type = TensorProto.FLOAT8E4M3FN
    return model


@case
def huge_constant_of_shape(folder):
    m = ModelWriter(0)
    shape = m.tensor("s", np.array([1 << 20, 1 << 20], np.int64))
    m.node("MatMul", ["x", m.node("ConstantOfShape", [shape], "w")], "y")
    return m.model(["N", 4], [("y", F32, ["N", 4])], 17)


@case
def constants_that_multiply_into_a_huge_one(folder):
    m = ModelWriter(0)
    a, b = m.tensor("a", np.ones((1 << 16, 1), "f4")), m.tensor("b", np.ones((1, 1 << 16), "f4"))
    m.node("Add", ["x", m.node("MatMul", [a, b], "ab")], "y")
    return m.model(["N", 4], [("y", F32, ["N", 4])], 17)


# external data


def external(folder: Path, location: str, **numbers: int) -> Path:
    model = torch_classic()
    tensor = model.graph.initializer[0]
    size = len(tensor.raw_data)
    (folder / "weights.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entries = {"location": location, "offset": 0, "length": size, **numbers}
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@case
def external_data_above_the_folder(folder):
    return external(folder, "../../etc/passwd")


@case
def external_data_at_an_absolute_path(folder):
    return external(folder, "/etc/passwd")


@case
def external_data_on_a_windows_drive(folder):
    return external(folder, "C:\\weights.bin")


@case
def external_data_behind_a_link(folder):
    (folder / "link.bin").symlink_to(folder / "weights.bin")
    return external(folder, "link.bin")


@case
def external_data_behind_a_linked_folder(folder):
    (folder / "linked").symlink_to(folder)
    return external(folder, "linked/weights.bin")


@case
def external_data_missing(folder):
    return external(folder, "lost.bin")


@case
def external_data_that_is_a_folder(folder):
    (folder / "sub").mkdir()
    return external(folder, "sub")


@case
def external_data_too_short(folder):
    return external(folder, "weights.bin", offset=1 << 40)


@case
def external_data_of_another_length(folder):
    return external(folder, "weights.bin", length=12)


@case
def external_data_at_a_negative_offset(folder):
    return external(folder, "weights.bin", offset=-4)


@pytest.mark.parametrize("name", CASES)
def test_report(name: str, check_report: Callable[..., None]) -> None:
    check_report(import_model, CASES[name], GOLDEN)


def test_every_report_belongs_to_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)

"""Every wrong model gives one report: codes, places, what to do. No traceback, no memory taken.

The report of each case is the file of its name in `onnx/`; `--update-golden` writes them anew.
Tensors have a file of their own, test_onnx_tensor_errors.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from bsc.diag import CODES
from bsc.frontend.onnx import NEWEST_OPSET, import_model
from bsc.frontend.onnx.inlining import MAX_DEPTH, flatten
from bsc.testing.onnx_models import ModelWriter, hand_written, sklearn, torch_classic, torch_dynamo

GOLDEN = Path(__file__).parent / "onnx"
F32 = TensorProto.FLOAT
Bad = Callable[[Path], Path | onnx.ModelProto]
CASES: dict[str, Bad] = {}


def case(make: Bad) -> Bad:
    CASES[make.__name__] = make
    return make


def written(folder: Path, data: bytes) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(data)
    return path


def small(op: str = "Relu", shape=("N", 4), out=("N", 4), **attributes) -> onnx.ModelProto:
    m = ModelWriter(0)
    m.node(op, ["x"], "y", **attributes)
    return m.model(shape, [("y", F32, out)], 17)


# files


@case
def missing_file(folder):
    return folder / "nothing.onnx"


@case
def folder_for_a_file(folder):
    return folder


@case
def empty_file(folder):
    return written(folder, b"")


@case
def truncated_file(folder):
    data = torch_classic().SerializeToString()
    return written(folder, data[: len(data) * 2 // 3])


@case
def garbage(folder):
    return written(folder, bytes(range(256)) * 4)


@case
def text_that_protobuf_reads_as_nothing(folder):
    return written(folder, onnx.ModelProto(ir_version=8).SerializeToString())


@case
def pytorch_checkpoint(folder):
    return written(folder, b"PK\x03\x04 and so on")


@case
def git_lfs_pointer(folder):
    return written(folder, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


@case
def name_that_is_not_utf8(folder):
    data = torch_classic().SerializeToString().replace(b"5.bias", b"5.bi\xff\xfe")
    return written(folder, data)


# operators and versions


@case
def unsupported_operators_all_in_one_report(folder):
    m = ModelWriter(0)
    x = m.node("Conv", ["x", m.weights("k", 2, 1, 3, 3)], "c")
    x = m.node("Gelu", [x], "g")
    x = m.node("Sigmiod", [x], "s")
    x = m.node("FusedMatMul", [x, m.weights("w", 4, 4)], "f", "com.microsoft")
    x = m.node("QuantizeLinear", [x, m.tensor("scale", np.float32(1))], "q")
    m.node("ZipMap", [x], "y", "ai.onnx.ml", classlabels_int64s=[0, 1])
    return m.model([1, 1, 8, 8], [("y", F32, ["N", 4])], 20,
                   others=[("com.microsoft", 1), ("ai.onnx.ml", 1)])  # fmt: skip


@case
def opset_too_old(folder):
    model = small()
    model.opset_import[0].version = 8
    return model


@case
def opset_too_new(folder):
    model = small()
    model.opset_import[0].version = NEWEST_OPSET + 1
    return model


@case
def opset_not_named(folder):
    model = small()
    del model.opset_import[:]
    return model


@case
def function_that_calls_itself(folder):
    model = torch_dynamo()
    (call,) = [f for f in model.functions if f.name == "block"]
    call.node[0].op_type = "block"
    return model


@case
def functions_that_grow_without_bound(folder):
    m = ModelWriter(0)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    for level in range(40):
        inner = ("Relu", "") if level == 0 else (f"f{level - 1}", "local")
        nodes = [helper.make_node(inner[0], [a], [b], domain=inner[1]) for a, b in ("am", "mb")]
        m.functions.append(helper.make_function("local", f"f{level}", ["a"], ["b"], nodes, imports))
    m.node("f39", ["x"], "y", "local")
    return m.model(["N", 4], [("y", F32, ["N", 4])], 17, others=[("local", 1)])


def chain_of_functions(length: int, calls: int = 1) -> onnx.ModelProto:
    """A model that calls the first of a row of functions, each of which calls the next."""
    m = ModelWriter(0)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    for level in range(length):
        inner = ("Relu", "") if level == 0 else (f"f{level - 1}", "local")
        node = helper.make_node(inner[0], ["a"], ["b"], domain=inner[1])
        made = helper.make_function("local", f"f{level}", ["a"], ["b"], [node], imports)
        m.functions.append(made)
    for call in range(calls):
        m.node(f"f{length - 1}", ["x" if call == 0 else f"y{call - 1}"], f"y{call}", "local")
    outputs = [(f"y{calls - 1}", F32, ["N", 4])]
    return m.model(["N", 4], outputs, 17, others=[("local", 1)])


@case
def functions_that_call_each_other_too_deep(folder):
    return chain_of_functions(2000)


# inputs and outputs


@case
def inputs_of_different_batches(folder):
    model = small()
    for name, batch in (("mask", 3), ("depth", 5)):
        model.graph.input.append(helper.make_tensor_value_info(name, F32, [batch, 4]))
    return model


@case
def input_listed_twice(folder):
    model = small()
    model.graph.input.append(model.graph.input[0])
    return model


@case
def no_input(folder):
    model = small("Constant", value_floats=[1.0])
    del model.graph.node[0].input[:]
    del model.graph.input[:]
    return model


@case
def input_without_batch(folder):
    return small(shape=[784])


@case
def input_of_rank_0(folder):
    return small(shape=[])


@case
def input_without_shape(folder):
    model = small()
    model.graph.input[0].type.tensor_type.ClearField("shape")
    return model


@case
def input_of_strings(folder):
    model = small()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING
    return model


@case
def input_that_is_a_sequence(folder):
    model = small()
    model.graph.input[0].CopyFrom(helper.make_tensor_sequence_value_info("x", F32, None))
    return model


@case
def dynamic_features(folder):
    return small(shape=["N", "features", 3])


@case
def negative_dimension(folder):
    return small(shape=["N", -4])


@case
def huge_input(folder):
    return small(shape=["N", 1 << 40])


@case
def output_that_is_a_map(folder):
    model = sklearn()
    entry = model.graph.output[1].type
    entry.Clear()
    entry.sequence_type.elem_type.map_type.key_type = TensorProto.INT64
    return model


@case
def output_that_nobody_defines(folder):
    model = small()
    model.graph.output[0].name = "z"
    return model


# the graph


@case
def circle(folder):
    m = ModelWriter(0)
    m.node("Add", ["x", "c"], "a")
    m.node("Relu", ["a"], "b")
    m.node("Tanh", ["b"], "c")
    m.node("Sigmoid", ["c"], "y")
    return m.model(["N", 4], [("y", F32, ["N", 4])], 17)


@case
def missing_initialisers(folder):
    model = torch_classic()
    kept = [t for t in model.graph.initializer if t.name not in ("1.weight", "7.bias")]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return model


@case
def value_defined_twice(folder):
    model = hand_written()
    model.graph.node.append(helper.make_node("Relu", ["x"], ["h1"], name="again"))
    return model


@case
def mismatched_shapes(folder):
    m = ModelWriter(0)
    x = m.node("Gemm", ["x", m.weights("w", 5, 4)], "h")
    m.node("Add", [x, m.weights("b", 3)], "y")
    m.node("Add", ["x", m.weights("c", 3)], "z")
    return m.model(["N", 4], [("y", F32, ["N", 4]), ("z", F32, ["N", 4])], 17)


@case
def product_of_two_computed_values(folder):
    m = ModelWriter(0)
    m.node("Gemm", ["x", m.node("Transpose", ["x"], "t", perm=[0, 1])], "y")
    return m.model(["N", 4], [("y", F32, ["N", "N"])], 17)


@case
def reshape_that_mixes_samples(folder):
    m = ModelWriter(0)
    m.node("Reshape", ["x", m.tensor("s", np.array([-1, 2], np.int64))], "y")
    return m.model(["N", 4], [("y", F32, ["N", 2])], 17)


@case
def softmax_across_the_batch(folder):
    return small("Softmax", axis=0)


@case
def training_mode(folder):
    model = torch_classic(17)
    (norm,) = [n for n in model.graph.node if n.op_type == "BatchNormalization"]
    norm.attribute.append(helper.make_attribute("training_mode", 1))
    return model


@case
def attribute_of_another_kind(folder):
    return small("LeakyRelu", alpha="steep")


@pytest.mark.parametrize("name", CASES)
def test_report(name: str, check_report: Callable[..., None]) -> None:
    check_report(import_model, CASES[name], GOLDEN)


def test_every_report_belongs_to_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)


def test_every_code_of_the_importer_has_a_case() -> None:
    codes = {code for code in CODES if code.startswith("BSC10")}
    goldens = [*GOLDEN.glob("*.txt"), *GOLDEN.with_name("onnx_tensors").glob("*.txt")]
    text = "".join(path.read_text(encoding="utf-8") for path in goldens)
    assert sorted(code for code in codes if code not in text) == []


def test_functions_up_to_the_limit_are_written_out_in_time() -> None:
    """The extents of functions are found once, not once for each node that calls one."""
    began = time.process_time()
    flat = flatten(chain_of_functions(MAX_DEPTH, calls=1000), "m.onnx")
    assert [node.op_type for node in flat] == ["Relu"] * 1000
    assert time.process_time() - began < 10  # about one second; a minute where found each time

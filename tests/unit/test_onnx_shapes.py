"""Shapes that models compute come out, with the batch open; what would mix samples is refused."""

import numpy as np
import pytest
from onnx import TensorProto

from bsc.diag import DiagnosticError
from bsc.frontend.onnx import import_model
from bsc.frontend.onnx.values import Extent
from bsc.ir.interpreter import run
from bsc.ir.pass_manager import run_passes
from bsc.ops import OPS
from bsc.pipelines import source_passes
from bsc.testing.onnx_models import ModelWriter

F32 = TensorProto.FLOAT


def imported(m, shape, output=("N", None), opset=17):
    return import_model(m.model(shape, [("y", F32, output)], opset))


def shape_of_y(m, shape, opset=17):
    graph = imported(m, shape, opset=opset)
    return graph.types["y"].shape


def integers(m, name, *values):
    return m.tensor(name, np.array(values, np.int64))


@pytest.mark.parametrize(
    ("given", "target", "wanted"),
    [
        (["N", 2, 3], (-1, 6), ("N", 6)),
        (["N", 2, 3], (0, -1), ("N", 6)),
        (["N", 2, 3], (0, 0, 3, 1), ("N", 2, 3, 1)),
        (["N", 6], (-1, 3, 2), ("N", 3, 2)),
        ([None, 1], (-1,), ("N",)),
        ([1, 2, 3], (1, 6), ("N", 6)),
        ([1, 2, 3], (1, -1), ("N", 6)),
        ([7, 2, 3], (7, 6), ("N", 6)),
        ([7, 2, 3], (-1, 6), ("N", 6)),
    ],
)
def test_reshape_keeps_the_batch_open(given, target, wanted):
    m = ModelWriter(0)
    m.node("Reshape", ["x", integers(m, "s", *target)], "y")
    assert shape_of_y(m, given) == wanted


@pytest.mark.parametrize(
    ("given", "target"),
    [(["N", 2, 3], (-1, 3)), (["N", 2, 3], (6, -1)), (["N", 4], (2, 2)), (["N", 4], (-1, 5))],
)
def test_reshape_never_mixes_samples(given, target):
    m = ModelWriter(0)
    m.node("Reshape", ["x", integers(m, "s", *target)], "y")
    with pytest.raises(DiagnosticError, match="Reshape"):
        imported(m, given)


def test_a_shape_computed_from_all_extents():
    m = ModelWriter(0)
    shape = m.node("Shape", ["x"], "shape")
    total = m.node("ReduceProd", [shape], "total", keepdims=1)
    size = m.node("Gather", [shape, integers(m, "zero", 0)], "size")
    rest = m.node("Div", [total, size], "rest")
    m.node("Reshape", ["x", m.node("Concat", [size, rest], "target", axis=0)], "y")
    assert shape_of_y(m, ["N", 2, 3, 4]) == ("N", 24)


def test_a_shape_through_slice_where_equal_and_expand():
    m = ModelWriter(0)
    wanted = integers(m, "wanted", -1, 6)
    shape = m.node("Shape", ["x"], "shape")
    bounds = [integers(m, "from", 0), integers(m, "to", 1), integers(m, "axes", 0)]
    size = m.node("Slice", [shape, *bounds, integers(m, "steps", 1)], "size")
    pair = m.node("Concat", [size, integers(m, "six", 6)], "pair", axis=0)
    open_ = m.node("Equal", [wanted, integers(m, "minus", -1)], "open")
    m.node("Expand", [m.tensor("ones", np.ones(1, np.int64)), integers(m, "two", 2)], "unused")
    target = m.node("Where", [open_, pair, wanted], "target")
    m.node("Reshape", ["x", target], "y")
    assert shape_of_y(m, [5, 2, 3]) == ("N", 6)


def test_squeeze_and_unsqueeze_by_attribute_and_by_input():
    for opset in (11, 13):
        m = ModelWriter(0)
        old = opset < 13
        axes = [] if old else [integers(m, "axes", 1, -1)]
        attributes = {"axes": [1, -1]} if old else {}
        wide = m.node("Unsqueeze", ["x", *axes], "wide", **attributes)
        m.node("Squeeze", [wide, *axes], "y", **attributes)
        graph = imported(m, ["N", 4], opset=opset)
        assert graph.types["wide"].shape == ("N", 1, 4, 1)
        assert graph.types["y"].shape == ("N", 4)


def test_softmax_before_opset_13_covers_all_dimensions_from_its_axis_on():
    m = ModelWriter(0)
    m.node("Softmax", ["x"], "y")
    x = np.random.default_rng(0).random((3, 2, 4), np.float32)
    old = run(imported(m, ["N", 2, 4], opset=11), {"x": x}, OPS)["y"]
    np.testing.assert_allclose(old.sum((1, 2)), 1, rtol=1e-6)
    new = run(imported(m, ["N", 2, 4], opset=13), {"x": x}, OPS)["y"]
    np.testing.assert_allclose(new.sum(2), 1, rtol=1e-6)


def test_a_constant_as_long_as_the_batch_broadcasts():
    m = ModelWriter(0)
    value = m.tensor("v", np.float32(2))
    shape = m.node("Shape", ["x"], "shape")
    m.node("Add", ["x", m.node("Expand", [value, shape], "filled")], "y")
    x = np.zeros((3, 4), np.float32)
    np.testing.assert_array_equal(run(imported(m, ["N", 4]), {"x": x}, OPS)["y"], x + 2)


def test_the_batch_size_as_a_number_is_refused():
    m = ModelWriter(0)
    shape = m.node("Shape", ["x"], "shape")
    m.node("Mul", ["x", m.node("Cast", [shape], "numbers", to=F32)], "y")
    with pytest.raises(DiagnosticError, match="batch"):
        imported(m, ["N", 2])


def test_features_chosen_from_a_computed_value():
    m = ModelWriter(0)
    chosen = m.node("Gather", ["x", integers(m, "i", 3, -4)], "chosen", axis=1)
    last = [integers(m, n, v) for n, v in (("from", -1), ("to", -9), ("axis", 1), ("step", -1))]
    backward = m.node("Slice", ["x", *last], "backward")
    m.node("Concat", [chosen, backward], "y", axis=1)
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    wanted = np.concatenate([x[:, [3, 0]], x[:, ::-1]], 1)
    np.testing.assert_array_equal(run(imported(m, ["N", 4]), {"x": x}, OPS)["y"], wanted)


def test_uint8_images_are_cast_and_scaled_into_the_first_layer():
    m = ModelWriter(0)
    x = m.node("Cast", ["x"], "f", to=F32)
    x = m.node("Div", [x, m.tensor("full", np.float32(255))], "scaled")
    x = m.node("Flatten", [x], "flat")
    m.node("Gemm", [x, m.weights("w", 6, 4)], "y")
    model = m.model(["N", 2, 3], [("y", F32, ["N", 4])], 17, input_type=TensorProto.UINT8)
    graph = run_passes(import_model(model), source_passes(), OPS).graph
    assert [node.op for node in graph.nodes] == ["cast", "reshape", "dense"]
    np.testing.assert_allclose(
        graph.constants[graph.nodes[-1].inputs[1]] * 255,
        import_model(model).constants["w"],
        rtol=1e-6,
    )


def test_arithmetic_of_extents():
    n = Extent()
    assert n * 12 // 4 == Extent(3)
    assert 12 * n // n == 12
    with pytest.raises(TypeError):
        n // 2
    with pytest.raises(TypeError):
        n + 1  # type: ignore[operator]

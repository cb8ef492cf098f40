"""Convolution and pooling against onnxruntime, over random shapes, strides, pads and dilations.

Both add at most 4 x 4 x 4 products of normal numbers, in an order of their own: over 10,000 cases
the largest difference was 5.7e-6 for convolutions and 2.4e-7 for means. ALLOWED is 17 times that; a
wrong place, pad or group is off by about 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from bsc.ir.opdef import TypeRuleError
from bsc.ir.types import Encoding, TensorType
from bsc.ops import OPS
from bsc.ops.source import windows

ALLOWED = 1e-4

Array = npt.NDArray[np.float32]
PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))
PADS = st.tuples(*[st.integers(0, 3)] * 4)
IMAGES = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))


def by_onnxruntime(op: str, inputs: list[Array], **attrs: Any) -> Array:
    names = [f"x{i}" for i in range(len(inputs))]
    node = helper.make_node(op, names, ["y"], **attrs)
    graph = helper.make_graph(
        [node],
        "one",
        [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, x.shape)
            for n, x in zip(names, inputs, strict=True)
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (y,) = session.run(None, dict(zip(names, inputs, strict=True)))
    return np.asarray(y)


def by_reference(op: str, inputs: list[Array], attrs: Mapping[str, Any]) -> Array:
    """The reference's answer, which must have the type that the shape rule says."""
    definition = OPS[op]
    whole = {a.name: a.default for a in definition.attrs} | dict(attrs)
    (type_,) = definition.infer([TensorType(Encoding.F32, x.shape) for x in inputs], whole)
    (y,) = definition.reference(inputs, whole, None)
    assert (y.shape, y.dtype) == (type_.shape, np.float32)
    return y


def possible(op: str, inputs: list[Array], attrs: Mapping[str, Any]) -> bool:
    whole = {a.name: a.default for a in OPS[op].attrs} | dict(attrs)
    try:
        OPS[op].infer([TensorType(Encoding.F32, x.shape) for x in inputs], whole)
    except TypeRuleError:
        return False
    return True


def normal(shape: tuple[int, ...], seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@settings(max_examples=250, deadline=None)
@given(
    image=IMAGES,
    kernel=PAIRS,
    makes=st.integers(1, 3),
    grouped=st.booleans(),
    biased=st.booleans(),
    strides=PAIRS,
    pads=PADS,
    dilations=PAIRS,
    seed=st.integers(0, 999),
)
def test_convolutions(
    image: tuple[int, int, int, int],
    kernel: tuple[int, int],
    makes: int,
    grouped: bool,
    biased: bool,
    strides: tuple[int, int],
    pads: tuple[int, int, int, int],
    dilations: tuple[int, int],
    seed: int,
) -> None:
    channels = image[1]
    groups = channels if grouped else 1
    kernels = makes * groups
    inputs = [normal(image, seed), normal((kernels, channels // groups, *kernel), seed + 1)]
    inputs += [normal((kernels,), seed + 2)] if biased else []
    attrs = {"strides": strides, "pads": pads, "dilations": dilations, "groups": groups}
    assume(possible("conv2d", inputs, attrs))
    wanted = by_onnxruntime(
        "Conv", inputs, strides=strides, pads=pads, dilations=dilations, group=groups
    )
    np.testing.assert_allclose(by_reference("conv2d", inputs, attrs), wanted, atol=ALLOWED)


@settings(max_examples=150, deadline=None)
@given(IMAGES, PAIRS, PAIRS, PADS, PAIRS, st.integers(0, 999))
def test_greatest_elements(
    image: tuple[int, ...],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, ...],
    dilations: tuple[int, int],
    seed: int,
) -> None:
    inputs = [normal(image, seed)]
    attrs = {"kernel": kernel, "strides": strides, "pads": pads, "dilations": dilations}
    assume(possible("max_pool", inputs, attrs))
    # onnxruntime wants pads below the kernel's own extents, also where dilation widens its reach
    assume(all(p < k for p, k in zip(pads, (*kernel, *kernel), strict=True)))
    wanted = by_onnxruntime(
        "MaxPool", inputs, kernel_shape=kernel, strides=strides, pads=pads, dilations=dilations
    )
    np.testing.assert_array_equal(by_reference("max_pool", inputs, attrs), wanted)


@settings(max_examples=150, deadline=None)
@given(IMAGES, PAIRS, PAIRS, PADS, st.booleans(), st.integers(0, 999))
def test_means(
    image: tuple[int, ...],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, ...],
    padded: bool,
    seed: int,
) -> None:
    inputs = [normal(image, seed)]
    attrs = {"kernel": kernel, "strides": strides, "pads": pads, "count_padding": padded}
    assume(possible("average_pool", inputs, attrs))
    wanted = by_onnxruntime(
        "AveragePool",
        inputs,
        kernel_shape=kernel,
        strides=strides,
        pads=pads,
        count_include_pad=int(padded),
    )
    np.testing.assert_allclose(by_reference("average_pool", inputs, attrs), wanted, atol=ALLOWED)


def test_the_mean_of_a_whole_image_is_a_kernel_of_its_extents() -> None:
    x = normal((3, 5, 7, 9), 0)
    wanted = by_onnxruntime("GlobalAveragePool", [x])
    found = by_reference("average_pool", [x], {"kernel": (7, 9)})
    np.testing.assert_allclose(found, wanted, atol=ALLOWED)


@pytest.mark.parametrize("block", [1, 7, 100, 1000])
def test_results_do_not_depend_on_the_parts_they_are_computed_in(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples and rows of a block never change a sum: a product has one order for each of them."""
    x, w = normal((3, 4, 9, 8), 0), normal((6, 2, 3, 3), 1)
    cases: list[tuple[str, list[Array], dict[str, Any]]] = [
        ("conv2d", [x, w], {"strides": (2, 1), "pads": (3, 1, 4, 0), "groups": 2}),
        ("max_pool", [x], {"kernel": (3, 2), "pads": (2, 1, 1, 0), "strides": (2, 2)}),
        ("average_pool", [x], {"kernel": (3, 2), "pads": (2, 1, 1, 0), "count_padding": True}),
    ]
    whole = [by_reference(*case) for case in cases]
    monkeypatch.setattr(windows, "_BLOCK", block)
    for case, wanted in zip(cases, whole, strict=True):
        np.testing.assert_allclose(by_reference(*case), wanted, atol=1e-5)


def test_padding_wider_than_the_kernel_gives_the_bias_alone() -> None:
    y = by_reference(
        "conv2d",
        [normal((1, 1, 1, 1), 0), normal((1, 1, 1, 1), 1), np.array([3], np.float32)],
        {"pads": (2, 2, 2, 2), "strides": (1, 1)},
    )
    assert (y != 3).sum() == 1
    assert y.shape == (1, 1, 5, 5)


@pytest.mark.parametrize("shape", [(0, 2, 4, 4), (2, 0, 4, 4)])
def test_nothing_in_gives_nothing_or_zeros(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, np.float32)
    y = by_reference("conv2d", [x, np.zeros((3, shape[1], 2, 2), np.float32)], {})
    assert y.shape == (shape[0], 3, 3, 3)
    assert not y.any()
    for op in ("max_pool", "average_pool"):
        assert by_reference(op, [x], {"kernel": (2, 2)}).shape == (*shape[:2], 3, 3)

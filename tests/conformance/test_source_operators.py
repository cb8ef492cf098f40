"""Every float operator: its shape rule says what its reference gives, and text keeps it exact."""

import numpy as np
import pytest

from bsc.ir.builder import GraphBuilder, GraphError
from bsc.ir.data import dtypes_of
from bsc.ir.graph import same_graph
from bsc.ir.interpreter import run
from bsc.ir.parser import parse_graph
from bsc.ir.printer import print_graph
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops import OPS
from bsc.ops.source import SOURCE_OPS

F32, I64, I32, U8, STR = Encoding.F32, Encoding.I64, Encoding.I32, Encoding.U8, Encoding.STR
PAIR = [(F32, "N", 4), (F32, "N", 4)]
VECTOR, IMAGE = [(F32, "N", 4)], [(F32, "N", 2, 3)]
CHANNELS = [(F32, "N", 4, 6, 5)]

EXAMPLES = [
    ("dense", [(F32, "N", 4), (F32, 4, 3), (F32, 3)], {}),
    ("dense", [(F32, "N", 4), (F32, 4, 3)], {}),
    ("matmul", [(F32, "N", 4), (F32, 4, 3)], {}),
    ("matmul", [(F32, "N", 2, 4), (F32, 4, 3)], {}),
    ("conv2d", [*CHANNELS, (F32, 3, 4, 2, 3), (F32, 3)], {}),
    ("conv2d", [*CHANNELS, (F32, 6, 2, 3, 1)], {"groups": 2, "pads": (1, 0, 2, 1)}),
    ("conv2d", [*CHANNELS, (F32, 4, 1, 2, 2)], {"groups": 4, "dilations": (5, 1)}),
    ("max_pool", CHANNELS, {"kernel": (2, 2), "strides": (2, 3), "pads": (0, 1, 1, 0)}),
    ("max_pool", CHANNELS, {"kernel": (2, 1), "dilations": (3, 7)}),
    ("average_pool", CHANNELS, {"kernel": (3, 2), "pads": (1, 1, 1, 1)}),
    ("average_pool", CHANNELS, {"kernel": (6, 5)}),
    ("average_pool", CHANNELS, {"kernel": (2, 2), "pads": (1, 1, 1, 1), "count_padding": True}),
    *((op, PAIR, {}) for op in ("add", "sub", "mul", "div")),
    *((op, [(F32, "N", 2, 4), (F32, 2, 1)], {}) for op in ("add", "sub", "mul", "div")),
    *((op, [(I64, "N", 4), (I64,)], {}) for op in ("add", "sub", "mul")),
    *((op, [(I32, 1, 4), (I32, "N", 1)], {}) for op in ("add", "sub", "mul")),
    *((op, IMAGE, {}) for op in ("relu", "sigmoid", "tanh", "sign", "hard_sigmoid")),
    *((op, VECTOR, {}) for op in ("identity", "dropout", "leaky_relu", "clip")),
    ("sign", [(I64, "N", 4)], {}),
    ("clip", VECTOR, {"low": -0.5, "high": 0.5}),
    *((op, IMAGE, {"axis": axis}) for op in ("softmax", "log_softmax") for axis in (1, 2, -1)),
    *(
        ("argmax", IMAGE, {"axis": axis, "keepdims": keep, "select_last": last})
        for axis in (1, -1)
        for keep in (True, False)
        for last in (True, False)
    ),
    ("gather_features", [(F32, 1, 5), (I64, "N", 1)], {}),
    ("gather_features", [(STR, 5), (I64, "N")], {}),
    ("gather_features", [(F32, "N", 5), (I64, 3)], {}),
    ("batch_norm", [*VECTOR, (F32, 4), (F32, 4), (F32, 4), (F32, 4)], {}),
    ("batch_norm", [*IMAGE, (F32, 2), (F32, 2), (F32, 2), (F32, 2)], {"epsilon": 0.1}),
    ("reshape", IMAGE, {"shape": (-1, 6)}),
    ("reshape", [(I64, 1, "N")], {"shape": (-1,)}),
    ("transpose", IMAGE, {"perm": (0, 2, 1)}),
    *(("cast", [(F32, "N", 4)], {"to": to}) for to in ("f32", "f64", "i32", "i64", "u8", "bool")),
    ("cast", [(U8, "N", 4)], {"to": "f32"}),
    ("concat", [(F32, "N", 4), (F32, "N", 1)], {"axis": 1}),
    ("concat", [(F32, "N", 4)], {"axis": -1}),
    ("normalise", VECTOR, {"low": (0.0,), "high": (255.0,)}),
    *(("normalise", [(e, "N", 4)], {"low": (0.0,), "high": (9.0,)}) for e in (U8, I32, I64)),
    ("normalise", VECTOR, {"low": (0.0, 1.0, 2.0, 3.0), "high": (4.0, 5.0, 6.0, 7.0)}),
    ("neuron", VECTOR, {"function": "logistic", "parameters": (4.0,)}),
    ("neuron", VECTOR, {"function": "tanh", "parameters": (1.0,), "low": -1.0, "gain": 2.0}),
    ("neuron", VECTOR, {"function": "relu", "parameters": (), "high": 3.5}),
]

REFUSED = [
    ("dense", [(F32, "N", 4), (F32, 5, 3)], {}, "4 columns meet 5 rows"),
    ("dense", [(F32, "N", 2, 4), (F32, 4, 3)], {}, r"expected \[N, K\]"),
    ("dense", [(F32, "N", 4), (F32, 4, 3), (F32, 1, 3)], {}, "bias"),
    ("matmul", [(F32, "N", 4), (F32, 2, 4, 3)], {}, r"\[K, M\]"),
    (
        "conv2d",
        [*IMAGE, (F32, 1, 2, 3, 3)],
        {},
        r"input is f32\[N, 2, 3\], expected \[N, C, H, W\]",
    ),
    ("conv2d", [(F32, "N", 4, "H", 5), (F32, 1, 4, 3, 3)], {}, "numbers C, H and W"),
    ("conv2d", [(I64, "N", 4, 6, 5), (F32, 1, 4, 3, 3)], {}, "expected f32"),
    ("conv2d", [*CHANNELS, (F32, 1, 4, 0, 3)], {}, r"kernels of 1 x 1 or more"),
    ("conv2d", [*CHANNELS, (F32, 3, 3, 2, 2)], {}, "read 3 channels, expected 4 for"),
    ("conv2d", [*CHANNELS, (F32, 2, 4, 2, 2)], {"groups": 2}, "4 channels, expected 4 / 2 = 2"),
    ("conv2d", [*CHANNELS, (F32, 4, 1, 2, 2)], {"groups": 3}, "3 groups, .* 4 channels .* 4 kern"),
    ("conv2d", [*CHANNELS, (F32, 4, 4, 2, 2)], {"groups": 0}, "0 groups"),
    ("conv2d", [*CHANNELS, (F32, 3, 4, 2, 2), (F32, 4)], {}, r"expected \[3\], one number"),
    ("conv2d", [*CHANNELS, (F32, 3, 4, 7, 2)], {}, "kernel's 7 rows; the input has 6 rows, expec"),
    (
        "conv2d",
        [*CHANNELS, (F32, 3, 4, 2, 3)],
        {"dilations": (1, 4), "pads": (0, 1, 0, 2)},
        r"3 columns, 4 apart, reach over 9; the input has 5 columns with 1 \+ 2 of padd",
    ),
    ("conv2d", [*CHANNELS, (F32, 3, 4, 2, 2)], {"strides": (1, 0)}, r"strides are \[1, 0\], expec"),
    ("conv2d", [*CHANNELS, (F32, 3, 4, 2, 2)], {"dilations": (1,)}, r"dilations are \[1\], expec"),
    (
        "conv2d",
        [*CHANNELS, (F32, 3, 4, 2, 2)],
        {"pads": (1, 1)},
        r"pads are \[1, 1\], expected four",
    ),
    ("conv2d", [*CHANNELS, (F32, 3, 4, 2, 2)], {"pads": (0, 0, -1, 0)}, "four numbers from 0"),
    ("max_pool", CHANNELS, {"kernel": (2, 2, 2)}, r"the kernel is \[2, 2, 2\], expected two"),
    ("max_pool", CHANNELS, {"kernel": (2, 2), "pads": (0, 2, 0, 0)}, "2 columns of padding, but"),
    (
        "max_pool",
        [(F32, "N", 1, 1, 5)],
        {"kernel": (2, 1), "dilations": (2, 1), "pads": (2, 0, 1, 0)},
        "2 apart, the padded input has 1: the kernel would step over",
    ),
    ("average_pool", CHANNELS, {"kernel": (7, 1)}, "expected 7 or more"),
    ("average_pool", CHANNELS, {"kernel": (1, 1), "pads": (0, 0, 1, 0)}, "it would see padding"),
    ("add", [(F32, "N", 4), (I64, "N", 4)], {}, "differ in encoding"),
    ("add", [(F32, "N", 4), (F32, 7, 4)], {}, "N against 7"),
    ("div", [(I64, "N", 4), (I64, "N", 4)], {}, "expected f32"),
    ("relu", [(I64, "N", 4)], {}, "expected f32"),
    ("softmax", IMAGE, {"axis": 0}, "the batch"),
    ("softmax", IMAGE, {"axis": 3}, "outside"),
    ("argmax", IMAGE, {"axis": 0}, "the batch"),
    ("gather_features", [(F32, 2, 5), (I64, "N", 1)], {}, "batch"),
    ("gather_features", [(F32, 1, 5), (I64, "N", 2)], {}, "one index for each sample"),
    ("batch_norm", [*VECTOR, (F32, 4), (F32, 4), (F32, 3), (F32, 4)], {}, "mean"),
    ("reshape", IMAGE, {"shape": (-1, 3)}, "6 elements, not 3"),
    ("reshape", IMAGE, {"shape": (6, -1)}, "must stay the first"),
    ("reshape", IMAGE, {"shape": (2, 3)}, "no -1 is left"),
    ("reshape", IMAGE, {"shape": (-1, -1)}, "no shape"),
    ("transpose", IMAGE, {"perm": (0, 1)}, "no order"),
    ("cast", VECTOR, {"to": "bit"}, "no cast"),
    ("concat", [(F32, "N", 4), (F32, 2, 4)], {"axis": 1}, "cannot be joined"),
    ("concat", PAIR, {"axis": 0}, "the batch"),
    ("normalise", VECTOR, {"low": (0.0, 1.0), "high": (1.0,)}, "2 numbers in low"),
    ("normalise", VECTOR, {"low": (1.0,), "high": (1.0,)}, "not above"),
    ("neuron", VECTOR, {"function": "relu", "low": 1.0, "high": 0.0}, "not above"),
]


def graph_of(op, types, attrs):
    builder = GraphBuilder("one", Stage.SOURCE, OPS)
    names = [
        builder.input(f"x{i}", TensorType(encoding, tuple(shape)))
        for i, (encoding, *shape) in enumerate(types)
    ]
    builder.output(builder.add(op, names, attrs, name="y"))
    return builder.build()


def feeds_of(graph, samples):
    rng = np.random.default_rng(1)
    feeds = {}
    for name in graph.inputs:
        type_ = graph.types[name]
        shape = [samples if isinstance(d, str) else d for d in type_.shape]
        if type_.encoding is F32:
            feeds[name] = rng.normal(size=shape).astype(np.float32) ** 2
        elif type_.encoding is STR:
            feeds[name] = np.array([f"label {i}" for i in range(shape[0])], object)
        else:
            feeds[name] = rng.integers(0, 5, shape).astype(dtypes_of(type_.encoding)[0])
    return feeds


def test_every_operator_has_an_example():
    assert {op for op, _, _ in EXAMPLES} == set(SOURCE_OPS)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(("op", "types", "attrs"), EXAMPLES)
def test_shape_rule_agrees_with_reference_and_text_is_exact(op, types, attrs, samples):
    graph = graph_of(op, types, attrs)
    assert same_graph(parse_graph(print_graph(graph), OPS), graph)
    value = run(graph, feeds_of(graph, samples), OPS)["y"]
    inferred = graph.types["y"]
    assert value.shape == tuple(samples if d == "N" else d for d in inferred.shape)
    assert value.dtype in dtypes_of(inferred.encoding)


@pytest.mark.parametrize(("op", "types", "attrs"), EXAMPLES)
def test_samples_do_not_mix(op, types, attrs):
    graph = graph_of(op, types, attrs)
    feeds = feeds_of(graph, 6)
    open_ = [n for n in graph.inputs if "N" in graph.types[n].shape]
    whole = run(graph, feeds, OPS)["y"]
    batch = graph.types["y"].shape.index("N")
    for sample in range(6):
        one = dict(feeds)
        for name in open_:
            axis = graph.types[name].shape.index("N")
            one[name] = np.take(feeds[name], [sample], axis)
        part = np.take(whole, [sample], batch)
        alone = run(graph, one, OPS)["y"]
        if part.dtype.kind == "f":  # BLAS may add a single row in another order
            np.testing.assert_allclose(alone, part, rtol=1e-6)
        else:
            assert alone.tolist() == part.tolist()


@pytest.mark.parametrize(("op", "types", "attrs", "reason"), REFUSED)
def test_shape_rules_refuse(op, types, attrs, reason):
    with pytest.raises(GraphError, match=reason):
        graph_of(op, types, attrs)


@pytest.mark.parametrize(("op", "types", "attrs"), [e for e in EXAMPLES if e[0] != "cast"])
def test_floats_are_computed_in_float32(op, types, attrs):
    graph = graph_of(op, types, attrs)
    assert run(graph, feeds_of(graph, 2), OPS)["y"].dtype != np.float64

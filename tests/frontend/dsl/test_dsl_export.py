"""SOURCE graphs written as programs are the same graphs when they are read again."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bsc.backend.dsl import export_bsc
from bsc.backend.dsl_stages import WRITE
from bsc.diag import DiagnosticError
from bsc.frontend.dsl.meaning.sections import LayerOverride, TargetSection, TrainSection
from bsc.frontend.onnx import import_model
from bsc.ir.builder import GraphBuilder
from bsc.ir.types import Encoding, Stage, TensorType
from bsc.ops.source import SOURCE_OPS
from bsc.testing.dsl_programs import model_of, read_again
from bsc.testing.random_graphs import perceptron
from bsc.testing.same_up_to_names import same_up_to_names

SAMPLES = Path(__file__).parents[3] / "samples"
MODELS = [*sorted((SAMPLES / "models").glob("*.onnx")), SAMPLES / "mnist_mlp.onnx"]


def builder() -> GraphBuilder:
    return GraphBuilder("made", Stage.SOURCE, SOURCE_OPS)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_of_samples_are_the_same(path: Path, tmp_path: Path) -> None:
    graph = import_model(path)
    text, again = read_again(graph, tmp_path)
    assert same_up_to_names(graph, again) is None
    assert max(map(len, text.splitlines())) <= 100


def test_a_network_is_readable(tmp_path: Path) -> None:
    text, _ = read_again(import_model(SAMPLES / "mnist_mlp.onnx"), tmp_path)
    assert text == (
        'weights w = "w.safetensors"\n'
        "\n"
        "model mnist_mlp {\n"
        "  input image: f32[784]\n"
        "  hidden1 = image\n"
        '      -> dense(500, weights = w["dense1.weight"], bias = w["dense1.bias"]) as dense1\n'
        "      -> sigmoid\n"
        "  hidden2 = hidden1\n"
        '      -> dense(200, weights = w["dense2.weight"], bias = w["dense2.bias"]) as dense2\n'
        "      -> sigmoid\n"
        "  output probability = hidden2\n"
        '      -> dense(10, weights = w["dense3.weight"], bias = w["dense3.bias"]) as dense3\n'
        "      -> softmax(axis = 0)\n"
        "}\n"
    )


def test_every_operator_of_source_is_written() -> None:
    assert set(WRITE) == set(SOURCE_OPS)


PROGRAMS = {
    "images": """
model m {
  input x: f32[3, 8, 8]
  c = x -> conv(6, 3, padding = same, groups = 3, weights = he) -> max_pool(2)
  d = c -> conv(4, [1, 3], stride = [1, 2], padding = [0, 1, 0, 0], dilation = 2, bias = false,
                weights = glorot)
  e = d -> average_pool(1) -> average_pool([2, 1], padding = [1, 0], count_padding = true)
  output y = e -> global_average_pool -> flatten -> softmax
  output z = x -> max_pool(3, stride = 1, dilation = 2) -> transpose([2, 0, 1])
}
""",
    "device": """
model m {
  input x: f32[4]
  h = x -> dense(5) as `first/1` -> logistic -> dense(3, bias = false)
  output y = h -> matmul(device, units = 2) -> dense(2)
}
""",
    "shared": """
block pair(n) { input v; output w = v -> dense(n, weights = he) -> relu }
model m {
  input x: f32[4]
  input z: f32[4]
  layer p = pair(4)
  layer d = dense(4, weights = he(seed = 3))
  let k = f32(0.5)
  a = x -> p -> mul(k)
  b = z -> p -> mul(k)
  output y = (a -> d) - (b -> d) * k
  output w = 1 - a
  output x
}
""",
    "arithmetic": """
model m {
  input x: f32[4]
  input i: i64[4]
  a = (2 * x - 1) / (x + x)
  b = -a + [0.25, 1, 1e-3, -0.0]
  c = (i * 3 + i64(2), [1, 2, 3, 4]) -> mul
  s = c -> cast(f32) -> sub(b)
  output y = (s, a, b) -> concat -> normalise([0], 2)
  output z = s -> neuron(leaky_relu, [0.1], gain = 2, high = 4) -> clip(-1, 2) -> sign
  output q = x -> hard_sigmoid(0.3) -> leaky_relu -> tanh -> dropout -> identity
}
""",
    "labels": """
model m {
  input x: f32[4]
  i = x -> softmax -> argmax(keepdims = false, select_last = true)
  output y = i -> gather(of = ["a", "b \\"quoted\\"", "c\\n", "d"]) -> reshape([])
  output z = x -> gather(i32([2, 0])) -> gather([1])
  output t = (x, i32([2, 0])) -> gather
  output w = i -> gather(of = f64([0.1, 1e300, 3, 4])) -> transpose([1, 0], whole = true)
  output u = i -> gather(of = [true, false, true, false])
}
""",
    "constants": """
model m {
  input x: f32[2, 3]
  w = [[1.0, 2], [3, 4], [5, 6]] -> identity
  v = f32([[1, 2], [3, 4], [5, 6]]) -> transpose([1, 0]) -> transpose([1, 0]) -> reshape([3, -1])
  output y = (x, w) -> matmul -> reshape([4])
  output z = (y, f32([[1], [2], [3], [4]]), f32([1])) -> dense
  output c = x -> batch_norm(mean = [1, 2], epsilon = 0.125)
  output k = u8([1, 2])
}
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_the_same_when_written_and_read(name: str, tmp_path: Path) -> None:
    graph = model_of(PROGRAMS[name]).graph
    text, again = read_again(graph, tmp_path)
    assert same_up_to_names(graph, again) is None, text


def test_weights_left_to_the_device_are_left_to_it(tmp_path: Path) -> None:
    graph = model_of(PROGRAMS["device"]).graph
    text, tensors = export_bsc(graph)
    assert tensors == {}
    assert "dense(5) as first_1 -> mul(4.0) -> sigmoid" in text
    assert model_of(text).weights == "random"


@pytest.mark.parametrize(
    "stages",
    ["dense(4, he) -> dense(4, zeros, bias = false)", "dense(2, zeros, bias = [1, 2])"],
    ids=["weights", "bias"],
)
def test_zeros_beside_what_is_given_stay_zeros(tmp_path: Path, stages: str) -> None:
    graph = model_of(f"model m {{ input x: f32[4]; output y = x -> {stages} }}").graph
    text, again = read_again(graph, tmp_path)
    assert same_up_to_names(graph, again) is None, text


def test_zeros_that_are_kept_are_written() -> None:
    graph = model_of("model m { input x: f32[4]; output y = x -> dense(2) }").graph
    text, _ = export_bsc(graph, train=TrainSection(weights="keep"))
    assert model_of(text).weights == "keep"


@pytest.mark.parametrize("number", [np.int64(2**60), np.float32(np.inf)])
def test_numbers_that_no_text_holds_stay_numbers(number: np.generic, tmp_path: Path) -> None:
    made = builder()
    encoding = Encoding.I64 if number.dtype.kind == "i" else Encoding.F32
    x = made.input("x", TensorType(encoding, ("N", 4)))
    made.output(made.add("add", [x, made.constant("k", number)]))
    graph = made.build()
    text, again = read_again(graph, tmp_path)
    assert same_up_to_names(graph, again) is None, text


def test_shared_weights_are_a_layer() -> None:
    text, _ = export_bsc(model_of(PROGRAMS["shared"]).graph)
    assert len(re.findall(r"^  layer ", text, re.MULTILINE)) == 2


def test_names_that_are_no_identifiers(tmp_path: Path) -> None:
    made = builder()
    made.name = "a model/of (mine)"
    x = made.input("in put", TensorType(Encoding.F32, ("N", 2)))
    h = made.add("relu", [x], name="model")
    g = made.add("tanh", [h], name="12")
    made.add("sigmoid", [h], name="h1")
    made.output(made.add("add", [g, "h1"], name="out/put"))
    graph = made.build()
    text, again = read_again(graph, tmp_path)
    assert same_up_to_names(graph, again) is None
    assert again.name == "a model/of (mine)"
    assert "`in put`" in text


def test_outputs_in_another_order_than_they_are_made(tmp_path: Path) -> None:
    made = builder()
    x = made.input("x", TensorType(Encoding.F32, ("N", 2)))
    made.add("relu", [x], name="first")
    made.output(made.add("tanh", ["first"], name="second"))
    made.output("first")
    made.output(x)
    made.output(made.constant("k", np.ones((40, 40), np.float32)))
    graph = made.build()
    _, again = read_again(graph, tmp_path)
    assert same_up_to_names(graph, again) is None


def test_sections_are_written(tmp_path: Path) -> None:
    train = TrainSection(
        rule="carry", batch=4, eta=0.5, readouts={"y": "softmax"},
        layers={"layer0": LayerOverride(frozen=True, device="pcm-128"), "dense1": LayerOverride()},
    )  # fmt: skip
    target = TargetSection("oxram-128", {"array": {"rows": 32}, "training": {"rules": ["carry"]}})
    graph = model_of(
        "model m { input x: f32[2]; output y = x -> dense(2) as layer0 -> dense(3) }"
    ).graph
    text, _ = export_bsc(graph, ranges={"x": (0, 0.5)}, train=train, target=target)
    model = model_of(text)
    assert model.train is not None
    assert model.train.layers["layer0"] == LayerOverride(frozen=True, device="pcm-128")
    assert (model.train.rule, model.train.batch, model.train.eta) == ("carry", 4, 0.5)
    assert model.target is not None
    assert model.target.settings == target.settings
    assert dict(model.ranges) == {"x": (0.0, 0.5)}


@pytest.mark.parametrize(
    ("shape", "encoding", "constant", "said"),
    [
        ((4,), Encoding.F32, np.float32(1), r"input x, which is f32\[4\]"),
        (("N",), Encoding.F32, np.float32(1), r"f32\[N\]"),
        (("N", 4), Encoding.BOOL, np.float32(1), r"bool\[N, 4\]"),
        (("N", 4), Encoding.F32, np.float32("nan"), "holds NaN"),
        (("N", 4), Encoding.F32, np.array([1, np.inf], np.float32), "infinite"),
    ],
)
def test_what_no_program_can_say_is_refused(
    shape: tuple[int | str, ...], encoding: Encoding, constant: object, said: str
) -> None:
    made = builder()
    made.input("x", TensorType(encoding, shape))
    made.output(made.add("identity", ["x"], name="y"))
    made.output(made.add("identity", [made.constant("k", constant)], name="z"))
    with pytest.raises(DiagnosticError, match=rf"BSC2507.*{said}"):
        export_bsc(made.build())


def test_a_division_by_zero_is_refused_as_the_language_does() -> None:
    made = builder()
    made.input("x", TensorType(Encoding.F32, ("N", 2)))
    made.output(made.add("div", ["x", made.constant("k", np.float32([1, 0]))], name="y"))
    with pytest.raises(DiagnosticError, match=r"BSC2507.*'k' holds 0 and divides"):
        export_bsc(made.build())


def test_a_name_that_no_program_can_write_is_refused() -> None:
    made = builder()
    made.input("x`", TensorType(Encoding.F32, ("N", 2)))
    made.output(made.add("relu", ["x`"], name="y"))
    with pytest.raises(DiagnosticError, match="BSC2507"):
        export_bsc(made.build())


HAND_WRITTEN = {
    "mnist_mlp.onnx": """
weights w = "mnist_mlp.onnx"

model mnist {
  input image: f32[784] in 0..1
  h1 = image -> dense(500, weights = w["dense1.weight"], bias = w["dense1.bias"]) -> sigmoid
  h2 = h1 -> dense(200, weights = w["dense2.weight"], bias = w["dense2.bias"]) -> sigmoid
  output probability = h2
    -> dense(10, weights = w["dense3.weight"], bias = w["dense3.bias"])
    -> softmax(axis = 0)
}
""",
    "models/mlp_bn_dropout_op13.onnx": """
weights w = "mlp_bn_dropout_op13.onnx"
let epsilon = 9.999999747378752e-06  # 1e-5 as a float32

block linear(units, weight, bias) {
  input v
  output s = v -> dense(units, weights = transpose(weight), bias = bias)
}

model mlp {
  input x: f32[1, 28, 28]
  h = x -> flatten -> linear(256, w["f.1.weight"], w["f.1.bias"])
    -> batch_norm(
      w["f.2.weight"], w["f.2.bias"],
      mean = w["f.2.running_mean"], variance = w["f.2.running_var"], epsilon = epsilon,
    )
    -> relu
  g = h -> linear(128, w["f.5.weight"], w["f.5.bias"]) -> leaky_relu(0.10000000149011612)
  output y = g -> linear(10, w["f.7.weight"], w["f.7.bias"]) -> softmax(axis = 0)
}
""",
}


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_a_program_by_hand_is_the_model_of_its_onnx_file(name: str) -> None:
    path = SAMPLES / name
    written = model_of(HAND_WRITTEN[name], path.parent)
    assert same_up_to_names(import_model(path), written.graph) is None
    assert written.notes == ()


def test_differences_are_told() -> None:
    def difference(first: str, second: str) -> str:
        a, b = (
            model_of(f"model m {{\n  input x: f32[2]\n  output y = {t}\n}}").graph
            for t in (first, second)
        )
        found = same_up_to_names(a, b)
        assert found is not None
        return found

    assert "other operators" in difference("x -> relu", "x -> tanh")
    assert "attributes" in difference("x -> clip(0, 1)", "x -> clip(0, 2)")
    assert "2 nodes against 1" in difference("x -> relu -> relu", "x -> relu")
    assert "other data" in difference("x + 1", "x + 2")
    assert "a constant against a value" in difference("x + [1.0, 2.0]", "x + x")
    assert "f32[] against f32[2]" in difference("x + 1", "x + [1.0, 1.0]")
    shared = "(x + k) * k"
    with_let = model_of(
        f"model m {{\n  input x: f32[2]\n  let k = f32(2)\n  output y = {shared}\n}}"
    ).graph
    plain = model_of("model m {\n  input x: f32[2]\n  output y = (x + 2) * 2\n}").graph
    assert same_up_to_names(with_let, with_let) is None
    assert "another value" in str(same_up_to_names(with_let, plain))
    other = perceptron((), inputs=2, tail="none")
    assert "outputs" in str(same_up_to_names(with_let, other))

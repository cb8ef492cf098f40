"""Any pipeline on any graph: it runs, or it is said what is wrong; no pass breaks down.

Passes come in any order, with any options, on graphs of every stage: random networks, what passes
make of them, and graphs as only a person would write them.
"""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsc.diag import DiagnosticError
from bsc.driver import compile_model
from bsc.hw.registry import resolve
from bsc.ir.graph import Graph
from bsc.ir.parser import parse_graph
from bsc.ir.pass_manager import run_passes
from bsc.ir.pipeline_text import parse_pipeline, print_pipeline
from bsc.ops import OPS
from bsc.pipelines import KINDS, PASSES, of_target
from bsc.testing.random_graphs import convolutionals, perceptrons

TARGET = of_target(resolve("oxram-64"))
ORDER = (
    "clean-up,fold-affine,sink-shapes,fold-affine,clean-up,legalise-activations,binarise,"
    "derive-training,tile-arrays"
).split(",")

INTS = st.sampled_from([-1, 0, 1, 2, 7, 12, 64, 100, 1024, 16383, 99999999999])
FLOATS = st.sampled_from(["-1.0", "0.0", "1e-30", "0.5", "1.0", "64.0", "1e30", "inf", "nan"])
NUMBERS = st.lists(FLOATS, max_size=3).map(lambda values: f"[{', '.join(values)}]")
NAMES = st.sampled_from(["x", "y", "fc1", "layer0", '"odd {word}"', '"*"'])
BOUNDS = st.tuples(NAMES, NUMBERS, NUMBERS).map(lambda found: f"[[{', '.join(found)}]]")
WORDS = st.sampled_from(["keep", "random", "carry", "online", "sgd", "hp", '"odd {word}"'])
READOUTS = st.sampled_from(["softmax", "logistic", "none", "loud"])
DEVICES = st.sampled_from(["none", "oxram-128", "pcm-64", "ideal-64", "nothing", "{name=x}"])
OPTIONS = {
    "legalise-activations": {
        "weights": WORDS,
        "inputs": BOUNDS,
        "ranges": st.sampled_from(
            ["[]", "[[fc1, 0.0, 1.0]]", "[[layer0, 1.0, 0.0], [x, 0.0, 0.0]]"]
        ),
        "largest": FLOATS,
        "readouts": st.tuples(NAMES, READOUTS).map(lambda found: f"[[{', '.join(found)}]]"),
        "slopes": st.tuples(NAMES, FLOATS, FLOATS).map(lambda found: f"[[{', '.join(found)}]]"),
    },
    "binarise": {
        "weights": WORDS,
        "limit": INTS,
        "scale": INTS,
        "noise_bits": INTS,
        "held": st.tuples(NAMES, INTS, INTS).map(
            lambda found: f"[[{found[0]}, {found[1]}, {found[2]}]]"
        ),
        "limits": st.tuples(NAMES, INTS).map(lambda found: f"[[{found[0]}, {found[1]}]]"),
    },
    "derive-training": {
        "rule": WORDS,
        "batch": INTS,
        "threshold": INTS,
        "pulses": INTS,
        "eta": FLOATS,
        "refresh_every": INTS,
        "device": DEVICES,
        "noise_bits": INTS,
        "layers": st.tuples(NAMES, INTS, DEVICES).map(
            lambda found: (
                f"[{{name={found[0]}, frozen=true, threshold={found[1]}, device={found[2]}}}]"
            )
        ),
    },
    "tile-arrays": {"rows": INTS, "columns": INTS},
}


@st.composite
def passes(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(sorted(PASSES)))
    options = OPTIONS.get(name, {})
    chosen = (
        draw(st.lists(st.sampled_from(sorted(options)), unique=True, max_size=2)) if options else []
    )
    written = [f"{option}={draw(options[option])}" for option in chosen]
    return f"{name}{{{', '.join(written)}}}" if written else name


@st.composite
def pipelines(draw: st.DrawFn) -> str:
    """The compiler's own order with passes left out, put in, and moved."""
    order = list(ORDER[: draw(st.integers(0, len(ORDER)))])
    for _ in range(draw(st.integers(0, 3))):
        order.insert(draw(st.integers(0, len(order))), draw(passes()))
    for _ in range(draw(st.integers(0, 2))):
        if order:
            del order[draw(st.integers(0, len(order) - 1))]
    return ",".join(order)


def test_every_pass_has_options_here() -> None:
    known = {name: {f.name for f in fields(kind)} for name, kind in PASSES.items()}
    assert {name: set(options) for name, options in OPTIONS.items()} == {
        name: options for name, options in known.items() if options
    }


def ran(graph: Graph, pipeline: str) -> None:
    """Run a pipeline; a PassError is what must not come."""
    try:
        made = parse_pipeline(pipeline, PASSES, KINDS, TARGET)
        assert parse_pipeline(print_pipeline(made, KINDS), PASSES, KINDS) == made
        run_passes(graph, made, OPS, check_changed=True, check_text=True)
    except DiagnosticError as error:
        said = [d.message for d in error.diagnostics]
    else:
        said = []
    assert all(said)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(perceptrons(most_layers=3, largest=5) | convolutionals(), pipelines())
def test_networks(graph: Graph, pipeline: str) -> None:
    ran(graph, pipeline)


ODD = {
    "weights that are computed": """source {
  input %x : f32[N, 2]  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %v = relu(%w) : f32[2, 2]  %s = sigmoid(%v) : f32[2, 2]  %y = dense(%x, %s) : f32[N, 2]
  output %y, %s }""",
    "weights that are given": """source {
  input %x : f32[N, 2]  input %w : f32[2, 2]
  %y = dense(%x, %w) : f32[N, 2]  output %y }""",
    "no number": """source {
  input %x : f32[N, 2]  constant %w : f32[2, 2] = [1.0, nan, 3.0, inf]
  %y = dense(%x, %w) : f32[N, 2]  output %y }""",
    "huge and tiny weights": """source {
  input %x : f32[N, 2]  constant %w : f32[2, 2] = [1e38, 1e-45, -3e38, 3e38]
  %h = dense(%x, %w) : f32[N, 2]  %r = relu(%h) : f32[N, 2]
  %y = dense(%r, %w) : f32[N, 2]  output %y }""",
    "layers of nothing": """source {
  input %x : f32[N, 0]  constant %w : f32[0, 2] = []
  %y = dense(%x, %w) : f32[N, 2]  output %y }""",
    "layers to nothing": """source {
  input %x : f32[N, 2]  constant %w : f32[2, 0] = []
  %y = dense(%x, %w) : f32[N, 0]  output %y }""",
    "two open extents": """source {
  input %x : f32[N, M, 1]  constant %w : f32[1, 2] = [1.0, 2.0]
  %y = matmul(%x, %w) : f32[N, M, 2]  output %y }""",
    "no batch": """source {
  input %x : f32[3, 2]  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %y = dense(%x, %w) : f32[3, 2]  output %y }""",
    "a batch by another name": """source {
  input %x : f32["the batch", 2]  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %y = dense(%x, %w) : f32["the batch", 2]  output %y }""",
    "no input": """source {
  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %y = matmul(%w, %w) : f32[2, 2]  output %y }""",
    "no output": "source { input %x : f32[N, 2] }",
    "nothing": "source { }",
    "nothing to compute": "source { input %x : f32[N, 2]  output %x }",
    "scalars": """source {
  input %x : f32[]  %y = relu(%x) : f32[]  output %y }""",
    "words": """source {
  input %x : str[N, 2]  %y = identity(%x) : str[N, 2]  output %y }""",
    "functions that decrease": """source {
  input %x : f32[N, 2]  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %h = dense(%x, %w) : f32[N, 2]  %r = leaky_relu(%h) {alpha = -1.0} : f32[N, 2]
  %z = dense(%r, %w) : f32[N, 2]  %c = clip(%z) {low = 1.0, high = 1.0} : f32[N, 2]
  %y = dense(%c, %w) : f32[N, 2]  output %y }""",
    "an activation that is constant": """source {
  input %x : f32[N, 2]  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %h = dense(%x, %w) : f32[N, 2]  %c = clip(%h) {low = 1.0, high = 1.0} : f32[N, 2]
  %y = dense(%c, %w) : f32[N, 2]  output %y }""",
    "neurons as nobody makes them": """source {
  input %x : f32[N, 2]  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %p = normalise(%x) {low = [0.0], high = [1.0]} : f32[N, 2]  %h = dense(%p, %w) : f32[N, 2]
  %n = neuron(%h) {function = "sine"} : f32[N, 2]  %k = neuron(%n) {function = "relu"} : f32[N, 2]
  %y = dense(%k, %w) : f32[N, 2]  %z = dense(%n, %w) : f32[N, 2]  output %y, %z, %n }""",
    "neurons with numbers that fit no table": """source {
  input %x : f32[N, 2]  constant %w : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %p = normalise(%x) {low = [0.0], high = [1.0]} : f32[N, 2]  %h = dense(%p, %w) : f32[N, 2]
  %n = neuron(%h) {function = "relu", gain = -1.0} : f32[N, 2]  %y = dense(%n, %w) : f32[N, 2]
  %o = neuron(%y) {function = "linear", gain = nan} : f32[N, 2]  output %o }""",
    "arrays from outside": """binary {
  input %x : bit[N, 2]  input %c : cells[2, 2]  input %t : i32[16]
  %s = read(%c, %x) : sum[N, 2]  %b = sample(%s, %t) {name = "a", layer = 0, binary = 0,
    function = "logistic", parameters = [4.0]} : bit[N, 2]
  %y = read(%c, %b) : sum[N, 2]  output %y }""",
    "arrays without a scale": """binary {
  input %x : bit[N, 2]
  %c = array() {name = "a", layer = 0, inputs = 2, rows = 2, columns = 2, scale = 0} : cells[2, 2]
  %s = read(%c, %x) : sum[N, 2]  output %s }""",
    "arrays beyond any chip": """binary {
  input %x : bit[N, 99999999999]
  %c = array() {name = "a", layer = 0, inputs = 99999999999, rows = 99999999999,
    columns = 99999999999, scale = 1} : cells[99999999999, 99999999999]
  %s = read(%c, %x) : sum[N, 99999999999]  output %s }""",
    "heads that nobody reads, and two": """binary {
  input %x : bit[N, 2]
  %c = array() {name = "a", layer = 0, inputs = 2, rows = 2, columns = 2, scale = 9} : cells[2, 2]
  %s = read(%c, %x) : sum[N, 2]  %j = concat(%x, %x) {axis = 1} : bit[N, 4]
  %k = logits(%s) {name = "a", scale = 9, readout = "softmax"} : f32[N, 2]
  %l = logits(%s) {name = "a", scale = 9, readout = "loud", outputs = ["l"]} : f32[N, 2]
  output %k, %l, %j }""",
    "two inputs and what joins them": """source {
  input %x : f32[N, 2]  input %y : f32[N, 2]  constant %w : f32[4, 2] = [1.0, 2.0, 3.0, 4.0, 5.0,
    6.0, 7.0, 8.0]  constant %v : f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
  %j = concat(%x, %y) {axis = 1} : f32[N, 4]  %h = dense(%j, %w) : f32[N, 2]
  %s = sigmoid(%h) : f32[N, 2]  %k = concat(%s, %x) {axis = 1} : f32[N, 4]
  %a = dense(%k, %w) : f32[N, 2]  %b = dense(%s, %v) : f32[N, 2]  %c = dense(%x, %v) : f32[N, 2]
  %p = sigmoid(%b) : f32[N, 2]  %z = concat(%a, %b) {axis = 1} : f32[N, 4]
  output %p, %z, %c, %s }""",
    "updates of what is no array": """binary {
  input %c : cells[2, 2]  input %n : count[2, 2]
  %u = sgd_step(%c, %n) {rate = 1} : cells[2, 2]  output %u }""",
}


@pytest.mark.parametrize("name", ODD)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pipeline=pipelines())
def test_graphs_that_only_a_person_writes(name: str, pipeline: str) -> None:
    ran(parse_graph(f'bsir 1 graph "odd" at {ODD[name]}', OPS), pipeline)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("first", range(len(ORDER)))
def test_odd_graphs_from_each_pass_on(name: str, first: int) -> None:
    ran(parse_graph(f'bsir 1 graph "odd" at {ODD[name]}', OPS), ",".join(ORDER[first:]))


@pytest.mark.parametrize("weights", ["keep", "random"])
@pytest.mark.parametrize("name", [name for name, text in ODD.items() if text.startswith("source")])
def test_odd_graphs_compile_or_are_refused(name: str, weights: str) -> None:
    graph = parse_graph(f'bsir 1 graph "odd" at {ODD[name]}', OPS)
    try:
        made = compile_model(graph, weights=weights).arrays
    except DiagnosticError:
        made = ()
    assert made or name != "no batch"

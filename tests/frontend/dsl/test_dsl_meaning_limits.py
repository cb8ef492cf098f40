"""Hostile programs are refused within a second and little memory; long ones take linear time."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from bsc.diag import Severity
from bsc.frontend.dsl.meaning import tensors
from bsc.frontend.dsl.meaning.bounds import Bound
from bsc.frontend.dsl.meaning.problems import MOST_PROBLEMS
from bsc.testing.dsl_programs import checked, model_of

MODEL = "model m {{\n  input x: f32[4]\n  output y = x -> {0}\n}}\n"
DOUBLING = "".join(f"block b{i} {{ input v; output w = v -> b{i + 1} -> b{i + 1} }}\n"
                   for i in range(30)) + "block b30 { input v; output w = v }\n"  # fmt: skip

ARRAYS = f"let a0 = [{', '.join(['1'] * 10)}]\n" + "".join(
    f"let a{i + 1} = [{', '.join([f'a{i}'] * 10)}]\n" for i in range(9)
)

HOSTILE = {
    "repeat": MODEL.format("repeat 10 ** 15 { relu }"),
    "repeats in repeats": MODEL.format("repeat 60000 { repeat 60000 { relu } }"),
    "repeats of nothing": DOUBLING + MODEL.format("repeat 60000 { b30 -> b30 }"),
    "blocks that double": DOUBLING + MODEL.format("b0"),
    "a layer that doubles": DOUBLING
    + "model m {\n  input x: f32[4]\n  layer b = b0\n  output y = x -> b\n}\n",
    "power of powers": "let a = 9 ** 9 ** 9 ** 9\n" + MODEL.format("dense(a)"),
    "wide": MODEL.format("dense(2 ** 50)"),
    "wide and drawn": MODEL.format("dense(2 ** 29, weights = he)"),
    "joined over and over": "block j { input v; output w = (v, v) -> concat }\n"
    + MODEL.format("repeat 60 { j }"),
    "a kernel without end": MODEL.format("reshape([1, 2, 2]) -> conv(2 ** 30, 2 ** 20)"),
    "padding without end": MODEL.format("reshape([1, 2, 2]) -> conv(1, 3, padding = 2 ** 39)"),
    "circle of blocks": "".join(
        f"block b{i} {{ input v; output w = v -> b{(i + 1) % 2000} }}\n" for i in range(2000)
    )
    + MODEL.format("b0"),
    "blocks that all call each other": "".join(
        f"block b{i} {{ input v; output w = v -> {' -> '.join(f'b{j}' for j in range(100))} }}\n"
        for i in range(100)
    )
    + MODEL.format("b0"),
    "a block that is called ten thousand times in one": "block a { input v; output w = v }\n"
    + f"block b {{ input v; output w = v{' -> a' * 10_000} }}\n"
    + MODEL.format("repeat 100 { b }"),
    "outputs without end": "model m {\n  input x: f32[4]\n"
    + "".join(f"  output y{i} = x -> relu\n" for i in range(1500))
    + "  output y0\n}\n",
    "groups that double": "model m {\n  input x: f32[4]\n  g0 = (x, x)\n"
    + "".join(f"  g{i + 1} = (g{i}, g{i})\n" for i in range(40))
    + "  output y = g40 -> concat\n}\n",
    "groups that are many": "model m {\n  input x: f32[4]\n  g0 = (x, x)\n"
    + "".join(f"  g{i + 1} = (g{i}, g{i})\n" for i in range(14))
    + "".join(f"  h{i} = (g14, x)\n" for i in range(2000))
    + "  output y = g14 -> concat\n}\n",
    "rounds of nothing": MODEL.format("repeat 10 ** 12 { repeat 0 { relu } }"),
    "rounds of rounds of nothing": MODEL.format(
        "repeat 60000 { repeat 60000 { repeat 0 { relu } } }"
    ),
    "arrays of arrays": ARRAYS + MODEL.format("dense(4, f32(a9))"),
    "arrays of arrays in a setting": ARRAYS
    + MODEL.format("dense(4)")
    + 'target "ideal-64" { array.rows = a9 }\n',
    "arrays as deep as a file": "let a0 = [1]\n"
    + "".join(f"let a{i + 1} = [a{i}]\n" for i in range(3000))
    + MODEL.format("dense(4)")
    + 'target "ideal-64" { array.rows = a3000 }\n',
    "the size of arrays of arrays": ARRAYS + MODEL.format("dense(size(a9))"),
    "the shape of arrays of arrays": ARRAYS + MODEL.format("dense(shape(a9)[0])"),
    "long arrays in a repeat": MODEL.format(
        f"repeat 8000 {{ gather([{', '.join(['1'] * 2000)}]) -> gather([0, 1, 2, 3]) }}"
    ),
    "constants in circles": "".join(f"let a{i} = a{i + 1} + a0\n" for i in range(8000))
    + "let a8000 = a0\n"
    + MODEL.format("relu"),
    "blocks in circles": "".join(
        f"block b{i} {{ input v; output w = v -> b0 -> b{i + 1} }}\n" for i in range(4000)
    )
    + "block b4000 { input v; output w = v -> b0 }\n"
    + MODEL.format("relu"),
    "deep blocks": "".join(
        f"block b{i} {{ input v; output w = v -> b{i + 1} }}\n" for i in range(1500)
    )
    + MODEL.format("b0"),
    "ten thousand mistakes": "model m {\n  input x: f32[4]\n"
    + "".join(f"  value{i} = x -> denes(unknown{i})\n" for i in range(1500))
    + "  output y = x\n}\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_programs(name: str) -> None:
    text = HOSTILE[name]
    checked(MODEL.format("relu"))  # the tables of the grammar are made
    tracemalloc.start()
    found = checked(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.model is None
    assert len([d for d in found.diagnostics if d.severity is Severity.ERROR]) <= MOST_PROBLEMS
    assert peak < (64 << 20)
    began = time.process_time()
    checked(text)
    assert time.process_time() - began < 3  # below one second on a quiet computer


def test_what_is_computed_is_counted_over_all_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "COMPUTED", Bound("elements of tensors to be computed", 1000))
    text = "let a = f32([1, 2])\n" + "".join(f"let b{i} = a + {i}\n" for i in range(600))
    found = checked(text + MODEL.format("relu"))
    assert [d.code for d in found.diagnostics] == ["BSC2306"] * 20 + ["BSC2216"]


def program(layers: int) -> str:
    lines = [f"  h{i + 1} = h{i} -> dense(8, bias = false) -> relu" for i in range(layers)]
    return "\n".join(
        [
            "model m {",
            "  input x: f32[8]",
            "  h0 = x -> relu",
            *lines,
            f"  output y = h{layers}",
            "}",
        ]
    )


def test_time_is_linear_in_the_length_of_a_program() -> None:
    """52,000 tokens; by the square it would be 16 times as long as a quarter of them."""
    checked(program(10))
    times = []
    for layers in (1000, 4000):
        began = time.process_time()
        found = checked(program(layers))
        times.append(time.process_time() - began)
        assert found.model is not None
    assert times[1] < 9 * times[0]
    assert times[1] < 5  # below one second on a quiet computer


def test_many_occurrences_of_a_block_take_linear_time() -> None:
    text = "block b {{ input v; output w = v -> dense(4) as inner -> relu }}\n" + MODEL
    times = []
    for count in (2000, 8000):
        began = time.process_time()
        model = model_of(text.format(f"repeat {count} {{ b }}"))
        times.append(time.process_time() - began)
        assert len(model.layers) == count
    assert times[1] < 9 * times[0]

"""The language on the command line: every command takes it, flags win, mistakes are shown."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import bsc as package
from bsc.testing.dsl_programs import SHARED_LAYER

TEXT = """
model small {
  input x: f32[16]
  h = x -> dense(12) as first -> logistic
  output p = h -> dense(3) as answer -> softmax
}

train {
  batch = 16
  threshold = 8
  epochs = 2
  seed = 5
}

target "pcmo-64"
"""


@pytest.fixture
def model(bsc, tmp_path):
    (tmp_path / "small.bsc").write_text(TEXT.lstrip(), encoding="utf-8")
    random = np.random.default_rng(1)
    x = random.random((120, 16)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=random.integers(0, 3, 120))
    return "small.bsc"


def test_a_model_says_itself_how_it_is_trained(bsc, model):
    own = bsc("train", model, "--data", "data.npz", "--json")
    assert own.code == 0, own.err
    found = own.json
    assert (found["target"], found["rule"]) == ("pcmo-64", "carry")
    assert (found["epochs"], found["seed"]) == (2, 5)
    said = ["--epochs", "2", "--seed", "5", "--batch", "16", "--threshold", "8"]
    again = bsc("train", model, "--data", "data.npz", *said, "-o", "again.bsp", "--json")
    assert again.json["digest"] == found["digest"]
    other = bsc(
        "train", model, "--data", "data.npz", "--target", "pcm-64", "--epochs", "1", "--json"
    )
    assert (other.json["target"], other.json["epochs"]) == ("pcm-64", 1)


def test_freeze_names_layers_of_a_text_and_arrays_of_a_program(bsc, tmp_path):
    def frozen(program):
        lines = bsc("inspect", program).out.splitlines()
        return [line.split()[0] for line in lines if " frozen " in line]

    text = TEXT.replace("dense(12) as first -> logistic", "repeat 3 { dense(16) as first -> tanh }")
    (tmp_path / "deep.bsc").write_text(text, encoding="utf-8")
    assert bsc("compile", "deep.bsc", "--freeze", "first", "-o", "deep.bsp").code == 0
    assert frozen("deep.bsp") == ["first", "first_2", "first_3"]
    assert bsc("compile", "deep.bsc", "-o", "deep.bsp").code == 0
    data = {"x": np.zeros((9, 16), np.float32), "y": np.arange(9) % 3}
    np.savez("few.npz", **data)
    train = ("train", "deep.bsp", "--data", "few.npz", "--epochs", "1", "-o", "t.bsp", "--freeze")
    assert bsc(*train, "first").code == 0
    assert frozen("t.bsp") == ["first"]
    ran = bsc(*train, "frist")
    assert ran.code == 1
    assert "BSC3023" in ran.err
    assert "did you mean first" in ran.err


def test_a_file_name_that_is_no_utf_8_is_shown_escaped(bsc, model, tmp_path):
    name = os.fsdecode(b"b\xff.bsc")
    (tmp_path / model).rename(name)
    made = bsc("train", name, "--data", "data.npz", "--epochs", "1")
    assert made.code == 0, made.err
    assert r"wrote b\udcff-trained.bsp" in made.out
    origin = package.load(os.fsdecode(b"b\xff-trained.bsp")).arrays[0].origin
    assert origin == r"b\udcff.bsc:3/first"
    text = TEXT.replace("f32[16]", "f32[1, 4, 4]").replace("dense(12)", "conv(2, kernel = 3)")
    text = text.replace("-> logistic", "-> flatten")
    (tmp_path / name).write_text(text.lstrip(), encoding="utf-8")
    refused = bsc("compile", name)
    assert refused.code == 1
    assert r"--> b\udcff.bsc:3 [" in refused.err


def test_a_program_keeps_the_epochs_and_the_seed_of_its_text(bsc, model):
    data = ["--data", "data.npz", "--json"]
    whole = bsc("train", model, *data)
    assert "compiled from" not in whole.err
    assert bsc("compile", model, "-o", "small.bsp").code == 0
    ran = bsc("train", "small.bsp", *data, "-o", "trained.bsp")
    assert ran.json["digest"] == whole.json["digest"]
    note = "epochs = 2 and seed = 5, as in the text that small.bsp was compiled from"
    assert note in " ".join(ran.err.split())
    # Flags win, another plan keeps them, and trained cells go on with the seed that they have.
    typed = bsc("train", "small.bsp", *data, "--epochs", "1", "--seed", "3", "-o", "typed.bsp")
    assert (typed.json["epochs"], typed.json["seed"]) == (1, 3)
    assert "compiled from" not in typed.err
    on = bsc("train", "typed.bsp", *data)
    assert (on.json["epochs"], on.json["seed"]) == (2, 3)
    assert "epochs = 2, as in the text that typed.bsp was" in " ".join(on.err.split())
    other = bsc("train", "small.bsp", *data, "--batch", "8")
    assert (other.json["epochs"], other.json["seed"]) == (2, 5)
    anew = bsc("train", "typed.bsp", *data, "--weights", "random")
    assert anew.json["digest"] == whole.json["digest"]


def test_compile_check_inspect_and_opt_take_it(bsc, model):
    made = bsc("compile", model, "-o", "small.bsp", "--json")
    assert made.code == 0, made.err
    assert made.json["target"] == "pcmo-64"
    assert "drawn from the seed" in bsc("compile", model, "-o", "small.bsp").out
    checked = bsc("check", model, "--json")
    assert checked.json["supported"] is True
    assert [row["operator"] for row in checked.json["operators"]] == [
        "dense",
        "mul",
        "sigmoid",
        "dense",
        "softmax",
    ]
    assert bsc("inspect", "small.bsp", "--json").json["arrays"] == 2
    optimised = bsc("opt", model, "--pipeline", "clean-up,fold-affine")
    assert optimised.code == 0, optimised.err
    assert optimised.out.startswith("bsir 1\n")
    assert "mul(" not in optimised.out


def test_a_model_comes_back_in_the_language(bsc, model, tmp_path):
    assert bsc("train", model, "--data", "data.npz", "-o", "small.bsp").code == 0
    written = bsc("export", "small.bsp", "--bsc", "copy.bsc", "--json")
    assert written.json == {"bsc": "copy.bsc"}
    assert "trained cells are not in the text; epochs and seed in it are those" in written.err
    assert bsc("fmt", "--check", "copy.bsc").code == 0
    copy = bsc("train", "copy.bsc", "--data", "data.npz", "--json")
    assert (copy.json["epochs"], copy.json["seed"]) == (2, 5)
    first = bsc("train", model, "--data", "data.npz", "--json")
    assert copy.json["digest"] == first.json["digest"]
    program = package.load(tmp_path / "small.bsp")
    assert package.compile(tmp_path / "copy.bsc").plan == program.plan


@pytest.mark.parametrize("name", ["pcmo-64", "own.toml", "other.toml"])
def test_the_chip_comes_back_with_what_was_changed_of_it(bsc, model, tmp_path, name):
    own = 'name = "own"\nextends = "pcm-64"\n[periphery]\nnoise_bits = 9\n'
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    one_way = own.replace('"pcm-64"', '"oxram-128"').replace('"own"', '"other"')
    (tmp_path / "other.toml").write_text(one_way, encoding="utf-8")
    chip = f'target "{name}" {{ array.rows = 16; device.v_read_volt = 0.25 }}\n'
    text = TEXT.lstrip().replace('target "pcmo-64"\n', chip)
    (tmp_path / "changed.bsc").write_text(text, encoding="utf-8")
    assert bsc("compile", "changed.bsc", "-o", "a.bsp").code == 0
    assert bsc("export", "a.bsp", "--bsc", "copy.bsc").code == 0
    first = package.load(tmp_path / "a.bsp").target
    assert first.array.rows == 16
    copy = package.compile(tmp_path / "copy.bsc").target
    same = {"name": first.name, "description": first.description}
    assert copy.model_copy(update=same) == first


def test_an_onnx_model_in_the_language_keeps_its_weights(bsc, net, tmp_path):
    assert bsc("compile", net, "-o", "net.bsp").code == 0
    written = bsc("export", "net.bsp", "--bsc", "net.bsc", "--json")
    assert written.json == {"bsc": "net.bsc", "tensors": "net.safetensors"}
    assert "not in the text" not in written.err
    again = bsc("compile", "net.bsc", "-o", "again.bsp", "--json")
    assert again.code == 0, again.err
    assert again.json["digest"] == bsc("compile", net, "-o", "x.bsp", "--json").json["digest"]


@pytest.mark.parametrize("command", ["check", "compile", "train"])
def test_wrong_numbers_are_shown_with_their_line_unless_a_flag_brings_them(bsc, model, command):
    text = TEXT.lstrip().replace("batch = 16", "batch = 0")
    Path(model).write_text(text, encoding="utf-8")
    data = ["--data", "data.npz"] if command == "train" else []
    ran = bsc(command, model, *data)
    assert ran.code == 1
    assert "small.bsc:8:3\n  8 |   batch = 0\n" in ran.err
    if command != "check":
        wrong = bsc(command, model, *data, "--batch", "2", "--eta", "1")
        assert "rule carry has no learning rate" in wrong.err
        assert "small.bsc:" not in wrong.err


@pytest.mark.parametrize("command", ["check", "compile", "train"])
def test_notes_of_a_text_have_code_place_and_help(bsc, model, command):
    text = TEXT.lstrip().replace("dense(12)", "dense(12, he)").replace("  h =", "  left = x\n  h =")
    Path(model).write_text(text, encoding="utf-8")
    data = ["--data", "data.npz"] if command == "train" else []
    ran = bsc(command, model, *data)
    assert ran.code == 0, ran.err
    unused = "note[BSC2215]: the value left is not used\n  --> small.bsc:3:3\n  3 |   left = x\n"
    assert unused in ran.err
    assert ran.err.count("is not used") == 1
    assert "note[BSC2409]: the weights of answer are left to the device" in ran.err
    assert "help: write weights = he(seed = ..)" in ran.err
    if command != "check":
        anew = bsc(command, model, *data, "--weights", "random")
        assert "BSC2215" in anew.err
        assert "start as he" not in anew.err


def test_check_says_which_layers_no_array_takes_and_where(bsc, tmp_path):
    text = """model image {
  input x: f32[1, 8, 8]
  h = x -> conv(4, kernel = 3) -> relu -> max_pool(2) -> flatten
  output y = h -> dense(3) -> softmax
}
"""
    (tmp_path / "image.bsc").write_text(text, encoding="utf-8")
    ran = bsc("check", "image.bsc", "--json")
    assert ran.code == 1
    status = {row["node"]: row["status"] for row in ran.json["operators"]}
    wrong = {"image.bsc:3/conv1", "image.bsc:3/max_pool1"}
    assert {node for node, each in status.items() if each == "unsupported"} == wrong
    assert "2 of 6 operators are not supported" in ran.err
    assert "image.bsc:3 [conv1]\n  3 |   h = x -> conv(4" in ran.err
    assert "not mapped to arrays yet" in ran.json["operators"][0]["note"]


@pytest.mark.parametrize(
    ("stage", "node"),
    [
        ("softmax", "softmax1"),
        ("gather([0, 1, 2])", "gather1"),
        ("relu -> add(1) -> softmax", "add1"),
    ],
)
def test_check_blames_what_is_in_the_way_and_not_the_layers_behind_it(bsc, tmp_path, stage, node):
    text = f"""model m {{
  input x: f32[4]
  h = x -> dense(8)
    -> {stage}
    -> dense(3)
  output y = h -> relu -> dense(2)
}}
"""
    (tmp_path / "m.bsc").write_text(text, encoding="utf-8")
    ran = bsc("check", "m.bsc", "--json")
    assert ran.code == 1
    told = [row for row in ran.json["operators"] if row["status"] == "unsupported"]
    assert [row["node"] for row in told] == [f"m.bsc:4/{node}"]
    assert ran.err.count("error[") == 1


@pytest.mark.parametrize("command", ["check", "compile", "opt"])
def test_a_suffix_in_capitals_is_one(bsc, model, command):
    Path(model).rename("SMALL.BSC")
    ran = bsc(command, "SMALL.BSC")
    assert ran.code == 0, ran.err


def test_training_starts_from_the_weights_of_a_text(bsc, model, tmp_path):
    def digest(weights, *flags):
        text = TEXT.replace("dense(12)", f"dense(12, {weights})")
        assert text != TEXT
        (tmp_path / "given.bsc").write_text(text, encoding="utf-8")
        ran = bsc("train", "given.bsc", "--data", "data.npz", "--json", *flags)
        assert ran.code == 0, ran.err
        return ran.json["digest"]

    first = digest("normal(1, seed = 1)")
    assert digest("normal(1, seed = 2)") != first
    assert bsc("compile", "given.bsc", "-o", "kept.bsp").code == 0
    kept = bsc("train", "kept.bsp", "--data", "data.npz", "--epochs", "2", "--seed", "5", "--json")
    assert kept.json["digest"] == digest("normal(1, seed = 2)")
    assert digest("normal(1, seed = 2)", "--weights", "random") != kept.json["digest"]


def test_a_readout_of_all_outputs_comes_back_by_name(bsc, tmp_path):
    text = """model two {
  input x: f32[4]
  output first = x -> dense(2)
  output second = x -> dense(3)
}
train { readout first = softmax }
"""
    (tmp_path / "two.bsc").write_text(text, encoding="utf-8")
    assert bsc("compile", "two.bsc", "--readout", "logistic", "-o", "two.bsp").code == 0
    assert bsc("export", "two.bsp", "--bsc", "copy.bsc").code == 0
    again = package.compile(tmp_path / "copy.bsc")
    assert again.heads == package.load(tmp_path / "two.bsp").heads
    assert dict(again.plan.readouts) == {"first": "softmax", "second": "logistic"}


def test_a_readout_of_what_is_no_output_is_no_text(bsc, tmp_path):
    text = """model joined {
  input x: f32[4]
  a = x -> dense(2) as left
  b = x -> dense(3) as right
  output y = (a, b) -> concat
}
"""
    (tmp_path / "joined.bsc").write_text(text, encoding="utf-8")
    assert bsc("compile", "joined.bsc", "--readout", "logistic", "-o", "joined.bsp").code == 0
    refused = bsc("export", "joined.bsp", "--bsc", "copy.bsc")
    assert refused.code == 1
    assert "BSC2507" in refused.err
    assert "readout of left" in refused.err


def test_export_refuses_to_write_over_what_it_reads(bsc, model):
    bsc("compile", model, "-o", "small.bsp")
    refused = bsc("export", "small.bsp", "--bsc", "small.bsp")
    assert refused.code == 1
    assert "BSC7010" in refused.err
    twice = bsc("export", "small.bsp", "--bsc", "a.bsc", "--python", "a.safetensors")
    assert twice.code == 2


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["compile"],
        ["train", "--data", "data.npz"],
        ["opt", "--pipeline", "clean-up"],
        ["fmt"],
    ],
)
def test_mistakes_are_shown_with_their_line(bsc, model, tmp_path, command):
    (tmp_path / "small.bsc").write_text(TEXT.replace("dense(12)", "dense(12"), encoding="utf-8")
    ran = bsc(command[0], model, *command[1:])
    assert ran.code == 1
    assert "error[BSC2111]" in ran.err
    assert "  4 |   h = x -> dense(12 as first -> logistic\n" in ran.err
    assert "Traceback" not in ran.err


def test_a_model_that_lacks_a_file(bsc, tmp_path):
    ran = bsc("compile", "none.bsc")
    assert ran.code == 1
    assert "BSC2101" in ran.err


SHARED = SHARED_LAYER + "train { layer sh { threshold = 9 } }\n"


@pytest.mark.parametrize("weights", ["keep", "random"])
def test_the_plan_of_a_shared_layer_is_exported(bsc, tmp_path, weights):
    """With kept weights its places have an array each, with random ones they share one."""
    (tmp_path / "s.bsc").write_text(SHARED, encoding="utf-8")
    made = ("compile", "s.bsc", "--weights", weights, "--freeze", "sh", "--freeze", "top")
    assert bsc(*made, "-o", "s.bsp").code == 0
    assert bsc("export", "s.bsp", "--bsc", "copy.bsc").code == 0
    assert bsc("compile", "copy.bsc", "-o", "copy.bsp").code == 0
    first, second = package.load("s.bsp"), package.load("copy.bsp")
    assert len(first.arrays) == (4 if weights == "keep" else 3)
    assert second.plan == first.plan


def test_a_plan_of_one_array_of_a_shared_layer_is_not_exported(bsc, tmp_path):
    (tmp_path / "s.bsc").write_text(SHARED, encoding="utf-8")
    np.savez("few.npz", x=np.zeros((9, 20), np.float32), y=np.arange(9) % 3)
    assert bsc("compile", "s.bsc", "-o", "s.bsp").code == 0
    train = ("train", "s.bsp", "--data", "few.npz", "--epochs", "1", "--freeze", "sh_3")
    assert bsc(*train, "-o", "t.bsp").code == 0
    refused = bsc("export", "t.bsp", "--bsc", "copy.bsc")
    assert refused.code == 1
    assert "BSC2507" in refused.err
    assert "a plan of sh_3 that is not that of sh" in refused.err

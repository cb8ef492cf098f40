"""`bsc export --bsc`: the text says the same program, or a note says what is not in it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import bsc as package
from bsc.driver import recompile
from bsc.hw.plan import LayerPlan
from bsc.hw.registry import resolve
from bsc.testing.same_up_to_names import same_up_to_names
from bsc_runtime import Session

INSIDE = """model inside {
  input x: f32[4]
  h = x -> dense(4) as t -> logistic -> dense(4) as `t.d` -> logistic -> dense(4) as `t.d.e`
  output y = h -> logistic -> dense(3) as answer -> softmax
}

target "pcmo-64"
"""


def exported(bsc, program: str, text: str = "copy.bsc") -> package.Program:
    """What the exported text of a program compiles to."""
    ran = bsc("export", program, "--bsc", text)
    assert ran.code == 0, ran.err
    return package.compile(text)


def planned(*layers: LayerPlan) -> package.Program:
    """The program of inside.bsc with these plans of arrays alone."""
    program = package.compile("inside.bsc")
    return recompile(program, plan=replace(program.plan, layers=layers))


def same_plan(program: package.Program, copy: package.Program) -> None:
    """Layers that say nothing of their own count as those that a plan does not name."""
    names = [array.name for array in program.arrays]
    assert names == [array.name for array in copy.arrays]
    assert replace(copy.plan, layers=()) == replace(program.plan, layers=())
    for number, name in enumerate(names):
        own, other = program.plan.layer(name), copy.plan.layer(name)
        assert own.frozen == other.frozen, name
        assert (own.threshold or program.plan.threshold) == (
            other.threshold or copy.plan.threshold
        ), name
        assert (own.pulses or program.plan.pulses) == (other.pulses or copy.plan.pulses), name
        assert program.device_of(number) == copy.device_of(number), name


@pytest.mark.parametrize("name", ["t", "t.d", "t.d.e"])
@pytest.mark.parametrize(
    "options",
    [
        "frozen = true",
        "frozen = true; threshold = 9",
        "threshold = 9; pulses = 3",
        'device = "pcm-64"',
    ],
)
def test_a_layer_whose_name_others_have_in_theirs_is_meant_alone(bsc, name, options):
    Path("inside.bsc").write_text(INSIDE, encoding="utf-8")
    Path("one.bsc").write_text(
        f"{INSIDE}\ntrain {{ layer {name} {{ {options} }} }}\n", encoding="utf-8"
    )
    program = planned(package.compile("one.bsc").plan.layer(name))
    Session(program, seed=0).save("inside.bsp")
    copy = exported(bsc, "inside.bsp")
    same_plan(program, copy)
    assert same_up_to_names(copy.source, program.source) is None
    random = np.random.default_rng(1)
    x, y = random.random((40, 4), np.float32), random.integers(0, 3, 40)
    chips = [Session(each, seed=3) for each in (program, copy)]
    for chip in chips:
        chip.train(x, y, epochs=2)
    assert chips[0].digest() == chips[1].digest()
    exported_twice = exported(bsc, "inside.bsp", "again.bsc")
    same_plan(copy, exported_twice)


def test_names_of_an_onnx_model_that_begin_alike_are_meant_alone(bsc, net, data):
    model = onnx.load(net)
    names = {"first": "enc", "second": "enc.out"}
    for node in model.graph.node:
        node.name = names.get(node.name, node.name)
    onnx.save(model, net)
    assert bsc("compile", net, "--freeze", "enc", "-o", "enc.bsp").code == 0
    program, copy = package.load("enc.bsp"), exported(bsc, "enc.bsp")
    same_plan(program, copy)
    digests = [
        bsc("train", each, "--data", data, "--epochs", "1", "--json").json["digest"]
        for each in ("enc.bsp", "copy.bsc")
    ]
    assert digests[0] == digests[1]


def test_a_layer_inside_one_of_another_device_needs_a_name_for_its_own(bsc):
    text = INSIDE.replace('"pcmo-64"', '"pcmo-64" { device.v_read_volt = 0.25 }')
    Path("inside.bsc").write_text(text, encoding="utf-8")
    device = resolve("pcm-64").device
    plans = [LayerPlan(name, device=device, device_of="pcm-64") for name in ("t", "t.d", "t.d.e")]
    Session(planned(plans[0]), seed=0).save("inside.bsp")
    both = planned(*plans)
    Session(both, seed=0).save("both.bsp")
    same_plan(both, exported(bsc, "both.bsp", "both.bsc"))
    refused = bsc("export", "inside.bsp", "--bsc", "copy.bsc")
    assert refused.code == 1
    assert "BSC2507" in refused.err
    assert "layer t.d inside one with a device of its own" in refused.err
    assert not Path("copy.bsc").exists()


CALIBRATED = """weights w = "w.npz"

model g {
  input x: f32[SHAPE]
  h = x -> flatten -> dense(12, w["a"]) as first -> relu -> dense(8, w["b"]) as second -> sigmoid
  output y = h -> dense(3, w["c"]) as answer -> softmax
}
"""


@pytest.fixture
def calibrated(bsc):
    """A text of kept weights, which needs ranges, and data of it beyond [0, 1]."""
    random = np.random.default_rng(1)
    shapes = {"a": (16, 12), "b": (12, 8), "c": (8, 3)}
    np.savez("w.npz", **{name: random.normal(0, 0.5, shape) for name, shape in shapes.items()})

    def make(shape: str, low: float) -> None:
        extents = [int(extent) for extent in shape.split(",")]
        x = random.uniform(low, 1, (100, *extents)).astype(np.float32)
        np.savez("a.npz", x=x, y=random.integers(0, 3, 100))
        Path("g.bsc").write_text(CALIBRATED.replace("SHAPE", shape), encoding="utf-8")

    return make


@pytest.mark.parametrize("weights", ["keep", "random"])
@pytest.mark.parametrize(("shape", "low"), [("16", 0), ("16", -3), ("4, 4", -3)])
def test_notes_say_which_ranges_of_calibration_are_not_in_the_text(
    bsc, calibrated, shape, low, weights
):
    calibrated(shape, low)
    learned = ["--calibrate", "a.npz"]
    made = bsc("compile", "g.bsc", *learned, "--weights", weights, "-o", "g.bsp")
    assert made.code == 0, made.err
    said = bsc("export", "g.bsp", "--bsc", "copy.bsc").err
    by_element = shape == "16" and low < 0
    assert ("of input x, which has one for each element" in said) is by_element
    assert ("of the activation of first" in said) is (weights == "keep")
    assert "of the activation of second" not in said  # a sigmoid's range is its own
    assert ("what the text compiles to will refuse it" in said) is (shape == "4, 4")
    assert ("in -" in Path("copy.bsc").read_text(encoding="utf-8")) is (shape == "4, 4")
    digests = [
        bsc("train", *model, "--data", "a.npz", "--epochs", "1", "--json").json["digest"]
        for model in (["g.bsp"], ["copy.bsc", *learned])
    ]
    assert digests[0] == digests[1]
    if "--calibrate" not in said:
        copy = bsc("train", "copy.bsc", "--data", "a.npz", "--epochs", "1", "--json")
        assert copy.json["digest"] == digests[0]


DEVICE = """model dv {
  input x: f32[4]
  h = x -> dense(4) as first -> logistic
  output y = h -> dense(3) as answer -> softmax
}

train { layer first { device = "chips/mychip.toml" } }
"""


@pytest.mark.parametrize("text", ["sub/dv.bsc", "chips/dv.bsc", "copy.bsc"])
def test_a_device_from_a_file_is_named_from_where_the_text_is(bsc, text):
    for folder in ("sub", "chips"):
        Path(folder).mkdir()
    Path("dv.bsc").write_text(DEVICE, encoding="utf-8")
    chip = Path("chips/mychip.toml")
    chip.write_text('name = "mychip"\nextends = "pcm-64"\n', encoding="utf-8")
    assert bsc("compile", "dv.bsc", "-o", "dv.bsp").code == 0
    copy = exported(bsc, "dv.bsp", text)
    assert copy.device_of(0) == package.load("dv.bsp").device_of(0)
    assert bsc("check", text).code == 0


@pytest.mark.parametrize("now", [None, 'name = "mychip"\nextends = "pcmo-64"\n'])
def test_a_device_from_a_file_that_is_not_there_as_it_was_is_refused(bsc, now):
    Path("chips").mkdir()
    Path("dv.bsc").write_text(DEVICE, encoding="utf-8")
    chip = Path("chips/mychip.toml")
    chip.write_text('name = "mychip"\nextends = "pcm-64"\n', encoding="utf-8")
    assert bsc("compile", "dv.bsc", "-o", "dv.bsp").code == 0
    chip.unlink()
    if now is not None:
        chip.write_text(now, encoding="utf-8")
    refused = bsc("export", "dv.bsp", "--bsc", "copy.bsc")
    assert refused.code == 1
    assert "BSC2507" in refused.err
    assert (
        "a device of layer first, from chips/mychip.toml, that no target of this name has"
        in refused.err
    )
    assert "put the target's file, as it was, beside the text" in refused.err
    assert not Path("copy.bsc").exists()


def test_weights_are_not_written_over_a_file_that_no_export_wrote(bsc, net):
    assert bsc("compile", net, "-o", "net.bsp").code == 0
    Path("mlp.safetensors").write_bytes(b"weights of hours")
    for _ in range(2):  # again over the same text, files do not pile up
        ran = bsc("export", "net.bsp", "--bsc", "mlp.bsc", "--json")
        assert ran.json == {"bsc": "mlp.bsc", "tensors": "mlp_2.safetensors"}
        assert "mlp.safetensors was there and is not written over" in ran.err
        assert Path("mlp.safetensors").read_bytes() == b"weights of hours"
    assert len(list(Path().glob("*.safetensors"))) == 2
    assert package.compile("mlp.bsc").weight_count == package.load("net.bsp").weight_count
    # What was written for another text is not this one's either.
    ran = bsc("export", "net.bsp", "--bsc", "mlp_2.bsc", "--json")
    assert ran.json["tensors"] == "mlp_2_2.safetensors"


@pytest.mark.parametrize("folder", [".", "sub"])
def test_a_folder_is_no_text(bsc, net, folder):
    Path("sub").mkdir()
    assert bsc("compile", net, "-o", "net.bsp").code == 0
    refused = bsc("export", "net.bsp", "--bsc", folder)
    assert refused.code == 2
    assert "is a folder" in refused.err
    assert not list(Path().glob("*.safetensors"))


def test_weights_of_an_earlier_export_are_written_over(bsc, net):
    assert bsc("compile", net, "-o", "net.bsp").code == 0
    for _ in range(2):
        ran = bsc("export", "net.bsp", "--bsc", "mlp.bsc", "--json")
        assert ran.json["tensors"] == "mlp.safetensors"
        assert "written over" not in ran.err
    assert len(list(Path().glob("*.safetensors"))) == 1


@pytest.mark.parametrize("weights", ["folder", "pipe", "cut off", "pickle"])
def test_whatever_stands_in_the_place_of_weights_is_left_alone(bsc, net, weights):
    assert bsc("compile", net, "-o", "net.bsp").code == 0
    place = Path("mlp.safetensors")
    if weights == "folder":
        place.mkdir()
    elif weights == "pipe":
        os.mkfifo(place)
    else:
        place.write_bytes(b"\x80\x04" if weights == "pickle" else b"\x00" * 9)
    ran = bsc("export", "net.bsp", "--bsc", "mlp.bsc", "--json")
    assert ran.json["tensors"] == "mlp_2.safetensors", ran.err

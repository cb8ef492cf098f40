"""Models with wishes of their own: options win over sections, sections over defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

import bsc
from bsc.checking import check
from bsc.diag import DiagnosticError, render_all
from bsc.driver import compile_model
from bsc.hw.plan import LayerPlan, Rule
from bsc.hw.registry import resolve
from bsc.hw.toml import with_settings
from bsc.models import read_source
from bsc.plans import LayerOptions, PlanOptions, plan_for

MODEL = """
block tower(width) {
  input v
  output h = v -> dense(width) as hidden -> logistic -> dense(width) as adder -> logistic
}

model small {
  input x: f32[6] in -1..1
  h = x -> tower(5) as trunk
  output p = h -> dense(3) as answer -> softmax
  output q = h -> dense(2) as other -> sigmoid
}
"""
PLAN = """
train {
  rule = carry
  batch = 8
  threshold = 5
  epochs = 3
  seed = 9
  readout p = none
  layer trunk { threshold = 7 }
  layer trunk.adder { frozen = true; threshold = 9; device = "pcmo-128" }
}

target "oxram-128" {
  array.rows = 32
  periphery.noise_bits = 8
}
"""


def _file(folder: Path, text: str, name: str = "small.bsc") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_sections_become_plan_target_and_run(tmp_path):
    path = _file(tmp_path, MODEL + PLAN)
    source = read_source(path)
    assert (source.epochs, source.seed, source.has_weights) == (3, 9, False)
    program = compile_model(path)
    assert (program.plan.batch, program.plan.threshold) == (8, 5)
    assert (program.target.array.rows, program.target.periphery.noise_bits) == (32, 8)
    assert program.target.name == "oxram-128"
    assert [head.readout for head in program.heads] == ["none", "logistic"]
    assert [array.name for array in program.arrays] == [
        "trunk.hidden",
        "trunk.adder",
        "answer",
        "other",
    ]
    hidden, adder = program.plan.layer("trunk.hidden"), program.plan.layer("trunk.adder")
    assert hidden == LayerPlan("trunk.hidden", threshold=7)
    pcmo = resolve("pcmo-128").device
    assert adder == LayerPlan("trunk.adder", True, pcmo, 9, device_of="pcmo-128")
    assert program.device_of(1) == pcmo
    assert program.frozen(1)
    assert (program.inputs[0].low, program.inputs[0].high) == ((-1.0,), (1.0,))
    assert program.options.weights == "random"


def test_arguments_win_over_sections(tmp_path):
    given = MODEL.replace("dense(3)", "dense(3, he)")  # weights that would be kept
    path = _file(tmp_path, given + PLAN)
    program = bsc.compile(
        path,
        "pcm-64",
        batch=16,
        readouts={"p": "softmax"},
        layers={"trunk.adder": LayerOptions(frozen=False)},
        input_range={"x": (0.0, 2.0)},
        weights="random",
    )
    assert program.target.name == "pcm-64"
    assert (program.plan.batch, program.plan.threshold) == (16, 5)
    assert program.heads[0].readout == "softmax"
    assert program.plan.layer("trunk.adder").frozen is False
    assert program.plan.layer("trunk.adder").threshold == 9
    assert program.inputs[0].high == (2.0,)
    assert program.options.weights == "random"


def test_weights_that_are_not_there_are_not_kept(tmp_path):
    path = _file(tmp_path, MODEL)
    assert compile_model(path).options.weights == "random"
    with pytest.raises(DiagnosticError, match="BSC2508"):
        compile_model(path, weights="keep")


def test_another_rule_leaves_the_numbers_of_the_one_below():
    below = PlanOptions("online", readouts={"y": "logistic"}, layers={"a": LayerOptions(True)})
    plan = PlanOptions("carry").over(below).plan()
    assert (plan.rule, plan.batch, plan.threshold) == (Rule.CARRY, 64, 64)
    assert plan.readouts == (("y", "logistic"),)
    assert plan.layers == (LayerPlan("a", True),)
    same = PlanOptions(batch=4).over(PlanOptions(batch=8, threshold=5)).plan()
    assert (same.batch, same.threshold) == (4, 5)


@pytest.mark.parametrize("rule", ["online", "sgd", "hp"])
def test_another_rule_leaves_the_numbers_of_layers_too(tmp_path, rule):
    """T of a layer would not be 1 under rule online, and no flag could take it back."""
    source = read_source(_file(tmp_path, MODEL + PLAN))
    plan = PlanOptions(rule).over(source.plan).plan()
    hidden, adder = plan.layer("trunk.hidden"), plan.layer("trunk.adder")
    assert (hidden.threshold, adder.threshold, adder.pulses) == (None, None, None)
    assert (adder.frozen, adder.device_of) == (True, "pcmo-128")
    typed = PlanOptions(rule, layers={"trunk.adder": LayerOptions(pulses=3)}).over(source.plan)
    assert typed.plan().layer("trunk.adder").pulses == 3


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("carry", ""),
        ("sgd", "note: answer: device, threshold, pulses of its own count for nothing under"),
        ("hp", "note: answer: threshold, pulses of its own count for nothing under"),
    ],
)
def test_what_a_rule_has_no_use_for_is_said(tmp_path, rule, said):
    own = LayerOptions(device=resolve("pcmo-128").device, threshold=5, pulses=2)
    program = bsc.compile(_file(tmp_path, MODEL), rule=rule, layers={"answer": own})
    found = [remark for remark in program.remarks if "count for nothing" in remark]
    assert [remark.startswith(said) for remark in found] == [True] * bool(said)


@pytest.mark.parametrize("rule", ["carry", "online", "sgd", "hp"])
def test_a_plan_comes_back_from_its_options(rule):
    plan = plan_for(
        rule,
        eta=0.3 if rule in ("sgd", "hp") else None,
        pulses=2,
        readouts={"y": "none"},
        layers=[LayerPlan("a", True, resolve("pcm-64").device, None, 3, "pcm-64")],
    )
    assert PlanOptions.of(plan).plan() == plan


WRONG = {
    "unknown target": ('target "oxrum-128"\n', "BSC4007", 'target "oxrum-128"'),
    "unknown key": ('target "oxram-128" { array.rowz = 3 }\n', "BSC2502", "array.rowz"),
    "wrong value": ('target "oxram-128" { array.rows = -3 }\n', "BSC4005", "array.rows"),
    "unknown device": (
        'train { layer answer { device = "pcmm-64" } }\n',
        "BSC4007",
        'device = "pcmm-64"',
    ),
    "unknown layer": ("train { layer answr { frozen = true } }\n", "BSC25", "answr"),
    "unknown readout": ("train { readout p = sofmax }\n", "BSC25", "sofmax"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_sections_name_is_told_at_its_place(tmp_path, name):
    text, code, at = WRONG[name]
    path = _file(tmp_path, MODEL + text)
    with pytest.raises(DiagnosticError) as caught:
        compile_model(path)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code.startswith(code)
    span = diagnostic.labels[0].span
    whole = (MODEL + text).splitlines()
    assert span.source == str(path)
    assert span.line is not None
    assert at.split(" ")[0] in whole[span.line - 1]
    assert str(span.line) in render_all([diagnostic], {str(path): MODEL + text})


NESTED = """
block inner {
  input v
  output o = v -> dense(3) as hid -> logistic -> dense(3) as end -> logistic
}
block outer { input v; output o = v -> inner as b }
model m { input x: f32[4]; output y = x -> outer as a -> dense(2) as last -> softmax }
"""


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_what_is_said_of_a_part_of_a_block_wins_whichever_comes_first(tmp_path, order):
    plans = (
        "layer a { threshold = 1; pulses = 2 }",
        "layer a.b { threshold = 2; frozen = true }",
        "layer a.b.hid { threshold = 3 }",
    )
    train = "\n".join(plans[number] for number in order)
    path = _file(tmp_path, NESTED + f"train {{\n{train}\n}}\n")
    assert read_source(path).plan.layers == {
        "a.b.hid": LayerOptions(frozen=True, threshold=3, pulses=2),
        "a.b.end": LayerOptions(frozen=True, threshold=2, pulses=2),
    }


def test_a_name_that_several_layers_got_means_them_all(tmp_path):
    text = """
block two { input v; output w = v -> repeat 2 { dense(4) as hidden -> logistic } }
model m { input x: f32[4]; output y = x -> repeat 2 { two as t } -> dense(2) as last -> softmax }
train {
  layer t_2 { threshold = 4 }
  layer t.hidden_2 { threshold = 3 }
  layer t.hidden { threshold = 2; pulses = 2 }
  layer t { threshold = 1; frozen = true }
}
"""
    assert read_source(_file(tmp_path, text)).plan.layers == {
        "t.hidden": LayerOptions(frozen=True, threshold=2, pulses=2),
        "t.hidden_2": LayerOptions(frozen=True, threshold=3, pulses=2),
        "t_2.hidden": LayerOptions(frozen=True, threshold=2, pulses=2),
        "t_2.hidden_2": LayerOptions(frozen=True, threshold=3, pulses=2),
    }


def test_a_layer_of_a_name_with_a_number_is_named_alone(tmp_path):
    text = """
model m { input x: f32[4]; output y = x -> repeat 3 { dense(4) as h -> logistic } -> dense(2) }
train {
  layer h_3 { threshold = 3 }
  layer h { threshold = 1 }
}
"""
    found = read_source(_file(tmp_path, text)).plan.layers
    assert {name: options.threshold for name, options in found.items()} == {
        "h": 1,
        "h_2": 1,
        "h_3": 3,
    }


def test_plans_of_layers_and_outputs_that_are_not_there(tmp_path):
    path = _file(tmp_path, MODEL)
    with pytest.raises(DiagnosticError, match=r"BSC3023.*trunk.hiden"):
        bsc.compile(path, layers={"trunk.hiden": LayerOptions(frozen=True)})
    with pytest.raises(DiagnosticError, match=r"BSC3022.*reads out r,"):
        bsc.compile(path, readouts={"r": "softmax"})
    with pytest.raises(DiagnosticError, match=r"BSC3022.*no readout `loud`"):
        bsc.compile(path, readouts={"p": "loud"})
    with pytest.raises(DiagnosticError, match="BSC3010: readouts is a list"):
        bsc.compile(path, readouts=[("p", "softmax")])


def test_a_plan_that_freezes_all_or_reads_out_nothing_does_not_train(tmp_path):
    path = _file(tmp_path, MODEL)
    names = ["trunk.hidden", "trunk.adder", "answer", "other"]
    frozen = bsc.compile(path, layers={name: LayerOptions(frozen=True) for name in names})
    assert frozen.untrainable == "every layer is frozen"
    silent = bsc.compile(path, readouts={"*": "none"})
    assert silent.untrainable == "no output has a readout"
    mute = bsc.compile(
        path,
        readouts={"q": "none"},
        layers={name: LayerOptions(frozen=True) for name in names if name != "other"},
    )
    assert mute.untrainable == "no layer that learns reaches an output with a readout"


def test_a_target_with_settings_is_checked_whole():
    base = resolve("pcmo-64")
    made = with_settings(base, {"array": {"rows": 16}}, "text")
    assert (made.array.rows, made.array.columns, made.name) == (16, 64, "pcmo-64")
    assert made.device == base.device
    with pytest.raises(DiagnosticError) as caught:
        with_settings(base, {"array": {"rows": 0}, "devise": {}}, "text")
    assert {d.code for d in caught.value.diagnostics} == {"BSC4003", "BSC4005"}


def _place_of(text: str, word: str, path: Path) -> str:
    """FILE:LINE:COLUMN of the first place of a word."""
    line, column = next(
        (number, at + 1)
        for number, each in enumerate(text.split("\n"), start=1)
        if (at := each.find(word)) >= 0
    )
    return f"{path}:{line}:{column}"


@pytest.mark.parametrize(
    ("plan", "word", "message"),
    [
        ("batch = -1", "batch", "batch is -1"),
        ("rule = online; threshold = 2", "threshold", "threshold is 2"),
        ("eta = 0.5", "eta", "no learning rate"),
        ("refresh_every = 2", "refresh_every", "one-way pairs"),
        ("threshold = 2147483647", "threshold", "32 bits"),
        ("layer trunk { pulses = 0 }", "pulses", "pulses of trunk.hidden"),
        ("rule = online; layer answer { threshold = 2 }", "threshold", "every layer"),
        ("layer answer { threshold = 0 }; layer other { threshold = 9 }", "threshold", "of answer"),
    ],
)
def test_wrong_numbers_of_a_text_are_shown_where_they_stand(tmp_path, plan, word, message):
    text = f'{MODEL}train {{ {plan} }}\ntarget "ideal-64"\n'
    path = _file(tmp_path, text)
    with pytest.raises(DiagnosticError) as caught:
        compile_model(path)
    first = caught.value.diagnostics[0]
    assert message in first.message
    assert str(first.labels[0].span) == _place_of(text, word, path)
    assert check(path).diagnostics[0].labels == first.labels


def test_wrong_numbers_of_an_option_have_no_place_in_the_text(tmp_path):
    path = _file(tmp_path, f"{MODEL}train {{ batch = 8; threshold = 8; eta = 0.5; rule = sgd }}")
    for asked in (
        PlanOptions(batch=-1),
        PlanOptions(rule="online", threshold=2),  # of another rule: the text's numbers do not count
        PlanOptions(layers={"answer": LayerOptions(pulses=0)}),
        PlanOptions(readouts={"nothing": "softmax"}),
        plan_for(layers=[LayerPlan("nothing")]),
    ):
        with pytest.raises(DiagnosticError) as caught:
            compile_model(path, plan=asked)
        assert all(d.labels[0].span.source == "plan" for d in caught.value.diagnostics)


def test_a_flag_over_a_wrong_number_mends_it(tmp_path):
    path = _file(tmp_path, f"{MODEL}train {{ batch = -1 }}")
    assert compile_model(path, plan=PlanOptions(batch=2)).plan.batch == 2
